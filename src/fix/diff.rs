//! The difference of two texts, as `diff -u` writes it and `patch` reads it.

use std::path::Path;

use diffy::DiffOptions;

/// Lines around a change.
const CONTEXT: usize = 3;

/// A unified diff from `before` to `after`; empty when they are the same. Line ends are part of the lines.
pub fn unified(path: &Path, before: &str, after: &str) -> String {
    if before == after {
        return String::new();
    }
    let name = path.to_string_lossy().replace('\\', "/");
    let mut options = DiffOptions::new();
    options.set_context_len(CONTEXT).set_original_filename(name.clone()).set_modified_filename(name);
    options.create_patch(before, after).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_far_apart_are_hunks_of_their_own() {
        let before = (1..=20).map(|n| format!("line {n}\r\n")).collect::<Vec<_>>().concat();
        let after = before.replace("line 2\r\n", "line two\r\n").replace("line 20\r\n", "line 20");
        let diff = unified(Path::new("a.yml"), &before, &after);
        let expected = "--- a.yml\n+++ a.yml\n@@ -1,5 +1,5 @@\n line 1\r\n-line 2\r\n+line two\r\n line 3\r\n line 4\r\n line 5\r\n\
                        @@ -17,4 +17,4 @@\n line 17\r\n line 18\r\n line 19\r\n-line 20\r\n+line 20\n\\ No newline at end of file\n";
        assert_eq!(diff, expected);
        assert_eq!(unified(Path::new("a.yml"), &before, &before), "");
    }
}

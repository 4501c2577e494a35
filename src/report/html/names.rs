//! The name of each file's page.

use std::collections::HashSet;

use sha3::{Digest as _, Sha3_256};

/// Longer names are cut, so that every file system takes them.
const LONGEST: usize = 150;

/// A page name for each file, in the same order. They follow coverage.py, so that links into a report keep working:
/// `z_<16 hex digits of the folder>_<name with dots as underscores>.html`. Where that is taken, on file systems that ignore case
/// too, or where it holds what artifact stores refuse, a hash of the whole name tells it apart.
pub(super) fn page_names<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut taken: HashSet<String> = ["index", "function_index", "class_index"].map(str::to_owned).into();
    names
        .map(|name| {
            let (mut root, faithful) = root(name);
            if !faithful || taken.contains(&root.to_lowercase()) {
                root = format!("{root}_{}", &hash(name.as_bytes())[..8]);
            }
            let mut unique = root.clone();
            let mut count = 1;
            while !taken.insert(unique.to_lowercase()) {
                count += 1;
                unique = format!("{root}_{count}");
            }
            unique + ".html"
        })
        .collect()
}

/// The name without `.html`, and whether it says all that the file's name says.
fn root(name: &str) -> (String, bool) {
    let after_drive = if name.as_bytes().get(1) == Some(&b':') { 2 } else { 0 };
    let base = name.rfind(['/', '\\']).map_or(0, |slash| slash + 1).max(after_drive);
    let (folder, base) = name.split_at(base);
    let trimmed = folder.trim_end_matches(['/', '\\']);
    let folder = if trimmed.is_empty() { folder } else { trimmed };
    let mut root = if folder.is_empty() { String::new() } else { format!("z_{}_", &hash(folder.as_bytes())[..16]) };
    let mut faithful = true;
    for character in base.chars() {
        if root.len() > LONGEST {
            faithful = false;
            break;
        }
        match character {
            '.' => root.push('_'),
            '"' | ':' | '<' | '>' | '|' | '*' | '?' => {
                root.push('_');
                faithful = false;
            }
            _ if character.is_control() => {
                root.push('_');
                faithful = false;
            }
            _ => root.push(character),
        }
    }
    (root, faithful)
}

/// SHA3-256 in hexadecimal digits.
pub(crate) fn hash(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut digits = String::with_capacity(64);
    for byte in Sha3_256::digest(bytes) {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(list: &[&str]) -> Vec<String> {
        page_names(list.iter().copied())
    }

    #[test]
    fn follow_coverage_py() {
        assert_eq!(names(&["a/b/c.py"]), ["z_86bbcbe134d28fd2_c_py.html"]);
        assert_eq!(names(&["setup.py"]), ["setup_py.html"]);
        assert_eq!(names(&["a\\b\\c.py", "/x.py"])[1], format!("z_{}_x_py.html", &hash(b"/")[..16]));
        assert_eq!(names(&["a/b/__init__.py"]), ["z_86bbcbe134d28fd2___init___py.html"]);
    }

    #[test]
    fn never_collide() {
        let all = names(&[
            "a/b.c.py",
            "a/b_c.py",
            "a/B_c.py",
            "index",
            "Index",
            "class_index",
            "a/b.c.py",
            "a\nb.py",
            "a\"b.py",
        ]);
        let different: HashSet<String> = all.iter().map(|name| name.to_lowercase()).collect();
        assert_eq!(different.len(), all.len(), "{all:?}");
        assert!(all.iter().all(|name| !name.contains(['\n', '"'])));
        assert!(!all.contains(&"index.html".to_owned()));
        let long = names(&[&"x".repeat(300), &"é".repeat(300)]);
        assert!(long.iter().all(|name| name.len() < 200));
    }
}

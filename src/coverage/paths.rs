//! `[paths]`: recorded paths of other machines mapped onto the paths of this one, as coverage.py does it.
//!
//! A mapped path counts only when it exists here, the first rule that gives such a path wins, and with `relative_files`
//! the folders seen become rules themselves. The order of calls matters, for what was once decided about a path stays.

use std::collections::HashMap;
use std::path::MAIN_SEPARATOR;

use super::glob::{PathPattern, PatternError};

/// What mapping has to know of this machine.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The working folder, absolute, without a separator at its end.
    pub folder: &'a str,
    /// Whether there is something at a path; a relative one counts from the working folder.
    pub exists: &'a (dyn Fn(&str) -> bool + Sync),
    /// A path made absolute, without links and dots; it need not exist.
    pub real_path: &'a (dyn Fn(&str) -> String + Sync),
}

struct Rule {
    pattern: PathPattern,
    /// The folder that stands for what matched, with a separator at its end.
    result: String,
    /// The folder was written with a leading `./`, which then stays.
    dotted: bool,
}

/// The rules of `[paths]` and what they decided so far.
pub struct Aliases<'a> {
    rules: Vec<Rule>,
    generated: Vec<String>,
    relative: bool,
    here: Surroundings<'a>,
    memo: HashMap<String, String>,
}

impl<'a> Aliases<'a> {
    /// The rules of `[paths]`: each group is one entry's list, its first item is where the others are to be found here.
    ///
    /// # Errors
    /// Says which pattern has no meaning.
    pub fn new(groups: &[Vec<String>], relative_files: bool, here: Surroundings<'a>) -> Result<Self, PatternError> {
        let mut aliases =
            Self { rules: Vec::new(), generated: Vec::new(), relative: relative_files, here, memo: HashMap::new() };
        for group in groups {
            if let Some((result, patterns)) = group.split_first() {
                for pattern in patterns {
                    aliases.add(pattern, result)?;
                }
            }
        }
        Ok(aliases)
    }

    fn add(&mut self, pattern: &str, result: &str) -> Result<(), PatternError> {
        let mut folder = pattern.trim_end_matches(['/', '\\']).to_owned();
        if folder.ends_with('*') {
            return Err(PatternError::TrailingWildcard(pattern.to_owned()));
        }
        let separator = separator(&folder);
        if !self.relative && !folder.starts_with('*') && !is_absolute_anywhere(&format!("{folder}{separator}")) {
            folder = (self.here.real_path)(&folder);
        }
        if !folder.ends_with(separator) {
            folder.push(separator);
        }
        self.rules.push(Rule {
            pattern: PathPattern::new(&folder)
                .map_err(|error| PatternError::Glob { pattern: pattern.to_owned(), error })?,
            result: folder_of(result),
            dotted: result.starts_with("./") && result.len() > 2,
        });
        Ok(())
    }

    /// Where a recorded path is here; itself when no rule leads to something that exists.
    pub fn map(&mut self, path: &str) -> String {
        if let Some(known) = self.memo.get(path) {
            return known.clone();
        }
        let mapped = self.map_anew(path).replace(['/', '\\'], std::path::MAIN_SEPARATOR_STR);
        self.memo.insert(path.to_owned(), mapped.clone());
        mapped
    }

    fn map_anew(&mut self, recorded: &str) -> String {
        if let Some(mapped) = self.rules.iter().find_map(|rule| self.apply(rule, recorded)) {
            return mapped;
        }
        if !self.relative {
            return recorded.to_owned();
        }
        let path = self.relative_to_here(recorded);
        if !is_absolute_anywhere(path) {
            let mut parts = path.split(['/', '\\']);
            if let (Some(first), Some(_)) = (parts.next(), parts.next())
                && !self.generated.iter().any(|known| known == first)
                && let Ok(pattern) = PathPattern::folder(first)
            {
                // Unlike those of `[paths]`, these heed the case.
                self.generated.push(first.to_owned());
                self.rules.push(Rule { pattern, result: format!("{first}{}", separator(first)), dotted: false });
                if let Some(mapped) = self.rules.iter().find_map(|rule| self.apply(rule, path)) {
                    return mapped;
                }
            }
        }
        path.to_owned()
    }

    /// What a rule makes of a path, if that exists.
    fn apply(&self, rule: &Rule, path: &str) -> Option<String> {
        let length = rule.pattern.matched_prefix(path)?;
        let mut new = format!("{}{}", rule.result, &path[length..]);
        let (own, theirs) = (separator(path), separator(&rule.result));
        if own != theirs {
            new = new.replace(own, theirs.encode_utf8(&mut [0; 4]));
        }
        if !self.relative {
            new = (self.here.real_path)(&new);
        }
        if !rule.dotted && new.starts_with("./") {
            new.drain(..2);
        }
        (self.here.exists)(&new).then_some(new)
    }

    fn relative_to_here<'p>(&self, path: &'p str) -> &'p str {
        let below = |folder: &str| path.strip_prefix(folder)?.strip_prefix(MAIN_SEPARATOR);
        below(self.here.folder.trim_end_matches(MAIN_SEPARATOR)).unwrap_or(path)
    }
}

/// The separator a path is written with; this machine's if it has none.
fn separator(path: &str) -> char {
    path.chars().find(|char| matches!(char, '/' | '\\')).unwrap_or(MAIN_SEPARATOR)
}

/// A folder with one separator at its end.
fn folder_of(path: &str) -> String {
    let trimmed = path.trim_end_matches(['/', '\\']);
    format!("{trimmed}{}", separator(path))
}

/// Whether a path is absolute here or on another system.
pub fn is_absolute_anywhere(path: &str) -> bool {
    let path = path.as_bytes();
    let slash = |at: usize| matches!(path.get(at), Some(b'/' | b'\\'));
    slash(0) || (path.get(1) == Some(&b':') && slash(2))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    fn map(groups: &[&[&str]], relative: bool, existing: &[&str], paths: &[&str]) -> Vec<String> {
        let exists = |path: &str| existing.contains(&path);
        let real_path = |path: &str| if path.starts_with('/') { path.to_owned() } else { format!("/w/{path}") };
        let here = Surroundings { folder: "/w", exists: &exists, real_path: &real_path };
        let groups: Vec<Vec<String>> =
            groups.iter().map(|group| group.iter().map(|&item| item.to_owned()).collect()).collect();
        let mut aliases = Aliases::new(&groups, relative, here).unwrap();
        paths.iter().map(|path| aliases.map(path)).collect()
    }

    #[test]
    fn only_what_exists_is_mapped() {
        let paths =
            ["/ci/src/a.py", "/CI/SRC/a.py", "/ci/src/gone.py", "/q/proj/src/a.py", "/ci/srcx/a.py", r"c:\ci\src\a.py"];
        assert_eq!(
            map(&[&["src", "/ci/src", "*/proj/src/", r"c:\ci\src"]], false, &["/w/src/a.py"], &paths),
            ["/w/src/a.py", "/w/src/a.py", "/ci/src/gone.py", "/w/src/a.py", "/ci/srcx/a.py", "/w/src/a.py"]
        );
    }

    #[test]
    fn folders_seen_become_rules_but_the_past_stays() {
        assert_eq!(
            map(&[], true, &["src/a.py"], &["/v/src/a.py", "/w/src/a.py", "/v/src/a.py", "/u/src/a.py", r"x\src\a.py"]),
            ["/v/src/a.py", "src/a.py", "/v/src/a.py", "src/a.py", "src/a.py"]
        );
    }

    #[test]
    fn a_leading_dot_stays_when_it_was_asked_for() {
        assert_eq!(map(&[&["./src/", "/ci"]], true, &["./src/a.py"], &["/ci/a.py"]), ["./src/a.py"]);
        assert_eq!(map(&[&[".", "/ci"]], true, &["a.py"], &["/ci/a.py"]), ["a.py"]);
    }

    #[test]
    fn separators_become_native() {
        assert_eq!(map(&[], false, &[], &[r"d:\x\y.py"]), ["d:/x/y.py"]);
    }

    #[test]
    fn wildcards_at_the_end_are_refused() {
        let here = Surroundings { folder: "/w", exists: &|_| true, real_path: &str::to_owned };
        let groups = [vec!["src".to_owned(), "/a/*/".to_owned()]];
        assert!(matches!(Aliases::new(&groups, false, here), Err(PatternError::TrailingWildcard(_))));
    }
}

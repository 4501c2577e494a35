//! Whose compiler's rules apply. coverage.py's data does not say which Python recorded it.

use std::path::Path;

use crate::python::PythonVersion;

/// A version and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assumed {
    /// The version.
    pub(super) version: PythonVersion,
    /// In words, for `--verbose`.
    pub(super) reason: String,
}

/// The version the user names, else the project's.
///
/// # Errors
/// A message for a version that is none of 3.11 to 3.14.
pub(super) fn assume(named: Option<&str>, root: &Path) -> Result<Assumed, String> {
    if let Some(text) = named {
        return match PythonVersion::parse(text) {
            Some(version) => Ok(Assumed { version, reason: "named on the command line".to_owned() }),
            None => {
                Err(format!("`{text}` is no Python version whose results are known: name 3.11, 3.12, 3.13 or 3.14"))
            }
        };
    }
    let read = |name: &str| std::fs::read_to_string(root.join(name)).ok();
    if let Some(version) =
        read(".python-version").as_deref().and_then(|text| text.lines().find_map(PythonVersion::parse))
    {
        return Ok(Assumed { version, reason: "from .python-version".to_owned() });
    }
    if let Some(version) = read("pyproject.toml").as_deref().and_then(required) {
        return Ok(Assumed { version, reason: "the least that requires-python in pyproject.toml allows".to_owned() });
    }
    Ok(Assumed { version: PythonVersion::V3_13, reason: "nothing in the project names one".to_owned() })
}

/// The least version that `requires-python` allows, among those that are known.
fn required(pyproject: &str) -> Option<PythonVersion> {
    let line = pyproject.lines().map(str::trim).find(|line| line.starts_with("requires-python"))?;
    let value = line.split_once('=')?.1.trim().trim_matches(['"', '\'']);
    let bound = value.split(',').map(str::trim).find_map(|part| {
        part.strip_prefix(">=").or_else(|| part.strip_prefix("==")).or_else(|| part.strip_prefix("~="))
    })?;
    let minor: u8 = bound.trim().strip_prefix("3.")?.split('.').next()?.trim_end_matches('*').parse().ok()?;
    // What allows older Pythons says nothing about the one that measured.
    PythonVersion::ALL.into_iter().find(|version| version.minor() == minor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_wins_then_the_project() {
        let root = tempfile::tempdir().expect("a folder");
        let version = |named| assume(named, root.path()).map(|assumed| assumed.version);
        assert_eq!(version(None), Ok(PythonVersion::V3_13));
        std::fs::write(root.path().join("pyproject.toml"), "[project]\nrequires-python = \">=3.12,<4\"\n")
            .expect("written");
        assert_eq!(version(None), Ok(PythonVersion::V3_12));
        std::fs::write(root.path().join(".python-version"), "3.14.1\n").expect("written");
        assert_eq!(version(None), Ok(PythonVersion::V3_14));
        assert_eq!(version(Some("3.11")), Ok(PythonVersion::V3_11));
        assert!(version(Some("3.9")).is_err());
    }

    #[test]
    fn an_old_bound_says_nothing() {
        assert_eq!(required("requires-python = '>=3.8'"), None);
    }
}

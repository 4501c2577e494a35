//! Whose compiler's rules apply. coverage.py's data does not say which Python recorded it, but may show it.

use std::path::Path;

use crate::coverage::CoverageData;
use crate::python::{Evidence, PythonVersion, decode, evidence};

/// A version and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Assumed {
    /// The version.
    pub(super) version: PythonVersion,
    /// In words, for `--verbose`.
    pub(super) reason: String,
    /// What in the data contradicts the version that the user named.
    pub(super) warning: Option<String>,
}

/// Bytes of sources read at most to find evidence, and files with evidence that are enough: some of the files stand for all.
const SAMPLE: usize = 1 << 20;
const ENOUGH: usize = 3;

/// The version the user names, else what the data proves, else the project's.
///
/// # Errors
/// A message for a version that is none of 3.11 to 3.14.
pub(super) fn assume(named: Option<&str>, root: &Path, data: &CoverageData) -> Result<Assumed, String> {
    let named = named.map(|text| PythonVersion::parse(text).ok_or(text)).transpose().map_err(|text| {
        format!("`{text}` is no Python version whose results are known: name 3.11, 3.12, 3.13 or 3.14")
    })?;
    let proof = proof(root, data);
    let fits = |version: PythonVersion| match proof {
        Some((_, Evidence::UpTo313(_))) => version <= PythonVersion::V3_13,
        Some((_, Evidence::From314(_))) => version >= PythonVersion::V3_14,
        None => true,
    };
    let shown = match &proof {
        Some((path, Evidence::UpTo313(line))) => {
            format!("`{path}` was measured by Python 3.13 or older, which runs the annotation on line {line}")
        }
        Some((path, Evidence::From314(line))) => {
            format!("`{path}` was measured by Python 3.14 or newer, which does not run the annotation on line {line}")
        }
        None => String::new(),
    };
    if let Some(version) = named {
        let warning = (!fits(version)).then(|| format!("{shown}, but {version} is named"));
        return Ok(Assumed { version, reason: "named on the command line".to_owned(), warning });
    }
    let (version, reason) = project(root);
    if fits(version) {
        let reason = if proof.is_some() { format!("{reason}, and {shown}") } else { reason };
        return Ok(Assumed { version, reason, warning: None });
    }
    let version = match proof {
        Some((_, Evidence::From314(_))) => PythonVersion::V3_14,
        _ => PythonVersion::V3_13,
    };
    Ok(Assumed { version, reason: shown, warning: None })
}

/// What the data proves, and by which file. Evidence for both sides, as of data from several versions, proves nothing.
fn proof(root: &Path, data: &CoverageData) -> Option<(String, Evidence)> {
    let mut left = SAMPLE;
    let mut found: Vec<(&String, Evidence)> = Vec::new();
    for (path, file) in data.files.iter().filter(|(_, file)| file.tracer.is_none() && !file.contexts.is_empty()) {
        let Ok(bytes) = std::fs::read(root.join(path)) else { continue };
        let Some(rest) = left.checked_sub(bytes.len()) else { break };
        left = rest;
        let Some(proved) = decode(&bytes).ok().and_then(|text| evidence(&text, file)) else { continue };
        if found.iter().any(|(_, other)| std::mem::discriminant(other) != std::mem::discriminant(&proved)) {
            return None;
        }
        found.push((path, proved));
        if found.len() == ENOUGH {
            break;
        }
    }
    found.first().map(|&(path, proved)| (path.clone(), proved))
}

/// The version that the project names.
fn project(root: &Path) -> (PythonVersion, String) {
    let read = |name: &str| std::fs::read_to_string(root.join(name)).ok();
    if let Some(version) =
        read(".python-version").as_deref().and_then(|text| text.lines().find_map(PythonVersion::parse))
    {
        return (version, "from .python-version".to_owned());
    }
    if let Some(version) = read("pyproject.toml").as_deref().and_then(required) {
        return (version, "the least that requires-python in pyproject.toml allows".to_owned());
    }
    (PythonVersion::V3_13, "nothing in the project names one".to_owned())
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
    use crate::coverage::{FileData, Measured};

    #[test]
    fn the_command_line_wins_then_the_project() {
        let root = tempfile::tempdir().expect("a folder");
        let version = |named| assume(named, root.path(), &CoverageData::default()).map(|assumed| assumed.version);
        assert_eq!(version(None), Ok(PythonVersion::V3_13));
        std::fs::write(root.path().join("pyproject.toml"), "[project]\nrequires-python = \">=3.12,<4\"\n")
            .expect("written");
        assert_eq!(version(None), Ok(PythonVersion::V3_12));
        std::fs::write(root.path().join(".python-version"), "3.14.1\n").expect("written");
        assert_eq!(version(None), Ok(PythonVersion::V3_14));
        assert_eq!(version(Some("3.11")), Ok(PythonVersion::V3_11));
        assert!(version(Some("3.9")).is_err());
    }

    /// Data of one file, `a.py`, by its arcs.
    fn measured(arcs: &[(i32, i32)]) -> CoverageData {
        let file =
            FileData { tracer: None, contexts: vec![(0, Measured { arcs: arcs.to_vec(), ..Measured::default() })] };
        CoverageData { files: [("a.py".to_owned(), file)].into_iter().collect(), ..CoverageData::default() }
    }

    #[test]
    fn the_data_goes_before_the_project() {
        let root = tempfile::tempdir().expect("a folder");
        std::fs::write(root.path().join("a.py"), "class C:\n    a = 1\n    b: int\n    c = 2\n").expect("written");
        std::fs::write(root.path().join(".python-version"), "3.12\n").expect("written");
        let old = measured(&[(1, 2), (2, 3), (3, 4), (4, -1)]);
        let new = measured(&[(1, 2), (2, 4), (4, -1)]);
        let version = |data| assume(None, root.path(), data).map(|assumed| assumed.version);
        assert_eq!(version(&old), Ok(PythonVersion::V3_12));
        assert_eq!(version(&new), Ok(PythonVersion::V3_14));
        std::fs::write(root.path().join(".python-version"), "3.14\n").expect("written");
        assert_eq!(version(&old), Ok(PythonVersion::V3_13));
        let named = assume(Some("3.13"), root.path(), &new).expect("known");
        assert_eq!(named.version, PythonVersion::V3_13);
        assert!(named.warning.expect("a warning").contains("`a.py`"));
        assert_eq!(assume(Some("3.11"), root.path(), &old).expect("known").warning, None);
    }

    #[test]
    fn an_old_bound_says_nothing() {
        assert_eq!(required("requires-python = '>=3.8'"), None);
    }
}

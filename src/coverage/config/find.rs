//! Which configuration file is used.

use std::io;
use std::path::{Path, PathBuf};

use super::document::Ownership;
use super::env::Lookup;
use super::options::{ConfigError, CoverageConfig};

/// The files that are tried, in this order.
const CANDIDATES: [(&str, Ownership); 5] = [
    (".coveragerc", Ownership::Own),
    (".coveragerc.toml", Ownership::Own),
    ("setup.cfg", Ownership::Shared),
    ("tox.ini", Ownership::Shared),
    ("pyproject.toml", Ownership::Shared),
];

/// Reads the configuration as coverage.py does in the directory `cwd`: `rcfile` (the command line's), else
/// `COVERAGE_RCFILE`, else the first of the known files that is used; then `COVERAGE_FILE`. An empty `rcfile` means no
/// file at all, and `.coveragerc` the usual search.
pub fn load(
    cwd: &Path,
    rcfile: Option<&str>,
    env: Lookup<'_>,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<CoverageConfig, ConfigError> {
    let mut config = CoverageConfig::default();
    let named = match rcfile {
        Some(".coveragerc") | None => env("COVERAGE_RCFILE").filter(|name| !name.is_empty()),
        Some(name) => Some(name.to_owned()),
    };
    match named.as_deref() {
        Some("") => {}
        Some(name) => {
            let Some(text) = text(cwd, name, read)? else { return Err(ConfigError::Unreadable(name.to_owned())) };
            config.read(&text, name, Ownership::Own, env)?;
            config.file = Some(name.to_owned());
        }
        None => search(&mut config, cwd, env, read)?,
    }
    if let Some(file) = env("COVERAGE_FILE").filter(|file| !file.is_empty()) {
        config.run.data_file = file;
    }
    config.finish()?;
    Ok(config)
}

/// [`load`] from the disk.
pub fn load_from_disk(cwd: &Path, rcfile: Option<&str>, env: Lookup<'_>) -> Result<CoverageConfig, ConfigError> {
    load(cwd, rcfile, env, &|path: &Path| std::fs::read(path))
}

fn search(
    config: &mut CoverageConfig,
    cwd: &Path,
    env: Lookup<'_>,
    read: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Result<(), ConfigError> {
    for (name, ownership) in CANDIDATES {
        let Some(text) = text(cwd, name, read)? else { continue };
        let used = config.read(&text, name, ownership, env)?;
        if used || ownership == Ownership::Own {
            config.file = Some(name.to_owned());
            return Ok(());
        }
    }
    Ok(())
}

/// The file's text, or nothing when it cannot be read.
fn text(cwd: &Path, name: &str, read: &dyn Fn(&Path) -> io::Result<Vec<u8>>) -> Result<Option<String>, ConfigError> {
    let path: PathBuf = cwd.join(name);
    let Ok(bytes) = read(&path) else { return Ok(None) };
    String::from_utf8(bytes).map(Some).map_err(|error| ConfigError::File {
        file: name.to_owned(),
        message: format!("it is not UTF-8 (byte {})", error.utf8_error().valid_up_to()),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    type Files<'f> = &'f [(&'f str, &'f str)];

    fn from(files: Files<'_>, rcfile: Option<&str>, env: Lookup<'_>) -> Result<CoverageConfig, ConfigError> {
        load(Path::new("/work"), rcfile, env, &|path: &Path| {
            let found = files.iter().find(|(name, _)| Path::new("/work").join(name) == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| io::ErrorKind::NotFound.into())
        })
    }

    fn file(files: Files<'_>) -> Option<String> {
        from(files, None, &|_| None).unwrap().file
    }

    #[test]
    fn the_first_used_file_counts() {
        let py = ("pyproject.toml", "[tool.coverage.run]\nbranch = true\n");
        assert_eq!(file(&[("setup.cfg", "[coverage:run]\nbranch=1"), (".coveragerc", "")]).unwrap(), ".coveragerc");
        assert_eq!(file(&[py, (".coveragerc.toml", "")]).unwrap(), ".coveragerc.toml");
        assert_eq!(file(&[py, ("setup.cfg", "[run]\nbranch=1")]).unwrap(), "pyproject.toml");
        assert_eq!(file(&[py, ("tox.ini", "[coverage:paths]\na=b")]).unwrap(), "tox.ini");
        assert_eq!(file(&[("setup.cfg", "[coverage:run]\nzz=1")]), None);
    }

    #[test]
    fn warnings_of_unused_files_stay() {
        let files = [("setup.cfg", "[coverage:run]\nzz=1"), ("pyproject.toml", "[tool.coverage.run]\nplugins=['p']")];
        let config = from(&files, None, &|_| None).unwrap();
        assert_eq!(config.warnings[0], "Unrecognized option '[coverage:run] zz=' in config file setup.cfg");
        assert!(config.warnings[1].contains("plugins") && config.warnings[1].contains("pyproject.toml"));
        assert_eq!(config.warnings.len(), 2);
    }

    #[test]
    fn a_named_file_is_the_only_one() {
        let files = [("x.cfg", "[report]\nprecision=2"), (".coveragerc", "[run]\nbranch=1")];
        let config = from(&files, Some("x.cfg"), &|_| None).unwrap();
        assert_eq!((config.report.precision, config.run.branch), (2, false));
        assert_eq!(from(&files, Some(""), &|_| None).unwrap(), CoverageConfig::default());
        let error = from(&files, Some("y.cfg"), &|_| None).unwrap_err();
        assert_eq!(error.to_string(), "Couldn't read 'y.cfg' as a config file");
        let env = |name: &str| (name == "COVERAGE_RCFILE").then(|| "x.cfg".to_owned());
        assert_eq!(from(&files, None, &env).unwrap().file.unwrap(), "x.cfg");
        assert_eq!(from(&files, Some(".coveragerc"), &env).unwrap().file.unwrap(), "x.cfg");
    }

    #[test]
    fn the_environment_names_the_data() {
        let env = |name: &str| (name == "COVERAGE_FILE").then(|| "there".to_owned());
        assert_eq!(from(&[(".coveragerc", "[run]\ndata_file=here")], None, &env).unwrap().run.data_file, "there");
    }
}

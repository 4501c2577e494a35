//! The project a workflow belongs to: its files, and what its coverage configuration says about where data goes.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::coverage::config;
use crate::source::Source;

/// The files of a project. They are read when something in a workflow refers to them, and not before.
pub trait Files: fmt::Debug + Send + Sync {
    /// The text of the file at `path`, relative to the project's root and with `/`. `None` when there is no such file, or
    /// none that can be read as text of a reasonable size. The same path gives the same source each time.
    fn read(&self, path: &str) -> Option<Arc<Source>>;
}

/// A project of which only the workflow is known.
#[derive(Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Option<Arc<Source>> {
        None
    }
}

/// The project a workflow belongs to. The default is one without coverage configuration or other files in sight.
#[derive(Debug, Clone)]
pub struct Project {
    /// Its files.
    pub files: Arc<dyn Files>,
    /// Its coverage configuration.
    pub coverage: Arc<Coverage>,
}

impl Default for Project {
    fn default() -> Self {
        Self { files: Arc::new(NoFiles), coverage: Arc::new(Coverage(Known::Nothing)) }
    }
}

impl Project {
    /// A project with these files. Its coverage configuration is read when a command needs it.
    pub fn of(files: Arc<dyn Files>) -> Self {
        let coverage = Coverage(Known::Files { files: Arc::clone(&files), facts: Mutex::default() });
        Self { files, coverage: Arc::new(coverage) }
    }
}

/// What the coverage configuration says about the data that a command writes or reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageFacts {
    /// `[run] data_file`, relative to the folder the command runs in; `None` when that cannot be told.
    pub data_file: Option<String>,
    /// Whether `coverage run` adds a suffix to the data file's name: `parallel`, or what implies it. `None` when that cannot
    /// be told.
    pub parallel: Option<bool>,
}

impl CoverageFacts {
    /// The files that can hold coverage.py's configuration.
    pub const FILES: [&'static str; 5] = [".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml"];

    const UNKNOWN: Self = Self { data_file: None, parallel: None };

    /// Whether the data file is the one that coverage.py uses when nothing is said.
    pub fn is_default_data_file(&self) -> bool {
        self.data_file.as_deref() == Some(".coverage")
    }
}

/// A project's coverage configuration, by the folder a command runs in and the file it names.
#[derive(Debug)]
pub struct Coverage(Known);

#[derive(Debug)]
enum Known {
    /// No configuration is in sight; a data file elsewhere is not to be expected.
    Nothing,
    /// Something else decides.
    Elsewhere,
    /// The workspace is laid out in another way than the project, so that folders say nothing.
    Apart(Arc<Coverage>),
    Files {
        files: Arc<dyn Files>,
        facts: Mutex<HashMap<Place, Arc<CoverageFacts>>>,
    },
}

/// The folder a command runs in, and the configuration file it names.
type Place = (String, Option<String>);

impl Coverage {
    /// A configuration of which nothing is known.
    pub(super) fn elsewhere() -> Self {
        Self(Known::Elsewhere)
    }

    /// The configuration in a workspace where the project, or other projects, may lie elsewhere than at the root: what is
    /// not as if nothing were configured is unknown.
    pub(super) fn apart(self: &Arc<Self>) -> Self {
        Self(Known::Apart(Arc::clone(self)))
    }

    /// What holds for a command that runs in `folder`, relative to the project's root and empty for the root, and that
    /// names `rcfile`. `None` for a folder that is not known.
    pub fn facts(&self, folder: Option<&str>, rcfile: Option<&str>) -> Arc<CoverageFacts> {
        match &self.0 {
            Known::Nothing if rcfile.is_none() => {
                Arc::new(CoverageFacts { data_file: Some(".coverage".to_owned()), parallel: None })
            }
            Known::Nothing | Known::Elsewhere => Arc::new(CoverageFacts::UNKNOWN),
            Known::Apart(_) if rcfile.is_some() => Arc::new(CoverageFacts::UNKNOWN),
            Known::Apart(whole) => {
                let facts = whole.at_root();
                if facts.is_default_data_file() {
                    Arc::new(CoverageFacts {
                        parallel: facts.parallel.filter(|parallel| !parallel),
                        ..(*facts).clone()
                    })
                } else {
                    Arc::new(CoverageFacts::UNKNOWN)
                }
            }
            Known::Files { files, facts } => {
                let Some(folder) = folder else { return Arc::new(CoverageFacts::UNKNOWN) };
                let place = (folder.to_owned(), rcfile.map(str::to_owned));
                let mut facts = facts.lock().unwrap_or_else(PoisonError::into_inner);
                Arc::clone(facts.entry(place).or_insert_with(|| Arc::new(read(&**files, folder, rcfile))))
            }
        }
    }

    /// Whether pytest's own configuration may name another file (`addopts = --cov-config=…`).
    pub(super) fn is_named_for_pytest(&self, folder: Option<&str>) -> bool {
        const FILES: [&str; 5] = ["pyproject.toml", "pytest.ini", ".pytest.ini", "tox.ini", "setup.cfg"];
        let (Known::Files { files, .. }, Some(folder)) = (&self.0, folder) else { return false };
        let text =
            |name: &str| files.read(&if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") });
        FILES.iter().any(|name| text(name).is_some_and(|source| source.text.contains("--cov-config")))
    }

    /// What holds at the project's root for a command that names no file.
    pub fn at_root(&self) -> Arc<CoverageFacts> {
        self.facts(Some(""), None)
    }
}

/// Reads the configuration as coverage.py does. What it cannot use, or takes from variables, is unknown.
fn read(files: &dyn Files, folder: &str, rcfile: Option<&str>) -> CoverageFacts {
    let asked = Cell::new(false);
    let env = |name: &str| {
        asked.set(asked.get() || !matches!(name, "COVERAGE_RCFILE" | "COVERAGE_FILE"));
        None
    };
    let file = |path: &Path| {
        let source = path.to_str().and_then(|path| files.read(path));
        source.map(|source| source.text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    match config::load(Path::new(folder), rcfile, &env, &file) {
        Ok(config) if !asked.get() => {
            CoverageFacts { parallel: Some(config.is_parallel()), data_file: Some(config.run.data_file) }
        }
        _ => CoverageFacts::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug)]
    struct Known(&'static [(&'static str, &'static str)]);

    impl Files for Known {
        fn read(&self, path: &str) -> Option<Arc<Source>> {
            let found = self.0.iter().find(|(name, _)| *name == path);
            found.map(|(name, text)| Arc::new(Source::new(name, *text)))
        }
    }

    fn at(files: &'static [(&'static str, &'static str)], folder: &str, rcfile: Option<&str>) -> (String, String) {
        let facts = Project::of(Arc::new(Known(files))).coverage.facts(Some(folder), rcfile);
        (facts.data_file.clone().unwrap_or("?".to_owned()), facts.parallel.map_or("?".to_owned(), |p| p.to_string()))
    }

    #[test]
    fn the_file_that_coverage_uses_decides_and_no_other() {
        let check = |files, data_file: &str, parallel: &str| {
            assert_eq!(at(files, "", None), (data_file.to_owned(), parallel.to_owned()), "{files:?}");
        };
        check(&[], ".coverage", "false");
        check(&[(".coveragerc", "[run]\nbranch = true\n")], ".coverage", "false");
        check(&[("pyproject.toml", "[tool.coverage.run]\ndata_file = 'x/.cov'\nparallel = true\n")], "x/.cov", "true");
        check(&[("pyproject.toml", "[tool.other]\ndata_file = 'x'\nparallel = true\n")], ".coverage", "false");
        check(&[("setup.cfg", "[coverage:run]\nconcurrency = multiprocessing\n")], ".coverage", "true");
        check(
            &[
                ("tox.ini", "[coverage:run]\npatch = subprocess\n"),
                ("pyproject.toml", "[tool.coverage.run]\ndata_file='x'"),
            ],
            ".coverage",
            "true",
        );
        check(&[(".coveragerc", ""), ("pyproject.toml", "[tool.coverage.run]\nparallel = true")], ".coverage", "false");
        // What the environment of the run decides, and what coverage.py refuses, is not known.
        check(&[(".coveragerc", "[run]\ndata_file = ${WHERE}/.coverage\n")], "?", "?");
        check(&[(".coveragerc", "[run]\nparallel = maybe\n")], "?", "?");
    }

    #[test]
    fn the_folder_and_the_named_file_count() {
        let files = &[
            (".coveragerc", "[run]\nparallel = true\n"),
            ("api/pyproject.toml", "[tool.coverage.run]\ndata_file = 'd'\n"),
            ("ci.cfg", "[run]\ndata_file = c\n"),
        ];
        let words = |a: &str, b: &str| (a.to_owned(), b.to_owned());
        assert_eq!(at(files, "", None), words(".coverage", "true"));
        assert_eq!(at(files, "api", None), words("d", "false"));
        assert_eq!(at(files, "", Some("ci.cfg")), words("c", "false"));
        assert_eq!(at(files, "api", Some("../ci.cfg")), words("?", "?"));
        assert_eq!(at(files, "", Some("absent.cfg")), words("?", "?"));
        assert_eq!(*Project::of(Arc::new(Known(files))).coverage.facts(None, None), CoverageFacts::UNKNOWN);
        let nothing = Project::default().coverage.at_root();
        assert!(nothing.is_default_data_file() && nothing.parallel.is_none());
    }
}

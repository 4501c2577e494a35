//! The project a workflow belongs to: its files, and what its coverage configuration says about where data goes.

use std::fmt;
use std::sync::Arc;

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
    pub coverage: CoverageFacts,
}

impl Default for Project {
    fn default() -> Self {
        Self { files: Arc::new(NoFiles), coverage: CoverageFacts::default() }
    }
}

/// What the coverage configuration says. The default is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageFacts {
    /// Whether the data file is `.coverage` in the working directory unless a command or variable says otherwise.
    pub default_data_file: bool,
    /// Whether `coverage run` adds a suffix to the data file's name (`parallel`); `None` when that cannot be told.
    pub parallel: Option<bool>,
}

impl Default for CoverageFacts {
    fn default() -> Self {
        Self { default_data_file: true, parallel: None }
    }
}

impl CoverageFacts {
    /// The files that can hold coverage.py's configuration.
    pub const FILES: [&'static str; 5] = [".coveragerc", ".coveragerc.toml", "setup.cfg", "tox.ini", "pyproject.toml"];

    /// Reads the facts from the configuration files' texts. A setting that is merely mentioned makes the fact unknown:
    /// which file wins and which section it stands in is coverage.py's business, not guessed here.
    pub fn read<'t>(texts: impl IntoIterator<Item = &'t str>) -> Self {
        let mut project = Self { default_data_file: true, parallel: Some(false) };
        for text in texts {
            let setting = |name: &str| {
                text.lines().any(|line| {
                    line.trim_start().strip_prefix(name).is_some_and(|rest| rest.trim_start().starts_with(['=', ':']))
                })
            };
            if setting("data_file") {
                project.default_data_file = false;
            }
            if setting("parallel") || setting("concurrency") || setting("patch") || text.contains("tool.coverage.run.")
            {
                project.parallel = None;
            }
        }
        project
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_that_move_the_data_file_make_it_unknown() {
        assert_eq!(
            CoverageFacts::read(["[run]\nbranch = true\n"]),
            CoverageFacts { default_data_file: true, parallel: Some(false) }
        );
        assert_eq!(CoverageFacts::read(["[run]\nparallel = true\n"]).parallel, None);
        assert!(!CoverageFacts::read(["[tool.coverage.run]\ndata_file = \"x\"\n"]).default_data_file);
    }
}

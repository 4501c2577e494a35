//! What the project's coverage configuration says about where data goes, as far as the linter reads it.

/// Facts about the project a workflow belongs to. The default is a project without coverage configuration in sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Project {
    /// Whether the data file is `.coverage` in the working directory unless a command or variable says otherwise.
    pub default_data_file: bool,
    /// Whether `coverage run` adds a suffix to the data file's name (`parallel`); `None` when that cannot be told.
    pub parallel: Option<bool>,
}

impl Default for Project {
    fn default() -> Self {
        Self { default_data_file: true, parallel: None }
    }
}

impl Project {
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
            Project::read(["[run]\nbranch = true\n"]),
            Project { default_data_file: true, parallel: Some(false) }
        );
        assert_eq!(Project::read(["[run]\nparallel = true\n"]).parallel, None);
        assert!(!Project::read(["[tool.coverage.run]\ndata_file = \"x\"\n"]).default_data_file);
    }
}

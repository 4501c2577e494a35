//! The threshold in the project's coverage configuration: coverage.py's `fail_under`.

use std::io;
use std::path::Path;
use std::sync::Arc;

use super::Project;
use super::project::CoverageFacts;
use crate::coverage::config;
use crate::source::{Source, Span};

/// The setting and where it is written.
#[derive(Debug, Clone)]
pub struct FailUnder {
    /// The least total, in percent; more than 0.
    pub percent: f64,
    /// The file it stands in.
    pub source: Arc<Source>,
    /// The line of the setting.
    pub span: Span,
}

/// What coverage.py itself would read at the project's root. `None` when no threshold is set there, and when that cannot be
/// told: the configuration cannot be read, or a plugin may set another.
pub fn configured(project: &Project) -> Option<FailUnder> {
    let read = |path: &Path| {
        let name = path.to_string_lossy();
        let source = CoverageFacts::FILES.contains(&name.as_ref()).then(|| project.files.read(&name)).flatten();
        source.map(|source| source.text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    };
    let config = config::load(Path::new(""), None, &|_| None, &read).ok()?;
    if config.report.fail_under <= 0.0 || !config.run.plugins.is_empty() {
        return None;
    }
    let source = project.files.read(&config.file?)?;
    let mut at = 0;
    for line in source.text.split_inclusive('\n') {
        let text = line.trim();
        if text.contains("fail_under") && !text.starts_with(['#', ';']) {
            let start = at + (line.len() - line.trim_start().len());
            return Some(FailUnder {
                percent: config.report.fail_under,
                span: Span::new(start, start + text.len()),
                source,
            });
        }
        at += line.len();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::Files;

    #[derive(Debug)]
    struct One(&'static str, &'static str);

    impl Files for One {
        fn read(&self, path: &str) -> Option<Arc<Source>> {
            (path == self.0).then(|| Arc::new(Source::new(path, self.1.to_owned())))
        }
    }

    fn percent(name: &'static str, text: &'static str) -> Option<(f64, String)> {
        let project = Project { files: Arc::new(One(name, text)), ..Project::default() };
        configured(&project).map(|found| (found.percent, text[found.span.start..found.span.end].to_owned()))
    }

    #[test]
    fn the_threshold_is_what_coverage_reads() {
        let line = |text: &str| text.to_owned();
        assert_eq!(percent(".coveragerc", "[report]\nfail_under = 97.5\n"), Some((97.5, line("fail_under = 97.5"))));
        assert_eq!(
            percent("pyproject.toml", "[tool.coverage]\n# fail_under = 1\nreport.fail_under = 90\n"),
            Some((90.0, line("report.fail_under = 90")))
        );
        // Another section's, and one of a file that has no coverage.py section.
        assert_eq!(percent("setup.cfg", "[report]\nfail_under = 97\n"), None);
        assert_eq!(percent("pyproject.toml", "[tool.interrogate]\nfail-under = 97\n"), None);
        assert_eq!(percent(".coveragerc", "[report]\nfail_under = 0\n"), None);
        assert_eq!(percent(".coveragerc", "[run]\nplugins = covdefaults\n[report]\nfail_under = 97\n"), None);
        assert_eq!(percent(".coveragerc", "[report]\nfail_under = much\n"), None);
        assert_eq!(percent("other.cfg", "[report]\nfail_under = 97\n"), None);
    }
}

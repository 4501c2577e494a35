//! The options that change a combine or a report, with coverage.py's defaults, checks and messages.

use std::collections::BTreeSet;

use super::document::{Document, Ownership, Problem};
use super::env::{Lookup, expand_user};
use super::pyregex::{self, PatternError, Patterns};

/// What is left out of a report when nothing else is said: the no-cover comment, bodies that are only `...`, and code
/// for type checkers. The number of groups is coverage.py's, for later regexes of the joined list may refer to groups.
pub const DEFAULT_EXCLUDE: [&str; 3] = [
    r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(cover|COVER)",
    r"^\s*(((async )?def .*?)?[)\]]+(\s*->.*?)?:\s*)?\.\.\.\s*(#|$)",
    r"^\s*if (typing\.)?TYPE_CHECKING:",
];

/// Branches that need not go both ways when nothing else is said: the no-branch comment.
pub const DEFAULT_PARTIAL: [&str; 1] = [r"#\s*(pragma|PRAGMA)[:\s]?\s*(no|NO)\s*(branch|BRANCH)"];

/// Branches that never go both ways when nothing else is said: constant tests.
pub const DEFAULT_PARTIAL_ALWAYS: [&str; 2] = [r"^\s*while (True|1|False|0):", r"^\s*if (True|1|False|0):"];

/// Why a configuration cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// The file named on the command line or in `COVERAGE_RCFILE` cannot be read.
    #[error("Couldn't read '{0}' as a config file")]
    Unreadable(String),
    /// The file has a mistake.
    #[error("Couldn't read config file {file}: {message}")]
    File {
        /// The file, as it was named.
        file: String,
        /// What is wrong.
        message: String,
    },
    /// An option has a value that cannot be used.
    #[error("{0}")]
    Value(String),
    /// The regexes of a list are good one by one, but not together.
    #[error("The regexes of {option} cannot be used together: {error}")]
    Patterns {
        /// The option whose list it is.
        option: &'static str,
        /// What is wrong.
        error: PatternError,
    },
}

/// `[run]`, as far as it matters after the measurement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunOptions {
    /// Branches were measured.
    pub branch: bool,
    /// Where the data is.
    pub data_file: String,
    /// Several processes wrote data; a missing data file is then no error.
    pub parallel: bool,
    /// File names are kept relative.
    pub relative_files: bool,
    /// What was measured: directories or packages. In a report: the roots of XML.
    pub source: Option<Vec<String>>,
    /// Packages that were measured.
    pub source_pkgs: Vec<String>,
    /// Directories that were measured.
    pub source_dirs: Vec<String>,
    /// Plugins; none of them can be loaded here.
    pub plugins: Vec<String>,
}

/// `[report]`.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportOptions {
    /// Regexes of lines left out: `exclude_lines` or the defaults, then `exclude_also`.
    pub exclude: Vec<String>,
    /// Regexes of branches that need not go both ways: `partial_branches` or the default, then `partial_also`.
    pub partial: Vec<String>,
    /// Regexes of branches that never go both ways: `partial_branches_always` or the defaults.
    pub partial_always: Vec<String>,
    /// The least total, in percent.
    pub fail_under: f64,
    /// The format of the text report.
    pub format: Option<String>,
    /// Go on when a source cannot be read or parsed.
    pub ignore_errors: bool,
    /// Only these files.
    pub include: Option<Vec<String>>,
    /// Not these files.
    pub omit: Option<Vec<String>>,
    /// Only what ran in contexts that match one of these regexes.
    pub contexts: Option<Vec<String>>,
    /// Digits after the decimal point.
    pub precision: i64,
    /// Show the lines that were missed.
    pub show_missing: bool,
    /// Leave out files with full coverage.
    pub skip_covered: bool,
    /// Leave out files without code.
    pub skip_empty: bool,
    /// The column to sort by, `-` first to reverse.
    pub sort: Option<String>,
}

/// `[html]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HtmlOptions {
    /// Where the pages go.
    pub directory: String,
    /// The title of the pages.
    pub title: String,
    /// A style sheet to add.
    pub extra_css: Option<String>,
    /// Show the contexts of every line.
    pub show_contexts: bool,
    /// As in `[report]`, when set.
    pub skip_covered: Option<bool>,
    /// As in `[report]`, when set.
    pub skip_empty: Option<bool>,
}

/// `[xml]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct XmlOptions {
    /// The file to write.
    pub output: String,
    /// How many directories make a package name.
    pub package_depth: i64,
}

/// `[json]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JsonOptions {
    /// The file to write.
    pub output: String,
    /// Indent it.
    pub pretty_print: bool,
    /// Write the contexts of every line.
    pub show_contexts: bool,
}

/// `[lcov]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LcovOptions {
    /// The file to write.
    pub output: String,
    /// Write a checksum with every line.
    pub line_checksums: bool,
}

/// coverage.py's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct CoverageConfig {
    /// The file that was used, as it was named.
    pub file: Option<String>,
    /// What the user should know: options nobody knows, options that have no effect here.
    pub warnings: Vec<String>,
    /// `[run]`.
    pub run: RunOptions,
    /// `[report]`.
    pub report: ReportOptions,
    /// `[html]`.
    pub html: HtmlOptions,
    /// `[xml]`.
    pub xml: XmlOptions,
    /// `[json]`.
    pub json: JsonOptions,
    /// `[lcov]`.
    pub lcov: LcovOptions,
    /// `[paths]`: names and paths in the order of the file.
    pub paths: Vec<(String, Vec<String>)>,
    concurrency: Vec<String>,
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl Default for CoverageConfig {
    fn default() -> Self {
        Self {
            file: None,
            warnings: Vec::new(),
            run: RunOptions {
                branch: false,
                data_file: ".coverage".to_owned(),
                parallel: false,
                relative_files: false,
                source: None,
                source_pkgs: Vec::new(),
                source_dirs: Vec::new(),
                plugins: Vec::new(),
            },
            report: ReportOptions {
                exclude: texts(&DEFAULT_EXCLUDE),
                partial: texts(&DEFAULT_PARTIAL),
                partial_always: texts(&DEFAULT_PARTIAL_ALWAYS),
                fail_under: 0.0,
                format: None,
                ignore_errors: false,
                include: None,
                omit: None,
                contexts: None,
                precision: 0,
                show_missing: false,
                skip_covered: false,
                skip_empty: false,
                sort: None,
            },
            html: HtmlOptions {
                directory: "htmlcov".to_owned(),
                title: "Coverage report".to_owned(),
                extra_css: None,
                show_contexts: false,
                skip_covered: None,
                skip_empty: None,
            },
            xml: XmlOptions { output: "coverage.xml".to_owned(), package_depth: 99 },
            json: JsonOptions { output: "coverage.json".to_owned(), pretty_print: false, show_contexts: false },
            lcov: LcovOptions { output: "coverage.lcov".to_owned(), line_checksums: false },
            paths: Vec::new(),
            concurrency: Vec::new(),
        }
    }
}

impl CoverageConfig {
    /// Reads one file's text into the defaults. `name` is the file as messages name it; its ending decides the
    /// language. The second value is whether the file sets anything.
    pub fn from_text(
        text: &str,
        name: &str,
        ownership: Ownership,
        env: Lookup<'_>,
    ) -> Result<(Self, bool), ConfigError> {
        let mut config = Self::default();
        let used = config.read(text, name, ownership, env)?;
        Ok((config, used))
    }

    /// Reads one file's text over what is set; whether the file sets anything.
    pub(super) fn read(
        &mut self,
        text: &str,
        name: &str,
        ownership: Ownership,
        env: Lookup<'_>,
    ) -> Result<bool, ConfigError> {
        let wrong = |message| ConfigError::File { file: name.to_owned(), message };
        let document = Document::parse(text, name, ownership).map_err(wrong)?;
        let mut reader = Reader { document: &document, env, known: Vec::new(), used: false };
        self.sections(&mut reader).map_err(|problem| match problem {
            Problem::Value(message) => wrong(message),
            Problem::Whole(message) => ConfigError::Value(message),
        })?;
        self.warnings.extend(reader.unknown(name));
        Ok(reader.used)
    }

    /// What is checked once the file is known, and what has no effect here.
    pub(super) fn finish(&mut self) -> Result<(), ConfigError> {
        const LIGHT: [&str; 3] = ["eventlet", "gevent", "greenlet"];
        let chosen: BTreeSet<&str> = self.concurrency.iter().map(String::as_str).collect();
        let known = |name: &&str| LIGHT.contains(name) || matches!(*name, "multiprocessing" | "thread");
        let joined = |names: Vec<&str>| names.join(", ");
        let unknown: Vec<&str> = chosen.iter().copied().filter(|name| !known(name)).collect();
        if !unknown.is_empty() {
            return Err(ConfigError::Value(format!("Unknown concurrency choices: {}", joined(unknown))));
        }
        let light: Vec<&str> = chosen.iter().copied().filter(|name| LIGHT.contains(name)).collect();
        if light.len() > 1 {
            return Err(ConfigError::Value(format!("Conflicting concurrency settings: {}", joined(light))));
        }
        if !self.run.plugins.is_empty() {
            let (names, file) = (self.run.plugins.join(", "), self.file.as_deref().unwrap_or_default());
            self.warnings.push(format!(
                "Option '[run] plugins=' in config file {file} has no effect: coverage.py plugins ({names}) cannot be loaded here"
            ));
        }
        Ok(())
    }

    /// Whether `coverage run` adds a suffix to the data file's name: `parallel`, or `multiprocessing`, which implies it.
    pub fn is_parallel(&self) -> bool {
        self.run.parallel || self.concurrency.iter().any(|name| name == "multiprocessing")
    }

    /// Whether HTML leaves out files with full coverage.
    pub fn html_skip_covered(&self) -> bool {
        self.html.skip_covered.unwrap_or(self.report.skip_covered)
    }

    /// Whether HTML leaves out files without code.
    pub fn html_skip_empty(&self) -> bool {
        self.html.skip_empty.unwrap_or(self.report.skip_empty)
    }

    /// The exclusions, ready to be applied to sources.
    pub fn patterns(&self) -> Result<Patterns, ConfigError> {
        let failed = |option| move |error| ConfigError::Patterns { option, error };
        Ok(Patterns {
            exclude: pyregex::matcher(&self.report.exclude).map_err(failed("[report] exclude_lines"))?,
            partial: pyregex::matcher(&self.report.partial).map_err(failed("[report] partial_branches"))?,
            partial_always: pyregex::matcher(&self.report.partial_always)
                .map_err(failed("[report] partial_branches_always"))?,
        })
    }

    /// Every section, in the order in which coverage.py finds mistakes.
    fn sections(&mut self, reader: &mut Reader<'_>) -> Result<(), Problem> {
        let run = &mut self.run;
        set(&mut run.branch, reader.boolean("run", "branch")?);
        reader.any("run", "command_line")?;
        set(&mut self.concurrency, reader.list("run", "concurrency")?);
        reader.any("run", "context")?;
        reader.any("run", "core")?;
        reader.boolean("run", "cover_pylib")?;
        set(&mut run.data_file, reader.file("run", "data_file")?);
        reader.list("run", "debug")?;
        reader.file("run", "debug_file")?;
        reader.list("run", "disable_warnings")?;
        reader.any("run", "dynamic_context")?;
        set(&mut run.parallel, reader.boolean("run", "parallel")?);
        let patch = reader.list("run", "patch")?;
        set(&mut run.plugins, reader.list("run", "plugins")?);
        set(&mut run.relative_files, reader.boolean("run", "relative_files")?);
        reader.list("run", "include")?;
        reader.list("run", "omit")?;
        reader.boolean("run", "sigterm")?;
        set_option(&mut run.source, reader.list("run", "source")?);
        set(&mut run.source_pkgs, reader.list("run", "source_pkgs")?);
        set(&mut run.source_dirs, reader.list("run", "source_dirs")?);
        reader.boolean("run", "timid")?;
        reader.any("run", "_crash")?;
        if patch.is_some_and(|patch| patch.iter().any(|name| name == "subprocess")) {
            run.parallel = true;
        }

        let report = &mut self.report;
        set(&mut report.exclude, reader.regexes("report", "exclude_lines")?);
        report.exclude.extend(reader.regexes("report", "exclude_also")?.into_iter().flatten());
        set(&mut report.fail_under, reader.float("report", "fail_under")?);
        set_option(&mut report.format, reader.any("report", "format")?);
        set(&mut report.ignore_errors, reader.boolean("report", "ignore_errors")?);
        reader.boolean("report", "include_namespace_packages")?;
        set(&mut report.partial_always, reader.regexes("report", "partial_branches_always")?);
        set(&mut report.partial, reader.regexes("report", "partial_branches")?);
        report.partial.extend(reader.regexes("report", "partial_also")?.into_iter().flatten());
        set(&mut report.precision, reader.integer("report", "precision")?);
        set_option(&mut report.contexts, reader.list("report", "contexts")?);
        set_option(&mut report.include, reader.list("report", "include")?);
        set_option(&mut report.omit, reader.list("report", "omit")?);
        set(&mut report.show_missing, reader.boolean("report", "show_missing")?);
        set(&mut report.skip_covered, reader.boolean("report", "skip_covered")?);
        set(&mut report.skip_empty, reader.boolean("report", "skip_empty")?);
        set_option(&mut report.sort, reader.any("report", "sort")?);

        let html = &mut self.html;
        set_option(&mut html.extra_css, reader.any("html", "extra_css")?);
        set(&mut html.directory, reader.file("html", "directory")?);
        set_option(&mut html.skip_covered, reader.boolean("html", "skip_covered")?);
        set_option(&mut html.skip_empty, reader.boolean("html", "skip_empty")?);
        set(&mut html.title, reader.any("html", "title")?);
        set(&mut html.show_contexts, reader.boolean("html", "show_contexts")?);

        set(&mut self.xml.output, reader.file("xml", "output")?);
        set(&mut self.xml.package_depth, reader.integer("xml", "package_depth")?);

        set(&mut self.json.output, reader.file("json", "output")?);
        set(&mut self.json.pretty_print, reader.boolean("json", "pretty_print")?);
        set(&mut self.json.show_contexts, reader.boolean("json", "show_contexts")?);

        set(&mut self.lcov.output, reader.file("lcov", "output")?);
        set(&mut self.lcov.line_checksums, reader.boolean("lcov", "line_checksums")?);

        self.paths.extend(reader.paths()?);
        Ok(())
    }
}

fn set<T>(place: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *place = value;
    }
}

fn set_option<T>(place: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *place = value;
    }
}

/// Reads options, and remembers which were asked for and whether one was there.
struct Reader<'d> {
    document: &'d Document,
    env: Lookup<'d>,
    known: Vec<(&'static str, &'static str)>,
    used: bool,
}

impl Reader<'_> {
    fn note<T>(&mut self, section: &'static str, option: &'static str, value: Option<T>) -> Option<T> {
        self.known.push((section, option));
        self.used |= value.is_some();
        value
    }

    fn any(&mut self, section: &'static str, option: &'static str) -> Result<Option<String>, Problem> {
        let value = self.document.any(section, option, self.env)?;
        Ok(self.note(section, option, value))
    }

    fn file(&mut self, section: &'static str, option: &'static str) -> Result<Option<String>, Problem> {
        let value = self.document.text(section, option, self.env)?;
        Ok(self.note(section, option, value.map(|path| expand_user(&path, self.env))))
    }

    fn boolean(&mut self, section: &'static str, option: &'static str) -> Result<Option<bool>, Problem> {
        let value = self.document.boolean(section, option, self.env)?;
        Ok(self.note(section, option, value))
    }

    fn integer(&mut self, section: &'static str, option: &'static str) -> Result<Option<i64>, Problem> {
        let value = self.document.integer(section, option, self.env)?;
        Ok(self.note(section, option, value))
    }

    fn float(&mut self, section: &'static str, option: &'static str) -> Result<Option<f64>, Problem> {
        let value = self.document.float(section, option, self.env)?;
        Ok(self.note(section, option, value))
    }

    fn list(&mut self, section: &'static str, option: &'static str) -> Result<Option<Vec<String>>, Problem> {
        let value = self.document.list(section, option, self.env)?;
        Ok(self.note(section, option, value))
    }

    fn regexes(&mut self, section: &'static str, option: &'static str) -> Result<Option<Vec<String>>, Problem> {
        let value = self.document.regexes(section, option, self.env)?;
        let Some((real, items)) = self.note(section, option, value) else { return Ok(None) };
        for item in &items {
            if let Err(error) = pyregex::check(item) {
                let item = super::python::repr(item);
                return Err(Problem::Whole(format!("Invalid [{real}].{option} value {item}: {error}")));
            }
        }
        Ok(Some(items))
    }

    /// `[paths]`, whose options have any name.
    fn paths(&mut self) -> Result<Vec<(String, Vec<String>)>, Problem> {
        let Some(real) = self.document.section("paths") else { return Ok(Vec::new()) };
        let mut paths = Vec::new();
        for option in self.document.options(&real) {
            let list = self.document.list("paths", option, self.env)?.unwrap_or_default();
            paths.push((option.to_owned(), list.iter().map(|path| expand_user(path, self.env)).collect()));
            self.used = true;
        }
        Ok(paths)
    }

    /// A warning for every option that was not asked for.
    fn unknown(&self, file: &str) -> Vec<String> {
        let mut warnings = Vec::new();
        for section in ["run", "report", "html", "xml", "json", "lcov"] {
            let Some(real) = self.document.section(section) else { continue };
            for option in self.document.options(&real) {
                if !self.known.contains(&(section, option)) {
                    warnings.push(format!("Unrecognized option '[{real}] {option}=' in config file {file}"));
                }
            }
        }
        warnings
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn ini(text: &str) -> CoverageConfig {
        CoverageConfig::from_text(text, ".coveragerc", Ownership::Own, &|_| None).unwrap().0
    }

    fn error(text: &str, name: &str) -> String {
        let read = CoverageConfig::from_text(text, name, Ownership::Own, &|_| None);
        read.and_then(|(mut config, _)| config.finish()).unwrap_err().to_string()
    }

    #[test]
    fn lists_of_regexes_replace_and_add() {
        let config = ini("[report]\nexclude_lines=a\n b,c\nexclude_also=d\npartial_also=e\n");
        assert_eq!(config.report.exclude, ["a", "b,c", "d"]);
        assert_eq!(config.report.partial, [DEFAULT_PARTIAL[0], "e"]);
        assert!(ini("[report]\nexclude_lines=\n").report.exclude.is_empty());
        assert!(config.patterns().unwrap().exclude.ranges("xd") == [(1, 2)]);
    }

    #[test]
    fn html_falls_back_to_report() {
        let config = ini("[report]\nskip_covered=1\nskip_empty=1\n[html]\nskip_empty=0\n");
        assert!(config.html_skip_covered() && !config.html_skip_empty());
    }

    #[test]
    fn toml_has_types_and_an_order() {
        let text =
            "[tool.coverage.paths]\nz = ['a']\nb = []\n[tool.coverage.report]\nfail_under = 97\nprecision = '2'\n";
        let (config, used) = CoverageConfig::from_text(text, "pyproject.toml", Ownership::Shared, &|_| None).unwrap();
        assert!(used);
        assert_eq!(config.paths, [("z".to_owned(), vec!["a".to_owned()]), ("b".to_owned(), Vec::new())]);
        assert!((config.report.fail_under - 97.0).abs() < f64::EPSILON && config.report.precision == 2);
    }

    #[test]
    fn errors_are_coverages() {
        for (text, name, message) in [
            ("[run]\nbranch=maybe", ".coveragerc", "Couldn't read config file .coveragerc: Not a boolean: maybe"),
            (
                "[tool.coverage.run]\nsource='a'",
                "x.toml",
                "Couldn't read config file x.toml: Option [tool.coverage.run]source is not a list: 'a'",
            ),
            (
                "[report]\nexclude_also=(",
                "x",
                "Invalid [report].exclude_also value '(': missing ), unterminated subpattern at position 0",
            ),
            ("[run]\nconcurrency=b,a,thread", "x", "Unknown concurrency choices: a, b"),
            ("[run]\nconcurrency=greenlet,gevent", "x", "Conflicting concurrency settings: gevent, greenlet"),
            ("[run]\ndata_file=${NO?}", "x", "Variable NO is undefined: '${NO?}'"),
            ("tool = 1", "x.toml", "Couldn't read config file x.toml: tool is not a table"),
        ] {
            assert_eq!(error(text, name), message);
        }
    }
}

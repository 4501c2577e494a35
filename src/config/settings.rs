//! The settings of `.ci-lint.yml` and how they are read.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::compile::Compiler;
use super::contract::{self, FileContract};
use super::glob::PathGlob;
use super::read::{Reader, quoted};
use super::threshold;
use crate::findings::{Finding, Group, Problem, Severity};
use crate::source::{Source, Span};
use crate::workflow::Workflow;
use crate::workflow::dialect::Dialect;
use crate::workflow::yaml::{self, Yaml};

/// The largest configuration file read, in bytes.
pub const MAX_BYTES: usize = 256 << 10;

/// A value and its place in the configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it is written.
    pub span: Span,
}

/// What `severity:` says of one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SeverityOverride {
    /// The rule is not run.
    Off,
    /// Its findings have this severity.
    As(Severity),
}

/// The name of a rule, or of a group where those are taken, checked against the known ones.
pub type RuleName = Spanned<String>;

/// `coverage:`: which jobs make and use coverage data, where the analysis should not have to find out.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CoveragePins {
    /// Jobs that measure.
    pub producers: Vec<Spanned<String>>,
    /// The job that judges.
    pub consumer: Option<Spanned<String>>,
    /// The percentage no `--fail-under` may undercut.
    pub fail_under: Option<Spanned<f64>>,
}

/// What `.ci-lint.yml` says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// `forge`: the dialect, where the paths do not tell.
    pub forge: Option<Dialect>,
    /// `select`: only these rules and groups; the default when empty.
    pub select: Vec<RuleName>,
    /// `extend-select`: these rules and groups too.
    pub extend_select: Vec<RuleName>,
    /// `ignore`: none of these rules and groups.
    pub ignore: Vec<RuleName>,
    /// `exclude`: paths not to lint.
    pub exclude: Vec<PathGlob>,
    /// `fail-on`: the least severity that makes a run fail.
    pub fail_on: Option<Severity>,
    /// `severity`: by rule.
    pub severity: BTreeMap<String, Spanned<SeverityOverride>>,
    /// `coverage`.
    pub coverage: CoveragePins,
    /// `durations`: how long jobs take, in seconds; written in minutes.
    pub durations: Vec<(String, u32)>,
    /// `contract`, in file order.
    pub contract: Vec<FileContract>,
}

/// A configuration file that was read without complaint.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file.
    pub source: Arc<Source>,
    /// What it says.
    pub settings: Settings,
}

const KEYS: &[&str] = &[
    "forge",
    "select",
    "extend-select",
    "ignore",
    "exclude",
    "fail-on",
    "severity",
    "coverage",
    "durations",
    "contract",
];
const COVERAGE_KEYS: &[&str] = &["producers", "consumer", "fail-under"];
const SEVERITIES: [(&str, Severity); 3] =
    [("error", Severity::Error), ("warning", Severity::Warning), ("info", Severity::Info)];

impl Config {
    /// Whether `path`, relative to the configuration's folder and written with `/`, is excluded.
    pub fn is_excluded(&self, path: &str) -> bool {
        self.settings.exclude.iter().any(|glob| glob.covers(path))
    }

    /// Every finding of rule `contract` for one workflow: what the fragments for `path` demand, and `--fail-under`
    /// against `coverage.fail-under`. `consumers` are the indices of the jobs that judge coverage, as the analysis
    /// found them; a `coverage.consumer` in the settings overrides it.
    pub fn check(
        &self,
        path: &str,
        workflow: &Workflow<'_>,
        source: &Arc<Source>,
        consumers: &[usize],
    ) -> Vec<Finding> {
        let mut findings: Vec<Finding> = self
            .settings
            .contract
            .iter()
            .filter(|contract| contract.path.is_match(path))
            .flat_map(|contract| contract::check(contract, &self.source, workflow, source))
            .collect();
        findings.extend(threshold::check(&self.settings.coverage, consumers, &self.source, workflow, source));
        findings.sort_by_key(|finding| finding.primary.span);
        findings
    }

    /// A problem for every contract that is about none of `paths`: it would hold on nothing and nobody would notice.
    /// `paths` are all workflows of the repository, relative to the configuration's folder.
    pub fn unused_contracts(&self, paths: &[&str]) -> Vec<Problem> {
        let unused = self.settings.contract.iter().filter(|c| !paths.iter().any(|path| c.path.is_match(path)));
        unused
            .map(|contract| {
                let text = contract.path.text();
                let problem = Problem::at(
                    &self.source,
                    contract.span,
                    format!("the contract for `{text}` is about no workflow"),
                    "no such workflow",
                );
                match crate::did_you_mean(text, paths.iter().copied()) {
                    Some(meant) => problem.help(format!("did you mean `{meant}`?")),
                    None => problem.help("paths are relative to the folder of this file"),
                }
            })
            .collect()
    }
}

/// Reads a `.ci-lint.yml`. A file that is empty or holds only comments is a valid configuration.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn load(source: Arc<Source>, known_rules: &[&str]) -> Result<Config, Vec<Problem>> {
    let mut reader = Reader::new(Arc::clone(&source));
    let settings = read(&mut reader, &source, known_rules);
    let mut problems = reader.problems;
    if problems.is_empty() {
        Ok(Config { source, settings })
    } else {
        problems.sort_by_key(|problem| problem.label.as_ref().map(|label| label.span));
        Err(problems)
    }
}

fn read(reader: &mut Reader, source: &Source, known_rules: &[&str]) -> Settings {
    let mut settings = Settings::default();
    if is_blank(&source.text) {
        return settings;
    }
    if source.text.len() > MAX_BYTES {
        let message = format!("the file has {} bytes; the limit is {MAX_BYTES}", source.text.len());
        reader.problem(Span::default(), message, "too large");
        return settings;
    }
    let tree = match yaml::parse(&source.text) {
        Ok(tree) => tree,
        Err(error) => {
            reader.problem(error.span, error.message, "here");
            if let (Some(help), Some(problem)) = (error.help, reader.problems.last_mut()) {
                problem.help = Some(help);
            }
            return settings;
        }
    };
    for duplicate in &tree.duplicates {
        let line = source.position(duplicate.first.start).line;
        reader.problem(
            duplicate.second,
            format!("the key `{}` is given twice", source.slice(duplicate.second)),
            format!("first given in line {line}"),
        );
    }
    for (key, value) in reader.entries(tree.root(), "the configuration") {
        match key.value.as_str() {
            // `forge:` with nothing behind it says nothing, so nothing is set.
            _ if value.is_null() && KEYS.contains(&key.value.as_str()) => {}
            "forge" => {
                let forges = Dialect::ALL.map(|forge| (forge.key(), forge));
                settings.forge = reader.choice(value, "`forge`", &forges);
            }
            "select" => settings.select = selectors(reader, value, "`select`", known_rules),
            "extend-select" => settings.extend_select = selectors(reader, value, "`extend-select`", known_rules),
            "ignore" => settings.ignore = selectors(reader, value, "`ignore`", known_rules),
            "exclude" => {
                for text in reader.texts(value, "`exclude`") {
                    settings.exclude.extend(glob(reader, &text));
                }
            }
            "fail-on" => settings.fail_on = reader.choice(value, "`fail-on`", &SEVERITIES),
            "severity" => settings.severity = severities(reader, value, known_rules),
            "coverage" => settings.coverage = coverage(reader, value),
            "durations" => settings.durations = durations(reader, value),
            "contract" => {
                let mut compiler = Compiler::default();
                for (path, fragment) in reader.entries(value, "`contract`") {
                    let glob = glob(reader, &path);
                    let pattern = compiler.workflow(reader, fragment);
                    settings.contract.extend(glob.map(|glob| FileContract { path: glob, span: path.span, pattern }));
                }
            }
            unknown => reader.unknown_key(key.span, unknown, "the configuration", KEYS),
        }
    }
    settings
}

/// Whether a text holds no YAML node at all.
fn is_blank(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').lines().map(str::trim).all(|line| {
        line.is_empty() || line.starts_with('#') || line == "---" || line == "..." || line.starts_with("--- #")
    })
}

fn glob(reader: &mut Reader, text: &Spanned<String>) -> Option<PathGlob> {
    match PathGlob::parse(&text.value) {
        Ok(glob) => Some(glob),
        Err(reason) => {
            let help = "`*` and `?` stay in one folder, `**` crosses folders, `[ab]` and `{a,b}` choose, `\\` escapes";
            reader.problem_with_help(text.span, format!("`{}` is no path glob: {reason}", text.value), reason, help);
            None
        }
    }
}

/// Names of rules and groups.
fn selectors(reader: &mut Reader, value: Yaml<'_>, what: &str, rules: &[&str]) -> Vec<RuleName> {
    let groups = Group::ALL.map(Group::name);
    let known: Vec<&str> = rules.iter().copied().chain(groups).chain(["all"]).collect();
    let names = reader.texts(value, what);
    names.into_iter().filter(|name| is_known(reader, name, &known, "rule or group")).collect()
}

fn is_known(reader: &mut Reader, name: &Spanned<String>, known: &[&str], kind: &str) -> bool {
    if known.contains(&name.value.as_str()) {
        return true;
    }
    let is_group = || name.value == "all" || Group::ALL.iter().any(|group| group.name() == name.value);
    let help = match crate::did_you_mean(&name.value, known.iter().copied()) {
        _ if is_group() => "this is a group; name the rules of it one by one".to_owned(),
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the names are {}", quoted(known)),
    };
    let message = format!("there is no {kind} `{}`", name.value);
    reader.problem_with_help(name.span, message, format!("unknown {kind}"), help);
    false
}

fn severities(reader: &mut Reader, value: Yaml<'_>, known: &[&str]) -> BTreeMap<String, Spanned<SeverityOverride>> {
    let mut choices = vec![("off", SeverityOverride::Off)];
    choices.extend(SEVERITIES.map(|(word, severity)| (word, SeverityOverride::As(severity))));
    let mut out = BTreeMap::new();
    for (name, value) in reader.entries(value, "`severity`") {
        let known = is_known(reader, &name, known, "rule");
        let choice = reader.choice(value, &format!("the severity of `{}`", name.value), &choices);
        if let (true, Some(choice)) = (known, choice) {
            out.insert(name.value, Spanned { value: choice, span: name.span });
        }
    }
    out
}

fn coverage(reader: &mut Reader, value: Yaml<'_>) -> CoveragePins {
    let mut pins = CoveragePins::default();
    for (key, value) in reader.entries(value, "`coverage`") {
        match key.value.as_str() {
            _ if value.is_null() && COVERAGE_KEYS.contains(&key.value.as_str()) => {}
            "producers" => pins.producers = reader.texts(value, "`producers`"),
            "consumer" => pins.consumer = reader.text(value, "`consumer`"),
            "fail-under" => pins.fail_under = percentage(reader, value),
            unknown => reader.unknown_key(key.span, unknown, "`coverage`", COVERAGE_KEYS),
        }
    }
    pins
}

/// Minutes by job, as seconds.
fn durations(reader: &mut Reader, value: Yaml<'_>) -> Vec<(String, u32)> {
    let mut found = Vec::new();
    for (job, value) in reader.entries(value, "`durations`") {
        let Some(text) = reader.text(value, &format!("the duration of `{}`", job.value)) else { continue };
        // A week is more than any forge lets a job run.
        match text.value.parse::<f64>().ok().filter(|minutes| *minutes > 0.0 && *minutes <= 10_080.0) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and a week")]
            Some(minutes) => found.push((job.value, (minutes * 60.0).round() as u32)),
            None => {
                let message =
                    format!("the duration of `{}` is `{}`, it must be a number of minutes", job.value, text.value);
                reader.problem(text.span, message, "no number of minutes");
            }
        }
    }
    found
}

fn percentage(reader: &mut Reader, value: Yaml<'_>) -> Option<Spanned<f64>> {
    let text = reader.text(value, "`fail-under`")?;
    let number = text.value.parse::<f64>().ok().filter(|number| (0.0..=100.0).contains(number));
    if number.is_none() {
        let message = format!("`fail-under` is `{}`, it must be a number from 0 to 100", text.value);
        reader.problem(text.span, message, "no percentage");
    }
    number.map(|value| Spanned { value, span: text.span })
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[&str] = &["contract", "coverage-needs", "hidden-files"];

    fn read(text: &str) -> Result<Config, Vec<Problem>> {
        load(Arc::new(Source::new(".ci-lint.yml", text)), RULES)
    }

    /// Message, text at the place, help.
    fn problems(text: &str) -> Vec<(String, String, String)> {
        let problems = read(text).expect_err("an invalid configuration");
        let said = problems.into_iter().map(|problem| {
            let place = problem.label.map(|label| label.source.slice(label.span).to_owned()).unwrap_or_default();
            (problem.message, place, problem.help.unwrap_or_default())
        });
        said.collect()
    }

    #[test]
    fn an_empty_file_is_a_valid_configuration() {
        for text in
            ["", "\u{feff}", "# only\n  # comments\n", "---\n# x\n", "~", "{}", "forge:\ncoverage:\n  consumer:\n"]
        {
            let config = read(text).unwrap_or_else(|problems| panic!("{text:?}: {problems:?}"));
            assert!(config.settings.contract.is_empty() && config.settings.forge.is_none(), "{text:?}");
        }
    }

    #[test]
    fn every_setting_is_read() {
        let text = "\
forge: gitea
select: [contract, coverage-needs]
extend-select: [time]
ignore: hidden-files
exclude: [vendor/, '**/generated-*.yml']
fail-on: warning
severity: {contract: info, hidden-files: off, coverage-needs: error}
coverage: {producers: unit_tests, consumer: coverage, fail-under: 97.5}
durations: {unit_tests: 12, coverage: 37.5}
contract:
  '.forgejo/workflows/*.yml': {name: CI}
  b.yml:
";
        let config = read(text).expect("a valid configuration");
        let settings = &config.settings;
        assert_eq!((settings.forge, settings.fail_on), (Some(Dialect::Gitea), Some(Severity::Warning)));
        let names = |rules: &[RuleName]| rules.iter().map(|rule| rule.value.clone()).collect::<Vec<_>>();
        assert_eq!(names(&settings.select), ["contract", "coverage-needs"]);
        assert_eq!(names(&settings.extend_select), ["time"]);
        assert_eq!(names(&settings.ignore), ["hidden-files"]);
        assert!(config.is_excluded("vendor/a/ci.yml") && config.is_excluded("x/generated-1.yml"));
        assert!(!config.is_excluded(".forgejo/workflows/ci.yml"));
        let severity = |rule: &str| settings.severity.get(rule).map(|severity| severity.value);
        assert_eq!(severity("contract"), Some(SeverityOverride::As(Severity::Info)));
        assert_eq!(severity("hidden-files"), Some(SeverityOverride::Off));
        assert_eq!(settings.coverage.producers[0].value, "unit_tests");
        assert_eq!(settings.durations, [("unit_tests".to_owned(), 720), ("coverage".to_owned(), 2250)]);
        assert_eq!(settings.coverage.fail_under.as_ref().map(|f| f.value), Some(97.5));
        assert_eq!(text[settings.coverage.consumer.as_ref().expect("set").span.start..].find("coverage"), Some(0));
        assert_eq!(settings.contract.len(), 2);
        let unused = config.unused_contracts(&[".forgejo/workflows/ci.yml", "c.yml"]);
        assert_eq!(unused.len(), 1);
        assert_eq!(unused[0].message, "the contract for `b.yml` is about no workflow");
        assert_eq!(unused[0].help.as_deref(), Some("did you mean `c.yml`?"));
    }

    #[test]
    fn a_configuration_can_be_shared_between_threads() {
        fn shared<T: Send + Sync>() {}
        shared::<Config>();
    }

    #[test]
    fn everything_wrong_is_said_at_once() {
        let text = "\
forge: gitlab
selct: [contract]
ignore: [coverage-need, 3, [x]]
exclude: ['a[b', '']
fail-on: warnings
severity: {contract: fatal, nothing: off}
coverage: {producer: x, consumer: [a], fail-under: 101}
contract:
  /abs.yml: {jobs: {a: {need: b}}}
  a.yml: {name: /(/}
forge: github
";
        let expected = [
            ("`forge` cannot be `gitlab`", "gitlab", "did you mean `gitea`?"),
            ("the configuration has no key `selct`", "selct", "did you mean `select`?"),
            ("there is no rule or group `coverage-need`", "coverage-need", "did you mean `coverage-needs`?"),
            ("there is no rule or group `3`", "3", "the names are `contract`, `coverage-needs`, `hidden-files`"),
            ("an item of `ignore` is a list, it must be a text", "[x]", ""),
            ("`a[b` is no path glob: a `[` is not closed", "'a[b'", "`*` and"),
            ("an item of `exclude` is empty", "''", ""),
            ("`fail-on` cannot be `warnings`", "warnings", "did you mean `warning`?"),
            ("the severity of `contract` cannot be `fatal`", "fatal", "it is one of `off`, `error`, `warning`, `info`"),
            ("there is no rule `nothing`", "nothing", "the names are"),
            ("`coverage` has no key `producer`", "producer", "did you mean `producers`?"),
            ("`consumer` is a list, it must be a text", "[a]", ""),
            ("`fail-under` is `101`, it must be a number from 0 to 100", "101", ""),
            (
                "`/abs.yml` is no path glob: it is absolute; paths are relative to the folder of this file",
                "/abs.yml",
                "`*` and",
            ),
            ("a job has no key `need`", "need", "did you mean `needs`?"),
            ("not a regular expression: unclosed group", "/(/", "a value that starts"),
            ("the key `forge` is given twice", "forge", ""),
        ];
        let said = problems(text);
        assert_eq!(said.len(), expected.len(), "{said:#?}");
        for ((message, place, help), (want, at, hint)) in said.iter().zip(expected) {
            assert_eq!((message.as_str(), place.as_str()), (want, at));
            assert!(help.starts_with(hint), "{message}: {help}");
        }
    }

    #[test]
    fn what_is_no_mapping_or_no_yaml_is_said() {
        assert_eq!(problems("- a\n")[0].0, "the configuration is a list, it must be a mapping");
        assert_eq!(problems("contract: [a]\n")[0].0, "`contract` is a list, it must be a mapping");
        assert_eq!(problems("severity: x\n")[0].0, "`severity` is a text, it must be a mapping");
        assert_eq!(problems("1: x\n[a]: b\n").len(), 2);
        assert!(problems("a: b: c\n")[0].0.contains("not valid YAML"));
        let bomb = (1..30).fold("a0: &a0 [x, x]\n".to_owned(), |text, n| {
            let refs = vec![format!("*a{}", n - 1); 9].join(", ");
            format!("{text}a{n}: &a{n} [{refs}]\n")
        });
        assert!(problems(&bomb)[0].0.contains("aliases expand"));
        assert!(problems(&"[".repeat(100_000))[0].0.contains("not valid YAML"));
    }
}

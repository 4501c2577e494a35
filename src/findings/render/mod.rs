//! A [`Report`] as text: for people, for programs, for code scanning and for a forge's log.
//!
//! Every writer is a pure function of the report and [`Options`]. What a workflow file contains is hostile until proven
//! otherwise: nothing from it reaches a terminal or a forge's log without passing through `plain`.

mod github;
mod human;
mod json;
mod plain;
mod sarif;
mod snippet;

use std::path::{Component, Path};

pub(crate) use github::{escape_data, escape_property};
pub(crate) use plain::stand_in;

use super::{Finding, Label, Report, RuleInfo};
use crate::source::{Position, Source, Span};

/// The project's home from the package's metadata; empty when there is none.
const REPOSITORY: &str = env!("CARGO_PKG_REPOSITORY");

/// What a report is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// Source snippets with labels, for a terminal.
    #[default]
    Human,
    /// One JSON document; `docs/findings.schema.json` describes it.
    Json,
    /// SARIF 2.1.0, for code scanning.
    Sarif,
    /// Workflow commands (`::error …`), which become annotations in a forge's log.
    Github,
}

impl Format {
    /// Every format, in the order of the documentation.
    pub const ALL: [Self; 4] = [Self::Human, Self::Json, Self::Sarif, Self::Github];

    /// `human`, `json`, `sarif` or `github`: the words of the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Json => "json",
            Self::Sarif => "sarif",
            Self::Github => "github",
        }
    }
}

/// How a report is written. All but `version` concern [`Format::Human`] alone.
#[derive(Debug, Clone, Copy)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct Options<'a> {
    /// Whether to colour the text with ANSI sequences.
    pub color: bool,
    /// Columns to wrap and to shorten long lines at; less than 40 counts as 40.
    pub width: usize,
    /// Whether to say of every finding how sure it is and where its rule is documented, not only at a rule's first.
    pub verbose: bool,
    /// Whether to leave the summary out.
    pub quiet: bool,
    /// Whether to write the documentation's address as a terminal hyperlink.
    pub hyperlinks: bool,
    /// The version of this program.
    pub version: &'a str,
    /// The rules there are, for formats that describe them.
    pub rules: &'a [RuleInfo],
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            color: false,
            width: 100,
            verbose: false,
            quiet: false,
            hyperlinks: false,
            version: env!("CARGO_PKG_VERSION"),
            rules: &[],
        }
    }
}

/// Writes `report` as `format`. The text ends with a line feed unless it is empty.
pub fn render(report: &Report, format: Format, options: &Options<'_>) -> String {
    match format {
        Format::Human => human::render(report, options, REPOSITORY),
        Format::Json => json::render(report, options),
        Format::Sarif => sarif::render(report, options, options.rules, REPOSITORY),
        Format::Github => github::render(report),
    }
}

/// What a run that mends has done, in one sentence.
pub fn mended(report: &Report) -> String {
    human::mended(report)
}

/// Where a rule is documented in the project at `repository`.
fn rule_url(repository: &str, rule: &str) -> Option<String> {
    let repository = repository.trim_end_matches('/');
    (!repository.is_empty()).then(|| format!("{repository}/blob/main/docs/rules.md#{rule}"))
}

/// A path with forward slashes and without a leading `./`.
fn slashed(path: &Path) -> String {
    let mut out = String::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::RootDir => out.push('/'),
            Component::Prefix(prefix) => out.push_str(&prefix.as_os_str().to_string_lossy()),
            Component::ParentDir | Component::Normal(_) => {
                if !out.is_empty() && !out.ends_with('/') {
                    out.push('/');
                }
                out.push_str(&component.as_os_str().to_string_lossy());
            }
        }
    }
    out
}

/// First and last position of a span; the last is the one behind its last character.
fn range(source: &Source, span: Span) -> (Position, Position) {
    let start = source.position(span.start);
    (start, source.position(span.end.max(span.start)).max(start))
}

/// Whether two labels stand in the same file.
fn same_file(a: &Label, b: &Label) -> bool {
    std::sync::Arc::ptr_eq(&a.source, &b.source) || a.source.path == b.source.path
}

/// The message of a finding and, after `joint`, what to do about it.
fn message_and_help(finding: &Finding, joint: &str) -> String {
    match &finding.help {
        Some(help) => format!("{}{joint}{help}", finding.message),
        None => finding.message.clone(),
    }
}

#[cfg(test)]
mod samples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_written_with_forward_slashes() {
        assert_eq!(slashed(Path::new("./.github/workflows/ci.yml")), ".github/workflows/ci.yml");
        assert_eq!(slashed(Path::new("../a//b.yml")), "../a/b.yml");
        assert_eq!(slashed(Path::new("/srv/ci.yml")), "/srv/ci.yml");
    }

    #[test]
    fn a_rule_has_an_address_only_in_a_published_project() {
        assert_eq!(rule_url("", "a-rule"), None);
        assert_eq!(
            rule_url("https://forge.example/o/r/", "a-rule").as_deref(),
            Some("https://forge.example/o/r/blob/main/docs/rules.md#a-rule")
        );
    }

    /// Writes every sample in the machine formats where the schema test looks for them.
    #[test]
    fn samples_are_written_for_the_schema_test() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/schema-samples");
        std::fs::create_dir_all(&folder).expect("target is writable");
        for (name, report) in samples::all() {
            for format in [Format::Json, Format::Sarif] {
                let text = render(&report, format, &Options { version: "1.2.3", ..Options::default() });
                std::fs::write(folder.join(format!("{name}.{}.json", format.name())), text)
                    .expect("target is writable");
            }
        }
        let rules = sarif::render(
            &samples::needs(),
            &Options { version: "1.2.3", ..Options::default() },
            samples::RULES,
            "https://forge.example/o/r",
        );
        std::fs::write(folder.join("rules.sarif.json"), rules).expect("target is writable");
    }
}

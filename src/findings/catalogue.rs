//! What is known of a rule without running it, for every output format. The rules hand this in: findings know no rule.

use std::fmt::Write as _;

use super::{Confidence, Severity};
use crate::workflow::dialect::Dialect;

/// What a rule is about. `--select` and `--ignore` take a group's name for all its rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Group {
    /// Coverage and artifacts between jobs. On by default.
    Flow,
    /// What a run costs in time. Runs only when it is selected: most workflows would have a finding, and none is broken.
    Time,
    /// Who may run what. On by default.
    Security,
    /// The linter's own inputs: syntax, contract, suppressions. On by default.
    Input,
}

impl Group {
    /// All groups, in the order of the reference.
    pub const ALL: [Self; 4] = [Self::Flow, Self::Time, Self::Security, Self::Input];

    /// The word users write.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Flow => "flow",
            Self::Time => "time",
            Self::Security => "security",
            Self::Input => "input",
        }
    }

    /// Whether its rules run when nothing is selected.
    pub fn is_default(self) -> bool {
        self != Self::Time
    }
}

/// Whether a rule's findings can be mended by `--fix`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fixable {
    /// By hand only.
    No,
    /// By `--fix`: the meaning of the workflow changes only in what the finding names.
    Safe,
    /// By `--unsafe-fixes`: somebody should look at the result.
    Unsafe,
}

impl Fixable {
    /// `no`, `safe` or `unsafe`.
    pub fn name(self) -> &'static str {
        match self {
            Self::No => "no",
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
        }
    }
}

/// What a rule is, as `--list-rules`, `--explain` and every output format tell it.
#[derive(Debug, Clone, Copy)]
pub struct RuleInfo {
    /// The name users write: kebab case, unique.
    pub id: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// The severity of its worst finding.
    pub severity: Severity,
    /// The confidence of its surest finding.
    pub confidence: Confidence,
    /// What it is about.
    pub group: Group,
    /// The forges it looks at.
    pub dialects: &'static [Dialect],
    /// Whether `--fix` mends it, or some of it.
    pub fix: Fixable,
    /// Documentation in Markdown, taken from the doc comment of the rule's own file.
    pub docs: &'static str,
}

impl RuleInfo {
    /// A rule of the flow group for every forge, sure of itself and without a fix: what a declaration starts from.
    pub(crate) const PLAIN: Self = Self {
        id: "",
        summary: "",
        severity: Severity::Error,
        confidence: Confidence::High,
        group: Group::Flow,
        dialects: &Dialect::ALL,
        fix: Fixable::No,
        docs: "",
    };

    /// The rule's page in Markdown: a heading and the doc comment of its file.
    pub fn page(&self) -> String {
        let dialects = match self.dialects.len() {
            n if n == Dialect::ALL.len() => "all".to_owned(),
            _ => self.dialects.iter().map(|d| d.name()).collect::<Vec<_>>().join(", "),
        };
        let mut page = format!(
            "## {}\n\n{}.\n\nGroup: {}. Severity: {}. Confidence: {}. Forges: {}. Fix: {}.\n\n",
            self.id,
            self.summary,
            self.group.name(),
            self.severity,
            self.confidence.name(),
            dialects,
            self.fix.name(),
        );
        for line in self.docs.lines() {
            // `/// text` reaches us as ` text`.
            let _ = writeln!(page, "{}", line.strip_prefix(' ').unwrap_or(line));
        }
        page
    }
}

/// The rule whose name is nearest to a misspelt one.
pub fn suggest<'r>(rules: &'r [RuleInfo], id: &str) -> Option<&'r str> {
    crate::did_you_mean(id, rules.iter().map(|rule| rule.id))
}

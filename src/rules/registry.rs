//! The list of rules and what is known of each without running it.

use crate::findings::Severity;

/// What a rule is, as `--list-rules`, `--explain` and every output format tell it.
#[derive(Debug, Clone, Copy)]
pub struct RuleInfo {
    /// The name users write: kebab case, unique.
    pub id: &'static str,
    /// One line: what it finds.
    pub summary: &'static str,
    /// The severity of its worst finding.
    pub severity: Severity,
    /// Documentation in Markdown, taken from the doc comment of the rule's own file.
    pub docs: &'static str,
}

/// Every rule, in the order of the reference.
pub fn all() -> &'static [RuleInfo] {
    &[]
}

/// The rule of this name.
pub fn find(id: &str) -> Option<&'static RuleInfo> {
    all().iter().find(|rule| rule.id == id)
}

/// The rule whose name is nearest to a misspelt one.
pub fn suggest(id: &str) -> Option<&'static str> {
    crate::did_you_mean(id, all().iter().map(|rule| rule.id))
}

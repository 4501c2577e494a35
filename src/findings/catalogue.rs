//! What is known of a rule without running it, for every output format. The rules hand this in: findings know no rule.

use std::fmt::Write as _;

use super::Severity;

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

impl RuleInfo {
    /// The rule's page in Markdown: a heading and the doc comment of its file.
    pub fn page(&self) -> String {
        let mut page = format!("## {}\n\n{}. Severity: {}.\n\n", self.id, self.summary, self.severity);
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

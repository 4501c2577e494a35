//! The rules. One rule, one file: metadata, documentation and check.
//!
//! A rule sees the model and the flow graph, never raw YAML, and returns findings; it reads no file and prints nothing.
//! What cannot be known is silent. To add a rule, see CONTRIBUTING.md.

/// Declares a rule: its documentation is the doc comment, which `--explain` and `docs/rules.md` print as it stands. What
/// differs from `RuleInfo::PLAIN` follows the check: `group: Time`, `confidence: Medium`, `fix: Safe`,
/// `dialects: [Forgejo, Gitea]`.
macro_rules! rule {
    (@ group $value:ident) => { crate::findings::Group::$value };
    (@ confidence $value:ident) => { crate::findings::Confidence::$value };
    (@ fix $value:ident) => { crate::findings::Fixable::$value };
    (@ dialects [$($value:ident),*]) => { &[$(crate::workflow::dialect::Dialect::$value),*] };
    (
        $(#[doc = $doc:literal])* $id:literal, $severity:ident, $summary:literal, $check:expr
        $(, $field:ident: $value:tt)* $(,)?
    ) => {
        $(#[doc = $doc])*
        pub(super) static RULE: crate::rules::Rule = crate::rules::Rule {
            info: crate::findings::RuleInfo {
                id: $id,
                severity: crate::findings::Severity::$severity,
                summary: $summary,
                docs: concat!($($doc, "\n"),*),
                $($field: rule!(@ $field $value),)*
                ..crate::findings::RuleInfo::PLAIN
            },
            check: $check,
        };
    };
}

mod registry;

mod artifact_unmatched;
mod contract;
mod coverage_download;
mod coverage_needs;
mod coverage_upload;
mod dead_input;
mod hidden_files;
mod layout_mismatch;
mod matrix_collision;
mod tests_twice;
mod untrusted_local_action;
mod unused_suppression;
mod version_mix;
mod workflow_syntax;

use std::sync::Arc;

pub use registry::{all, find, list, reference, suggest};

use crate::findings::{Confidence, Finding, Label, RuleInfo};
use crate::flow::Flow;
use crate::source::{Source, Span};
use crate::workflow::Workflow;
use crate::workflow::dialect::Dialect;

/// What a rule sees.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a, 'd> {
    /// The file, for labels.
    pub source: &'a Arc<Source>,
    /// The model.
    pub workflow: &'a Workflow<'d>,
    /// The flow graph over it.
    pub flow: &'a Flow<'d>,
    /// Which forge's rules apply.
    pub dialect: Dialect,
}

impl Context<'_, '_> {
    /// A label in the workflow file.
    pub fn label(&self, span: Span, text: impl Into<String>) -> Label {
        Label { source: Arc::clone(self.source), span, text: text.into() }
    }
}

/// A rule: what it is, and how it looks for the defect.
#[derive(Debug, Clone, Copy)]
struct Rule {
    info: RuleInfo,
    check: for<'a, 'd> fn(&Context<'a, 'd>) -> Vec<Finding>,
}

impl Rule {
    /// A finding of this rule, at its own severity and full confidence.
    fn finding(&self, message: impl Into<String>, primary: Label) -> Finding {
        Finding {
            rule: self.info.id,
            severity: self.info.severity,
            confidence: Confidence::High,
            message: message.into(),
            primary,
            related: Vec::new(),
            help: None,
        }
    }
}

/// Runs every rule that `active` lets through.
pub fn check(context: &Context<'_, '_>, active: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in registry::RULES.iter().filter(|rule| active(rule.info.id)) {
        findings.extend((rule.check)(context));
    }
    findings
}

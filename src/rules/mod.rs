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
mod cache_key;
mod cache_off;
mod checkout_wipes_data;
mod concurrency;
mod contract;
mod coverage_cache;
mod coverage_download;
mod coverage_gate;
mod coverage_needs;
mod coverage_sequential;
mod coverage_upload;
mod dead_input;
mod double_trigger;
mod duplicate_setup;
mod hidden_files;
mod if_no_files_found;
mod job_timeout;
mod layout_mismatch;
mod matrix_collision;
mod merge_collision;
mod merge_delete_race;
mod partial_data;
mod platform_version;
mod pycache_cache;
mod remedy;
mod retention;
mod tests_twice;
mod untrusted_local_action;
mod unused_suppression;
mod version_mix;
mod workflow_syntax;

use std::sync::Arc;

pub use registry::{ALL, all, find, is_selector, list, reference, suggest, suggest_selector};

use crate::findings::{Confidence, Finding, Group, Label, RuleInfo};
use crate::flow::Flow;
use crate::source::{Source, Span};
use crate::workflow::Workflow;
use crate::workflow::dialect::Dialect;

/// What a rule sees.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a, 'd> {
    /// The file, for labels.
    pub source: &'a Arc<Source>,
    /// The model, with what the workflow calls in its own repository put in: what the flow graph counts.
    pub workflow: &'a Workflow<'d>,
    /// The model of the file alone, for rules about what is written there.
    pub written: &'a Workflow<'d>,
    /// The flow graph over it.
    pub flow: &'a Flow<'d>,
    /// Which forge's rules apply.
    pub dialect: Dialect,
    /// Whether somebody said which forge it is: a path alone may be read by several.
    pub forge_is_named: bool,
}

impl Context<'_, '_> {
    /// The job of the file itself that this one of the model is; `None` for one of a called file. Fixes count so.
    pub fn own_job(&self, job: usize) -> Option<usize> {
        let job = self.workflow.jobs.get(job)?;
        self.written.jobs.iter().position(|own| own.node == job.node && own.id.node == job.id.node)
    }

    /// The step of the file itself that this one of the model is, by its job and index; `None` for one of a called file.
    pub fn own_step(&self, job: usize, step: usize) -> Option<(usize, usize)> {
        let own = self.own_job(job)?;
        let step = self.workflow.jobs[job].steps.get(step)?;
        let at = self.written.jobs[own].steps.iter().position(|own| own.node == step.node)?;
        Some((own, at))
    }

    /// A label in the workflow file, or in the file it calls that the place is in.
    pub fn label(&self, span: Span, text: impl Into<String>) -> Label {
        let (source, span) = match self.workflow.called_file(span) {
            Some((file, span)) => (&file.source, span),
            None => (self.source, span),
        };
        Label { source: Arc::clone(source), span, text: text.into() }
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
            fix: None,
        }
    }
}

/// Runs every rule that `active` lets through.
pub fn check(context: &Context<'_, '_>, active: &dyn Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    for rule in registry::RULES.iter().filter(|rule| active(rule.info.id)) {
        let found = (rule.check)(context);
        findings.extend(found.into_iter().filter_map(|finding| in_own_file(context, finding, rule.info.group)));
    }
    findings
}

/// A finding in a file that the workflow calls is shown where the workflow calls it: there it can be silenced, and there
/// the rest of the defect lies. What costs time there is said when that file is linted itself.
fn in_own_file(context: &Context<'_, '_>, mut finding: Finding, group: Group) -> Option<Finding> {
    let files = &context.workflow.files;
    let Some(file) = files.iter().find(|file| Arc::ptr_eq(&file.source, &finding.primary.source)) else {
        return Some(finding);
    };
    if group == Group::Time {
        return None;
    }
    let call = context.workflow.own_place(Span::new(file.base, file.base));
    let place = std::mem::replace(&mut finding.primary, context.label(call, "in what is called here"));
    finding.related.insert(0, place);
    Some(finding)
}

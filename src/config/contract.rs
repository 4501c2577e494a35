//! Holding a workflow against the fragment that `contract:` demands of it. `docs/contract.md` is the reference.

mod check;
mod place;
mod steps;
#[cfg(test)]
mod tests;
mod violation;

use std::sync::Arc;

use super::glob::PathGlob;
use super::pattern::Pattern;
use crate::findings::{Confidence, Finding, Label, Severity};
use crate::source::{Source, Span};
use crate::workflow::Workflow;

use violation::{Outcome, Violation};

/// The rule of every finding made here.
pub const RULE: &str = "contract";

/// What the contract demands of the workflows a path names.
#[derive(Debug, Clone)]
pub struct FileContract {
    /// Which workflows.
    pub path: PathGlob,
    /// Where the path is written.
    pub span: Span,
    /// What must hold.
    pub pattern: Pattern,
}

/// Every violation of `contract` by `workflow`, in the order of the workflow. The caller has seen to it that
/// `contract.path` names the workflow.
pub fn check(
    contract: &FileContract,
    config_source: &Arc<Source>,
    workflow: &Workflow<'_>,
    source: &Arc<Source>,
) -> Vec<Finding> {
    let mut outcome = Outcome::full();
    check::check_workflow(&contract.pattern, workflow, &mut outcome);
    let mut findings: Vec<Finding> =
        outcome.violations.into_iter().map(|violation| finding(violation, config_source, source)).collect();
    findings.sort_by_key(|finding| (finding.primary.span, finding.related.first().map(|label| label.span)));
    findings
}

fn finding(violation: Violation, config_source: &Arc<Source>, source: &Arc<Source>) -> Finding {
    let mut related = vec![Label {
        source: Arc::clone(config_source),
        span: violation.demand,
        text: violation.demand_label.to_owned(),
    }];
    if let Some((span, text)) = violation.beside {
        related.push(Label { source: Arc::clone(source), span, text });
    }
    Finding {
        rule: RULE,
        // What cannot be known is no error.
        severity: if violation.unknowable { Severity::Warning } else { Severity::Error },
        confidence: Confidence::High,
        message: violation.message,
        primary: Label { source: Arc::clone(source), span: violation.span, text: violation.label },
        related,
        help: Some(violation.help),
        fix: None,
    }
}

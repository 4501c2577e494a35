//! One remedy after the other, each proved before the next.
//!
//! A remedy stays when the new file reads, has just the value that the change makes of the old one, keeps every comment,
//! and linted again lacks the finding and has none that was not there, but such as can be mended themselves. Else it is taken back. It is tried once more after
//! another has stayed: an artifact must be uploaded before it can be downloaded.

use std::collections::HashMap;

use super::{Refused, apply, check};
use crate::findings::fix::Safety;
use crate::findings::{Finding, Fix, Severity};
use crate::workflow::yaml;

/// More remedies than any file takes; each lints the file once.
const MAX_APPLIED: usize = 500;

/// What came of a file.
#[derive(Debug, Default)]
pub struct Mended {
    /// The text with what stayed.
    pub text: String,
    /// What is found in it.
    pub findings: Vec<Finding>,
    /// What was done, in order.
    pub applied: Vec<Applied>,
    /// What was taken back, or could not be written.
    pub undone: Vec<Undone>,
}

/// A remedy that stayed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The rule.
    pub rule: &'static str,
    /// What was done.
    pub title: String,
}

/// A remedy that did not stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undone {
    /// The rule.
    pub rule: &'static str,
    /// What was tried.
    pub title: String,
    /// Why it was taken back.
    pub why: String,
}

/// Mends `text`, whose `findings` come from `lint`, up to remedies of this safety.
///
/// `lint` reads a text in the place of the file; `None` when it cannot be read.
pub fn mend(text: &str, findings: Vec<Finding>, up_to: Safety, lint: &dyn Fn(&str) -> Option<Vec<Finding>>) -> Mended {
    let mut mended = Mended { text: text.to_owned(), findings, ..Mended::default() };
    while mended.applied.len() < MAX_APPLIED {
        let mut tries: Vec<(&Finding, &Fix)> = mended
            .findings
            .iter()
            .filter_map(|finding| Some((finding, finding.fix.as_ref()?)))
            .filter(|(_, fix)| fix.safety <= up_to && !fix.edits.is_empty())
            .collect();
        // What is safe comes first, so that it is the same with and without the rest.
        tries.sort_by_key(|(_, fix)| fix.safety);
        let mut undone = Vec::new();
        let mut done = None;
        for (finding, fix) in tries {
            match attempt(&mended.text, finding, fix, &mended.findings, up_to, lint) {
                Ok((text, findings)) => {
                    done = Some((text, findings, Applied { rule: finding.rule, title: fix.title.clone() }));
                    break;
                }
                Err(why) => undone.push(Undone { rule: finding.rule, title: fix.title.clone(), why: why.to_string() }),
            }
        }
        mended.undone = undone;
        let Some((text, findings, applied)) = done else { break };
        (mended.text, mended.findings) = (text, findings);
        mended.applied.push(applied);
    }
    // What was tried and did not stay is no remedy.
    for finding in &mut mended.findings {
        finding.fix = finding.fix.take().filter(|fix| fix.safety > up_to);
    }
    mended
}

fn attempt(
    text: &str,
    finding: &Finding,
    fix: &Fix,
    findings: &[Finding],
    up_to: Safety,
    lint: &dyn Fn(&str) -> Option<Vec<Finding>>,
) -> Result<(String, Vec<Finding>), Refused> {
    let tree = yaml::parse(text).map_err(|error| Refused::new(error.to_string()))?;
    let new = apply(text, &fix.edits)?;
    check(&tree, &fix.changes, &new)?;
    let after = lint(&new).ok_or_else(|| Refused::new("the file would no longer be a workflow"))?;
    accept(finding, findings, &after, up_to)?;
    Ok((new, after))
}

/// Whether the finding is gone and no rule has more to say than before. A rule that names one of several defects at a time
/// may name the next, and what is no error may come up when it has a remedy of its own.
fn accept(finding: &Finding, before: &[Finding], after: &[Finding], up_to: Safety) -> Result<(), Refused> {
    let same = |other: &&Finding| other.rule == finding.rule && other.message == finding.message;
    if after.iter().filter(same).count() >= before.iter().filter(same).count() {
        return Err(Refused::new("it would not help"));
    }
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for finding in before {
        *counts.entry(finding.rule).or_default() += 1;
    }
    for finding in after {
        let left = counts.entry(finding.rule).or_default();
        let mendable =
            finding.severity < Severity::Error && finding.fix.as_ref().is_some_and(|fix| fix.safety <= up_to);
        if *left == 0 && !mendable {
            return Err(Refused::new(format!("it would bring a new finding: {}", finding.message)));
        }
        *left = left.saturating_sub(1);
    }
    let worst = |findings: &[Finding]| findings.iter().filter(|f| f.severity == Severity::Error).count();
    if worst(after) > worst(before) {
        return Err(Refused::new("it would bring a new error"));
    }
    Ok(())
}

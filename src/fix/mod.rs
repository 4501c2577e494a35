//! Remedies: from what a rule wants changed in the model to edits of the file, and the proof that nothing else changed.
//!
//! - [`edits`] turns changes into edits. It knows how YAML is written: block and flow style, indentation, quotes, line ends.
//! - `outcome` says what value the file must have afterwards, from the old value and the changes alone.
//! - [`rounds`] applies one remedy at a time, reads the file again, lints it again, and takes back what does not hold.
//!
//! The two ways to the new file, by its text and by its value, know nothing of each other: an edit that hits an anchor used
//! elsewhere, a comment, or a line it does not understand, gives another value than the change does, and is refused.

pub mod diff;
mod edits;
mod outcome;
mod place;
pub mod rounds;
mod scalar;
mod write;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::findings::Finding;
use crate::findings::fix::{Change, Edit};
use crate::source::Source;
use crate::workflow::Workflow;
use crate::workflow::yaml::{self, Tree};

pub use edits::edits;

/// Why a change cannot be made: one sentence for `--verbose`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub String);

impl Refused {
    fn new(why: impl Into<String>) -> Self {
        Self(why.into())
    }
}

/// Works out the edits of every finding's remedy; a remedy that cannot be written into this file is dropped.
pub fn work_out(workflow: &Workflow<'_>, source: &Arc<Source>, findings: &mut [Finding]) {
    for finding in findings {
        let Some(fix) = &mut finding.fix else { continue };
        match edits(workflow, &fix.changes) {
            Ok(edits) => (fix.edits, fix.file) = (edits, Some(Arc::clone(source))),
            Err(_) => finding.fix = None,
        }
    }
}

/// `text` with these edits, which are in order and do not overlap.
///
/// # Errors
/// When they do overlap, or do not fit the text.
pub fn apply(text: &str, edits: &[Edit]) -> Result<String, Refused> {
    let mut out = String::with_capacity(text.len() + edits.iter().map(|edit| edit.text.len()).sum::<usize>());
    let mut at = 0;
    for edit in edits {
        let kept = text.get(at..edit.span.start).filter(|_| text.is_char_boundary(edit.span.end));
        out.push_str(kept.ok_or_else(|| Refused::new("two of its edits overlap"))?);
        out.push_str(&edit.text);
        at = edit.span.end;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}

/// Holds the new text against the old one: its value is the old value with these changes, every comment is there, and
/// every line ends as the lines before did.
///
/// # Errors
/// What differs.
pub fn check(before: &Tree<'_>, changes: &[Change], after: &str) -> Result<(), Refused> {
    let tree = yaml::parse(after).map_err(|error| Refused::new(format!("the file would be broken: {error}")))?;
    let workflow = Workflow::read(before.root()).map_err(|(_, message)| Refused::new(message))?;
    let expected = outcome::expected(&workflow, changes)?;
    if !expected.same(&outcome::Node::read(tree.root())) {
        return Err(Refused::new("more than the finding names would change"));
    }
    if !before.comments.iter().map(|c| comment(before, c)).eq(tree.comments.iter().map(|c| comment(&tree, c))) {
        return Err(Refused::new("a comment would change"));
    }
    if before.duplicates.len() != tree.duplicates.len() {
        return Err(Refused::new("a key would be there twice"));
    }
    let crlf = |text: &str| (text.matches("\r\n").count(), text.matches('\n').count());
    let ((old_crlf, old), (new_crlf, new)) = (crlf(before.text()), crlf(after));
    if (old_crlf == 0 && new_crlf > 0) || (old_crlf == old && new_crlf != new) {
        return Err(Refused::new("the line ends would change"));
    }
    Ok(())
}

fn comment<'d>(tree: &Tree<'d>, comment: &yaml::Comment) -> &'d str {
    tree.text().get(comment.span.start..comment.span.end).unwrap_or_default().trim_end()
}

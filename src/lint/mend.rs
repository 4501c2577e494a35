//! `--fix` and `--diff`: mends one file, and writes or shows it.

use std::sync::Arc;

use super::{FileReport, Mend, Options, Task, lint};
use crate::files;
use crate::findings::Problem;
use crate::fix::{diff, rounds};
use crate::source::Source;

/// What came of mending a file.
#[derive(Debug, Default)]
pub(super) struct Result {
    /// Whether it is another file now, or would be.
    pub(super) changed: bool,
    /// Findings that are gone.
    pub(super) fixed: usize,
    /// What would change, where it is only shown.
    pub(super) diff: String,
    /// What was done and what was taken back, for `--verbose`.
    pub(super) notes: Vec<String>,
}

/// Mends the file of `task`, in which `report` was found.
pub(super) fn file(task: &Task, options: &Options, how: Mend, source: &Arc<Source>, report: FileReport) -> FileReport {
    let again = |text: &str| lint(&Arc::new(Source::new(source.path.clone(), text)), task, options).ok();
    let found = report.findings.len();
    let FileReport { findings, .. } = report;
    let mended = rounds::mend(&source.text, findings, how.up_to, &|text| again(text).map(|report| report.findings));
    let name = task.path.display();
    let mut notes: Vec<String> =
        mended.applied.iter().map(|done| format!("{name}: {}: {}", done.rule, done.title)).collect();
    notes.extend(
        mended
            .undone
            .iter()
            .map(|undone| format!("{name}: {}: not done: {}: {}", undone.rule, undone.title, undone.why)),
    );
    let mut result = Result {
        changed: mended.text != source.text,
        fixed: mended.applied.len().max(found.saturating_sub(mended.findings.len())),
        notes,
        ..Result::default()
    };
    let mut problems = Vec::new();
    if how.show_only {
        result.diff = diff::unified(&task.path, &source.text, &mended.text);
    } else if result.changed
        && let Err(error) = files::rewrite(&task.path, mended.text.as_bytes())
    {
        problems.push(
            Problem::with_path(&task.path, format!("cannot be written: {error}"))
                .help("the file is as it was; `--diff` shows what would change"),
        );
        result = Result { notes: result.notes, ..Result::default() };
    }
    // A suppression or a job may have come or gone with the text.
    let last = again(&mended.text).unwrap_or_default();
    FileReport { findings: mended.findings, problems, mended: Some(result), ..last }
}

//! Telling what was found: comment, job summary, commit status, outputs, annotations.
//!
//! ```text
//! baseline::find ─► Story ─► Texts ─► post ─► finish
//!   (forge)        (pure)   (pure)  (forge)  (files)
//! ```
//!
//! [`Texts`] are pure functions of one [`Story`]; what is posted and what `--dry-run` prints are the same texts. Posting degrades
//! softly: what the token may not do is left out with one notice, the texts go to log and summary, and the gate decides.

pub mod annotations;
pub mod baseline;
pub mod comment;
pub mod escape;
pub mod outputs;
mod page;
mod parts;
pub mod status;
pub mod sticky;
pub mod story;
pub mod summary;
#[cfg(test)]
mod tests;

use std::hash::{BuildHasher as _, Hasher as _};
use std::path::Path;

use crate::files;
use crate::forge::statuses::{self, CommitStatus};
use crate::forge::{Client, Context, ForgeError, comments};

use super::gate::Verdict;
use annotations::Level;
use comment::Marker;
use outputs::Places;
use status::Status;
pub use story::Story;

/// When there is a comment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum CommentPolicy {
    /// When a gate fails, data is missing or the total falls. One that is there is updated in any case.
    #[default]
    Auto,
    /// On every pull request.
    Always,
    /// Never.
    Never,
}

/// What is told where. Each part can be switched off.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The comment on the pull request.
    pub comment: CommentPolicy,
    /// The commit status.
    pub status: bool,
    /// The job summary.
    pub summary: bool,
    /// Annotations on missing lines.
    pub annotations: Option<Level>,
    /// What cannot be posted is an error, [`Posted::error`].
    pub require_posting: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { comment: CommentPolicy::Auto, status: true, summary: true, annotations: None, require_posting: false }
    }
}

/// What is posted, ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Texts {
    /// The comment's first line, by which it is found again.
    pub marker: Marker,
    /// The comment, and whether one is created where there is none; `None` if there is to be no comment at all.
    pub comment: Option<(String, bool)>,
    /// The commit status.
    pub status: Option<Status>,
    /// Workflow commands for the log; empty when switched off.
    pub annotations: String,
}

impl Texts {
    /// The texts of a story.
    pub fn of(story: &Story, options: &Options) -> Self {
        let wanted = match options.comment {
            CommentPolicy::Never => None,
            CommentPolicy::Always => Some(true),
            CommentPolicy::Auto => Some(story.judgement.verdict != Verdict::Passed || story.fell()),
        };
        let pull = matches!(story.subject, story::Subject::PullRequest(_));
        Self {
            marker: Marker::of(story.key, story.head),
            comment: wanted.filter(|_| pull).map(|create| (comment::comment(story), create)),
            status: options.status.then(|| status::status(story)),
            annotations: options.annotations.map(|level| annotations::annotations(story, level)).unwrap_or_default(),
        }
    }

    /// What `--dry-run` prints: every text that would be posted, byte by byte, each below a line that says where it would go.
    /// For a terminal, pass it through [`escape::log`].
    pub fn dry_run(&self, story: &Story, options: &Options) -> String {
        let mut out = String::new();
        let mut section = |title: &str, text: &str| {
            out.push_str("--- ");
            out.push_str(title);
            out.push_str(" ---\n");
            out.push_str(text);
            if !text.ends_with('\n') {
                out.push('\n');
            }
        };
        match &self.comment {
            Some((text, true)) => section("comment: created or updated", text),
            Some((text, false)) => section("comment: updated if there is one, not created", text),
            None => section("comment: none", ""),
        }
        if let Some(status) = &self.status {
            let url = status.target_url.as_deref().unwrap_or_default();
            let text = format!("{}: {}\n{url}", status.state, status.description);
            section(&format!("commit status {} of {}", status.context, story.head), text.trim_end());
        }
        if options.summary {
            section("job summary", &summary::summary(story, &[]));
        }
        section("outputs", &outputs::file(&outputs::outputs(story, Places::default()), &delimiter()));
        if !self.annotations.is_empty() {
            section("annotations", &self.annotations);
        }
        out
    }
}

/// What posting came to.
#[derive(Debug, Default)]
pub struct Posted {
    /// The comment; `None` if there was to be none, or it failed.
    pub comment: Option<sticky::Outcome>,
    /// Whether the status is set.
    pub status: bool,
    /// What could not be posted, why, and what to do: one sentence for log and summary.
    pub notice: Option<String>,
    /// Text for the log in place of what could not be posted. Escape it with [`escape::log`].
    pub instead: Option<String>,
    /// What a caller that requires posting has to report: the first thing that failed. Only set if that was asked for.
    pub error: Option<ForgeError>,
}

/// Posts comment and status. Never fails: see [`Posted`].
pub async fn post(client: &Client, context: &Context, story: &Story<'_>, texts: &Texts, options: &Options) -> Posted {
    let mut posted = Posted::default();
    let mut failures: Vec<(&'static str, &'static str, ForgeError)> = Vec::new();
    if !client.has_token() {
        if texts.comment.as_ref().is_some_and(|(_, create)| *create) || texts.status.is_some() {
            let words = "nothing is posted without a token: give the input `token`, such as `${{ github.token }}`";
            posted.notice = Some(words.to_owned());
            posted.error = options.require_posting.then(|| ForgeError::Setup(words.to_owned()));
            posted.instead = instead(texts);
        }
        return posted;
    }
    if let (Some((text, create)), story::Subject::PullRequest(number)) = (&texts.comment, story.subject) {
        match sticky::post(client, context, number, &texts.marker, story.head, text, *create).await {
            Ok(outcome) => posted.comment = Some(outcome),
            // Where none was to be created, a token that may not write has nothing to answer for.
            Err(error) if !create && refused(&error) => {}
            Err(error) => {
                posted.instead = instead(texts);
                failures.push(("comment", comments::NEEDS, error));
            }
        }
    }
    if let Some(status) = &texts.status {
        let set = CommitStatus {
            state: status.state.to_owned(),
            context: status.context.clone(),
            description: status.description.clone(),
        };
        match statuses::set(client, context, story.head, &set, status.target_url.as_deref()).await {
            Ok(()) => posted.status = true,
            Err(error) => failures.push(("commit status", statuses::NEEDS, error)),
        }
    }
    posted.notice = notice(context, &failures);
    if options.require_posting {
        posted.error = failures.into_iter().next().map(|(_, _, error)| error);
    }
    posted
}

/// The comment for the log, if one was to be created.
fn instead(texts: &Texts) -> Option<String> {
    let (text, create) = texts.comment.as_ref()?;
    create.then(|| text.split_once('\n').map_or_else(String::new, |(_, text)| text.to_owned()))
}

/// The token may not, or may not even see.
fn refused(error: &ForgeError) -> bool {
    error.is_permission() || error.is_not_found()
}

/// One sentence about everything that failed.
fn notice(context: &Context, failures: &[(&'static str, &'static str, ForgeError)]) -> Option<String> {
    let (_, _, first) = failures.first()?;
    let parts: Vec<String> = failures.iter().map(|(part, _, _)| format!("no {part}")).collect();
    let parts = parts.join(" and ");
    let forbidden = failures.iter().all(|(_, _, error)| matches!(error, ForgeError::Forbidden { .. }));
    if !forbidden {
        let errors: Vec<String> = failures.iter().map(|(_, _, error)| error.to_string()).collect();
        // The same reason twice helps nobody.
        let more =
            if refused(first) || errors.len() == 1 { String::new() } else { format!("; {}", errors[1..].join("; ")) };
        return Some(format!("{parts}: {}{more}", errors[0]));
    }
    // A run that follows another, and one of the base repository, have a token of their own.
    if context.is_fork && context.event_name == "pull_request" {
        let way = if context.capability().workflow_run {
            "; to have them, post from a second workflow that starts on `workflow_run`"
        } else {
            ""
        };
        return Some(format!(
            "{parts}: the pull request comes from a fork, so that the token of this run may only read; the gate decides{way}"
        ));
    }
    let needs: Vec<&str> = failures.iter().map(|(_, needs, _)| *needs).collect();
    let needs = needs.join(" and ");
    Some(if context.capability().permissions_in_workflow {
        format!("{parts}: the token may not write; add {needs} to the job's `permissions:`")
    } else {
        format!("{parts}: the token may not write; it needs write access to the repository ({needs})")
    })
}

/// Writes the summary and the outputs: always last, when it is known what was posted.
///
/// # Errors
/// Names the files that cannot be written. Each is written whole or is as it was, whatever becomes of the other.
pub fn finish(story: &Story, posted: &Posted, options: &Options, to: &Files) -> Result<(), String> {
    let mut problems = Vec::new();
    let mut append = |path: &Path, text: &str| {
        if let Err(error) = files::append(path, text.as_bytes()) {
            problems.push(files::unwritten(path, &error));
        }
    };
    let url = posted.comment.as_ref().and_then(sticky::Outcome::url).unwrap_or_default();
    // Outputs first: a summary that fills the disk must not take them along.
    if let Some(path) = to.outputs {
        let values = outputs::outputs(story, Places { report_dir: to.report_dir, comment_url: url });
        append(path, &outputs::file(&values, &delimiter()));
    }
    if let Some(path) = to.summary.filter(|_| options.summary) {
        append(path, &summary::summary(story, posted.notice.as_slice()));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("; ")) }
}

/// Where [`finish`] writes.
#[derive(Debug, Clone, Copy, Default)]
pub struct Files<'a> {
    /// `GITHUB_OUTPUT`.
    pub outputs: Option<&'a Path>,
    /// `GITHUB_STEP_SUMMARY`.
    pub summary: Option<&'a Path>,
    /// Where the reports are, for the output of that name.
    pub report_dir: &'a str,
}

/// A word that no value can hold: drawn anew each time.
fn delimiter() -> String {
    // The standard library's only source of chance.
    let draw = || std::hash::RandomState::new().build_hasher().finish();
    format!("ghadelimiter_{:016x}{:016x}", draw(), draw())
}

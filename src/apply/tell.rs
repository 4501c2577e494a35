//! Judges what was found, and tells it: on the terminal, and in a job on the forge.

use super::commands;
use super::completeness::{self, Completeness, Why};
use super::gate::{self, Gate, Judgement, Limits, Measured, Outcome, Rule, Verdict};
use super::gather::Gathered;
use super::job::Job;
use super::publish::story::{Arrival, Baseline, DataRow, Gap, GapKind, Links, Subject};
use super::publish::{self, Files, Posted, Story, Texts, baseline, escape, status};
use super::{ApplyError, Found, Options, Said};
use crate::coverage::config::CoverageConfig;
use crate::forge::{Client, ForgeError, pulls, runtime};
use crate::report::{self, Numbers};

/// Refuses limits that mean nothing, before anything is done.
pub(super) fn check_limits(options: &Options, config: &CoverageConfig) -> Result<(), ApplyError> {
    let limits =
        Limits { fail_under: options.fail_under.unwrap_or(config.report.fail_under), ..options.limits.clone() };
    let nothing = Found::default();
    judge(&limits, &nothing, &[], None, true).map(drop)
}

fn judge(
    limits: &Limits,
    found: &Found,
    files: &[(&str, Numbers)],
    baseline: Option<&super::exact::BaselineTotal>,
    complete: bool,
) -> Result<Judgement, ApplyError> {
    let measured = Measured { totals: &found.totals, files, baseline, complete, rounding: found.rounding };
    gate::judge(limits, &measured).map_err(|error| ApplyError::Usage(error.to_string()))
}

/// Everything that is told of one run.
struct Telling<'a> {
    options: &'a Options,
    found: &'a Found,
    arrival: Arrival,
    data_files: Vec<DataRow>,
    limits: Limits,
    commands: Vec<String>,
}

/// Judges and posts.
pub(super) fn tell(
    options: &Options,
    found: &Found,
    completeness: &Completeness,
    gaps: Vec<Gap>,
    gathered: &Gathered,
    job: Option<&Job>,
    said: &mut Said,
) -> Result<(), ApplyError> {
    said.not_judged = not_judged(completeness, &gaps);
    let mut jobs: Vec<&str> = gathered.expected.artifacts.iter().map(|item| item.job.as_str()).collect();
    jobs.sort_unstable();
    jobs.dedup();
    let data_files = data_rows(found, gathered);
    let telling = Telling {
        options,
        found,
        arrival: Arrival {
            expected: (completeness.expected > 0).then_some(completeness.expected),
            arrived: if completeness.expected > 0 { completeness.arrived } else { found.data.len() },
            jobs: Some(jobs.iter().filter(|job| !job.is_empty()).count()).filter(|&jobs| jobs > 0),
            gaps,
        },
        commands: job.map_or_else(Vec::new, |job| commands::commands(options, &job.place(), &data_files)),
        data_files,
        limits: Limits { fail_under: found.fail_under, ..options.limits.clone() },
    };
    match job {
        Some(job) => telling.in_job(job, said),
        None => telling.here(said),
    }
}

impl Telling<'_> {
    /// Outside a job there is nobody to tell but the user.
    fn here(&self, said: &mut Said) -> Result<(), ApplyError> {
        let judgement = self.judge(&Baseline::NotSought)?;
        gates(&judgement, said);
        if self.options.post.dry_run {
            let links = Links::default();
            let story = self.story(&judgement, &Baseline::NotSought, &links, Subject::Commit, "");
            let texts = Texts::of(&story, &self.options.post.parts);
            said.stdout.push_str(&escape::log(&texts.dry_run(&story, &self.options.post.parts)));
        }
        Ok(())
    }

    fn in_job(&self, job: &Job, said: &mut Said) -> Result<(), ApplyError> {
        let context = &job.context;
        let parts = &self.options.post.parts;
        let name = status::context(&self.options.post.key);
        let links = Links { run: Some(context.run_url()), report: None };
        let mut posted = Posted::default();
        let told = runtime::block_on(async {
            let client = Client::for_api(&job.transport, context)?;
            let pull = if client.has_token() { pulls::of_run(&client, context).await } else { Ok(None) };
            let pull = match pull {
                Ok(pull) => pull,
                // What cannot be reached now is not asked again and again.
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => {
                    said.notes.push(escape::log(&error.to_string()));
                    None
                }
            };
            let found = if client.has_token() {
                baseline::find(&client, context, pull.as_ref(), &name).await
            } else {
                Ok(Baseline::NotSought)
            };
            let found = match found {
                Ok(found) => found,
                Err(error) if error.is_unreachable() => return Err(error),
                Err(error) => {
                    said.notes.push(escape::log(&format!("no baseline: {error}")));
                    Baseline::None { branch: None }
                }
            };
            let number = pull.as_ref().map(|pull| pull.number).or(context.pull_request);
            let subject = number.map_or(Subject::Commit, Subject::PullRequest);
            let judgement = match self.judge(&found) {
                Ok(judgement) => judgement,
                Err(error) => return Ok(Err(error)),
            };
            let story = self.story(&judgement, &found, &links, subject, &context.head_sha);
            let texts = Texts::of(&story, parts);
            if self.options.post.dry_run {
                said.stdout.push_str(&escape::log(&texts.dry_run(&story, parts)));
            } else {
                posted = publish::post(&client, context, &story, &texts, parts).await;
                said.stdout.push_str(&texts.annotations);
            }
            Ok(Ok((judgement, found, subject)))
        });
        let (judgement, found, subject) = match told {
            Ok(told) => told?,
            // Without a way to the forge the verdict stands all the same.
            Err(error) => {
                posted.notice = Some(format!("nothing is posted: {error}"));
                posted.error = parts.require_posting.then_some(error);
                (self.judge(&Baseline::NotSought)?, Baseline::NotSought, Subject::Commit)
            }
        };
        if let Some(notice) = &posted.notice {
            said.warnings.push(escape::log(notice));
        }
        if let Some(text) = &posted.instead {
            said.stdout.push_str(&escape::log(text));
        }
        if !self.options.post.dry_run {
            let story = self.story(&judgement, &found, &links, subject, &context.head_sha);
            let report_dir = self.options.output_dir.to_string_lossy();
            let to = Files {
                outputs: context.output_file.as_deref(),
                summary: context.summary_file.as_deref(),
                report_dir: &report_dir,
            };
            // The verdict is known, and somebody waits for it.
            said.not_written = publish::finish(&story, &posted, parts, &to).err();
        }
        gates(&judgement, said);
        said.not_posted = posted.error.as_ref().map(ForgeError::to_string);
        Ok(())
    }

    fn judge(&self, baseline: &Baseline) -> Result<Judgement, ApplyError> {
        let files: Vec<(&str, Numbers)> = self.found.rows.iter().map(|row| (row.name.as_str(), row.numbers)).collect();
        let baseline = match baseline {
            Baseline::Found { total, .. } => Some(total),
            Baseline::NotSought | Baseline::None { .. } => None,
        };
        judge(&self.limits, self.found, &files, baseline, self.arrival.gaps.is_empty())
    }

    fn story<'a>(
        &'a self,
        judgement: &'a Judgement,
        baseline: &'a Baseline,
        links: &'a Links,
        subject: Subject,
        head: &'a str,
    ) -> Story<'a> {
        let post = &self.options.post;
        Story {
            key: &post.key,
            title: post.title.as_deref().unwrap_or("Coverage"),
            subject,
            head,
            branch: self.found.branch,
            totals: self.found.totals,
            precision: self.found.precision,
            files: &self.found.rows,
            judgement,
            baseline,
            arrival: &self.arrival,
            data_files: &self.data_files,
            links,
            commands: &self.commands,
        }
    }
}

/// What each gate says on the terminal.
fn gates(judgement: &Judgement, said: &mut Said) {
    if judgement.verdict == Verdict::NotJudged {
        return;
    }
    said.gates.extend(judgement.message.clone());
    let others = judgement.gates.iter().filter(|gate| gate.fails() && gate.rule != Rule::FailUnder);
    said.gates.extend(others.map(failure));
    let informational = judgement.gates.iter().filter(|gate| gate.informational);
    let missed = informational.filter(|gate| matches!(gate.outcome, Outcome::Missed { .. } | Outcome::NoFiles));
    said.warnings.extend(missed.map(|gate| format!("{} (informational)", failure(gate))));
}

fn failure(gate: &Gate) -> String {
    let lacking = match gate.outcome {
        Outcome::Missed { needed } => format!("{needed} more lines or branches needed"),
        Outcome::NoFiles => "no file matches".to_owned(),
        Outcome::Kept | Outcome::NoBaseline => String::new(),
    };
    let percent = report::display(gate.numbers.percent(), gate.decimals);
    match &gate.rule {
        Rule::FailUnder => format!("Coverage failure: total of {percent} is less than fail-under={}", gate.limit),
        Rule::MaxDrop => {
            format!("Coverage failure: total of {percent} fell by more than max-drop={}: {lacking}", gate.limit)
        }
        Rule::Path(glob) => {
            let glob = escape::log(glob);
            format!("Coverage failure: {percent} of `{glob}` is less than {}: {lacking}", gate.limit)
        }
    }
}

/// Why nothing is judged, for the terminal.
fn not_judged(completeness: &Completeness, gaps: &[Gap]) -> Vec<String> {
    if gaps.is_empty() {
        return Vec::new();
    }
    let mut lines = Vec::new();
    if completeness.arrived < completeness.expected {
        lines.push(format!("not judged: {} of {} data files arrived", completeness.arrived, completeness.expected));
    } else {
        lines.push("not judged: the data cannot be trusted".to_owned());
    }
    for gap in &completeness.gaps {
        lines.push(escape::log(&format!("{}: {}", gap.message, gap.remedy)));
    }
    for gap in gaps.iter().skip(completeness.gaps.len()) {
        let what = match gap.kind {
            GapKind::Missing => "is missing",
            GapKind::Empty => "is empty",
            GapKind::Duplicate => "came more than once",
            GapKind::Stale => "changed after it was measured",
            GapKind::Unreadable => "cannot be used",
        };
        let detail = gap.detail.as_deref().map(|detail| format!(": {detail}")).unwrap_or_default();
        lines.push(escape::log(&format!("`{}` {what}{detail}", gap.name)));
    }
    lines
}

/// A gap as the texts tell it.
pub(super) fn gap(gap: &completeness::Gap) -> Gap {
    let job = match (&gap.leg, gap.job.as_str()) {
        (_, "") => None,
        (Some(leg), job) => Some(format!("{job} ({leg})")),
        (None, job) => Some(job.to_owned()),
    };
    let kind = match gap.why {
        Why::Missing => GapKind::Missing,
        Why::NoData | Why::Empty => GapKind::Empty,
        Why::Duplicate => GapKind::Duplicate,
        Why::Unusable => GapKind::Unreadable,
    };
    let name = if gap.artifact.is_empty() { "coverage data" } else { &gap.artifact };
    Gap { kind, name: name.to_owned(), job, detail: gap.cause.clone() }
}

fn data_rows(found: &Found, gathered: &Gathered) -> Vec<DataRow> {
    let row = |file: &super::Merged| {
        let origin = gathered.origins.get(&file.path)?;
        Some(DataRow {
            artifact: origin.artifact.clone(),
            file: origin.file.clone(),
            tool: file.tool,
            files: file.files,
            lines: file.lines,
            only_here: file.alone,
        })
    };
    found.data.iter().filter_map(row).collect()
}

//! The story of `ci-lint lint`: discover → read → model → flow → rules and contract → findings.
//!
//! The only room of the lint half that touches files and the environment.

pub mod configs;
pub mod discover;
pub mod init;
mod mend;
mod project;
mod read;
mod selection;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use rayon::prelude::*;

use configs::{Setting, Settings};
use discover::{Discovery, Input};

use crate::config::settings::SeverityOverride;
use crate::findings::fix::Safety;
use crate::findings::{Finding, Label, Mended, Problem, Report, Severity, suppression};
use crate::fix;
use crate::flow::{Flow, Pins, call};
use crate::rules::{self, Context};
use crate::source::Source;
use crate::workflow::Workflow;
use crate::workflow::dialect::Dialect;
use crate::workflow::yaml;

/// Below this many files a second thread costs more than it brings.
const PARALLEL_FROM: usize = 8;

/// What to lint and how.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Files and folders; the project in the current folder when empty.
    pub paths: Vec<PathBuf>,
    /// A configuration to use for every file.
    pub config: Option<PathBuf>,
    /// The dialect, when the user names it.
    pub forge: Option<Dialect>,
    /// The dialect that the environment of a running job tells.
    pub running_on: Option<Dialect>,
    /// Only these rules and groups, when any are named.
    pub select: Vec<String>,
    /// These rules and groups too.
    pub extend_select: Vec<String>,
    /// Not these rules and groups.
    pub ignore: Vec<String>,
    /// Whether files named are excluded as well.
    pub force_exclude: bool,
    /// Whether and how findings are mended.
    pub mend: Option<Mend>,
}

/// How findings are mended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mend {
    /// Remedies up to this are applied.
    pub up_to: Safety,
    /// Whether the files are left as they are and the difference is shown.
    pub show_only: bool,
}

/// What a run ends with.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Findings and problems.
    pub report: Report,
    /// What was read and why, for `--verbose`.
    pub notes: Vec<String>,
    /// The least severity that fails the run, as the configuration says.
    pub fail_on: Option<Severity>,
    /// What mending would change, as a unified diff.
    pub diff: String,
}

/// A file with all that is needed to lint it.
struct Task {
    path: PathBuf,
    setting: Setting,
}

/// What linting one file gives.
#[derive(Default)]
struct FileReport {
    jobs: usize,
    findings: Vec<Finding>,
    suppressed: usize,
    problems: Vec<Problem>,
    mended: Option<mend::Result>,
}

/// Lints.
pub fn run(options: &Options) -> Outcome {
    let start = Instant::now();
    let Discovery { inputs, problems, mut notes } = discover::discover(&options.paths, options.forge);
    let mut settings = Settings::default();
    if let Some(path) = &options.config {
        settings.force(path);
    }
    let mut report = Report { problems, ..Report::default() };
    let tasks = tasks(&inputs, &mut settings, options, &mut notes);
    let work = |task: &Task| file(task, options);
    // A broken configuration could hide or invent anything: nothing is linted by it.
    let results: Vec<FileReport> = if settings.is_broken() {
        Vec::new()
    } else if tasks.len() >= PARALLEL_FROM {
        tasks.par_iter().map(work).collect()
    } else {
        tasks.iter().map(work).collect()
    };
    let mut diff = String::new();
    let mut total = options.mend.map(|mend| Mended { shown_only: mend.show_only, ..Mended::default() });
    for result in results {
        if let (Some(total), Some(mended)) = (&mut total, result.mended) {
            total.files += usize::from(mended.changed);
            total.fixed += mended.fixed;
            diff.push_str(&mended.diff);
            notes.extend(mended.notes);
        }
        report.files += usize::from(result.problems.is_empty());
        report.jobs += result.jobs;
        report.suppressed += result.suppressed;
        report.findings.extend(result.findings);
        report.problems.extend(result.problems);
    }
    without_repeats(&mut report.findings);
    let fail_on = settings.all().iter().filter_map(|config| config.1.settings.fail_on).min();
    report.problems.append(&mut settings.problems);
    report.problems.extend(unused_contracts(&settings));
    notes.append(&mut settings.notes);
    report.mended = total;
    report.elapsed = start.elapsed();
    Outcome { report, notes, fail_on, diff }
}

/// Drops a finding in a file that is called where the same is said of that file itself.
fn without_repeats(findings: &mut Vec<Finding>) {
    let key = |finding: &Finding, label: &Label| (finding.rule, label.source.path.clone(), label.span);
    let own: HashSet<_> = findings.iter().map(|finding| key(finding, &finding.primary)).collect();
    findings.retain(|finding| {
        let place = finding.related.first().filter(|place| place.source.path != finding.primary.source.path);
        place.is_none_or(|place| !own.contains(&key(finding, place)))
    });
}

fn tasks(inputs: &[Input], settings: &mut Settings, options: &Options, notes: &mut Vec<String>) -> Vec<Task> {
    let mut tasks = Vec::with_capacity(inputs.len());
    for input in inputs {
        let setting = settings.of(&input.path);
        if !input.named || options.force_exclude {
            let excluded = setting
                .config
                .as_ref()
                .is_some_and(|config| relative(&input.path, &config.0).is_some_and(|path| config.1.is_excluded(&path)));
            if excluded {
                notes.push(format!("{} is excluded by the configuration", input.path.display()));
                continue;
            }
        }
        tasks.push(Task { path: input.path.clone(), setting });
    }
    tasks
}

/// `path` relative to `folder`, with `/`; `None` when it lies elsewhere.
fn relative(path: &Path, folder: &Path) -> Option<String> {
    let absolute = std::path::absolute(path).ok()?;
    let inner = absolute.strip_prefix(folder).ok()?;
    Some(inner.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/"))
}

/// A contract for a workflow that no longer exists holds on nothing, and nobody would notice.
fn unused_contracts(settings: &Settings) -> Vec<Problem> {
    let mut problems = Vec::new();
    for config in settings.all().iter().filter(|config| !config.1.settings.contract.is_empty()) {
        let mut paths = Vec::new();
        for dialect in Dialect::WITH_FOLDER {
            let folder = dialect.workflow_directory();
            for entry in std::fs::read_dir(config.0.join(&folder)).into_iter().flatten().filter_map(Result::ok) {
                paths.push(format!("{}/{}", folder.display(), entry.file_name().to_string_lossy()));
            }
        }
        let mut paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        // A contract may name a workflow outside the forges' folders; it exists if the file does.
        let named: Vec<&str> = config.1.settings.contract.iter().map(|contract| contract.path.text()).collect();
        paths.extend(named.iter().filter(|path| config.0.join(path).is_file()));
        problems.extend(config.1.unused_contracts(&paths));
    }
    problems
}

fn file(task: &Task, options: &Options) -> FileReport {
    let source = match read::source(&task.path) {
        Ok(source) => source,
        Err(problem) => return FileReport { problems: vec![problem], ..FileReport::default() },
    };
    match lint(&source, task, options) {
        Ok(report) => match options.mend {
            Some(how) => mend::file(task, options, how, &source, report),
            None => report,
        },
        Err(problem) => FileReport { problems: vec![*problem], ..FileReport::default() },
    }
}

fn lint(source: &Arc<Source>, task: &Task, options: &Options) -> Result<FileReport, Box<Problem>> {
    let tree = yaml::parse(&source.text).map_err(|error| {
        let problem = Problem::at(source, error.span, error.message, "here");
        Box::new(match error.help {
            Some(help) => problem.help(help),
            None => problem,
        })
    })?;
    let workflow =
        Workflow::read(tree.root()).map_err(|(span, message)| Box::new(Problem::at(source, span, message, "here")))?;
    let config = task.setting.config.as_deref();
    let configured = config.and_then(|c| c.1.settings.forge);
    let dialect = dialect(&task.path, options, configured);
    let forge_is_named = options.forge.or(configured).is_some();
    let pins = config.map_or_else(Pins::default, |c| pins_of(&c.1.settings));
    let project = &task.setting.project;
    let (texts, trees) = (call::Texts::default(), call::Trees::default());
    let whole = call::whole(&workflow, &*project.files, &texts, &trees);
    let seen = whole.as_ref().unwrap_or(&workflow);
    let flow = Flow::build(seen, project.clone(), &pins);
    let active = |rule: &str| selection::is_active(rule, options, config.map(|c| &c.1.settings));
    let context = Context { source, workflow: seen, written: &workflow, flow: &flow, dialect, forge_is_named };
    let mut findings = rules::check(&context, &active);
    if let Some((folder, config)) = config
        && active("contract")
        && let Some(path) = relative(&task.path, folder)
    {
        findings.extend(config.check(&path, &workflow, source, &readers(seen, &flow)));
    }
    if let Some((_, config)) = config {
        for finding in &mut findings {
            if let Some(SeverityOverride::As(severity)) = config.settings.severity.get(finding.rule).map(|s| s.value) {
                finding.severity = severity;
            }
        }
    }
    let suppressions = suppression::find(&tree, source);
    let (mut findings, suppressed) = suppression::apply(findings, &suppressions, &active, rules::all(), source);
    findings.sort_by_key(|finding| (finding.primary.span, finding.rule));
    fix::work_out(&workflow, source, &mut findings);
    Ok(FileReport { jobs: workflow.jobs.len(), findings, suppressed, ..FileReport::default() })
}

/// The jobs of the file that read coverage data, or call a workflow of which a job does.
fn readers(workflow: &Workflow<'_>, flow: &Flow<'_>) -> Vec<usize> {
    let mut readers: Vec<usize> = flow.readers().into_iter().map(|job| workflow.callers(job)[0]).collect();
    readers.sort_unstable();
    readers.dedup();
    readers
}

pub(crate) fn pins_of(settings: &crate::config::Settings) -> Pins {
    let pins = &settings.coverage;
    Pins {
        durations: settings.durations.clone(),
        producers: pins.producers.iter().map(|job| job.value.clone()).collect(),
        consumer: pins.consumer.as_ref().map(|job| job.value.clone()),
    }
}

fn dialect(path: &Path, options: &Options, configured: Option<Dialect>) -> Dialect {
    options
        .forge
        .or(configured)
        .or_else(|| Dialect::from_path(path).filter(|d| *d != Dialect::GitHub))
        .or(options.running_on)
        .unwrap_or(Dialect::GitHub)
}

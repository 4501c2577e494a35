//! The coverage hand-over: which job measures, which job reports, and what is missing between them.
//!
//! A *measuring* job runs tests under coverage. A *reading* job reports on coverage data. A reading job that can have no
//! data (no test run, no download, no cache, nothing unknown before it reads) is *starved*. A job that runs again the
//! suite another job has run is a *repeat*. A starved job, or a repeat of a suite that was measured and thrown away,
//! leaves *gaps*: links of the hand-over that are not there.

use super::artifact::runs_on_success;
use super::collect::DataSource;
use super::data::DataFile;
use super::glob::Meets;
use super::paths::UploadPath;
use super::work::{Apply, Work, WorkKind};
use super::{Flow, Pins, repeats};
use crate::shell::{self, CoverageSub, Measured};
use crate::source::Span;
use crate::task::Origin;
use crate::workflow::model::Pairs;
use crate::workflow::{Job, Workflow};

/// A place in a job that matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Index of the job.
    pub job: usize,
    /// The command, or the job's id when the configuration gave it its role.
    pub span: Span,
}

/// A hand-over that does not take place.
#[derive(Debug, Clone)]
pub struct Gap {
    /// Where data is measured.
    pub from: Place,
    /// Where it should be read.
    pub to: Place,
    /// The reading job runs the tests itself for want of data.
    pub repeats: bool,
    /// Nothing in the measuring job uploads the data.
    pub no_upload: bool,
    /// Nothing in the reading job downloads.
    pub no_download: bool,
    /// The reading job does not wait for the measuring one.
    pub no_needs: bool,
    /// Rests on a session's name.
    pub likely: bool,
}

/// A reading job without data and without a job that could give it.
#[derive(Debug, Clone)]
pub struct Starved {
    /// The command that finds no data.
    pub at: Place,
}

/// One suite run by two jobs.
#[derive(Debug, Clone)]
pub struct Repeat {
    /// The test job's run.
    pub first: Place,
    /// The coverage job's run of the same suite.
    pub again: Place,
    /// Rests on a session's name: the coverage job has no data, so its session must run the tests.
    pub likely: bool,
    /// The coverage job has the test job's data already.
    pub has_data: bool,
    /// One of the two jobs measures coverage or reports on it.
    pub measured: bool,
    /// Where in other files the two runs are written, as [`Work::origin`].
    pub origins: [Vec<Origin>; 2],
    /// How long the second run takes, in seconds: what the user says of its job, else of the first one.
    pub seconds: Option<u32>,
}

/// What is known about the coverage hand-over of a workflow.
#[derive(Debug, Clone, Default)]
pub struct Handover {
    /// Links that are missing.
    pub gaps: Vec<Gap>,
    /// Reading jobs without any source.
    pub starved: Vec<Starved>,
    /// Suites run twice.
    pub repeats: Vec<Repeat>,
    /// Jobs that read coverage data which another job should give them, by index.
    pub readers: Vec<usize>,
    /// Jobs that leave coverage data behind, by index.
    pub sources: Vec<usize>,
    /// Jobs that report on data of their own, by index.
    pub self_reporting: Vec<usize>,
}

/// A test run, or a session that by its name is one.
struct Suite<'w> {
    job: usize,
    work: &'w Work,
}

/// Finds the hand-over's gaps.
pub(super) fn find(workflow: &Workflow<'_>, flow: &Flow<'_>, pins: &Pins) -> Handover {
    let mut handover = Handover::default();
    let roles: Vec<Role<'_>> = (0..workflow.jobs.len()).map(|job| Role::of(workflow, flow, job, pins)).collect();
    handover.readers = roles.iter().filter(|r| r.reads.is_some() && r.measures.is_none()).map(|r| r.job).collect();
    handover.self_reporting = roles.iter().filter(|r| r.reports_itself).map(|r| r.job).collect();
    handover.sources = roles.iter().filter(|r| r.measures.is_some()).map(|r| r.job).collect();
    for reader in &roles {
        let Some(reads) = reader.reads.or(reader.measures_again) else { continue };
        repeats(workflow, flow, &roles, reader, &mut handover);
        let repeated: Vec<Place> =
            handover.repeats.iter().filter(|r| r.again.job == reader.job && !r.has_data).map(|r| r.first).collect();
        // A step that fetches the data itself finds none when no job uploads any.
        let unserved = reader.collects
            && reader.measures.is_none()
            && !roles.iter().any(|role| role.job != reader.job && role.publishes)
            && !flow.has_unseen_producers_for(workflow, reader.job);
        let starved = reader.starved || unserved || reader.pinned_reader && !reader.downloads && !reader.unknown;
        if !starved && repeated.is_empty() {
            omitted(flow, &roles, reader, reads, &mut handover);
            continue;
        }
        let candidates: Vec<&Role<'_>> = roles
            .iter()
            .filter(|role| role.job != reader.job && role.measures.is_some() && !role.unknown)
            .filter(|role| starved || repeated.iter().any(|first| first.job == role.job))
            .collect();
        // A job that reports on its own data may well keep it for itself, unless it is the only source.
        let sole = starved && candidates.len() == 1;
        let sources: Vec<&&Role<'_>> =
            candidates.iter().filter(|role| role.pinned_producer || sole || !role.reports_itself).collect();
        for source in &sources {
            let Some((from, likely)) = source.measures else { continue };
            handover.gaps.push(Gap {
                from: Place { job: source.job, span: from },
                to: Place { job: reader.job, span: reads },
                repeats: !starved || reader.session,
                no_upload: !source.publishes,
                no_download: !reader.downloads,
                no_needs: !flow.needs.orders(reader.job, source.job),
                likely: likely && !source.pinned_producer,
            });
        }
        if sources.is_empty() && reader.starved && !reader.session {
            handover.starved.push(Starved { at: Place { job: reader.job, span: reads } });
        }
    }
    repeats::preparations(workflow, flow, &mut handover);
    for repeat in &mut handover.repeats {
        let of = |job: usize| {
            let id = workflow.jobs[job].id.value;
            pins.durations.iter().find(|(name, _)| name.eq_ignore_ascii_case(id)).map(|(_, seconds)| *seconds)
        };
        repeat.seconds = of(repeat.again.job).or_else(|| of(repeat.first.job));
    }
    handover
}

/// A job that collects data with `coverage run` and drops it, while another job reports on the data of others.
fn omitted(flow: &Flow<'_>, roles: &[Role<'_>], reader: &Role<'_>, reads: Span, handover: &mut Handover) {
    if !reader.downloads || reader.unknown {
        return;
    }
    for source in roles {
        let Some((from, false)) = source.measures else { continue };
        if source.job == reader.job || source.unknown || source.publishes || source.reports_itself || !source.keeps_data
        {
            continue;
        }
        handover.gaps.push(Gap {
            from: Place { job: source.job, span: from },
            to: Place { job: reader.job, span: reads },
            repeats: false,
            no_upload: true,
            no_download: false,
            no_needs: !flow.needs.orders(reader.job, source.job),
            likely: false,
        });
    }
}

/// What a job does for coverage.
#[derive(Debug)]
struct Role<'w> {
    job: usize,
    works: &'w [Work],
    /// Where it measures, and whether only a convention says so.
    measures: Option<(Span, bool)>,
    /// It measures for a later report: see [`keeps_data`].
    keeps_data: bool,
    /// Some upload after the measurement may carry the data.
    publishes: bool,
    /// It reports on its own data.
    reports_itself: bool,
    /// Where it reads coverage data.
    reads: Option<Span>,
    /// It does not read, but measures, and is for coverage: it has fetched coverage data or is named for it.
    measures_again: Option<Span>,
    /// It reads by a coverage session of nox, tox or the like.
    session: bool,
    /// It can have no data when it reads.
    starved: bool,
    /// It downloads artifacts or restores a cache.
    downloads: bool,
    /// It reads by a step that fetches artifacts of this run itself, and nothing before it may have brought data.
    collects: bool,
    /// Something in it cannot be seen through.
    unknown: bool,
    pinned_producer: bool,
    pinned_reader: bool,
}

impl<'w> Role<'w> {
    fn of(workflow: &Workflow<'_>, flow: &'w Flow<'_>, index: usize, pins: &Pins) -> Self {
        let job = &workflow.jobs[index];
        let works = flow.jobs[index].works.as_slice();
        let is = |id: &String| id.eq_ignore_ascii_case(job.id.value);
        let pinned_producer = pins.producers.iter().any(is);
        let pinned_reader = pins.consumer.as_ref().is_some_and(is);

        let reading = works.iter().position(|work| !work.guarded && reads_data(work));
        let session = reading.is_some_and(|at| matches!(works[at].kind, WorkKind::Session(_)));
        let before_reading = &works[..reading.unwrap_or(0)];
        let brings = |work: &Work| work.may_bring_data() && !brings_other(workflow, flow, index, work);
        let fed = before_reading.iter().any(brings);
        let applies = reading.and_then(|at| match &works[at].kind {
            WorkKind::Apply(apply) => Some(apply),
            _ => None,
        });
        let fetches = applies.is_some_and(Apply::may_collect);
        let starved = reading.is_some() && !fed && !fetches && job.uses.is_none();
        let downloads = fetches
            || works.iter().any(|work| matches!(work.kind, WorkKind::Download | WorkKind::Cache) && brings(work));

        let measuring =
            works.iter().enumerate().find_map(|(at, work)| Some((at, measures(workflow, job, work, works)?)));
        let measured = measuring.map(|(at, _)| at);
        let mut found = measuring.map(|(at, likely)| (works[at].span, likely));
        if found.is_none() && pinned_producer {
            let suite = works.iter().find(|work| is_suite(work));
            found = Some((suite.map_or(job.id.span(), |work| work.span), false));
        }
        let after = measured.map_or(works, |at| &works[at + 1..]);
        // An upload that comes too early is another rule's business.
        let publishes = flow.producers.iter().any(|producer| {
            if producer.job != index {
                return false;
            }
            let files = flow.data_before(index, producer.step);
            let mut includes = producer.uploads.iter().flat_map(|upload| &upload.paths.includes);
            includes.any(|include| may_hold_data(include, &files))
        });
        let unknown =
            works.iter().any(|work| matches!(work.kind, WorkKind::Opaque | WorkKind::Cache)) || job.uses.is_some();
        let read_span = reading.map(|at| works[at].span).or_else(|| pinned_reader.then(|| job.id.span()));
        Self {
            job: index,
            works,
            measures: found,
            keeps_data: measured.is_some_and(|at| keeps_data(&works[at])),
            publishes,
            reports_itself: after.iter().any(|work| match &work.kind {
                WorkKind::Coverage(command) => command.sub.reports(),
                WorkKind::Session(run) => run.sessions.iter().any(|name| shell::is_coverage_session(name)),
                WorkKind::SlipcoverMerge(_) | WorkKind::Apply(_) => true,
                _ => false,
            }),
            reads: read_span,
            measures_again: measured
                .filter(|&at| matches!(works[at].kind, WorkKind::Tests(_)))
                .filter(|_| downloads || job.id.value.to_ascii_lowercase().contains("cov"))
                .map(|at| works[at].span),
            session,
            starved,
            downloads,
            collects: !fed && applies.is_some_and(|apply| apply.source == DataSource::Artifacts),
            unknown,
            pinned_producer,
            pinned_reader,
        }
    }
}

/// Whether this measures for a report that is yet to come: `coverage run` prints none, and pytest-cov is told where to
/// keep its data. A session that measures for whoever calls it says nothing of the kind: this job may not want the data.
fn keeps_data(work: &Work) -> bool {
    if !work.origin.is_empty() {
        return false;
    }
    let WorkKind::Tests(run) = &work.kind else { return false };
    match &run.measured {
        Some(Measured::Coverage(_)) => true,
        Some(Measured::PytestCov { .. }) => {
            work.data_file.path().and_then(|path| path.last()).is_some_and(|name| name.known() != Some(".coverage"))
        }
        _ => false,
    }
}

/// Whether this downloads artifacts of this run that surely hold no coverage data: a wheel, the documentation.
fn brings_other(workflow: &Workflow<'_>, flow: &Flow<'_>, job: usize, work: &Work) -> bool {
    if !matches!(work.kind, WorkKind::Download) || flow.has_unseen_producers_for(workflow, job) {
        return false;
    }
    let Some(consumer) = flow.consumers.iter().find(|c| c.job == job && c.step == work.step) else { return false };
    let fed: Vec<_> = flow.producers.iter().filter(|producer| consumer.meets(producer) != Meets::Never).collect();
    consumer.this_run
        && !fed.is_empty()
        && fed.iter().all(|producer| {
            producer
                .uploads
                .iter()
                .all(|upload| !upload.paths.includes.is_empty() && upload.paths.includes.iter().all(surely_no_data))
        })
}

/// Whether this command reports on coverage data.
fn reads_data(work: &Work) -> bool {
    match &work.kind {
        WorkKind::Coverage(command) => command.sub.reads(),
        WorkKind::SlipcoverMerge(_) => true,
        WorkKind::Apply(apply) => apply.source != DataSource::OtherRun,
        WorkKind::Session(run) => {
            run.known && !run.sessions.is_empty() && run.sessions.iter().all(|s| shell::is_coverage_session(s))
        }
        _ => false,
    }
}

/// Whether this runs tests, by what it is or by its name.
fn is_suite(work: &Work) -> bool {
    match &work.kind {
        WorkKind::Tests(_) => true,
        WorkKind::Session(run) => run.sessions.iter().any(|name| shell::is_test_session(name)),
        _ => false,
    }
}

/// Whether this is a session that runs tests by its name, or the tests that one was seen to run.
fn is_session_of_tests(work: &Work) -> bool {
    match &work.kind {
        WorkKind::Tests(_) => !work.origin.is_empty(),
        WorkKind::Session(run) => run.sessions.iter().any(|name| shell::is_test_session(name)),
        _ => false,
    }
}

/// Whether this work leaves coverage data behind: `Some(false)` for certain, `Some(true)` by convention.
fn measures(workflow: &Workflow<'_>, job: &Job<'_>, work: &Work, works: &[Work]) -> Option<bool> {
    match &work.kind {
        WorkKind::Tests(run) if run.measured.is_some() => Some(false),
        _ if is_session_of_tests(work) => {
            // `coverage combine` behind the session fails unless the session has left data.
            let mut after = works.iter().skip_while(|other| !std::ptr::eq(*other, work)).skip(1);
            if after.any(|w| matches!(&w.kind, WorkKind::Coverage(c) if c.sub == CoverageSub::Combine)) {
                return Some(false);
            }
            let asked = matches!(&work.kind, WorkKind::Session(run) if run.args.iter().any(|arg| {
                arg.starts_with('-') && arg.contains("cov") && !arg.starts_with("--no-")
            }));
            if work.setting.as_ref().is_some_and(|setting| setting.isolated) {
                return asked.then_some(true);
            }
            if measured_by_environment(workflow, job, work) {
                return Some(false);
            }
            let step = &job.steps[work.step];
            let envs = || job.step_envs(step).chain([&job.env, workflow.env_of(job)]).flatten();
            let switched = envs().any(|(key, value)| {
                key.value.contains("COVERAGE")
                    && value
                        .as_str()
                        .is_some_and(|v| !matches!(v.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no" | "off"))
            });
            (asked || switched).then_some(true)
        }
        _ => None,
    }
}

/// Whether the workflow sets coverage.py's own switch: every Python process that starts is measured.
pub(super) fn measured_by_environment(workflow: &Workflow<'_>, job: &Job<'_>, work: &Work) -> bool {
    let mut envs = job.step_envs(&job.steps[work.step]).chain([&job.env, workflow.env_of(job)]).flatten();
    envs.any(|(key, value)| {
        key.value == "COVERAGE_PROCESS_START" && value.as_str().is_some_and(|value| !value.is_empty())
    })
}

/// Whether an upload's path may take coverage data along.
fn may_hold_data(include: &UploadPath, files: &[DataFile]) -> bool {
    if surely_no_data(include) {
        return false;
    }
    let known: Vec<_> = files.iter().flat_map(DataFile::candidates).collect();
    known.is_empty()
        || files.iter().any(|file| file.location.path().is_none())
        || known.iter().any(|path| include.names(Some(path)))
        || include.text.contains("cov")
}

/// Whether a path's own name says that no coverage data is in it: a report, a package, a log.
pub fn surely_no_data(include: &UploadPath) -> bool {
    const ENDINGS: [&str; 12] =
        [".xml", ".html", ".whl", ".gz", ".zip", ".txt", ".log", ".md", ".svg", ".png", ".pdf", ".sarif"];
    const FOLDERS: [&str; 12] = [
        "htmlcov",
        "dist",
        "docs",
        "site",
        "build",
        "wheelhouse",
        "screenshots",
        "logs",
        "junit",
        "test-results",
        "test-reports",
        "allure-results",
    ];
    let text = include.text.trim_end_matches(['/', '*']);
    let last = text.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    ENDINGS.iter().any(|ending| last.ends_with(ending)) || FOLDERS.contains(&last.as_str())
}

/// Finds test jobs whose suite this reading job runs again.
fn repeats(workflow: &Workflow<'_>, flow: &Flow<'_>, roles: &[Role<'_>], reader: &Role<'_>, handover: &mut Handover) {
    if !runs_always(workflow, reader.job) {
        return;
    }
    for again in reader.works.iter().filter(|work| !work.guarded) {
        let firsts = roles
            .iter()
            .filter(|role| role.job != reader.job)
            .flat_map(|role| role.works.iter().filter(|work| !work.guarded).map(|work| Suite { job: role.job, work }));
        for first in firsts {
            let likely = match (&first.work.kind, &again.kind) {
                (WorkKind::Tests(a), WorkKind::Tests(b)) if shell::same_suite(a, b) => false,
                (WorkKind::Session(a), WorkKind::Session(b))
                    if shell::same_session(a, b) && a.sessions.iter().any(|s| shell::is_test_session(s)) =>
                {
                    false
                }
                // A coverage session in a job that can have no data must run the tests itself.
                (WorkKind::Session(a), WorkKind::Session(b))
                    if reader.starved
                        && reader.session
                        && a.runner == b.runner
                        && reads_data(again)
                        && a.sessions.iter().any(|s| is_whole_suite(s)) =>
                {
                    true
                }
                _ => continue,
            };
            if !runs_always(workflow, first.job)
                || first.work.cwd.is_none()
                || first.work.cwd != again.cwd
                || !same_environment(workflow, flow, first.job, reader.job, likely)
                || !repeats::same_session_setting(first.work, again)
                || !same_setting(workflow, roles, &first, &Suite { job: reader.job, work: again })
            {
                continue;
            }
            // Two reading jobs repeat each other: the one that needs the other, or comes later, is the repeat.
            let role = &roles[first.job];
            let both_read = role.reads.is_some() && !(role.measures.is_some() && role.publishes);
            if both_read && !flow.needs.orders(reader.job, first.job) && first.job > reader.job {
                continue;
            }
            // Whether the download is ordered behind the upload is another rule's business.
            let has_data = reader.downloads && role.publishes;
            let repeat = Repeat {
                first: Place { job: first.job, span: first.work.span },
                again: Place { job: reader.job, span: again.span },
                likely,
                has_data,
                measured: true,
                origins: [first.work.origin.clone(), again.origin.clone()],
                seconds: None,
            };
            // Several runs of one session, one for each interpreter, are one command of the workflow.
            if !handover.repeats.iter().any(|r| r.again == repeat.again) {
                handover.repeats.push(repeat);
            }
        }
    }
}

/// Names of sessions that run the unit suite itself, not a further one such as `integration_tests`.
fn is_whole_suite(session: &str) -> bool {
    let name = session.to_ascii_lowercase().replace('_', "-");
    matches!(
        name.as_str(),
        "test"
            | "tests"
            | "unit"
            | "unit-test"
            | "unit-tests"
            | "unittests"
            | "unittest"
            | "pytest"
            | "behave"
            | "features"
            | "bdd"
    )
}

pub(super) fn runs_always(workflow: &Workflow<'_>, job: usize) -> bool {
    let always = |job: &Job<'_>| job.condition.is_none_or(|condition| runs_on_success(condition.value));
    workflow.callers(job).iter().all(|&job| always(&workflow.jobs[job])) && workflow.jobs[job].uses.is_none()
}

/// Whether two jobs run on the same kind of machine with the same interpreter, so that a second run tells nothing new.
pub(super) fn same_environment(
    workflow: &Workflow<'_>,
    flow: &Flow<'_>,
    first: usize,
    again: usize,
    strict: bool,
) -> bool {
    let (a, b) = (&workflow.jobs[first], &workflow.jobs[again]);
    // One workflow called twice is called with different inputs on purpose.
    if workflow.call_of(a).zip(workflow.call_of(b)).is_some_and(|(a, b)| a.path == b.path) && a.within != b.within {
        return false;
    }
    if strict && (a.strategy.is_some_and(|s| s.matrix.is_some()) || b.strategy.is_some_and(|s| s.matrix.is_some())) {
        return false;
    }
    if flow.jobs[again].legs.legs.len() != 1 || !flow.jobs[again].legs.complete {
        return false;
    }
    let services = |job: &Job<'_>| job.other.iter().any(|(key, _)| key.value == "services");
    if services(a) != services(b) || telling(texts(&a.env)) != telling(texts(&b.env)) {
        return false;
    }
    let features = |job: usize, leg: usize| {
        let scope = super::name::Scope {
            workflow,
            job: &workflow.jobs[job],
            step: None,
            leg: &flow.jobs[job].legs.legs[leg],
            leg_index: leg,
            written_env: None,
            run: &flow.run,
        };
        let job = &workflow.jobs[job];
        let text = |text: Option<crate::workflow::Text<'_>>| text.map(|t| scope.name(t.value));
        let runner = job.runs_on.map(|node| match node.as_str() {
            Some(text) => scope.name(text),
            None => {
                super::name::Name::literal(node.items().filter_map(super::Yaml::as_str).collect::<Vec<_>>().join(","))
            }
        });
        let setup: Vec<_> = job
            .steps
            .iter()
            .filter_map(|step| {
                let action = step.repo_action()?;
                let key = action.repo.to_ascii_lowercase();
                matches!(
                    key.as_str(),
                    "checkout"
                        | "setup-python"
                        | "setup-uv"
                        | "setup-cached-uv"
                        | "setup-pdm"
                        | "setup-micromamba"
                        | "setup-miniconda"
                )
                .then(|| {
                    let scope = super::name::Scope { step: Some(step), ..scope };
                    let input = |name| step.input_text(name).map(|text| scope.name(text.value));
                    (key, ["python-version", "architecture", "ref", "repository", "path"].map(input))
                })
            })
            .collect();
        (runner, text(job.container), setup)
    };
    let wanted = features(again, 0);
    (0..flow.jobs[first].legs.legs.len()).any(|leg| features(first, leg) == wanted)
}

/// Whether two runs find the same setting in their jobs: the same variables of step and script, and before them the same
/// steps that cannot be seen through, such as one that starts a database.
fn same_setting(workflow: &Workflow<'_>, roles: &[Role<'_>], a: &Suite<'_>, b: &Suite<'_>) -> bool {
    let setting = |suite: &Suite<'_>| {
        let step = &workflow.jobs[suite.job].steps[suite.work.step];
        let job = &workflow.jobs[suite.job];
        let env = telling(job.step_envs(step).flat_map(texts).chain(suite.work.env.iter().cloned()));
        let mut unseen: Vec<&str> = roles[suite.job]
            .works
            .iter()
            .take_while(|work| !std::ptr::eq(*work, suite.work))
            .filter(|work| matches!(work.kind, WorkKind::Opaque))
            .map(|work| match work.origin.last() {
                Some(origin) => origin.source.slice(origin.span),
                None => workflow.slice(work.span),
            })
            .collect();
        unseen.sort_unstable();
        unseen.dedup();
        // What an action is called with may choose anything in it.
        let calls = job.steps.iter().take_while(|step| step.index <= suite.work.step);
        let calls: Vec<_> =
            calls.filter_map(|step| Some((step.calls.as_ref()?.path, texts(&step.with).collect::<Vec<_>>()))).collect();
        (env, unseen, requirements(workflow, suite), git_moves(workflow, suite), calls)
    };
    setting(a) == setting(b)
}

/// What a job's scripts install in particular: versions and requirement files, up to the step that runs the tests.
fn requirements<'w>(workflow: &'w Workflow<'_>, suite: &Suite<'_>) -> Vec<&'w str> {
    let steps = workflow.jobs[suite.job].steps.iter().take_while(|step| step.index <= suite.work.step);
    let lines =
        steps.filter_map(|step| step.run).flat_map(|run| run.value.lines()).filter(|line| line.contains("install"));
    let mut found: Vec<&str> = lines
        .flat_map(str::split_whitespace)
        .map(|word| word.trim_matches(['"', '\'']))
        .filter(|word| !word.starts_with('-') && word.contains(['<', '>', '=', '~', '[', '/']))
        .filter(|word| !word.contains("cov"))
        .collect();
    found.sort_unstable();
    found.dedup();
    found
}

/// What git does to the sources before the tests run: another commit, a patch, changes set aside.
fn git_moves<'w>(workflow: &'w Workflow<'_>, suite: &Suite<'_>) -> Vec<&'w str> {
    const VERBS: [&str; 10] =
        ["checkout", "switch", "reset", "restore", "stash", "worktree", "apply", "merge", "rebase", "cherry-pick"];
    let moves =
        |line: &&str| line.split_whitespace().skip_while(|word| *word != "git").any(|word| VERBS.contains(&word));
    let steps = workflow.jobs[suite.job].steps.iter().take_while(|step| step.index <= suite.work.step);
    steps.filter_map(|step| step.run).flat_map(|run| run.value.lines().map(str::trim).filter(moves)).collect()
}

/// Variables with their values, by name; those that only steer the run are left out.
pub(super) fn telling(variables: impl Iterator<Item = (String, Option<String>)>) -> Vec<(String, Option<String>)> {
    let mut env: Vec<_> = variables.filter(|(key, _)| !steers_only_the_run(key)).collect();
    env.sort();
    env
}

pub(super) fn texts<'p>(pairs: &'p Pairs<'_>) -> impl Iterator<Item = (String, Option<String>)> + 'p {
    pairs.iter().map(|(key, value)| (key.value.to_owned(), value.as_str().map(str::to_owned)))
}

/// Variables that choose how tests run, not which or against what.
fn steers_only_the_run(key: &str) -> bool {
    const WORDS: [&str; 12] = [
        "COV",
        "WORKER",
        "PARALLEL",
        "PROCESSES",
        "JOBS",
        "THREADS",
        "NPROC",
        "TIMEOUT",
        "COLOR",
        "UNBUFFERED",
        "CACHE",
        "VERBOS",
    ];
    const STARTS: [&str; 4] = ["PIP_", "UV_", "NOX_", "GITHUB_"];
    let key = key.to_ascii_uppercase();
    WORDS.iter().any(|word| key.contains(word)) || STARTS.iter().any(|start| key.starts_with(start))
}

//! Remedies for a coverage hand-over that does not take place: upload here, download there, report instead of running the
//! tests again. The rules find what is missing; the three parts agree on names and folders through the workflow alone, so
//! each can be made after the other was.
//!
//! The data travels in a folder of its own, [`FOLDER`], and `coverage combine` takes the files in it by name: that is right
//! for one file or many, with a suffix or without, and for several artifacts.

mod actions;
mod script;

use super::Context;
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::flow::artifact::{Consumer, Producer, Selector};
use crate::flow::collect;
use crate::flow::data::{self, DataFile, Suffix};
use crate::flow::glob::{Glob, Meets};
use crate::flow::handover::{self, Gap, Repeat};
use crate::flow::name::Name;
use crate::flow::paths::Tri;
use crate::flow::work::{Work, WorkKind};
use crate::shell::{CoverageSub, Measured, TestRun};
use crate::workflow::action::ArtifactKind;
use crate::workflow::yaml::Yaml;

use script::Command;

/// Where downloaded coverage data is laid.
const FOLDER: &str = "coverage-data";

/// What the artifacts are called, as far as they need no more.
const NAME: &str = "coverage-data";

// ---- names ----

/// The part of an artifact's name that differs between the legs of a job, such as `-${{ matrix.python }}`; empty for a job
/// with one leg. `None` when the legs cannot be told apart by values an artifact's name may have.
pub(super) fn leg_suffix(context: &Context<'_, '_>, job: usize) -> Option<String> {
    let legs = &context.flow.jobs[job].legs;
    if legs.legs.len() == 1 && legs.complete {
        return Some(String::new());
    }
    let values = |axis: &str| legs.legs.iter().map(|leg| leg.get(axis)).collect::<Vec<_>>();
    let axes: Vec<&String> = legs
        .axes
        .iter()
        .filter(|axis| {
            let values = values(axis);
            !legs.complete || values.iter().any(|value| *value != values[0])
        })
        .collect();
    // A name must be the same text in no two legs, and hold no character that artifacts may not have.
    let mut seen = Vec::new();
    for leg in &legs.legs {
        let parts: Vec<Option<Option<&str>>> = axes.iter().map(|axis| leg.get(axis)).collect();
        if parts.iter().any(|part| matches!(part, Some(Some(text)) if text.contains(is_refused) || text.is_empty())) {
            return None;
        }
        if legs.complete && (parts.iter().any(|part| !matches!(part, Some(Some(_)))) || seen.contains(&parts)) {
            return None;
        }
        seen.push(parts);
    }
    if axes.is_empty() {
        return None;
    }
    // The keys as they are written: an axis is known here by its name in lower case.
    let matrix = context.workflow.jobs[job].strategy?.matrix?;
    Some(axes.iter().flat_map(|axis| ["-${{ matrix.", written_axis(matrix, axis), " }}"]).collect())
}

fn written_axis<'d>(matrix: Yaml<'d>, axis: &'d str) -> &'d str {
    let of = |node: Yaml<'d>| {
        node.entries().into_iter().filter_map(|(key, _)| key.as_str()).find(|key| key.eq_ignore_ascii_case(axis))
    };
    of(matrix).or_else(|| matrix.get("include")?.items().find_map(of)).unwrap_or(axis)
}

/// Characters that no artifact's name may have.
fn is_refused(c: char) -> bool {
    matches!(c, '"' | ':' | '<' | '>' | '|' | '*' | '?' | '\r' | '\n' | '\\' | '/')
}

fn text(name: &Name) -> Option<&str> {
    name.known().filter(|text| !text.is_empty())
}

// ---- upload ----

/// Uploads what the job of `gap` measures.
pub(super) fn upload(context: &Context<'_, '_>, gap: &Gap) -> Option<Fix> {
    let job = gap.from.job;
    let works = &context.flow.jobs[job].works;
    let measuring = works.iter().position(|work| work.span == gap.from.span)?;
    // What comes together behind the tests travels together.
    let made = works
        .iter()
        .enumerate()
        .skip(measuring)
        .filter(|(at, work)| {
            let combines = matches!(&work.kind, WorkKind::Coverage(command) if command.sub == CoverageSub::Combine);
            *at == measuring || combines && !work.guarded
        })
        .map(|(_, work)| work.step)
        .max()?;
    let paths = data_paths(context, job, made, &works[measuring])?;
    let name = new_name(context, gap)?;
    let action = actions::pick(context, ArtifactKind::Upload, None)?;
    let path = if paths.len() == 1 { paths[0].clone() } else { paths.join("\n") + "\n" };
    let with = Value::Map(vec![
        ("name".to_owned(), Value::text(&name)),
        ("path".to_owned(), Value::Text(path)),
        ("include-hidden-files".to_owned(), Value::Bool(true)),
        ("if-no-files-found".to_owned(), Value::text("error")),
    ]);
    let (own, at) = own_step_or_call(context, job, made)?;
    let step = step(context, job, "Upload the coverage data", &action, with);
    let title = format!("upload the coverage data of `{}` as `{name}`", context.workflow.jobs[job].id.value);
    Some(Fix::needs_review(title, vec![Change::InsertSteps { job: own, at: at + 1, steps: vec![step] }]))
}

/// The step of the file that this one is, or that calls the action in which this one is written.
fn own_step_or_call(context: &Context<'_, '_>, job: usize, mut step: usize) -> Option<(usize, usize)> {
    loop {
        if let Some(own) = context.own_step(job, step) {
            return Some(own);
        }
        step = context.workflow.jobs[job].steps.get(step)?.within?;
    }
}

fn step(context: &Context<'_, '_>, job: usize, name: &str, uses: &str, with: Value) -> Value {
    // Steps have names where the others have.
    let named = context.workflow.jobs[job].steps.iter().filter(|step| step.name.is_some()).count();
    let mut entries = Vec::new();
    if named * 2 > context.workflow.jobs[job].steps.len() {
        entries.push(("name".to_owned(), Value::text(name)));
    }
    entries.push(("uses".to_owned(), Value::text(uses)));
    entries.push(("with".to_owned(), with));
    Value::Map(entries)
}

/// The lines for `path:` that name the data a job has after a step; `None` when its place is not known.
fn data_paths(context: &Context<'_, '_>, job: usize, step: usize, measuring: &Work) -> Option<Vec<String>> {
    // Without a word of its own a command is measured from outside, by `COVERAGE_PROCESS_START`.
    let other = |run: &TestRun| run.measured.is_some() && !coverage_py(run.measured.as_ref());
    if matches!(&measuring.kind, WorkKind::Tests(run) if other(run)) {
        return None;
    }
    let mut files = context.flow.data_before(job, step + 1);
    if files.is_empty() {
        // A session that keeps to coverage.py's habits.
        let location = context.flow.usual_data_file(measuring)?;
        files.push(DataFile { location, suffix: Suffix::Either, step, span: measuring.span, likely: true });
    }
    let mut paths = Vec::new();
    for file in &files {
        let segments = file.location.path()?;
        let known: Option<Vec<&str>> = segments.iter().map(text).collect();
        let path = known?.join("/");
        if !segments.last().and_then(text)?.starts_with(".coverage") {
            return None;
        }
        match file.suffix {
            Suffix::Plain => paths.push(path),
            Suffix::Added => paths.push(format!("{path}.*")),
            Suffix::Either => paths.extend([path.clone(), format!("{path}.*")]),
        }
    }
    paths.sort();
    paths.dedup();
    Some(paths)
}

/// Whether tests are measured in a way that leaves a data file of coverage.py.
fn coverage_py(measured: Option<&Measured>) -> bool {
    matches!(measured, Some(Measured::Coverage(_) | Measured::PytestCov { .. }))
}

/// A name for the artifact with the data of a gap's job, which the reading job will take if it downloads already.
fn new_name(context: &Context<'_, '_>, gap: &Gap) -> Option<String> {
    let flow = context.flow;
    let id = context.workflow.jobs[gap.from.job].id.value;
    let suffix = leg_suffix(context, gap.from.job)?;
    let downloads: Vec<&Consumer<'_>> =
        flow.consumers.iter().filter(|consumer| consumer.job == gap.to.job && consumer.this_run).collect();
    let mut bases: Vec<String> = Vec::new();
    let collects = flow.collectors.iter().any(|collector| collector.job == gap.to.job && collector.selection.is_none());
    if gap.no_download || collects {
        let alone = flow.handover.sources.iter().filter(|source| **source != gap.to.job).count() < 2;
        bases.extend(alone.then(|| NAME.to_owned()));
        bases.push(format!("{NAME}-{id}"));
    } else {
        // A pattern such as `coverage-*` says what names it expects.
        let patterns = downloads.iter().filter_map(|consumer| match &consumer.selector {
            Selector::Pattern(patterns) => patterns.first()?.0.known(),
            _ => None,
        });
        bases.extend(patterns.filter_map(|pattern| {
            let (before, after) = pattern.split_once('*')?;
            let plain = !after.contains(['*', '?', '[', '{']) && !before.contains(['?', '[', '{']);
            (plain && !before.is_empty() && after.is_empty()).then(|| format!("{before}{id}"))
        }));
    }
    let free = |base: &String| {
        let taken = Glob::new(&format!("{base}*"));
        !flow.producers.iter().flat_map(|producer| &producer.uploads).any(|upload| {
            upload.name.known() == Some(base) || taken.meets(&upload.name) == Meets::Always && !suffix.is_empty()
        })
    };
    bases.into_iter().find(free).map(|base| format!("{base}{suffix}"))
}

// ---- download ----

/// Downloads the data of the jobs that measure for the reading job of `gap`.
pub(super) fn download(context: &Context<'_, '_>, gap: &Gap) -> Option<Fix> {
    let flow = context.flow;
    let job = gap.to.job;
    let gaps: Vec<&Gap> = flow.handover.gaps.iter().filter(|other| other.to == gap.to).collect();
    if gaps.iter().any(|gap| gap.no_needs) {
        return None;
    }
    let mut sources = Vec::new();
    for gap in &gaps {
        sources.push(source(context, gap.from.job)?);
    }
    let reader = flow.jobs[job].works.iter().find(|work| work.span == gap.to.span)?;
    if reader.cwd.as_ref().is_none_or(|folder| !folder.is_empty()) {
        return None;
    }
    let action = actions::pick(context, ArtifactKind::Download, sources.first()?.generation())?;
    let selections = selections(context, &sources)?;
    let several = selections.len() > 1;
    // A plain `coverage combine` looks for files with a suffix in the workspace.
    let combines = match &reader.kind {
        WorkKind::Coverage(command) if command.sub == CoverageSub::Combine => {
            let plain = command.paths.is_empty() && !command.dynamic && command.data_file.is_none();
            let suffixed = sources.iter().all(|producer| arriving(context, producer) == Some(Suffix::Added));
            if !plain || !suffixed {
                return None;
            }
            true
        }
        _ => false,
    };
    let steps: Vec<Value> = selections
        .iter()
        .map(|(key, value)| {
            let folder = if several { format!("{FOLDER}/{value}") } else { FOLDER.to_owned() };
            let mut with = vec![(key.clone(), Value::text(value))];
            match (combines, key.as_str()) {
                (false, _) => with.push(("path".to_owned(), Value::text(folder))),
                (true, "pattern") => with.push(("merge-multiple".to_owned(), Value::Bool(true))),
                (true, _) => {}
            }
            let with = Value::Map(with);
            step(context, job, "Download the coverage data", &action, with)
        })
        .collect();
    let (own, at) = context.own_step(job, reader.step)?;
    let mut changes = vec![Change::InsertSteps { job: own, at, steps }];
    let folders = if several || selections[0].0 == "pattern" { "*/" } else { "" };
    let arguments = format!(" {FOLDER}/{folders}.coverage*");
    if gap.repeats {
        // Data that nobody reads would only hide that the tests run again.
        changes.push(instead(context, job, reader, &Fetched::From(arguments))?);
    } else if !combines {
        // It reads what is in the workspace: the data is put there first.
        let WorkKind::Coverage(command) = &reader.kind else { return None };
        if command.data_file.is_some() {
            return None;
        }
        let step = &context.workflow.jobs[job].steps[reader.step];
        let command = Command::find(step.run?, reader.span)?;
        let combine = format!("{} combine{arguments}", command.coverage(false));
        changes.push(command.precede(Place::Step(own, at), &combine));
    }
    let names: Vec<&str> = gaps.iter().map(|gap| context.workflow.jobs[gap.from.job].id.value).collect();
    let title = format!("download the coverage data of `{}`", names.join("`, `"));
    Some(Fix::needs_review(title, changes))
}

/// The upload that takes a job's coverage data along, files of coverage.py at its root.
fn source<'f, 'd>(context: &Context<'f, 'd>, job: usize) -> Option<&'f Producer<'d>> {
    let flow = context.flow;
    let mut found =
        flow.producers.iter().filter(|producer| producer.job == job && collect::holds_data(flow, producer) == Tri::Yes);
    let producer = found.next()?;
    (found.next().is_none() && lies_flat(context, producer)).then_some(producer)
}

/// Whether the data files are at the artifact's root, under names that begin with `.coverage`.
fn lies_flat(context: &Context<'_, '_>, producer: &Producer<'_>) -> bool {
    !producer.uploads.is_empty()
        && producer.uploads.iter().all(|upload| {
            let Some(root) = upload.paths.root() else { return false };
            let named = |path: &[Name]| {
                path.split_last().is_some_and(|(last, folder)| {
                    folder == root.as_slice() && data::show(std::slice::from_ref(last)).starts_with(".coverage")
                })
            };
            let files = context.flow.data_before(producer.job, producer.step);
            let taken: Vec<_> = files
                .iter()
                .flat_map(DataFile::candidates)
                .filter(|path| upload.paths.names_file(path) == Tri::Yes)
                .collect();
            if taken.is_empty() {
                upload.paths.includes.iter().all(|include| include.segments.as_ref().is_some_and(|path| named(path)))
            } else {
                taken.iter().all(|path| named(path))
            }
        })
}

/// `name` or `pattern` and its value, for downloads that fetch the artifacts of `sources` and no other.
fn selections(context: &Context<'_, '_>, sources: &[&Producer<'_>]) -> Option<Vec<(String, String)>> {
    if sources.iter().all(|producer| producer.uploads.len() == 1) {
        let names: Option<Vec<_>> = sources
            .iter()
            .map(|producer| Some(("name".to_owned(), text(&producer.uploads[0].name)?.to_owned())))
            .collect();
        return names;
    }
    let known: Option<Vec<&str>> =
        sources.iter().flat_map(|producer| &producer.uploads).map(|upload| text(&upload.name)).collect();
    let known = known?;
    let first = *known.first()?;
    let common = (0..=first.len())
        .rev()
        .filter(|&end| first.is_char_boundary(end))
        .find(|&end| known.iter().all(|name| name.starts_with(&first[..end])))?;
    let stem = &first[..=first[..common].rfind('-')?];
    let glob = Glob::new(&format!("{stem}*"));
    let others =
        context.flow.producers.iter().filter(|producer| !sources.iter().any(|source| source.index == producer.index));
    let strange = others.flat_map(|producer| &producer.uploads).any(|upload| glob.meets(&upload.name) != Meets::Never);
    let plain = !stem.contains(['*', '?', '[', '{', '!', '(']);
    (plain && !strange && known.len() > 1).then(|| vec![("pattern".to_owned(), format!("{stem}*"))])
}

// ---- report instead of running again ----

/// Replaces the second run of the tests by the data of the first.
pub(super) fn report(context: &Context<'_, '_>, repeat: &Repeat) -> Option<Fix> {
    let flow = context.flow;
    let job = repeat.again.job;
    let works = &flow.jobs[job].works;
    let again = works.iter().find(|work| work.span == repeat.again.span)?;
    if !repeat.has_data || again.cwd.as_ref().is_none_or(|folder| !folder.is_empty()) {
        return None;
    }
    let arguments = downloaded(context, repeat.first.job, job, again.step)?;
    let change = instead(context, job, again, &arguments)?;
    let (again, first) = (context.workflow.jobs[job].id.value, context.workflow.jobs[repeat.first.job].id.value);
    let title = format!("report on the data of `{first}` in `{again}` instead of running the tests again");
    Some(Fix::needs_review(title, vec![change]))
}

/// Reports on fetched data where `again` runs the tests.
fn instead(context: &Context<'_, '_>, job: usize, again: &Work, data: &Fetched) -> Option<Change> {
    let works = &context.flow.jobs[job].works;
    let step = &context.workflow.jobs[job].steps[again.step];
    let (own, at) = context.own_step(job, again.step)?;
    let command = Command::find(step.run?, again.span)?;
    // Everything this very command does, one or more: a session may report as well.
    let inner: Vec<&Work> = works.iter().filter(|work| work.span == again.span).collect();
    let own_tests = matches!(inner.as_slice(), [work] if matches!(work.kind, WorkKind::Tests(_)));
    let coverage = command.coverage(!own_tests);
    let mut lines: Vec<String> = Vec::new();
    if let Fetched::From(arguments) = data {
        lines.push(format!("{coverage} combine{arguments}"));
    }
    let mut reports = Vec::new();
    for work in inner {
        match &work.kind {
            WorkKind::Tests(run) if coverage_py(run.measured.as_ref()) => {
                reports.extend(script::reports_of(run, command.text())?);
            }
            WorkKind::Coverage(command) if command.sub == CoverageSub::Combine => {}
            WorkKind::Coverage(command) => reports.push(script::written(command)?),
            WorkKind::Session(_) => reports.extend(awaited(context, job, again.step)),
            _ => return None,
        }
    }
    let session = !own_tests;
    let reported = works.iter().any(|work| {
        work.span.start > again.span.start
            && match &work.kind {
                WorkKind::Coverage(command) => command.sub.reports(),
                WorkKind::Apply(_) => true,
                _ => false,
            }
    });
    let shown = reports.iter().any(|report| report.starts_with("report"));
    if !reported && !shown && (session || reports.is_empty()) {
        reports.push("report".to_owned());
    }
    lines.extend(reports.into_iter().map(|report| format!("{coverage} {report}")));
    if lines.is_empty() {
        return command.remove(own, at);
    }
    if session && coverage == "coverage" {
        lines.insert(0, "python -m pip install coverage".to_owned());
    }
    Some(command.replace(Place::Step(own, at), &lines))
}

/// Where downloaded data is.
enum Fetched {
    /// Where coverage.py looks for it.
    InPlace,
    /// Where `coverage combine` finds it with these arguments, each behind a blank.
    From(String),
}

/// The arguments of `coverage combine` for what a job has downloaded from another before a step.
fn downloaded(context: &Context<'_, '_>, from: usize, job: usize, before: usize) -> Option<Fetched> {
    let flow = context.flow;
    // A step of ours fetches the data itself.
    let collects =
        |collector: &collect::Collector<'_>| collector.job == job && collector.step > before && !collector.guarded;
    if flow.collectors.iter().any(collects) && !flow.consumers.iter().any(|consumer| consumer.job == job) {
        return Some(Fetched::InPlace);
    }
    let mut arguments = String::new();
    let mut in_place = false;
    for consumer in flow.consumers.iter().filter(|consumer| consumer.job == job && consumer.step < before) {
        let sources: Vec<&Producer<'_>> =
            flow.producers.iter().filter(|producer| consumer.meets(producer) != Meets::Never).collect();
        let holds = |producer: &&&Producer<'_>| collect::holds_data(flow, producer) == Tri::Yes;
        if !sources.iter().any(|producer| producer.job == from || holds(&producer)) {
            continue;
        }
        let [path] = consumer.path.as_slice() else { return None };
        let folder = path.known()?.trim_end_matches('/').trim_start_matches("./");
        if !consumer.this_run || sources.is_empty() || !sources.iter().all(|producer| lies_flat(context, producer)) {
            return None;
        }
        let flat = matches!(&consumer.selector, Selector::Name(_)) || consumer.merge == Some(true);
        if matches!(folder, "" | ".") && flat {
            // In the workspace itself there is more whose name begins so: `.coveragerc`.
            let kinds: Vec<_> = sources.iter().map(|producer| arriving(context, producer)).collect();
            match kinds.as_slice() {
                [Some(Suffix::Plain)] => in_place = true,
                _ if kinds.iter().all(|kind| *kind == Some(Suffix::Added)) => arguments.push(' '),
                _ => return None,
            }
            continue;
        }
        if matches!(folder, "" | ".") || folder.contains(['$', ' ', '*', '\\']) || folder.starts_with(['/', '~']) {
            return None;
        }
        let folders = match (&consumer.selector, consumer.merge) {
            (Selector::Name(_), _) | (Selector::Pattern(_) | Selector::All, Some(true)) => "",
            (Selector::Pattern(_) | Selector::All, Some(false)) => "*/",
            _ => return None,
        };
        // Several downloads below one folder are combined at once.
        let argument = match folder.strip_prefix(FOLDER) {
            Some(below) if below.starts_with('/') && folders.is_empty() => format!(" {FOLDER}/*/.coverage*"),
            _ => format!(" {folder}/{folders}.coverage*"),
        };
        if !arguments.contains(&argument) {
            arguments.push_str(&argument);
        }
    }
    match (in_place, arguments.trim_end()) {
        (true, "") if arguments.is_empty() => Some(Fetched::InPlace),
        (false, trimmed) if !arguments.is_empty() => Some(Fetched::From(trimmed.to_owned())),
        _ => None,
    }
}

/// Whether the data files of an artifact are called `.coverage`, or have a suffix; `None` when that cannot be told, or both.
fn arriving(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Suffix> {
    let files = context.flow.data_before(producer.job, producer.step);
    let mut names: Vec<String> = Vec::new();
    for upload in &producer.uploads {
        let taken =
            files.iter().flat_map(DataFile::candidates).filter(|path| upload.paths.names_file(path) == Tri::Yes);
        let before = names.len();
        names.extend(taken.filter_map(|path| path.last().map(|last| data::show(std::slice::from_ref(last)))));
        if names.len() == before {
            let lines = upload.paths.includes.iter();
            names.extend(lines.map(|include| include.text.rsplit('/').next().unwrap_or_default().to_owned()));
        }
    }
    if names.iter().all(|name| name == ".coverage") {
        (!names.is_empty()).then_some(Suffix::Plain)
    } else {
        names.iter().all(|name| name.starts_with(".coverage.")).then_some(Suffix::Added)
    }
}

/// The reports that later steps of a job upload: what a session that is not seen through must have written.
fn awaited(context: &Context<'_, '_>, job: usize, after: usize) -> Vec<String> {
    let mut reports = Vec::new();
    let later = context.flow.producers.iter().filter(|producer| producer.job == job && producer.step > after);
    for include in later.flat_map(|producer| &producer.uploads).flat_map(|upload| &upload.paths.includes) {
        let path = include.text.trim_end_matches('/');
        let name = path.rsplit('/').next().unwrap_or_default();
        if !handover::surely_no_data(include) && !name.contains('.') || path.contains(['*', '$', ' ', '?', '[']) {
            continue;
        }
        let report = match name.rsplit_once('.').map(|(_, ending)| ending) {
            Some("xml") => format!("xml -o {path}"),
            Some("json") => format!("json -o {path}"),
            Some("lcov" | "info") => format!("lcov -o {path}"),
            None if name == "htmlcov" => format!("html -d {path}"),
            _ => continue,
        };
        if name.contains("cov") && !reports.contains(&report) {
            reports.push(report);
        }
    }
    reports
}

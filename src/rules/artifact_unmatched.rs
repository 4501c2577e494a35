//! `artifact-unmatched`

use super::Context;
use crate::findings::Finding;
use crate::flow::artifact::{Consumer, Producer, Selector};
use crate::flow::collect::{Collector, DataSource};
use crate::flow::data;
use crate::flow::glob::Meets;
use crate::flow::paths::Tri;
use crate::flow::work::{Work, WorkKind};
use crate::source::Span;

rule! {
    /// ### What it does
    /// Finds downloads that no upload of the run can serve, and uploads and downloads that miss their files:
    ///
    /// - a `name` or `pattern` that no artifact of this run can have, whatever the matrix and the expressions hold, the
    ///   names and patterns of the `artifacts` input of this program's action among them;
    /// - a `path` that does not name the data file the job has made;
    /// - an upload before the step that makes the file, a download after the step that reads it.
    ///
    /// ### Why
    /// A `name` without an artifact fails the job. A `pattern` without a match **succeeds** with "0 artifacts", and so does
    /// a download of everything: the job goes on without data. An upload that finds no file only warns.
    ///
    /// Where an artifact may come from something unseen (a local or unknown action, a reusable workflow, `workflow_run`,
    /// another run by `run-id`), nothing is reported.
    ///
    /// Evidence: actions/download-artifact#311 and #352, google/benchmark#1371.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: coverage-data, path: coverage.xml }
    /// …
    /// - uses: actions/download-artifact@v4
    ///   with: { name: coverage }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with: { name: coverage-data }
    /// ```
    "artifact-unmatched", Error, "Downloads that no upload can serve, and paths or an order that miss the file", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for consumer in &context.flow.consumers {
        findings.extend(unmatched(context, consumer));
        findings.extend(late(context, consumer));
    }
    for collector in &context.flow.collectors {
        findings.extend(collects_nothing(context, collector));
    }
    for producer in &context.flow.producers {
        findings.extend(misses_data(context, producer));
    }
    findings
}

fn unmatched(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> Option<Finding> {
    let flow = context.flow;
    if !consumer.this_run || flow.has_unseen_producers_for(context.workflow, consumer.job) {
        return None;
    }
    let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
    let could_serve =
        |p: &Producer<'_>| consumer.meets(p) != Meets::Never && (p.job != consumer.job || p.step < consumer.step);
    if flow.producers.iter().any(could_serve) {
        return None;
    }
    let (message, label, span) = match (&consumer.selector, consumer.selector_text) {
        (Selector::Name(names), Some(text)) => (
            format!(
                "no job uploads an artifact named `{}`: the download fails the job",
                shown(names.iter().map(ToString::to_string))
            ),
            "no such artifact",
            text.span(),
        ),
        (Selector::Pattern(patterns), Some(text)) => (
            format!(
                "no artifact of this run can match `{}`: the download succeeds with nothing",
                shown(patterns.iter().map(|(name, _)| name.to_string()))
            ),
            "matches nothing",
            text.span(),
        ),
        (Selector::All, _) => (
            "this downloads every artifact, but no job uploads one: it succeeds with nothing".to_owned(),
            "nothing to download",
            step.anchor(),
        ),
        _ => return None,
    };
    let mut finding = RULE.finding(message, context.label(span, label));
    if let Some(later) = flow.producers.iter().find(|p| p.job == consumer.job && consumer.meets(p) != Meets::Never) {
        let at = context.workflow.jobs[later.job].steps[later.step].anchor();
        return Some(
            finding.related(context.label(at, "uploaded only after that")).help("move the upload before the download"),
        );
    }
    let uploaded: Vec<(String, Span)> = flow
        .producers
        .iter()
        .flat_map(|p| {
            let at = p.name.map_or(context.workflow.jobs[p.job].steps[p.step].anchor(), |text| text.span());
            p.uploads.iter().map(move |upload| (upload.name.to_string(), at))
        })
        .collect();
    let wanted = consumer.selector_text.map_or("", |text| text.value);
    let nearest = crate::did_you_mean(wanted, uploaded.iter().map(|(name, _)| name.as_str()))
        .and_then(|near| uploaded.iter().find(|(name, _)| name == near));
    let is_name = matches!(consumer.selector, Selector::Name(_));
    let dotted = uploaded.iter().find(|(name, _)| name.starts_with('.')).filter(|_| wanted.starts_with(['*', '?']));
    if is_name && wanted.contains(['*', '?', '{']) {
        finding = finding.help("`name` is taken literally: write `pattern:` instead");
    } else if let Some((name, at)) = dotted {
        finding = finding
            .related(context.label(*at, format!("uploaded as `{name}`")))
            .help("`*` matches no leading dot: begin the pattern with `.`");
    } else if let Some((name, at)) = nearest {
        finding = finding
            .related(context.label(*at, format!("uploaded as `{name}`")))
            .help(format!("did you mean `{name}`?"));
    } else if uploaded.is_empty() {
        finding = finding.help("upload the artifact in a job that this one needs");
    } else {
        let mut names: Vec<String> = uploaded.iter().map(|(name, _)| format!("`{name}`")).collect();
        names.dedup();
        names.truncate(8);
        for (name, at) in uploaded.iter().take(1) {
            finding = finding.related(context.label(*at, format!("`{name}` is uploaded here")));
        }
        finding = finding.help(format!("this run uploads {}", names.join(", ")));
    }
    Some(finding)
}

/// A step of ours that finds no artifact: one that it names, or any with coverage data.
fn collects_nothing(context: &Context<'_, '_>, collector: &Collector<'_>) -> Option<Finding> {
    let flow = context.flow;
    if flow.has_unseen_producers_for(context.workflow, collector.job) {
        return None;
    }
    let before: Vec<&Producer<'_>> =
        flow.producers.iter().filter(|p| p.job != collector.job || p.step < collector.step).collect();
    let step = &context.workflow.jobs[collector.job].steps[collector.step];
    let mut names: Vec<String> =
        before.iter().flat_map(|p| p.uploads.iter().map(|upload| upload.name.to_string())).collect();
    names.dedup();
    let Some(patterns) = &collector.selection else {
        // Data of its own job will do, and a job that measures and uploads nothing is another rule's business.
        let works = &flow.jobs[collector.job].works;
        let own = works.iter().any(|work| work.step < collector.step && work.may_bring_data());
        let said = flow.handover.gaps.iter().any(|gap| gap.to.job == collector.job);
        let served = before.iter().any(|producer| collector.meets(producer) != Meets::Never);
        if own || said || served || !flow.handover.sources.is_empty() {
            return None;
        }
        return Some(
            RULE.finding(
                "this collects coverage data, but no job uploads any",
                context.label(step.anchor(), "nothing to collect"),
            )
            .help("upload the data file in the job that measures, and let this one need it"),
        );
    };
    let missing =
        patterns.iter().find(|pattern| before.iter().all(|producer| pattern.meets_any(producer) == Meets::Never))?;
    let span = collector.selection_text.map_or(step.anchor(), |text| text.span());
    let wanted = missing.name.to_string();
    let message = if missing.is_name() {
        format!("no job uploads an artifact named `{wanted}`")
    } else {
        format!("no artifact of this run can match `{wanted}`")
    };
    let finding = RULE.finding(message, context.label(span, "no such artifact"));
    names.truncate(8);
    Some(match crate::did_you_mean(&wanted, names.iter().map(String::as_str)) {
        Some(near) => finding.help(format!("did you mean `{near}`?")),
        None if names.is_empty() => finding.help("upload the artifact in a job that this one needs"),
        None => finding.help(format!("this run uploads `{}`", names.join("`, `"))),
    })
}

fn shown(names: impl Iterator<Item = String>) -> String {
    let mut names: Vec<String> = names.collect();
    names.dedup();
    names.truncate(3);
    names.join("`, `")
}

/// A download that comes after the command that reads the data, with nothing before it that could have brought data.
fn late(context: &Context<'_, '_>, consumer: &Consumer<'_>) -> Option<Finding> {
    let works = &context.flow.jobs[consumer.job].works;
    let reader = works.iter().position(|work| match &work.kind {
        WorkKind::Coverage(command) => !work.guarded && command.sub.reads(),
        WorkKind::Apply(apply) => !work.guarded && apply.source == DataSource::Workspace,
        _ => false,
    })?;
    if works[reader].step >= consumer.step || works[..reader].iter().any(Work::may_bring_data) {
        return None;
    }
    // Only what can be coverage data is late; another artifact may well come after the report.
    let text = consumer.selector_text.map_or("coverage", |text| text.value).to_ascii_lowercase();
    if !text.contains("cov") {
        return None;
    }
    let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
    Some(
        RULE.finding(
            "the coverage data is downloaded after the command that reads it",
            context.label(step.anchor(), "downloaded only here"),
        )
        .related(context.label(works[reader].span, "read here, without data"))
        .help("move the download before that step"),
    )
}

/// An upload meant for the coverage data file that cannot take it along.
fn misses_data(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let flow = context.flow;
    let path = producer.path?;
    let upload = producer.uploads.first()?;
    // Only a path that ends in the data file's own name is surely meant for it.
    let include = upload.paths.includes.iter().find(|include| {
        include
            .segments
            .as_ref()
            .and_then(|s| s.last())
            .and_then(|s| s.known())
            .is_some_and(|last| matches!(last, ".coverage" | ".coverage.*" | ".coverage*"))
    })?;
    let span = path.node.source_span(Span::new(include.offset, include.offset + include.text.len()));
    let state = flow.data_state(producer.job, producer.step);
    if state.open {
        return None;
    }
    let works = &flow.jobs[producer.job].works;
    if state.files.is_empty() {
        let maker = works.iter().find(|work| {
            work.step > producer.step
                && !work.guarded
                && matches!(&work.kind, WorkKind::Tests(run) if run.measured.is_some())
        })?;
        return Some(
            RULE.finding(
                format!("`{}` is uploaded before the step that makes it", include.text),
                context.label(span, "does not exist yet"),
            )
            .related(context.label(maker.span, "made here"))
            .help("move the upload after that step"),
        );
    }
    if state.files.iter().any(|file| file.location.path().is_none()) {
        return None;
    }
    let taken =
        state.files.iter().flat_map(data::DataFile::candidates).any(|file| upload.paths.names_file(&file) != Tri::No);
    if taken {
        return None;
    }
    let file = &state.files[0];
    Some(
        RULE.finding(
            format!("`{}` is not where the coverage data is: that is `{file}`", include.text),
            context.label(span, "nothing to upload here"),
        )
        .related(context.label(file.span, format!("writes `{file}`")))
        .help(format!("write `path: {file}`")),
    )
}

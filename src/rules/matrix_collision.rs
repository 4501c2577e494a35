//! `matrix-collision`

use super::{Context, remedy};
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Severity};
use crate::flow::artifact::{Consumer, Producer, Selector, Upload};
use crate::flow::data::Suffix;
use crate::flow::glob::{Glob, Meets};
use crate::flow::name::{Name, Piece};
use crate::flow::paths::Tri;
use crate::source::Span;
use crate::workflow::Step;

rule! {
    /// ### What it does
    /// Finds uploads of a matrix job whose artifact has the same name in several legs.
    ///
    /// ### Why
    /// Since v4 an artifact is written once: the first leg to finish wins, every other fails with 409, "an artifact with
    /// this name already exists on the workflow run". `overwrite: true` is no remedy: it replaces the data of the other
    /// legs. Legs that a condition leaves out, and names with parts that only the run knows, are not counted.
    ///
    /// Evidence: actions/upload-artifact#478, #472, #634.
    ///
    /// ### Example
    /// ```yaml
    /// strategy:
    ///   matrix: { python: ["3.12", "3.13"] }
    /// steps:
    ///   - uses: actions/upload-artifact@v4
    ///     with: { name: coverage-data, path: coverage.xml }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///     with: { name: "coverage-data-${{ matrix.python }}", path: coverage.xml }
    /// ```
    /// and download with `pattern: coverage-data-*`.
    "matrix-collision", Error, "One artifact name for several legs of a matrix", check,
    fix: Safe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    context.flow.producers.iter().filter_map(|producer| collision(context, producer)).collect()
}

fn collision(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    if !producer.action.immutable().is_yes() {
        return None;
    }
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let job = &context.workflow.jobs[producer.job];
    // A condition that only the run can decide may leave a single leg.
    if !producer.unconditional {
        return None;
    }
    let mut same = None;
    for (index, upload) in producer.uploads.iter().enumerate() {
        if let Some(other) =
            producer.uploads[index + 1..].iter().find(|other| other.name.meets(&upload.name) == Meets::Always)
        {
            same = Some((upload, other));
            break;
        }
    }
    let (first, second) = same?;
    let legs = &context.flow.jobs[producer.job].legs;
    let differing: Vec<&String> =
        legs.axes.iter().filter(|axis| legs.legs[first.leg].get(axis) != legs.legs[second.leg].get(axis)).collect();
    let count = producer.uploads.iter().filter(|upload| upload.name.meets(&first.name) == Meets::Always).count();
    let overwrites = step.input_text("overwrite").is_some_and(|text| text.value == "true");
    let empty = holds_nothing(producer, step);
    let message = if overwrites {
        format!("{count} legs of job `{}` overwrite each other's artifact `{}`", job.id.value, first.name)
    } else if empty {
        format!(
            "{count} legs of job `{}` name their artifact `{}`: once its hidden files are let in, all but the first fail",
            job.id.value, first.name
        )
    } else {
        format!(
            "{count} legs of job `{}` upload an artifact named `{}`: all but the first fail",
            job.id.value, first.name
        )
    };
    let name = producer.name.map_or(step.anchor(), |name| name.span());
    let mut finding = RULE.finding(message, context.label(name, "the same in every one of these legs"));
    // Where the legs of this job are the same, those of the job that calls the workflow differ.
    let caller = job.within.filter(|_| differing.is_empty()).map(|caller| &context.workflow.jobs[caller]);
    if let Some(matrix) = caller.unwrap_or(job).strategy.and_then(|strategy| strategy.matrix) {
        let span = matrix
            .get_entry(differing.first().map_or("", |axis| axis.as_str()))
            .map_or(matrix.span(), |(key, _)| key.span());
        finding = finding.related(context.label(
            span,
            format!("for example `{}` and `{}`", legs.legs[first.leg].describe(), legs.legs[second.leg].describe()),
        ));
    }
    let axes: Vec<String> = differing.iter().map(|axis| format!("${{{{ matrix.{axis} }}}}")).collect();
    // Nothing fails then, and for a report of the last leg it may even be meant.
    if overwrites || empty {
        finding.severity = Severity::Warning;
    }
    if !overwrites && caller.is_none() {
        finding = finding.fix(tell_apart(context, producer));
    }
    Some(finding.help(if caller.is_some() {
        "give the called workflow what differs as an input, put it into the name, and download with a pattern"
            .to_owned()
    } else if axes.is_empty() {
        "put something that differs between the legs into the name".to_owned()
    } else {
        format!("put `{}` into the name, and download with a pattern", axes.join("-"))
    }))
}

/// Whether nothing is uploaded as things stand, because every path is hidden.
fn holds_nothing(producer: &Producer<'_>, step: &Step<'_>) -> bool {
    let hidden = |upload: &Upload| upload.paths.includes.iter().all(|include| include.is_hidden() == Tri::Yes);
    producer.action.drops_hidden_files().is_yes()
        && step.input_text("include-hidden-files").is_none()
        && producer.uploads.iter().all(hidden)
}

/// Puts what differs between the legs into the name, at both ends.
fn tell_apart(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Fix> {
    let flow = context.flow;
    let name = producer.name?;
    let suffix = missing_axes(name.value, &remedy::leg_suffix(context, producer.job)?)?;
    let mentioned = |step: &Step<'_>| step.run.is_some_and(|run| run.value.contains(name.value));
    let named_by = |collector: &crate::flow::collect::Collector<'_>| {
        let patterns = collector.selection.as_ref();
        patterns.is_some_and(|all| all.iter().any(|one| one.is_name() && one.meets_any(producer) != Meets::Never))
    };
    if context.workflow.jobs.iter().flat_map(|job| &job.steps).any(mentioned) || flow.collectors.iter().any(named_by) {
        return None;
    }
    let end = name.value.len();
    let (job, step) = context.own_step(producer.job, producer.step)?;
    let mut changes = vec![Change::EditText {
        place: Place::Inputs(job, step),
        key: "name".to_owned(),
        part: Span::new(end, end),
        text: suffix,
    }];
    let mut certain = true;
    for consumer in flow.consumers.iter().filter(|consumer| consumer.meets(producer) != Meets::Never) {
        match &consumer.selector {
            Selector::Name(_) => changes.extend(download_all(context, producer, consumer)?),
            Selector::Pattern(patterns) => {
                // `coverage-*` goes on to match.
                let longer = |upload: &Upload| {
                    let mut name = upload.name.clone();
                    name.pieces.push(Piece::Text("-x".to_owned()));
                    name
                };
                let matches = |(_, glob): &(Name, Option<Glob>)| {
                    let meets = |glob: &Glob| producer.uploads.iter().all(|u| glob.meets(&longer(u)) == Meets::Always);
                    glob.as_ref().is_some_and(meets)
                };
                if !patterns.iter().all(matches) {
                    return None;
                }
            }
            Selector::All => certain = false,
            Selector::Ids => return None,
        }
    }
    let title = format!("give each leg an artifact of its own name: `{}…`", name.value);
    Some(Fix::safe(title, changes).safe_if(certain))
}

/// The parts of a suffix such as `-${{ matrix.os }}-${{ matrix.python }}` that a name does not hold yet.
fn missing_axes(name: &str, suffix: &str) -> Option<String> {
    let plain: String = name.to_ascii_lowercase().chars().filter(|c| *c != ' ').collect();
    let missing: String = suffix
        .split_inclusive(" }}")
        .filter(|part| {
            let axis = part.trim_start_matches("-${{ ").trim_end_matches(" }}").to_ascii_lowercase();
            !plain.contains(&format!("{axis}}}")) && !plain.contains(&format!("{axis}|"))
        })
        .collect();
    (!missing.is_empty()).then_some(missing)
}

/// Lets a download by name take the artifacts of all legs, where no two hold a file of the same name.
fn download_all(context: &Context<'_, '_>, producer: &Producer<'_>, consumer: &Consumer<'_>) -> Option<Vec<Change>> {
    let flow = context.flow;
    let (name, wanted) = (producer.name?, consumer.selector_text?);
    let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
    let others = flow.producers.iter().any(|p| p.index != producer.index && consumer.meets(p) != Meets::Never);
    let files = flow.data_state(producer.job, producer.step);
    let unique = !files.open && !files.files.is_empty() && files.files.iter().all(|file| file.suffix == Suffix::Added);
    let plain =
        !name.is_dynamic() && name.value == wanted.value && !name.value.contains(['*', '?', '[', ']', '{', '}', '!']);
    let fits = consumer.this_run
        && consumer.job != producer.job
        && consumer.action.has_pattern().is_likely()
        && step.input("pattern").is_none()
        && step.input("merge-multiple").is_none();
    if others || !unique || !plain || !fits {
        return None;
    }
    let (job, at) = context.own_step(consumer.job, consumer.step)?;
    let place = Place::Inputs(job, at);
    Some(vec![
        Change::Rename {
            place,
            from: "name".to_owned(),
            to: "pattern".to_owned(),
            value: Value::text(format!("{}-*", name.value)),
        },
        Change::Set {
            place,
            entries: vec![("merge-multiple".to_owned(), Value::Bool(true))],
            after: &["path", "name"],
        },
    ])
}

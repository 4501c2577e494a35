//! `hidden-files`

use super::Context;
use crate::findings::fix::{Change, Fix, Place, Value};
use crate::findings::{Finding, Severity};
use crate::flow::artifact::Producer;
use crate::flow::data::DataFile;
use crate::flow::glob::Meets;
use crate::flow::paths::{Tri, UploadPath};
use crate::source::Span;
use crate::workflow::action::Known;

rule! {
    /// ### What it does
    /// Finds uploads whose files begin with a dot and are therefore left out by `upload-artifact`.
    ///
    /// ### Why
    /// Since `upload-artifact` 4.4.0 and 3.2.0 (both of 29 August 2024) hidden files are not uploaded unless
    /// `include-hidden-files: true` says so. coverage.py names its data `.coverage`, so the step succeeds with a warning in
    /// its log, the artifact is never made, and the coverage job fails, or worse, reports on what is left. The floating tag
    /// `v3` is 3.2.1 and `v4` is 4.6.2, so the usual references are affected; 3.2.0 ignores the input altogether. A test
    /// of the name is made on every item from the search path downwards: `.coverage`, `.coverage.*` and `.reports/*.xml`
    /// are dropped, the literal path `.reports/coverage.xml` is not. A hidden file in a visible folder (`coverage/` with
    /// `COVERAGE_FILE: coverage/.coverage`) is dropped too.
    ///
    /// Evidence: actions/upload-artifact issues 602 and 620; the same loss in pypa/hatch#1707, fastapi/typer#967,
    /// tox-dev/platformdirs#298.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/upload-artifact@v3
    ///   with:
    ///     name: coverage-data
    ///     path: .coverage
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: actions/upload-artifact@v3
    ///   with:
    ///     name: coverage-data
    ///     path: .coverage
    ///     include-hidden-files: true
    /// ```
    "hidden-files", Error, "Hidden files such as `.coverage` that upload-artifact leaves out", check,
    fix: Safe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    context.flow.producers.iter().filter_map(|producer| dropped(context, producer)).collect()
}

fn dropped(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Finding> {
    let step = &context.workflow.jobs[producer.job].steps[producer.step];
    let drops = producer.action.drops_hidden_files();
    // An upload that fails altogether has no files to leave out.
    if matches!(drops, Known::No | Known::Unknown) || super::platform_version::is_closed(context, producer) {
        return None;
    }
    let asked = step.input_text("include-hidden-files");
    let mut ignored = false;
    match asked.map(|text| text.value.to_ascii_lowercase()) {
        Some(value) if value == "true" => {
            if !producer.action.honours_include_hidden_files().is_no() {
                return None;
            }
            ignored = true;
        }
        Some(value) if value == "false" => {}
        Some(_) => return None,
        None => {}
    }
    let Hidden { span, what, data, beside } = hidden_path(context, producer)?;
    let version = producer.action.version;
    let message = if ignored {
        format!("`{what}` is hidden, and upload-artifact {version} ignores `include-hidden-files`")
    } else {
        format!("`{what}` is hidden, so upload-artifact {version} does not upload it")
    };
    let mut finding = RULE.finding(message, context.label(span, "its name begins with a dot"));
    if let Some(uses) = step.uses {
        finding = finding.related(context.label(uses.span(), version_words(producer)));
    }
    if let Some(asked) = asked {
        finding =
            finding.related(context.label(asked.span(), if ignored { "not read by 3.2.0" } else { "asked for here" }));
    }
    finding = finding.help(if ignored {
        "use 3.2.1 or later, which reads the input".to_owned()
    } else {
        "add `include-hidden-files: true` to the step's `with:`".to_owned()
    });
    finding = finding.fix(remedy(context, producer, ignored, asked.is_some()));
    // A folder may hold other files too: what matters then is whether anybody waits for the data in it.
    let flow = context.flow;
    let awaited = flow.consumers.iter().any(|consumer| consumer.meets(producer) != Meets::Never)
        || flow.collectors.iter().any(|collector| collector.meets(producer) != Meets::Never);
    if drops == Known::Likely || beside.is_some_and(|certain| !certain || !awaited) {
        finding = finding.likely();
        finding.fix = finding.fix.map(|fix| fix.safe_if(false));
    }
    // What is no coverage data may be a nicety (`.pytest_cache`); its loss breaks no hand-over.
    if !data {
        finding.severity = finding.severity.min(Severity::Warning);
        finding.fix = finding.fix.map(|fix| fix.safe_if(false));
    }
    Some(finding)
}

/// A path that is dropped.
struct Hidden {
    /// Its line.
    span: Span,
    /// What is not uploaded.
    what: String,
    /// Whether it is coverage data.
    data: bool,
    /// For a file in a visible folder: whether it is certain that it is there.
    beside: Option<bool>,
}

fn hidden_path(context: &Context<'_, '_>, producer: &Producer<'_>) -> Option<Hidden> {
    let path = producer.path?;
    let first = producer.uploads.first()?;
    for (index, include) in first.paths.includes.iter().enumerate() {
        let in_all = producer
            .uploads
            .iter()
            .all(|upload| upload.paths.includes.get(index).is_some_and(|include| include.is_hidden() == Tri::Yes));
        let at = path.node.source_span(Span::new(include.offset, include.offset + include.text.len()));
        if in_all {
            let data = include.text.contains("cov");
            return Some(Hidden { span: at, what: include.text.clone(), data, beside: None });
        }
        // A visible folder whose only known content is a hidden data file made before.
        let files = context.flow.data_before(producer.job, producer.step);
        let named: Vec<_> = files
            .iter()
            .filter(|file| file.candidates().iter().any(|candidate| include.names(Some(candidate))))
            .collect();
        let hides = |file: &DataFile| file.candidates().iter().all(|candidate| include.hides(candidate));
        if !named.is_empty() && named.iter().all(|file| hides(file)) {
            let certain = named.iter().all(|file| !file.likely);
            return Some(Hidden { span: at, what: named[0].to_string(), data: true, beside: Some(certain) });
        }
    }
    None
}

/// Asks for hidden files where only coverage data can be meant: with a broad path, credentials in `.git` would come along.
fn remedy(context: &Context<'_, '_>, producer: &Producer<'_>, ignored: bool, asked: bool) -> Option<Fix> {
    let place = context.own_step(producer.job, producer.step)?;
    if ignored {
        let uses = context.workflow.jobs[producer.job].steps[producer.step].uses?;
        let name = uses.value.strip_suffix("@v3.2.0")?;
        let newer = format!("{name}@v3.2.1");
        let title = format!("use `{newer}`, which reads `include-hidden-files`");
        let entries = vec![("uses".to_owned(), Value::text(newer))];
        let change = Change::Set { place: Place::Step(place.0, place.1), entries, after: &[] };
        return Some(Fix::needs_review(title, vec![change]));
    }
    let mut includes = producer.uploads.iter().flat_map(|upload| &upload.paths.includes);
    if !includes.all(is_narrow) {
        return None;
    }
    let entries = vec![("include-hidden-files".to_owned(), Value::Bool(true))];
    let change = Change::Set { place: Place::Inputs(place.0, place.1), entries, after: &["path"] };
    // Somebody wrote `false`, perhaps for a reason.
    Some(Fix::safe("add `include-hidden-files: true`", vec![change]).safe_if(!asked))
}

/// Whether a path names files or a folder of its own, not the workspace or what begins with a wildcard.
fn is_narrow(include: &UploadPath) -> bool {
    include.segments.as_ref().is_some_and(|segments| {
        if segments.last().and_then(|last| last.known()).is_some_and(|last| last.starts_with(".coverage")) {
            return true;
        }
        let mut known = segments.iter().map_while(|segment| segment.known());
        known.next().is_some_and(|first| {
            first.starts_with(".coverage")
                || !first.is_empty() && !first.contains(['*', '?', '[', '{']) && first != ".git"
        })
    })
}

fn version_words(producer: &Producer<'_>) -> String {
    if producer.action.drops_hidden_files() == Known::Likely {
        return "this fork follows upstream, where hidden files are left out since 4.4.0".to_owned();
    }
    let since = if producer.action.version.major() == Some(3) { "3.2.0" } else { "4.4.0" };
    format!("hidden files are left out since {since}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_page_shows_the_fix() {
        assert!(super::RULE.info.page().contains("    include-hidden-files: true"));
    }
}

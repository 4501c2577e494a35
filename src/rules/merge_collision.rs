//! `merge-collision`

use super::Context;
use crate::findings::Finding;
use crate::flow::collision::{Collision, Place, collisions};
use crate::workflow::dialect::Dialect;

rule! {
    /// ### What it does
    /// Finds files of coverage that replace each other on the way: one file name in several artifacts that are downloaded
    /// into one folder, by `merge-multiple: true` or one after the other, and one file name in several uploads to the same
    /// artifact of v3 or older, which adds them all to it.
    ///
    /// ### Why
    /// The last writer wins and nobody is told. The report then shows the coverage of one leg as if it were that of all.
    /// `.coverage` is the name every leg uses unless `COVERAGE_FILE`, `coverage run -p` or `parallel = true` makes it
    /// another. Names are compared as the legs of the matrix make them, so an axis that is missing in the name is found.
    ///
    /// Reported only when two names are certainly equal: what a script may have renamed, the run alone knows, or the coverage
    /// configuration may make unique is passed over, and so are uploads under a condition.
    ///
    /// Evidence: actions/upload-artifact `docs/MIGRATION.md` ("the last writer wins"), wntrblm/nox#778.
    ///
    /// ### Example
    /// ```yaml
    /// - run: coverage run -m pytest
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: "coverage-${{ matrix.python }}", path: .coverage, include-hidden-files: true }
    /// …
    /// - uses: actions/download-artifact@v4
    ///   with: { pattern: coverage-*, merge-multiple: true }
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - run: coverage run -m pytest
    ///   env: { COVERAGE_FILE: ".coverage.${{ matrix.python }}" }
    /// - uses: actions/upload-artifact@v4
    ///   with: { name: "coverage-${{ matrix.python }}", path: .coverage.*, include-hidden-files: true }
    /// ```
    "merge-collision", Error, "Coverage files of one name that replace each other", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    collisions(context.workflow, context.flow)
        .iter()
        // On github.com such an upload fails anyway, see `platform-version`.
        .filter(|found| !(context.dialect == Dialect::GitHub && matches!(found.place, Place::Artifact(_))))
        .map(|found| finding(context, found))
        .collect()
}

fn finding(context: &Context<'_, '_>, found: &Collision) -> Finding {
    let flow = context.flow;
    let (first, second) = (found.uploads[0], found.uploads[1]);
    let producer = &flow.producers[first.0];
    let job = &context.workflow.jobs[producer.job];
    let uploaded = producer.path.map_or(job.steps[producer.step].anchor(), |path| path.span());
    let count = found.uploads.len();
    let (message, at, label) = match found.place {
        Place::Folder(index) => {
            let consumer = &flow.consumers[index];
            let step = &context.workflow.jobs[consumer.job].steps[consumer.step];
            let merge = step.input_text("merge-multiple").map_or(step.anchor(), |text| text.span());
            let message =
                format!("{count} artifacts with a file `{}` come into one folder: the last one is left", found.file);
            (message, merge, "the last writer wins")
        }
        Place::Artifact(_) => {
            let name = producer.name.map_or(job.steps[producer.step].anchor(), |name| name.span());
            let message =
                format!("{count} uploads put a file `{}` into one artifact: the last one is left", found.file);
            (message, name, "all add to this artifact")
        }
    };
    let mut finding = RULE.finding(message, context.label(at, label));
    let legs = &flow.jobs[producer.job].legs;
    let same_job = flow.producers[second.0].job == producer.job;
    let mut axes: Vec<String> = Vec::new();
    if same_job {
        let (a, b) = (&legs.legs[first.1], &legs.legs[second.1]);
        axes = legs
            .axes
            .iter()
            .filter(|axis| a.get(axis) != b.get(axis))
            .map(|axis| format!("${{{{ matrix.{axis} }}}}"))
            .collect();
        let words = format!("the same file for `{}` and `{}`", a.describe(), b.describe());
        finding = finding.related(context.label(uploaded, words));
    } else {
        let other = &flow.producers[second.0];
        let other_job = &context.workflow.jobs[other.job];
        let at = other.path.map_or(other_job.steps[other.step].anchor(), |path| path.span());
        finding = finding.related(context.label(uploaded, "uploaded here")).related(context.label(at, "and here"));
    }
    let mut help = if axes.is_empty() {
        "give each upload a file name of its own".to_owned()
    } else {
        format!("put `{}` into the file's name", axes.join("-"))
    };
    if found.file.contains(".coverage") {
        help.push_str(" by `COVERAGE_FILE`, or set `parallel = true`, and upload `.coverage.*`");
    }
    let finding = finding.help(help);
    if found.likely { finding.likely() } else { finding }
}

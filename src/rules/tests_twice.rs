//! `tests-twice`

use std::sync::Arc;

use super::{Context, remedy};
use crate::findings::{Finding, Label};
use crate::task::Origin;

rule! {
    /// ### What it does
    /// Finds coverage jobs that execute a suite another job of the run executes as well: the same `pytest`, `behave`,
    /// `unittest` or other command with the same selection, or the same session of nox or tox, on the same kind of runner,
    /// image and interpreter. Also any two jobs that run the same tests after the very same preparation.
    ///
    /// What a command stands for is read from the project: sessions of a `noxfile.py`, environments of tox, scripts of hatch,
    /// pdm, poe, rye and pixi, targets of make and just, and scripts by their path. So a session `coverage_report` that calls
    /// the suite again is found, with the line that does it. Where that cannot be read, a coverage session in a job that
    /// fetches no data is taken for a second run of the unit tests, because there is nothing else it could report on.
    ///
    /// ### Why
    /// Coverage can be collected while the tests run the first time. The second run costs the whole suite again, on every
    /// push. Real projects cut the coverage job from minutes to seconds by reading the artifact
    /// (tenstorrent/tt-inference-server#3418: 2 to 3 minutes down to 15 s).
    ///
    /// Runs that differ in interpreter, image, services, environment, installed packages, folder, selected tests or
    /// conditions are not reported.
    ///
    /// How much a second run costs is said when `.ci-lint.yml` tells how long jobs take, in minutes:
    /// `durations: {unit_tests: 12, coverage: 37}`.
    ///
    /// ### Example
    /// ```yaml
    /// unit_tests:
    ///   steps:
    ///     - run: coverage run -m pytest tests
    /// coverage:
    ///   steps:
    ///     - run: coverage run -m pytest tests
    ///     - run: coverage report --fail-under=97
    /// ```
    ///
    /// ### Fix
    /// Upload the data in `unit_tests`, then:
    /// ```yaml
    /// coverage:
    ///   needs: [unit_tests]
    ///   steps:
    ///     - uses: actions/download-artifact@v4
    ///       with: { name: coverage-data }
    ///     - run: coverage report --fail-under=97
    /// ```
    "tests-twice", Warning, "A coverage job that runs again the tests another job has run", check,
    fix: Unsafe
}

/// A duration in words.
fn minutes(seconds: u32) -> String {
    match (seconds + 30) / 60 {
        0 => format!("{seconds} seconds"),
        1 => "1 minute".to_owned(),
        minutes => format!("{minutes} minutes"),
    }
}

/// The command itself, where it stands in another file such as a noxfile.
pub(super) fn written_at(origin: &[Origin], text: &str) -> Option<Label> {
    let Origin { source, span } = origin.last()?;
    Some(Label { source: Arc::clone(source), span: *span, text: text.to_owned() })
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for repeat in &context.flow.handover.repeats {
        let (first, again) = (&context.workflow.jobs[repeat.first.job], &context.workflow.jobs[repeat.again.job]);
        let help = if repeat.has_data {
            "remove this run: the job has downloaded the data already".to_owned()
        } else if !repeat.measured {
            "run them in one of the two jobs, and let the other need it where it builds on them".to_owned()
        } else {
            format!(
                "collect coverage in `{0}`, upload the data there, let `{1}` need `{0}`, download it and only report",
                first.id.value, again.id.value
            )
        };
        let help = match repeat.seconds {
            Some(seconds) => format!("{help}; this saves up to {} a run", minutes(seconds)),
            None => help,
        };
        let [first_origin, again_origin] = &repeat.origins;
        let mut finding = RULE.finding(
            format!("`{}` runs again the tests that `{}` has run", again.id.value, first.id.value),
            context.label(
                repeat.again.span,
                if repeat.likely { "no data is fetched, so this runs the tests" } else { "run again here" },
            ),
        );
        // Both may come down to one line, such as that of a helper.
        let one = again_origin.last().zip(first_origin.last()).is_some_and(|(a, b)| a == b);
        if let Some(label) = written_at(again_origin, if one { "both run this" } else { "this runs them again" }) {
            finding = finding.related(label);
        }
        finding = finding.related(context.label(repeat.first.span, "run first here"));
        if let Some(label) = written_at(first_origin, "this runs them first").filter(|_| !one) {
            finding = finding.related(label);
        }
        let finding = finding.help(help).fix(remedy::report(context, repeat));
        findings.push(if repeat.likely { finding.likely() } else { finding });
    }
    findings
}

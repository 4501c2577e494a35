//! `coverage-download`

use super::{Context, remedy};
use crate::findings::Finding;

rule! {
    /// ### What it does
    /// Finds jobs that report on coverage and have no step that fetches the data: nothing before the report runs tests,
    /// downloads an artifact, restores a cache or does anything that cannot be seen through.
    ///
    /// ### Why
    /// A job starts with an empty workspace. `coverage report` without data ends with "No data to report", and a session
    /// that is named for coverage can only run the whole suite once more.
    ///
    /// The action of this program fetches the data itself, unless its input `data` names files of the workspace.
    ///
    /// ### Example
    /// ```yaml
    /// coverage:
    ///   needs: [unit_tests]
    ///   steps:
    ///     - run: coverage report --fail-under=97
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// coverage:
    ///   needs: [unit_tests]
    ///   steps:
    ///     - uses: actions/download-artifact@v4   # on Forgejo: forgejo/download-artifact@v4
    ///       with: { name: coverage-data }
    ///     - run: coverage report --fail-under=97
    /// ```
    "coverage-download", Error, "A coverage job that fetches no data", check,
    fix: Unsafe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let handover = &context.flow.handover;
    for gap in handover.gaps.iter().filter(|gap| gap.no_download) {
        let (from, to) = (&context.workflow.jobs[gap.from.job], &context.workflow.jobs[gap.to.job]);
        let primary = context.label(gap.to.span, if gap.repeats { "measures again" } else { "reads coverage data" });
        if findings.iter().any(|finding| finding.primary.span == primary.span) {
            continue;
        }
        let finding = RULE
            .finding(
                format!("`{}` has no step that fetches the coverage data of `{}`", to.id.value, from.id.value),
                primary,
            )
            .related(context.label(gap.from.span, "measured here"))
            .help("download the artifact before this step, with the name it is uploaded under")
            .fix(remedy::download(context, gap));
        findings.push(if gap.likely { finding.likely() } else { finding });
    }
    for starved in &handover.starved {
        let job = &context.workflow.jobs[starved.at.job];
        findings.push(
            RULE.finding(
                format!("`{}` has no step that makes or fetches coverage data", job.id.value),
                context.label(starved.at.span, "finds no data to read"),
            )
            .help("download the artifact of the job that measures, before this step"),
        );
    }
    findings
}

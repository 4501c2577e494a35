//! `coverage-upload`

use super::{Context, remedy};
use crate::findings::Finding;

rule! {
    /// ### What it does
    /// Finds test jobs that collect coverage, in a workflow with a job that reports on it, and publish the data nowhere: no
    /// later step of the job uploads a file that can hold it.
    ///
    /// ### Why
    /// A job's files are gone when the job ends. The coverage job then has nothing to report on, or runs the suite again to
    /// measure what was measured already.
    ///
    /// Jobs that report on their own data, or hand it to a step that cannot be seen through, are not reported. When the
    /// tests run in a session of nox or tox, an option such as `--coverage`, a `COVERAGE_…` variable or a following
    /// `coverage combine` counts as collecting; otherwise name the job under `coverage: producers:` in `.ci-lint.yml`.
    ///
    /// ### Example
    /// ```yaml
    /// unit_tests:
    ///   steps:
    ///     - run: coverage run -m behave
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// unit_tests:
    ///   steps:
    ///     - run: coverage run -m behave
    ///     - uses: actions/upload-artifact@v4   # on Forgejo: forgejo/upload-artifact@v4
    ///       with:
    ///         name: coverage-data
    ///         path: .coverage
    ///         include-hidden-files: true
    ///         if-no-files-found: error
    /// ```
    "coverage-upload", Error, "A test job that collects coverage and publishes it nowhere", check,
    fix: Unsafe
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    for gap in context.flow.handover.gaps.iter().filter(|gap| gap.no_upload) {
        let (from, to) = (&context.workflow.jobs[gap.from.job], &context.workflow.jobs[gap.to.job]);
        let primary = context.label(gap.from.span, "collects coverage");
        if findings.iter().any(|finding| finding.primary.span == primary.span) {
            continue;
        }
        let finding = RULE
            .finding(
                format!("`{}` collects coverage, but no step uploads it for `{}`", from.id.value, to.id.value),
                primary,
            )
            .related(
                context
                    .label(gap.to.span, if gap.repeats { "the suite is run again here" } else { "reported on here" }),
            )
            .help(format!(
                "after the tests, upload the data file with {} and `include-hidden-files: true`",
                upload_action(context)
            ))
            .fix(remedy::upload(context, gap));
        findings.push(if gap.likely { finding.likely() } else { finding });
    }
    findings
}

/// The upload action that works on the forge at hand.
fn upload_action(context: &Context<'_, '_>) -> &'static str {
    use crate::workflow::dialect::Dialect;
    match context.dialect {
        Dialect::Forgejo => "`https://code.forgejo.org/forgejo/upload-artifact@v4`",
        Dialect::Gitea => "`christopherhx/gitea-upload-artifact@v4`",
        Dialect::GitHub => "`actions/upload-artifact@v4`",
        // v4 and later refuse to run there.
        Dialect::Ghes => "`actions/upload-artifact@v3`",
    }
}

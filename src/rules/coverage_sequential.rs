//! `coverage-sequential`

use super::Context;
use super::tests_twice::written_at;
use crate::findings::Finding;
use crate::shell::TestTool;

rule! {
    /// ### What it does
    /// Finds tests that run in one process because their coverage is measured: the same suite, with the same selection in the
    /// same folder, is shared out to several processes where it is not measured (`pytest -n auto`, `behavex
    /// --parallel-processes 8`, Django's `test --parallel`). Both runs are read in the workflow or in the noxfile, tox
    /// environment, make target or script it calls.
    ///
    /// ### Why
    /// Coverage does not need it. A suite that takes 9 minutes in eight processes takes more than an hour in one, on every
    /// push. pytest-cov measures the workers of pytest-xdist by itself; other runners measure their processes by
    /// `COVERAGE_PROCESS_START` and `parallel = true`, and `coverage combine` puts the data together.
    ///
    /// Nothing is said when options of pytest may come from its configuration or from `PYTEST_ADDOPTS`, or when the suite is
    /// measured in several processes anywhere.
    ///
    /// Evidence: pytest-cov's documentation on distributed testing, coverage.py's on measuring sub-processes.
    ///
    /// ### Example
    /// ```yaml
    /// unit_tests:
    ///   steps:
    ///     - run: pytest -n auto tests
    /// coverage:
    ///   steps:
    ///     - run: pytest --cov=app tests
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///     - run: pytest -n auto --cov=app tests
    /// ```
    "coverage-sequential", Warning, "Tests that run one after another only because coverage is measured", check
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    if context.source.text.contains("PYTEST_ADDOPTS") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for sequential in context.flow.sequential_coverage(context.workflow) {
        let job = |index: usize| context.workflow.jobs[index].id.value;
        let (measured, shared) = (job(sequential.measured.job), job(sequential.shared.job));
        let place = if measured == shared { String::new() } else { format!(" where `{shared}` shares them out") };
        let mut finding = RULE.finding(
            format!("`{measured}` measures coverage of its tests in one process{place}"),
            context.label(sequential.measured.span, "measured in one process"),
        );
        let [own, other] = &sequential.origins;
        if let Some(label) = written_at(own, "this runs in one process") {
            finding = finding.related(label);
        }
        if sequential.shared.span != sequential.measured.span {
            finding = finding.related(context.label(sequential.shared.span, "the same tests in several processes"));
        }
        if let Some(label) = written_at(other, "this runs in several processes") {
            finding = finding.related(label);
        }
        findings.push(finding.help(match sequential.tool {
            TestTool::Pytest => "share the measured tests out as well: with `pytest --cov`, pytest-cov measures the workers of pytest-xdist",
            _ => "share the measured tests out as well: set `COVERAGE_PROCESS_START` and `parallel = true`, then run `coverage combine`",
        }));
    }
    findings
}

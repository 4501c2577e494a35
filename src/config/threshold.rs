//! `--fail-under` in a workflow against the percentage that `coverage.fail-under` demands.

use std::sync::{Arc, LazyLock};

use regex::Regex;

use super::contract::RULE;
use super::settings::CoveragePins;
use crate::findings::{Confidence, Finding, Label, Severity};
use crate::source::{Source, Span};
use crate::workflow::{Job, Workflow};

static OPTION: LazyLock<Regex> = LazyLock::new(|| {
    #[allow(clippy::expect_used, reason = "a constant; the tests compile it")]
    Regex::new(r#"(?:^|[\s"'])--(?:cov-)?fail-under(?:=|[ \t]+)["']?([0-9]+(?:\.[0-9]+)?)"#).expect("a regex")
});

/// The literal `--fail-under=N` and `--cov-fail-under=N` in the scripts of a job, with the place of each.
pub fn literals(job: &Job<'_>) -> Vec<(f64, Span)> {
    let mut out = Vec::new();
    for run in job.steps.iter().filter_map(|step| step.run) {
        for found in OPTION.captures_iter(run.value) {
            let (Some(all), Some(number)) = (found.get(0), found.get(1)) else { continue };
            let line = run.value[..all.start()].rfind('\n').map_or(0, |at| at + 1);
            if run.value[line..].trim_start().starts_with('#') {
                continue;
            }
            let start = all.start() + all.as_str().find('-').unwrap_or(0);
            if let Ok(value) = number.as_str().parse::<f64>() {
                out.push((value, run.node.source_span(Span::new(start, all.end()))));
            }
        }
    }
    out
}

/// A finding for every literal threshold below the one the settings demand, in the job `coverage.consumer` names, or
/// else in the jobs at the indices `consumers`.
pub fn check(
    pins: &CoveragePins,
    consumers: &[usize],
    config_source: &Arc<Source>,
    workflow: &Workflow<'_>,
    source: &Arc<Source>,
) -> Vec<Finding> {
    let Some(wanted) = &pins.fail_under else { return Vec::new() };
    let jobs: Vec<usize> = match &pins.consumer {
        Some(consumer) => workflow.job_index(&consumer.value).into_iter().collect(),
        None => consumers.to_vec(),
    };
    let mut findings = Vec::new();
    for job in jobs.into_iter().filter_map(|index| workflow.jobs.get(index)) {
        for (value, span) in literals(job).into_iter().filter(|&(value, _)| value < wanted.value) {
            findings.push(Finding {
                rule: RULE,
                severity: Severity::Error,
                confidence: Confidence::High,
                message: format!(
                    "job `{}` lets coverage fall to {value} %; `coverage.fail-under` demands {} %",
                    job.id.value, wanted.value
                ),
                primary: Label { source: Arc::clone(source), span, text: "too low".to_owned() },
                related: vec![Label {
                    source: Arc::clone(config_source),
                    span: wanted.span,
                    text: "the contract demands this".to_owned(),
                }],
                help: Some(format!("raise it to {}, or lower `coverage.fail-under`", wanted.value)),
                fix: None,
            });
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml;

    #[test]
    fn literal_thresholds_are_found_where_they_stand() {
        let text = "\
jobs:
  a:
    steps:
      - run: |
          # coverage report --fail-under=1
          coverage report --fail-under=90
          pytest --cov-fail-under 85.5 \"--fail-under=80\"
          x --no-fail-under=3 --fail-under=${N} --fail-under $N
";
        let tree = yaml::parse(text).expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        let found: Vec<_> =
            literals(&workflow.jobs[0]).into_iter().map(|(value, span)| (value, &text[span.start..span.end])).collect();
        assert_eq!(found, [(90.0, "--fail-under=90"), (85.5, "--cov-fail-under 85.5"), (80.0, "--fail-under=80")]);
    }
}

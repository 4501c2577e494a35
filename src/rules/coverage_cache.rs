//! `coverage-cache`

use super::Context;
use crate::findings::Finding;
use crate::flow::work::WorkKind;
use crate::workflow::cache::CacheStep;
use crate::workflow::expression::parse_template;

rule! {
    /// ### What it does
    /// Finds coverage data that a job restores from a cache and then reports on, where the cache may be that of another run:
    /// the key is not one of this very run, or `restore-keys` accept what others saved.
    ///
    /// ### Why
    /// A cache is kept from run to run; an artifact belongs to its run. When the tests fail to save their data, the job that
    /// reports takes the last that fits, and judges yesterday's coverage. A key with `github.run_id` and without
    /// `restore-keys` cannot do that.
    ///
    /// Evidence: actions/cache README on matching keys; the key of a cache is immutable and is written only on success.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/cache/restore@v4
    ///   with:
    ///     path: .coverage
    ///     key: coverage-${{ runner.os }}
    /// - run: coverage report
    /// ```
    ///
    /// ### Fix
    /// Hand the data over as an artifact:
    /// ```yaml
    /// - uses: actions/download-artifact@v4
    ///   with:
    ///     name: coverage-data
    /// ```
    "coverage-cache", Warning, "Coverage data from a cache, which may be that of another run", check,
    group: Time
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, job) in context.workflow.jobs.iter().enumerate() {
        for step in &job.steps {
            let Some(cache) = CacheStep::of(step).filter(|cache| cache.restores) else { continue };
            let (Some(path), Some(key)) = (cache.path, cache.key) else { continue };
            if !cache.paths.iter().any(|path| is_data(path)) {
                continue;
            }
            let of_this_run = is_of_run(key.value)
                && cache
                    .restore_keys
                    .is_none_or(|keys| keys.value.lines().all(|line| line.trim().is_empty() || is_of_run(line)));
            let reads = context.flow.jobs[index]
                .works
                .iter()
                .any(|work| work.step > step.index && matches!(work.kind, WorkKind::Coverage(_) | WorkKind::Apply(_)));
            if of_this_run || !reads || is_unknown(key.value) {
                continue;
            }
            findings.push(
                RULE.finding(
                    "this coverage data may come from another run",
                    context.label(path.span(), "restored from a cache"),
                )
                .related(context.label(
                    cache.restore_keys.filter(|_| is_of_run(key.value)).unwrap_or(key).span(),
                    "fits what other runs saved",
                ))
                .help("hand it over as an artifact, or use a key with `github.run_id` and no `restore-keys`"),
            );
        }
    }
    findings
}

/// Whether a path is that of coverage.py's data.
fn is_data(path: &str) -> bool {
    let last = path.rsplit('/').next().unwrap_or_default();
    last == ".coverage" || last.starts_with(".coverage.") && last != ".coverage.toml" || last == ".coverage*"
}

/// Whether a key holds what no other run has.
fn is_of_run(key: &str) -> bool {
    let unique = ["run_id", "run_number", "sha"];
    parse_template(key).contexts().any(|path| {
        matches!(path.split_once('.'), Some(("github" | "forgejo" | "forge" | "gitea", name)) if unique.contains(&name))
    })
}

/// Whether the key comes from somewhere that is not read.
fn is_unknown(key: &str) -> bool {
    let template = parse_template(key);
    template.errors().next().is_some()
        || template.contexts().any(|path| {
            matches!(path.split('.').next(), Some("steps" | "needs" | "env" | "inputs" | "vars" | "secrets"))
        })
}

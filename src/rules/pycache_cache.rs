//! `pycache-cache`

use super::Context;
use crate::findings::Finding;
use crate::workflow::cache::CacheStep;

rule! {
    /// ### What it does
    /// Finds `__pycache__` of checked-out sources in a cache. The bytecode of an environment (`.venv/**/__pycache__`) is
    /// right there, and so is bytecode that `compileall --invalidation-mode checked-hash` made.
    ///
    /// ### Why
    /// A `.pyc` file holds the modification time and size of its source (PEP 552). A checkout gives every source a new time,
    /// so Python finds all of the restored bytecode stale and compiles anew: the cache costs time and saves none. With
    /// `checked-hash` it holds a hash of the source instead, which survives a checkout. An environment's files come back
    /// with the times they had.
    ///
    /// Evidence: measured with CPython 3.11: "bytecode is stale" after a restore, "matches" with `checked-hash`.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/cache@v4
    ///   with:
    ///     path: src/**/__pycache__
    ///     key: pyc-${{ hashFiles('src/**') }}
    /// ```
    ///
    /// ### Fix
    /// Remove the step, or compile by content before the cache is saved:
    /// ```yaml
    /// - run: python -m compileall --invalidation-mode checked-hash src
    /// ```
    "pycache-cache", Warning, "Restored bytecode of checked-out sources, which Python finds stale", check,
    group: Time
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for job in &context.written.jobs {
        // Bytecode by content, or sources with the times they had.
        let scripts = || job.steps.iter().filter_map(|step| step.run).map(|run| run.value);
        let by_content = scripts().any(|text| text.contains("checked-hash") || text.contains("SOURCE_DATE_EPOCH"));
        let old_times = scripts().any(|text| text.contains("restore-mtime"))
            || job.steps.iter().filter_map(|step| step.uses).any(|uses| uses.value.contains("mtime"));
        let checks_out = job.steps.iter().any(|step| step.uses.is_some_and(|uses| uses.value.contains("/checkout@")));
        if by_content || old_times || !checks_out {
            continue;
        }
        for cache in job.steps.iter().filter_map(CacheStep::of).filter(|cache| cache.restores) {
            let Some(path) = cache.path else { continue };
            if cache.paths.iter().any(|path| is_of_sources(path)) {
                findings.push(
                    RULE.finding(
                        "restored `__pycache__` is stale: the checkout gives every source a new time",
                        context.label(path.span(), "compiled anew all the same"),
                    )
                    .help("remove it, or compile with `python -m compileall --invalidation-mode checked-hash`"),
                );
            }
        }
    }
    findings
}

/// Whether a path holds bytecode of sources in the checkout, not of installed packages.
fn is_of_sources(path: &str) -> bool {
    let installed = ["site-packages", "venv", ".nox", ".tox", "virtualenv", "pythonLocation", "env."];
    path.contains("__pycache__") && !path.starts_with(['/', '~']) && !installed.iter().any(|part| path.contains(part))
}

//! `cache-off`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::workflow::cache::{CacheStep, Kept, SetupUv, UvCache};
use crate::workflow::events::{job_reaches_outside, reaches_outside};
use crate::workflow::{Job, Step, Workflow};

rule! {
    /// ### What it does
    /// Finds caches that are off although nobody said so, and caches that cannot work:
    /// - `astral-sh/setup-uv` v1 to v4, where `enable-cache` is `false` by default;
    /// - v5 and later on Forgejo and Gitea, where the default `auto` is off because their runners set no
    ///   `RUNNER_ENVIRONMENT`;
    /// - v10 and later in workflows for releases, pushed tags, `pull_request_target` or `workflow_run` only, where `auto` is
    ///   off on purpose, if the step sets up a cache all the same;
    /// - `save-always` of `actions/cache`, which is deprecated because it does not work.
    ///
    /// A job that keeps uv's cache by `actions/cache`, that runs nothing of uv, or that publishes, is left alone.
    ///
    /// ### Why
    /// Every run then downloads and builds every dependency anew. Nothing in the log says that a cache is missing.
    ///
    /// Evidence: astral-sh/setup-uv#336 (Forgejo), #302, #992; its `action.yml` of each tag; actions/cache README.
    ///
    /// ### Example
    /// ```yaml
    /// # .forgejo/workflows/ci.yml
    /// - uses: https://github.com/astral-sh/setup-uv@v7
    /// - run: uv sync
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    /// - uses: https://github.com/astral-sh/setup-uv@v7
    ///   with:
    ///     enable-cache: true
    /// ```
    /// Or `enable-cache: false`, which says that it is meant so.
    "cache-off", Warning, "A cache that is off or cannot work although nobody said so", check,
    group: Time
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for job in &context.written.jobs {
        for step in &job.steps {
            if let Some(cache) = CacheStep::of(step) {
                findings.extend(broken(context, step, &cache));
            } else if let Some(setup) = SetupUv::of(step) {
                findings.extend(uv(context, job, step, &setup));
            }
        }
    }
    findings
}

fn broken(context: &Context<'_, '_>, step: &Step<'_>, cache: &CacheStep<'_>) -> Option<Finding> {
    // A release that is shut down is the matter of `platform-version`.
    if cache.is_shut_down(context.dialect) {
        return None;
    }
    let always = step.input_text("save-always").filter(|value| value.value == "true")?;
    let mut finding = RULE
        .finding(
            "`save-always` does not work: nothing is saved when the job fails",
            context.label(always.span(), "deprecated, without effect"),
        )
        .help("use `actions/cache/restore`, and `actions/cache/save` with `if: always()` in a step of its own");
    finding.severity = Severity::Warning;
    Some(finding)
}

fn uv(context: &Context<'_, '_>, job: &Job<'_>, step: &Step<'_>, setup: &SetupUv<'_>) -> Option<Finding> {
    let state = setup.cache(context.written, job, context.dialect);
    let (why, certain) = match state {
        UvCache::OffByDefault => ("is off by default before v5", true),
        // On a machine of one's own the cache may simply stay where it is.
        UvCache::OffHere if !context.dialect.has_hosted_runners() && context.dialect.takes_action_urls() => {
            ("is off here: `auto` means on GitHub's own machines", false)
        }
        UvCache::OffForEvents if setup.setting.is_some() => ("is off for every event of this workflow since v10", true),
        _ => return None,
    };
    if state != UvCache::OffForEvents && (reaches_outside(context.written) || job_reaches_outside(job))
        || keeps_uv_itself(context.written, job)
        || !runs_uv_after(job, step)
    {
        return None;
    }
    let mut finding = RULE
        .finding(
            format!("uv's cache {why}"),
            context.label(setup.uses.span(), "downloads everything anew in every run"),
        )
        .help(if state == UvCache::OffForEvents {
            "that keeps what a pull request may have poisoned out: remove the setting, or set `enable-cache: true` if the run may trust it"
        } else {
            "set `enable-cache: true`, or `false` to say that it is meant so"
        });
    if let Some(setting) = setup.setting {
        finding = finding.related(context.label(setting.span(), "means nothing without the cache"));
    }
    if certain {
        finding.severity = if setup.setting.is_some() { Severity::Warning } else { Severity::Info };
    } else {
        finding = finding.likely();
    }
    Some(finding)
}

/// Whether the job caches uv's folder in another way, or has uv keep none.
fn keeps_uv_itself(workflow: &Workflow<'_>, job: &Job<'_>) -> bool {
    let cached = job.steps.iter().filter_map(CacheStep::of).any(|cache| {
        cache.paths.iter().any(|path| matches!(Kept::at(path), Some(Kept::Uv | Kept::Venv)) || path.contains("uv"))
    });
    let variable = |name: &str| matches!(name, "UV_NO_CACHE" | "UV_CACHE_DIR");
    let mut env = workflow.env.iter().chain(&job.env).chain(job.steps.iter().flat_map(|step| &step.env));
    cached
        || env.any(|(key, _)| variable(key.value))
        || job.node.get("container").is_some_and(|c| c.get("volumes").is_some())
}

/// Whether a later step installs or runs something by uv.
fn runs_uv_after(job: &Job<'_>, step: &Step<'_>) -> bool {
    let installs = ["uv sync", "uv run", "uv pip install", "uv tool ", "uvx ", "uv venv"];
    job.steps[step.index..]
        .iter()
        .filter_map(|step| step.run)
        .any(|run| installs.iter().any(|command| run.value.contains(command)) && !run.value.contains("--no-cache"))
}

//! `workflow-syntax`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::source::Span;
use crate::workflow::dialect::Dialect;
use crate::workflow::expression::{Part, parse_condition, parse_template};
use crate::workflow::yaml::Yaml;
use crate::workflow::{Job, Text};

rule! {
    /// ### What it does
    /// Finds what no forge can run: `needs` of a job that does not exist, jobs that wait for each other, ids and keys given
    /// twice, jobs without `runs-on` or `steps`, steps that do nothing or two things, expressions that do not parse, and
    /// merge keys (`<<`) where GitHub would have to read them. Where `--forge` or the configuration names the forge, also
    /// contexts (`forge.*`, `gitea.*`) and URLs in `uses` that it does not know.
    ///
    /// ### Why
    /// Such a workflow does not start, or drops a job without a word. The flow of artifacts cannot be judged beyond it.
    /// This is no full schema check: only what breaks a run on every forge the file is meant for is reported.
    ///
    /// ### Example
    /// ```yaml
    /// jobs:
    ///   unit_tests: …
    ///   coverage:
    ///     needs: [unit-tests]
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///     needs: [unit_tests]
    /// ```
    "workflow-syntax", Error, "What no forge can run: unknown or circular `needs`, duplicates, missing keys, broken expressions", check,
    group: Input
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    duplicate_keys(context, &mut findings);
    merge_keys(context, &mut findings);
    needs(context, &mut findings);
    cycles(context, &mut findings);
    let workflow = context.written;
    if workflow.node.get("on").is_none() {
        findings.push(
            RULE.finding(
                "the workflow has no `on:`, so nothing starts it",
                context.label(workflow.jobs_key, "`on:` is missing"),
            )
            .help("add the events that start it, for example `on: [push, pull_request]`"),
        );
    }
    if workflow.jobs.is_empty() {
        findings.push(RULE.finding("the workflow has no jobs", context.label(workflow.jobs_key, "empty")));
    }
    for job in &workflow.jobs {
        job_shape(context, job, &mut findings);
        step_shapes(context, job, &mut findings);
        action_urls(context, job, &mut findings);
    }
    extra_keys(context, &mut findings);
    expressions(context, workflow.node, 0, &mut findings);
    findings
}

fn duplicate_keys(context: &Context<'_, '_>, findings: &mut Vec<Finding>) {
    for duplicate in &context.written.node.tree().duplicates {
        let key = context.source.slice(duplicate.second);
        findings.push(
            RULE.finding(
                format!("the key `{key}` is given twice"),
                context.label(duplicate.second, "given again here"),
            )
            .related(context.label(duplicate.first, "first given here"))
            .help("a mapping holds each key once: merge the two or rename one"),
        );
    }
}

fn merge_keys(context: &Context<'_, '_>, findings: &mut Vec<Finding>) {
    if context.dialect.merges_yaml_keys() || !context.source.text.contains("<<") {
        return;
    }
    let mut places = Vec::new();
    let mut visit = |node: Yaml<'_>| places.extend(node.merge_keys().iter().map(|key| key.span()));
    walk(context.written.node, 0, &mut visit);
    places.sort_unstable();
    places.dedup();
    for span in places {
        findings.push(
            RULE.finding(
                format!("{} does not support the merge key `<<`", context.dialect),
                context.label(span, "not merged here"),
            )
            .help("write the keys out, or use a plain alias (`key: *name`) for a whole value"),
        );
    }
}

/// Visits every node that is written in the file once; aliases are not followed.
fn walk<'d>(node: Yaml<'d>, depth: usize, visit: &mut dyn FnMut(Yaml<'d>)) {
    if node.is_alias() || depth > 300 {
        return;
    }
    visit(node);
    for item in node.items() {
        walk(item, depth + 1, visit);
    }
    for (key, value) in node.own_entries() {
        walk(key, depth + 1, visit);
        walk(value, depth + 1, visit);
    }
}

fn needs(context: &Context<'_, '_>, findings: &mut Vec<Finding>) {
    let jobs = &context.written.jobs;
    for job in jobs {
        for need in &job.needs {
            if need.is_dynamic() || context.written.job_index(need.value).is_some() {
                continue;
            }
            let mut finding = RULE.finding(
                format!("job `{}` needs `{}`, which does not exist", job.id.value, need.value),
                context.label(need.span(), "no job has this id"),
            );
            if let Some(index) = crate::did_you_mean(need.value, jobs.iter().map(|j| j.id.value))
                .and_then(|near| context.written.job_index(near))
            {
                let near = &jobs[index].id;
                finding = finding
                    .related(context.label(near.span(), "this job exists"))
                    .help(format!("did you mean `{}`?", near.value));
            } else {
                let ids: Vec<_> = jobs.iter().map(|j| format!("`{}`", j.id.value)).collect();
                finding = finding.help(format!("the jobs of this workflow are {}", ids.join(", ")));
            }
            findings.push(finding);
        }
    }
}

fn cycles(context: &Context<'_, '_>, findings: &mut Vec<Finding>) {
    for cycle in context.flow.needs.cycles() {
        // A cycle in a called workflow is that file's own.
        if cycle.iter().any(|&job| job >= context.written.jobs.len()) {
            continue;
        }
        let jobs: Vec<&Job<'_>> = cycle.iter().map(|&index| &context.written.jobs[index]).collect();
        let next = |at: usize| jobs[(at + 1) % jobs.len()];
        let place = |at: usize| {
            let target = next(at).id.value;
            let need = jobs[at].needs.iter().find(|need| need.value.eq_ignore_ascii_case(target));
            context.label(
                need.map_or(jobs[at].id.span(), |need| need.span()),
                format!("`{}` waits for `{target}`", jobs[at].id.value),
            )
        };
        let mut names: Vec<_> = jobs.iter().map(|job| format!("`{}`", job.id.value)).collect();
        names.push(names[0].clone());
        let message = if jobs.len() == 1 {
            format!("job {} needs itself", names[0])
        } else {
            format!("jobs wait for each other: {}", names.join(" → "))
        };
        let mut finding =
            RULE.finding(message, place(0)).help("remove one of these `needs`; none of the jobs can start");
        for at in 1..jobs.len() {
            finding = finding.related(place(at));
        }
        findings.push(finding);
    }
}

fn job_shape(context: &Context<'_, '_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    let id = job.id.value;
    if !job.node.is_mapping() {
        let message = format!("job `{id}` is {}, not a mapping", job.node.describe());
        findings.push(RULE.finding(message, context.label(job.id.span(), "this job")));
        return;
    }
    if job.node.get("uses").is_some() {
        if job.steps_node.is_some() {
            findings.push(
                RULE.finding(
                    format!("job `{id}` has both `uses` and `steps`"),
                    context.label(job.id.span(), "this job"),
                )
                .help("a job either calls a reusable workflow or has steps of its own"),
            );
        }
        return;
    }
    if job.runs_on.is_none() {
        findings.push(
            RULE.finding(
                format!("job `{id}` has no `runs-on`"),
                context.label(job.id.span(), "no runner can take this job"),
            )
            .help("name the runner's label, for example `runs-on: docker` or `runs-on: ubuntu-latest`"),
        );
    }
    match job.steps_node {
        None => findings.push(
            RULE.finding(format!("job `{id}` has no `steps`"), context.label(job.id.span(), "this job does nothing"))
                .help("add `steps:`, or `uses:` to call a reusable workflow"),
        ),
        Some(steps) if !steps.is_sequence() => {
            let message = format!("the steps of job `{id}` are {}, not a list", steps.describe());
            findings.push(RULE.finding(message, context.label(job.id.span(), "this job")));
        }
        Some(steps) if job.steps.is_empty() => {
            let message = format!("job `{id}` has an empty list of steps");
            findings.push(RULE.finding(message, context.label(steps.span(), "no step")));
        }
        Some(_) => {}
    }
}

fn step_shapes(context: &Context<'_, '_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    let mut ids: Vec<Text<'_>> = Vec::new();
    for step in &job.steps {
        let keys: Vec<&str> = step.node.entries().iter().filter_map(|(key, _)| key.as_str()).collect();
        let has = |key: &str| keys.contains(&key);
        if has("uses") && has("run") {
            findings.push(
                RULE.finding("a step has both `uses` and `run`", context.label(step.anchor(), "this step"))
                    .help("make two steps of it"),
            );
        }
        // Newer step kinds (`parallel`, `wait`, …) have keys of their own; only a step of common keys alone is surely empty.
        let common =
            ["name", "id", "if", "env", "with", "shell", "working-directory", "continue-on-error", "timeout-minutes"];
        if step.node.is_mapping() && !has("uses") && !has("run") && keys.iter().all(|key| common.contains(key)) {
            findings.push(
                RULE.finding(
                    "a step has neither `uses` nor `run`",
                    context.label(step.anchor(), "this step does nothing"),
                )
                .help("add `run:` or `uses:`, or remove the step"),
            );
        }
        let Some(id) = step.id else { continue };
        if let Some(first) = ids.iter().find(|other| other.value.eq_ignore_ascii_case(id.value)) {
            findings.push(
                RULE.finding(
                    format!("two steps of job `{}` have the id `{}`", job.id.value, id.value),
                    context.label(id.span(), "used again here"),
                )
                .related(context.label(first.span(), "first used here"))
                .help("give one of them another id"),
            );
        } else {
            ids.push(id);
        }
    }
}

/// Expressions in every text of the file, and in `if:`, which is one without the braces.
fn expressions(context: &Context<'_, '_>, node: Yaml<'_>, depth: usize, findings: &mut Vec<Finding>) {
    if node.is_alias() || depth > 300 {
        return;
    }
    if let Some(text) = node.as_str() {
        if text.contains("${{") {
            for part in &parse_template(text).parts {
                match part {
                    Part::Expr { expr: Err(error), .. } => {
                        findings.push(broken(context, node, error.span, &error.message, error.help.as_deref()));
                    }
                    Part::Expr { expr: Ok(expr), .. } if context.forge_is_named => {
                        let refs = expr.context_refs();
                        findings.extend(
                            refs.iter().filter_map(|used| foreign(context, node.source_span(used.span), &used.path)),
                        );
                    }
                    Part::Expr { .. } | Part::Text(_) => {}
                }
            }
        }
        return;
    }
    for item in node.items() {
        expressions(context, item, depth + 1, findings);
    }
    for (key, value) in node.own_entries() {
        match (key.as_str(), value.as_str()) {
            (Some("if"), Some(text)) if !text.contains("${{") && is_condition(node) => match parse_condition(text) {
                Err(error) => findings.push(broken(context, value, error.span, &error.message, error.help.as_deref())),
                Ok(condition) => {
                    findings
                        .extend(condition.contexts().iter().filter_map(|path| foreign(context, value.span(), path)));
                }
            },
            _ => expressions(context, value, depth + 1, findings),
        }
    }
}

/// Whether a mapping is a job or a step, whose `if:` is a condition; an input or variable may have that name too.
fn is_condition(node: Yaml<'_>) -> bool {
    ["run", "uses", "steps", "runs-on"].iter().any(|key| node.get(key).is_some())
}

/// A context of another forge. Only where somebody said which forge it is: several read the same folders, and a context
/// that only one of them has speaks for that one.
fn foreign(context: &Context<'_, '_>, span: Span, path: &str) -> Option<Finding> {
    let root = path.split('.').next().unwrap_or_default();
    let known = Dialect::ALL.iter().any(|dialect| dialect.has_forge_context(root));
    if !context.forge_is_named || !known || context.dialect.has_forge_context(root) {
        return None;
    }
    let mut finding = RULE
        .finding(format!("{} has no context `{root}`", context.dialect), context.label(span, "not known here"))
        .help("use `github`, which every forge has");
    // GitHub refuses the workflow, the runner of Gitea only the expression.
    if context.dialect == Dialect::Gitea {
        finding.severity = Severity::Warning;
    }
    Some(finding)
}

/// Keys of another forge, where the forge was named and refuses them.
fn extra_keys(context: &Context<'_, '_>, findings: &mut Vec<Finding>) {
    if !context.forge_is_named || !context.dialect.refuses_extra_keys() {
        return;
    }
    for (key, _) in &context.written.other {
        if let Some(owner) = Dialect::ALL.iter().find(|dialect| dialect.extra_keys().contains(&key.value)) {
            findings.push(RULE.finding(
                format!("{} has no key `{}`, which is {owner}'s", context.dialect, key.value),
                context.label(key.span(), "the workflow is refused"),
            ));
        }
    }
}

/// Actions by URL, where the forge was named and takes none.
fn action_urls(context: &Context<'_, '_>, job: &Job<'_>, findings: &mut Vec<Finding>) {
    if !context.forge_is_named || context.dialect.takes_action_urls() {
        return;
    }
    for uses in job.uses.into_iter().chain(job.steps.iter().filter_map(|step| step.uses)) {
        if uses.value.starts_with("https://") || uses.value.starts_with("http://") {
            findings.push(
                RULE.finding(
                    format!("{} takes no URL in `uses`", context.dialect),
                    context.label(uses.span(), "the workflow is refused"),
                )
                .help("write `owner/repository@version`, or docker:// and an image"),
            );
        }
    }
}

fn broken(context: &Context<'_, '_>, node: Yaml<'_>, inner: Span, message: &str, help: Option<&str>) -> Finding {
    let span = node.source_span(inner);
    // An error at the end of a text has no width; show the last character instead.
    let span =
        if span.is_empty() { Span::new(span.start.saturating_sub(1).max(node.span().start), span.start) } else { span };
    let finding = RULE.finding(format!("broken expression: {message}"), context.label(span, "here"));
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

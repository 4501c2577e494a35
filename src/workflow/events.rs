//! When a workflow runs, and whether what it does may be cut off by a newer run.

use super::{Job, Text, Workflow};
use crate::workflow::yaml::Yaml;

/// The `push` event, when pushes to any branch start the workflow.
pub fn push_to_any_branch<'d>(workflow: &Workflow<'d>) -> Option<Text<'d>> {
    let push = workflow.triggers.iter().find(|trigger| trigger.event.value == "push")?;
    let open = push.options.is_none_or(|options| {
        match options.get("branches") {
            Some(branches) => patterns(branches).any(|pattern| matches!(pattern, "*" | "**")),
            // Tags alone leave branches out; branches that are left out say somebody thought about it.
            None => options.get("tags").is_none() && options.get("branches-ignore").is_none(),
        }
    });
    open.then_some(push.event)
}

/// The `pull_request` event, when a push to a pull request starts the workflow.
pub fn push_to_pull_request<'d>(workflow: &Workflow<'d>) -> Option<Text<'d>> {
    let trigger = workflow.triggers.iter().find(|trigger| trigger.event.value == "pull_request")?;
    let types = trigger.options.and_then(|options| options.get("types"));
    let follows = types.is_none_or(|types| types.is_null() || patterns(types).any(|kind| kind == "synchronize"));
    follows.then_some(trigger.event)
}

/// Whether nothing but another workflow starts it.
pub fn is_only_called(workflow: &Workflow<'_>) -> bool {
    !workflow.triggers.is_empty() && workflow.triggers.iter().all(|trigger| trigger.event.value == "workflow_call")
}

/// The texts of a list, or the one text.
fn patterns(node: Yaml<'_>) -> impl Iterator<Item = &str> {
    node.as_str().into_iter().chain(node.items().filter_map(Yaml::as_str))
}

/// Words in the names of jobs and workflows that change something outside the run.
const OUTWARD: [&str; 12] = [
    "release",
    "deploy",
    "publish",
    "pypi",
    "pages",
    "promote",
    "rollout",
    "upload-to",
    "provision",
    "terraform",
    "bump",
    "backport",
];

/// Commands that do.
const OUTWARD_COMMANDS: [&str; 17] = [
    "twine upload",
    "uv publish",
    "poetry publish",
    "hatch publish",
    "flit publish",
    "pdm publish",
    "npm publish",
    "cargo publish",
    "git push",
    "gh release",
    "docker push",
    "gh-deploy",
    "mike deploy",
    "semantic-release",
    "terraform apply",
    "kubectl ",
    "helm upgrade",
];

/// Whether the workflow may publish, deploy or push something, so that cutting it off can leave a thing half done. A
/// guess on the safe side: names, permissions, environments, events and commands count.
pub fn reaches_outside(workflow: &Workflow<'_>) -> bool {
    let events = ["release", "deployment", "deployment_status", "registry_package", "page_build"];
    workflow.triggers.iter().any(|trigger| {
        events.contains(&trigger.event.value)
            || trigger.event.value == "push" && trigger.options.is_some_and(|options| options.get("tags").is_some())
    }) || workflow.name.is_some_and(|name| is_outward(name.value))
        || may_write(workflow.node)
        || workflow.jobs.iter().any(job_reaches_outside)
}

/// Whether one job may do so.
pub fn job_reaches_outside(job: &Job<'_>) -> bool {
    is_outward(job.id.value)
        || job.name.is_some_and(|name| is_outward(name.value))
        || job.node.get("environment").is_some()
        || may_write(job.node)
        || job.uses.is_some_and(|uses| is_outward(uses.value))
        || job.steps.iter().any(|step| {
            step.uses.is_some_and(|uses| is_outward_action(uses.value))
                || step.run.is_some_and(|run| OUTWARD_COMMANDS.iter().any(|command| run.value.contains(command)))
        })
}

fn is_outward(name: &str) -> bool {
    let name = name.to_lowercase();
    OUTWARD.iter().any(|word| name.contains(word))
}

/// Actions that publish, without those that only show the results of tests.
fn is_outward_action(uses: &str) -> bool {
    let name = uses.split('@').next().unwrap_or_default().to_lowercase();
    is_outward(&name) && !name.contains("test")
        || name.contains("create-pull-request")
        || name.contains("git-auto-commit")
}

/// Whether `permissions` let the token write what others see.
fn may_write(node: Yaml<'_>) -> bool {
    node.get("permissions").is_some_and(|permissions| {
        permissions.as_str() == Some("write-all")
            || ["contents", "packages", "pages", "deployments"]
                .iter()
                .any(|scope| permissions.get(scope).and_then(Yaml::as_str) == Some("write"))
    })
}

/// Whether the job runs on a machine of the forge: `None` where labels do not tell.
pub fn on_hosted_runner(job: &Job<'_>) -> Option<bool> {
    let labels = job.runs_on?;
    let labels: Vec<&str> = patterns(labels).collect();
    if labels.contains(&"self-hosted") {
        return Some(false);
    }
    let standard = |label: &str| ["ubuntu-", "windows-", "macos-"].iter().any(|os| label.starts_with(os));
    (labels.len() == 1 && standard(labels[0])).then_some(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::parse;

    fn with<T>(text: &str, see: impl FnOnce(&Workflow<'_>) -> T) -> T {
        let tree = parse(text).expect("valid YAML");
        see(&Workflow::read(tree.root()).expect("a workflow"))
    }

    #[test]
    fn which_pushes_start_a_workflow() {
        let cases = [
            ("on: push", true, false),
            ("on: [push, pull_request]", true, true),
            ("on: {push: {paths: [src/**]}}", true, false),
            ("on: {push: {branches: ['**']}, pull_request: {branches: [main]}}", true, true),
            ("on: {push: {branches: main}, pull_request: {types: [opened, synchronize]}}", false, true),
            ("on: {push: {tags: [v*]}, pull_request: {types: closed}}", false, false),
            ("on: {push: {branches-ignore: [gh-pages]}, pull_request_target: {}}", false, false),
            ("on: workflow_dispatch", false, false),
        ];
        for (on, any_branch, pull_request) in cases {
            let found = with(&format!("{on}\njobs: {{}}\n"), |workflow| {
                (push_to_any_branch(workflow).is_some(), push_to_pull_request(workflow).is_some())
            });
            assert_eq!(found, (any_branch, pull_request), "{on}");
        }
        assert!(with("on: workflow_call\njobs: {}\n", is_only_called));
        assert!(!with("on: [workflow_call, push]\njobs: {}\n", is_only_called));
    }

    #[test]
    fn what_reaches_outside_is_recognised() {
        for outward in [
            "on: {release: {}}\njobs: {}\n",
            "on: {push: {tags: [v*], branches: [main]}}\njobs: {}\n",
            "on: push\npermissions: {contents: write}\njobs: {}\n",
            "on: push\njobs: {a: {environment: prod}}\n",
            "on: push\njobs: {publish-docs: {steps: []}}\n",
            "on: push\njobs: {a: {steps: [{uses: pypa/gh-action-pypi-publish@v1}]}}\n",
            "on: push\njobs: {a: {steps: [{run: 'make && git push'}]}}\n",
            "on: push\njobs: {a: {uses: ./.github/workflows/deploy.yml}}\n",
        ] {
            assert!(with(outward, reaches_outside), "{outward}");
        }
        for inward in [
            "on: push\npermissions: {contents: read, checks: write}\njobs: {a: {steps: [{run: pytest}]}}\n",
            "on: push\njobs: {a: {steps: [{uses: EnricoMi/publish-unit-test-result-action@v2}]}}\n",
        ] {
            assert!(!with(inward, reaches_outside), "{inward}");
        }
    }

    #[test]
    fn labels_tell_whose_machine_it_is() {
        let cases = [
            ("ubuntu-latest", Some(true)),
            ("[self-hosted, linux]", Some(false)),
            ("'${{ matrix.os }}'", None),
            ("docker", None),
        ];
        for (label, expected) in cases {
            let text = format!("on: push\njobs: {{a: {{runs-on: {label}}}}}\n");
            assert_eq!(with(&text, |workflow| on_hosted_runner(&workflow.jobs[0])), expected, "{label}");
        }
    }
}

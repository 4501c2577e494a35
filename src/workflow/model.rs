//! The typed model of a workflow file. It borrows from the tree: every part knows its place in the file.
//!
//! Reading never fails: what has an unexpected shape is left out of the typed part and stays reachable through the
//! node, and keys the model does not know are kept in `other`. Rules decide what is worth a finding.

use super::action::{ActionRef, Artifact, Uses, artifact_action, parse_uses};
use super::called::{Called, CalledFile};
use super::yaml::Yaml;
use crate::source::Span;

/// More jobs than any workflow has; the order of jobs takes space quadratic in their number.
pub const MAX_JOBS: usize = 1_000;

/// More steps than any workflow has, over all jobs.
pub const MAX_STEPS: usize = 5_000;

/// A text and the node it stands in.
#[derive(Debug, Clone, Copy)]
pub struct Text<'d> {
    /// The decoded text.
    pub value: &'d str,
    /// Its node.
    pub node: Yaml<'d>,
}

impl<'d> Text<'d> {
    pub(super) fn read(node: Yaml<'d>) -> Option<Self> {
        node.as_str().map(|value| Self { value, node })
    }

    /// Where the text stands.
    pub fn span(self) -> Span {
        self.node.span()
    }

    /// Whether it contains a `${{ }}` expression, so that its final value is not written here.
    pub fn is_dynamic(self) -> bool {
        self.value.contains("${{")
    }
}

/// A key with its value, in file order.
pub type Pairs<'d> = Vec<(Text<'d>, Yaml<'d>)>;

/// A workflow file, or one with the files it calls put in their places (see [`flow::call`](crate::flow::call)).
#[derive(Debug, Clone)]
pub struct Workflow<'d> {
    /// The root mapping.
    pub node: Yaml<'d>,
    /// `name:`.
    pub name: Option<Text<'d>>,
    /// The events of `on:`, in file order.
    pub triggers: Vec<Trigger<'d>>,
    /// `env:`.
    pub env: Pairs<'d>,
    /// `defaults.run`.
    pub defaults: Defaults<'d>,
    /// `concurrency:`.
    pub concurrency: Option<Concurrency<'d>>,
    /// The jobs, in file order.
    pub jobs: Vec<Job<'d>>,
    /// The `jobs:` key, or the file's first key when there is none.
    pub jobs_key: Span,
    /// Keys this model does not read (`permissions`, `run-name` and unknown ones).
    pub other: Pairs<'d>,
    /// The files whose jobs and steps were put in; none in a workflow as it is written.
    pub files: Vec<CalledFile>,
}

/// One event under `on:`.
#[derive(Debug, Clone, Copy)]
pub struct Trigger<'d> {
    /// `push`, `pull_request`, `workflow_call`, …
    pub event: Text<'d>,
    /// Its filters and inputs, when it has any.
    pub options: Option<Yaml<'d>>,
}

/// `defaults.run`, of a workflow or a job.
#[derive(Debug, Clone, Copy, Default)]
pub struct Defaults<'d> {
    /// `shell`.
    pub shell: Option<Text<'d>>,
    /// `working-directory`.
    pub working_directory: Option<Text<'d>>,
}

/// `concurrency`, written as a text or a mapping.
#[derive(Debug, Clone, Copy)]
pub struct Concurrency<'d> {
    /// The value of the key.
    pub node: Yaml<'d>,
    /// The group.
    pub group: Option<Text<'d>>,
    /// `cancel-in-progress`.
    pub cancel_in_progress: Option<Text<'d>>,
}

/// One job.
#[derive(Debug, Clone)]
pub struct Job<'d> {
    /// Its id, the key under `jobs:`. That of a job in a called workflow has the calling job's before it, as in
    /// `tests / unit`; its node still holds the id alone.
    pub id: Text<'d>,
    /// Its mapping.
    pub node: Yaml<'d>,
    /// `name:`.
    pub name: Option<Text<'d>>,
    /// The ids in `needs:`, whether written as a text or a list.
    pub needs: Vec<Text<'d>>,
    /// The key and value of `needs:`.
    pub needs_entry: Option<(Yaml<'d>, Yaml<'d>)>,
    /// `if:`.
    pub condition: Option<Text<'d>>,
    /// `runs-on:`.
    pub runs_on: Option<Yaml<'d>>,
    /// `strategy:`.
    pub strategy: Option<Strategy<'d>>,
    /// `env:`.
    pub env: Pairs<'d>,
    /// `defaults.run`.
    pub defaults: Defaults<'d>,
    /// `concurrency:`.
    pub concurrency: Option<Concurrency<'d>>,
    /// `timeout-minutes:`.
    pub timeout_minutes: Option<Text<'d>>,
    /// `continue-on-error:`.
    pub continue_on_error: Option<Text<'d>>,
    /// The image of `container:`, whether written as a text or a mapping.
    pub container: Option<Text<'d>>,
    /// `outputs:`.
    pub outputs: Pairs<'d>,
    /// The steps; empty for a reusable-workflow job.
    pub steps: Vec<Step<'d>>,
    /// The value of `steps:`.
    pub steps_node: Option<Yaml<'d>>,
    /// `uses:` of a job that calls a reusable workflow.
    pub uses: Option<Text<'d>>,
    /// `with:` of such a job.
    pub with: Pairs<'d>,
    /// Keys this model does not read (`permissions`, `services`, `secrets`, `environment` and unknown ones).
    pub other: Pairs<'d>,
    /// What the job calls, when that was read: its jobs are in the workflow then.
    pub calls: Option<Box<Called<'d>>>,
    /// The index of the job that calls the workflow in which this one is written.
    pub within: Option<usize>,
}

/// `strategy:`.
#[derive(Debug, Clone, Copy)]
pub struct Strategy<'d> {
    /// `matrix:`, a mapping or an expression.
    pub matrix: Option<Yaml<'d>>,
    /// `fail-fast:`.
    pub fail_fast: Option<Text<'d>>,
    /// `max-parallel:`.
    pub max_parallel: Option<Text<'d>>,
}

/// One step of a job.
#[derive(Debug, Clone)]
pub struct Step<'d> {
    /// Its mapping.
    pub node: Yaml<'d>,
    /// Its place in the job, from 0.
    pub index: usize,
    /// `id:`.
    pub id: Option<Text<'d>>,
    /// `name:`.
    pub name: Option<Text<'d>>,
    /// `if:`.
    pub condition: Option<Text<'d>>,
    /// `uses:`.
    pub uses: Option<Text<'d>>,
    /// What `uses:` names; read once, because nearly every rule asks.
    pub action: Option<Uses>,
    /// The comment behind `uses:` on its line, `#` included: it often names the version of a pinned hash.
    pub uses_comment: Option<&'d str>,
    /// `with:`.
    pub with: Pairs<'d>,
    /// `run:`.
    pub run: Option<Text<'d>>,
    /// `env:`.
    pub env: Pairs<'d>,
    /// `shell:`.
    pub shell: Option<Text<'d>>,
    /// `working-directory:`.
    pub working_directory: Option<Text<'d>>,
    /// `continue-on-error:`.
    pub continue_on_error: Option<Text<'d>>,
    /// Keys this model does not read (`timeout-minutes` and unknown ones).
    pub other: Pairs<'d>,
    /// The local action it calls, when that was read: its steps follow in the job then.
    pub calls: Option<Box<Called<'d>>>,
    /// The index of the step that calls the action in which this one is written.
    pub within: Option<usize>,
}

impl<'d> Workflow<'d> {
    /// Reads the model from a document's root.
    ///
    /// # Errors
    /// The place and a message, when the document is no workflow at all: no mapping, without `jobs:` as a mapping, or
    /// with more than [`MAX_JOBS`] jobs or [`MAX_STEPS`] steps.
    pub fn read(root: Yaml<'d>) -> Result<Self, (Span, String)> {
        if !root.is_mapping() {
            return Err((
                root.span(),
                format!("this is {}, not a workflow: a workflow is a mapping with `on:` and `jobs:`", root.describe()),
            ));
        }
        let entries = root.entries();
        let first_key = entries.first().map_or(root.span(), |(key, _)| key.span());
        let Some((jobs_key, jobs_node)) = root.get_entry("jobs") else {
            return Err((first_key, "this is not a workflow: it has no `jobs:`".to_owned()));
        };
        if !jobs_node.is_mapping() {
            return Err((
                jobs_key.span(),
                format!("`jobs:` holds {}, not a mapping of job ids to jobs", jobs_node.describe()),
            ));
        }
        let jobs = jobs_node.entries();
        let steps: usize = jobs.iter().filter_map(|(_, job)| job.get("steps")).map(|steps| steps.items().len()).sum();
        if jobs.len() > MAX_JOBS || steps > MAX_STEPS {
            let message = format!(
                "a workflow of {} jobs and {steps} steps is not read; the limits are {MAX_JOBS} and {MAX_STEPS}",
                jobs.len()
            );
            return Err((jobs_key.span(), message));
        }
        let mut workflow = Self {
            node: root,
            name: None,
            triggers: Vec::new(),
            env: Vec::new(),
            defaults: Defaults::default(),
            concurrency: None,
            jobs: Vec::new(),
            jobs_key: jobs_key.span(),
            other: Vec::new(),
            files: Vec::new(),
        };
        for (key, value) in entries {
            let Some(key) = Text::read(key) else { continue };
            match key.value {
                "name" => workflow.name = Text::read(value),
                "on" => workflow.triggers = triggers(value),
                "env" => workflow.env = pairs(value),
                "defaults" => workflow.defaults = defaults(value),
                "concurrency" => workflow.concurrency = Some(concurrency(value)),
                "jobs" => {
                    workflow.jobs = value
                        .entries()
                        .into_iter()
                        .filter_map(|(id, node)| Text::read(id).map(|id| job(id, node)))
                        .collect();
                }
                _ => workflow.other.push((key, value)),
            }
        }
        Ok(workflow)
    }

    /// Whether the workflow runs on `event`.
    pub fn has_trigger(&self, event: &str) -> bool {
        self.triggers.iter().any(|t| t.event.value == event)
    }

    /// The index of the job with this id. Job ids are compared without regard to case, as the forges do.
    pub fn job_index(&self, id: &str) -> Option<usize> {
        self.jobs
            .iter()
            .position(|job| job.id.value == id)
            .or_else(|| self.jobs.iter().position(|job| job.id.value.eq_ignore_ascii_case(id)))
    }
}

impl<'d> Step<'d> {
    /// The action in a repository that it uses.
    pub fn repo_action(&self) -> Option<&ActionRef> {
        match &self.action {
            Some(Uses::Repo(action)) => Some(action),
            _ => None,
        }
    }

    /// The upload, download or merge of an artifact that it is.
    pub fn artifact_action(&self) -> Option<Artifact> {
        artifact_action(self.action.as_ref()?, self.uses_comment)
    }

    /// The action behind a checkout; `None` for another step.
    pub fn checkout(&self) -> Option<&ActionRef> {
        self.repo_action().filter(|action| action.repo.eq_ignore_ascii_case("checkout") && action.subpath.is_none())
    }

    /// The value of one input, by name without regard to case.
    pub fn input(&self, name: &str) -> Option<Yaml<'d>> {
        self.with.iter().find(|(key, _)| key.value.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }

    /// The text of one input that is set to something: an empty text counts as not set.
    pub fn input_text(&self, name: &str) -> Option<Text<'d>> {
        self.input(name).and_then(Text::read).filter(|text| !text.value.trim().is_empty())
    }

    /// The place that stands for the step in a message: its `uses:` or `run:` value, else the whole step.
    pub fn anchor(&self) -> Span {
        self.uses.map_or_else(|| self.name.or(self.run).map_or(self.node.span(), Text::span), Text::span)
    }
}

pub(super) fn pairs(node: Yaml<'_>) -> Pairs<'_> {
    node.entries().into_iter().filter_map(|(key, value)| Text::read(key).map(|key| (key, value))).collect()
}

fn triggers(node: Yaml<'_>) -> Vec<Trigger<'_>> {
    if let Some(event) = Text::read(node) {
        return vec![Trigger { event, options: None }];
    }
    if node.is_sequence() {
        return node.items().filter_map(Text::read).map(|event| Trigger { event, options: None }).collect();
    }
    pairs(node)
        .into_iter()
        .map(|(event, options)| Trigger { event, options: Some(options).filter(|o| !o.is_null()) })
        .collect()
}

fn defaults(node: Yaml<'_>) -> Defaults<'_> {
    let run = node.get("run");
    let read = |key| run.and_then(|run| run.get(key)).and_then(Text::read);
    Defaults { shell: read("shell"), working_directory: read("working-directory") }
}

fn concurrency(node: Yaml<'_>) -> Concurrency<'_> {
    Concurrency {
        node,
        group: Text::read(node).or_else(|| node.get("group").and_then(Text::read)),
        cancel_in_progress: node.get("cancel-in-progress").and_then(Text::read),
    }
}

fn job<'d>(id: Text<'d>, node: Yaml<'d>) -> Job<'d> {
    let mut job = Job {
        id,
        node,
        name: None,
        needs: Vec::new(),
        needs_entry: None,
        condition: None,
        runs_on: None,
        strategy: None,
        env: Vec::new(),
        defaults: Defaults::default(),
        concurrency: None,
        timeout_minutes: None,
        continue_on_error: None,
        container: None,
        outputs: Vec::new(),
        steps: Vec::new(),
        steps_node: None,
        uses: None,
        with: Vec::new(),
        other: Vec::new(),
        calls: None,
        within: None,
    };
    for (key_node, value) in node.entries() {
        let Some(key) = Text::read(key_node) else { continue };
        match key.value {
            "name" => job.name = Text::read(value),
            "needs" => {
                job.needs_entry = Some((key_node, value));
                job.needs = match Text::read(value) {
                    Some(text) => vec![text],
                    None => value.items().filter_map(Text::read).collect(),
                };
            }
            "if" => job.condition = Text::read(value),
            "runs-on" => job.runs_on = Some(value).filter(|v| !v.is_null()),
            "strategy" => {
                let read = |key| value.get(key).and_then(Text::read);
                job.strategy = Some(Strategy {
                    matrix: value.get("matrix").filter(|m| !m.is_null()),
                    fail_fast: read("fail-fast"),
                    max_parallel: read("max-parallel"),
                });
            }
            "env" => job.env = pairs(value),
            "defaults" => job.defaults = defaults(value),
            "concurrency" => job.concurrency = Some(concurrency(value)),
            "timeout-minutes" => job.timeout_minutes = Text::read(value),
            "continue-on-error" => job.continue_on_error = Text::read(value),
            "container" => job.container = Text::read(value).or_else(|| value.get("image").and_then(Text::read)),
            "outputs" => job.outputs = pairs(value),
            "steps" => {
                job.steps_node = Some(value);
                job.steps = value.items().enumerate().map(|(index, node)| step(index, node)).collect();
            }
            "uses" => job.uses = Text::read(value),
            "with" => job.with = pairs(value),
            _ => job.other.push((key, value)),
        }
    }
    job
}

pub(super) fn step(index: usize, node: Yaml<'_>) -> Step<'_> {
    let mut step = Step {
        node,
        index,
        id: None,
        name: None,
        condition: None,
        uses: None,
        action: None,
        uses_comment: None,
        with: Vec::new(),
        run: None,
        env: Vec::new(),
        shell: None,
        working_directory: None,
        continue_on_error: None,
        other: Vec::new(),
        calls: None,
        within: None,
    };
    for (key, value) in node.entries() {
        let Some(key) = Text::read(key) else { continue };
        match key.value {
            "id" => step.id = Text::read(value),
            "name" => step.name = Text::read(value),
            "if" => step.condition = Text::read(value),
            "uses" => {
                step.uses = Text::read(value);
                step.action = step.uses.map(|uses| parse_uses(uses.value));
                step.uses_comment = value.tree().trailing_comment(value.span());
            }
            "with" => step.with = pairs(value),
            "run" => step.run = Text::read(value),
            "env" => step.env = pairs(value),
            "shell" => step.shell = Text::read(value),
            "working-directory" => step.working_directory = Text::read(value),
            "continue-on-error" => step.continue_on_error = Text::read(value),
            _ => step.other.push((key, value)),
        }
    }
    step
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::{Tree, parse};

    fn tree(text: &str) -> Tree<'_> {
        parse(text).expect("valid YAML")
    }

    #[test]
    fn texts_and_lists_read_alike() {
        let tree = tree(
            "on: [push, pull_request]\njobs:\n  a: {needs: b, container: python:3.13}\n  b: {needs: [c, d], container: {image: x}}\n",
        );
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        assert!(workflow.has_trigger("pull_request"));
        let needs: Vec<Vec<_>> = workflow.jobs.iter().map(|j| j.needs.iter().map(|n| n.value).collect()).collect();
        assert_eq!(needs, [vec!["b"], vec!["c", "d"]]);
        let images: Vec<_> = workflow.jobs.iter().filter_map(|j| j.container).map(|c| c.value).collect();
        assert_eq!(images, ["python:3.13", "x"]);
        assert_eq!(workflow.job_index("A"), Some(0));
    }

    #[test]
    fn unknown_keys_are_kept() {
        let tree = tree(
            "on: push\nenable-email-notifications: true\njobs:\n  a:\n    steps:\n      - run: x\n        timeout-minutes: 3\n",
        );
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        assert_eq!(workflow.other[0].0.value, "enable-email-notifications");
        assert_eq!(workflow.jobs[0].steps[0].other[0].0.value, "timeout-minutes");
    }

    #[test]
    fn the_version_comment_of_a_pinned_action_is_kept() {
        let tree = tree("jobs:\n  a:\n    steps:\n      - uses: actions/x@0123 # v4.3.6\n        with: {Name: y}\n");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        let step = &workflow.jobs[0].steps[0];
        assert_eq!(step.uses_comment, Some("# v4.3.6"));
        assert_eq!(step.input_text("name").map(|t| t.value), Some("y"));
    }

    #[test]
    fn what_is_no_workflow_is_said_with_its_place() {
        for (text, words) in [("- a\n", "a list"), ("a: b\n", "no `jobs:`"), ("jobs: [a]\n", "`jobs:` holds a list")] {
            let (_, message) = Workflow::read(tree(text).root()).expect_err("no workflow");
            assert!(message.contains(words), "{message}");
        }
    }
}

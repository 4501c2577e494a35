//! What a workflow calls in its own repository: composite actions and reusable workflows.

use std::sync::Arc;

use super::model::{Defaults, Job, Pairs, Step, Text, Workflow, pairs, step};
use super::yaml::Yaml;
use crate::source::{Source, Span};

/// A composite action or reusable workflow as its caller sees it.
#[derive(Debug, Clone)]
pub struct Called<'d> {
    /// The path as it is called, without `./`.
    pub path: &'d str,
    /// The inputs it declares.
    pub inputs: Vec<Input<'d>>,
    /// The outputs it declares, with the text each comes from.
    pub outputs: Vec<(Text<'d>, Text<'d>)>,
    /// `env:` of a called workflow. The caller's does not reach its jobs.
    pub env: Pairs<'d>,
    /// `defaults.run` of a called workflow. The caller's does not reach its jobs.
    pub defaults: Defaults<'d>,
}

/// A declared input.
#[derive(Debug, Clone, Copy)]
pub struct Input<'d> {
    /// Its name.
    pub name: Text<'d>,
    /// The type its value has in expressions.
    pub kind: InputKind,
    /// Its default.
    pub default: Option<Yaml<'d>>,
}

/// The type of an input. Those of actions are texts, whatever they look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputKind {
    /// A text.
    Text,
    /// `type: boolean` of a called workflow.
    Boolean,
    /// `type: number` of a called workflow.
    Number,
}

/// A file whose jobs or steps stand in a workflow that calls it. Spans in it are counted from `base`.
#[derive(Debug, Clone)]
pub struct CalledFile {
    /// The offset of its first byte; past the end of the workflow and of every file before.
    pub base: usize,
    /// The file.
    pub source: Arc<Source>,
    /// The `uses:` that calls it, itself perhaps in another file.
    pub call: Span,
}

impl<'d> Called<'d> {
    /// Reads `action.yml`; `None` when it is no composite action. With it come the action's steps.
    pub fn action(root: Yaml<'d>, path: &'d str) -> Option<(Self, Vec<Step<'d>>)> {
        let runs = root.get("runs")?;
        let using = runs.get("using").and_then(Yaml::as_str)?;
        let steps = runs.get("steps").filter(|steps| steps.is_sequence() && using.eq_ignore_ascii_case("composite"))?;
        let inputs = declared(root.get("inputs"))
            .map(|(name, node)| Input { name, kind: InputKind::Text, default: node.get("default") })
            .collect();
        let called = Self {
            path,
            inputs,
            outputs: outputs(root.get("outputs")),
            env: Pairs::new(),
            defaults: Defaults::default(),
        };
        Some((called, steps.items().enumerate().map(|(index, node)| step(index, node)).collect()))
    }

    /// Reads a called workflow; `None` when it may not be called.
    pub fn workflow(workflow: &Workflow<'d>, path: &'d str) -> Option<Self> {
        let trigger = workflow.triggers.iter().find(|trigger| trigger.event.value == "workflow_call")?;
        let inputs = declared(trigger.options.and_then(|options| options.get("inputs")))
            .map(|(name, node)| Input {
                name,
                kind: match node.get("type").and_then(Yaml::as_str) {
                    Some("boolean") => InputKind::Boolean,
                    Some("number") => InputKind::Number,
                    _ => InputKind::Text,
                },
                default: node.get("default"),
            })
            .collect();
        Some(Self {
            path,
            inputs,
            outputs: outputs(trigger.options.and_then(|options| options.get("outputs"))),
            env: workflow.env.clone(),
            defaults: workflow.defaults,
        })
    }

    /// The input of this name; names are compared without regard to case.
    pub fn input(&self, name: &str) -> Option<&Input<'d>> {
        self.inputs.iter().find(|input| input.name.value.eq_ignore_ascii_case(name))
    }

    /// The text that the output of this name comes from.
    pub fn output(&self, name: &str) -> Option<Text<'d>> {
        self.outputs.iter().find(|(key, _)| key.value.eq_ignore_ascii_case(name)).map(|&(_, value)| value)
    }
}

fn declared(node: Option<Yaml<'_>>) -> impl Iterator<Item = (Text<'_>, Yaml<'_>)> {
    node.map_or_else(Vec::new, pairs).into_iter()
}

fn outputs(node: Option<Yaml<'_>>) -> Vec<(Text<'_>, Text<'_>)> {
    declared(node).filter_map(|(key, node)| Some((key, Text::read(node.get("value")?)?))).collect()
}

impl<'d> Workflow<'d> {
    /// The called file that holds `span`, and the span within it; `None` for a place in the workflow's own file.
    pub fn called_file(&self, span: Span) -> Option<(&CalledFile, Span)> {
        let after = self.files.partition_point(|file| file.base <= span.start);
        let file = self.files.get(after.checked_sub(1)?)?;
        Some((file, Span::new(span.start - file.base, span.end - file.base)))
    }

    /// The place in the workflow's own file from which the file with `span` in it is called, or `span` if it is there.
    pub fn own_place(&self, mut span: Span) -> Span {
        // A file is called from one that was read before it.
        while let Some((file, _)) = self.called_file(span) {
            span = file.call;
        }
        span
    }

    /// The text at a place of the workflow or of a file it calls.
    pub fn slice(&self, span: Span) -> &str {
        match self.called_file(span) {
            Some((file, span)) => file.source.slice(span),
            None => self.node.tree().text().get(span.start..span.end).unwrap_or_default(),
        }
    }

    /// The call that brought a job in.
    pub fn call_of(&self, job: &Job<'d>) -> Option<&Called<'d>> {
        self.jobs.get(job.within?)?.calls.as_deref()
    }

    /// `env:` of the workflow that a job is written in.
    pub fn env_of(&self, job: &Job<'d>) -> &Pairs<'d> {
        self.call_of(job).map_or(&self.env, |call| &call.env)
    }

    /// `defaults.run` of the workflow that a job is written in.
    pub fn defaults_of(&self, job: &Job<'d>) -> Defaults<'d> {
        self.call_of(job).map_or(self.defaults, |call| call.defaults)
    }

    /// The jobs whose calls brought this one in, from the workflow's own job down to it; that one alone if none did.
    pub fn callers(&self, job: usize) -> Vec<usize> {
        let mut chain = vec![job];
        while let Some(caller) = self.jobs.get(chain[chain.len() - 1]).and_then(|job| job.within) {
            chain.push(caller);
        }
        chain.reverse();
        chain
    }

    /// For two jobs, the jobs of one file between which a `needs` orders them: they themselves, or the jobs that call
    /// them.
    pub fn siblings(&self, a: usize, b: usize) -> (usize, usize) {
        let (one, other) = (self.callers(a), self.callers(b));
        let apart = one.iter().zip(&other).position(|(a, b)| a != b);
        apart.map_or((a, b), |at| (one[at], other[at]))
    }
}

impl<'d> Job<'d> {
    /// The id as it is written in its file.
    pub fn own_id(&self) -> &'d str {
        self.id.node.as_str().unwrap_or(self.id.value)
    }

    /// The `env:` of a step and of the steps that call the actions it is written in, nearest first.
    pub fn step_envs<'a>(&'a self, step: &'a Step<'d>) -> impl Iterator<Item = &'a Pairs<'d>> {
        self.step_callers(step).map(|step| &step.env)
    }

    /// A step, then the step that calls the action it is written in, and so on.
    pub fn step_callers<'a>(&'a self, step: &'a Step<'d>) -> impl Iterator<Item = &'a Step<'d>> {
        std::iter::successors(Some(step), |step| self.steps.get(step.within?))
    }
}

//! The job of a workflow that this process is a step of, if it is one.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::ApplyError;
use super::commands::Place;
use super::expected::{self, Expect, Expected, Running, Taker};
use super::options::Collect;
use super::other_run;
use crate::flow::Run;
use crate::forge::pulls::is_sha;
use crate::forge::{Context, Forge, Settings, Transport};
use crate::workflow::dialect::Dialect;

/// The job, and the way to its forge.
pub(super) struct Job {
    /// What the runner tells.
    pub(super) context: Context,
    /// The event's payload.
    event: Value,
    /// Connections to the forge.
    pub(super) transport: Transport,
    /// The sha that is checked out, if the checkout tells it without git.
    checkout: Option<String>,
    /// The working folder.
    folder: PathBuf,
}

type Env<'e> = &'e dyn Fn(&str) -> Option<String>;

impl Job {
    /// Reads the environment; `None` outside a job. `folder` is the working folder.
    ///
    /// # Errors
    /// What is missing from the environment, or that the checkout is.
    pub(super) fn read(env: Env<'_>, folder: &Path) -> Result<Option<Self>, ApplyError> {
        if Forge::detect(env).is_none() {
            return Ok(None);
        }
        // Before anything that would be missing for the same reason.
        check_workspace(env)?;
        let usage = |error: &dyn std::fmt::Display| ApplyError::Usage(error.to_string());
        let event = match env("GITHUB_EVENT_PATH").filter(|path| !path.is_empty()) {
            Some(path) => match fs::read(&path) {
                Ok(bytes) => serde_json::from_slice(&bytes)
                    .map_err(|error| usage(&format!("the event's payload `{path}` is no JSON: {error}")))?,
                Err(_) => Value::Null,
            },
            None => Value::Null,
        };
        let context = Context::read(env, &event).map_err(|error| usage(&error))?;
        let transport = Transport::new(env, Settings::default()).map_err(|error| usage(&error))?;
        let checkout = fs::read_to_string(context.workspace.join(".git/HEAD")).ok();
        // As actions/checkout leaves it: not on a branch.
        let checkout = checkout.map(|head| head.trim_end().to_owned()).filter(|head| is_sha(head));
        Ok(Some(Self { context, event, transport, checkout, folder: folder.to_owned() }))
    }

    /// Where it runs, for commands.
    pub(super) fn place(&self) -> Place<'_> {
        Place { context: &self.context, checkout: self.checkout.as_deref(), folder: &self.folder }
    }

    /// Which data should arrive: as asked for, and as the workflow hands it over.
    pub(super) fn expected(&self, collect: &Collect, env: Env<'_>) -> (Expected, Expected) {
        let dialect = self.context.forge.dialect();
        if let Some(id) = collect.run_id.filter(|id| *id != self.context.run_id) {
            return self.expected_of(id, collect, dialect);
        }
        let running = Running::read(env, dialect);
        let facts = expected::run_facts(env, Some(self.event.clone()).filter(|event| !event.is_null()));
        let found = match &running {
            None => Err("the environment names no job (GITHUB_JOB)".to_owned()),
            Some(running) => expected::find(&self.context.workspace, running),
        };
        let found = found.as_ref().map_err(String::as_str);
        let taker = running.as_ref().map(Taker::Job);
        let expect = |expect: &Expect| expected::expected(expect, found, taker, &facts, &collect.artifacts);
        (expect(&collect.expect), expect(&Expect::Auto))
    }

    /// The same for the data of another run.
    fn expected_of(&self, id: u64, collect: &Collect, dialect: Dialect) -> (Expected, Expected) {
        let context = &self.context;
        let own = format!("{}/{}", context.owner, context.repo);
        let is_own = collect.run_repository.as_ref().is_none_or(|name| name.eq_ignore_ascii_case(&own));
        let run = context.triggering_run.as_ref().filter(|run| run.id == id && is_own);
        let facts = run.map_or_else(|| Run::that_succeeds(None), |run| other_run::facts(context, run));
        let found = match run {
            None => Err("the data comes from another run than the one that this one follows".to_owned()),
            // It may take a request.
            Some(_) if collect.expect != Expect::Auto => Err("nobody asked".to_owned()),
            Some(run) => other_run::find(context, run, self.checkout.as_deref(), &self.transport, dialect),
        };
        let found = found.as_ref().map_err(String::as_str);
        let taker = Some(Taker::Later(dialect));
        let expect = |expect: &Expect| expected::expected(expect, found, taker, &facts, &collect.artifacts);
        (expect(&collect.expect), expect(&Expect::Auto))
    }
}

/// A runner in host mode gives a container an empty volume in place of the checkout, and no place for outputs.
fn check_workspace(env: Env<'_>) -> Result<(), ApplyError> {
    let path = |name: &str| env(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let Some(workspace) = path("GITHUB_WORKSPACE") else { return Ok(()) };
    let is_empty = fs::read_dir(&workspace).map_or(true, |mut entries| entries.next().is_none());
    let outputs = path("GITHUB_OUTPUT");
    let lacking = if is_empty {
        format!("the workspace `{}` is empty", workspace.display())
    } else if outputs.is_some_and(|file| !file.parent().is_some_and(Path::is_dir)) {
        "the folder for outputs (GITHUB_OUTPUT) is not there".to_owned()
    } else {
        return Ok(());
    };
    Err(ApplyError::Usage(format!(
        "{lacking}: check the repository out before this step; if it is, this runner runs jobs on its host and gives \
         containers neither checkout nor outputs: run the `ci-lint` binary in a `run:` step there"
    )))
}

//! The workflow of the run that this one follows (`workflow_run`), whose data is collected by `run-id`.
//!
//! What should have come is computed only from the very file that ran. The event names the file and the commit; the checkout has it
//! if that commit is checked out. Two things make it another file, and then nothing is computed:
//!
//! - GitHub runs a pull request's workflow as it is after a merge into the base, which is nowhere to be found afterwards. It is the
//!   file of the head when the base has the same file.
//! - `pull_request_target` and its like run the file of the default branch, whatever the head has.

use std::path::{Path, PathBuf};

use super::expected::{self, Found};
use crate::flow::Run;
use crate::forge::context::TriggeringRun;
use crate::forge::{Client, Context, Forge, Transport, contents, pulls, runtime};
use crate::workflow::dialect::Dialect;
use crate::workflow::expression::Value;

/// Finds the workflow of the run in the workspace, where `checkout` is the sha that is checked out.
///
/// # Errors
/// Why it cannot be told which file ran, in words for a note.
pub(super) fn find(
    context: &Context,
    run: &TriggeringRun,
    checkout: Option<&str>,
    transport: &Transport,
    forge: Dialect,
) -> Result<Found, String> {
    let named = run.path.as_deref().ok_or("the event does not name the workflow of the other run")?;
    let path = place(&context.workspace, named, forge).ok_or_else(|| format!("`{named}` is no workflow's path"))?;
    let short = run.head_sha.get(..7).unwrap_or(&run.head_sha);
    match checkout {
        Some(sha) if sha.eq_ignore_ascii_case(&run.head_sha) => {}
        Some(_) => {
            return Err(format!(
                "the checkout is another commit than {short}, which the other run measured: check out \
                 `github.event.workflow_run.head_sha`"
            ));
        }
        None => return Err(format!("whether the checkout is {short}, which the other run measured, cannot be seen")),
    }
    let merges = matches!(context.forge, Forge::GitHub | Forge::Ghes);
    let is_of_head = match run.event.as_str() {
        "push" | "workflow_dispatch" | "schedule" => true,
        "pull_request" if !merges => true,
        "pull_request" => false,
        other => return Err(format!("on `{other}` the workflow that ran need not be that of {short}")),
    };
    let inner = path.strip_prefix(&context.workspace).unwrap_or(&path).to_string_lossy().replace('\\', "/");
    let text = expected::read(&path).ok_or_else(|| format!("`{inner}` is not in the checkout"))?;
    if !is_of_head && !base_has(context, transport, &inner, &text)? {
        return Err(format!(
            "the pull request and its base differ in `{inner}`, and the other run used a merge of both"
        ));
    }
    Ok(Found::of(path, text))
}

/// What is known of that run.
pub(super) fn facts(context: &Context, run: &TriggeringRun) -> Run {
    let mut facts = Run::that_succeeds(None);
    let mut set = |name: &str, value: &str| facts.set(&format!("github.{name}"), Value::String(value.to_owned()));
    set("event_name", &run.event);
    set("repository", &format!("{}/{}", context.owner, context.repo));
    set("repository_owner", &context.owner);
    set("run_id", &run.id.to_string());
    if run.event == "pull_request" {
        if let Some(branch) = &run.head_branch {
            set("head_ref", branch);
        }
    } else {
        set("sha", &run.head_sha);
        set("head_ref", "");
        set("base_ref", "");
    }
    facts
}

/// Where the file lies.
fn place(workspace: &Path, named: &str, forge: Dialect) -> Option<PathBuf> {
    if named.starts_with('/') || named.split('/').any(|part| part.is_empty() || part == "..") {
        return None;
    }
    if named.contains('/') {
        return Some(workspace.join(named));
    }
    Some(expected::folder(workspace, forge)?.join(named))
}

/// Whether the base of the pull request has the same file.
fn base_has(context: &Context, transport: &Transport, path: &str, text: &str) -> Result<bool, String> {
    let found = runtime::block_on(async {
        let client = Client::for_api(transport, context)?;
        let Some(pull) = pulls::of_run(&client, context).await? else { return Ok(None) };
        contents::file(&client, context, path, &pull.base_ref).await.map(Some)
    });
    match found {
        Ok(Some(base)) => Ok(base.is_some_and(|base| base == text.as_bytes())),
        Ok(None) => Err("the pull request of the other run is not open, or has moved on".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}

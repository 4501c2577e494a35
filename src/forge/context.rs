//! Which forge, run, commit and pull request this is: read from the environment and the event's payload. Pure.
//!
//! The variables are those that the runners of GitHub (2.336), Forgejo (12) and Gitea (3.3) and act (0.2.89) set.

use std::path::PathBuf;

use serde_json::Value;

use super::capability::Capability;
use super::secret::Secret;
use crate::workflow::dialect::Dialect;

/// The kinds of forges.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Forge {
    /// github.com, or GitHub Enterprise Cloud on `ghe.com`.
    GitHub,
    /// GitHub Enterprise Server.
    Ghes,
    /// Forgejo.
    Forgejo,
    /// Gitea.
    Gitea,
    /// nektos/act: a workflow run on somebody's machine.
    Act,
}

impl Forge {
    /// The forge whose runner made this environment; `None` outside a run. Forgejo's runner sets Gitea's mark too, and all
    /// of them set GitHub's, so the order matters.
    pub fn detect(env: &dyn Fn(&str) -> Option<String>) -> Option<Self> {
        let set = |name: &str| env(name).is_some_and(|value| value == "true");
        if set("FORGEJO_ACTIONS") {
            Some(Self::Forgejo)
        } else if set("GITEA_ACTIONS") {
            Some(Self::Gitea)
        } else if set("ACT") {
            Some(Self::Act)
        } else if set("GITHUB_ACTIONS") {
            let server = env("GITHUB_SERVER_URL").unwrap_or_default();
            let host = host(&server).unwrap_or("github.com");
            let cloud = host == "github.com" || host.ends_with(".ghe.com");
            Some(if cloud { Self::GitHub } else { Self::Ghes })
        } else {
            None
        }
    }
}

impl Forge {
    /// Whose workflows its runner runs.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Forgejo => Dialect::Forgejo,
            Self::Gitea => Dialect::Gitea,
            Self::Ghes => Dialect::Ghes,
            Self::GitHub | Self::Act => Dialect::GitHub,
        }
    }
}

/// What a run is told about itself.
#[derive(Debug, Clone)]
pub struct Context {
    /// The kind of forge.
    pub forge: Forge,
    /// Where people look at the forge, without a slash at the end: `https://codeberg.org`.
    pub server_url: String,
    /// The origin of the API: scheme, host and port, no path.
    pub api_url: String,
    /// What every route of the API begins with: ``, `/api/v3` or `/api/v1`.
    pub api_prefix: String,
    /// The repository's owner.
    pub owner: String,
    /// The repository's name.
    pub repo: String,
    /// The run's id, as in its address and in the API.
    pub run_id: u64,
    /// The run's number within its workflow; 0 when the runner does not tell.
    pub run_number: u64,
    /// How often the run was started, from 1.
    pub run_attempt: u64,
    /// The id of the running job, its key below `jobs:`.
    pub job: String,
    /// `owner/repo/.github/workflows/ci.yml@refs/heads/main`.
    pub workflow_ref: Option<String>,
    /// The workflow's name.
    pub workflow: String,
    /// The event that started the run: `pull_request`, `push`, ….
    pub event_name: String,
    /// The event's action: `opened`, `synchronize`, `completed`, ….
    pub event_action: Option<String>,
    /// `GITHUB_SHA` as it is: on GitHub a pull request's **merge** commit. For statuses and comments use `head_sha`.
    pub sha: String,
    /// `GITHUB_REF`.
    pub git_ref: String,
    /// The commit that people pushed: the head of the pull request or of the run that this one follows; otherwise `sha`.
    pub head_sha: String,
    /// `owner/name` of the repository the head lives in; `None` when it was deleted.
    pub head_repository: Option<String>,
    /// The branch of the head, without `refs/heads/`.
    pub head_ref: Option<String>,
    /// The commit at the tip of the base branch; for a push the commit before it.
    pub base_sha: Option<String>,
    /// The base branch's name.
    pub base_ref: Option<String>,
    /// Where head and base parted, if the event tells: Forgejo and Gitea do, GitHub does not.
    pub merge_base: Option<String>,
    /// The repository's default branch.
    pub default_branch: Option<String>,
    /// The number of the pull request that the event is about. A `workflow_run` event names none that can be trusted: look
    /// for the pull request with `head_sha`.
    pub pull_request: Option<u64>,
    /// The head lives in another repository than the run, so that a token may only read.
    pub is_fork: bool,
    /// The run that this one follows, for a `workflow_run` event.
    pub triggering_run: Option<TriggeringRun>,
    /// The checkout.
    pub workspace: PathBuf,
    /// Prefixes that paths recorded by other jobs of this repository may carry; the workspace is the first.
    pub host_workspaces: Vec<String>,
    /// Where temporary files of the job go.
    pub temp: Option<PathBuf>,
    /// Where outputs of the step are written.
    pub output_file: Option<PathBuf>,
    /// Where the summary of the step is written.
    pub summary_file: Option<PathBuf>,
    /// The services for artifacts of this very run.
    pub runtime: Option<Runtime>,
    /// The token for the API: the input `token`, or what the runner provides.
    pub token: Option<Secret>,
}

/// The run that a `workflow_run` event is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TriggeringRun {
    /// Its id, whose artifacts are to be read.
    pub id: u64,
    /// Its attempt.
    pub attempt: u64,
    /// The event that started it.
    pub event: String,
    /// The commit it ran for; for a pull request its head.
    pub head_sha: String,
    /// The branch of that commit.
    pub head_branch: Option<String>,
    /// `owner/name` of the repository of that branch. Gitea does not tell.
    pub head_repository: Option<String>,
    /// Numbers of pull requests that the forge names with it. GitHub names none of forks.
    pub pull_requests: Vec<u64>,
    /// The workflow file: GitHub tells its path in the repository, Gitea its name only.
    pub path: Option<String>,
}

/// The services that a runner offers its jobs for artifacts.
#[derive(Debug, Clone)]
pub struct Runtime {
    /// `ACTIONS_RESULTS_URL`: version 4.
    pub results_url: Option<String>,
    /// `ACTIONS_RUNTIME_URL`: version 3.
    pub runtime_url: Option<String>,
    /// `ACTIONS_RUNTIME_TOKEN`: a token for this run's artifacts, without any permission beyond.
    pub token: Secret,
}

/// Why the environment makes no context.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ContextError {
    /// No mark of a runner.
    #[error(
        "this is no run of Forgejo, Gitea or GitHub Actions: none of FORGEJO_ACTIONS, GITEA_ACTIONS, ACT and GITHUB_ACTIONS is `true`"
    )]
    NoRun,
    /// A variable that every runner sets is missing or cannot be read.
    #[error("the environment variable {name} is {problem}; a runner sets it, and `env:` must not change it")]
    Variable {
        /// The variable.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// The event's payload lacks what the event is about.
    #[error("the payload of this `{event}` event, in the file that GITHUB_EVENT_PATH names, has no `{field}`")]
    Event {
        /// The event's name.
        event: String,
        /// The dotted path of the field.
        field: &'static str,
    },
}

impl Context {
    /// Reads the environment through `env`, and the payload of the event; `Value::Null` when there is none.
    ///
    /// # Errors
    /// Outside a run, when a variable is missing that every runner sets, and when a pull request's event lacks its head: the
    /// merge commit in its place would put a status where nobody looks.
    pub fn read(env: &dyn Fn(&str) -> Option<String>, event: &Value) -> Result<Self, ContextError> {
        let forge = Forge::detect(env).ok_or(ContextError::NoRun)?;
        let get = |name: &str| env(name).filter(|value| !value.is_empty());
        let need = |name: &'static str| {
            get(name).ok_or_else(|| ContextError::Variable { name, problem: "missing or empty".to_owned() })
        };
        let number = |name: &'static str| {
            get(name).map_or(Ok(None), |text| {
                text.parse::<u64>()
                    .map(Some)
                    .map_err(|_| ContextError::Variable { name, problem: format!("no number: `{}`", plain(&text)) })
            })
        };

        let repository = need("GITHUB_REPOSITORY")?;
        let (owner, repo) = repository
            .split_once('/')
            .filter(|(owner, repo)| is_name(owner) && is_name(repo))
            .ok_or_else(|| ContextError::Variable {
                name: "GITHUB_REPOSITORY",
                problem: format!("no `owner/name`: `{}`", plain(&repository)),
            })?;
        let server_url = get("GITHUB_SERVER_URL")
            .unwrap_or_else(|| "https://github.com".to_owned())
            .trim_end_matches('/')
            .to_owned();
        let api = get("GITHUB_API_URL").unwrap_or_else(|| default_api(forge, &server_url));
        let (api_url, api_prefix) = split_origin(&api).ok_or_else(|| ContextError::Variable {
            name: "GITHUB_API_URL",
            problem: format!("no address: `{}`", super::error::shown(&api)),
        })?;
        let workspace = PathBuf::from(need("GITHUB_WORKSPACE")?);
        let event_name = need("GITHUB_EVENT_NAME")?;
        let sha = get("GITHUB_SHA").unwrap_or_default();
        let git_ref = get("GITHUB_REF").unwrap_or_default();

        let mut context = Self {
            forge,
            server_url,
            api_url,
            api_prefix,
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            run_id: number("GITHUB_RUN_ID")?.ok_or_else(|| ContextError::Variable {
                name: "GITHUB_RUN_ID",
                problem: "missing or empty".to_owned(),
            })?,
            run_number: number("GITHUB_RUN_NUMBER")?.unwrap_or(0),
            run_attempt: number("GITHUB_RUN_ATTEMPT")?.unwrap_or(1),
            job: get("GITHUB_JOB").unwrap_or_default(),
            workflow_ref: get("GITHUB_WORKFLOW_REF"),
            workflow: get("GITHUB_WORKFLOW").unwrap_or_default(),
            event_action: text(event, "/action"),
            head_sha: sha.clone(),
            head_repository: Some(repository.clone()),
            head_ref: git_ref.strip_prefix("refs/heads/").map(ToOwned::to_owned),
            base_sha: None,
            base_ref: None,
            merge_base: None,
            default_branch: text(event, "/repository/default_branch"),
            pull_request: None,
            is_fork: false,
            triggering_run: None,
            host_workspaces: host_workspaces(
                &workspace.to_string_lossy(),
                get("RUNNER_WORKSPACE").as_deref(),
                owner,
                repo,
            ),
            workspace,
            temp: get("RUNNER_TEMP").map(PathBuf::from),
            output_file: get("GITHUB_OUTPUT").map(PathBuf::from),
            summary_file: get("GITHUB_STEP_SUMMARY").map(PathBuf::from),
            runtime: runtime(&get),
            token: ["INPUT_TOKEN", "GITHUB_TOKEN", "FORGEJO_TOKEN", "GITEA_TOKEN"]
                .iter()
                .find_map(|name| get(name).and_then(|value| Secret::new(&value))),
            sha,
            git_ref,
            event_name,
        };
        context.read_event(event)?;
        Ok(context)
    }

    /// What the forge does differently from others.
    pub fn capability(&self) -> &'static Capability {
        Capability::of(self.forge, &self.api_prefix)
    }

    /// The route of the API to the repository, with `rest` behind it: `/api/v1/repos/o/r/actions/…`. The parts of `rest`
    /// must be encoded already.
    pub fn repo_route(&self, rest: &str) -> String {
        format!("{}/repos/{}/{}{rest}", self.api_prefix, self.owner, self.repo)
    }

    /// Where people see this run.
    pub fn run_url(&self) -> String {
        // Forgejo and Gitea address a run by its number within the repository, GitHub by its id.
        let id = match self.forge {
            Forge::Forgejo | Forge::Gitea if self.run_number != 0 => self.run_number,
            _ => self.run_id,
        };
        format!("{}/{}/{}/actions/runs/{id}", self.server_url, self.owner, self.repo)
    }

    fn read_event(&mut self, event: &Value) -> Result<(), ContextError> {
        let own = format!("{}/{}", self.owner, self.repo);
        match self.event_name.as_str() {
            "pull_request"
            | "pull_request_target"
            | "pull_request_review"
            | "pull_request_review_comment"
            | "pull_request_comment" => self.read_pull_request(event, &own)?,
            "workflow_run" => self.read_workflow_run(event, &own)?,
            "merge_group" => {
                self.head_sha = text(event, "/merge_group/head_sha").unwrap_or_else(|| self.sha.clone());
                self.base_sha = text(event, "/merge_group/base_sha");
                self.base_ref = text(event, "/merge_group/base_ref").map(|name| branch(&name));
            }
            "push" => self.base_sha = text(event, "/before").filter(|sha| sha.bytes().any(|byte| byte != b'0')),
            _ => {}
        }
        Ok(())
    }

    fn read_pull_request(&mut self, event: &Value, own: &str) -> Result<(), ContextError> {
        let Some(pull) = event.get("pull_request").filter(|pull| pull.is_object()) else {
            // `act` runs without a payload unless it is given one, and its sha is the checkout's own.
            return if self.forge == Forge::Act { Ok(()) } else { Err(self.lacks("pull_request")) };
        };
        self.pull_request = pull.get("number").or_else(|| event.get("number")).and_then(Value::as_u64);
        self.head_sha = text(pull, "/head/sha").ok_or_else(|| self.lacks("pull_request.head.sha"))?;
        self.head_ref = text(pull, "/head/ref").map(|name| branch(&name));
        self.base_sha = text(pull, "/base/sha");
        self.base_ref = text(pull, "/base/ref").map(|name| branch(&name));
        self.merge_base = text(pull, "/merge_base");
        self.head_repository = text(pull, "/head/repo/full_name");
        // A repository that was deleted was not this one.
        self.is_fork = !self.head_repository.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(own));
        Ok(())
    }

    fn read_workflow_run(&mut self, event: &Value, own: &str) -> Result<(), ContextError> {
        let Some(run) = event.get("workflow_run").filter(|run| run.is_object()) else {
            return if self.forge == Forge::Act { Ok(()) } else { Err(self.lacks("workflow_run")) };
        };
        let head_sha = text(run, "/head_sha").ok_or_else(|| self.lacks("workflow_run.head_sha"))?;
        self.head_repository = text(run, "/head_repository/full_name");
        self.is_fork = !self.head_repository.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(own));
        self.head_ref = text(run, "/head_branch").map(|name| branch(&name));
        self.triggering_run = Some(TriggeringRun {
            id: run.get("id").and_then(Value::as_u64).ok_or_else(|| self.lacks("workflow_run.id"))?,
            attempt: run.get("run_attempt").and_then(Value::as_u64).unwrap_or(1),
            event: text(run, "/event").unwrap_or_default(),
            head_sha: head_sha.clone(),
            head_branch: self.head_ref.clone(),
            head_repository: self.head_repository.clone(),
            pull_requests: claimed_pulls(run),
            // Both may add the reference after an `@`.
            path: text(run, "/path").map(|path| path.split('@').next().unwrap_or_default().to_owned()),
        });
        self.head_sha = head_sha;
        Ok(())
    }

    fn lacks(&self, field: &'static str) -> ContextError {
        ContextError::Event { event: self.event_name.clone(), field }
    }
}

/// The text at a JSON pointer, unless it is empty.
fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned)
}

/// The pull requests that a run is said to be of: in a list, and on Gitea in the reference behind its path,
/// `ci.yml@refs/pull/7/head`.
fn claimed_pulls(run: &Value) -> Vec<u64> {
    let list = run.get("pull_requests").and_then(Value::as_array).into_iter().flatten();
    let mut numbers: Vec<u64> = list.filter_map(|pull| pull.get("number").and_then(Value::as_u64)).collect();
    let path = text(run, "/path").unwrap_or_default();
    let reference = path.split_once("@refs/pull/").and_then(|(_, rest)| rest.split('/').next()?.parse::<u64>().ok());
    numbers.extend(reference);
    numbers.dedup();
    numbers
}

fn branch(name: &str) -> String {
    name.strip_prefix("refs/heads/").unwrap_or(name).to_owned()
}

/// Whether a part of `owner/name` can stand in a route as it is. The forges allow no other characters.
pub(crate) fn is_name(part: &str) -> bool {
    !part.is_empty()
        && part != "."
        && part != ".."
        && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

/// A value for a message: short and without control characters.
fn plain(value: &str) -> String {
    value.chars().filter(|c| !c.is_control()).take(80).collect()
}

fn runtime(get: &dyn Fn(&str) -> Option<String>) -> Option<Runtime> {
    let token = Secret::new(&get("ACTIONS_RUNTIME_TOKEN")?)?;
    let (results_url, runtime_url) = (get("ACTIONS_RESULTS_URL"), get("ACTIONS_RUNTIME_URL"));
    (results_url.is_some() || runtime_url.is_some()).then_some(Runtime { results_url, runtime_url, token })
}

/// The API's address when the runner does not tell.
fn default_api(forge: Forge, server: &str) -> String {
    match (forge, server.split_once("://")) {
        (Forge::Forgejo | Forge::Gitea, _) => format!("{server}/api/v1"),
        (Forge::Ghes, _) => format!("{server}/api/v3"),
        (_, Some((scheme, host))) => format!("{scheme}://api.{host}"),
        (_, None) => "https://api.github.com".to_owned(),
    }
}

/// Scheme, host and port of an address, and its path without a slash at the end.
pub(super) fn split_origin(address: &str) -> Option<(String, String)> {
    let uri: http::Uri = address.parse().ok()?;
    let (scheme, authority) = (uri.scheme_str()?, uri.authority()?);
    if !matches!(scheme, "http" | "https") || authority.as_str().contains('@') {
        return None;
    }
    Some((format!("{scheme}://{authority}"), uri.path().trim_end_matches('/').to_owned()))
}

fn host(address: &str) -> Option<&str> {
    let rest = address.split_once("://")?.1;
    rest.split(['/', ':']).next().filter(|host| !host.is_empty())
}

/// Where the checkout of `owner/repo` lies for the jobs that measured: each kind of runner has its own place, and recorded
/// paths are absolute. The workspace of this job is the first, without duplicates.
fn host_workspaces(workspace: &str, runner_workspace: Option<&str>, owner: &str, repo: &str) -> Vec<String> {
    let mut all = vec![workspace.trim_end_matches('/').to_owned()];
    // The runner translates `GITHUB_WORKSPACE` for a container, but not this one: it still is the host's.
    all.extend(runner_workspace.map(|parent| {
        let separator = if parent.contains('\\') { '\\' } else { '/' };
        format!("{}{separator}{repo}", parent.trim_end_matches(['/', '\\']))
    }));
    all.extend([
        "/github/workspace".to_owned(),
        format!("/home/runner/work/{repo}/{repo}"),
        format!("/__w/{repo}/{repo}"),
        format!("/Users/runner/work/{repo}/{repo}"),
        format!("D:\\a\\{repo}\\{repo}"),
        format!("C:\\a\\{repo}\\{repo}"),
        format!("/workspace/{owner}/{repo}"),
    ]);
    let mut seen = std::collections::HashSet::new();
    all.retain(|place| !place.is_empty() && seen.insert(place.clone()));
    all
}

#[cfg(test)]
mod tests;

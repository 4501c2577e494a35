//! Artifacts: which there are, their bytes, and what is in them.
//!
//! The own run is asked through the runner's services, which need no permission: `results_v4` and, where it exists,
//! `pipelines_v3`. Another run is asked through the API (`rest`), with a token. `download` brings the bytes, [`unpack`] takes
//! out what may be coverage data.

mod download;
mod pipelines_v3;
mod rest;
mod results_v4;
pub mod unpack;

use std::collections::HashMap;

use serde_json::Value;

use super::context::Context;
use super::error::ForgeError;
use super::transport::Transport;
use crate::flow::glob::{Glob, Meets};
use crate::flow::name::Name;

pub use download::{Collected, Fetched, Options, Progress, Report, fetch};
pub use unpack::{FetchedFile, Limits};

/// An artifact that can be fetched.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// Its name, as the uploader chose it: escape it before showing.
    pub name: String,
    /// Its id; 0 where the service has none (version 3).
    pub id: i64,
    /// Its size in bytes as it is transferred, where the forge knows it. act does not, and says something.
    pub size: Option<u64>,
    /// When it was made, as RFC 3339.
    pub created_at: Option<String>,
    /// `sha256:` and the digest of the bytes as they are transferred; GitHub only.
    pub digest: Option<String>,
    source: Source,
}

/// Which service has it.
#[derive(Debug, Clone)]
enum Source {
    Results(results_v4::Row),
    Pipelines(pipelines_v3::Row),
    Rest(rest::Row),
}

/// Whose artifacts are meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Run {
    /// The running run.
    Own,
    /// Another run. `owner` and `repo` must hold no characters but those that the forges allow in names.
    Other {
        /// The repository's owner.
        owner: String,
        /// The repository's name.
        repo: String,
        /// The run's id.
        id: u64,
    },
}

/// The artifacts of a run.
#[derive(Debug, Default)]
pub struct Listing {
    /// One for each name, the newest, by name.
    pub artifacts: Vec<Artifact>,
    /// What is not among them and why: expired ones, a service that failed while another answered.
    pub warnings: Vec<String>,
}

/// Lists the artifacts of a run, which may be none.
///
/// # Errors
/// When the forge cannot be asked, or refuses.
pub async fn list(context: &Context, transport: &Transport, run: &Run) -> Result<Listing, ForgeError> {
    let own = match run {
        Run::Own => true,
        Run::Other { owner, repo, id } => {
            *id == context.run_id
                && owner.eq_ignore_ascii_case(&context.owner)
                && repo.eq_ignore_ascii_case(&context.repo)
        }
    };
    let mut listing = match &context.runtime {
        Some(_) if own => own_run(context, transport).await?,
        // A `run:` step on GitHub is not given the runner's services.
        _ => rest::list(context, transport, run).await?,
    };
    listing.artifacts = newest(std::mem::take(&mut listing.artifacts));
    Ok(listing)
}

async fn own_run(context: &Context, transport: &Transport) -> Result<Listing, ForgeError> {
    let capability = context.capability();
    let Some(runtime) = &context.runtime else { return Ok(Listing::default()) };
    let mut listing = Listing::default();
    let mut asked = false;
    if let (true, Some(url)) = (capability.results_v4, &runtime.results_url) {
        listing.artifacts = newest(results_v4::Service::list(transport, runtime, url, capability).await?);
        asked = true;
    }
    if let (true, Some(url)) = (capability.pipelines_v3, &runtime.runtime_url) {
        match pipelines_v3::list(transport, runtime, url, context.run_id, capability).await {
            Ok(found) => {
                let known: Vec<String> = listing.artifacts.iter().map(|artifact| artifact.name.clone()).collect();
                listing.artifacts.extend(found.into_iter().filter(|artifact| !known.contains(&artifact.name)));
            }
            Err(error) if listing.artifacts.is_empty() => return Err(error),
            Err(error) => listing.warnings.push(error.to_string()),
        }
        asked = true;
    }
    if asked {
        return Ok(listing);
    }
    Err(ForgeError::Setup(format!(
        "this runner offers no service for artifacts that {} is known to have (ACTIONS_RESULTS_URL, ACTIONS_RUNTIME_URL)",
        capability.name
    )))
}

/// Of each name the newest, sorted by name.
fn newest(artifacts: Vec<Artifact>) -> Vec<Artifact> {
    let mut by_name: HashMap<String, Artifact> = HashMap::new();
    for artifact in artifacts {
        match by_name.get(&artifact.name) {
            Some(other) if other.id >= artifact.id => {}
            _ => {
                by_name.insert(artifact.name.clone(), artifact);
            }
        }
    }
    let mut newest: Vec<Artifact> = by_name.into_values().collect();
    newest.sort_by(|a, b| a.name.cmp(&b.name));
    newest
}

/// Which artifact names are wanted: exact names, globs as download-artifact reads them, and with a `!` before them names to
/// leave out.
#[derive(Debug, Clone)]
pub struct Wanted {
    names: Vec<(String, Glob)>,
    unwanted: Vec<Glob>,
}

impl Wanted {
    /// What these patterns want; all when none of them wants anything.
    pub fn new(patterns: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let (mut names, mut unwanted) = (Vec::new(), Vec::new());
        for pattern in patterns {
            let pattern = pattern.as_ref().trim();
            match pattern.strip_prefix('!') {
                Some(rest) => unwanted.push(Glob::new(rest)),
                None if pattern.is_empty() => {}
                None => names.push((pattern.to_owned(), Glob::new(pattern))),
            }
        }
        Self { names, unwanted }
    }

    /// Whether an artifact of this name is wanted.
    pub fn wants(&self, name: &str) -> bool {
        let literal = Name::literal(name);
        // A pattern beyond what is understood may match: better one artifact too many than one too few.
        let named = self.names.is_empty()
            || self.names.iter().any(|(text, glob)| text == name || glob.meets(&literal) != Meets::Never);
        named && !self.unwanted.iter().any(|glob| glob.meets(&literal) == Meets::Always)
    }

    /// The patterns that no name matches, as written.
    pub fn unmet<'w>(&'w self, names: &[&str]) -> Vec<&'w str> {
        let meets = |text: &str, glob: &Glob| {
            names.iter().any(|name| text == *name || glob.meets(&Name::literal(*name)) != Meets::Never)
        };
        self.names.iter().filter(|(text, glob)| !meets(text, glob)).map(|(text, _)| text.as_str()).collect()
    }
}

/// A number that may come as text.
fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_globs_and_exclusions_choose() {
        let wanted = Wanted::new(["cov-*", "exact [1]", "!cov-old", " "]);
        for (name, wants) in [
            ("cov-1", true),
            ("cov-", true),
            ("cov-old", false),
            ("exact [1]", true),
            ("discover", false),
            ("logs", false),
        ] {
            assert_eq!(wanted.wants(name), wants, "{name}");
        }
        assert_eq!(wanted.unmet(&["cov-1", "logs"]), ["exact [1]"]);
        assert!(Wanted::new(["!logs"]).wants("cov") && !Wanted::new(["!logs"]).wants("logs"));
        assert!(Wanted::new([""; 0]).wants("anything"));
    }

    #[test]
    fn act_hangs_up_when_there_is_nothing_and_is_not_asked_again() {
        use crate::forge::runtime::block_on;
        use crate::forge::test_server::{Reply, Server};
        use crate::forge::transport::Settings;

        let server = Server::new(vec![Reply::HangUp]);
        let token = "e30.eyJzY3AiOiJBY3Rpb25zLlJlc3VsdHM6MToxIn0.s".to_owned();
        let env = |name: &str| {
            Some(match name {
                "ACT" | "GITHUB_ACTIONS" => "true".to_owned(),
                "GITHUB_REPOSITORY" => "octo/shop".to_owned(),
                "GITHUB_RUN_ID" => "1".to_owned(),
                "GITHUB_EVENT_NAME" => "push".to_owned(),
                "GITHUB_WORKSPACE" => "/w".to_owned(),
                "ACTIONS_RESULTS_URL" | "ACTIONS_RUNTIME_URL" => format!("{}/", server.origin),
                "ACTIONS_RUNTIME_TOKEN" => token.clone(),
                _ => return None,
            })
        };
        let context = Context::read(&env, &Value::Null).expect("a context");
        let transport = Transport::new(&|_| None, Settings::default()).expect("a transport");
        let listing = block_on(list(&context, &transport, &Run::Own)).expect("nothing is no error");
        assert!(listing.artifacts.is_empty());
        let asked = server.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        assert!(asked[0].starts_with("POST /twirp/github.actions.results.api.v1.ArtifactService/ListArtifacts HTTP"));
        assert!(asked[1].starts_with("GET /_apis/pipelines/workflows/1/artifacts?api-version=6.0-preview HTTP"));
    }
}

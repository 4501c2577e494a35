//! Artifacts of the running run, version 4: the results service, by Twirp.
//!
//! Fields come in snake case from GitHub and in camel case from Forgejo, Gitea and act; numbers come as text; zero values are
//! left out; "there is none" is an empty list, an empty object or a 404 with text, and act drops the connection.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Artifact, Source};
use crate::forge::capability::Capability;
use crate::forge::client::{Call, Client, Identity};
use crate::forge::context::{Runtime, split_origin};
use crate::forge::error::ForgeError;
use crate::forge::secret::Secret;
use crate::forge::transport::Transport;

const SERVICE: &str = "/twirp/github.actions.results.api.v1.ArtifactService";

/// The results service of one run.
#[derive(Debug, Clone)]
pub(super) struct Service {
    pub(super) client: Client,
    /// What the service's path begins with, on a forge below a sub-path.
    prefix: String,
}

/// Where an artifact of this service is.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) service: Service,
    run: String,
    job: String,
    pub(super) name: String,
}

impl Service {
    /// Lists the artifacts of the run that the runtime's token belongs to.
    ///
    /// # Errors
    /// When the token is none, and what the service says other than that there is nothing.
    pub(super) async fn list(
        transport: &Transport,
        runtime: &Runtime,
        url: &str,
        capability: &'static Capability,
    ) -> Result<Vec<Artifact>, ForgeError> {
        let (run, job) = backend_ids(&runtime.token)?;
        let (origin, path) = split_origin(url).ok_or_else(|| {
            ForgeError::Setup("ACTIONS_RESULTS_URL is no address; `env:` must not change it".to_owned())
        })?;
        let client = Client::new(transport, &origin, Identity::Runtime(&runtime.token), capability)?;
        // The official client drops the path; a forge below a sub-path may need it.
        let mut prefixes = vec![String::new()];
        if !path.is_empty() {
            prefixes.push(path);
        }
        for prefix in prefixes {
            let service = Self { client: client.clone(), prefix };
            match service.rows(&run, &job, capability).await {
                Err(error) if error.is_not_found() => {}
                Err(ForgeError::Network { hung_up: true, .. }) if capability.empty_list_hangs_up => {}
                Err(error) => return Err(error),
                Ok(rows) => {
                    return Ok(rows.into_iter().filter_map(|row| row.artifact(&service, &run, &job)).collect());
                }
            }
        }
        Ok(Vec::new())
    }

    async fn rows(&self, run: &str, job: &str, capability: &Capability) -> Result<Vec<Item>, ForgeError> {
        let body = json!({"workflow_run_backend_id": run, "workflow_job_run_backend_id": job});
        let route = format!("{}{SERVICE}/ListArtifacts", self.prefix);
        let call = Call::new("list the artifacts of this run", &route);
        // Where nothing to list means no answer, asking again is of no use.
        let answer = if capability.empty_list_hangs_up {
            self.client.post::<List>(&call, &body).await?
        } else {
            self.client.query::<List>(&call, &body).await?
        };
        Ok(answer.body.artifacts.unwrap_or_default())
    }
}

impl Row {
    /// The signed address of the artifact's bytes. It is good for a short time, and for whoever has it.
    pub(super) async fn address(&self) -> Result<String, ForgeError> {
        let route = format!("{}{SERVICE}/GetSignedArtifactURL", self.service.prefix);
        let doing = format!("find artifact `{}`", self.name);
        let body =
            json!({"workflow_run_backend_id": self.run, "workflow_job_run_backend_id": self.job, "name": self.name});
        let answer = self.service.client.query::<Signed>(&Call::new(&doing, &route), &body).await?;
        if answer.body.signed_url.is_empty() {
            let name = self.name.clone();
            return Err(ForgeError::Artifact { name, reason: "the forge gives no address for it".to_owned() });
        }
        Ok(answer.body.signed_url)
    }
}

#[derive(Deserialize)]
struct List {
    #[serde(default)]
    artifacts: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Item {
    #[serde(default, alias = "workflowRunBackendId")]
    workflow_run_backend_id: String,
    #[serde(default, alias = "workflowJobRunBackendId")]
    workflow_job_run_backend_id: String,
    #[serde(default, alias = "databaseId")]
    database_id: Value,
    #[serde(default)]
    name: String,
    #[serde(default)]
    size: Value,
    #[serde(default, alias = "createdAt")]
    created_at: Option<String>,
    #[serde(default)]
    digest: Option<String>,
}

#[derive(Deserialize)]
struct Signed {
    #[serde(default, alias = "signedUrl")]
    signed_url: String,
}

impl Item {
    fn artifact(self, service: &Service, run: &str, job: &str) -> Option<Artifact> {
        let or = |text: String, other: &str| if text.is_empty() { other.to_owned() } else { text };
        let row = Row {
            service: service.clone(),
            run: or(self.workflow_run_backend_id, run),
            job: or(self.workflow_job_run_backend_id, job),
            name: self.name.clone(),
        };
        (!self.name.is_empty()).then(|| Artifact {
            name: self.name,
            id: super::number(&self.database_id).unwrap_or(0),
            size: super::number(&self.size).and_then(|size| u64::try_from(size).ok()),
            created_at: self.created_at,
            digest: self.digest.filter(|digest| !digest.is_empty()),
            source: Source::Results(row),
        })
    }
}

/// The ids of run and job that the service wants, from the token's own claims. Nobody checks a signature here: the service
/// does.
fn backend_ids(token: &Secret) -> Result<(String, String), ForgeError> {
    let wrong = || {
        ForgeError::Setup(
            "ACTIONS_RUNTIME_TOKEN is not a runner's token of this job; `env:` must not change it".to_owned(),
        )
    };
    let payload = token.expose().split('.').nth(1).ok_or_else(wrong)?;
    let bytes = URL_SAFE_NO_PAD.decode(payload.trim_end_matches('=')).map_err(|_| wrong())?;
    let claims: Value = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
    let scopes = claims.get("scp").and_then(Value::as_str).ok_or_else(wrong)?;
    scopes
        .split(' ')
        .find_map(|scope| match scope.split(':').collect::<Vec<_>>()[..] {
            ["Actions.Results", run, job] => Some((run.to_owned(), job.to_owned())),
            _ => None,
        })
        .ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn token(claims: &Value) -> Secret {
        Secret::new(&format!("e30.{}.sig", URL_SAFE_NO_PAD.encode(claims.to_string()))).expect("a token")
    }

    #[test]
    fn the_ids_are_in_the_token() {
        let ids = |scp: &str| backend_ids(&token(&json!({"scp": scp}))).ok();
        let both = Some(("r-1".to_owned(), "j-2".to_owned()));
        assert_eq!(ids("Actions.ExampleScope Actions.Results:r-1:j-2 generate_id_token:r:j"), both);
        assert_eq!(ids("Actions.Results:r-1"), None);
        assert_eq!(ids("Actions.Results:r:j:x"), None);
        for text in ["nonsense", "a.b.c", "a.e30.c"] {
            let error = backend_ids(&Secret::new(text).expect("a token")).expect_err("no ids").to_string();
            assert!(error.contains("ACTIONS_RUNTIME_TOKEN"), "{error}");
        }
    }

    #[test]
    fn rows_are_read_in_either_spelling() {
        let snake = r#"{"artifacts":[{"workflow_run_backend_id":"r","workflow_job_run_backend_id":"j","database_id":"12",
            "name":"cov","size":"345","created_at":"2026-01-02T03:04:05Z","digest":"sha256:ab"}]}"#;
        let camel = r#"{"artifacts":[{"workflowRunBackendId":"r","workflowJobRunBackendId":"j","databaseId":12,
            "name":"cov","size":345,"createdAt":"2026-01-02T03:04:05Z"}]}"#;
        for text in [snake, camel] {
            let list: List = serde_json::from_str(text).expect("a list");
            let item = &list.artifacts.expect("rows")[0];
            assert_eq!((item.name.as_str(), item.workflow_job_run_backend_id.as_str()), ("cov", "j"));
            assert_eq!(
                (super::super::number(&item.database_id), super::super::number(&item.size)),
                (Some(12), Some(345))
            );
            assert_eq!(item.created_at.as_deref(), Some("2026-01-02T03:04:05Z"));
        }
        for text in ["{}", r#"{"artifacts":null}"#, r#"{"artifacts":[]}"#] {
            assert!(serde_json::from_str::<List>(text).expect("a list").artifacts.unwrap_or_default().is_empty());
        }
        let signed: Signed = serde_json::from_str(r#"{"signedUrl":"https://x"}"#).expect("an address");
        assert_eq!(signed.signed_url, "https://x");
    }
}

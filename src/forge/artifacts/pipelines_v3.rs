//! Artifacts of the running run, version 3: the pipelines service, file by file.
//!
//! The only one on GitHub Enterprise Server. Forgejo and Gitea have it beside version 4, and list those artifacts here too, as
//! one file `name/name.zip`.

use std::collections::BTreeMap;

use serde::Deserialize;
use url::Url;

use super::{Artifact, Source};
use crate::forge::capability::Capability;
use crate::forge::client::{Call, Client, Identity};
use crate::forge::context::{Runtime, split_origin};
use crate::forge::error::ForgeError;
use crate::forge::transport::Transport;

/// What every answer of this service is asked to be.
const ACCEPT: &str = "application/json;api-version=6.0-preview";
/// The same for a file's bytes.
pub(super) const ACCEPT_BYTES: &str = "application/octet-stream;api-version=6.0-preview";

/// Where an artifact of this service is.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) client: Client,
    pub(super) name: String,
    /// The route that lists its files.
    container: String,
}

/// A file of an artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its path inside the artifact.
    pub(super) path: String,
    /// The route of its bytes.
    pub(super) route: String,
    /// It is a whole artifact of version 4.
    pub(super) is_archive: bool,
}

/// Lists the artifacts of the run that the runtime's token belongs to.
///
/// # Errors
/// What the service says other than that there is nothing.
pub(super) async fn list(
    transport: &Transport,
    runtime: &Runtime,
    url: &str,
    run: u64,
    capability: &'static Capability,
) -> Result<Vec<Artifact>, ForgeError> {
    let (origin, path) = split_origin(url)
        .ok_or_else(|| ForgeError::Setup("ACTIONS_RUNTIME_URL is no address; `env:` must not change it".to_owned()))?;
    let client = Client::new(transport, &origin, Identity::Runtime(&runtime.token), capability)?;
    let route = format!("{path}/_apis/pipelines/workflows/{run}/artifacts?api-version=6.0-preview");
    let call = Call::new("list the artifacts of this run", &route).accept(ACCEPT);
    let answer = if capability.empty_list_hangs_up {
        client.get_once::<List<ArtifactItem>>(&call).await
    } else {
        client.get(&call).await
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(ForgeError::Network { hung_up: true, .. }) if capability.empty_list_hangs_up => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    Ok(answer
        .body
        .value
        .unwrap_or_default()
        .into_iter()
        .filter(|item| !item.name.is_empty())
        .filter_map(|item| {
            let container = route_of(&origin, &item.file_container_resource_url)?;
            let row = Row { client: client.clone(), name: item.name.clone(), container };
            Some(Artifact {
                name: item.name,
                id: 0,
                size: None,
                created_at: None,
                digest: None,
                source: Source::Pipelines(row),
            })
        })
        .collect())
}

impl Row {
    /// The files of the artifact.
    ///
    /// # Errors
    /// What the service says.
    pub(super) async fn items(&self) -> Result<Vec<Item>, ForgeError> {
        let joint = if self.container.contains('?') { '&' } else { '?' };
        let name: String = url::form_urlencoded::byte_serialize(self.name.as_bytes()).collect();
        // A blank is `%20` everywhere, `+` only to some.
        let route = format!("{}{joint}itemPath={}", self.container, name.replace('+', "%20"));
        let doing = format!("list the files of artifact `{}`", self.name);
        let answer = self.client.get::<List<FileItem>>(&Call::new(&doing, &route).accept(ACCEPT)).await?;
        Ok(files(&self.name, self.client.origin(), answer.body.value.unwrap_or_default()))
    }
}

/// The files among the rows, by path; of equal paths the last, as the service appends.
fn files(name: &str, origin: &str, rows: Vec<FileItem>) -> Vec<Item> {
    let mut found = BTreeMap::new();
    for row in rows.into_iter().filter(|row| row.item_type.is_empty() || row.item_type == "file") {
        let path = row.path.replace('\\', "/");
        let inside = path.strip_prefix(name).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&path).to_owned();
        if let Some(route) = route_of(origin, &row.content_location) {
            found.insert(inside, route);
        }
    }
    let only = found.len() == 1;
    found
        .into_iter()
        .map(|(path, route)| Item { is_archive: only && path.strip_suffix(".zip") == Some(name), path, route })
        .collect()
}

/// Path and query of an address that the service gives. Its host is left out: behind a proxy a forge writes its public one,
/// and the token goes only where the runner said.
fn route_of(origin: &str, address: &str) -> Option<String> {
    let url = Url::parse(origin).ok()?.join(address).ok()?;
    (!address.is_empty()).then(|| url[url::Position::BeforePath..url::Position::AfterQuery].to_owned())
}

#[derive(Deserialize)]
struct List<T> {
    value: Option<Vec<T>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ArtifactItem {
    #[serde(default)]
    name: String,
    #[serde(default)]
    file_container_resource_url: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileItem {
    #[serde(default)]
    path: String,
    #[serde(default)]
    item_type: String,
    #[serde(default)]
    content_location: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_from_folders_and_from_whole_artifacts() {
        let rows = |text: &str| serde_json::from_str::<List<FileItem>>(text).expect("rows").value.expect("rows");
        let text = r#"{"count":3,"value":[
            {"path":"cov","itemType":"folder","contentLocation":"https://ghes/_apis/resources/Containers/7?itemPath=cov"},
            {"path":"cov\\sub\\x.db","itemType":"file","contentLocation":"https://other.example/c/7?itemPath=cov%2Fsub%2Fx.db"},
            {"path":"cov/y.db","itemType":"file","contentLocation":"/c/8"}]}"#;
        let found = files("cov", "https://ghes", rows(text));
        let item = |path: &str, route: &str| Item { path: path.to_owned(), route: route.to_owned(), is_archive: false };
        assert_eq!(found, [item("sub/x.db", "/c/7?itemPath=cov%2Fsub%2Fx.db"), item("y.db", "/c/8")]);
        let text = r#"{"value":[{"path":"cov/cov.zip","itemType":"file","contentLocation":"http://f/a/1/download"}]}"#;
        let found = files("cov", "http://f", rows(text));
        assert!(found[0].is_archive && found[0].route == "/a/1/download", "{found:?}");
    }
}

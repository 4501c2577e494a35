//! Single files of the repository, as they are at a commit or branch.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

use super::client::{Call, Client};
use super::context::Context;
use super::error::ForgeError;
use super::pages::encoded;

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    encoding: String,
    #[serde(default)]
    content: String,
}

/// The bytes of a file of at most 1 MB; `None` when there is no such file there, or the forge sends it in another way.
///
/// # Errors
/// Every other [`ForgeError`] of a request.
pub async fn file(client: &Client, context: &Context, path: &str, at: &str) -> Result<Option<Vec<u8>>, ForgeError> {
    let path: Vec<String> = path.split('/').map(encoded).collect();
    let route = context.repo_route(&format!("/contents/{}?ref={}", path.join("/"), encoded(at)));
    let call = Call::new("read the workflow of the base", &route).needs("`contents: read`");
    match client.get::<Row>(&call).await {
        Ok(answer) if answer.body.encoding == "base64" => {
            let content: String = answer.body.content.split_ascii_whitespace().collect();
            Ok(STANDARD.decode(content).ok())
        }
        Ok(_) => Ok(None),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

//! What an answer that is no success means, and what to do about it.

use std::time::{Duration, SystemTime};

use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};

use super::answer::Opened;
use super::capability::Capability;
use super::error::{ForgeError, said};
use super::failure::{Again, Failure};
use super::secret::Secret;

/// How much of an error's body is read for its message.
const ERROR_BODY: u64 = 64 << 10;

/// Who asks: that decides what a refusal means.
#[derive(Debug)]
pub(super) struct Asker {
    pub(super) secret: Option<Secret>,
    /// The credential is the runner's for the artifacts of the running job.
    pub(super) runtime: bool,
    pub(super) capability: &'static Capability,
    /// How long a limit on requests is waited for.
    pub(super) patience: Duration,
}

impl Asker {
    /// What a server says, fit for a message: short, on one line, without the secret.
    pub(super) fn clean(&self, text: &str, most: usize) -> String {
        let text = self.secret.as_ref().map_or_else(|| text.to_owned(), |secret| secret.redact(text));
        said(&text, most)
    }

    /// What an answer that is not 2xx means.
    pub(super) async fn refusal(&self, mut opened: Opened, needs: &str) -> Failure {
        let status = opened.status;
        let body = opened.all(ERROR_BODY).await.unwrap_or_default();
        let text = String::from_utf8_lossy(&body);
        let said = self.clean(&message(&text), 200);
        let place = opened.place;
        let wait = asked_wait(&opened.headers);
        let used_up = opened.headers.get("x-ratelimit-remaining").is_some_and(|left| left == "0");
        let limited = status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::FORBIDDEN
                && (used_up || opened.headers.contains_key(RETRY_AFTER) || said.to_lowercase().contains("rate limit"));
        if limited {
            let budget = self.patience;
            return Failure::new(ForgeError::RateLimited { place, wait, budget }, Again::AfterALimit(wait));
        }
        let error = match status.as_u16() {
            401 => ForgeError::Unauthorized { place, said, advice: self.advice_401() },
            403 => ForgeError::Forbidden { place, said, advice: self.advice_403(needs) },
            404 | 410 => ForgeError::NotFound { place, status: status.as_u16(), said, advice: self.advice_404(needs) },
            500.. => {
                let error = ForgeError::Server { place, status: status.as_u16(), said, attempts: 1 };
                return Failure::new(error, Again::IfItOnlyReads);
            }
            other => ForgeError::Refused { place, status: other, said },
        };
        Failure::never(error)
    }

    fn advice_401(&self) -> String {
        if self.runtime {
            "ACTIONS_RUNTIME_TOKEN is good for the running job only, and `env:` must not change it".to_owned()
        } else if self.secret.is_some() {
            "is it expired, mistyped, or of another forge? The input `token` takes `${{ github.token }}` or a token of your own"
                .to_owned()
        } else {
            "no token was sent; give the input `token`, such as `${{ github.token }}`".to_owned()
        }
    }

    fn advice_403(&self, needs: &str) -> String {
        if self.runtime || needs.is_empty() {
            return "what this token may do is not enough".to_owned();
        }
        if self.capability.permissions_in_workflow {
            format!("add {needs} to the job's `permissions:`; for a pull request from a fork the token only ever reads")
        } else {
            format!("the token needs {needs}; for a pull request from a fork the job's own token only ever reads")
        }
    }

    fn advice_404(&self, needs: &str) -> String {
        if self.runtime {
            String::new()
        } else if self.secret.is_none() {
            "without a token only what is public can be seen; give the input `token`".to_owned()
        } else if needs.is_empty() {
            String::new()
        } else {
            format!("a token without {needs} sees this too")
        }
    }
}

/// The server's own words in an error's body: `message` (the APIs), `msg` (Twirp), or the text itself.
fn message(text: &str) -> String {
    if let Ok(json) = serde_json::from_str::<serde_json::Value>(text) {
        let words = ["message", "msg", "error"].iter().find_map(|key| json.get(key)?.as_str());
        let first = json.pointer("/errors/0");
        let detail = first.and_then(|error| error.as_str().or_else(|| error.get("message")?.as_str()));
        return match (words, detail) {
            (Some(words), Some(detail)) if words != detail => format!("{words}: {detail}"),
            (Some(words), _) | (None, Some(words)) => words.to_owned(),
            (None, None) => String::new(),
        };
    }
    if text.trim_start().starts_with('<') { "an HTML page".to_owned() } else { text.to_owned() }
}

/// How long the forge asks to wait.
fn asked_wait(headers: &HeaderMap) -> Option<Duration> {
    let number = |name: &str| headers.get(name)?.to_str().ok()?.trim().parse::<u64>().ok();
    if let Some(seconds) = number("retry-after") {
        return Some(Duration::from_secs(seconds));
    }
    if headers.get("x-ratelimit-remaining").is_some_and(|left| left != "0") {
        return None;
    }
    let reset = SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(number("x-ratelimit-reset")?))?;
    // One more second, because clocks differ.
    Some(reset.duration_since(SystemTime::now()).unwrap_or_default().saturating_add(Duration::from_secs(1)))
}

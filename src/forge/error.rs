//! What can go wrong between here and a forge. Every message says what was tried, where, and what to do.
//!
//! No message holds a token: the texts of servers are cleaned before they come here, and addresses lose their query, where
//! signed ones carry their signature.

use std::fmt;
use std::time::Duration;

/// What was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// In words, to follow "cannot": `list the artifacts of run 7`.
    pub doing: String,
    /// `GET https://forge.example/api/v1/…`, without a query.
    pub request: String,
}

impl fmt::Display for Place {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "cannot {} ({})", self.doing, self.request)
    }
}

/// Why a request, or something that needs one, failed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ForgeError {
    /// 401.
    #[error("{place}: the forge does not accept the token (401{}); {advice}", colon(.said))]
    Unauthorized {
        /// What was tried.
        place: Place,
        /// The server's words.
        said: String,
        /// What to do.
        advice: String,
    },
    /// 403: the token is good, but not for this.
    #[error("{place}: the token may not do this (403{}); {advice}", colon(.said))]
    Forbidden {
        /// What was tried.
        place: Place,
        /// The server's words.
        said: String,
        /// What to do, with the permission that is missing.
        advice: String,
    },
    /// 404, or 410 for what is no longer there.
    #[error("{place}: not found ({status}{}){}", colon(.said), semicolon(.advice))]
    NotFound {
        /// What was tried.
        place: Place,
        /// 404 or 410.
        status: u16,
        /// The server's words.
        said: String,
        /// What to do, if anything can be done.
        advice: String,
    },
    /// Any other answer that says the request is wrong: 400, 409, 413, 422, ….
    #[error("{place}: the forge refuses the request ({status}{})", colon(.said))]
    Refused {
        /// What was tried.
        place: Place,
        /// The status.
        status: u16,
        /// The server's words.
        said: String,
    },
    /// The limit on requests is used up for longer than we wait.
    #[error(
        "{place}: the forge's limit on requests is used up{}, and {} is all we wait for; try again later, or make fewer requests with this token",
        .wait.map(|wait| format!(" for another {} s", wait.as_secs().max(1))).unwrap_or_default(), seconds(*.budget)
    )]
    RateLimited {
        /// What was tried.
        place: Place,
        /// How long the forge asks to wait, if it says so.
        wait: Option<Duration>,
        /// How long we would have waited.
        budget: Duration,
    },
    /// 5xx, after all attempts.
    #[error("{place}: the forge has a problem ({status}{}), in {attempts} attempts; try again later", colon(.said))]
    Server {
        /// What was tried.
        place: Place,
        /// The status of the last attempt.
        status: u16,
        /// The server's words.
        said: String,
        /// How often it was tried.
        attempts: u32,
    },
    /// No answer, or no further byte of one, in time.
    #[error("{place}: {what} within {}{}", seconds(*.limit), tries(*.attempts))]
    Timeout {
        /// What was tried.
        place: Place,
        /// What did not happen, such as `no answer`.
        what: &'static str,
        /// How long we waited.
        limit: Duration,
        /// How often it was tried.
        attempts: u32,
    },
    /// No connection, or one that broke.
    #[error("{place}: {reason}{}", tries(*.attempts))]
    Network {
        /// What was tried.
        place: Place,
        /// What the system, the resolver or TLS says.
        reason: String,
        /// The server ended the connection without an answer, as act does instead of listing nothing.
        hung_up: bool,
        /// How often it was tried.
        attempts: u32,
    },
    /// The certificate is not one we trust.
    #[error(
        "{place}: the server's certificate is not accepted ({reason}); if the forge has its own authority, put that certificate into a file and name it in SSL_CERT_FILE"
    )]
    Certificate {
        /// What was tried.
        place: Place,
        /// What TLS says.
        reason: String,
    },
    /// A good status with a body that is not what was asked for.
    #[error(
        "{place}: expected JSON, got {kind} beginning with `{start}`{}; is this the API of a forge, or a login page or proxy before it?",
        semicolon(.problem)
    )]
    NotJson {
        /// What was tried.
        place: Place,
        /// The content type, or `something` without one.
        kind: String,
        /// Its first characters.
        start: String,
        /// What the JSON reader says, when it is JSON of another shape.
        problem: String,
    },
    /// More bytes than are taken.
    #[error("{place}: the answer is larger than {limit} bytes, more than is taken")]
    TooLarge {
        /// What was tried.
        place: Place,
        /// The limit in bytes.
        limit: u64,
    },
    /// A redirect that is not followed.
    #[error("{place}: {reason}")]
    Redirect {
        /// What was tried.
        place: Place,
        /// Why it is not followed.
        reason: String,
    },
    /// An artifact came, but is not usable.
    #[error("artifact `{name}`: {reason}")]
    Artifact {
        /// Its name, without control characters.
        name: String,
        /// What is wrong with it, and what to do.
        reason: String,
    },
    /// This side is not set up: a token, an address, a certificate file, a folder.
    #[error("{0}")]
    Setup(String),
}

impl ForgeError {
    /// Whether the forge could not be asked at all, or has a problem of its own: another time it may work.
    pub fn is_unreachable(&self) -> bool {
        matches!(
            self,
            Self::RateLimited { .. }
                | Self::Server { .. }
                | Self::Timeout { .. }
                | Self::Network { .. }
                | Self::Certificate { .. }
        )
    }

    /// Whether the token is not good enough: posting then degrades, it does not fail.
    pub fn is_permission(&self) -> bool {
        matches!(self, Self::Unauthorized { .. } | Self::Forbidden { .. })
    }

    /// Whether the thing asked for does not exist, any more or for this token.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }
}

fn colon(said: &str) -> String {
    if said.is_empty() { String::new() } else { format!(": {said}") }
}

fn semicolon(advice: &str) -> String {
    if advice.is_empty() { String::new() } else { format!("; {advice}") }
}

fn tries(attempts: u32) -> String {
    if attempts > 1 { format!(", in {attempts} attempts") } else { String::new() }
}

fn seconds(limit: Duration) -> String {
    if limit < Duration::from_secs(1) { format!("{} ms", limit.as_millis()) } else { format!("{} s", limit.as_secs()) }
}

/// At most `most` characters of what a server says, on one line and without control characters.
pub(super) fn said(text: &str, most: usize) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty());
    let mut line = words.collect::<Vec<_>>().join(" ");
    if let Some((end, _)) = line.char_indices().nth(most) {
        line.truncate(end);
        line.push('…');
    }
    line
}

/// An address for a message: without its query, which may be a signature, and without a user.
pub(super) fn shown(address: &str) -> String {
    let bare = address.split(['?', '#']).next().unwrap_or_default();
    let bare = match bare.split_once("://") {
        Some((scheme, rest)) => {
            let (authority, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
            format!("{scheme}://{}{path}", authority.rsplit('@').next().unwrap_or_default())
        }
        None => bare.to_owned(),
    };
    said(&bare, 200)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_words_are_safe_to_show() {
        assert_eq!(shown("https://u:p@blob.example/x/y?sig=abc#z"), "https://blob.example/x/y");
        assert_eq!(shown("/api/v1/repos?token=1"), "/api/v1/repos");
        assert_eq!(said("a\u{1b}[31m\nb\0c", 80), "a [31m b c");
        assert_eq!(said("äöüß", 2), "äö…");
    }

    #[test]
    fn a_message_says_what_was_tried_and_what_to_do() {
        let place = Place { doing: "set the status".to_owned(), request: "POST https://x.example/a".to_owned() };
        let error = ForgeError::Forbidden {
            place: place.clone(),
            said: "Resource not accessible by integration".to_owned(),
            advice: "add `statuses: write`".to_owned(),
        };
        assert_eq!(
            error.to_string(),
            "cannot set the status (POST https://x.example/a): the token may not do this (403: Resource not accessible by \
             integration); add `statuses: write`"
        );
        let error =
            ForgeError::RateLimited { place, wait: Some(Duration::from_mins(15)), budget: Duration::from_mins(1) };
        assert!(error.to_string().contains("used up for another 900 s, and 60 s is all we wait for"), "{error}");
    }
}

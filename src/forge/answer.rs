//! A good answer: whole, or with its body still on the way.

use std::time::Duration;

use bytes::Bytes;
use http::header::LINK;
use http::{HeaderMap, Response, StatusCode, Uri};
use http_body_util::BodyExt as _;
use http_body_util::combinators::BoxBody;
use tokio::time::timeout;

use super::error::{ForgeError, Place};
use super::failure::{Again, Failure, broken};
use super::transport::Settings;

/// A good answer.
#[derive(Debug, Clone)]
pub struct Answer<T> {
    /// Its status, 2xx.
    pub status: StatusCode,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body.
    pub body: T,
}

impl<T> Answer<T> {
    /// The route of the next page, from `Link: <…>; rel="next"`; `None` on the last page and where the forge does not page.
    ///
    /// Only path and query are taken: a forge behind a proxy writes its public address here, and the token must not go
    /// anywhere but to the origin that is being asked.
    pub fn next_page(&self) -> Option<String> {
        self.headers.get_all(LINK).iter().filter_map(|value| value.to_str().ok()).find_map(next_link)
    }

    /// A header as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

/// The path and query of the link with `rel="next"`.
fn next_link(header: &str) -> Option<String> {
    // Commas separate links, but may be part of one too: a link ends at `>`.
    let mut rest = header;
    while let Some((_, behind)) = rest.split_once('<') {
        let (address, parameters) = behind.split_once('>')?;
        let end = parameters.find('<').unwrap_or(parameters.len());
        let next = parameters[..end].split([';', ',']).any(|parameter| {
            let parameter = parameter.trim();
            parameter.strip_prefix("rel=").is_some_and(|rel| rel.trim_matches('"') == "next")
        });
        if next {
            return address.parse::<Uri>().ok()?.path_and_query().map(ToString::to_string);
        }
        rest = &parameters[end..];
    }
    None
}

/// An answer whose body is still on its way.
pub(super) struct Opened {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) place: Place,
    body: BoxBody<Bytes, octocrab::Error>,
    stall: Duration,
    connect: Duration,
}

impl Opened {
    pub(super) fn new(response: Response<BoxBody<Bytes, octocrab::Error>>, place: Place, settings: &Settings) -> Self {
        let (head, body) = response.into_parts();
        Self {
            status: head.status,
            headers: head.headers,
            place,
            body,
            stall: settings.stall,
            connect: settings.connect,
        }
    }

    /// The next bytes; `None` at the end. A body that ends before its announced length is an error.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, Failure> {
        loop {
            match timeout(self.stall, self.body.frame()).await {
                Ok(None) => return Ok(None),
                Ok(Some(Ok(frame))) => {
                    if let Ok(bytes) = frame.into_data() {
                        return Ok(Some(bytes));
                    }
                }
                Ok(Some(Err(error))) => return Err(broken(&error, self.place.clone(), self.connect)),
                Err(_) => {
                    let what = "no further bytes";
                    let error = ForgeError::Timeout { place: self.place.clone(), what, limit: self.stall, attempts: 1 };
                    return Err(Failure::new(error, Again::IfItOnlyReads));
                }
            }
        }
    }

    /// All of it, in memory.
    pub(super) async fn all(&mut self, limit: u64) -> Result<Bytes, Failure> {
        let mut all = Vec::new();
        while let Some(bytes) = self.next().await? {
            if (all.len() + bytes.len()) as u64 > limit {
                return Err(Failure::never(ForgeError::TooLarge { place: self.place.clone(), limit }));
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.into())
    }
}

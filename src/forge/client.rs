//! Requests to a forge: JSON in and out, what may be repeated, which redirects are followed, what a status means.
//!
//! A [`Client`] speaks to one origin with one credential. octocrab (0.54.9) carries the requests, with these rules of ours:
//!
//! - The base is the origin only, and each route begins with the API's prefix: with a path in the base, octocrab rewrites the
//!   addresses of other hosts, and signed ones break.
//! - No typed models of octocrab: Forgejo and Gitea leave out what they demand. Callers bring their own, lenient structs.
//! - Repeating is ours: octocrab's would repeat a `POST` at once. Here only what changes nothing is repeated, and what
//!   certainly did not arrive; a wait grows with each attempt.
//! - The token goes to the origin only. Another host is asked without it, redirects included.

use std::fmt;
use std::future::Future;
use std::hash::{BuildHasher as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::combinators::BoxBody;
use octocrab::service::middleware::auth_header::AuthHeaderLayer;
use octocrab::service::middleware::base_uri::BaseUriLayer;
use octocrab::{AuthState, OctoBody, Octocrab, OctocrabBuilder};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;
use url::Url;

use super::answer::{Answer, Opened};
use super::capability::Capability;
use super::context::Context;
use super::error::{ForgeError, Place, said, shown};
use super::failure::{Again, Failure, broken};
use super::refusal::Asker;
use super::secret::Secret;
use super::transport::{Settings, Transport};

/// The most redirects that one request follows.
const REDIRECTS: usize = 5;

/// Whose token a client carries; it decides what an error advises.
#[derive(Debug, Clone, Copy)]
pub enum Identity<'a> {
    /// A token for the API: the input `token`.
    Api(Option<&'a Secret>),
    /// The runner's token for the artifacts of the running job.
    Runtime(&'a Secret),
}

/// One call: where it goes and what it is for.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    doing: &'a str,
    route: &'a str,
    needs: &'a str,
    accept: &'a str,
    once: bool,
}

impl<'a> Call<'a> {
    /// A call of `route`: a path from the origin on, with the API's prefix and encoded, such as
    /// [`Context::repo_route`] makes. `doing` says what for, to follow "cannot": `list the comments`.
    pub fn new(doing: &'a str, route: &'a str) -> Self {
        Self { doing, route, needs: "", accept: "", once: false }
    }

    /// The permission it takes, for the message when it is missing: `` `pull-requests: write` ``.
    #[must_use]
    pub fn needs(self, needs: &'a str) -> Self {
        Self { needs, ..self }
    }

    /// Another `Accept` than the usual: `application/vnd.github.diff`.
    #[must_use]
    pub fn accept(self, accept: &'a str) -> Self {
        Self { accept, ..self }
    }

    /// Tried once, at once: for what may be wrong to do a moment later.
    #[must_use]
    pub fn once(self) -> Self {
        Self { once: true, ..self }
    }
}

/// When a request to the own origin carries the credential. One to another origin never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Credential {
    Always,
    /// Until a redirect leads to a signed address.
    UntilSigned,
    Never,
}

/// Speaks to one origin with one credential. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    inner: Arc<Inner>,
}

struct Inner {
    settings: Settings,
    transport: Transport,
    /// The origin that the credential is for.
    origin: Url,
    asker: Asker,
    /// Takes routes, adds origin and credential.
    own: Octocrab,
    /// Takes whole addresses, adds nothing.
    foreign: Octocrab,
}

impl fmt::Debug for Client {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Client({})", self.inner.origin)
    }
}

impl Client {
    /// A client for the API of the forge that `context` names, with the context's token.
    ///
    /// # Errors
    /// As for [`Client::new`].
    pub fn for_api(transport: &Transport, context: &Context) -> Result<Self, ForgeError> {
        Self::new(transport, &context.api_url, Identity::Api(context.token.as_ref()), context.capability())
    }

    /// A client for `origin` (scheme, host and port; a path behind them is dropped). Must be called inside
    /// [`super::runtime::block_on`].
    ///
    /// # Errors
    /// When `origin` is no address, the credential cannot stand in a header, or no runtime is there.
    pub fn new(
        transport: &Transport,
        origin: &str,
        identity: Identity<'_>,
        capability: &'static Capability,
    ) -> Result<Self, ForgeError> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(ForgeError::Setup("a client was made outside the asynchronous runtime".to_owned()));
        }
        let origin = Url::parse(origin)
            .ok()
            .filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host() && url.username().is_empty())
            .and_then(|url| url.join("/").ok())
            .ok_or_else(|| ForgeError::Setup(format!("`{}` is no address of a forge", shown(origin))))?;
        let (secret, runtime) = match identity {
            Identity::Api(secret) => (secret.cloned(), false),
            Identity::Runtime(secret) => (Some(secret.clone()), true),
        };
        let authorization = secret.as_ref().map(authorization).transpose()?;
        let base: Uri = origin
            .as_str()
            .parse()
            .map_err(|_| ForgeError::Setup(format!("`{}` is no address of a forge", shown(origin.as_str()))))?;
        let Ok(own) = OctocrabBuilder::new_empty()
            .with_service(transport.service.clone())
            .with_layer(&BaseUriLayer::new(base.clone()))
            .with_layer(&AuthHeaderLayer::new(authorization, base.clone(), base))
            .with_auth(AuthState::None)
            .build();
        let Ok(foreign) =
            OctocrabBuilder::new_empty().with_service(transport.service.clone()).with_auth(AuthState::None).build();
        let settings = transport.settings.clone();
        let transport = transport.clone();
        let asker = Asker { secret, runtime, capability, patience: settings.patience };
        Ok(Self { inner: Arc::new(Inner { settings, transport, origin, asker, own, foreign }) })
    }

    /// What the forge does differently from others.
    pub fn capability(&self) -> &'static Capability {
        self.inner.asker.capability
    }

    /// The origin that is asked.
    pub fn origin(&self) -> &str {
        self.inner.origin.as_str()
    }

    /// Whether requests carry a credential.
    pub fn has_token(&self) -> bool {
        self.inner.asker.secret.is_some()
    }

    /// `GET`, repeated when that helps; the body as JSON.
    ///
    /// # Errors
    /// Every [`ForgeError`] that a request can give; each says what to do.
    pub async fn get<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<Answer<T>, ForgeError> {
        self.json(&Method::GET, call, None, true).await
    }

    /// `GET` where a connection that ends without an answer is one: not repeated.
    pub(super) async fn get_once<T: DeserializeOwned>(&self, call: &Call<'_>) -> Result<Answer<T>, ForgeError> {
        self.json(&Method::GET, call, None, false).await
    }

    /// `GET`, repeated when that helps; the body as text.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn text(&self, call: &Call<'_>) -> Result<Answer<String>, ForgeError> {
        let answer = self.whole(&Method::GET, call, None, true).await?;
        Ok(Answer {
            status: answer.status,
            headers: answer.headers,
            body: String::from_utf8_lossy(&answer.body).into_owned(),
        })
    }

    /// A `POST` that only reads, as those of the results service do; repeated like a `GET`.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn query<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer<T>, ForgeError> {
        self.json(&Method::POST, call, Some(encoded(call, body)?), true).await
    }

    /// `POST`. Repeated only when the request certainly had no effect: there was no connection, or the forge refused it
    /// because of its limit.
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn post<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer<T>, ForgeError> {
        self.json(&Method::POST, call, Some(encoded(call, body)?), false).await
    }

    /// `PATCH`, repeated as little as a [`Client::post`].
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn patch<T: DeserializeOwned>(
        &self,
        call: &Call<'_>,
        body: &(impl Serialize + ?Sized),
    ) -> Result<Answer<T>, ForgeError> {
        self.json(&Method::PATCH, call, Some(encoded(call, body)?), false).await
    }

    /// `DELETE`, repeated as little as a [`Client::post`].
    ///
    /// # Errors
    /// As for [`Client::get`].
    pub async fn delete(&self, call: &Call<'_>) -> Result<(), ForgeError> {
        self.whole(&Method::DELETE, call, None, false).await?;
        Ok(())
    }

    async fn json<T: DeserializeOwned>(
        &self,
        method: &Method,
        call: &Call<'_>,
        body: Option<Bytes>,
        reads: bool,
    ) -> Result<Answer<T>, ForgeError> {
        let answer = self.whole(method, call, body, reads).await?;
        let parsed = serde_json::from_slice(&answer.body).map_err(|error| {
            let text = String::from_utf8_lossy(&answer.body);
            let kind = answer.header("content-type").map_or_else(|| "something".to_owned(), |kind| said(kind, 60));
            let json = text.trim_start().starts_with(['{', '[']);
            ForgeError::NotJson {
                place: self.place(method, call.doing, call.route),
                kind,
                start: self.clean(&text, 60),
                problem: if json { self.clean(&error.to_string(), 120) } else { String::new() },
            }
        })?;
        Ok(Answer { status: answer.status, headers: answer.headers, body: parsed })
    }

    /// The whole body, in memory.
    async fn whole(
        &self,
        method: &Method,
        call: &Call<'_>,
        body: Option<Bytes>,
        reads: bool,
    ) -> Result<Answer<Bytes>, ForgeError> {
        self.repeating(call, reads, || async {
            let url = self.own(method, call, call.route)?;
            let mut opened = self.follow(method, call, url, body.clone(), Credential::Always).await?;
            let bytes = opened.all(self.inner.settings.largest_text).await?;
            Ok(Answer { status: opened.status, headers: std::mem::take(&mut opened.headers), body: bytes })
        })
        .await
    }

    /// Opens a route for reading. One attempt; redirects are followed, to a signed address without the credential. For use
    /// within [`Client::repeating`].
    pub(super) async fn open(&self, call: &Call<'_>, route: &str) -> Result<Opened, Failure> {
        let url = self.own(&Method::GET, call, route)?;
        self.follow(&Method::GET, call, url, None, Credential::UntilSigned).await
    }

    /// Opens a whole address without any credential, even when it is of this origin: a signed one needs none.
    pub(super) async fn open_bare(&self, call: &Call<'_>, address: &str) -> Result<Opened, Failure> {
        let place = self.place(&Method::GET, call.doing, address);
        let url = Self::resolve(&self.inner.origin, address, &place)?;
        self.follow(&Method::GET, call, url, None, Credential::Never).await
    }

    /// The address of a route, which must be of this origin.
    fn own(&self, method: &Method, call: &Call<'_>, route: &str) -> Result<Url, Failure> {
        let place = self.place(method, call.doing, route);
        let url = Self::resolve(&self.inner.origin, route, &place)?;
        if url.origin() == self.inner.origin.origin() {
            return Ok(url);
        }
        let reason = format!("this is no route of {}", self.inner.origin);
        Err(Failure::never(ForgeError::Redirect { place, reason }))
    }

    /// `address` as seen from `base`. Whatever a server says is taken for an address only, never for a scheme to follow.
    fn resolve(base: &Url, address: &str, place: &Place) -> Result<Url, Failure> {
        let wrong = |reason: &str| {
            Failure::never(ForgeError::Redirect {
                place: place.clone(),
                reason: format!("{reason}: `{}`", shown(address)),
            })
        };
        let url = base.join(address).map_err(|_| wrong("this is no address"))?;
        if !matches!(url.scheme(), "http" | "https") || !url.has_host() {
            return Err(wrong("this is no address of the web"));
        }
        Ok(url)
    }

    /// Sends the request, and follows redirects of those that only read.
    async fn follow(
        &self,
        method: &Method,
        call: &Call<'_>,
        mut url: Url,
        body: Option<Bytes>,
        mut credential: Credential,
    ) -> Result<Opened, Failure> {
        for _ in 0..=REDIRECTS {
            let place = self.place(method, call.doing, url.as_str());
            let response = self.send(method, call, &url, body.clone(), credential != Credential::Never, &place).await?;
            let status = response.status();
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok());
            match location {
                Some(location) if status.is_redirection() => {
                    if method != Method::GET {
                        let reason = format!(
                            "the forge redirects to `{}`, and only reading follows; is GITHUB_API_URL the address that the forge uses for itself?",
                            shown(location)
                        );
                        return Err(Failure::never(ForgeError::Redirect { place, reason }));
                    }
                    let next = Self::resolve(&url, location, &place)?;
                    if url.scheme() == "https" && next.scheme() == "http" {
                        let reason = format!("a redirect from https to `{}` is not followed", shown(location));
                        return Err(Failure::never(ForgeError::Redirect { place, reason }));
                    }
                    // 301, 307 and 308 lead to another place of the API; the others to bytes, by a signed address.
                    if credential == Credential::UntilSigned && matches!(status.as_u16(), 302 | 303) {
                        credential = Credential::Never;
                    }
                    url = next;
                }
                _ => {
                    let opened = Opened::new(response, place, &self.inner.settings);
                    return if status.is_success() {
                        Ok(opened)
                    } else {
                        Err(self.inner.asker.refusal(opened, call.needs).await)
                    };
                }
            }
        }
        let place = self.place(method, call.doing, url.as_str());
        Err(Failure::never(ForgeError::Redirect { place, reason: format!("more than {REDIRECTS} redirects") }))
    }

    async fn send(
        &self,
        method: &Method,
        call: &Call<'_>,
        url: &Url,
        body: Option<Bytes>,
        credential: bool,
        place: &Place,
    ) -> Result<Response<BoxBody<Bytes, octocrab::Error>>, Failure> {
        let own = credential && url.origin() == self.inner.origin.origin();
        let github = self.inner.asker.capability.github_headers && !self.inner.asker.runtime;
        // A fragment never travels, and octocrab's base takes paths.
        let target = if own {
            &url[url::Position::BeforePath..url::Position::AfterQuery]
        } else {
            &url[..url::Position::AfterQuery]
        };
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(USER_AGENT, concat!("ci-lint/", env!("CARGO_PKG_VERSION")));
        if !call.accept.is_empty() {
            request = request.header(ACCEPT, call.accept);
        } else if own && github {
            request = request.header(ACCEPT, "application/vnd.github+json");
        } else if own {
            request = request.header(ACCEPT, "application/json");
        }
        if own && github {
            request = request.header("x-github-api-version", "2022-11-28");
        }
        if let Some(value) = url.as_str().parse().ok().and_then(|uri| self.inner.transport.proxy_authorization(&uri)) {
            request = request.header(PROXY_AUTHORIZATION, value);
        }
        let request = match body {
            Some(bytes) => request.header(CONTENT_TYPE, "application/json").body(OctoBody::from(bytes)),
            None => request.body(OctoBody::empty()),
        };
        let request = request.map_err(|_| Failure::never(ForgeError::Setup(format!("{place}: this is no address"))))?;
        let octocrab = if own { &self.inner.own } else { &self.inner.foreign };
        let limit = self.inner.settings.answer;
        match timeout(limit, octocrab.execute(request)).await {
            Ok(Ok(response)) => Ok(response),
            Ok(Err(error)) => Err(broken(&error, place.clone(), self.inner.settings.connect)),
            Err(_) => {
                let error = ForgeError::Timeout { place: place.clone(), what: "no answer", limit, attempts: 1 };
                Err(Failure::new(error, Again::IfItOnlyReads))
            }
        }
    }

    fn place(&self, method: &Method, doing: &str, address: &str) -> Place {
        let full = self.inner.origin.join(address).map_or_else(|_| address.to_owned(), |url| url.to_string());
        Place { doing: said(doing, 200), request: format!("{method} {}", self.clean(&shown(&full), 200)) }
    }

    /// What a server says, fit for a message.
    fn clean(&self, text: &str, most: usize) -> String {
        self.inner.asker.clean(text, most)
    }

    /// Runs `attempt` until it succeeds, cannot succeed, or was tried often enough. `reads`: it changes nothing at the forge,
    /// so a failure in the middle may be repeated.
    pub(super) async fn repeating<T, W>(
        &self,
        call: &Call<'_>,
        reads: bool,
        mut attempt: impl FnMut() -> W,
    ) -> Result<T, ForgeError>
    where
        W: Future<Output = Result<T, Failure>>,
    {
        let settings = &self.inner.settings;
        let mut tries = 0;
        let mut waited = Duration::ZERO;
        loop {
            tries += 1;
            let limit = settings.total;
            let failure = match timeout(limit, attempt()).await {
                Ok(Ok(done)) => return Ok(done),
                Ok(Err(failure)) => failure,
                // A whole attempt is long: no second one.
                Err(_) => {
                    let place = Place { doing: said(call.doing, 200), request: shown(self.inner.origin.as_str()) };
                    let what = "it did not end";
                    return Err(ForgeError::Timeout { place, what, limit, attempts: tries });
                }
            };
            let wait = match failure.again {
                Again::AfterALimit(asked) => {
                    let wait = asked.unwrap_or_else(|| backoff(settings.first_wait, tries));
                    waited += wait;
                    (waited <= settings.patience).then_some(wait)
                }
                Again::Always => Some(backoff(settings.first_wait, tries)),
                Again::IfItOnlyReads if reads => Some(backoff(settings.first_wait, tries)),
                Again::IfItOnlyReads | Again::Never => None,
            };
            match wait {
                Some(wait) if tries < settings.attempts && !call.once => tokio::time::sleep(wait).await,
                _ => return Err(failure.error.after(tries)),
            }
        }
    }
}

fn authorization(secret: &Secret) -> Result<HeaderValue, ForgeError> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", secret.expose())).map_err(|_| {
        ForgeError::Setup(
            "the token holds characters that no header can carry; was more than the token pasted?".to_owned(),
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

fn encoded(call: &Call<'_>, body: &(impl Serialize + ?Sized)) -> Result<Bytes, ForgeError> {
    serde_json::to_vec(body)
        .map(Bytes::from)
        .map_err(|error| ForgeError::Setup(format!("cannot {}: the request makes no JSON: {error}", call.doing)))
}

/// The wait before the next attempt: doubled with each, and drawn from the upper half of that, so that many jobs that failed
/// together do not come back together.
fn backoff(first: Duration, tries: u32) -> Duration {
    let longest = first.saturating_mul(1 << (tries - 1).min(6));
    // The standard library's only source of chance.
    let draw = std::hash::RandomState::new().build_hasher().finish() % 1000;
    longest / 2 + longest.mul_f64(f64::from(u32::try_from(draw).unwrap_or(0)) / 2000.0)
}

#[cfg(test)]
mod tests;

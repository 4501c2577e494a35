//! Sockets: which certificates are trusted, which proxy is used, how long connecting may take. Shared by all clients.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{HeaderValue, Uri};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::connect::proxy::Tunnel;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::client::proxy::matcher::Matcher;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use octocrab::OctoBody;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use tokio::net::TcpStream;
use tower::Service;

use super::error::{ForgeError, said};

/// How long to wait for what, and how much to take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// For a connection.
    pub connect: Duration,
    /// For the head of an answer, connecting included.
    pub answer: Duration,
    /// For the next bytes of a body.
    pub stall: Duration,
    /// For one attempt as a whole, a download included.
    pub total: Duration,
    /// How often a request that may be repeated is tried.
    pub attempts: u32,
    /// The wait before the second attempt; it doubles with each, and is drawn from the upper half of that.
    pub first_wait: Duration,
    /// The longest wait that a forge may ask for because of its limit on requests, for one request.
    pub patience: Duration,
    /// The largest answer that is taken as text or JSON, in bytes. A list of comments can be long.
    pub largest_text: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            answer: Duration::from_secs(30),
            stall: Duration::from_secs(30),
            total: Duration::from_mins(10),
            attempts: 5,
            first_wait: Duration::from_secs(1),
            patience: Duration::from_mins(1),
            largest_text: 64 << 20,
        }
    }
}

/// What a request goes through. Cheap to clone; connections are shared.
#[derive(Debug, Clone)]
pub struct Transport {
    pub(super) service: hyper_util::client::legacy::Client<HttpsConnector<Connector>, OctoBody>,
    pub(super) settings: Settings,
    proxies: Option<Arc<Matcher>>,
}

impl Transport {
    /// A transport with the certificates and proxies that the environment names.
    ///
    /// Trusted are the roots of Mozilla that are part of this program, and those of `SSL_CERT_FILE` and `SSL_CERT_DIR`, or
    /// of the system's bundle when neither is set. Proxies come from `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`,
    /// in either case, and must speak plain HTTP; SOCKS is refused.
    ///
    /// # Errors
    /// When `SSL_CERT_FILE` cannot be read or holds no certificate, or a proxy is of another kind.
    pub fn new(env: &dyn Fn(&str) -> Option<String>, settings: Settings) -> Result<Self, ForgeError> {
        let tls = tls(&roots(env)?)?;
        let proxies = proxies(env)?.map(Arc::new);
        let mut tcp = HttpConnector::new();
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        tcp.set_connect_timeout(Some(settings.connect));
        let connector = Connector { tcp, proxies: proxies.clone() };
        let https =
            HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1().wrap_connector(connector);
        let service = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(Duration::from_secs(30))
            .build(https);
        Ok(Self { service, settings, proxies })
    }

    /// What to tell the proxy about who asks, for a request that it forwards itself: one over plain HTTP.
    pub(super) fn proxy_authorization(&self, target: &Uri) -> Option<HeaderValue> {
        if target.scheme_str() != Some("http") {
            return None;
        }
        self.proxies.as_ref()?.intercept(target)?.basic_auth().cloned()
    }
}

/// Mozilla's roots, and those that this machine adds.
fn roots(env: &dyn Fn(&str) -> Option<String>) -> Result<rustls::RootCertStore, ForgeError> {
    let mut store = rustls::RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let set = |name: &str| env(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let (file, folder) = (set("SSL_CERT_FILE"), set("SSL_CERT_DIR"));
    if let Some(file) = &file {
        let wrong = |problem: String| ForgeError::Setup(format!("SSL_CERT_FILE names `{}`: {problem}", file.display()));
        let (added, _) = store.add_parsable_certificates(certificates(file).map_err(wrong)?);
        if added == 0 {
            return Err(wrong("no certificate is in it; it must hold PEM".to_owned()));
        }
    }
    if let Some(folder) = &folder {
        let wrong = |error: io::Error| ForgeError::Setup(format!("SSL_CERT_DIR names `{}`: {error}", folder.display()));
        for entry in std::fs::read_dir(folder).map_err(wrong)? {
            // Such folders hold other files and broken links too.
            if let Ok(found) = certificates(&entry.map_err(wrong)?.path()) {
                store.add_parsable_certificates(found);
            }
        }
    }
    if file.is_none() && folder.is_none() {
        let bundles = [
            "/etc/ssl/certs/ca-certificates.crt",
            "/etc/pki/tls/certs/ca-bundle.crt",
            "/etc/ssl/ca-bundle.pem",
            "/etc/ssl/cert.pem",
        ];
        // The first that is there; what it lacks, Mozilla's roots have.
        if let Some(found) = bundles.iter().find_map(|path| certificates(Path::new(path)).ok()) {
            store.add_parsable_certificates(found);
        }
    }
    Ok(store)
}

/// The certificates of a PEM file.
fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let text = std::fs::read(path).map_err(|error| error.to_string())?;
    CertificateDer::pem_slice_iter(&text).collect::<Result<_, _>>().map_err(|error| format!("it is no PEM: {error}"))
}

fn tls(roots: &rustls::RootCertStore) -> Result<rustls::ClientConfig, ForgeError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| ForgeError::Setup(format!("TLS cannot be set up: {error}")))?;
    Ok(builder.with_root_certificates(roots.clone()).with_no_client_auth())
}

/// The proxies that the environment names. Values may hold a password, so no message repeats them.
fn proxies(env: &dyn Fn(&str) -> Option<String>) -> Result<Option<Matcher>, ForgeError> {
    let either = |name: &str| {
        let lower = name.to_ascii_lowercase();
        env(&lower).map(|value| (lower, value)).or_else(|| env(name).map(|value| (name.to_owned(), value)))
    };
    let read = |name: &str| -> Result<String, ForgeError> {
        let Some((name, value)) = either(name).filter(|(_, value)| !value.is_empty()) else {
            return Ok(String::new());
        };
        let scheme = value.split_once("://").map_or("http", |(scheme, _)| scheme);
        if scheme.eq_ignore_ascii_case("http") {
            Ok(value)
        } else {
            let scheme = said(scheme, 20);
            Err(ForgeError::Setup(format!(
                "{name} names a proxy by `{scheme}://`; only proxies by `http://` are supported"
            )))
        }
    };
    let (http, https, all) = (read("HTTP_PROXY")?, read("HTTPS_PROXY")?, read("ALL_PROXY")?);
    if http.is_empty() && https.is_empty() && all.is_empty() {
        return Ok(None);
    }
    let no = either("NO_PROXY").map(|(_, value)| value).unwrap_or_default();
    // The matcher takes `*` for names only, and leaves addresses to the proxy.
    if no.split(',').any(|entry| entry.trim() == "*") {
        return Ok(None);
    }
    Ok(Some(Matcher::builder().http(http).https(https).all(all).no(no).build()))
}

/// Opens a connection, through a proxy where one is due.
#[derive(Debug, Clone)]
pub(super) struct Connector {
    tcp: HttpConnector,
    proxies: Option<Arc<Matcher>>,
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

impl Service<Uri> for Connector {
    type Response = Stream;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Stream, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, target: Uri) -> Self::Future {
        let mut tcp = self.tcp.clone();
        let Some(proxy) = self.proxies.as_ref().and_then(|proxies| proxies.intercept(&target)) else {
            return Box::pin(async move { Ok(Stream { io: tcp.call(target).await?, forwards: false }) });
        };
        Box::pin(async move {
            if target.scheme_str() == Some("https") {
                let mut tunnel = Tunnel::new(proxy.uri().clone(), tcp);
                if let Some(auth) = proxy.basic_auth() {
                    tunnel = tunnel.with_auth(auth.clone());
                }
                Ok(Stream { io: tunnel.call(target).await?, forwards: false })
            } else {
                Ok(Stream { io: tcp.call(proxy.uri().clone()).await?, forwards: true })
            }
        })
    }
}

/// A connection that knows whether a proxy reads the requests on it: such a one wants whole addresses.
#[derive(Debug)]
pub(super) struct Stream {
    io: TokioIo<TcpStream>,
    forwards: bool,
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        self.io.connected().proxy(self.forwards)
    }
}

impl hyper::rt::Read for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forge::capability::Capability;
    use crate::forge::client::{Call, Client, Identity};
    use crate::forge::context::Forge;
    use crate::forge::runtime::block_on;
    use crate::forge::test_server::{Reply, Server};

    fn quick() -> Settings {
        Settings { attempts: 1, answer: Duration::from_millis(500), ..Settings::default() }
    }

    /// What asking `origin` gives with this environment.
    fn ask(env: &[(&str, &str)], origin: &str) -> Result<String, ForgeError> {
        let env = |name: &str| env.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        block_on(async {
            let transport = Transport::new(&env, quick())?;
            let client = Client::new(&transport, origin, Identity::Api(None), Capability::of(Forge::Forgejo, ""))?;
            Ok(client.text(&Call::new("look", "/x?a=1")).await?.body)
        })
    }

    #[test]
    fn a_proxy_forwards_what_is_plain_and_tunnels_what_is_not() {
        let proxy = Server::new(vec![Reply::of("200 OK", &[], "by proxy"), Reply::of("407 No", &[], "")]);
        let address = proxy.origin.replace("http://", "http://user:canary-pw@");
        let env = [("HTTP_PROXY", address.as_str()), ("https_proxy", address.as_str())];
        assert_eq!(ask(&env, "http://forge.invalid:3000").expect("an answer"), "by proxy");
        let error = ask(&env, "https://forge.invalid").expect_err("the proxy refuses").to_string();
        assert!(error.contains("no connection: ") && !error.contains("canary"), "{error}");
        let asked = proxy.asked();
        assert!(asked[0].starts_with("GET http://forge.invalid:3000/x?a=1 HTTP/1.1\r\n"), "{asked:?}");
        assert!(asked[1].starts_with("CONNECT forge.invalid:443 HTTP/1.1\r\n"), "{asked:?}");
        for request in &asked {
            let header = "proxy-authorization: basic dXNlcjpjYW5hcnktcHc=\r\n".to_lowercase();
            assert!(request.to_lowercase().contains(&header), "{request}");
        }
    }

    #[test]
    fn a_proxy_is_left_out_where_the_environment_says_so() {
        let proxy = Server::new(vec![Reply::of("200 OK", &[], "by proxy")]);
        let server = Server::new(vec![Reply::of("200 OK", &[], "direct")]);
        let with =
            |no: &str| ask(&[("ALL_PROXY", &proxy.origin), ("NO_PROXY", no)], &server.origin).expect("an answer");
        assert_eq!(with("example.com"), "by proxy");
        assert_eq!(with("example.com,127.0.0.1"), "direct");
        assert_eq!(with("*"), "direct");
    }

    #[test]
    fn a_proxy_of_another_kind_is_refused_without_its_password() {
        let error = ask(&[("ALL_PROXY", "socks5://u:canary@p")], "http://x.invalid").expect_err("refused").to_string();
        assert_eq!(error, "ALL_PROXY names a proxy by `socks5://`; only proxies by `http://` are supported");
    }

    #[test]
    fn a_file_of_certificates_that_holds_none_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, "no certificate").expect("written");
        let env = |name: &str| (name == "SSL_CERT_FILE").then(|| file.display().to_string());
        let error = Transport::new(&env, quick()).map(|_| ()).expect_err("none").to_string();
        assert!(error.contains("SSL_CERT_FILE names `") && error.contains("it must hold PEM"), "{error}");
        let none = |_: &str| None;
        assert!(roots(&none).expect("roots").len() > 100, "Mozilla's roots are part of the program");
    }
}

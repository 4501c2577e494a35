//! The two listeners, and what happens to a request between socket and handler: log, faults, delivery.

use std::convert::Infallible;
use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use super::faults::{Delivery, Fault, Plan, take};
use super::routes::{self, Call, Route};
use super::wire::{Origin, Reply, Request};
use super::world::World;

/// A request the server saw, and how it answered.
#[derive(Clone, Debug)]
pub struct Seen {
    pub request: Request,
    pub route: Route,
    /// 0: no answer (yet).
    pub status: u16,
    pub at: Instant,
    /// The fault it met.
    pub fault: Option<String>,
}

/// What the server's thread and the test share.
pub struct Shared {
    pub world: Mutex<World>,
    pub log: Mutex<Vec<Seen>>,
    pub plans: Mutex<Vec<Plan>>,
    /// Connections accepted.
    pub connections: AtomicUsize,
    /// Requests waiting in a `Gather`.
    waiting: AtomicUsize,
    pub forge: String,
    pub blobs: String,
}

impl Shared {
    pub fn new(world: World, forge: String, blobs: String) -> Self {
        Self {
            world: Mutex::new(world),
            log: Mutex::default(),
            plans: Mutex::default(),
            connections: AtomicUsize::new(0),
            waiting: AtomicUsize::new(0),
            forge,
            blobs,
        }
    }
}

/// A lock that outlives a panic elsewhere: the panic is what the test should show.
pub fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts connections of one origin, for ever.
pub async fn accept(listener: TcpListener, origin: Origin, shared: Arc<Shared>, tls: Option<TlsAcceptor>) {
    while let Ok((stream, _)) = listener.accept().await {
        shared.connections.fetch_add(1, Ordering::SeqCst);
        let _ = stream.set_nodelay(true);
        let cut = Arc::new(Cut::default());
        let (shared, tls) = (Arc::clone(&shared), tls.clone());
        tokio::spawn(async move {
            let stream = Cuttable { stream, cut: Arc::clone(&cut) };
            match tls {
                Some(tls) => {
                    if let Ok(stream) = tls.accept(stream).await {
                        serve(stream, origin, shared, cut).await;
                    }
                }
                None => serve(stream, origin, shared, cut).await,
            }
        });
    }
}

async fn serve<S>(stream: S, origin: Origin, shared: Arc<Shared>, cut: Arc<Cut>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, origin, Arc::clone(&shared), Arc::clone(&cut)));
    // A client that goes away is no error of the server's.
    let _ = http1::Builder::new().timer(TokioTimer::new()).serve_connection(TokioIo::new(stream), service).await;
}

async fn answer(
    request: http::Request<Incoming>,
    origin: Origin,
    shared: Arc<Shared>,
    cut: Arc<Cut>,
) -> Result<http::Response<Paced>, Infallible> {
    let (head, body) = request.into_parts();
    let headers = head.headers.iter();
    let request = Request {
        origin,
        method: head.method.to_string(),
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: headers.map(|(k, v)| (k.to_string(), String::from_utf8_lossy(v.as_bytes()).into_owned())).collect(),
        body: body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
    };
    if request.path == "/_sim/state" {
        return Ok(response(Reply::json(200, &state(&shared)), Delivery::default(), cut));
    }
    let (route, handler) = routes::find(&lock(&shared.world), &request);
    let fault = take(&mut lock(&shared.plans), route);
    let number = {
        let mut log = lock(&shared.log);
        let fault = fault.as_ref().map(|fault| format!("{fault:?}"));
        log.push(Seen { request: request.clone(), route, status: 0, at: Instant::now(), fault });
        log.len() - 1
    };
    hold(fault.as_ref()).await;
    let mut reply = if let Some(reply) = fault.as_ref().and_then(Fault::instead) {
        reply
    } else {
        let mut world = lock(&shared.world);
        if let Some(Fault::Before(change)) = &fault {
            change(&mut world);
        }
        let mut call = Call { world: &mut world, request: &request, forge: &shared.forge, blobs: &shared.blobs };
        let reply = handler(&mut call);
        if let Some(Fault::After(change)) = &fault {
            change(&mut world);
        }
        reply
    };
    if let Some(Fault::Gather(count)) = fault {
        gather(count, &shared).await;
    }
    let mut delivery = Delivery::default();
    if let Some(fault) = &fault {
        fault.spoil(&mut reply);
        delivery = fault.delivery();
        if matches!(fault, Fault::LoseAnswer) {
            cut.reset_now();
        }
    }
    lock(&shared.log)[number].status = reply.status;
    Ok(response(reply, delivery, cut))
}

/// What happened so far, for scripts. Headers are left out: they hold tokens.
pub fn state(shared: &Shared) -> Value {
    let log = lock(&shared.log);
    let world = lock(&shared.world);
    let requests = log.iter().map(|seen| {
        let request = &seen.request;
        json!({"route": format!("{:?}", seen.route), "method": request.method, "path": request.path, "status": seen.status,
            "agent": request.header("user-agent"), "bytes": request.body.len(), "fault": seen.fault})
    });
    let requests: Vec<Value> = requests.collect();
    let comments = world.comments.iter().map(|comment| {
        json!({"id": comment.id, "issue": comment.issue, "author": comment.author.1, "body": comment.body,
            "edits": comment.edits})
    });
    let comments: Vec<Value> = comments.collect();
    let statuses = world.statuses.iter().map(|status| {
        json!({"sha": status.sha, "state": status.state, "context": status.context, "description": status.description})
    });
    let statuses: Vec<Value> = statuses.collect();
    json!({"requests": requests, "comments": comments, "statuses": statuses, "violations": world.violations})
}

/// Waits as the fault says.
async fn hold(fault: Option<&Fault>) {
    match fault {
        Some(Fault::Delay(time)) => tokio::time::sleep(*time).await,
        Some(Fault::Hang) => std::future::pending().await,
        _ => {}
    }
}

/// Keeps an answer back until `count` of them are ready.
async fn gather(count: usize, shared: &Shared) {
    let place = shared.waiting.fetch_add(1, Ordering::SeqCst);
    let all = (place / count + 1) * count;
    while shared.waiting.load(Ordering::SeqCst) < all {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

fn response(reply: Reply, delivery: Delivery, cut: Arc<Cut>) -> http::Response<Paced> {
    let mut builder = http::Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        // As bytes: a file's name may be any UTF-8.
        builder = builder.header(name, value.as_bytes());
    }
    let body = Paced { rest: reply.body, sent: 0, delivery, cut, pause: None };
    builder.body(body).expect("headers written by the simulation")
}

/// A body that may come slowly, or end early.
struct Paced {
    rest: Bytes,
    sent: usize,
    delivery: Delivery,
    cut: Arc<Cut>,
    pause: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Body for Paced {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(pause) = &mut self.pause {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.pause = None;
        }
        let mut size = self.rest.len();
        if let Some(cut) = self.delivery.cut {
            size = size.min(cut.saturating_sub(self.sent));
            if size == 0 {
                // What was written before has to leave first: the next poll of the socket closes it.
                if self.delivery.reset {
                    self.cut.reset_now();
                }
                return Poll::Ready(Some(Err(io::Error::other("cut by a fault"))));
            }
        }
        if size == 0 {
            return Poll::Ready(None);
        }
        if let Some(pace) = self.delivery.pace {
            // Ten portions a second.
            size = size.min((pace / 10).max(1));
            let wait = Duration::from_millis((1000 * size / pace.max(1)).max(1) as u64);
            self.pause = Some(Box::pin(tokio::time::sleep(wait)));
        } else if self.delivery.cut.is_some() {
            // Time for the bytes before the cut to get through.
            self.pause = Some(Box::pin(tokio::time::sleep(Duration::from_millis(20))));
        }
        self.sent += size;
        let portion = self.rest.split_to(size);
        Poll::Ready(Some(Ok(Frame::data(portion))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

/// Whether a connection is to be reset.
#[derive(Default)]
struct Cut(AtomicBool);

impl Cut {
    fn reset_now(&self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// A connection that can be reset from the inside.
struct Cuttable {
    stream: TcpStream,
    cut: Arc<Cut>,
}

impl Cuttable {
    fn check(&self) -> io::Result<()> {
        if self.cut.0.load(Ordering::SeqCst) {
            self.stream.set_zero_linger()?;
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Drop for Cuttable {
    fn drop(&mut self) {
        // hyper drops a connection whose body failed without another look at the socket.
        let _ = self.check();
    }
}

impl AsyncRead for Cuttable {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_read(context, into)
    }
}

impl AsyncWrite for Cuttable {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

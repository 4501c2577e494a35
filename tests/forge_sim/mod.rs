//! A forge in a thread: the artifact, comment and status interfaces of GitHub, GHES, Forgejo and Gitea, each with its
//! quirks, over real sockets. Nothing leaves this machine.
//!
//! ```ignore
//! mod forge_sim;
//! use forge_sim::{Fault, ForgeSim, NewArtifact, Personality, Route};
//!
//! let sim = ForgeSim::start(Personality::Forgejo15);
//! sim.add(NewArtifact::zip("cov-1", &[("coverage.db", b"SQLite format 3\0…")]));
//! sim.add(NewArtifact::v3("cov-2", &[("sub/x.txt", b"text")]));
//! sim.add(NewArtifact::raw("cov.db", b"…".to_vec()).run(99).attempt(2).expired());
//! sim.fault_times(Route::TwirpList, 2, Fault::Status(503));        // twice, then well again
//! Command::new("…").env_clear().envs(sim.env());                    // what a step on that forge gets
//! assert_eq!(sim.comments(7)[0].body, "…");                         // pull request 7 is there from the start
//! assert!(sim.violations().is_empty());                             // no token where it does not belong
//! ```
//!
//! `sim.world(|world| …)` reads and changes everything else: tokens and their permissions, pull requests, statuses, the
//! event, the attempt, whether the job still runs. `sim.requests()` is the log. Dropping the `ForgeSim` stops it.
//!
//! Where to find what: `personality.rs` is the table of quirks by name; `routes.rs` says which request goes where;
//! `twirp.rs`, `blob.rs`, `pipelines_v3.rs`, `rest_artifacts.rs` speak the artifact protocols; `comments.rs`,
//! `statuses.rs`, `pulls.rs` the rest; `faults.rs` is what can go wrong; `env.rs` and `event.rs` are the runner's side.
//! `tests/forge_clients/run` shows with the real npm clients that it is faithful. `examples/forge_sim.rs` runs it alone.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    reason = "each test crate includes this module and uses a part of it"
)]

mod access;
mod blob;
mod comments;
mod env;
mod event;
mod faults;
mod personality;
mod pipelines_v3;
mod pulls;
mod rest_artifacts;
mod routes;
mod server;
mod setup;
mod statuses;
mod tls;
mod twirp;
mod wire;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;

pub use faults::{Change, Fault};
pub use personality::{Family, Personality, Quirks};
pub use routes::Route;
pub use server::Seen;
pub use setup::{NewArtifact, zip_of};
pub use wire::{Origin, Request};
pub use world::{
    Access, Artifact, ChangedFile, Comment, Content, Event, JOB, OWNER, Permissions, Pull, REPO, RUN, RowState, Run,
    Status, Token, World,
};

use server::{Shared, lock};

/// A running forge.
pub struct ForgeSim {
    shared: Arc<Shared>,
    folder: PathBuf,
    /// Removes the folder in the end, unless it was given.
    _temporary: Option<TempDir>,
    ca_pem: Option<String>,
    stop: Mutex<Option<tokio::sync::oneshot::Sender<()>>>,
    thread: Option<JoinHandle<()>>,
}

/// How a forge is started.
#[derive(Clone, Debug)]
pub struct Builder {
    personality: Personality,
    tls: bool,
    serve_direct: bool,
    port: u16,
    folder: Option<PathBuf>,
}

impl Builder {
    /// Speaks TLS with a certificate of a private authority, for `localhost`, `forge.localhost` and `127.0.0.1`.
    #[must_use]
    pub fn tls(mut self) -> Self {
        self.tls = true;
        self
    }

    /// Signed downloads lead to an object store of another host, as `SERVE_DIRECT` does on Forgejo and Gitea.
    #[must_use]
    pub fn serve_direct(mut self) -> Self {
        self.serve_direct = true;
        self
    }

    /// Listens on this port and not on a free one. The blob store's is free in any case.
    #[must_use]
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Puts the runner's files here and leaves them in the end.
    #[must_use]
    pub fn folder(mut self, folder: PathBuf) -> Self {
        self.folder = Some(folder);
        self
    }

    pub fn start(self) -> ForgeSim {
        let listen = |port: u16| {
            let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port of this machine");
            listener.set_nonblocking(true).expect("a socket that does not block");
            let port = listener.local_addr().expect("an address").port();
            (listener, port)
        };
        let ((forge, forge_port), (blob, blob_port)) = (listen(self.port), listen(0));
        let tls = self.tls.then(tls::acceptor);
        let (acceptor, ca_pem) = tls.map_or((None, None), |(acceptor, pem)| (Some(acceptor), Some(pem)));
        let scheme = if self.tls { "https" } else { "http" };
        let forge_url = format!("{scheme}://127.0.0.1:{forge_port}");
        // Another host too, not only another port: `localhost`, which every resolver knows.
        let separate = self.personality.quirks().separate_blob_origin || self.serve_direct;
        let blob_url = if separate { format!("{scheme}://localhost:{blob_port}") } else { forge_url.clone() };
        let token = format!("ghs_{}CANARYapi", self.personality.name());
        let mut world = World::new(self.personality, token, env::runtime_token(self.personality));
        world.serve_direct = self.serve_direct;
        let shared = Arc::new(Shared::new(world, forge_url, blob_url));
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let for_thread = Arc::clone(&shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async move {
                for (listener, origin) in [(forge, Origin::Forge), (blob, Origin::Blob)] {
                    let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                    tokio::spawn(server::accept(listener, origin, Arc::clone(&for_thread), acceptor.clone()));
                }
                let _ = stopped.await;
            });
        });
        let temporary = self.folder.is_none().then(|| tempfile::tempdir().expect("a folder"));
        let given = self.folder.as_deref().or(temporary.as_ref().map(TempDir::path));
        let folder = given.expect("one of the two").to_owned();
        for name in ["workspace", "temp"] {
            fs::create_dir_all(folder.join(name)).expect("a folder");
        }
        for name in ["output", "state", "env", "path", "summary.md"] {
            fs::write(folder.join(name), "").expect("a file");
        }
        if let Some(pem) = &ca_pem {
            fs::write(folder.join("ca.pem"), pem).expect("a file");
        }
        ForgeSim { shared, folder, _temporary: temporary, ca_pem, stop: Mutex::new(Some(stop)), thread: Some(thread) }
    }
}

impl ForgeSim {
    /// A forge on a free port, without TLS.
    pub fn start(personality: Personality) -> Self {
        Self::builder(personality).start()
    }

    pub fn builder(personality: Personality) -> Builder {
        Builder { personality, tls: false, serve_direct: false, port: 0, folder: None }
    }

    /// `http://127.0.0.1:<port>`, without a slash at the end.
    pub fn url(&self) -> &str {
        &self.shared.forge
    }

    /// The blob store's; the forge's own where signed URLs lead back to it.
    pub fn blob_url(&self) -> &str {
        &self.shared.blobs
    }

    pub fn personality(&self) -> Personality {
        self.world(|world| world.personality)
    }

    /// The environment of a step on this forge, for the present event. Writes the event's payload.
    pub fn env(&self) -> BTreeMap<String, String> {
        let payload = self.world(|world| event::payload(world, &self.shared.forge));
        fs::write(self.path().join("event.json"), payload.to_string()).expect("the payload is written");
        self.world(|world| env::env(world, &self.shared.forge, self.path()))
    }

    /// The folder with `workspace`, `output`, `summary.md`, `event.json`, and `ca.pem` with TLS.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The private authority's certificate.
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// Reads or changes what the forge knows.
    pub fn world<T>(&self, with: impl FnOnce(&mut World) -> T) -> T {
        with(&mut lock(&self.shared.world))
    }

    /// The token of the job, for REST.
    pub fn api_token(&self) -> String {
        self.world(|world| world.api_token.clone())
    }

    /// The token of the job, for artifacts.
    pub fn runtime_token(&self) -> String {
        self.world(|world| world.runtime_token.clone())
    }

    /// Limits what the job's token may do.
    pub fn permissions(&self, permissions: Permissions) {
        let token = self.api_token();
        self.world(|world| world.tokens.get_mut(&token).expect("the job's token").permissions = permissions);
    }

    /// Adds a token of anyone's.
    pub fn add_token(&self, token: &str, author: (i64, &str), permissions: Permissions) {
        let author = (author.0, author.1.to_owned());
        self.world(|world| world.tokens.insert(token.to_owned(), Token { author, permissions }));
    }

    /// Adds an artifact; its id.
    pub fn add(&self, artifact: NewArtifact) -> u64 {
        self.world(|world| artifact.add_to(world))
    }

    /// Adds another run of the repository.
    pub fn add_run(&self, run: Run) {
        self.world(|world| world.runs.insert(run.id, run));
    }

    /// Adds a pull request, in place of one with its number.
    pub fn add_pull(&self, pull: Pull) {
        self.world(|world| {
            world.pulls.retain(|other| other.number != pull.number);
            world.pulls.push(pull);
        });
    }

    /// Adds a comment by anyone; its id.
    pub fn add_comment(&self, issue: u64, author: (i64, &str), body: &str) -> u64 {
        self.world(|world| world.comment(issue, author, body))
    }

    /// Adds a commit status.
    pub fn add_status(&self, sha: &str, context: &str, state: &str, description: &str) {
        self.world(|world| {
            let status = Status {
                id: world.id(),
                sha: sha.to_owned(),
                state: state.to_owned(),
                context: context.to_owned(),
                description: description.to_owned(),
                target_url: String::new(),
                created: wire::now(),
            };
            world.statuses.push(status);
        });
    }

    /// What set off the run `env()` is of.
    pub fn event(&self, event: Event) {
        self.world(|world| world.event = event);
    }

    /// The comments of an issue, by age.
    pub fn comments(&self, issue: u64) -> Vec<Comment> {
        self.world(|world| world.comments.iter().filter(|comment| comment.issue == issue).cloned().collect())
    }

    /// The statuses of a commit, in the order they came.
    pub fn statuses(&self, sha: &str) -> Vec<Status> {
        self.world(|world| world.statuses.iter().filter(|status| status.sha == sha).cloned().collect())
    }

    /// From now on every request to `route` meets this fault.
    pub fn fault(&self, route: Route, fault: Fault) {
        self.fault_after(route, 0, usize::MAX, fault);
    }

    /// The next `times` requests to `route` meet this fault.
    pub fn fault_times(&self, route: Route, times: usize, fault: Fault) {
        self.fault_after(route, 0, times, fault);
    }

    /// `skip` requests to `route` go well, then `times` meet this fault.
    pub fn fault_after(&self, route: Route, skip: usize, times: usize, fault: Fault) {
        lock(&self.shared.plans).push(faults::Plan { route, left: times, skip, fault });
    }

    /// Takes all faults back.
    pub fn no_faults(&self) {
        lock(&self.shared.plans).clear();
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<Seen> {
        lock(&self.shared.log).clone()
    }

    /// The requests to one route.
    pub fn requests_to(&self, route: Route) -> Vec<Seen> {
        self.requests().into_iter().filter(|seen| seen.route == route).collect()
    }

    /// What clients did and must not do: credentials at signed URLs, the wrong token.
    pub fn violations(&self) -> Vec<String> {
        self.world(|world| world.violations.clone())
    }

    /// Ends the server with all its connections, as when its process is killed. What it knew can still be read.
    pub fn kill(&self) {
        drop(lock(&self.stop).take());
    }

    /// Requests, comments, statuses and violations as JSON: what `GET /_sim/state` answers.
    pub fn state(&self) -> serde_json::Value {
        server::state(&self.shared)
    }

    /// Connections accepted so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(std::sync::atomic::Ordering::SeqCst)
    }
}

impl Drop for ForgeSim {
    fn drop(&mut self) {
        self.kill();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

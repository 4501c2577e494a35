//! Which request goes to which handler. A route's name is what faults and tests speak of.

use serde_json::json;

use super::personality::{Personality, PipelinesV3};
use super::wire::{Origin, Reply, Request, decode, now};
use super::world::{OWNER, REPO, World};
use super::{blob, comments, pipelines_v3, pulls, rest_artifacts, statuses, twirp};

/// A route, by what it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Route {
    /// In a plan: every route. In the log: a path no forge knows.
    Any,
    TwirpCreate,
    TwirpFinalize,
    TwirpList,
    TwirpSign,
    TwirpDelete,
    /// A block or block list to a signed URL.
    BlobPut,
    /// A signed download: blob store, `DownloadArtifact`, `zip/raw`.
    BlobGet,
    V3Create,
    V3Put,
    V3Finish,
    V3List,
    /// The files of one v3 artifact.
    V3Files,
    V3Get,
    RunArtifacts,
    RepoArtifacts,
    ArtifactGet,
    ArtifactZip,
    CommentList,
    CommentCreate,
    CommentGet,
    CommentUpdate,
    CommentDelete,
    StatusCreate,
    StatusList,
    StatusCombined,
    PullList,
    PullGet,
    PullFiles,
    PullDiff,
    IssueGet,
    Compare,
    CommitPulls,
    CommitList,
    RunGet,
    RepoGet,
    Contents,
    User,
    /// GraphQL, as far as asking for the own login.
    Graphql,
    RateLimit,
}

/// A request on its way through a handler.
pub struct Call<'a> {
    pub world: &'a mut World,
    pub request: &'a Request,
    /// `http://127.0.0.1:port` of the forge, without a slash.
    pub forge: &'a str,
    /// The same of the blob store; the forge's own where there is none.
    pub blobs: &'a str,
}

type Handler = Box<dyn FnOnce(&mut Call<'_>) -> Reply + Send>;

/// The route of a request and what answers it.
pub fn find(world: &World, request: &Request) -> (Route, Handler) {
    let segments: Vec<String> = request.path.trim_matches('/').split('/').map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let method = request.method.as_str();
    if request.origin == Origin::Blob {
        return match method {
            "GET" => (Route::BlobGet, Box::new(blob::get_from_store)),
            _ => (Route::BlobPut, Box::new(blob::put)),
        };
    }
    let quirks = world.personality.quirks();
    if let ["twirp", service, call] = segments[..] {
        if !quirks.results_v4 {
            return absent();
        }
        return twirp_route(method, service, call);
    }
    if let Some(at) = segments.iter().position(|segment| *segment == "_apis") {
        if quirks.pipelines_v3 == PipelinesV3::Closed {
            return absent();
        }
        return pipelines_v3::route(method, &segments[at + 1..]);
    }
    // Beside the other routes, not below their prefix.
    let is_graphql = matches!(
        (world.personality, &segments[..]),
        (Personality::GitHub, ["graphql"]) | (Personality::Ghes, ["api", "graphql"])
    );
    if is_graphql && method == "POST" {
        return (Route::Graphql, Box::new(comments::viewer));
    }
    let prefix: Vec<&str> = quirks.api_prefix.split('/').filter(|segment| !segment.is_empty()).collect();
    let Some(rest) = segments.strip_prefix(prefix.as_slice()) else {
        return absent();
    };
    let (route, handler) = rest_route(world, method, rest);
    if quirks.wants_user_agent && request.header("user-agent").is_none() {
        let body = "Request forbidden by administrative rules. Please make sure your request has a User-Agent header";
        return (route, Box::new(move |_| Reply::text(403, body)));
    }
    if !quirks.counts_requests || route == Route::RateLimit {
        return (route, handler);
    }
    (route, Box::new(move |call| super::access::counted(call, handler)))
}

fn absent() -> (Route, Handler) {
    (Route::Any, Box::new(|call| not_found(call)))
}

fn twirp_route(method: &str, service: &str, call: &str) -> (Route, Handler) {
    if service != "github.actions.results.api.v1.ArtifactService" {
        return absent();
    }
    match (method, call) {
        ("POST", "CreateArtifact") => (Route::TwirpCreate, Box::new(twirp::create)),
        ("POST", "FinalizeArtifact") => (Route::TwirpFinalize, Box::new(twirp::finalize)),
        ("POST", "ListArtifacts") => (Route::TwirpList, Box::new(twirp::list)),
        ("POST", "GetSignedArtifactURL") => (Route::TwirpSign, Box::new(twirp::sign)),
        ("POST", "DeleteArtifact") => (Route::TwirpDelete, Box::new(twirp::delete)),
        ("PUT", "UploadArtifact") => (Route::BlobPut, Box::new(blob::put)),
        ("GET", "DownloadArtifact") => (Route::BlobGet, Box::new(blob::get_signed)),
        _ => absent(),
    }
}

fn rest_route(world: &World, method: &str, segments: &[&str]) -> (Route, Handler) {
    let quirks = world.personality.quirks();
    let rest = match *segments {
        ["user"] => return (Route::User, Box::new(comments::user)),
        ["rate_limit"] => return (Route::RateLimit, Box::new(|call| rate_limit(call))),
        ["repos", owner, repo, ref rest @ ..] if owner == OWNER && repo == REPO => rest,
        _ => return absent(),
    };
    let number = |text: &str| text.parse::<u64>().unwrap_or(u64::MAX);
    match (method, rest) {
        ("GET", []) => (Route::RepoGet, Box::new(pulls::repository)),
        ("GET", ["actions", "runs", run]) => {
            let run = number(run);
            (Route::RunGet, Box::new(move |call| rest_artifacts::run(call, run)))
        }
        ("GET", ["actions", "runs", run, "artifacts"]) => {
            let run = number(run);
            (Route::RunArtifacts, Box::new(move |call| rest_artifacts::list(call, Some(run))))
        }
        ("GET", ["actions", "artifacts"]) => (Route::RepoArtifacts, Box::new(|call| rest_artifacts::list(call, None))),
        ("GET", ["actions", "artifacts", id]) => {
            let id = number(id);
            (Route::ArtifactGet, Box::new(move |call| rest_artifacts::get(call, id)))
        }
        ("GET", ["actions", "artifacts", id, "zip"]) => {
            let id = number(id);
            (Route::ArtifactZip, Box::new(move |call| rest_artifacts::zip(call, id)))
        }
        ("GET", ["actions", "artifacts", id, "zip", "raw"]) => {
            let id = number(id);
            (Route::BlobGet, Box::new(move |call| blob::get_raw(call, id)))
        }
        ("GET", ["issues", issue, "comments"]) => {
            let issue = number(issue);
            (Route::CommentList, Box::new(move |call| comments::list(call, issue)))
        }
        ("POST", ["issues", issue, "comments"]) => {
            let issue = number(issue);
            (Route::CommentCreate, Box::new(move |call| comments::create(call, issue)))
        }
        ("GET", ["issues", "comments", id]) => {
            let id = number(id);
            (Route::CommentGet, Box::new(move |call| comments::get(call, id)))
        }
        ("PATCH", ["issues", "comments", id]) => {
            let id = number(id);
            (Route::CommentUpdate, Box::new(move |call| comments::update(call, id)))
        }
        ("DELETE", ["issues", "comments", id]) => {
            let id = number(id);
            (Route::CommentDelete, Box::new(move |call| comments::delete(call, id)))
        }
        ("GET", ["issues", issue]) => {
            let issue = number(issue);
            (Route::IssueGet, Box::new(move |call| pulls::issue(call, issue)))
        }
        ("POST", ["statuses", sha]) => {
            let sha = (*sha).to_owned();
            (Route::StatusCreate, Box::new(move |call| statuses::create(call, &sha)))
        }
        ("GET", ["commits", sha, "statuses"] | ["statuses", sha]) => {
            let sha = (*sha).to_owned();
            (Route::StatusList, Box::new(move |call| statuses::list(call, &sha)))
        }
        ("GET", ["commits", sha, "status"]) => {
            let sha = (*sha).to_owned();
            (Route::StatusCombined, Box::new(move |call| statuses::combined(call, &sha)))
        }
        ("GET", ["commits", sha, pulls]) if *pulls == quirks.commit_pulls => {
            let sha = (*sha).to_owned();
            (Route::CommitPulls, Box::new(move |call| pulls::of_commit(call, &sha)))
        }
        ("GET", ["commits"]) => (Route::CommitList, Box::new(pulls::commits)),
        ("GET", ["pulls"]) => (Route::PullList, Box::new(pulls::list)),
        ("GET", ["pulls", pull, "files"]) => {
            let pull = number(pull);
            (Route::PullFiles, Box::new(move |call| pulls::files(call, pull)))
        }
        ("GET", ["pulls", pull]) if pull.strip_suffix(".diff").is_some() => {
            let pull = number(pull.trim_end_matches(".diff"));
            (Route::PullDiff, Box::new(move |call| pulls::diff(call, pull)))
        }
        ("GET", ["pulls", pull]) => {
            let pull = number(pull);
            (Route::PullGet, Box::new(move |call| pulls::get(call, pull)))
        }
        ("GET", ["contents", path @ ..]) => {
            let path = path.join("/");
            (Route::Contents, Box::new(move |call| pulls::contents(call, &path)))
        }
        ("GET", ["compare", range @ ..]) => {
            // A branch name may hold slashes.
            let range = range.join("/");
            (Route::Compare, Box::new(move |call| pulls::compare(call, &range)))
        }
        _ => absent(),
    }
}

/// 404 as the forge says it.
pub fn not_found(call: &Call<'_>) -> Reply {
    super::access::error(call, 404, "Not Found", "The target couldn't be found.")
}

fn rate_limit(call: &Call<'_>) -> Reply {
    let left = call.world.requests_left;
    let core = json!({"limit": 1000, "remaining": left, "reset": now() + 3600, "used": 1000_u64.saturating_sub(left)});
    Reply::json(200, &json!({"resources": {"core": core}, "rate": core}))
}

//! What the forge knows: one repository, its runs, artifacts, pull requests, comments, statuses and tokens.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;

use super::personality::Personality;
use super::wire::{now, sha256};

/// Owner of the one repository.
pub const OWNER: &str = "octo";
/// Name of the one repository.
pub const REPO: &str = "demo";
/// Number of the run the runtime token belongs to.
pub const RUN: u64 = 4711;
/// Number of the job the runtime token belongs to.
pub const JOB: u64 = 815;

/// Whether an artifact is really there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowState {
    Confirmed,
    /// Created and never finalized.
    Pending,
    Expired,
    Deleted,
}

/// One file of an artifact of the third protocol, as stored.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// Each file is a row of its own on Forgejo and Gitea.
    pub id: u64,
    /// Inside the artifact, with `/`.
    pub path: String,
    /// As uploaded: gzip when `gzip` is set.
    pub bytes: Vec<u8>,
    pub gzip: bool,
}

/// What an artifact holds.
#[derive(Clone, Debug)]
pub enum Content {
    /// Fourth protocol: one blob, a zip or a raw file.
    Blob(Bytes),
    /// Third protocol: files.
    Files(Vec<StoredFile>),
}

/// A row of the artifact table.
#[derive(Clone, Debug)]
pub struct Artifact {
    pub id: u64,
    pub name: String,
    pub run: u64,
    pub attempt: u32,
    /// The upload's MIME type; `application/zip` when none was given.
    pub mime: String,
    pub state: RowState,
    pub content: Content,
    /// Seconds since 1970.
    pub created: u64,
    /// `sha256:<hex>` as the uploader or the blob store said; none for v3.
    pub digest: Option<String>,
    /// Blocks put and not yet committed.
    pub blocks: HashMap<String, Bytes>,
}

impl Artifact {
    /// Bytes stored.
    pub fn size(&self) -> usize {
        match &self.content {
            Content::Blob(bytes) => bytes.len(),
            Content::Files(files) => files.iter().map(|file| file.bytes.len()).sum(),
        }
    }

    /// Sets the blob and the digest that belongs to it.
    pub fn store(&mut self, bytes: Bytes) {
        self.digest = Some(format!("sha256:{}", super::wire::hex(&sha256(&bytes))));
        self.content = Content::Blob(bytes);
    }
}

/// A comment of an issue or pull request.
#[derive(Clone, Debug)]
pub struct Comment {
    pub id: u64,
    pub issue: u64,
    pub author: (i64, String),
    pub body: String,
    pub created: u64,
    pub updated: u64,
    /// How many times it was changed.
    pub edits: usize,
}

/// A commit status.
#[derive(Clone, Debug)]
pub struct Status {
    pub id: u64,
    pub sha: String,
    /// `success`, `failure`, …
    pub state: String,
    pub context: String,
    pub description: String,
    pub target_url: String,
    pub created: u64,
}

/// A file of a pull request.
#[derive(Clone, Debug)]
pub struct ChangedFile {
    pub path: String,
    /// `added`, `modified`, `removed`, `renamed`.
    pub status: String,
    /// A unified diff without its header.
    pub patch: String,
}

/// A pull request.
#[derive(Clone, Debug)]
pub struct Pull {
    pub number: u64,
    pub open: bool,
    pub head_ref: String,
    pub head_sha: String,
    /// `owner/name` of the head's repository; another than ours makes it a fork.
    pub head_repo: String,
    pub base_ref: String,
    pub base_sha: String,
    pub merge_base: String,
    /// The commit it was merged as.
    pub merged_as: Option<String>,
    pub files: Vec<ChangedFile>,
}

impl Pull {
    pub fn is_fork(&self) -> bool {
        self.head_repo != format!("{OWNER}/{REPO}")
    }
}

/// What a token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    None,
    Read,
    Write,
}

/// Permissions of a token, by the names of a workflow's `permissions:`.
#[derive(Clone, Copy, Debug)]
pub struct Permissions {
    pub actions: Access,
    pub contents: Access,
    pub pull_requests: Access,
    pub statuses: Access,
}

impl Permissions {
    pub const WRITE: Self =
        Self { actions: Access::Write, contents: Access::Write, pull_requests: Access::Write, statuses: Access::Write };
    /// A fork's.
    pub const READ: Self =
        Self { actions: Access::Read, contents: Access::Read, pull_requests: Access::Read, statuses: Access::Read };
}

/// Who a token speaks for, and what it may do.
#[derive(Clone, Debug)]
pub struct Token {
    pub author: (i64, String),
    pub permissions: Permissions,
}

/// What set the workflow off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    PullRequest(u64),
    PullRequestTarget(u64),
    /// To the default branch, `main`.
    Push {
        sha: String,
    },
    /// The second of two stages: the run that ended, and the pull request it was for.
    WorkflowRun {
        run: u64,
        pull: u64,
    },
}

/// Another run of the repository.
#[derive(Clone, Debug)]
pub struct Run {
    pub id: u64,
    pub event: String,
    pub head_branch: String,
    pub head_sha: String,
    pub head_repo: String,
    pub attempt: u32,
}

/// Everything the forge knows. Tests look at it through `ForgeSim::world`.
#[derive(Debug)]
pub struct World {
    pub personality: Personality,
    pub artifacts: Vec<Artifact>,
    pub comments: Vec<Comment>,
    pub statuses: Vec<Status>,
    pub pulls: Vec<Pull>,
    pub runs: BTreeMap<u64, Run>,
    pub tokens: HashMap<String, Token>,
    pub event: Event,
    /// This attempt of `RUN`.
    pub attempt: u32,
    /// This attempt is a re-run of all jobs, not of those that failed.
    pub full_rerun: bool,
    /// Signed downloads lead to an object store of another host (`SERVE_DIRECT` of Forgejo and Gitea).
    pub serve_direct: bool,
    /// Requests left before GitHub says 403.
    pub requests_left: u64,
    /// The job the runtime token belongs to still runs.
    pub job_runs: bool,
    /// The API token of `env()`.
    pub api_token: String,
    /// The runtime token of `env()`.
    pub runtime_token: String,
    /// `base...head` to the merge base, where it is not the pull request's.
    pub merge_bases: HashMap<(String, String), String>,
    /// The first parent of a commit; the list of commits follows these.
    pub first_parents: HashMap<String, String>,
    /// Files of the repository by branch and path.
    pub contents: HashMap<(String, String), String>,
    /// What a client must not do and did.
    pub violations: Vec<String>,
    next_id: u64,
}

impl World {
    pub fn new(personality: Personality, api_token: String, runtime_token: String) -> Self {
        let bot = personality.quirks().bot;
        let author = (bot.0, bot.1.to_owned());
        let mut tokens = HashMap::new();
        tokens.insert(api_token.clone(), Token { author, permissions: Permissions::WRITE });
        let pull = Pull {
            number: 7,
            open: true,
            head_ref: "feature".to_owned(),
            head_sha: "6dcb09b5b57875f334f61aebed695e2e4193db5e".to_owned(),
            head_repo: format!("{OWNER}/{REPO}"),
            base_ref: "main".to_owned(),
            base_sha: "c5b97d5ae6c19d5c5df71a34c7fbeeda2479ccbc".to_owned(),
            merge_base: "7638417db6d59f3c431d3e1f261cc637155684cd".to_owned(),
            merged_as: None,
            files: Vec::new(),
        };
        Self {
            personality,
            artifacts: Vec::new(),
            comments: Vec::new(),
            statuses: Vec::new(),
            event: Event::PullRequest(pull.number),
            pulls: vec![pull],
            runs: BTreeMap::new(),
            tokens,
            attempt: 1,
            full_rerun: false,
            serve_direct: false,
            requests_left: 1000,
            job_runs: true,
            api_token,
            runtime_token,
            merge_bases: HashMap::new(),
            first_parents: HashMap::new(),
            contents: HashMap::new(),
            violations: Vec::new(),
            next_id: 1,
        }
    }

    /// Whether this forge shows the job artifacts of that attempt.
    pub fn shows_attempt(&self, attempt: u32) -> bool {
        let quirks = self.personality.quirks();
        let scoped = quirks.attempt_scoped || quirks.full_rerun_hides_earlier && self.full_rerun;
        !scoped || attempt == self.attempt
    }

    /// The next free id; ids of all kinds come from one counter.
    pub fn id(&mut self) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        id
    }

    pub fn pull(&self, number: u64) -> Option<&Pull> {
        self.pulls.iter().find(|pull| pull.number == number)
    }

    pub fn pull_mut(&mut self, number: u64) -> &mut Pull {
        self.pulls.iter_mut().find(|pull| pull.number == number).expect("a pull request of that number")
    }

    /// Adds a comment by anyone.
    pub fn comment(&mut self, issue: u64, author: (i64, &str), body: &str) -> u64 {
        let (id, at) = (self.id(), now());
        self.comments.push(Comment {
            id,
            issue,
            author: (author.0, author.1.to_owned()),
            body: body.to_owned(),
            created: at,
            updated: at,
            edits: 0,
        });
        id
    }
}

//! Brings artifacts to a private folder: several at a time, streamed, checked, and unpacked on the way.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::task::JoinSet;

use super::unpack::{self, FetchedFile, Folder, Limits, Unpacked, safe_name};
use super::{Artifact, Source, pipelines_v3};
use crate::forge::answer::Opened;
use crate::forge::client::{Call, Client};
use crate::forge::error::{ForgeError, said};
use crate::forge::failure::{Again, Failure};

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the private folder is made: `RUNNER_TEMP`; the system's place for temporary files when `None` or not usable.
    pub temp: Option<PathBuf>,
    /// How many artifacts come at the same time.
    pub parallel: usize,
    /// How much is taken.
    pub limits: Limits,
}

impl Default for Options {
    fn default() -> Self {
        Self { temp: None, parallel: 8, limits: Limits::default() }
    }
}

/// How far an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// Its name, as the uploader chose it.
    pub artifact: &'a str,
    /// Bytes so far; from 0 again when an attempt is repeated.
    pub received: u64,
    /// Bytes in all, when the server says.
    pub expected: Option<u64>,
}

/// What came out of one artifact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    /// Its name.
    pub artifact: String,
    /// The files that may be coverage data: databases and JSON, and empty ones with `cov` in their name. Whether they are is
    /// for [`crate::coverage::sniff`] to say.
    pub files: Vec<FetchedFile>,
    /// How many other files were in it.
    pub skipped: usize,
    /// Bytes as transferred.
    pub bytes: u64,
    /// What the user should know.
    pub warnings: Vec<String>,
}

/// What came. The files vanish with this value.
#[derive(Debug)]
pub struct Collected {
    /// One for each artifact that came, in the order asked.
    pub fetched: Vec<Fetched>,
    /// Artifacts that are listed but not there, and why: never finished, expired, or deleted since.
    pub missing: Vec<(String, String)>,
    /// Artifacts that could not be fetched or are not to be trusted.
    pub failed: Vec<(String, ForgeError)>,
    folder: TempDir,
}

impl Collected {
    /// The private folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }
}

/// What became of one artifact.
enum Got {
    Fetched(Fetched),
    Missing(String),
}

/// Is told how far an artifact is, from whichever task brings it.
pub type Report = Arc<dyn Fn(&Progress<'_>) + Send + Sync>;

/// Fetches artifacts. One that fails does not stop the others.
///
/// # Errors
/// Only when no private folder can be made; what happens to single artifacts is in the result.
pub async fn fetch(artifacts: Vec<Artifact>, options: &Options, progress: Report) -> Result<Collected, ForgeError> {
    let folder = private_folder(options.temp.as_deref())?;
    let mut waiting = artifacts.into_iter().enumerate();
    let mut running = JoinSet::new();
    let mut done = Vec::new();
    loop {
        while running.len() < options.parallel.max(1)
            && let Some((index, artifact)) = waiting.next()
        {
            let place = folder.path().join(index.to_string());
            let (limits, progress) = (options.limits.clone(), Arc::clone(&progress));
            running.spawn(async move {
                let got = one(&artifact, &place, &limits, &progress).await;
                (index, artifact.name, got)
            });
        }
        let Some(ended) = running.join_next().await else { break };
        done.push(ended.map_err(|error| ForgeError::Setup(format!("a download ended unexpectedly: {error}")))?);
    }
    done.sort_by_key(|(index, ..)| *index);
    let mut collected = Collected { fetched: Vec::new(), missing: Vec::new(), failed: Vec::new(), folder };
    for (_, name, got) in done {
        match got {
            Ok(Got::Fetched(fetched)) => collected.fetched.push(fetched),
            Ok(Got::Missing(why)) => collected.missing.push((name, why)),
            Err(error) => collected.failed.push((name, error)),
        }
    }
    Ok(collected)
}

/// A folder that only this user can look into. An image from scratch has no folder for temporary files; then it is made.
fn private_folder(wish: Option<&Path>) -> Result<TempDir, ForgeError> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("ci-lint-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        builder.permissions(fs::Permissions::from_mode(0o700));
    }
    let system = std::env::temp_dir();
    let mut problem = String::new();
    for parent in wish.into_iter().chain([system.as_path()]) {
        match fs::create_dir_all(parent).and_then(|()| builder.tempdir_in(parent)) {
            Ok(folder) => return Ok(folder),
            Err(error) => problem = format!("no temporary folder can be made in `{}`: {error}", parent.display()),
        }
    }
    Err(ForgeError::Setup(problem))
}

async fn one(artifact: &Artifact, place: &Path, limits: &Limits, progress: &Report) -> Result<Got, ForgeError> {
    fs::create_dir(place).map_err(|error| unwritable(place, &error))?;
    let name = said(&artifact.name, 100);
    let doing = format!("download artifact `{name}`");
    let work = Work { artifact, name: &name, doing: &doing, place, limits, progress };
    let got = match &artifact.source {
        Source::Results(row) => match row.address().await {
            Ok(address) => work.whole(&row.service.client, &Call::new(&doing, ""), &From::Signed(&address)).await,
            Err(error) => Err(error),
        },
        Source::Rest(row) => {
            let call = Call::new(&doing, &row.route).needs(row.needs);
            work.whole(&row.client, &call, &From::Route(&row.route)).await
        }
        Source::Pipelines(row) => work.files(row).await,
    };
    let pending = artifact.source.client().capability().lists_pending;
    match got {
        Ok(fetched) => Ok(Got::Fetched(fetched)),
        Err(ForgeError::NotFound { status, .. }) => {
            Ok(Got::Missing(format!("it was never finished, is expired, or was deleted (the forge says {status})")))
        }
        // Forgejo opens the file of an upload that never ended, and stumbles.
        Err(ForgeError::Server { status: 500, .. }) if pending => {
            Ok(Got::Missing("it was never finished, or is expired (the forge says 500)".to_owned()))
        }
        Err(error) => Err(error),
    }
}

impl Source {
    fn client(&self) -> &Client {
        match self {
            Self::Results(row) => &row.service.client,
            Self::Pipelines(row) => &row.client,
            Self::Rest(row) => &row.client,
        }
    }
}

/// Where bytes come from.
enum From<'a> {
    /// A signed address, asked without a credential.
    Signed(&'a str),
    /// A route of the client's own origin.
    Route(&'a str),
}

/// One artifact on its way.
struct Work<'a> {
    artifact: &'a Artifact,
    /// Its name for messages.
    name: &'a str,
    doing: &'a str,
    place: &'a Path,
    limits: &'a Limits,
    progress: &'a Report,
}

impl Work<'_> {
    /// An artifact that comes as one stream of bytes.
    async fn whole(&self, client: &Client, call: &Call<'_>, from: &From<'_>) -> Result<Fetched, ForgeError> {
        let file = self.place.join("download");
        let (bytes, digest) = self.bring(client, call, from, &file, 0).await?;
        let mut warnings = Vec::new();
        match self.artifact.digest.as_deref().map(|said| said.split_once(':').unwrap_or(("", said))) {
            Some((kind, expected)) if kind.eq_ignore_ascii_case("sha256") => self.check(&digest, expected)?,
            Some((kind, _)) => warnings.push(format!("its digest by `{}` was not checked", said(kind, 20))),
            None => {}
        }
        let mut folder = Folder::new(self.place, self.limits);
        let name = self.artifact.name.clone();
        let unpacked = self.unpacked(move || {
            let unpacked = folder.unpack(&file, &name);
            // A failure to remove it is no reason to fail; it goes with its folder.
            let _ = fs::remove_file(&file);
            unpacked
        });
        let unpacked = unpacked.await?;
        let artifact = self.artifact.name.clone();
        Ok(Fetched { artifact, files: unpacked.files, skipped: unpacked.skipped, bytes, warnings })
    }

    fn check(&self, digest: &str, expected: &str) -> Result<(), ForgeError> {
        if expected.eq_ignore_ascii_case(digest) {
            return Ok(());
        }
        let expected = said(expected, 64);
        Err(self.wrong(format!(
            "its digest is sha256:{digest}, the forge says sha256:{expected}: the transfer was damaged, run the job again"
        )))
    }

    /// An artifact that comes file by file.
    async fn files(&self, row: &pipelines_v3::Row) -> Result<Fetched, ForgeError> {
        let items = row.items().await?;
        if items.len() > self.limits.entries {
            return Err(self.wrong(format!("it has {} files, more than {}", items.len(), self.limits.entries)));
        }
        let mut all = Unpacked::default();
        let mut bytes = 0;
        let mut folder = Folder::new(self.place, self.limits);
        for (index, item) in items.into_iter().enumerate() {
            if !item.is_archive {
                safe_name(&item.path, self.limits).map_err(|reason| self.wrong(reason))?;
                if is_of_a_report(&item.path) {
                    all.skipped += 1;
                    continue;
                }
            }
            let file = self.place.join(format!("download-{index}"));
            let call = Call::new(self.doing, &item.route).accept(pipelines_v3::ACCEPT_BYTES);
            bytes += self.bring(&row.client, &call, &From::Route(&item.route), &file, bytes).await?.0;
            let unpacked = self.unpacked(move || {
                let unpacked =
                    if item.is_archive { folder.unpack(&file, &item.path) } else { folder.data(&file, &item.path) };
                let _ = fs::remove_file(&file);
                unpacked.map(|unpacked| (unpacked, folder))
            });
            let (unpacked, back) = unpacked.await?;
            folder = back;
            all.files.extend(unpacked.files);
            all.skipped += unpacked.skipped;
        }
        let artifact = self.artifact.name.clone();
        Ok(Fetched { artifact, files: all.files, skipped: all.skipped, bytes, warnings: Vec::new() })
    }

    /// Runs the unpacking beside the downloads, which would stall while it works.
    async fn unpacked<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, String> + Send + 'static,
    ) -> Result<T, ForgeError> {
        match tokio::task::spawn_blocking(work).await {
            Ok(done) => done.map_err(|reason| self.wrong(reason)),
            Err(error) => Err(self.wrong(format!("unpacking it ended unexpectedly: {error}"))),
        }
    }

    /// Brings bytes to `file`: their count and their SHA-256 in hexadecimal. `before`: what came of this artifact already.
    async fn bring(
        &self,
        client: &Client,
        call: &Call<'_>,
        from: &From<'_>,
        file: &Path,
        before: u64,
    ) -> Result<(u64, String), ForgeError> {
        let stumbles = AtomicU32::new(0);
        let stumbles = &stumbles;
        client
            .repeating(call, true, || async move {
                let opened = match from {
                    From::Signed(address) => client.open_bare(call, address).await,
                    From::Route(route) => client.open(call, route).await,
                };
                let opened = opened.map_err(|failure| {
                    let stumbled = matches!(*failure.error, ForgeError::Server { status: 500, .. });
                    // Twice 500 for an upload that may not have ended: that is the answer.
                    if stumbled && client.capability().lists_pending && stumbles.fetch_add(1, Ordering::Relaxed) > 0 {
                        return Failure { again: Again::Never, ..failure };
                    }
                    failure
                })?;
                self.store(opened, file, before).await
            })
            .await
    }

    async fn store(&self, mut opened: Opened, file: &Path, before: u64) -> Result<(u64, String), Failure> {
        let limit = self.limits.download;
        let length = opened.headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        let kind = opened.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.starts_with("text/html") && !is_of_a_report(&self.artifact.name) {
            let reason = "an HTML page came in its place; is a login page or a proxy before the forge?".to_owned();
            return Err(self.wrong(reason).into());
        }
        let mut received = 0;
        let mut hash = Sha256::new();
        // An earlier attempt may have left a part.
        let mut out = File::create(file).map_err(|error| unwritable(self.place, &error))?;
        while let Some(bytes) = opened.next().await? {
            received += bytes.len() as u64;
            if before + received > limit {
                return Err(self.wrong(format!("it is larger than {limit} bytes, more than is taken")).into());
            }
            hash.update(&bytes);
            out.write_all(&bytes).map_err(|error| unwritable(self.place, &error))?;
            let expected = length.map(|length| before + length);
            (self.progress)(&Progress { artifact: &self.artifact.name, received: before + received, expected });
        }
        let digest = hash.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Ok((received, digest))
    }

    fn wrong(&self, reason: String) -> ForgeError {
        ForgeError::Artifact { name: self.name.to_owned(), reason }
    }
}

/// Files that a report is made of are not worth a request each.
fn is_of_a_report(path: &str) -> bool {
    const KINDS: [&str; 11] = ["html", "htm", "css", "js", "map", "png", "svg", "gif", "ico", "woff", "woff2"];
    let kind = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, kind)| kind);
    kind.is_some_and(|kind| KINDS.iter().any(|known| kind.eq_ignore_ascii_case(known)))
}

fn unwritable(place: &Path, error: &std::io::Error) -> ForgeError {
    ForgeError::Setup(unpack::unwritable(place, error))
}

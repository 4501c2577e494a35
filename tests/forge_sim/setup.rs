//! What tests put into the forge.

use std::collections::HashMap;
use std::io::{Cursor, Write as _};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use zip::write::{SimpleFileOptions, ZipWriter};

use super::wire::now;
use super::world::{Artifact, Content, Pull, RUN, RowState, Run, StoredFile, World};

/// An artifact to be added.
#[derive(Clone, Debug)]
pub struct NewArtifact {
    row: Artifact,
}

impl NewArtifact {
    fn new(name: &str, mime: &str, content: Content) -> Self {
        let row = Artifact {
            id: 0,
            name: name.to_owned(),
            run: RUN,
            attempt: 0,
            mime: mime.to_owned(),
            state: RowState::Confirmed,
            content,
            created: now(),
            digest: None,
            blocks: HashMap::new(),
        };
        Self { row }
    }

    /// Fourth protocol: these files in a zip.
    pub fn zip(name: &str, files: &[(&str, &[u8])]) -> Self {
        Self::blob(name, "application/zip", zip_of(files))
    }

    /// Fourth protocol: one file as it is, the artifact named after it.
    pub fn raw(name: &str, bytes: impl Into<Vec<u8>>) -> Self {
        Self::blob(name, "application/octet-stream", bytes)
    }

    /// Fourth protocol: these bytes, whatever they are.
    pub fn blob(name: &str, mime: &str, bytes: impl Into<Vec<u8>>) -> Self {
        let mut new = Self::new(name, mime, Content::Blob(Bytes::new()));
        new.row.store(Bytes::from(bytes.into()));
        new
    }

    /// Third protocol: these files, each with gzip where that makes it smaller, as the client does.
    pub fn v3(name: &str, files: &[(&str, &[u8])]) -> Self {
        let stored = files.iter().map(|(path, bytes)| {
            let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
            gzip.write_all(bytes).expect("gzip in memory");
            let packed = gzip.finish().expect("gzip in memory");
            let gzip = packed.len() < bytes.len();
            StoredFile { id: 0, path: (*path).to_owned(), bytes: if gzip { packed } else { bytes.to_vec() }, gzip }
        });
        Self::new(name, "", Content::Files(stored.collect()))
    }

    /// Of another run; add that with `ForgeSim::add_run`.
    #[must_use]
    pub fn run(mut self, run: u64) -> Self {
        self.row.run = run;
        self
    }

    /// Of another attempt than the present.
    #[must_use]
    pub fn attempt(mut self, attempt: u32) -> Self {
        self.row.attempt = attempt;
        self
    }

    /// Created and never finalized.
    #[must_use]
    pub fn pending(mut self) -> Self {
        self.row.state = RowState::Pending;
        self
    }

    /// Past its retention.
    #[must_use]
    pub fn expired(mut self) -> Self {
        self.row.state = RowState::Expired;
        self
    }

    /// Deleted; Forgejo keeps the row.
    #[must_use]
    pub fn deleted(mut self) -> Self {
        self.row.state = RowState::Deleted;
        self
    }

    /// Another digest than the bytes have, or none.
    #[must_use]
    pub fn digest(mut self, digest: Option<&str>) -> Self {
        self.row.digest = digest.map(str::to_owned);
        self
    }

    /// Uploaded at this second since 1970.
    #[must_use]
    pub fn created(mut self, seconds: u64) -> Self {
        self.row.created = seconds;
        self
    }

    pub fn add_to(self, world: &mut World) -> u64 {
        let mut row = self.row;
        row.id = world.id();
        if row.attempt == 0 {
            row.attempt = world.attempt;
        }
        if let Content::Files(files) = &mut row.content {
            for file in files {
                file.id = world.id();
            }
        }
        let id = row.id;
        world.artifacts.push(row);
        id
    }
}

/// A zip of these files, as `archiver` makes one: deflated, names as given.
pub fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(*path, SimpleFileOptions::default()).expect("a zip in memory");
        zip.write_all(bytes).expect("a zip in memory");
    }
    zip.finish().expect("a zip in memory").into_inner()
}

impl Pull {
    /// An open pull request from a branch of the repository.
    pub fn new(number: u64, branch: &str, head_sha: &str) -> Self {
        Self {
            number,
            open: true,
            head_ref: branch.to_owned(),
            head_sha: head_sha.to_owned(),
            head_repo: format!("{}/{}", super::world::OWNER, super::world::REPO),
            base_ref: "main".to_owned(),
            base_sha: super::event::MAIN_SHA.to_owned(),
            merge_base: super::event::MAIN_SHA.to_owned(),
            merged_as: None,
            files: Vec::new(),
        }
    }

    /// The same from a fork, `owner/name`.
    #[must_use]
    pub fn forked_by(mut self, full_name: &str) -> Self {
        full_name.clone_into(&mut self.head_repo);
        self
    }
}

impl Run {
    /// A finished run for a pull request.
    pub fn of(id: u64, pull: &Pull) -> Self {
        Self {
            id,
            event: "pull_request".to_owned(),
            head_branch: pull.head_ref.clone(),
            head_sha: pull.head_sha.clone(),
            head_repo: pull.head_repo.clone(),
            attempt: 1,
        }
    }
}

//! `uses:` references and the exact version of artifact actions behind them.
//!
//! What an upload or download does depends on the exact release of the action: whether hidden files travel, whether a
//! name may be used twice, where files land. This module reads a release, or the range of releases it can be, from a
//! tag, a known commit or the comment beside a pinned commit, and answers from the tags and sources of the official
//! `actions/upload-artifact` and `actions/download-artifact`.

mod inert;
mod platform;
mod release;

pub use inert::{is_cache_action, is_inert_action};
pub use platform::{Trouble, closing_day, replacement, trouble, usual};
pub use release::{Known, Release, Version, release_of};
use release::{is_commit, upstream_release, version_in_comment, version_of_commit, version_of_tag};

/// What a `uses:` refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Uses {
    /// An action or reusable workflow in a repository.
    Repo(ActionRef),
    /// A path in the repository that is checked out, such as `./.github/actions/x`, as written.
    Local(String),
    /// A container image, without `docker://`.
    Docker(String),
    /// Holds `${{ }}` and cannot be known.
    Dynamic,
    /// None of the above. A forge may still know what to make of it.
    Malformed,
}

/// A reference to an action or reusable workflow in a repository, spelled as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionRef {
    /// The host of an absolute URL, with its port and without credentials; `None` means the forge's default host.
    pub host: Option<String>,
    /// The owner of the repository.
    pub owner: String,
    /// The repository, without `.git`.
    pub repo: String,
    /// The path below the repository's root.
    pub subpath: Option<String>,
    /// What stands after the `@`: a tag, a branch or a commit.
    pub reference: Option<String>,
}

impl ActionRef {
    /// Whether this is `owner/repo`, on any host, whatever the case.
    pub fn is(&self, owner: &str, repo: &str) -> bool {
        self.owner.eq_ignore_ascii_case(owner) && self.repo.eq_ignore_ascii_case(repo)
    }
}

/// Reads the value of a `uses:` key. Absolute URLs are the syntax of Forgejo and Gitea.
pub fn parse_uses(text: &str) -> Uses {
    let text = text.trim();
    if text.contains("${{") {
        return Uses::Dynamic;
    }
    if text == "." || text.starts_with("./") || text.starts_with("../") {
        return Uses::Local(text.to_owned());
    }
    if let Some(image) = strip_prefix_ignore_case(text, "docker://") {
        return if image.is_empty() { Uses::Malformed } else { Uses::Docker(image.to_owned()) };
    }
    let url = ["https://", "http://"].iter().find_map(|scheme| strip_prefix_ignore_case(text, scheme));
    let (host, path) = match url.map(|rest| rest.split_once('/')) {
        None => (None, text),
        Some(Some((authority, path))) => (Some(authority.rsplit('@').next().unwrap_or_default()), path),
        Some(None) => return Uses::Malformed,
    };
    let (path, reference) = match path.split_once('@') {
        Some((path, reference)) => (path, Some(reference)),
        None => (path, None),
    };
    let mut segments = path.splitn(3, '/');
    let (Some(owner), Some(repo)) = (segments.next(), segments.next()) else { return Uses::Malformed };
    let repo = repo.strip_suffix(".git").unwrap_or(repo);
    let subpath = segments.next().map(|path| path.trim_matches('/')).filter(|path| !path.is_empty());
    let known = [host, Some(owner), Some(repo), reference];
    let odd = |part: &str| part.is_empty() || part.contains(char::is_whitespace);
    if known.into_iter().flatten().any(odd) || path.contains([':', '\\']) || path.contains(char::is_whitespace) {
        return Uses::Malformed;
    }
    Uses::Repo(ActionRef {
        host: host.map(str::to_ascii_lowercase),
        owner: owner.to_owned(),
        repo: repo.to_owned(),
        subpath: subpath.map(str::to_owned),
        reference: reference.map(str::to_owned),
    })
}

fn strip_prefix_ignore_case<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let start = text.get(..prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then(|| &text[prefix.len()..])
}

// ---- artifact actions ----

/// A step's action that moves artifacts.
///
/// The methods answer what its release does. An upload asked about downloads, or the other way round, answers
/// [`Known::No`]; a fork nobody knows and an [`ArtifactKind::OtherRunDownload`] answer [`Known::Unknown`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Artifact {
    /// What it does.
    pub kind: ArtifactKind,
    /// Whose code it is.
    pub fork: Fork,
    /// Which release.
    pub version: Version,
    /// Whether it is pinned to a commit, so that the version stays what it is.
    pub pinned: bool,
}

/// What an artifact action does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ArtifactKind {
    /// Uploads files as an artifact of this run.
    Upload,
    /// Downloads artifacts; of this run unless its inputs name another.
    Download,
    /// `actions/upload-artifact/merge`: makes one artifact of several.
    Merge,
    /// A third-party action made to read artifacts of other runs. Its versions are not tracked.
    OtherRunDownload,
}

/// Whose code an artifact action is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fork {
    /// `actions/…`, on GitHub or mirrored elsewhere.
    Stock,
    /// `forgejo/upload-artifact`, `forgejo/download-artifact`: upstream without the check that refuses other forges.
    Forgejo,
    /// `ChristopherHX/gitea-upload-artifact`, `…/gitea-download-artifact`: the same for Gitea.
    Gitea,
    /// Somebody else's; only its major version says anything.
    Unknown,
}

/// The two kinds of artifacts, neither of which the other's actions can read
/// (<https://github.blog/changelog/2023-12-14-github-actions-artifacts-v4-is-now-generally-available/>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Generation {
    /// Made and read by v1 to v3: a directory of files that uploads under the same name add to.
    V3,
    /// Made and read by v4 and later: a zip that is written once.
    V4,
}

/// The releases from the first up to, not including, the second.
type Since = (Release, Release);

const fn since(major: u32, minor: u32, patch: u32) -> Since {
    (Release::new(major, minor, patch), Release::MAX)
}

impl Artifact {
    /// Which artifacts the action makes or reads; `None` if the major version is not known. Forks follow upstream here.
    pub fn generation(&self) -> Option<Generation> {
        if self.kind == ArtifactKind::OtherRunDownload {
            return None;
        }
        match self.version.major()? {
            0..=3 => Some(Generation::V3),
            4.. => Some(Generation::V4),
        }
    }

    /// Whether an upload leaves hidden files out unless told otherwise: from 4.4.0 and, in the older series, 3.2.0.
    pub fn drops_hidden_files(&self) -> Known {
        self.uploads(&[(Release::new(3, 2, 0), Release::new(4, 0, 0)), since(4, 4, 0)])
    }

    /// Whether `include-hidden-files: true` makes an upload take hidden files that it would leave out: 3.2.1 and 4.4.0.
    /// 3.2.0 has the input and ignores it; older releases lack it and take hidden files anyway.
    pub fn honours_include_hidden_files(&self) -> Known {
        self.uploads(&[(Release::new(3, 2, 1), Release::new(4, 0, 0)), since(4, 4, 0)])
    }

    /// Whether a second upload under the same name fails (409) instead of adding to the first: from v4.
    pub fn immutable(&self) -> Known {
        self.uploads(&[since(4, 0, 0)])
    }

    /// Whether an upload knows `retention-days`: from 2.2.0.
    pub fn has_retention_days(&self) -> Known {
        self.uploads(&[since(2, 2, 0)])
    }

    /// Whether an upload knows `compression-level`: from 4.0.0.
    pub fn has_compression_level(&self) -> Known {
        self.uploads(&[since(4, 0, 0)])
    }

    /// Whether an upload knows `overwrite`, which deletes the artifact of the same name first: from 4.2.0.
    pub fn has_overwrite(&self) -> Known {
        self.of(ArtifactKind::Upload, &[since(4, 2, 0)])
    }

    /// Whether an upload sets the output `artifact-digest`: from 4.5.0.
    pub fn has_artifact_digest(&self) -> Known {
        self.of(ArtifactKind::Upload, &[since(4, 5, 0)])
    }

    /// Whether an upload knows `archive`, which when `false` uploads one file as it is, named after the file and not
    /// after `name`: from 7.0.0.
    pub fn has_archive_input(&self) -> Known {
        self.of(ArtifactKind::Upload, &[since(7, 0, 0)])
    }

    /// Whether a download knows `pattern`: from 4.1.0.
    pub fn has_pattern(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(4, 1, 0)])
    }

    /// Whether a download knows `merge-multiple`: from 4.1.0.
    pub fn has_merge_multiple(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(4, 1, 0)])
    }

    /// Whether a download knows `artifact-ids`: from 4.3.0.
    pub fn has_artifact_ids(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(4, 3, 0)])
    }

    /// Whether a download by pattern, or of everything, puts a single match straight into `path` instead of
    /// `path/<artifact>`: from 5.0.0.
    pub fn flattens_single_match(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(5, 0, 0)])
    }

    /// Whether a download knows `skip-decompress`: from 8.0.0.
    pub fn has_skip_decompress(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(8, 0, 0)])
    }

    /// Whether a download fails, unless told otherwise, when the digest does not fit (`digest-mismatch`): from 8.0.0.
    pub fn fails_on_digest_mismatch(&self) -> Known {
        self.of(ArtifactKind::Download, &[since(8, 0, 0)])
    }

    /// Whether the action refuses to run on a host other than GitHub's: stock v4 and later
    /// (`isGhes` in actions/toolkit, `packages/artifact/src/internal/shared/config.ts`). Gitea's runner 3.0 and later
    /// takes the check out.
    pub fn refuses_other_forges(&self) -> Known {
        match (self.kind, self.fork) {
            (ArtifactKind::OtherRunDownload, _) | (_, Fork::Unknown) => Known::Unknown,
            (_, Fork::Forgejo | Fork::Gitea) => Known::No,
            (_, Fork::Stock) => self.within(&[since(4, 0, 0)]),
        }
    }

    /// Whether github.com has shut down what the action talks to: v1 and v2 on 2024-06-30, v3 on 2025-01-30. GitHub
    /// Enterprise Server and other forges still serve it.
    pub fn closed_on_github(&self) -> Known {
        match self.generation() {
            Some(Generation::V3) => Known::Yes,
            Some(Generation::V4) => Known::No,
            None => Known::Unknown,
        }
    }

    /// Whether an upload sends what Forgejo's server (up to mid-2026) and Gitea's before 1.26 cannot take: from v6,
    /// whose storage client trips over their signed URLs; v7 sends a `mime_type` too (go-gitea/gitea#36829,
    /// nektos/act#6022).
    pub fn upload_needs_newer_server(&self) -> Known {
        self.uploads(&[since(6, 0, 0)])
    }

    fn uploads(&self, releases: &[Since]) -> Known {
        match self.kind {
            ArtifactKind::Upload | ArtifactKind::Merge => self.fact(releases),
            ArtifactKind::Download => Known::No,
            ArtifactKind::OtherRunDownload => Known::Unknown,
        }
    }

    fn of(&self, kind: ArtifactKind, releases: &[Since]) -> Known {
        match (self.kind, kind) {
            (own, asked) if own == asked => self.fact(releases),
            // No source says when merging learned what uploading did.
            (ArtifactKind::OtherRunDownload, _) | (ArtifactKind::Merge, ArtifactKind::Upload) => Known::Unknown,
            _ => Known::No,
        }
    }

    /// Whether what holds upstream for `releases` holds for this action.
    fn fact(&self, releases: &[Since]) -> Known {
        if self.fork == Fork::Unknown {
            return Known::Unknown;
        }
        let known = self.within(releases);
        match (known, self.fork, self.version) {
            (Known::Unknown, Fork::Forgejo | Fork::Gitea, Version::Floating { major, minor: None, .. })
                if !self.pinned =>
            {
                let upstream = upstream_release(self.kind, major);
                let followed = releases.iter().any(|(start, end)| upstream.is_some_and(|it| *start <= it && it < *end));
                if followed { Known::Likely } else { Known::Unknown }
            }
            _ => known,
        }
    }

    /// Whether the releases this can be all lie in one of `releases`, or all outside.
    fn within(&self, releases: &[Since]) -> Known {
        let (first, end) = self.version.range();
        if releases.iter().any(|&(start, stop)| start <= first && end <= stop) {
            Known::Yes
        } else if releases.iter().all(|&(start, stop)| end <= start || stop <= first) {
            Known::No
        } else {
            Known::Unknown
        }
    }
}

/// Recognises the actions that move artifacts, on any host.
///
/// `comment` is the comment on the line of the `uses:`, with or without its `#`. It counts for a pinned commit that is
/// not in our table: `# v4.3.6`, `# tag: v4.3.6`, `# v4`. A moving reference speaks for itself.
///
/// Repositories of other owners with the name of an official one are taken for forks of it.
pub fn artifact_action(uses: &Uses, comment: Option<&str>) -> Option<Artifact> {
    let Uses::Repo(action) = uses else { return None };
    let (kind, fork) = kind_of(action)?;
    let reference = action.reference.as_deref().unwrap_or_default();
    let pinned = is_commit(reference);
    let version = match kind {
        ArtifactKind::OtherRunDownload => Version::Unknown,
        _ if pinned => version_of_commit(reference, kind)
            .or_else(|| comment.and_then(version_in_comment))
            .unwrap_or(Version::Unknown),
        _ => match version_of_tag(reference).unwrap_or(Version::Unknown) {
            Version::Floating { major, minor: None, .. } if fork == Fork::Stock && !reference.contains('-') => {
                Version::Floating { major, minor: None, resolved: upstream_release(kind, major) }
            }
            version => version,
        },
    };
    Some(Artifact { kind, fork, version, pinned })
}

/// Actions made to fetch artifacts of other runs or repositories.
const OTHER_RUN_DOWNLOADS: [(&str, &str); 8] = [
    ("aochmann", "actions-download-artifact"),
    ("benday-inc", "download-latest-artifact"),
    ("bettermarks", "action-artifact-download"),
    ("dawidd6", "action-download-artifact"),
    ("levonet", "action-download-last-artifact"),
    ("marcofaggian", "action-download-multiple-artifacts"),
    ("redhat-plumbers-in-action", "download-artifact"),
    ("synergy-au", "download-workflow-artifacts-action"),
];

fn kind_of(action: &ActionRef) -> Option<(ArtifactKind, Fork)> {
    if OTHER_RUN_DOWNLOADS.iter().any(|(owner, repo)| action.is(owner, repo)) {
        return Some((ArtifactKind::OtherRunDownload, Fork::Unknown));
    }
    let repo = action.repo.to_ascii_lowercase();
    let subpath = action.subpath.as_deref().map(str::to_ascii_lowercase);
    let kind = match (repo.as_str(), subpath.as_deref()) {
        ("upload-artifact" | "gitea-upload-artifact", None) => ArtifactKind::Upload,
        ("upload-artifact" | "gitea-upload-artifact", Some("merge")) => ArtifactKind::Merge,
        ("download-artifact" | "gitea-download-artifact", None) => ArtifactKind::Download,
        _ => return None,
    };
    let fork = match (action.owner.to_ascii_lowercase().as_str(), repo.starts_with("gitea-")) {
        ("actions", false) => Fork::Stock,
        ("forgejo", false) => Fork::Forgejo,
        ("christopherhx", true) => Fork::Gitea,
        _ => Fork::Unknown,
    };
    Some((kind, fork))
}

// ---- versions ----

#[cfg(test)]
mod facts;
#[cfg(test)]
mod tests;

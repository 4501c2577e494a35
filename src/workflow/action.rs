//! `uses:` references and the exact version of artifact actions behind them.
//!
//! What an upload or download does depends on the exact release of the action: whether hidden files travel, whether a
//! name may be used twice, where files land. This module reads a release, or the range of releases it can be, from a
//! tag, a known commit or the comment beside a pinned commit, and answers from the tags and sources of the official
//! `actions/upload-artifact` and `actions/download-artifact`.

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

/// A release number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Release {
    /// The first number.
    pub major: u32,
    /// The second.
    pub minor: u32,
    /// The third.
    pub patch: u32,
}

impl Release {
    const MAX: Self = Self::new(u32::MAX, 0, 0);

    /// The release `major.minor.patch`.
    pub const fn new(major: u32, minor: u32, patch: u32) -> Self {
        Self { major, minor, patch }
    }
}

impl std::fmt::Display for Release {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.major, self.minor, self.patch)
    }
}

/// What is known about the release behind a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// This release.
    Exact(Release),
    /// Some release of a series, such as `v4` or `v4.3`.
    Floating {
        /// The major version.
        major: u32,
        /// The minor version, if the reference names one.
        minor: Option<u32>,
        /// The release the official tag points to, or one it is known to have passed. `None` for forks and for commits.
        resolved: Option<Release>,
    },
    /// Nothing: a branch, a commit we do not know, or no reference at all.
    Unknown,
}

impl std::fmt::Display for Version {
    /// `4.4.0`, `v3 (3.2.1)`, `v5`, or nothing.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exact(release) => write!(f, "{release}"),
            Self::Floating { major, minor, resolved } => {
                write!(f, "v{major}")?;
                if let Some(minor) = minor {
                    write!(f, ".{minor}")?;
                }
                resolved.map_or(Ok(()), |release| write!(f, " ({release})"))
            }
            Self::Unknown => Ok(()),
        }
    }
}

impl Version {
    /// The major version, if known.
    pub fn major(self) -> Option<u32> {
        match self {
            Self::Exact(release) => Some(release.major),
            Self::Floating { major, .. } => Some(major),
            Self::Unknown => None,
        }
    }

    /// The releases it can be: from the first up to, not including, the second.
    fn range(self) -> (Release, Release) {
        match self {
            Self::Exact(release) => (release, Release { patch: release.patch.saturating_add(1), ..release }),
            Self::Floating { major, minor: Some(minor), resolved } => {
                let start = Release::new(major, minor, 0);
                (resolved.unwrap_or(start), Release::new(major, minor.saturating_add(1), 0))
            }
            Self::Floating { major, minor: None, resolved } => {
                (resolved.unwrap_or(Release::new(major, 0, 0)), Release::new(major.saturating_add(1), 0, 0))
            }
            Self::Unknown => (Release::new(0, 0, 0), Release::MAX),
        }
    }
}

/// Whether something is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Known {
    /// It is.
    Yes,
    /// It is in the upstream release a fork's moving tag follows, if the fork keeps up.
    Likely,
    /// It is not.
    No,
    /// It cannot be known.
    Unknown,
}

impl Known {
    /// Whether it is so for certain.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// Whether it is not so for certain.
    pub fn is_no(self) -> bool {
        self == Self::No
    }

    /// Whether it is so, certainly or likely.
    pub fn is_likely(self) -> bool {
        matches!(self, Self::Yes | Self::Likely)
    }
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

/// Commits of official releases by their first twelve digits; from the tags of the two repositories.
const UPLOAD_COMMITS: [(&str, Release); 44] = [
    ("3446296876d1", Release::new(1, 0, 0)),
    ("97b7dace6c8d", Release::new(2, 0, 1)),
    ("ebad382c0953", Release::new(2, 1, 0)),
    ("5f948bc1f0a2", Release::new(2, 1, 1)),
    ("c8879bf5aef7", Release::new(2, 1, 2)),
    ("268d7547644a", Release::new(2, 1, 3)),
    ("58740802ef97", Release::new(2, 1, 4)),
    ("27bce4eee761", Release::new(2, 2, 0)),
    ("726a6dcd0199", Release::new(2, 2, 1)),
    ("e448a9b857ee", Release::new(2, 2, 2)),
    ("ee69f02b3dfd", Release::new(2, 2, 3)),
    ("27121b0bdffd", Release::new(2, 2, 4)),
    ("da838ae9595a", Release::new(2, 3, 0)),
    ("82c141cc518b", Release::new(2, 3, 1)),
    ("6673cd052c4c", Release::new(3, 0, 0)),
    ("3cea53722378", Release::new(3, 1, 0)),
    ("83fd05a356d7", Release::new(3, 1, 1)),
    ("0b7f8abb1508", Release::new(3, 1, 2)),
    ("a8a3f3ad30e3", Release::new(3, 1, 3)),
    ("672174a5bad8", Release::new(3, 2, 0)),
    ("9ee08a3b00e9", Release::new(3, 2, 0)),
    ("c24449f33cd4", Release::new(3, 2, 1)),
    ("ff15f0306b3f", Release::new(3, 2, 1)),
    ("c7d193f32edc", Release::new(4, 0, 0)),
    ("1eb3cb2b3e0f", Release::new(4, 1, 0)),
    ("694cdabd8bdb", Release::new(4, 2, 0)),
    ("26f96dfa697d", Release::new(4, 3, 0)),
    ("5d5d22a31266", Release::new(4, 3, 1)),
    ("1746f4ab65b1", Release::new(4, 3, 2)),
    ("65462800fd76", Release::new(4, 3, 3)),
    ("0b2256b8c012", Release::new(4, 3, 4)),
    ("89ef406dd8d7", Release::new(4, 3, 5)),
    ("834a144ee995", Release::new(4, 3, 6)),
    ("50769540e7f4", Release::new(4, 4, 0)),
    ("604373da6381", Release::new(4, 4, 1)),
    ("84480863f228", Release::new(4, 4, 2)),
    ("b4b15b8c7c6a", Release::new(4, 4, 3)),
    ("6f51ac03b935", Release::new(4, 5, 0)),
    ("65c4c4a1ddee", Release::new(4, 6, 0)),
    ("4cec3d8aa04e", Release::new(4, 6, 1)),
    ("ea165f8d65b6", Release::new(4, 6, 2)),
    ("330a01c490ac", Release::new(5, 0, 0)),
    ("b7c566a772e6", Release::new(6, 0, 0)),
    ("bbbca2ddaa5d", Release::new(7, 0, 0)),
];

const DOWNLOAD_COMMITS: [(&str, Release); 37] = [
    ("18f0f591fbc6", Release::new(1, 0, 0)),
    ("1ac47ba4b6af", Release::new(2, 0, 1)),
    ("381af06b4268", Release::new(2, 0, 2)),
    ("80d2d4023c18", Release::new(2, 0, 3)),
    ("b3cedea9bed3", Release::new(2, 0, 4)),
    ("c3f5d00c8784", Release::new(2, 0, 5)),
    ("f8e41fbffeeb", Release::new(2, 0, 6)),
    ("f144d3c3916a", Release::new(2, 0, 7)),
    ("4a7a711286f3", Release::new(2, 0, 8)),
    ("158ca71f7c61", Release::new(2, 0, 9)),
    ("3be87be14a05", Release::new(2, 0, 10)),
    ("f023be2c48cc", Release::new(2, 1, 0)),
    ("cbed621e49e4", Release::new(2, 1, 1)),
    ("fb598a63ae34", Release::new(3, 0, 0)),
    ("9782bd6a9848", Release::new(3, 0, 1)),
    ("9bc31d5ccc31", Release::new(3, 0, 2)),
    ("a9bc5e6ef2cb", Release::new(3, 1, 0)),
    ("ad191675b41f", Release::new(3, 1, 0)),
    ("7a1cd3216ca9", Release::new(4, 0, 0)),
    ("f44cd7b40bfd", Release::new(4, 1, 0)),
    ("6b208ae046db", Release::new(4, 1, 1)),
    ("eaceaf801fd3", Release::new(4, 1, 2)),
    ("87c55149d96e", Release::new(4, 1, 3)),
    ("c850b930e6ba", Release::new(4, 1, 4)),
    ("8caf195ad4b1", Release::new(4, 1, 5)),
    ("9c19ed7fe5d2", Release::new(4, 1, 6)),
    ("65a9edc58814", Release::new(4, 1, 7)),
    ("fa0a91b85d4f", Release::new(4, 1, 8)),
    ("cc203385981b", Release::new(4, 1, 9)),
    ("b14cf4c92620", Release::new(4, 2, 0)),
    ("95815c38cf2f", Release::new(4, 2, 1)),
    ("d3f86a106a0b", Release::new(4, 3, 0)),
    ("634f93cb2916", Release::new(5, 0, 0)),
    ("018cc2cf5baa", Release::new(6, 0, 0)),
    ("37930b1c2aba", Release::new(7, 0, 0)),
    ("70fc10c6e5e1", Release::new(8, 0, 0)),
    ("3e5f45b2cfb9", Release::new(8, 0, 1)),
];

/// The commit of `forgejo/upload-artifact` that Forgejo's own workflows pin: some v5.
const FORGEJO_UPLOAD_V5: &str = "cb8afe72b42e";

/// The last release of the official series, or a late one that its moving tag has passed.
fn upstream_release(kind: ArtifactKind, major: u32) -> Option<Release> {
    let (major, minor, patch) = match (kind, major) {
        (ArtifactKind::Upload | ArtifactKind::Merge, 3) => (3, 2, 1),
        (ArtifactKind::Upload | ArtifactKind::Merge, 4) => (4, 6, 2),
        (ArtifactKind::Upload | ArtifactKind::Merge | ArtifactKind::Download, 5..=7) => (major, 0, 0),
        (ArtifactKind::Download, 3) => (3, 1, 0),
        (ArtifactKind::Download, 4) => (4, 3, 0),
        (ArtifactKind::Download, 8) => (8, 0, 1),
        _ => return None,
    };
    Some(Release::new(major, minor, patch))
}

/// Whether a reference is a full commit hash, SHA-1 or SHA-256. Forges do not take shortened ones for actions.
fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn version_of_commit(reference: &str, kind: ArtifactKind) -> Option<Version> {
    let short = reference.get(..12)?.to_ascii_lowercase();
    let table: &[_] = match kind {
        ArtifactKind::Upload | ArtifactKind::Merge => &UPLOAD_COMMITS,
        ArtifactKind::Download => &DOWNLOAD_COMMITS,
        ArtifactKind::OtherRunDownload => &[],
    };
    if let Some((_, release)) = table.iter().find(|(commit, _)| *commit == short) {
        return Some(Version::Exact(*release));
    }
    let forgejo = short == FORGEJO_UPLOAD_V5 && kind != ArtifactKind::Download;
    forgejo.then_some(Version::Floating { major: 5, minor: None, resolved: None })
}

/// What is known of the release behind any action's reference: by its tag, or by the comment beside a pinned commit.
pub fn release_of(action: &ActionRef, comment: Option<&str>) -> Version {
    let reference = action.reference.as_deref().unwrap_or_default();
    let version = if is_commit(reference) { comment.and_then(version_in_comment) } else { version_of_tag(reference) };
    version.unwrap_or(Version::Unknown)
}

/// Reads `v4`, `v4.3`, `v4.3.6` (the `v` is optional), `releases/v4` and `v3-node20`; `None` for names of branches.
fn version_of_tag(reference: &str) -> Option<Version> {
    let reference = reference.strip_prefix("refs/tags/").unwrap_or(reference);
    let tag = reference.strip_prefix("releases/").unwrap_or(reference);
    let tag = tag.strip_prefix(['v', 'V']).unwrap_or(tag);
    match tag.split_once('-') {
        None => version_number(tag),
        // Tags such as v3-node20 are the release of that number built for another runtime.
        Some((number, build))
            if build.strip_prefix("node").is_some_and(|node| node.bytes().all(|b| b.is_ascii_digit())) =>
        {
            version_number(number)
        }
        // Of previews such as v4-beta the major version is all that can be relied on.
        Some((number, _)) => {
            let major = version_number(number)?.major()?;
            Some(Version::Floating { major, minor: None, resolved: None })
        }
    }
}

/// Reads `4`, `4.3` or `4.3.6`.
fn version_number(text: &str) -> Option<Version> {
    let number = |text: &str| {
        let plausible = (1..=4).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        if plausible { text.parse().ok() } else { None }
    };
    let parts = text.split('.').take(4).map(number).collect::<Option<Vec<u32>>>()?;
    match *parts.as_slice() {
        [major] => Some(Version::Floating { major, minor: None, resolved: None }),
        [major, minor] => Some(Version::Floating { major, minor: Some(minor), resolved: None }),
        [major, minor, patch] => Some(Version::Exact(Release::new(major, minor, patch))),
        _ => None,
    }
}

/// The version a comment beside a pinned commit names: `v4`, `v4.3` or `v4.3.6`, or a full number without the `v` where
/// it opens the comment or follows `tag` or `version`. `None` if it names none, or several that differ.
///
/// A `v4` in a comment says what series the commit was taken from, not where the tag points today.
fn version_in_comment(comment: &str) -> Option<Version> {
    let mut found = None;
    let mut before = "tag";
    let separates = |c: char| c.is_whitespace() || "#:=@,;()[]\"'`/".contains(c);
    for word in comment.split(separates).filter(|word| !word.is_empty()) {
        let plain_number_counts = ["tag", "version"].iter().any(|label| before.eq_ignore_ascii_case(label));
        before = word;
        let word = word.trim_end_matches('.');
        let version = match word.strip_prefix(['v', 'V']) {
            Some(number) => version_number(number),
            None => version_number(word).filter(|version| plain_number_counts && matches!(version, Version::Exact(_))),
        };
        match (version, found) {
            (Some(version), None) => found = Some(version),
            (Some(version), Some(other)) if version != other => return None,
            _ => {}
        }
    }
    found
}

// ---- other well-known actions ----

/// Actions that neither move workflow artifacts nor write files a coverage tool reads, by owner and repository.
///
/// Not among them, on purpose: `docker/build-push-action` and `docker/bake-action`, which can write what they build
/// into the workspace and upload a `*.dockerbuild` artifact since v6 (docker/build-push-action#1151);
/// `hynek/build-and-inspect-python-package`, which uploads `Packages`; `pypa/cibuildwheel`, which runs tests;
/// `actions/github-script`, which does anything.
const INERT: &[(&str, &[&str])] = &[
    (
        "actions",
        &[
            "add-to-project",
            "attest",
            "attest-build-provenance",
            "checkout",
            "create-github-app-token",
            "dependency-review-action",
            "first-interaction",
            "labeler",
            "setup-dotnet",
            "setup-go",
            "setup-java",
            "setup-node",
            "setup-python",
            "stale",
        ],
    ),
    ("astral-sh", &["ruff-action", "setup-uv"]),
    ("aws-actions", &["configure-aws-credentials"]),
    ("chartboost", &["ruff-action"]),
    ("codecov", &["codecov-action", "test-results-action"]),
    ("codespell-project", &["actions-codespell"]),
    ("conda-incubator", &["setup-miniconda"]),
    ("coverallsapp", &["github-action"]),
    ("crate-ci", &["typos"]),
    ("deadsnakes", &["action"]),
    ("docker", &["login-action", "metadata-action", "setup-buildx-action", "setup-docker-action", "setup-qemu-action"]),
    ("dtolnay", &["rust-toolchain"]),
    ("extractions", &["setup-just"]),
    ("google-github-actions", &["auth", "setup-gcloud"]),
    ("hynek", &["setup-cached-uv"]),
    ("jakebailey", &["pyright-action"]),
    ("jdx", &["mise-action"]),
    ("mamba-org", &["setup-micromamba"]),
    ("pdm-project", &["setup-pdm"]),
    ("pnpm", &["action-setup"]),
    ("pre-commit", &["action"]),
    ("prefix-dev", &["setup-pixi"]),
    ("psf", &["black"]),
    ("pypa", &["gh-action-pip-audit", "gh-action-pypi-publish"]),
    ("pypy", &["setup-pypy"]),
    ("re-actors", &["alls-green"]),
    ("snok", &["install-poetry"]),
    ("step-security", &["harden-runner"]),
    ("taiki-e", &["install-action"]),
    ("wntrblm", &["nox"]),
];

/// Whether the action is a well-known one that neither uploads or downloads workflow artifacts nor writes files that a
/// coverage tool reads. The host does not matter, so mirrors count. `false` says nothing.
pub fn is_inert_action(uses: &Uses) -> bool {
    let Uses::Repo(action) = uses else { return false };
    action.subpath.is_none() && INERT.iter().any(|(owner, repos)| repos.iter().any(|repo| action.is(owner, repo)))
}

/// Whether the action is `actions/cache`, its `restore` or its `save`, or a mirror of them. A cache can carry coverage
/// data from run to run.
pub fn is_cache_action(uses: &Uses) -> bool {
    let Uses::Repo(action) = uses else { return false };
    action.is("actions", "cache") && matches!(action.subpath.as_deref(), None | Some("restore" | "save"))
}

#[cfg(test)]
mod tests;

//! Which release of an action a reference means: tags, commits and comments.

use super::{ActionRef, ArtifactKind};

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
    pub(super) const MAX: Self = Self::new(u32::MAX, 0, 0);

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
    pub(super) fn range(self) -> (Release, Release) {
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

/// Commits of official releases by their first twelve digits; from the tags of the two repositories.
pub(super) const UPLOAD_COMMITS: [(&str, Release); 45] = [
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
    ("043fb46d1a93", Release::new(7, 0, 1)),
];

pub(super) const DOWNLOAD_COMMITS: [(&str, Release); 39] = [
    ("18f0f591fbc6", Release::new(1, 0, 0)),
    ("1de1dea89c32", Release::new(2, 0, 0)),
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
    ("246d7188e736", Release::new(3, 0, 2)),
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
pub(super) const FORGEJO_UPLOAD_V5: &str = "cb8afe72b42e";

/// The last release of the official series, or a late one that its moving tag has passed.
pub(super) fn upstream_release(kind: ArtifactKind, major: u32) -> Option<Release> {
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
pub(super) fn is_commit(reference: &str) -> bool {
    matches!(reference.len(), 40 | 64) && reference.bytes().all(|byte| byte.is_ascii_hexdigit())
}

pub(super) fn version_of_commit(reference: &str, kind: ArtifactKind) -> Option<Version> {
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
pub(super) fn version_of_tag(reference: &str) -> Option<Version> {
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
pub(super) fn version_in_comment(comment: &str) -> Option<Version> {
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

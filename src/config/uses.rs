//! `uses:` references, as far as a contract compares them.

/// What a contract demands of a `uses:` value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum UsesTest {
    /// A repository name: any owner, host and version, unless a version is given.
    Name { name: String, reference: Option<String> },
    /// `owner/repo` or `owner/repo/path` on any host, at any version unless one is given.
    Repository { path: String, reference: Option<String> },
    /// An address with its host, at any version unless one is given.
    Address { address: String, reference: Option<String> },
    /// A local path or an image: the whole text.
    Whole(String),
}

impl UsesTest {
    pub(super) fn parse(text: &str) -> Self {
        if is_whole(text) {
            return Self::Whole(text.to_owned());
        }
        let (path, reference) = split_reference(text);
        let reference = reference.map(str::to_owned);
        let path = path.trim_end_matches('/');
        if path.contains("://") {
            Self::Address { address: path.to_owned(), reference }
        } else if path.contains('/') {
            Self::Repository { path: path.to_owned(), reference }
        } else {
            Self::Name { name: normal_name(path).to_ascii_lowercase(), reference }
        }
    }

    pub(super) fn is_match(&self, uses: &str) -> bool {
        let uses = uses.trim();
        let (path, actual) = split_reference(uses);
        let wanted = match self {
            Self::Whole(text) => return text == uses,
            _ if is_whole(uses) => return false,
            Self::Name { name, reference } => {
                if family(uses).as_deref() != Some(name) {
                    return false;
                }
                reference
            }
            Self::Repository { path: wanted, reference } => {
                if !starts_with_part(without_host(path), wanted) {
                    return false;
                }
                reference
            }
            Self::Address { address, reference } => {
                if !starts_with_part(path, address) {
                    return false;
                }
                reference
            }
        };
        wanted.is_none() || wanted.as_deref() == actual
    }

    /// The repository name this is about, comparable with [`family`].
    pub(super) fn family(&self) -> Option<String> {
        match self {
            Self::Name { name, .. } => Some(name.clone()),
            Self::Repository { path, .. } | Self::Address { address: path, .. } => family(path),
            Self::Whole(_) => None,
        }
    }
}

/// The repository name of a `uses:` value, lower case and without a fork's `gitea-` or `forgejo-`.
pub(super) fn family(uses: &str) -> Option<String> {
    let uses = uses.trim();
    if is_whole(uses) {
        return None;
    }
    let (path, _) = split_reference(uses);
    let name = without_host(path).split('/').nth(1)?.trim_end_matches(".git");
    Some(normal_name(&name.to_ascii_lowercase()).to_owned())
}

fn normal_name(name: &str) -> &str {
    name.strip_prefix("gitea-").or_else(|| name.strip_prefix("forgejo-")).unwrap_or(name)
}

fn is_whole(uses: &str) -> bool {
    uses.starts_with("./") || uses.starts_with("../") || uses.starts_with("docker://")
}

fn split_reference(uses: &str) -> (&str, Option<&str>) {
    match uses.split_once('@') {
        Some((path, reference)) => (path, Some(reference)),
        None => (uses, None),
    }
}

fn without_host(path: &str) -> &str {
    match path.split_once("://") {
        Some((_, rest)) => rest.split_once('/').map_or("", |(_, path)| path),
        None => path,
    }
}

/// Whether `path` is `prefix` or stands below it; without regard to case.
fn starts_with_part(path: &str, prefix: &str) -> bool {
    path.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix))
        && (path.len() == prefix.len() || path[prefix.len()..].starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, uses: &str) -> bool {
        UsesTest::parse(pattern).is_match(uses)
    }

    #[test]
    fn a_bare_name_is_any_version_fork_and_host() {
        for uses in [
            "actions/upload-artifact@v4",
            "actions/upload-artifact@ea165f8d65b6e75b540449e92b4886f43607fa02",
            "https://code.forgejo.org/forgejo/upload-artifact@v3",
            "christopherhx/gitea-upload-artifact@v4",
            "Actions/Upload-Artifact@v4",
        ] {
            assert!(matches("upload-artifact", uses), "{uses}");
        }
        assert!(matches("gitea-upload-artifact", "actions/upload-artifact@v4"));
        assert!(matches("upload-artifact@v3", "forgejo/upload-artifact@v3"));
        assert!(!matches("upload-artifact@v3", "forgejo/upload-artifact@v4"));
        assert!(!matches("upload-artifact", "actions/download-artifact@v4"));
        assert!(!matches("upload-artifact", "x/action-upload-artifact@v4"));
        assert!(!matches("upload-artifact", "./upload-artifact"));
        assert!(!matches("checkout", "docker://alpine/checkout"));
        assert!(matches("checkout", "https://code.forgejo.org/actions/checkout@v4"));
    }

    #[test]
    fn a_repository_is_any_version_and_host() {
        assert!(matches("actions/cache", "https://code.forgejo.org/actions/cache/save@v4"));
        assert!(matches("actions/cache@v4", "actions/cache@v4"));
        assert!(!matches("actions/cache@v4", "actions/cache@v4.1"));
        assert!(!matches("actions/cache/save", "actions/cache@v4"));
        assert!(!matches("actions/cache", "actions/cache-x@v4"));
    }

    #[test]
    fn an_address_includes_its_host() {
        let address = "https://code.forgejo.org/actions/checkout";
        assert!(matches(address, "https://code.forgejo.org/actions/checkout@v4"));
        assert!(!matches(address, "https://data.forgejo.org/actions/checkout@v4"));
        assert!(!matches(address, "actions/checkout@v4"));
        assert!(matches(&format!("{address}@v4"), "https://code.forgejo.org/actions/checkout@v4"));
    }

    #[test]
    fn local_paths_and_images_are_whole() {
        assert!(matches("./.github/actions/x", "./.github/actions/x"));
        assert!(!matches("./.github/actions/x", "./.github/actions/xy"));
        assert!(matches("docker://alpine:3", "docker://alpine:3"));
    }
}

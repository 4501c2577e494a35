//! The forges whose Actions we read, and where they differ: one table each.

use std::path::{Component, Path};

/// A forge that runs workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions.
    Gitea,
    /// GitHub Actions on github.com, or on GitHub Enterprise Cloud (`ghe.com`).
    GitHub,
    /// GitHub Enterprise Server: GitHub Actions on a host of one's own. No path tells it from github.com.
    Ghes,
}

/// What a forge does where others do otherwise.
struct Traits {
    name: &'static str,
    key: &'static str,
    /// The dialects whose folders the forge looks into; it reads the first that exists and no other.
    folders: &'static [Dialect],
    timeout_minutes: u32,
    fractional_timeout: bool,
    cancels_superseded: Option<bool>,
    hosted_runners: bool,
    action_host: &'static str,
    uses_url: bool,
    extra_keys: &'static [&'static str],
    merge_keys: bool,
    /// Contexts beside those of GitHub.
    contexts: &'static [&'static str],
}

/// Forgejo. `timeout: 3h` in the runner's `config.example.yaml`, parsed as a whole number (`evaluateTimeout` in
/// `act/runner/step.go`); `modules/setting/actions.go` for the host, `modules/actions/workflows.go` for the folders;
/// `ConfigureActionRunConcurrency` in `services/actions/workflows.go` for superseded runs; contexts as in
/// `act/exprparser/interpreter.go`.
static FORGEJO: Traits = Traits {
    name: "Forgejo",
    key: "forgejo",
    folders: &Dialect::WITH_FOLDER,
    timeout_minutes: 180,
    fractional_timeout: false,
    cancels_superseded: Some(true),
    hosted_runners: false,
    action_host: "data.forgejo.org",
    uses_url: true,
    extra_keys: &["enable-email-notifications"],
    merge_keys: true,
    contexts: &["forge", "forgejo", "gitea"],
};

/// Gitea: the runner's limit is 3 hours too and its step code has the same ancestor (nektos/act), `DEFAULT_ACTIONS_URL` is
/// `github` since 1.21 (go-gitea/gitea#25581). Releases up to 1.25 cancel superseded runs (`CancelPreviousJobs` in
/// `services/actions/notifier_helper.go`), later ones read `concurrency` instead (`services/actions/run.go`).
static GITEA: Traits = Traits {
    name: "Gitea",
    key: "gitea",
    folders: &[Dialect::Gitea, Dialect::GitHub],
    timeout_minutes: 180,
    fractional_timeout: false,
    cancels_superseded: None,
    hosted_runners: false,
    action_host: "github.com",
    uses_url: true,
    extra_keys: &[],
    merge_keys: true,
    contexts: &["gitea"],
};

/// GitHub: anchors since 2025-08 but no merge keys (actions/runner#1182); 360 minutes by its documentation.
static GITHUB: Traits = Traits {
    name: "GitHub",
    key: "github",
    folders: &[Dialect::GitHub],
    timeout_minutes: 360,
    fractional_timeout: true,
    cancels_superseded: Some(false),
    hosted_runners: true,
    action_host: "github.com",
    uses_url: false,
    extra_keys: &[],
    merge_keys: false,
    contexts: &[],
};

/// GitHub Enterprise Server: the same service and runner, but every runner is self-hosted, and actions come through its own
/// host or GitHub Connect. Artifact actions from v4 on refuse to run there (`isGhes` in actions/toolkit), v3 works.
static GHES: Traits = Traits {
    name: "GitHub Enterprise Server",
    key: "ghes",
    folders: &[Dialect::GitHub],
    timeout_minutes: 360,
    fractional_timeout: true,
    cancels_superseded: Some(false),
    hosted_runners: false,
    action_host: "github.com",
    uses_url: false,
    extra_keys: &[],
    merge_keys: false,
    contexts: &[],
};

impl Dialect {
    /// All dialects.
    pub const ALL: [Self; 4] = [Self::Forgejo, Self::Gitea, Self::GitHub, Self::Ghes];

    /// The dialects with a folder of their own, in the order in which Forgejo looks for them.
    pub const WITH_FOLDER: [Self; 3] = [Self::Forgejo, Self::Gitea, Self::GitHub];

    fn traits(self) -> &'static Traits {
        match self {
            Self::Forgejo => &FORGEJO,
            Self::Gitea => &GITEA,
            Self::GitHub => &GITHUB,
            Self::Ghes => &GHES,
        }
    }

    /// The dialect a path speaks for: the innermost `.forgejo/workflows`, `.gitea/workflows` or `.github/workflows` in
    /// it. `None` when there is none.
    ///
    /// Forgejo and Gitea read `.github/workflows` too where their own directory is missing, and GitHub Enterprise Server
    /// reads no other, so a caller that knows the forge knows better.
    pub fn from_path(path: &Path) -> Option<Self> {
        let names: Vec<_> = path
            .components()
            .map(|component| match component {
                Component::Normal(name) => name.to_str().unwrap_or_default(),
                _ => "",
            })
            .collect();
        names.windows(2).rev().find_map(|pair| match pair {
            [parent, "workflows"] => {
                Self::WITH_FOLDER.into_iter().find(|dialect| parent.strip_prefix('.') == Some(dialect.key()))
            }
            _ => None,
        })
    }

    /// The forge's name for people.
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// `forgejo`, `gitea`, `github` or `ghes`, as the command line and the configuration write it.
    pub fn key(self) -> &'static str {
        self.traits().key
    }

    /// The folder that is the forge's own, relative to the root of the repository.
    pub fn workflow_directory(self) -> std::path::PathBuf {
        let own = if self == Self::Ghes { Self::GitHub } else { self };
        Path::new(&format!(".{}", own.key())).join("workflows")
    }

    /// The dialects whose folders the forge looks into. It reads the first folder that exists and nothing else.
    pub fn reads_folders_of(self) -> &'static [Self] {
        self.traits().folders
    }

    /// After how many minutes a job without `timeout-minutes` ends, unless the instance or runner is set otherwise.
    pub fn default_timeout_minutes(self) -> u32 {
        self.traits().timeout_minutes
    }

    /// Whether `timeout-minutes: 1.5` is a limit. The runners of Forgejo and Gitea log an error and set none.
    pub fn takes_fractional_timeouts(self) -> bool {
        self.traits().fractional_timeout
    }

    /// Whether a newer push, or push to a pull request, cancels the older run of the same workflow, event and ref where the
    /// workflow has no `concurrency`; `None` where that depends on the release.
    pub fn cancels_superseded_runs(self) -> Option<bool> {
        self.traits().cancels_superseded
    }

    /// Whether jobs can run on machines of the forge, so that `RUNNER_ENVIRONMENT` is `github-hosted`.
    pub fn has_hosted_runners(self) -> bool {
        self.traits().hosted_runners
    }

    /// The host an action without one is taken from, unless the instance is set otherwise.
    pub fn default_action_host(self) -> &'static str {
        self.traits().action_host
    }

    /// Whether `uses:` may be a URL, such as `https://code.forgejo.org/actions/checkout@v4`.
    pub fn takes_action_urls(self) -> bool {
        self.traits().uses_url
    }

    /// The keys of a workflow that this forge has and GitHub has not (forgejo/runner, `act/schema/workflow_schema.json`).
    pub fn extra_keys(self) -> &'static [&'static str] {
        self.traits().extra_keys
    }

    /// Whether a key of a workflow that is not GitHub's makes the forge refuse it. The runners of Gitea read over it.
    pub fn refuses_extra_keys(self) -> bool {
        matches!(self, Self::GitHub | Self::Ghes)
    }

    /// Whether a `<<` key merges the mapping it names. GitHub takes it for an ordinary, and unknown, key.
    pub fn merges_yaml_keys(self) -> bool {
        self.traits().merge_keys
    }

    /// Whether `name`, in lower case, is a context in expressions that holds what `github` holds.
    pub fn has_forge_context(self, name: &str) -> bool {
        name == "github" || self.traits().contexts.contains(&name)
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect::{Forgejo, Ghes, GitHub, Gitea};
    use super::*;

    #[test]
    fn the_directory_tells_the_forge() {
        for (path, expected) in [
            (".forgejo/workflows/ci.yml", Some(Dialect::Forgejo)),
            ("./.gitea/workflows/ci.yml", Some(Dialect::Gitea)),
            ("/home/me/project/.github/workflows/ci.yaml", Some(Dialect::GitHub)),
            ("/x/.github/workflows/project/.forgejo/workflows/a/ci.yml", Some(Dialect::Forgejo)),
            (".github/workflows", Some(Dialect::GitHub)),
            (".github/actions/x/action.yml", None),
            ("workflows/ci.yml", None),
            ("ci.yml", None),
            ("", None),
        ] {
            assert_eq!(Dialect::from_path(Path::new(path)), expected, "{path}");
        }
        for dialect in Dialect::WITH_FOLDER {
            assert_eq!(Dialect::from_path(&dialect.workflow_directory()), Some(dialect));
        }
        assert_eq!(Dialect::from_path(&Dialect::Ghes.workflow_directory()), Some(Dialect::GitHub));
    }

    #[test]
    fn a_forge_reads_the_first_of_its_folders() {
        let folders = |dialect: Dialect| {
            let names = dialect.reads_folders_of().iter().map(|d| d.workflow_directory().display().to_string());
            names.collect::<Vec<_>>()
        };
        assert_eq!(folders(Dialect::Forgejo), [".forgejo/workflows", ".gitea/workflows", ".github/workflows"]);
        assert_eq!(folders(Dialect::Gitea), [".gitea/workflows", ".github/workflows"]);
        assert_eq!(folders(Dialect::GitHub), [".github/workflows"]);
        assert_eq!(folders(Dialect::Ghes), [".github/workflows"]);
    }

    #[test]
    fn forges_differ_where_they_do() {
        let rows = Dialect::ALL.map(|d| (d.key(), d.default_timeout_minutes(), d.default_action_host()));
        assert_eq!(
            rows,
            [
                ("forgejo", 180, "data.forgejo.org"),
                ("gitea", 180, "github.com"),
                ("github", 360, "github.com"),
                ("ghes", 360, "github.com"),
            ]
        );
        let which = |holds: fn(Dialect) -> bool| Dialect::ALL.into_iter().filter(|d| holds(*d)).collect::<Vec<_>>();
        assert_eq!(which(Dialect::takes_fractional_timeouts), [GitHub, Ghes]);
        assert_eq!(which(|d| d.cancels_superseded_runs() == Some(true)), [Forgejo]);
        assert_eq!(which(|d| d.cancels_superseded_runs().is_none()), [Gitea]);
        assert_eq!(which(Dialect::has_hosted_runners), [GitHub]);
        assert_eq!(which(Dialect::takes_action_urls), [Forgejo, Gitea]);
        assert_eq!(which(|dialect| !dialect.extra_keys().is_empty()), [Forgejo]);
        assert_eq!(which(Dialect::refuses_extra_keys), [GitHub, Ghes]);
        assert_eq!(which(Dialect::merges_yaml_keys), [Forgejo, Gitea]);
        assert_eq!(which(|d| d.has_forge_context("github")), Dialect::ALL);
        assert_eq!(which(|d| d.has_forge_context("forge")), [Forgejo]);
        assert_eq!(which(|d| d.has_forge_context("forgejo")), [Forgejo]);
        assert_eq!(which(|d| d.has_forge_context("gitea")), [Forgejo, Gitea]);
    }
}

//! The forges whose Actions we read, and where they differ.

use std::path::{Component, Path};

/// A forge that runs workflows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// Forgejo Actions.
    Forgejo,
    /// Gitea Actions.
    Gitea,
    /// GitHub Actions.
    GitHub,
}

/// What a forge does where others do otherwise.
struct Traits {
    name: &'static str,
    directory: &'static str,
    timeout_minutes: u32,
    action_host: &'static str,
    merge_keys: bool,
}

/// Forgejo: `timeout: 3h` in the runner's `config.example.yaml`, `modules/setting/actions.go` for the host.
static FORGEJO: Traits = Traits {
    name: "Forgejo",
    directory: ".forgejo",
    timeout_minutes: 180,
    action_host: "data.forgejo.org",
    merge_keys: true,
};

/// Gitea: the runner's limit is 3 hours too, `DEFAULT_ACTIONS_URL` is `github` since 1.21 (go-gitea/gitea#25581).
static GITEA: Traits =
    Traits { name: "Gitea", directory: ".gitea", timeout_minutes: 180, action_host: "github.com", merge_keys: true };

/// GitHub: anchors since 2025-08 but no merge keys (actions/runner#1182); 360 minutes by its documentation.
static GITHUB: Traits =
    Traits { name: "GitHub", directory: ".github", timeout_minutes: 360, action_host: "github.com", merge_keys: false };

impl Dialect {
    /// All dialects, in the order in which Forgejo looks for their directories.
    pub const ALL: [Self; 3] = [Self::Forgejo, Self::Gitea, Self::GitHub];

    fn traits(self) -> &'static Traits {
        match self {
            Self::Forgejo => &FORGEJO,
            Self::Gitea => &GITEA,
            Self::GitHub => &GITHUB,
        }
    }

    /// The dialect a path speaks for: the innermost `.forgejo/workflows`, `.gitea/workflows` or `.github/workflows` in
    /// it. `None` when there is none.
    ///
    /// Forgejo and Gitea read `.github/workflows` too where their own directory is missing, so a caller that knows the
    /// forge knows better.
    pub fn from_path(path: &Path) -> Option<Self> {
        let names: Vec<_> = path
            .components()
            .map(|component| match component {
                Component::Normal(name) => name.to_str().unwrap_or_default(),
                _ => "",
            })
            .collect();
        names.windows(2).rev().find_map(|pair| match pair {
            [parent, "workflows"] => Self::ALL.into_iter().find(|dialect| dialect.traits().directory == *parent),
            _ => None,
        })
    }

    /// The forge's name for people.
    pub fn name(self) -> &'static str {
        self.traits().name
    }

    /// Where the forge looks for workflows, relative to the root of the repository.
    pub fn workflow_directory(self) -> std::path::PathBuf {
        Path::new(self.traits().directory).join("workflows")
    }

    /// After how many minutes a job without `timeout-minutes` ends, unless the instance or runner is set otherwise.
    pub fn default_timeout_minutes(self) -> u32 {
        self.traits().timeout_minutes
    }

    /// `forgejo`, `gitea` or `github`, as the command line and the configuration write it.
    pub fn key(self) -> &'static str {
        self.traits().directory.trim_start_matches('.')
    }

    /// The host an action without one is taken from, unless the instance is set otherwise.
    pub fn default_action_host(self) -> &'static str {
        self.traits().action_host
    }

    /// Whether a `<<` key merges the mapping it names. GitHub takes it for an ordinary, and unknown, key.
    pub fn merges_yaml_keys(self) -> bool {
        self.traits().merge_keys
    }
}

impl std::fmt::Display for Dialect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
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
        for dialect in Dialect::ALL {
            assert_eq!(Dialect::from_path(&dialect.workflow_directory()), Some(dialect));
        }
    }

    #[test]
    fn forges_differ_where_they_do() {
        let rows = Dialect::ALL
            .map(|d| (d.to_string(), d.default_timeout_minutes(), d.default_action_host(), d.merges_yaml_keys()));
        assert_eq!(
            rows,
            [
                ("Forgejo".to_owned(), 180, "data.forgejo.org", true),
                ("Gitea".to_owned(), 180, "github.com", true),
                ("GitHub".to_owned(), 360, "github.com", false),
            ]
        );
    }
}

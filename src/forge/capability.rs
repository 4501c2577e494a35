//! What differs between the forges, in one table. Everything else treats them alike.
//!
//! Read in the sources of Forgejo (branches 15 to 17, July 2026), Gitea (1.24 to 1.27, July 2026), act 0.2.89, the GitHub
//! runner 2.336 and `@actions/artifact` 6.2. A forge does not tell a step its version, so where versions differ the client
//! asks and takes an answer such as 404 for what it is.

use super::context::Forge;

/// What one kind of forge does. Texts are for messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capability {
    /// The name users know.
    pub name: &'static str,
    /// `Accept: application/vnd.github+json` and `X-GitHub-Api-Version` mean something there.
    pub github_headers: bool,
    /// The results service (version 4 of artifacts) may be there. GitHub Enterprise Server has none.
    pub results_v4: bool,
    /// The pipelines service (version 3 of artifacts) may be there. github.com closed it in January 2025.
    pub pipelines_v3: bool,
    /// A list of the results service may hold rows that nobody finished uploading: their address is refused.
    pub lists_pending: bool,
    /// The results service drops the connection when the run has no artifacts.
    pub empty_list_hangs_up: bool,
    /// The query parameter for the size of a page, and the largest size.
    pub page_size: (&'static str, usize),
    /// Since when artifacts of another run can be read.
    pub other_run_since: &'static str,
    /// What a token needs to read artifacts of another run.
    pub read_artifacts: &'static str,
    /// `permissions:` in a workflow has an effect.
    pub permissions_in_workflow: bool,
    /// A step's summary file is shown to readers; otherwise it only ends up in the log.
    pub renders_summary: bool,
    /// `::warning file=…::` becomes an annotation; otherwise it is a line in the log.
    pub annotations: bool,
    /// `workflow_run` exists.
    pub workflow_run: bool,
    /// The login that comments of a run's own token carry.
    pub bot_login: &'static str,
    /// The list of comments honours `page` and says by `Link` whether there is more; otherwise it is always the whole list,
    /// and asking for pages until one is empty never ends.
    pub pages_comments: bool,
    /// The longest comment in characters, where there is a limit.
    pub comment_limit: Option<usize>,
}

const GITHUB: Capability = Capability {
    name: "GitHub",
    github_headers: true,
    results_v4: true,
    pipelines_v3: false,
    lists_pending: false,
    empty_list_hangs_up: false,
    page_size: ("per_page", 100),
    other_run_since: "",
    read_artifacts: "`actions: read`",
    permissions_in_workflow: true,
    renders_summary: true,
    annotations: true,
    workflow_run: true,
    bot_login: "github-actions[bot]",
    pages_comments: true,
    comment_limit: Some(65_536),
};

const GHES: Capability =
    Capability { name: "GitHub Enterprise Server", results_v4: false, pipelines_v3: true, ..GITHUB };

const FORGEJO: Capability = Capability {
    name: "Forgejo",
    github_headers: false,
    results_v4: true,
    pipelines_v3: true,
    lists_pending: true,
    empty_list_hangs_up: false,
    page_size: ("limit", 50),
    other_run_since: "Forgejo 16",
    read_artifacts: "read access to Actions of that repository",
    permissions_in_workflow: false,
    renders_summary: false,
    annotations: false,
    workflow_run: false,
    bot_login: "forgejo-actions",
    pages_comments: false,
    comment_limit: None,
};

const GITEA: Capability = Capability {
    name: "Gitea",
    other_run_since: "Gitea 1.24",
    permissions_in_workflow: true,
    // Gitea 1.27 shows it, older ones do not; writing the file is right for both.
    renders_summary: true,
    workflow_run: true,
    bot_login: "gitea-actions",
    ..FORGEJO
};

const ACT: Capability =
    Capability { name: "act", pipelines_v3: true, empty_list_hangs_up: true, annotations: false, ..GITHUB };

/// `act` in front of a Forgejo or Gitea.
const ACT_GITEA: Capability = Capability { name: "act", empty_list_hangs_up: true, ..FORGEJO };

impl Capability {
    /// What `forge` does, given the prefix of its API: `act` runs before any of them.
    pub fn of(forge: Forge, api_prefix: &str) -> &'static Self {
        match forge {
            Forge::GitHub => &GITHUB,
            Forge::Ghes => &GHES,
            Forge::Forgejo => &FORGEJO,
            Forge::Gitea => &GITEA,
            Forge::Act if api_prefix.ends_with("/api/v1") => &ACT_GITEA,
            Forge::Act => &ACT,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_the_forges_do() {
        let of = |forge| Capability::of(forge, "/api/v1");
        assert!(!of(Forge::GitHub).pipelines_v3 && of(Forge::GitHub).results_v4);
        assert!(of(Forge::Ghes).pipelines_v3 && !of(Forge::Ghes).results_v4);
        assert!(of(Forge::Forgejo).lists_pending && !of(Forge::Forgejo).pages_comments);
        assert_eq!((of(Forge::Gitea).bot_login, of(Forge::Gitea).other_run_since), ("gitea-actions", "Gitea 1.24"));
        assert_eq!(of(Forge::Act).page_size, ("limit", 50));
        assert_eq!(Capability::of(Forge::Act, "").page_size, ("per_page", 100));
    }
}

//! Which artifact actions a forge cannot run, and what to use there instead.

use super::{Artifact, ArtifactKind, Fork, Generation};
use crate::workflow::dialect::Dialect;

/// Why an artifact action does not work on a forge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// The action looks at the host it runs on and stops: `GHESNotSupportedError`.
    RefusesForge,
    /// As [`Trouble::RefusesForge`], but a runner of Gitea from 3.0 on takes the check out of the action
    /// (`act/runner/patch_actions.go`).
    RefusesOlderRunner,
    /// What the action talks to was shut down.
    ClosedDown,
    /// The action's storage client trips over the forge's signed URLs (go-gitea/gitea#36829, nektos/act#6022).
    NeedsNewerServer,
}

/// Hosts that carry the official code. A mirror elsewhere may have been patched.
const OFFICIAL_HOSTS: [&str; 4] = ["code.forgejo.org", "data.forgejo.org", "gitea.com", "github.com"];

/// Why `action`, taken from `host`, does not work on a forge; `None` when it does or cannot be told.
pub fn trouble(dialect: Dialect, host: Option<&str>, action: &Artifact) -> Option<Trouble> {
    if dialect == Dialect::GitHub {
        let closed = action.fork == Fork::Stock && action.closed_on_github().is_yes();
        return closed.then_some(Trouble::ClosedDown);
    }
    let official = host.is_none_or(|host| OFFICIAL_HOSTS.contains(&host));
    if official && action.refuses_other_forges().is_yes() {
        let patched = dialect == Dialect::Gitea;
        return Some(if patched { Trouble::RefusesOlderRunner } else { Trouble::RefusesForge });
    }
    // Gitea's server takes them since 1.26.
    let strict = dialect == Dialect::Forgejo && action.fork != Fork::Unknown;
    (strict && action.upload_needs_newer_server().is_yes()).then_some(Trouble::NeedsNewerServer)
}

/// What to write after `uses:` in place of an action that does not work on the forge: the same action in a release or fork
/// that does. `None` when there is none that is known to work.
pub fn replacement(dialect: Dialect, action: &Artifact) -> Option<&'static str> {
    let generation = if dialect == Dialect::Ghes { Generation::V3 } else { Generation::V4 };
    usual(dialect, action.kind, generation)
}

/// The artifact action of a generation that runs on a forge, as it stands after `uses:`. `None` when none is known to.
///
/// Forgejo: `RELEASE-NOTES` of its runner, 3.4.0. Gitea: go-gitea/gitea#31256, #35706; the fork's `v4` is a branch.
/// GitHub Enterprise Server has no backend for v4 and later (actions/upload-artifact#537).
pub fn usual(dialect: Dialect, kind: ArtifactKind, generation: Generation) -> Option<&'static str> {
    let [upload, download] = match (generation, dialect) {
        (Generation::V4, Dialect::Forgejo) => [
            "https://code.forgejo.org/forgejo/upload-artifact@v4",
            "https://code.forgejo.org/forgejo/download-artifact@v4",
        ],
        (Generation::V4, Dialect::Gitea) => [
            "https://github.com/christopherhx/gitea-upload-artifact@v4",
            "https://github.com/christopherhx/gitea-download-artifact@v4",
        ],
        (Generation::V4, Dialect::GitHub) => ["actions/upload-artifact@v4", "actions/download-artifact@v4"],
        (Generation::V4, Dialect::Ghes) => return None,
        (Generation::V3, _) => ["actions/upload-artifact@v3", "actions/download-artifact@v3"],
    };
    match kind {
        ArtifactKind::Upload => Some(upload),
        ArtifactKind::Download => Some(download),
        ArtifactKind::Merge | ArtifactKind::OtherRunDownload => None,
    }
}

/// The day github.com shut down what a generation-3 action talks to: v1 and v2 before v3. `None` for later ones.
pub fn closing_day(action: &Artifact) -> Option<&'static str> {
    if action.generation()? != Generation::V3 {
        return None;
    }
    Some(if action.version.major()? < 3 { "30 June 2024" } else { "30 January 2025" })
}

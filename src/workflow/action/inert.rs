//! Actions that neither bring, make nor take coverage data.

use super::Uses;

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
    ("aio-libs", &["create-release"]),
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
    ("dorny", &["paths-filter"]),
    ("dtolnay", &["rust-toolchain"]),
    ("EnricoMi", &["publish-unit-test-result-action"]),
    ("extractions", &["setup-just"]),
    ("google-github-actions", &["auth", "setup-gcloud"]),
    ("hynek", &["setup-cached-uv"]),
    ("j178", &["prek-action"]),
    ("jakebailey", &["pyright-action"]),
    ("jdx", &["mise-action"]),
    ("jlumbroso", &["free-disk-space"]),
    ("mamba-org", &["setup-micromamba"]),
    ("marocchino", &["sticky-pull-request-comment"]),
    ("mikepenz", &["action-junit-report"]),
    ("MishaKav", &["pytest-coverage-comment"]),
    ("pdm-project", &["setup-pdm"]),
    ("pnpm", &["action-setup"]),
    ("pre-commit", &["action"]),
    ("prefix-dev", &["setup-pixi"]),
    ("psf", &["black"]),
    ("pypa", &["gh-action-pip-audit", "gh-action-pypi-publish"]),
    ("pypy", &["setup-pypy"]),
    ("re-actors", &["alls-green"]),
    ("samuelcolvin", &["check-python-version"]),
    ("snok", &["install-poetry"]),
    ("softprops", &["action-gh-release"]),
    ("SonarSource", &["sonarcloud-github-action", "sonarqube-scan-action"]),
    ("step-security", &["harden-runner"]),
    ("taiki-e", &["install-action"]),
    ("test-summary", &["action"]),
    ("tj-actions", &["changed-files"]),
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

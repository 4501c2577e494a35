//! What is kept from run to run: `actions/cache`, and the caches of `astral-sh/setup-uv` and `actions/setup-python`.

mod uv;

pub use uv::{SetupUv, UvCache};

use super::action::{is_cache_action, release_of};
use super::dialect::Dialect;
use super::{Job, Step, Text};

/// A step of `actions/cache`, its `restore` or its `save`.
#[derive(Debug)]
pub struct CacheStep<'d> {
    /// The value of `uses:`.
    pub uses: Text<'d>,
    /// The paths, one a line; exclusions (`!…`) left out.
    pub paths: Vec<&'d str>,
    /// The whole value of `path`.
    pub path: Option<Text<'d>>,
    /// `key`.
    pub key: Option<Text<'d>>,
    /// `restore-keys`.
    pub restore_keys: Option<Text<'d>>,
    /// Whether it brings back what was saved.
    pub restores: bool,
    /// Whether it saves.
    pub saves: bool,
    /// The major version, where it is known.
    pub major: Option<u32>,
}

impl<'d> CacheStep<'d> {
    /// Reads a step; `None` when it is no cache.
    pub fn of(step: &Step<'d>) -> Option<Self> {
        let uses = step.uses?;
        let action = step.repo_action()?;
        if !step.action.as_ref().is_some_and(is_cache_action) {
            return None;
        }
        let part = action.subpath.as_deref();
        let path = step.input_text("path");
        let lines = path.map_or("", |path| path.value).lines().map(str::trim);
        Some(Self {
            uses,
            paths: lines.filter(|line| !line.is_empty() && !line.starts_with('!')).collect(),
            path,
            key: step.input_text("key"),
            restore_keys: step.input_text("restore-keys"),
            restores: part != Some("save"),
            saves: part != Some("restore"),
            major: release_of(action, step.uses_comment).major(),
        })
    }

    /// Whether the service behind this version is gone: v1 and v2 on github.com since 2025-03-01. Servers of one's own and
    /// other forges still have it.
    pub fn is_shut_down(&self, dialect: Dialect) -> bool {
        dialect == Dialect::GitHub && self.major.is_some_and(|major| major <= 2)
    }
}

/// What a cached path holds, as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// What pip downloaded.
    Pip,
    /// What uv downloaded and built.
    Uv,
    /// What Poetry downloaded, or its environments.
    Poetry,
    /// A virtual environment.
    Venv,
    /// Environments of nox or tox.
    Sessions,
    /// Environments of pre-commit.
    Hooks,
}

impl Kept {
    /// Whether installed packages are kept and not only downloads, so that what is stale is used.
    pub fn is_installed(self) -> bool {
        matches!(self, Self::Venv | Self::Sessions | Self::Hooks)
    }

    /// Like [`Kept::at`], with a path that a step of the job asked the tool for: `pip cache dir`.
    pub fn at_in(path: &str, job: &Job<'_>) -> Option<Self> {
        let inner = path.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        let id = inner.and_then(|inner| inner.strip_prefix("steps.")?.split_once(".outputs.")).map(|(id, _)| id);
        let Some(id) = id else { return Self::at(path) };
        let step = job.steps.iter().find(|step| step.id.is_some_and(|own| own.value == id))?;
        let script = step.run?.value;
        let asks = |command: &str| script.contains(command);
        Some(if asks("pip cache dir") {
            Self::Pip
        } else if asks("uv cache dir") {
            Self::Uv
        } else if asks("poetry config cache-dir") || asks("poetry config virtualenvs.path") {
            Self::Poetry
        } else {
            return None;
        })
    }

    /// What a path of `actions/cache` holds; `None` when its name does not tell.
    pub fn at(path: &str) -> Option<Self> {
        let path = path.trim_end_matches(['/', '*']).replace('\\', "/").to_lowercase();
        let last = path.rsplit('/').next().unwrap_or_default();
        let ends = |tail: &str| path.ends_with(tail);
        Some(if ends(".cache/pip") || ends("caches/pip") || ends("pip/cache") {
            Self::Pip
        } else if ends(".cache/uv") || last == ".uv-cache" || path.contains("env.uv_cache_dir") {
            Self::Uv
        } else if ends(".cache/pypoetry") || ends("caches/pypoetry") || path.contains("pypoetry/virtualenvs") {
            Self::Poetry
        } else if matches!(last, ".venv" | "venv") {
            Self::Venv
        } else if matches!(last, ".nox" | ".tox") {
            Self::Sessions
        } else if ends(".cache/pre-commit") {
            Self::Hooks
        } else {
            return None;
        })
    }
}

/// What `actions/setup-python` is told to keep: the value of `cache`.
pub fn setup_python_cache<'d>(step: &Step<'d>) -> Option<Text<'d>> {
    let action = step.repo_action()?;
    if action.is("actions", "setup-python") { step.input_text("cache") } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::Workflow;
    use crate::workflow::yaml::parse;

    /// The facts of one step written in flow style.
    pub(super) fn with<T>(step: &str, see: impl FnOnce(&Step<'_>) -> T) -> T {
        let text = format!("on: push\njobs:\n  a:\n    steps:\n      - {step}\n");
        let tree = parse(&text).expect("valid YAML");
        see(&Workflow::read(tree.root()).expect("a workflow").jobs[0].steps[0])
    }

    #[test]
    fn cache_v1_and_v2_are_shut_down_on_github_since_march_2025() {
        let down = |uses: &str, dialect| {
            with(&format!("{{uses: {uses}, with: {{path: x, key: y}}}}"), |step| {
                CacheStep::of(step).is_some_and(|cache| cache.is_shut_down(dialect))
            })
        };
        assert!(down("actions/cache@v2", Dialect::GitHub) && down("actions/cache/restore@v1.2.0", Dialect::GitHub));
        assert!(!down("actions/cache@v3", Dialect::GitHub), "the floating v3 is served");
        assert!(!down("actions/cache@v2", Dialect::Ghes) && !down("actions/cache@v2", Dialect::Forgejo));
        assert!(!down("actions/cache@main", Dialect::GitHub), "an unknown version is silent");
    }

    #[test]
    fn cache_steps_are_read() {
        let seen = |text: &str| {
            with(text, |step| CacheStep::of(step).map(|cache| (cache.paths.len(), cache.restores, cache.saves)))
        };
        assert_eq!(seen("{uses: actions/cache@v4, with: {path: \"a\\n!b\\n\\nc\", key: k}}"), Some((2, true, true)));
        assert_eq!(seen("{uses: actions/cache/restore@v4, with: {path: a, key: k}}"), Some((1, true, false)));
        assert_eq!(
            seen("{uses: 'https://code.forgejo.org/actions/cache/save@v4', with: {path: a}}"),
            Some((1, false, true))
        );
        assert_eq!(seen("{uses: someone/cache@v4}"), None);
        let kinds =
            ["~/.cache/pip", "C:\\Users\\x\\pip\\Cache", "${{ env.UV_CACHE_DIR }}", "sub/.venv/", "**/.nox", "data"];
        assert_eq!(
            kinds.map(Kept::at),
            [Some(Kept::Pip), Some(Kept::Pip), Some(Kept::Uv), Some(Kept::Venv), Some(Kept::Sessions), None]
        );
    }

    #[test]
    fn a_path_is_known_from_the_step_that_asked_for_it() {
        let text = "on: push\njobs:\n  a:\n    steps:\n      - {id: dir, run: 'echo \"d=$(pip cache dir)\" >> x'}\n      - {id: other, run: make}\n";
        let tree = parse(text).expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        let kept = |path: &str| Kept::at_in(path, &workflow.jobs[0]);
        assert_eq!(kept("${{ steps.dir.outputs.d }}"), Some(Kept::Pip));
        assert_eq!(kept("${{ steps.other.outputs.d }}"), None);
        assert_eq!(kept("~/.cache/uv"), Some(Kept::Uv));
    }
}

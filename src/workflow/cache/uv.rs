//! `astral-sh/setup-uv`: whether it keeps uv's cache from run to run.
//!
//! From `action.yml`, `docs/caching.md` and `src/utils/inputs.ts` of its tags. `enable-cache` is `false` by default in v1 to
//! v4 and `auto` from v5. `auto` means on GitHub's own machines, where `RUNNER_ENVIRONMENT` is `github-hosted`; the runners of
//! Forgejo and Gitea do not set it (astral-sh/setup-uv#336). From v10 `auto` is off for releases, pushed tags,
//! `pull_request_target` and `workflow_run` too, so that they restore nothing a pull request may have poisoned (#992).

use crate::workflow::action::{ActionRef, Release, release_of};
use crate::workflow::dialect::Dialect;
use crate::workflow::events::on_hosted_runner;
use crate::workflow::{Job, Step, Text, Workflow};

/// A step of `astral-sh/setup-uv`.
#[derive(Debug)]
pub struct SetupUv<'d> {
    /// The value of `uses:`.
    pub uses: Text<'d>,
    /// `enable-cache`, when it is given.
    pub enable: Option<Text<'d>>,
    /// The first input that only means something with the cache on.
    pub setting: Option<Text<'d>>,
    /// The major version, where it is known.
    pub major: Option<u32>,
}

/// Whether a cache is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UvCache {
    /// It is.
    On,
    /// Somebody said it shall not.
    Refused,
    /// It is off unless asked for: v1 to v4.
    OffByDefault,
    /// `auto` is off on a runner that is not the forge's own.
    OffHere,
    /// `auto` is off for every event of the workflow: v10 and later.
    OffForEvents,
    /// That cannot be told.
    Unknown,
}

/// Inputs that mean nothing without the cache. `cache-dependency-glob` is not among those with a use of their own.
const SETTINGS: [&str; 6] =
    ["cache-dependency-glob", "cache-suffix", "prune-cache", "cache-python", "restore-cache", "save-cache"];

impl<'d> SetupUv<'d> {
    /// Reads a step; `None` when it is another action.
    pub fn of(step: &Step<'d>) -> Option<Self> {
        let uses = step.uses?;
        let action = step.repo_action()?;
        if !action.is("astral-sh", "setup-uv") {
            return None;
        }
        let setting = step.with.iter().map(|(key, _)| *key);
        Some(Self {
            uses,
            enable: step.input_text("enable-cache"),
            setting: setting.into_iter().find(|key| SETTINGS.iter().any(|name| key.value.eq_ignore_ascii_case(name))),
            major: major(action, step.uses_comment),
        })
    }

    /// Whether it keeps a cache in this job.
    pub fn cache(&self, workflow: &Workflow<'_>, job: &Job<'_>, dialect: Dialect) -> UvCache {
        let auto = match self.enable {
            Some(enable) if enable.is_dynamic() => return UvCache::Unknown,
            Some(enable) if enable.value == "auto" => true,
            // Anything but `true` is off.
            Some(enable) => return if enable.value == "true" { UvCache::On } else { UvCache::Refused },
            None => false,
        };
        match self.major {
            Some(1..=4) if auto => UvCache::Unknown,
            Some(1..=4) => UvCache::OffByDefault,
            None if !auto => UvCache::Unknown,
            major => {
                let hosted = if dialect.has_hosted_runners() { on_hosted_runner(job) } else { Some(false) };
                match (hosted, major) {
                    (Some(false), _) => UvCache::OffHere,
                    (_, Some(10..)) if runs_for_sensitive_events_only(workflow) => UvCache::OffForEvents,
                    (Some(true), Some(5..=9)) => UvCache::On,
                    (Some(true), Some(10..)) if !has_sensitive_event(workflow) => UvCache::On,
                    _ => UvCache::Unknown,
                }
            }
        }
    }
}

/// The major version: by the commit, where it is known, before the comment beside it, which may be out of date.
fn major(action: &ActionRef, comment: Option<&str>) -> Option<u32> {
    let short = action.reference.as_deref().and_then(|reference| reference.get(..12)).map(str::to_ascii_lowercase);
    let known = short.and_then(|short| COMMITS.iter().find(|(commit, _)| *commit == short));
    known.map(|(_, release)| release.major).or_else(|| release_of(action, comment).major())
}

fn is_sensitive(event: &str) -> bool {
    matches!(event, "release" | "pull_request_target" | "workflow_run")
}

/// Whether a run of the workflow may be one that `auto` is off for.
fn has_sensitive_event(workflow: &Workflow<'_>) -> bool {
    workflow.triggers.iter().any(|trigger| {
        // Who calls it is not known, and a push may be one of a tag unless only branches are named.
        is_sensitive(trigger.event.value)
            || trigger.event.value == "workflow_call"
            || trigger.event.value == "push"
                && trigger
                    .options
                    .is_none_or(|options| options.get("branches").is_none() || options.get("tags").is_some())
    })
}

fn runs_for_sensitive_events_only(workflow: &Workflow<'_>) -> bool {
    !workflow.triggers.is_empty()
        && workflow.triggers.iter().all(|trigger| {
            is_sensitive(trigger.event.value)
                || trigger.event.value == "push"
                    && trigger.options.is_some_and(|options| {
                        options.get("tags").is_some()
                            && options.get("branches").is_none()
                            && options.get("branches-ignore").is_none()
                    })
        })
}

/// Commits of releases by their first twelve digits; from the tags of the repository and, for v10, the workflows that pin them.
const COMMITS: [(&str, Release); 80] = [
    ("332ac3529531", Release::new(1, 0, 0)),
    ("19a0b38226f7", Release::new(1, 0, 1)),
    ("e9305af4bcb0", Release::new(1, 0, 2)),
    ("606dd5e44eb0", Release::new(1, 0, 3)),
    ("b038954f558d", Release::new(1, 0, 4)),
    ("b0c112398760", Release::new(1, 0, 5)),
    ("4b68ead3200e", Release::new(1, 0, 6)),
    ("162b8acf397c", Release::new(1, 0, 7)),
    ("663d8f708297", Release::new(2, 0, 0)),
    ("b463f5b8ca43", Release::new(2, 1, 0)),
    ("d70817ce85e4", Release::new(2, 1, 1)),
    ("6dfebec6ddbc", Release::new(2, 1, 2)),
    ("9f1f1fece287", Release::new(3, 0, 0)),
    ("aeb46491c743", Release::new(3, 1, 0)),
    ("abac0ce7b076", Release::new(3, 1, 1)),
    ("4cda7d73322c", Release::new(3, 1, 2)),
    ("023eb7875fa1", Release::new(3, 1, 3)),
    ("c9aa747934b6", Release::new(3, 1, 4)),
    ("77c28f02b332", Release::new(3, 1, 5)),
    ("f731690a1dac", Release::new(3, 1, 6)),
    ("f3bcaebff5ea", Release::new(3, 1, 7)),
    ("3b9817b1bf26", Release::new(3, 2, 0)),
    ("a7e15805d229", Release::new(3, 2, 1)),
    ("2e657c127d5b", Release::new(3, 2, 2)),
    ("e779db74266a", Release::new(3, 2, 3)),
    ("caf0cab7a618", Release::new(3, 2, 4)),
    ("d8db0a86d3d8", Release::new(4, 0, 0)),
    ("5f42d5af6c40", Release::new(4, 1, 0)),
    ("38f3f104447c", Release::new(4, 2, 0)),
    ("2af22b5b2dcf", Release::new(5, 0, 0)),
    ("180f8b443996", Release::new(5, 0, 1)),
    ("887a942a15af", Release::new(5, 1, 0)),
    ("4e3dbecc1900", Release::new(5, 2, 0)),
    ("b5f58b2abc57", Release::new(5, 2, 1)),
    ("4db96194c378", Release::new(5, 2, 2)),
    ("1edb52594c85", Release::new(5, 3, 0)),
    ("f94ec6bedd86", Release::new(5, 3, 1)),
    ("22695119d769", Release::new(5, 4, 0)),
    ("0c5e2b8115b8", Release::new(5, 4, 1)),
    ("d4b2f3b6ecc6", Release::new(5, 4, 2)),
    ("c7f87aa956e4", Release::new(6, 0, 0)),
    ("6b9c6063abd6", Release::new(6, 0, 1)),
    ("f0ec1fc3b38f", Release::new(6, 1, 0)),
    ("60cc2b458552", Release::new(6, 2, 0)),
    ("a02a550bdd31", Release::new(6, 2, 1)),
    ("445689ea25e0", Release::new(6, 3, 0)),
    ("bd01e18f5136", Release::new(6, 3, 1)),
    ("05273c154d09", Release::new(6, 4, 0)),
    ("7edac99f961f", Release::new(6, 4, 1)),
    ("2c7142f755d7", Release::new(6, 4, 2)),
    ("e92bafb6253d", Release::new(6, 4, 3)),
    ("d9e0f98d3fc6", Release::new(6, 5, 0)),
    ("4959332f0f01", Release::new(6, 6, 0)),
    ("557e51de59eb", Release::new(6, 6, 1)),
    ("b75a909f75ac", Release::new(6, 7, 0)),
    ("d0cc045d04cc", Release::new(6, 8, 0)),
    ("eb1897b8dc4b", Release::new(7, 0, 0)),
    ("3259c6206f99", Release::new(7, 1, 0)),
    ("2ddd2b9cb38a", Release::new(7, 1, 1)),
    ("85856786d1ce", Release::new(7, 1, 2)),
    ("5a7eac68fb98", Release::new(7, 1, 3)),
    ("1e862dfacbd1", Release::new(7, 1, 4)),
    ("ed21f2f24f8d", Release::new(7, 1, 5)),
    ("681c641aba71", Release::new(7, 1, 6)),
    ("61cb8a9741ee", Release::new(7, 2, 0)),
    ("803947b9bd8e", Release::new(7, 2, 1)),
    ("eac588ad8def", Release::new(7, 3, 0)),
    ("5a095e7a2014", Release::new(7, 3, 1)),
    ("6ee6290f1cbc", Release::new(7, 4, 0)),
    ("e06108dd0aef", Release::new(7, 5, 0)),
    ("37802adc94f3", Release::new(7, 6, 0)),
    ("cec208311dfd", Release::new(8, 0, 0)),
    ("08807647e706", Release::new(8, 1, 0)),
    ("fac544c07dec", Release::new(8, 2, 0)),
    ("d31148d66907", Release::new(8, 3, 0)),
    ("f98e06938123", Release::new(8, 3, 1)),
    ("11f9893b081a", Release::new(8, 3, 2)),
    ("c771a70e6277", Release::new(9, 0, 0)),
    ("ae62891fec2b", Release::new(10, 0, 0)),
    ("20cfd1bf945f", Release::new(10, 0, 1)),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::parse;

    /// The state of the cache for `on`, a runner's label, the reference and the inputs.
    fn cache(on: &str, label: &str, reference: &str, with: &str, dialect: Dialect) -> UvCache {
        let text = format!(
            "on: {on}\njobs:\n  a:\n    runs-on: {label}\n    steps:\n      - uses: astral-sh/setup-uv@{reference}\n        with: {{{with}}}\n"
        );
        let tree = parse(&text).expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        SetupUv::of(&workflow.jobs[0].steps[0]).expect("setup-uv").cache(&workflow, &workflow.jobs[0], dialect)
    }

    const UBUNTU: &str = "ubuntu-latest";

    #[test]
    fn enable_cache_is_false_by_default_in_v1_to_v4_and_auto_from_v5() {
        for version in ["v1", "v2", "v3.2.4", "v4"] {
            assert_eq!(cache("pull_request", UBUNTU, version, "", Dialect::GitHub), UvCache::OffByDefault, "{version}");
        }
        for version in ["v5", "v6.8.0", "v7", "v8.0.0", "v9.0.0", "v10.0.1"] {
            assert_eq!(cache("pull_request", UBUNTU, version, "", Dialect::GitHub), UvCache::On, "{version}");
        }
        assert_eq!(cache("pull_request", UBUNTU, "main", "", Dialect::GitHub), UvCache::Unknown);
    }

    #[test]
    fn auto_is_off_where_runner_environment_is_not_set() {
        assert_eq!(cache("push", "docker", "v6", "", Dialect::Forgejo), UvCache::OffHere);
        assert_eq!(cache("push", "ubuntu-latest", "v7", "enable-cache: auto", Dialect::Gitea), UvCache::OffHere);
        assert_eq!(cache("push", "[self-hosted]", "v7", "", Dialect::GitHub), UvCache::OffHere);
        assert_eq!(cache("push", UBUNTU, "v7", "", Dialect::Ghes), UvCache::OffHere);
        assert_eq!(cache("push", "docker", "v6", "enable-cache: true", Dialect::Forgejo), UvCache::On);
        assert_eq!(cache("push", "docker", "v6", "enable-cache: false", Dialect::Forgejo), UvCache::Refused);
        assert_eq!(cache("push", "'${{ matrix.os }}'", "v6", "", Dialect::GitHub), UvCache::Unknown);
    }

    #[test]
    fn auto_is_off_for_sensitive_events_from_v10() {
        for on in ["release", "pull_request_target", "{workflow_run: {workflows: [ci]}}", "{push: {tags: [v*]}}"] {
            assert_eq!(cache(on, UBUNTU, "v10.0.0", "", Dialect::GitHub), UvCache::OffForEvents, "{on}");
            assert_eq!(cache(on, UBUNTU, "v9.0.0", "", Dialect::GitHub), UvCache::On, "{on}");
            assert_eq!(cache(on, UBUNTU, "v10", "enable-cache: true", Dialect::GitHub), UvCache::On, "{on}");
        }
        assert_eq!(cache("[pull_request, release]", UBUNTU, "v10", "", Dialect::GitHub), UvCache::Unknown);
        assert_eq!(cache("push", UBUNTU, "v10", "", Dialect::GitHub), UvCache::Unknown, "tags are pushed too");
    }

    #[test]
    fn a_known_commit_is_believed_before_a_stale_comment() {
        let pinned = |commit: &str, comment: &str| {
            let reference = format!("{commit} # {comment}");
            cache("release", UBUNTU, &reference, "", Dialect::GitHub)
        };
        // v9.0.0, in a workflow of fastapi/typer that once used v4.
        assert_eq!(pinned("c771a70e6277c0a99b617c7a806ffedaca235ff9", "v4"), UvCache::On);
        assert_eq!(pinned("ae62891fec2bb8e7d6c99fc78c9fec3a63790f8d", "v10.0.0"), UvCache::OffForEvents);
        assert_eq!(pinned("0123456789012345678901234567890123456789", "v4.2.0"), UvCache::OffByDefault);
        assert_eq!(pinned("0123456789012345678901234567890123456789", ""), UvCache::Unknown);
    }
}

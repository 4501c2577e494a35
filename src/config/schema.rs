//! Which keys stand where in a workflow, and which short forms mean the same as a mapping.

/// The place a value has in a workflow. It decides the keys allowed below and how short forms are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// The workflow itself.
    Root,
    /// The value of `jobs`.
    Jobs,
    /// One job.
    Job,
    /// The value of `steps`.
    Steps,
    /// One step.
    Step,
    /// The value of `with`: keys are compared without regard to case, as the runners do.
    Inputs,
    /// The value of `needs`: job ids, compared without regard to case.
    Needs,
    /// The value of `on`.
    On,
    /// The value of `concurrency`.
    Concurrency,
    /// The value of `container`, or of one service.
    Container,
    /// The value of `services`.
    Services,
    /// The value of `environment`.
    Environment,
    /// The value of `runs-on`.
    RunsOn,
    /// The value of `strategy`.
    Strategy,
    /// The value of `defaults`.
    Defaults,
    /// The value of `defaults.run`.
    DefaultsRun,
    /// The value of `uses`.
    Uses,
    /// The value of `if`.
    Condition,
    /// A value that is one text.
    Text,
    /// Anything: `env`, `outputs`, `matrix`, `permissions`, …
    Free,
}

const ROOT: &[&str] = &[
    "name",
    "run-name",
    "on",
    "permissions",
    "env",
    "defaults",
    "concurrency",
    "jobs",
    // Forgejo.
    "enable-email-notifications",
    "enable-openid-connect",
];

const JOB: &[&str] = &[
    "name",
    "permissions",
    "needs",
    "if",
    "runs-on",
    "snapshot",
    "environment",
    "concurrency",
    "outputs",
    "env",
    "defaults",
    "steps",
    "timeout-minutes",
    "strategy",
    "continue-on-error",
    "container",
    "services",
    "uses",
    "with",
    "secrets",
    "enable-openid-connect",
];

const STEP: &[&str] = &[
    "id",
    "if",
    "name",
    "uses",
    "run",
    "working-directory",
    "shell",
    "with",
    "env",
    "continue-on-error",
    "timeout-minutes",
];

/// The keys of a job that calls a reusable workflow; the forges refuse every other one.
const CALL: &[&str] = &["name", "uses", "with", "secrets", "strategy", "needs", "if", "concurrency", "permissions"];

/// Whether a job that calls a reusable workflow may have `key`.
pub fn is_call_key(key: &str) -> bool {
    CALL.contains(&key)
}

impl Level {
    /// The keys a mapping may have here; `None` where any key may stand.
    pub fn keys(self) -> Option<&'static [&'static str]> {
        match self {
            Self::Root => Some(ROOT),
            Self::Job => Some(JOB),
            Self::Step => Some(STEP),
            Self::Concurrency => Some(&["group", "cancel-in-progress"]),
            Self::RunsOn => Some(&["group", "labels"]),
            Self::Strategy => Some(&["matrix", "fail-fast", "max-parallel"]),
            Self::Defaults => Some(&["run"]),
            Self::DefaultsRun => Some(&["shell", "working-directory"]),
            _ => None,
        }
    }

    /// What a mapping here is called in messages.
    pub fn noun(self) -> &'static str {
        match self {
            Self::Root => "a workflow",
            Self::Jobs => "`jobs`",
            Self::Job => "a job",
            Self::Steps => "`steps`",
            Self::Step => "a step",
            Self::Inputs => "`with`",
            Self::Needs => "`needs`",
            Self::On => "`on`",
            Self::Concurrency => "`concurrency`",
            Self::Container => "a container",
            Self::Services => "`services`",
            Self::Environment => "`environment`",
            Self::RunsOn => "`runs-on`",
            Self::Strategy => "`strategy`",
            Self::Defaults => "`defaults`",
            Self::DefaultsRun => "`defaults.run`",
            Self::Uses => "`uses`",
            Self::Condition => "`if`",
            Self::Text | Self::Free => "this value",
        }
    }

    /// The level of the value of `key`.
    #[must_use]
    pub fn child(self, key: &str) -> Self {
        match (self, key) {
            (Self::Root, "jobs") => Self::Jobs,
            (Self::Root, "on") => Self::On,
            (Self::Root | Self::Job, "concurrency") => Self::Concurrency,
            (Self::Root | Self::Job, "defaults") => Self::Defaults,
            (Self::Defaults, "run") => Self::DefaultsRun,
            (Self::Jobs, _) => Self::Job,
            (Self::Job, "steps") => Self::Steps,
            (Self::Job, "needs") => Self::Needs,
            (Self::Job, "container") | (Self::Services, _) => Self::Container,
            (Self::Job, "services") => Self::Services,
            (Self::Job, "environment") => Self::Environment,
            (Self::Job, "runs-on") => Self::RunsOn,
            (Self::Job, "strategy") => Self::Strategy,
            (Self::Job | Self::Step, "with") => Self::Inputs,
            (Self::Job | Self::Step, "uses") => Self::Uses,
            (Self::Job | Self::Step, "if") => Self::Condition,
            (Self::Root | Self::Job | Self::Step, "name" | "run-name")
            | (Self::Job | Self::Step, "timeout-minutes" | "continue-on-error")
            | (Self::Step, "id" | "run" | "working-directory" | "shell")
            | (Self::Concurrency | Self::DefaultsRun, _)
            | (Self::Strategy, "fail-fast" | "max-parallel") => Self::Text,
            _ => Self::Free,
        }
    }

    /// The level of the items of a list.
    #[must_use]
    pub fn item(self) -> Self {
        match self {
            Self::Steps => Self::Step,
            Self::Needs | Self::Text | Self::Uses | Self::Condition => self,
            _ => Self::Free,
        }
    }

    /// The key a text or list stands for where it is the short form of a mapping: `concurrency: x` is `{group: x}`.
    pub fn main_key(self) -> Option<&'static str> {
        match self {
            Self::Concurrency => Some("group"),
            Self::Container => Some("image"),
            Self::Environment => Some("name"),
            Self::RunsOn => Some("labels"),
            _ => None,
        }
    }

    /// Whether a mapping can stand here.
    pub fn takes_mapping(self) -> bool {
        !matches!(self, Self::Needs | Self::Text | Self::Uses | Self::Condition)
    }

    /// Whether only a mapping can stand here.
    pub fn is_mapping_only(self) -> bool {
        matches!(
            self,
            Self::Root
                | Self::Jobs
                | Self::Job
                | Self::Step
                | Self::Inputs
                | Self::Services
                | Self::Strategy
                | Self::Defaults
                | Self::DefaultsRun
        )
    }
}

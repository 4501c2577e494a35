//! Commands that neither run tests nor touch coverage data, and commands that handle files.

use super::script::Word;

/// What a command that is neither a test tool nor a task runner may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// Neither runs tests nor touches data.
    Inert,
    /// May move, make or remove files.
    Files,
    /// Cannot be known.
    Opaque,
}

const INERT: &[&str] = &[
    // The shell and its built-in commands.
    "[",
    "[[",
    "((",
    "test",
    ":",
    "true",
    "false",
    "exit",
    "return",
    "break",
    "continue",
    "shift",
    "local",
    "declare",
    "typeset",
    "readonly",
    "export",
    "read",
    "unset",
    "set",
    "shopt",
    "ulimit",
    "umask",
    "cd",
    "pushd",
    "popd",
    "pwd",
    "wait",
    "type",
    "hash",
    "echo",
    "printf",
    "let",
    "jobs",
    "kill",
    // Looking around.
    "cat",
    "ls",
    "dir",
    "tree",
    "head",
    "tail",
    "less",
    "more",
    "wc",
    "sort",
    "uniq",
    "cut",
    "tr",
    "grep",
    "egrep",
    "fgrep",
    "rg",
    "awk",
    "jq",
    "yq",
    "tee",
    "diff",
    "cmp",
    "du",
    "df",
    "stat",
    "file",
    "printenv",
    "uname",
    "hostname",
    "whoami",
    "id",
    "nproc",
    "free",
    "lscpu",
    "basename",
    "dirname",
    "realpath",
    "readlink",
    "seq",
    "sleep",
    "date",
    "which",
    "whereis",
    "md5sum",
    "sha256sum",
    "sha1sum",
    "base64",
    "column",
    "fold",
    "nl",
    "tac",
    "paste",
    "comm",
    "sw_vers",
    "lsb_release",
    "ldd",
    "nvidia-smi",
    "expr",
    "bc",
    // Directories and modes.
    "mkdir",
    "chmod",
    "chown",
    "chgrp",
    // Installing.
    "pip",
    "pip3",
    "pipdeptree",
    "apt-get",
    "apt",
    "apt-cache",
    "aptitude",
    "dpkg",
    "apk",
    "dnf",
    "yum",
    "microdnf",
    "pacman",
    "zypper",
    "brew",
    "choco",
    "snap",
    "ensurepip",
    "venv",
    "virtualenv",
    "rustup",
    "locale-gen",
    "update-alternatives",
    "ldconfig",
    "playwright",
    "pyenv",
    "corepack",
    // Linters, type checkers, formatters, builders.
    "ruff",
    "mypy",
    "dmypy",
    "black",
    "flake8",
    "pylint",
    "isort",
    "pyright",
    "basedpyright",
    "ty",
    "pyre",
    "bandit",
    "vulture",
    "safety",
    "pip-audit",
    "deptry",
    "codespell",
    "typos",
    "djlint",
    "yamllint",
    "actionlint",
    "zizmor",
    "shellcheck",
    "shfmt",
    "hadolint",
    "pre-commit",
    "prek",
    "interrogate",
    "docstr-coverage",
    "pydocstyle",
    "radon",
    "xenon",
    "lizard",
    "autoflake",
    "pyupgrade",
    "check-manifest",
    "check-wheel-contents",
    "twine",
    "build",
    "pyproject-build",
    "flit",
    "maturin",
    "sphinx-build",
    "mkdocs",
    "towncrier",
    "bump-my-version",
    "compileall",
    "json.tool",
    "site",
    "sysconfig",
    "platform",
    "cibuildwheel",
    "auditwheel",
    "git-cliff",
    "gitleaks",
    // Uploading what exists.
    "codecov",
    "codecovcli",
    "coveralls",
    "codacy-coverage-reporter",
    "diff-cover",
    "diff-quality",
    "coverage-badge",
    "genbadge",
];

const FILES: &[&str] = &[
    "mv", "cp", "rsync", "ln", "tar", "bsdtar", "unzip", "zip", "7z", "gzip", "gunzip", "xz", "unxz", "zstd", "find",
    "rm", "rmdir", "unlink", "touch", "truncate", "sqlite3", "install", "dd", "rename", "split", "mktemp", "shred",
    "patch", "zipfile", "tarfile",
];

/// Classes the command `name` with its arguments.
pub(super) fn class(name: &str, args: &[Word]) -> Class {
    let has = |flags: &[&str]| args.iter().any(|w| flags.contains(&w.text.as_str()));
    let sub = args.iter().map(|w| w.text.as_str()).find(|t| !t.starts_with('-')).unwrap_or_default();
    let when = |table: &[&str]| if sub.is_empty() || table.contains(&sub) { Class::Inert } else { Class::Opaque };
    if INERT.contains(&name) {
        return Class::Inert;
    }
    if name == "find"
        && let Some(at) = args.iter().position(|w| matches!(w.text.as_str(), "-exec" | "-execdir" | "-ok" | "-okdir"))
    {
        let known =
            args.get(at + 1).and_then(Word::literal).is_some_and(|tool| INERT.contains(&tool) || FILES.contains(&tool));
        return if known { Class::Files } else { Class::Opaque };
    }
    if FILES.contains(&name) {
        return Class::Files;
    }
    match name {
        "sed" | "perl"
            if args
                .iter()
                .any(|w| w.text.starts_with("-i") || w.text.starts_with("--in-place") || w.text.starts_with("-pi")) =>
        {
            Class::Files
        }
        "sed" => Class::Inert,
        "git" => {
            let sub = args
                .iter()
                .map(|w| w.text.as_str())
                .find(|t| !t.starts_with('-') && !t.contains('='))
                .unwrap_or_default();
            if matches!(sub, "clean" | "stash" | "mv" | "rm" | "apply" | "worktree" | "lfs") || has(&["-C"]) {
                Class::Files
            } else {
                Class::Inert
            }
        }
        "uv" => when(&[
            "pip", "sync", "venv", "add", "remove", "lock", "python", "tool", "build", "publish", "cache", "version",
            "export", "tree", "self", "init", "help", "format",
        ]),
        "poetry" | "pdm" | "pipenv" | "rye" => when(&[
            "install",
            "add",
            "remove",
            "sync",
            "lock",
            "update",
            "config",
            "venv",
            "env",
            "build",
            "version",
            "export",
            "show",
            "check",
            "self",
            "cache",
            "publish",
            "use",
            "info",
            "list",
            "plugin",
            "python",
            "requirements",
            "verify",
            "graph",
            "fetch",
            "pin",
            "help",
            "about",
        ]),
        "pixi" => when(&[
            "install",
            "add",
            "remove",
            "update",
            "lock",
            "list",
            "info",
            "tree",
            "config",
            "self-update",
            "global",
            "init",
        ]),
        "pipx" => when(&["install", "inject", "ensurepath", "list", "upgrade", "uninstall", "environment"]),
        "conda" | "mamba" | "micromamba" => when(&[
            "install",
            "create",
            "env",
            "update",
            "activate",
            "deactivate",
            "list",
            "info",
            "config",
            "init",
            "clean",
            "shell",
            "remove",
        ]),
        "npm" | "pnpm" | "yarn" => when(&["install", "ci", "i", "add", "config", "cache", "version", "set"]),
        "docker" | "podman" => when(&[
            "build", "buildx", "pull", "push", "login", "logout", "tag", "info", "version", "images", "ps", "network",
            "volume", "logs", "inspect",
        ]),
        "cargo" => when(&["build", "fmt", "clippy", "check", "install", "fetch", "doc"]),
        _ if has(&["--version", "--help"]) && args.len() == 1 => Class::Inert,
        _ => Class::Opaque,
    }
}

/// Whether a file written by `name`'s output could matter to coverage: data, or the settings of the tools.
pub(super) fn output_matters(name: &str, target: &Word, here_document: bool) -> bool {
    const SETTINGS: &[&str] = &[
        "pyproject.toml",
        "setup.cfg",
        "tox.ini",
        "pytest.ini",
        "conftest.py",
        "sitecustomize.py",
        "noxfile.py",
        "Makefile",
    ];
    const TEXT: &[&str] = &[".md", ".txt", ".log", ".out", ".err", ".html", ".svg", ".yml", ".yaml"];
    if target.dynamic {
        return true;
    }
    let base = target.text.rsplit('/').next().unwrap_or_default();
    let named = base.contains("cov")
        || SETTINGS.contains(&base)
        || base.rsplit_once('.').is_some_and(|(_, extension)| extension == "pth");
    let writes_text = matches!(name, "echo" | "printf") || (here_document && matches!(name, "cat" | "tee"));
    named || (!writes_text && !TEXT.iter().any(|suffix| base.ends_with(suffix)))
}

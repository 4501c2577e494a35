//! What the commands of a script do, as far as Python tests and coverage data are concerned.

use std::collections::HashMap;

use super::apply::{self, ApplyCommand};
use super::coverage::{self, CoverageCommand, SlipcoverMerge};
use super::inert::{self, Class};
use super::parse;
use super::script::{Command, RedirectKind, Script, Variable, Word};
use super::session::{self, Runner, SessionRun};
use super::suite::{self, Suite, TestRun};
use super::wrapper::{self, Invocation, Target, TaskRunner};
use crate::source::Span;

/// Scripts given as text (`bash -c`) nested deeper than this are opaque.
const MAX_SHELLS: u32 = 4;

/// What one command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// What it does.
    pub kind: EffectKind,
    /// The command from its tool's name onward; for a script given as text the command that runs it.
    pub span: Span,
    /// It may not run at all; see [`Command::guarded`].
    pub guarded: bool,
    /// The directory it runs in.
    pub cwd: Cwd,
    /// Variables set for this command alone: `A=b pytest`, `env A=b pytest`.
    pub env: Vec<(String, Word)>,
    /// Files its output is redirected to, forge files such as `$GITHUB_ENV` and devices left out.
    pub writes: Vec<Word>,
    /// Its output goes into a pipe, so without `pipefail` its failure goes unseen.
    pub piped_out: bool,
}

/// The directory a command runs in, relative to where the step starts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Cwd {
    /// Where the step starts.
    #[default]
    Unchanged,
    /// This directory, relative to where the step starts, or absolute.
    Known(String),
    /// Changed to a directory that is not known.
    Unknown,
}

/// What a command does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EffectKind {
    /// Runs tests, or any program under measurement.
    Tests(TestRun),
    /// Starts sessions of a task runner, or a script file.
    Session(SessionRun),
    /// Works on coverage data.
    Coverage(CoverageCommand),
    /// Merges slipcover data.
    SlipcoverMerge(SlipcoverMerge),
    /// Reports on coverage data with this program.
    Apply(ApplyCommand),
    /// May have made, moved or removed files.
    Files(FileOp),
    /// Sets variables for later steps through `$GITHUB_ENV`.
    WritesEnv(ForgeWrite),
    /// Sets step outputs through `$GITHUB_OUTPUT`.
    WritesOutput(ForgeWrite),
    /// Neither runs tests nor touches coverage data.
    Inert,
    /// Cannot be known.
    Opaque,
}

/// A command that handles files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileOp {
    /// The command's name; empty for a mere redirect.
    pub tool: String,
    /// Its arguments.
    pub args: Vec<Word>,
}

/// Lines written to a file by which the forge takes variables or outputs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ForgeWrite {
    /// The names with their values; `None` where the value is not literally known.
    pub entries: Vec<(String, Option<String>)>,
    /// Further names may be written.
    pub dynamic: bool,
}

impl Effect {
    /// What this command sees of the environment variable `name`, as far as `script`, the script it stands in, decides it.
    pub fn variable(&self, script: &Script, name: &str) -> Variable {
        match self.env.iter().rev().find(|(n, _)| n == name) {
            Some((_, value)) => value.literal().map_or(Variable::Unknown, |t| Variable::Known(t.to_owned())),
            None => script.exported(name, self.span.start),
        }
    }
}

/// What the commands of `script` do, in order.
///
/// A script that could not be split reliably ends with an [`EffectKind::Opaque`] over all of it.
pub fn effects(script: &Script) -> Vec<Effect> {
    let mut walk = Walk { found: Vec::new(), depth: 0, outer: None, directories: HashMap::from([(0, Cwd::Unchanged)]) };
    walk.script(script);
    walk.found
}

struct Walk {
    found: Vec<Effect>,
    depth: u32,
    /// The command that runs this script as text.
    outer: Option<(Span, bool)>,
    /// The current directory of each subshell met so far.
    directories: HashMap<usize, Cwd>,
}

impl Walk {
    fn script(&mut self, script: &Script) {
        for (index, command) in script.commands.iter().enumerate() {
            let before = index.checked_sub(1).map(|i| &script.commands[i]).filter(|c| c.piped_out && command.piped_in);
            self.command(script, command, before);
        }
        if script.opaque {
            let span = script.commands.iter().map(|c| c.span).reduce(Span::to).unwrap_or_default();
            let effect = Effect {
                kind: EffectKind::Opaque,
                span: self.outer.map_or(span, |(span, _)| span),
                guarded: self.outer.is_some_and(|(_, guarded)| guarded),
                cwd: Cwd::Unknown,
                env: Vec::new(),
                writes: Vec::new(),
                piped_out: false,
            };
            self.found.push(effect);
        }
    }

    fn directory(&mut self, script: &Script, subshell: usize) -> Cwd {
        let mut chain = vec![];
        let mut at = subshell;
        let cwd = loop {
            if let Some(cwd) = self.directories.get(&at) {
                break cwd.clone();
            }
            chain.push(at);
            match script.subshells.get(at) {
                Some(&parent) if parent < at => at = parent,
                // A group that was detached afterwards has a parent numbered later.
                Some(&parent) if chain.len() <= script.subshells.len() && parent != at => at = parent,
                _ => break Cwd::Unknown,
            }
        };
        for at in chain {
            self.directories.insert(at, cwd.clone());
        }
        cwd
    }

    fn command(&mut self, script: &Script, command: &Command, before: Option<&Command>) {
        let cwd = self.directory(script, command.subshell);
        let writes = written_files(command);
        let Some(first) = command.words.first() else {
            if !writes.is_empty() {
                let kind = EffectKind::Files(FileOp { tool: String::new(), args: Vec::new() });
                self.push(command, command.span, kind, cwd, command.assignments.clone(), writes);
            }
            return;
        };
        if !first.dynamic && script.functions.contains(&first.text) {
            self.directories.insert(command.subshell, Cwd::Unknown);
            self.push(command, command.span, EffectKind::Opaque, cwd, command.assignments.clone(), writes);
            return;
        }
        let mut env = command.assignments.clone();
        let forge = forge_writes(command, before);
        let mut only_forge = false;
        match wrapper::unwrap(&command.words) {
            Target::Tool(tool) => {
                env.extend(tool.assignments.iter().cloned());
                let cwd = tool.directory.as_ref().map_or(cwd.clone(), |d| join(&cwd, Some(d)));
                let span = tool.args.last().map_or(tool.head.span, |last| through(tool.head.span, last.span));
                self.change_directory(command, &tool, &cwd);
                let (kind, directory) = classify(command, &tool, &writes);
                only_forge = kind == EffectKind::Inert && !forge.is_empty();
                if !only_forge {
                    let cwd = directory.map_or(cwd.clone(), |d| join(&cwd, Some(&d)));
                    self.push(command, span, kind, cwd, env.clone(), writes.clone());
                }
            }
            Target::Shell(text) => self.nested(command, &text, cwd.clone(), &env),
            Target::Task { runner, name, args } => {
                let known = command.words.iter().all(|w| !w.dynamic);
                let run = SessionRun {
                    runner: match runner {
                        TaskRunner::Script => Runner::Script,
                        TaskRunner::Hatch => Runner::Hatch,
                        TaskRunner::Pdm => Runner::Pdm,
                        TaskRunner::Rye => Runner::Rye,
                        TaskRunner::Pixi => Runner::Pixi,
                    },
                    sessions: vec![name.text.clone()],
                    args: args.iter().map(|w| w.text.clone()).collect(),
                    options: Vec::new(),
                    known,
                };
                let span = args.last().map_or(name.span, |last| through(name.span, last.span));
                let kind = if name.dynamic { EffectKind::Opaque } else { EffectKind::Session(run) };
                self.push(command, span, kind, cwd.clone(), env.clone(), writes.clone());
            }
            Target::Nothing => {
                only_forge = !forge.is_empty();
                if !only_forge {
                    self.push(command, command.span, EffectKind::Inert, cwd.clone(), env.clone(), writes.clone());
                }
            }
            Target::Unknown => {
                self.push(command, command.span, EffectKind::Opaque, cwd.clone(), env.clone(), writes.clone());
            }
        }
        for kind in forge {
            let writes = if only_forge { writes.clone() } else { Vec::new() };
            self.push(command, command.span, kind, cwd.clone(), env.clone(), writes);
        }
    }

    fn push(
        &mut self,
        command: &Command,
        span: Span,
        kind: EffectKind,
        cwd: Cwd,
        env: Vec<(String, Word)>,
        writes: Vec<Word>,
    ) {
        let (span, guarded) =
            self.outer.map_or((span, command.guarded), |(outer, guarded)| (outer, guarded || command.guarded));
        self.found.push(Effect { kind, span, guarded, cwd, env, writes, piped_out: command.piped_out });
    }

    /// The effects of a script given as text.
    fn nested(&mut self, command: &Command, text: &str, cwd: Cwd, env: &[(String, Word)]) {
        if self.depth >= MAX_SHELLS {
            self.push(command, command.span, EffectKind::Opaque, cwd, env.to_vec(), Vec::new());
            return;
        }
        let (span, guarded) =
            self.outer.map_or((command.span, command.guarded), |(span, guarded)| (span, guarded || command.guarded));
        let script = parse::parse(text);
        let mut walk = Self {
            found: Vec::new(),
            depth: self.depth + 1,
            outer: Some((span, guarded)),
            directories: HashMap::from([(0, cwd)]),
        };
        walk.script(&script);
        for mut effect in walk.found {
            // Exports inside the text belong to it; carry them along, as the outer script does not show them.
            let mut all = env.to_vec();
            for assignment in script.assignments().into_iter().filter(|a| a.exported) {
                let value = assignment.value.unwrap_or_default();
                all.push((assignment.name, Word { dynamic: true, ..value }));
            }
            all.append(&mut effect.env);
            effect.env = all;
            effect.piped_out |= command.piped_out;
            effect.writes.extend(written_files(command));
            self.found.push(effect);
        }
    }

    fn change_directory(&mut self, command: &Command, tool: &Invocation, cwd: &Cwd) {
        let next = match tool.name.as_str() {
            "pushd" | "popd" => Cwd::Unknown,
            "cd" => {
                let target =
                    tool.args.iter().find(|w| w.text != "--" && w.text != "-P" && w.text != "-L" && w.text != "-e");
                if command.guarded || target.is_none_or(|w| w.text == "-") { Cwd::Unknown } else { join(cwd, target) }
            }
            _ => return,
        };
        self.directories.insert(command.subshell, next);
    }
}

/// From the start of `first` to the end of `last`; `first` alone when `last` stands before it.
fn through(first: Span, last: Span) -> Span {
    if last.start >= first.start { first.to(last) } else { first }
}

/// The directory `target` seen from `base`.
fn join(base: &Cwd, target: Option<&Word>) -> Cwd {
    let Some(target) = target.and_then(Word::literal).filter(|t| !t.is_empty()) else { return Cwd::Unknown };
    let base = match base {
        _ if target.starts_with('/') => "",
        Cwd::Unknown => return Cwd::Unknown,
        Cwd::Unchanged => "",
        Cwd::Known(base) => base,
    };
    let absolute = target.starts_with('/') || base.starts_with('/');
    let mut parts: Vec<&str> = Vec::new();
    for part in base.split('/').chain(target.split('/')) {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|p| *p != "..") => {
                parts.pop();
            }
            ".." if absolute => {}
            part => parts.push(part),
        }
    }
    let joined = parts.join("/");
    match (absolute, joined.is_empty()) {
        (true, _) => Cwd::Known(format!("/{joined}")),
        (false, true) => Cwd::Unchanged,
        (false, false) => Cwd::Known(joined),
    }
}

/// What a tool does, and the directory it changes to by an option of its own.
fn classify(command: &Command, tool: &Invocation, writes: &[Word]) -> (EffectKind, Option<Word>) {
    let name = tool.name.as_str();
    let from_suite = |suite: Suite| match suite {
        Suite::Run(run) => EffectKind::Tests(run),
        Suite::Inert => EffectKind::Inert,
        Suite::Opaque => EffectKind::Opaque,
    };
    // `unittest`, `django` and `twisted.trial` are modules only.
    if (tool.module || !matches!(name, "unittest" | "django" | "twisted.trial"))
        && let Some(suite) = suite::read_suite(name, &tool.args)
    {
        return (from_suite(suite), None);
    }
    if matches!(name, "coverage" | "coverage3" | "slipcover")
        || name.strip_prefix("coverage-").is_some_and(|v| v.starts_with('3'))
    {
        let reading = if name == "slipcover" {
            coverage::read_slipcover(&tool.args)
        } else {
            coverage::read_coverage(&tool.args)
        };
        let kind = match reading {
            coverage::Reading::Suite(suite) => from_suite(suite),
            coverage::Reading::Command(command) => EffectKind::Coverage(command),
            coverage::Reading::Merge(merge) => EffectKind::SlipcoverMerge(merge),
            coverage::Reading::Inert => EffectKind::Inert,
            coverage::Reading::Opaque => EffectKind::Opaque,
        };
        return (kind, None);
    }
    if name == "ci-lint" {
        let kind = match apply::read(&tool.args) {
            apply::Reading::Apply(command) => EffectKind::Apply(command),
            apply::Reading::Inert => EffectKind::Inert,
        };
        return (kind, None);
    }
    if let Some(reading) = session::read(name, &tool.args) {
        return match reading {
            session::Reading::Run(run, directory) => (EffectKind::Session(run), directory),
            session::Reading::Inert => (EffectKind::Inert, None),
            session::Reading::Opaque => (EffectKind::Opaque, None),
        };
    }
    let files = || EffectKind::Files(FileOp { tool: tool.name.clone(), args: tool.args.clone() });
    let here_document = command.redirects.iter().any(|r| r.kind == RedirectKind::HereDocument);
    let tee = if name == "tee" { tool.args.as_slice() } else { &[] };
    let tee = tee.iter().filter(|w| !w.text.starts_with('-') && is_file(w));
    let kind = match inert::class(name, &tool.args) {
        Class::Inert if writes.iter().chain(tee).any(|w| inert::output_matters(name, w, here_document)) => files(),
        Class::Inert => EffectKind::Inert,
        Class::Files => files(),
        // pdm runs its scripts under their bare names too.
        Class::Opaque if name == "pdm" => match tool.args.first() {
            Some(script) if !script.dynamic && !script.text.starts_with('-') => EffectKind::Session(SessionRun {
                runner: Runner::Pdm,
                sessions: vec![script.text.clone()],
                args: tool.args[1..].iter().map(|w| w.text.clone()).collect(),
                options: Vec::new(),
                known: tool.args.iter().all(|w| !w.dynamic),
            }),
            _ => EffectKind::Opaque,
        },
        Class::Opaque => EffectKind::Opaque,
    };
    (kind, None)
}

/// Which forge file a redirect target is: `$GITHUB_ENV` answers `ENV`.
fn forge_file(target: &Word) -> Option<&str> {
    let text = target.text.trim();
    let name = text.strip_prefix("${").and_then(|t| t.strip_suffix('}')).or_else(|| text.strip_prefix('$'))?;
    if let Some(expression) = name.strip_prefix('{').and_then(|t| t.strip_suffix('}')) {
        return match expression.trim() {
            "github.env" | "env.GITHUB_ENV" => Some("ENV"),
            "github.output" | "env.GITHUB_OUTPUT" => Some("OUTPUT"),
            "github.path" => Some("PATH"),
            "github.step_summary" => Some("STEP_SUMMARY"),
            _ => None,
        };
    }
    let name = ["GITHUB_", "FORGEJO_", "GITEA_"].iter().find_map(|prefix| name.strip_prefix(prefix))?;
    matches!(name, "ENV" | "OUTPUT" | "PATH" | "STEP_SUMMARY" | "STATE").then_some(name)
}

fn is_file(target: &Word) -> bool {
    forge_file(target).is_none() && !target.text.starts_with("/dev/")
}

/// The files any output of `command` is redirected to.
fn written_files(command: &Command) -> Vec<Word> {
    let files = command
        .redirects
        .iter()
        .filter(|r| matches!(r.kind, RedirectKind::Write | RedirectKind::Append | RedirectKind::ReadWrite));
    files.filter(|r| is_file(&r.target)).map(|r| r.target.clone()).collect()
}

/// What `command` tells the forge through its files.
fn forge_writes(command: &Command, before: Option<&Command>) -> Vec<EffectKind> {
    let mut found = Vec::new();
    let mut add = |target: &Word, from: &Command| match forge_file(target) {
        Some("ENV") => found.push(EffectKind::WritesEnv(written(from))),
        Some("OUTPUT") => found.push(EffectKind::WritesOutput(written(from))),
        _ => {}
    };
    for redirect in command.redirects.iter().filter(|r| r.takes_stdout()) {
        add(&redirect.target, command);
    }
    if command.words.first().is_some_and(|w| w.text == "tee") {
        for target in &command.words[1..] {
            add(target, before.unwrap_or(command));
        }
    }
    found
}

/// The names and values a command prints as `NAME=value` lines.
fn written(command: &Command) -> ForgeWrite {
    let name = command.words.first().map_or("", |w| w.text.as_str());
    let args = command.words.get(1..).unwrap_or_default();
    let text = match name {
        "echo" => {
            let flags =
                args.iter().take_while(|w| matches!(w.text.as_str(), "-e" | "-n" | "-E" | "-ne" | "-en")).count();
            let text = args[flags..].iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" ");
            if flags > 0 { text.replace("\\n", "\n") } else { text }
        }
        "printf" => args.first().map(|w| w.text.replace("\\n", "\n")).unwrap_or_default(),
        "cat" | "tee" => match command.redirects.iter().find_map(|r| r.body.as_ref()) {
            Some(body) => body.text.clone(),
            None => return ForgeWrite { entries: Vec::new(), dynamic: true },
        },
        _ => return ForgeWrite { entries: Vec::new(), dynamic: true },
    };
    read_lines(&text, name == "printf")
}

fn read_lines(text: &str, formatted: bool) -> ForgeWrite {
    let mut write = ForgeWrite::default();
    let mut lines = text.lines();
    let computed = |text: &str| text.contains(['$', '`']) || (formatted && text.contains('%'));
    while let Some(line) = lines.next() {
        let end = line.bytes().take_while(|&b| b == b'_' || b.is_ascii_alphanumeric()).count();
        let (name, rest) = line.split_at(end);
        if let Some(value) = rest.strip_prefix('=').filter(|_| !name.is_empty()) {
            write.entries.push((name.to_owned(), (!computed(value)).then(|| value.to_owned())));
        } else if let Some(delimiter) = rest.strip_prefix("<<").filter(|_| !name.is_empty()) {
            let body: Vec<&str> = lines.by_ref().take_while(|l| *l != delimiter).collect();
            let value = body.join("\n");
            write.entries.push((name.to_owned(), (!body.is_empty() && !computed(&value)).then_some(value)));
        } else {
            write.dynamic |= computed(line);
        }
    }
    write
}

#[cfg(test)]
mod tests {
    use super::super::coverage::CoverageSub;
    use super::super::session::same_session;
    use super::super::suite::{CoverageRun, Measured, TestTool, same_suite};
    use super::*;

    fn all(script: &str) -> Vec<Effect> {
        effects(&parse::parse(script))
    }

    fn one(script: &str) -> Effect {
        let mut found = all(script);
        assert_eq!(found.len(), 1, "{script}: {found:#?}");
        found.remove(0)
    }

    fn tests(script: &str) -> TestRun {
        match one(script).kind {
            EffectKind::Tests(run) => run,
            other => panic!("{script}: {other:#?}"),
        }
    }

    fn session(script: &str) -> SessionRun {
        match one(script).kind {
            EffectKind::Session(run) => run,
            other => panic!("{script}: {other:#?}"),
        }
    }

    fn coverage(script: &str) -> CoverageCommand {
        match one(script).kind {
            EffectKind::Coverage(command) => command,
            other => panic!("{script}: {other:#?}"),
        }
    }

    fn measured(script: &str) -> CoverageRun {
        match tests(script).measured {
            Some(Measured::Coverage(run)) => run,
            other => panic!("{script}: {other:#?}"),
        }
    }

    /// One letter per effect, `?` before a guarded one.
    fn kinds(script: &str) -> String {
        let letters = |effect: Effect| match effect.kind {
            EffectKind::Tests(_) => "T",
            EffectKind::Session(_) => "S",
            EffectKind::Coverage(_) => "C",
            EffectKind::SlipcoverMerge(_) => "M",
            EffectKind::Apply(_) => "A",
            EffectKind::Files(_) => "F",
            EffectKind::WritesEnv(_) => "E",
            EffectKind::WritesOutput(_) => "O",
            EffectKind::Inert => ".",
            EffectKind::Opaque => "X",
        };
        all(script).into_iter().flat_map(|e| [if e.guarded { "?" } else { "" }, letters(e)]).collect()
    }

    #[test]
    fn wrappers_do_not_hide_the_tool() {
        for script in [
            "pytest",
            "python -m pytest",
            "python3.12 -X dev -W error -m pytest",
            "py -3 -m pytest",
            "python -Im pytest",
            "python -mpytest",
            "uv run pytest",
            "uv run --frozen --extra test -- pytest",
            "uv run -m pytest",
            "uv run --group dev python -m pytest",
            "uv --quiet run pytest",
            "uvx --with pytest-cov pytest@latest",
            "uv tool run --from pytest pytest",
            "poetry run pytest",
            "pdm run pytest",
            "pipenv run pytest",
            "hatch run pytest",
            "hatch run test:pytest",
            "hatch -e test run pytest",
            "rye run pytest",
            "pixi run -e test pytest",
            "A=b pytest",
            "env -u X A=b pytest",
            "sudo -E pytest",
            "time pytest",
            "exec pytest",
            "nice -n 5 pytest",
            "timeout -k 5 60 pytest",
            "xvfb-run -a -s '-screen 0 1x1x8' pytest",
            "xvfb-run --auto-servernum uv run pytest",
            "micromamba run -n env pytest",
            "conda run -n e --no-capture-output pytest",
            ".venv/bin/pytest",
            "$VENV/bin/python -m pytest",
            ".venv\\\\Scripts\\\\pytest.exe",
            "bash -c pytest",
            "bash -euo pipefail -c 'pytest'",
            "sh -c \"exec pytest\"",
            "eval pytest",
            "pytest -v -n auto --durations=5 -p no:cacheprovider -x -ra --tb short --cov=src",
        ] {
            assert_eq!(kinds(script), "T", "{script}");
            assert!(same_suite(&tests(script), &tests("pytest")), "{script}");
        }
        assert_eq!(tests("bash -c \"behave features/\"").selection, ["features"]);
        assert_eq!(kinds("nox -s a && bash -c 'cd x; pytest || true; nox'"), "S.T?.S");
    }

    #[test]
    fn ci_lint_apply_reads_coverage_data_and_ci_lint_lint_does_not() {
        let apply = |script: &str| match one(script).kind {
            EffectKind::Apply(command) => command,
            other => panic!("{script}: {other:#?}"),
        };
        let named = apply("uvx ci-lint@0.1 apply --fail-under 97 data/ -v more/.coverage.*");
        assert_eq!(named.data.iter().map(|word| word.text.as_str()).collect::<Vec<_>>(), ["data/", "more/.coverage.*"]);
        assert!(!named.other_run && named.artifacts.is_none());
        assert!(apply("ci-lint apply").data.is_empty());
        assert_eq!(apply("ci-lint apply --artifacts=coverage-*").artifacts.as_deref(), Some("coverage-*"));
        assert!(apply("ci-lint apply --run-id 12").other_run);
        assert_eq!(kinds("ci-lint check\nci-lint lint .github\nci-lint apply --help\nci-lint"), "....");
    }

    #[test]
    fn mentions_are_no_test_runs() {
        for script in [
            "echo \"run pytest to test\"",
            "pip install pytest coverage",
            "python -m pip install pytest",
            "uv pip install pytest",
            "which pytest",
            "command -v pytest",
            "coverage --version",
            "pytest --version",
            "pytest --collect-only -q",
            "pytest --help",
            "behave --dry-run",
            "nox --list",
            "nox -l",
            "tox -l",
            "tox list",
            "tox --notest",
            "cat <<EOF\npytest\nEOF",
            "python --version",
            "uv sync --group test",
            "poetry install --with test",
            "source .venv/bin/activate",
            "apt-get install -y python3-pytest",
            "export PYTEST_ADDOPTS=-v",
            "coverage report --help",
            "uv tool install nox",
            "grep -q pytest x",
            "docker build -t pytest .",
            "pre-commit run --all-files",
            "uvx ruff check",
            "python -m mypy src",
            "git diff",
            "nox --install-only -s tests",
        ] {
            assert_eq!(kinds(script), ".", "{script}");
        }
        assert_eq!(kinds("# pytest\n"), "");
    }

    #[test]
    fn what_cannot_be_known_is_opaque() {
        for script in [
            "$CMD",
            "${{ inputs.command }}",
            "python -c 'import pytest; pytest.main()'",
            "python - <<EOF\nimport pytest\nEOF",
            "bash <<EOF\npytest\nEOF",
            "docker run x pytest",
            "curl -o .coverage https://example.org",
            "xargs pytest",
            "coverage $SUB",
            "uv run $CMD",
            "gh run download",
            "npm test",
            "pytest() { echo; }\npytest",
            "coverage run -m pytest --version",
            "ssh host pytest",
            "poetry run start",
            "find . -name tests -exec pytest {} +",
            "trap pytest EXIT",
        ] {
            assert!(kinds(script).ends_with('X'), "{script}: {}", kinds(script));
        }
        assert_eq!(kinds("echo 'a"), ".X");
    }

    #[test]
    fn guards_follow_the_script() {
        assert_eq!(kinds("if [ -f x ]; then pytest; fi"), ".?T");
        assert_eq!(kinds("pytest || true"), "T?.");
        assert_eq!(kinds("pytest tests && coverage report"), "TC");
        assert_eq!(kinds("[ \"$A\" = b ] && pytest"), ".?T");
    }

    #[test]
    fn selections() {
        let run = tests(
            "pytest --cov=src --cov-report=xml:cov/coverage.xml -q ./tests/unit/ -k \"not slow\" --ignore=tests/x/ -m 'a and b' --runslow",
        );
        assert_eq!(run.selection, ["tests/unit", "-k not slow", "--ignore tests/x", "-m a and b", "--runslow"]);
        assert!(run.selection_known);
        assert_eq!(run.measured, Some(Measured::PytestCov { append: false, config: None }));
        assert_eq!((run.reports[0].format.as_str(), run.reports[0].path.as_deref()), ("xml", Some("cov/coverage.xml")));
        assert_eq!(
            tests("pytest --cov src --cov-report term-missing:skip-covered --cov-fail-under=90").reports[0].path,
            None
        );
        assert!(tests("pytest --cov --cov-fail-under=90").fail_under);
        assert_eq!(tests("pytest --cov --no-cov").measured, None);
        assert_eq!(tests("pytest --cov-report=xml").measured, None);
        assert!(!tests("pytest $ARGS").selection_known);
        assert!(!tests("pytest -k $ARGS").selection_known);
        assert!(same_suite(
            &tests("pytest -k 'a b' tests"),
            &tests("python -m coverage run -m pytest tests/ -k='a b' -n 4")
        ));
        for other in [
            "pytest tests/unit",
            "pytest -k x tests",
            "pytest --slow tests",
            "behave tests",
            "pytest tests $X",
            "pytest --lf tests",
        ] {
            assert!(!same_suite(&tests("pytest tests"), &tests(other)), "{other}");
        }
        let run = tests("behave --tags=~@slow -f progress --no-capture features/");
        assert_eq!((run.tool, run.selection), (TestTool::Behave, vec!["features".to_owned(), "-t ~@slow".to_owned()]));
        let run = tests("python -m unittest discover -s tests/ -v");
        assert_eq!((run.tool, run.selection), (TestTool::Unittest, vec!["discover".to_owned(), "-s tests".to_owned()]));
        let run = tests("python manage.py test --parallel 4 app --tag=fast");
        assert_eq!((run.tool, run.selection), (TestTool::DjangoTest, vec!["app".to_owned(), "--tag fast".to_owned()]));
        assert_eq!(tests("./manage.py test").tool, TestTool::DjangoTest);
        assert_eq!(tests("python -m nose2").tool, TestTool::Nose2);
        assert_eq!(kinds("python manage.py migrate; ./manage.py test"), "XT");
    }

    #[test]
    fn coverage_run() {
        let run = measured("uv run --frozen coverage run -p -m pytest tests -n auto");
        assert!(run.parallel && run.data_file.is_none());
        assert_eq!(tests("uv run --frozen coverage run -p -m pytest tests -n auto").selection, ["tests"]);
        let script = "coverage run --parallel-mode -a --branch --data-file=.coverage.x --rcfile ci.toml --source=src -m behave features";
        let run = measured(script);
        assert!(run.parallel && run.append && run.branch);
        assert_eq!((run.data_file.as_deref(), run.rcfile.as_deref()), (Some(".coverage.x"), Some("ci.toml")));
        assert_eq!((tests(script).tool, tests(script).selection), (TestTool::Behave, vec!["features".to_owned()]));
        assert!(measured("coverage run -pm pytest").parallel);
        assert!(measured("coverage run --parallel -m pytest").parallel);
        assert_eq!(tests("coverage run manage.py test").tool, TestTool::DjangoTest);
        assert_eq!(tests("coverage run -m unittest").tool, TestTool::Unittest);
        assert_eq!(tests("coverage run script.py --opt").tool, TestTool::Other("script.py".to_owned()));
        assert_eq!(tests("coverage run").tool, TestTool::Other(String::new()));
        assert!(!same_suite(&tests("coverage run"), &tests("coverage run")));
        assert_eq!(
            measured("coverage run --data-file=.coverage.${{ matrix.x }} -m pytest").data_file.as_deref(),
            Some(".coverage.${{ matrix.x }}")
        );
    }

    #[test]
    fn slipcover() {
        let run = tests("python -m slipcover --json --out cov.json --source src -m pytest -x tests");
        assert_eq!((run.tool, run.selection), (TestTool::Pytest, vec!["tests".to_owned()]));
        assert_eq!(
            run.measured,
            Some(Measured::Slipcover { out: Some("cov.json".to_owned()), json: true, xml: false })
        );
        let run = tests("slipcover --branch --fail-under 90 run_tests.py -m x");
        assert_eq!(
            (run.tool, run.selection, run.fail_under),
            (TestTool::Other("run_tests.py".to_owned()), vec!["-m".to_owned(), "x".to_owned()], true)
        );
        let EffectKind::SlipcoverMerge(merge) =
            one("slipcover --merge a.json b.json --out c.json --fail-under=80").kind
        else {
            panic!()
        };
        assert_eq!(merge.inputs.len(), 2);
        assert_eq!((merge.out.as_deref(), merge.fail_under.as_deref()), (Some("c.json"), Some("80")));
    }

    #[test]
    fn coverage_commands() {
        let command = coverage("coverage combine coverage-data/ --keep");
        assert_eq!(
            (command.sub, command.paths[0].text.as_str(), command.keep),
            (CoverageSub::Combine, "coverage-data/", true)
        );
        assert!(coverage("coverage combine $DIR").dynamic);
        assert!(coverage("coverage combine data/.coverage.*").paths[0].glob);
        let command = coverage("python3 -m coverage xml -o cov.xml --fail-under=100 --data-file x --rcfile=y -q");
        assert_eq!(
            (command.sub, command.output.as_deref(), command.fail_under.as_deref()),
            (CoverageSub::Xml, Some("cov.xml"), Some("100"))
        );
        assert_eq!((command.data_file.as_deref(), command.rcfile.as_deref()), (Some("x"), Some("y")));
        assert!(coverage("coverage3 html -d site").output.is_some());
        let script = "python -Im coverage combine; python -Im coverage html --skip-covered --skip-empty; \
            python -Im coverage report | sed 's/^/    /' >> $GITHUB_STEP_SUMMARY; python -Im coverage report --fail-under=100";
        assert_eq!(kinds(script), "CCC.C");
        assert!(all(script)[2].piped_out);
        assert_eq!(kinds("TOTAL=$(coverage report --format=total)\necho \"total=$TOTAL\" >> $GITHUB_OUTPUT"), "CO");
    }

    #[test]
    fn sessions() {
        let run = session("nox -s unit_tests -- --processes 4");
        assert_eq!(
            (run.runner, run.sessions, run.args),
            (Runner::Nox, vec!["unit_tests".to_owned()], vec!["--processes".to_owned(), "4".to_owned()])
        );
        assert_eq!(session("uv run nox -s coverage_report").sessions, ["coverage_report"]);
        assert_eq!(session("nox --session tests-3.12").sessions, ["tests-3.12"]);
        assert_eq!(session("nox -rs tests coverage").sessions, ["tests", "coverage"]);
        assert_eq!(session("nox --sessions=a -p 3.12").options, ["-p 3.12"]);
        assert_eq!(session("nox -s a -s b").sessions, ["b"]);
        assert!(session("nox").sessions.is_empty());
        assert!(!session("nox -s tests-${{ matrix.python }}").known);
        let run = session("python -Im tox run -f py${{ matrix.py }}");
        assert_eq!((run.runner, run.known), (Runner::Tox, false));
        assert_eq!(session("tox -e py311,lint -- -k x").sessions, ["py311", "lint"]);
        assert_eq!(session("tox run -e 'py3{10,11}-x' -p auto").sessions, ["py3{10,11}-x"]);
        assert_eq!(session("make -j 4 -C sub test COV=1").sessions, ["test"]);
        assert_eq!(one("make -C sub test").cwd, Cwd::Known("sub".to_owned()));
        assert_eq!(session("just test unit").args, ["unit"]);
        assert_eq!(session("hatch run test:cov").sessions, ["test:cov"]);
        assert_eq!(session("hatch run +py=3.12 cov").sessions, ["cov"]);
        assert_eq!(session("hatch test --cover").runner, Runner::Hatch);
        assert_eq!(session("pdm run cov").runner, Runner::Pdm);
        assert_eq!(session("poetry run poe test").runner, Runner::Poe);
        assert_eq!(session("inv test").runner, Runner::Invoke);
        for script in ["./ci.sh", "bash ci.sh", "source ci.sh", "python scripts/x.py", "uv run scripts/x.py"] {
            assert_eq!(session(script).runner, Runner::Script, "{script}");
        }
    }

    #[test]
    fn same_sessions() {
        let same = |a: &str, b: &str| same_session(&session(a), &session(b));
        assert!(same(
            "nox -s unit_tests -- --coverage --parallel",
            "uv run nox -s unit_tests lint -- --sequential -n 4 -vv"
        ));
        assert!(same("nox", "nox"));
        assert!(!same("nox", "nox -s tests"));
        assert!(!same("nox -s tests-3.12", "nox -s tests"));
        assert!(!same("nox -s tests -- tests/unit", "nox -s tests"));
        assert!(!same("nox -s tests -p 3.11", "nox -s tests -p 3.12"));
        assert!(!same("nox -s tests", "tox -e tests"));
        assert!(!same("nox -s $X", "nox -s $X"));
    }

    #[test]
    fn directories() {
        let cwds = |script: &str| {
            all(script).into_iter().filter(|e| e.kind != EffectKind::Inert).map(|e| e.cwd).collect::<Vec<_>>()
        };
        let known = |s: &str| Cwd::Known(s.to_owned());
        assert_eq!(cwds("cd a && pytest; cd ./b/..; pytest; cd ..; pytest"), [known("a"), known("a"), Cwd::Unchanged]);
        assert_eq!(cwds("(cd a; pytest); pytest"), [known("a"), Cwd::Unchanged]);
        assert_eq!(cwds("cd $X; pytest; cd /a; pytest"), [Cwd::Unknown, known("/a")]);
        assert_eq!(cwds("pushd a; pytest"), [Cwd::Unknown]);
        assert_eq!(cwds("if x; then cd a; fi; pytest").last(), Some(&Cwd::Unknown));
        assert_eq!(cwds("cd a | b; pytest").last(), Some(&Cwd::Unchanged));
        assert_eq!(cwds("{ cd a; (pytest); } | tee x.log; pytest"), [known("a"), Cwd::Unchanged]);
        assert_eq!(cwds("uv run --directory a pytest; pytest"), [known("a"), Cwd::Unchanged]);
        assert_eq!(cwds("bash -c 'cd a; pytest'; pytest"), [known("a"), Cwd::Unchanged]);
    }

    #[test]
    fn variables() {
        let script = parse::parse(
            "export COVERAGE_FILE=.coverage.a\npytest\nCOVERAGE_FILE=.coverage.b pytest\nenv COVERAGE_FILE=$X pytest",
        );
        let seen: Vec<Variable> = effects(&script)
            .iter()
            .filter(|e| e.kind != EffectKind::Inert)
            .map(|e| e.variable(&script, "COVERAGE_FILE"))
            .collect();
        assert_eq!(
            seen,
            [Variable::Known(".coverage.a".to_owned()), Variable::Known(".coverage.b".to_owned()), Variable::Unknown]
        );
    }

    #[test]
    fn forge_files() {
        let writes = |script: &str| match all(script).pop().map(|e| e.kind) {
            Some(EffectKind::WritesEnv(write)) => write,
            other => panic!("{script}: {other:#?}"),
        };
        let entry = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        for target in ["$GITHUB_ENV", "\"$GITHUB_ENV\"", "${GITHUB_ENV}", "\"${{ github.env }}\"", "$FORGEJO_ENV"] {
            assert_eq!(writes(&format!("echo \"A=b c\" >> {target}")).entries, [entry("A", Some("b c"))], "{target}");
        }
        assert_eq!(writes("echo \"A=$B\" | tee -a $GITHUB_ENV").entries, [entry("A", None)]);
        assert_eq!(writes("{ echo A=1; echo B=2; } >> $GITHUB_ENV").entries, [entry("B", Some("2"))]);
        assert_eq!(
            writes("cat <<EOF >> $GITHUB_ENV\nA=1\nB<<X\nb\nX\nEOF").entries,
            [entry("A", Some("1")), entry("B", Some("b"))]
        );
        assert_eq!(
            writes("printf 'A=%s\\nB=2\\n' x >> $GITHUB_ENV").entries,
            [entry("A", None), entry("B", Some("2"))]
        );
        assert!(writes("python x.py >> $GITHUB_ENV").dynamic);
        assert!(writes("echo \"$NAME=1\" >> $GITHUB_ENV").dynamic);
        assert_eq!(kinds("python x.py >> $GITHUB_ENV"), "SE");
        assert_eq!(kinds("echo x >> $GITHUB_STEP_SUMMARY; echo a >> $GITHUB_PATH"), "..");
    }

    #[test]
    fn files() {
        for script in [
            "mv .coverage .coverage.a",
            "cp a b",
            "tar xf a",
            "rm -rf x",
            "find . -name '.cov*' -exec mv {} . \\;",
            "git clean -fdx",
            "sed -i s/a/b/ x",
            "cat a > .coverage",
            "echo '[run]' > .coveragerc",
            "base64 -d x > data",
            "> .coverage",
        ] {
            assert_eq!(kinds(script), "F", "{script}");
        }
        for script in ["echo x > notes", "ls > files.txt", "cat a >/dev/null", "echo a 2>&1"] {
            assert_eq!(kinds(script), ".", "{script}");
        }
        assert_eq!(one("pytest > coverage.txt").writes[0].text, "coverage.txt");
    }

    #[test]
    fn spans_start_at_the_tool() {
        let script = "A=b uv run --frozen pytest -q tests | tee x.log";
        let span = all(script)[0].span;
        assert_eq!(&script[span.start..span.end], "pytest -q tests");
    }
}

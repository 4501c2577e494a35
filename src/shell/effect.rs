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
    /// The names with their values; `None` where the value is not literally known. It may hold `${{ }}`, which the forge
    /// replaces before the script runs.
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
    let computed = |text: &str| {
        let mut rest = text;
        while let Some(at) = rest.find(['$', '`']) {
            match rest[at..].strip_prefix("${{").and_then(|expression| expression.split_once("}}")) {
                Some((_, after)) => rest = after,
                None => return true,
            }
        }
        formatted && text.contains('%')
    };
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
mod tests;

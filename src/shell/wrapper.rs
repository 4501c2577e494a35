//! Looks through wrappers such as `env`, `uv run`, `timeout 60` and `python -m` for the command they start.

use super::args::{self, Args, Spec};
use super::script::Word;

/// What a command line comes down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    /// A tool with a known name.
    Tool(Invocation),
    /// A shell script given as text: `bash -c '…'`, `eval …`.
    Shell(String),
    /// A script file, or a task by name that a project tool looks up.
    Task {
        /// Which tool looks it up.
        runner: TaskRunner,
        /// The file or task.
        name: Word,
        /// The words after it.
        args: Vec<Word>,
    },
    /// Neither runs tests nor touches data: `uv run --help`, `python --version`.
    Nothing,
    /// Cannot be known.
    Unknown,
}

/// What looks up a task by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TaskRunner {
    Script,
    Hatch,
    Pdm,
    Rye,
    Pixi,
}

/// A tool and its arguments after unwrapping.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Invocation {
    /// The tool, without directory, `.exe` and version: `pytest`, `coverage`.
    pub(super) name: String,
    /// Started as a Python module.
    pub(super) module: bool,
    /// The word that names it.
    pub(super) head: Word,
    /// Its arguments.
    pub(super) args: Vec<Word>,
    /// `A=b` given by `env` or a wrapper.
    pub(super) assignments: Vec<(String, Word)>,
    /// A wrapper starts it in this other directory.
    pub(super) directory: Option<Word>,
}

/// Options with a value of `uv run`, `uv tool run` and `uvx`, and of `uv` itself.
const UV: Spec = Spec {
    value: &[
        "--extra",
        "--no-extra",
        "--group",
        "--no-group",
        "--only-group",
        "--env-file",
        "--with",
        "--with-editable",
        "--with-requirements",
        "-w",
        "-p",
        "--python",
        "--package",
        "--directory",
        "--project",
        "--index",
        "--default-index",
        "-i",
        "--index-url",
        "--extra-index-url",
        "-f",
        "--find-links",
        "-P",
        "--upgrade-package",
        "--reinstall-package",
        "--index-strategy",
        "--keyring-provider",
        "--resolution",
        "--prerelease",
        "--exclude-newer",
        "--link-mode",
        "-C",
        "--config-setting",
        "--refresh-package",
        "--no-build-package",
        "--no-binary-package",
        "--cache-dir",
        "--color",
        "--config-file",
        "--python-platform",
        "--allow-insecure-host",
        "--python-preference",
        "--no-build-isolation-package",
        "--fork-strategy",
        "--from",
        "-c",
        "--constraints",
        "--overrides",
        "-b",
        "--build-constraints",
        "--no-install-package",
        "--torch-backend",
    ],
    maybe: &[],
    many: &[],
    stop: true,
};

/// Unwraps `words`, a whole simple command.
pub(super) fn unwrap(words: &[Word]) -> Target {
    let mut found = Invocation::default();
    let mut words = words.to_vec();
    // Each round removes at least one word; the bound only guards against a slip here.
    for _ in 0..32 {
        let Some(head) = words.first().cloned() else { return Target::Nothing };
        if !found.module
            && let Some((name, value)) = assignment(&head)
        {
            found.assignments.push((name, value));
            words.remove(0);
            continue;
        }
        let Some(name) = tool_name(&head, found.module) else {
            return script_file(&head, &words[1..]);
        };
        let rest = &words[1..];
        match step(&name, rest, &mut found) {
            Step::Again(next) => words = next,
            Step::Done(target) => return target,
            Step::Tool => {
                found.name = name;
                found.args = rest.to_vec();
                found.head = head;
                return Target::Tool(found);
            }
        }
    }
    Target::Unknown
}

enum Step {
    Again(Vec<Word>),
    Done(Target),
    Tool,
}

fn step(name: &str, rest: &[Word], found: &mut Invocation) -> Step {
    let simple = |value: &'static [&'static str]| {
        let args = args::read(rest, &Spec { value, stop: true, ..Spec::default() });
        Step::Again(remaining(args))
    };
    match name {
        "env" => {
            let args = args::read(
                rest,
                &Spec {
                    value: &["-u", "--unset", "-C", "--chdir", "-S", "--split-string"],
                    stop: true,
                    ..Spec::default()
                },
            );
            if args.has(&["-S", "--split-string"]) {
                return Step::Done(Target::Unknown);
            }
            found.directory = args.value(&["-C", "--chdir"]).cloned().or(found.directory.take());
            Step::Again(remaining(args))
        }
        "sudo" => simple(&["-u", "-g", "-p", "-C", "-D", "-h", "-T", "-r", "-t", "--user", "--group"]),
        "doas" => simple(&["-u", "-C"]),
        "command" | "builtin" => {
            if rest.first().is_some_and(|w| matches!(w.text.as_str(), "-v" | "-V")) {
                Step::Done(Target::Nothing)
            } else {
                simple(&[])
            }
        }
        "exec" => simple(&["-a"]),
        "time" => simple(&["-f", "-o", "--format", "--output"]),
        "nice" => simple(&["-n", "--adjustment"]),
        "ionice" => simple(&["-c", "-n", "--class", "--classdata"]),
        "stdbuf" => simple(&["-i", "-o", "-e", "--input", "--output", "--error"]),
        "xvfb-run" => simple(&[
            "-e",
            "-f",
            "-n",
            "-p",
            "-s",
            "-w",
            "--error-file",
            "--auth-file",
            "--server-num",
            "--xauth-protocol",
            "--server-args",
            "--wait",
        ]),
        "nohup" | "unbuffer" | "dbus-run-session" | "chronic" | "catchsegv" | "noglob" => simple(&[]),
        "timeout" | "gtimeout" => {
            let args = args::read(
                rest,
                &Spec { value: &["-k", "-s", "--kill-after", "--signal"], stop: true, ..Spec::default() },
            );
            Step::Again(remaining(args).into_iter().skip(1).collect())
        }
        "uv" => uv(rest, found),
        "uvx" => uv_tool(rest, found),
        "pipx" => match rest.first().map(|w| w.text.as_str()) {
            Some("run") => {
                let args = args::read(
                    &rest[1..],
                    &Spec {
                        value: &["--spec", "--python", "--pip-args", "--index-url", "-i", "--with"],
                        stop: true,
                        ..Spec::default()
                    },
                );
                Step::Again(without_version(remaining(args)))
            }
            _ => Step::Tool,
        },
        "poetry" | "pipenv" | "rye" | "pdm" | "pixi" => project_tool(name, rest, found),
        "hatch" => hatch(rest, found),
        "conda" | "mamba" | "micromamba" => {
            if rest.first().is_none_or(|w| w.text != "run") {
                return Step::Tool;
            }
            let args = args::read(
                &rest[1..],
                &Spec {
                    value: &["-n", "-p", "--name", "--prefix", "--cwd", "-r", "--root-prefix", "-e", "--env"],
                    stop: true,
                    ..Spec::default()
                },
            );
            found.directory = args.value(&["--cwd"]).cloned().or(found.directory.take());
            Step::Again(remaining(args))
        }
        "bash" | "sh" | "dash" | "zsh" | "ash" => shell(rest),
        "eval" => Step::Done(Target::Shell(rest.iter().map(|w| w.text.as_str()).collect::<Vec<_>>().join(" "))),
        "source" | "." => Step::Done(match rest.first() {
            Some(file) if is_activate(&file.text) => Target::Nothing,
            Some(file) => Target::Task { runner: TaskRunner::Script, name: file.clone(), args: rest[1..].to_vec() },
            None => Target::Nothing,
        }),
        _ if is_python(name) => python(rest, found),
        _ => Step::Tool,
    }
}

/// The words of the command a wrapper starts.
fn remaining(args: Args) -> Vec<Word> {
    if args.positionals.is_empty() { args.rest } else { args.positionals }
}

fn uv(rest: &[Word], found: &mut Invocation) -> Step {
    let args = args::read(rest, &UV);
    found.directory = args.value(&["--directory"]).cloned().or(found.directory.take());
    let words = args.positionals;
    match (words.first().map(|w| w.text.as_str()), words.get(1).map(|w| w.text.as_str())) {
        (Some("run"), _) => {
            let args = args::read(&words[1..], &UV);
            if args.has(&["--help", "-h"]) {
                return Step::Done(Target::Nothing);
            }
            found.directory = args.value(&["--directory"]).cloned().or(found.directory.take());
            let script = args.has(&["-s", "--script", "--gui-script"]);
            let module = args.has(&["-m", "--module"]);
            let words = remaining(args);
            let Some(first) = words.first() else { return Step::Done(Target::Nothing) };
            if script || (!module && first.text.rsplit_once('.').is_some_and(|(_, extension)| extension == "py")) {
                return Step::Again(python_script(first, &words[1..]));
            }
            found.module = module;
            Step::Again(words)
        }
        (Some("tool"), Some("run")) => uv_tool(&words[2..], found),
        _ => Step::Tool,
    }
}

fn uv_tool(rest: &[Word], found: &mut Invocation) -> Step {
    let args = args::read(rest, &UV);
    found.directory = args.value(&["--directory"]).cloned().or(found.directory.take());
    Step::Again(without_version(remaining(args)))
}

/// `python FILE …`, so that a script is met in one place.
fn python_script(file: &Word, rest: &[Word]) -> Vec<Word> {
    let python = Word { text: "python".to_owned(), span: file.span, ..Word::default() };
    std::iter::once(python).chain([file.clone()]).chain(rest.iter().cloned()).collect()
}

/// `ruff@latest` and `black==24.1` name the tool before the version.
fn without_version(mut words: Vec<Word>) -> Vec<Word> {
    if let Some(first) = words.first_mut().filter(|w| !w.dynamic) {
        let end = first.text.find(['@', '=', '<', '>', '~', '[']).unwrap_or(first.text.len());
        first.text.truncate(end);
    }
    words
}

fn project_tool(name: &str, rest: &[Word], found: &mut Invocation) -> Step {
    let before = args::read(
        rest,
        &Spec {
            value: &["-C", "--directory", "-P", "--project", "-p", "--manifest-path", "-c", "--config"],
            stop: true,
            ..Spec::default()
        },
    );
    if before.positionals.first().is_none_or(|w| w.text != "run") {
        return Step::Tool;
    }
    if name == "poetry" {
        found.directory = before.value(&["-C", "--directory"]).cloned().or(found.directory.take());
    }
    let value: &'static [&'static str] = match name {
        "pdm" => &["-p", "--project", "--venv", "-n"],
        "pixi" => &["-e", "--environment", "--manifest-path", "--color", "--auth-file", "--cwd", "-p", "--platform"],
        "rye" => &["-f", "--pyproject"],
        _ => &["-C", "--directory", "-P", "--project"],
    };
    let args = args::read(&before.positionals[1..], &Spec { value, stop: true, ..Spec::default() });
    if args.has(&["--list", "-l", "--help", "-h"]) {
        return Step::Done(Target::Nothing);
    }
    let words = remaining(args);
    let runner = match name {
        "pdm" => Some(TaskRunner::Pdm),
        "rye" => Some(TaskRunner::Rye),
        "pixi" => Some(TaskRunner::Pixi),
        _ => None,
    };
    task_or_tool(runner, words)
}

fn hatch(rest: &[Word], found: &mut Invocation) -> Step {
    let value = &["-e", "--env", "-p", "--project", "--data-dir", "--cache-dir", "--config"];
    let mut words = args::read(rest, &Spec { value, stop: true, ..Spec::default() }).positionals;
    if words.first().is_some_and(|w| w.text == "env") {
        words.remove(0);
    }
    if words.first().is_none_or(|w| w.text != "run") {
        return Step::Tool;
    }
    let value = &["-e", "--env", "-i", "--include", "-x", "--exclude", "-f", "--filter"];
    let args = args::read(&words[1..], &Spec { value, stop: true, ..Spec::default() });
    let words: Vec<Word> = remaining(args)
        .into_iter()
        .skip_while(|w| w.text.starts_with('+') || (w.text.starts_with('-') && w.text.contains('=')))
        .collect();
    found.module = false;
    task_or_tool(Some(TaskRunner::Hatch), words)
}

/// A known tool is taken for the tool; any other name is a task of the project.
fn task_or_tool(runner: Option<TaskRunner>, mut words: Vec<Word>) -> Step {
    let Some(first) = words.first_mut() else { return Step::Done(Target::Nothing) };
    let task = first.clone();
    if runner == Some(TaskRunner::Hatch)
        && let Some((_, command)) = task.text.split_once(':')
    {
        command.clone_into(&mut first.text);
    }
    let known = tool_name(first, false).is_some_and(|name| is_known_tool(&name));
    match runner {
        Some(runner) if !known => Step::Done(Target::Task { runner, name: task, args: words[1..].to_vec() }),
        _ => Step::Again(words),
    }
}

fn is_known_tool(name: &str) -> bool {
    is_python(name)
        || matches!(
            name,
            "pytest"
                | "py.test"
                | "behave"
                | "behavex"
                | "coverage"
                | "coverage3"
                | "slipcover"
                | "nox"
                | "tox"
                | "nose2"
                | "stestr"
                | "trial"
                | "ward"
                | "django-admin"
                | "poe"
                | "invoke"
                | "inv"
                | "bash"
                | "sh"
                | "env"
                | "make"
                | "just"
                | "pip"
                | "uv"
                | "ruff"
                | "mypy"
                | "black"
                | "pre-commit"
                | "echo"
                | "xvfb-run"
                | "timeout"
        )
}

fn shell(rest: &[Word]) -> Step {
    let mut at = 0;
    let mut command = false;
    while let Some(word) = rest.get(at) {
        let text = word.text.as_str();
        if text == "--" {
            at += 1;
            break;
        }
        if !(text.starts_with('-') || text.starts_with('+')) || text.len() < 2 {
            break;
        }
        at += 1;
        if text.starts_with("--") {
            if matches!(text, "--version" | "--help") {
                return Step::Done(Target::Nothing);
            }
            at += usize::from(matches!(text, "--rcfile" | "--init-file"));
            continue;
        }
        if text.contains('s') && text.starts_with('-') {
            return Step::Done(Target::Unknown);
        }
        if text.contains('n') && text.starts_with('-') {
            return Step::Done(Target::Nothing);
        }
        command |= text.starts_with('-') && text.contains('c');
        at += usize::from(text.ends_with(['o', 'O']));
    }
    let Some(word) = rest.get(at) else { return Step::Done(Target::Unknown) };
    Step::Done(if command {
        Target::Shell(word.text.clone())
    } else {
        Target::Task { runner: TaskRunner::Script, name: word.clone(), args: rest[at + 1..].to_vec() }
    })
}

fn python(rest: &[Word], found: &mut Invocation) -> Step {
    let mut at = 0;
    while let Some(word) = rest.get(at) {
        let text = word.text.as_str();
        if !text.starts_with('-') {
            break;
        }
        if word.dynamic || text == "-" {
            return Step::Done(Target::Unknown);
        }
        at += 1;
        if text.starts_with("--") {
            if matches!(text, "--version" | "--help" | "--help-all" | "--help-env") {
                return Step::Done(Target::Nothing);
            }
            at += usize::from(text == "--check-hash-based-pycs");
            continue;
        }
        for (index, letter) in text.char_indices().skip(1) {
            let after = &text[index + letter.len_utf8()..];
            match letter {
                'm' => {
                    let mut words = rest[at..].to_vec();
                    if !after.is_empty() {
                        words.insert(0, Word { text: after.to_owned(), ..word.clone() });
                    }
                    if words.is_empty() {
                        return Step::Done(Target::Unknown);
                    }
                    found.module = true;
                    return Step::Again(words);
                }
                'c' => return Step::Done(Target::Unknown),
                'V' | 'h' | '?' => return Step::Done(Target::Nothing),
                'X' | 'W' => {
                    at += usize::from(after.is_empty());
                    break;
                }
                // `py -3.12`
                '0'..='9' => break,
                _ => {}
            }
        }
    }
    let Some(file) = rest.get(at) else { return Step::Done(Target::Unknown) };
    let base = file.text.rsplit(['/', '\\']).next().unwrap_or_default();
    if !file.dynamic && base == "manage.py" {
        return Step::Again(
            std::iter::once(Word { text: "manage.py".to_owned(), ..file.clone() })
                .chain(rest[at + 1..].iter().cloned())
                .collect(),
        );
    }
    Step::Done(Target::Task { runner: TaskRunner::Script, name: file.clone(), args: rest[at + 1..].to_vec() })
}

/// The tool a head word names: a bare name, or a file in a `bin` or `Scripts` directory; `None` for any other file.
fn tool_name(head: &Word, module: bool) -> Option<String> {
    let text = head.text.as_str();
    if module {
        return head.literal().map(|m| m.strip_suffix(".__main__").unwrap_or(m).to_owned());
    }
    let parts: Vec<&str> = text.split(['/', '\\']).collect();
    let base = *parts.last()?;
    let plain = !base.is_empty()
        && base
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-' | b'[' | b':' | b'(' | b'+'));
    if head.dynamic && !(plain && parts.len() > 1) {
        return None;
    }
    if parts.len() > 1 && base != "manage.py" && !matches!(parts[parts.len() - 2], "bin" | "Scripts") {
        return None;
    }
    let base = base.strip_suffix(".exe").unwrap_or(base);
    if text == "." { Some(text.to_owned()) } else { Some(base.to_owned()) }
}

/// A head that names no tool: a script by its path, or nothing that can be known.
fn script_file(head: &Word, args: &[Word]) -> Target {
    if head.dynamic {
        Target::Unknown
    } else {
        Target::Task { runner: TaskRunner::Script, name: head.clone(), args: args.to_vec() }
    }
}

fn is_python(name: &str) -> bool {
    let version = name.strip_prefix("python").or_else(|| name.strip_prefix("pypy"));
    name == "py" || version.is_some_and(|v| v.bytes().all(|b| b.is_ascii_digit() || b == b'.' || b == b't'))
}

fn is_activate(file: &str) -> bool {
    let base = file.rsplit(['/', '\\']).next().unwrap_or_default();
    base == "activate" || base == "conda.sh" || base == "mamba.sh"
}

fn assignment(word: &Word) -> Option<(String, Word)> {
    let (name, value) = word.text.split_once('=')?;
    let valid = !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|b| b == b'_' || b.is_ascii_alphanumeric());
    valid.then(|| (name.to_owned(), Word { text: value.to_owned(), ..word.clone() }))
}

//! `tox.ini`, `setup.cfg`, and the same text inside `pyproject.toml`.

use super::super::ini::{self, Line, Section};
use super::{Config, Environment, Request, command, posargs_text, substitute};
use crate::shell::Word;
use crate::source::Span;

/// A configuration by sections.
#[derive(Debug)]
pub(super) struct Ini {
    sections: Vec<Section>,
    core: &'static str,
}

impl Ini {
    /// Reads `text`, which begins at byte `base` of its file; `None` when it does not configure tox.
    pub(super) fn read(text: &str, base: usize, core: &'static str) -> Option<Self> {
        let mut sections = ini::parse(text);
        for line in sections.iter_mut().flat_map(|section| &mut section.options).flat_map(|(_, lines)| lines) {
            line.span = Span::new(line.span.start + base, line.span.end + base);
        }
        let configures =
            sections.iter().any(|s| s.name == core || s.name == "testenv" || s.name.starts_with("testenv:"));
        configures.then_some(Self { sections, core })
    }

    fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }

    /// The section of an environment; its header may stand for several.
    fn own_section(&self, environment: &str) -> Option<&Section> {
        self.sections.iter().find(|section| {
            section
                .name
                .strip_prefix("testenv:")
                .is_some_and(|names| substitute::names(names).iter().any(|name| name == environment))
        })
    }

    /// The lines of an option for an environment, from its section or the one it is based on.
    fn option(&self, environment: &str, names: &[&str]) -> Option<&[Line]> {
        let mut chain: Vec<&Section> = self.own_section(environment).into_iter().collect();
        let base = chain.first().and_then(|section| section.get("base"));
        match base {
            Some(lines) => chain.extend(
                lines.iter().flat_map(|line| line.text.split(',')).filter_map(|name| self.section(name.trim())),
            ),
            None => chain.extend(self.section("testenv")),
        }
        chain.into_iter().find_map(|section| names.iter().find_map(|name| section.get(name)))
    }

    /// The value of an option as lines that hold for this environment, continued lines joined, braces replaced.
    fn lines(&self, environment: &str, names: &[&str], context: &Context<'_>) -> Vec<Line> {
        self.option(environment, names).map(|lines| self.replaced(lines, environment, context)).unwrap_or_default()
    }

    fn replaced(&self, lines: &[Line], environment: &str, context: &Context<'_>) -> Vec<Line> {
        let mut found: Vec<Line> = Vec::new();
        for line in joined(&filtered(lines, environment)) {
            // A reference to another section's list stands for its lines.
            let text = line.text.trim();
            if let Some(inner) = text.strip_prefix("{[").and_then(|rest| rest.strip_suffix('}'))
                && !inner.contains(['{', '}'])
                && let Some((section, key)) = inner.split_once(']')
                && context.depth < 6
                && let Some(lines) = self.section(section).and_then(|section| section.get(&key.to_lowercase()))
            {
                let context = Context { depth: context.depth + 1, ..*context };
                found.extend(self.replaced(lines, environment, &context));
                continue;
            }
            let lookup = |inner: &str, depth: usize| self.lookup(inner, environment, context, depth);
            let text = substitute::replace(&line.text, context.depth, &lookup);
            found.push(Line { text, span: line.span });
        }
        found
    }

    fn lookup(&self, inner: &str, environment: &str, context: &Context<'_>, depth: usize) -> Option<String> {
        let again = |text: &str| {
            substitute::replace(text, depth, &|inner, depth| self.lookup(inner, environment, context, depth))
        };
        if let Some(default) = inner.strip_prefix("posargs") {
            let given = posargs_text(context.posargs);
            return match default.strip_prefix(':') {
                Some(default) if context.posargs.is_empty() => Some(again(default)),
                None if !default.is_empty() => None,
                _ => Some(given),
            };
        }
        if inner.starts_with("env:") {
            let known = |name: &str| {
                let own = context.own_env.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.clone());
                own.or_else(|| context.request.variable(name).map(|value| value.map(str::to_owned)))
            };
            return substitute::variable(inner, known, again);
        }
        if let Some((section, key)) = inner.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            let lines = self.section(section)?.get(&key.to_lowercase())?;
            let context = Context { depth, ..*context };
            let lines = self.replaced(lines, environment, &context);
            return Some(lines.into_iter().map(|line| line.text).collect::<Vec<_>>().join(" "));
        }
        if let Some(choice) = inner.strip_prefix("tty:") {
            // A job has no terminal.
            return Some(again(choice.split_once(':').map_or("", |(_, plain)| plain)));
        }
        place(inner, environment)
    }
}

/// What is asked for an environment.
#[derive(Clone, Copy)]
struct Context<'c> {
    posargs: &'c [Word],
    request: &'c Request<'c>,
    own_env: &'c [(String, Option<String>)],
    depth: usize,
}

/// The folders and names that tox puts in, relative to the folder of the configuration.
pub(super) fn place(inner: &str, environment: &str) -> Option<String> {
    Some(match inner {
        "envname" | "env_name" => environment.to_owned(),
        "toxinidir" | "tox_root" => ".".to_owned(),
        "toxworkdir" | "work_dir" => ".tox".to_owned(),
        "envdir" | "env_dir" => format!(".tox/{environment}"),
        "envtmpdir" | "env_tmp_dir" => format!(".tox/{environment}/tmp"),
        "envlogdir" | "env_log_dir" => format!(".tox/{environment}/log"),
        "envbindir" | "env_bin_dir" => format!(".tox/{environment}/bin"),
        "envpython" | "env_python" => "python".to_owned(),
        "/" => "/".to_owned(),
        ":" => ":".to_owned(),
        _ => return None,
    })
}

impl Config for Ini {
    fn default_environments(&self) -> Option<Vec<String>> {
        let core = self.section(self.core)?;
        let lines = core.get("env_list").or_else(|| core.get("envlist"))?;
        let text = lines.iter().map(|line| uncommented(&line.text)).collect::<Vec<_>>().join("\n");
        let names = substitute::names(&text);
        names.iter().all(|name| !name.contains(['[', '{'])).then_some(names)
    }

    fn environment(&self, name: &str, posargs: &[Word], request: &Request<'_>) -> Option<Environment> {
        let of_factors = name.split('-').all(|factor| is_factor(factor) || self.mentions(factor));
        if self.own_section(name).is_none() && !of_factors {
            return None;
        }
        let mut context = Context { posargs, request, own_env: &[], depth: 0 };
        let mut env = Vec::new();
        for line in self.lines(name, &["set_env", "setenv"], &context) {
            match line.text.split_once('=') {
                Some((key, value)) => {
                    let value = value.trim();
                    env.push((key.trim().to_owned(), (!value.contains('{')).then(|| value.to_owned())));
                }
                // `file|.env` or something computed.
                None => env.push(("COVERAGE_FILE".to_owned(), None)),
            }
        }
        context.own_env = &env;
        let one = |names: &[&str]| {
            let lines = self.lines(name, names, &context);
            lines.into_iter().map(|line| line.text).reduce(|a, b| a + " " + &b)
        };
        let folder = one(&["change_dir", "changedir"]);
        let moved = folder.as_deref().is_some_and(|folder| !matches!(folder.trim_end_matches('/'), "." | ""));
        let mut commands = Vec::new();
        for key in ["commands_pre", "commands", "commands_post"] {
            for line in self.lines(name, &[key], &context) {
                let words = command(&line.text);
                if !words.is_empty() {
                    commands.push((words, line.span));
                }
            }
        }
        let mut installs = Vec::new();
        for key in ["deps", "extras", "dependency_groups"] {
            installs.extend(self.lines(name, &[key], &context).into_iter().map(|line| match key {
                "deps" => line.text,
                group => format!("{group}: {}", line.text),
            }));
        }
        let passed = one(&["pass_env", "passenv"]).unwrap_or_default();
        let open = passed.split([' ', ',']).any(|name| name == "*" || name.to_ascii_uppercase().starts_with("COV"));
        if moved {
            // Paths that begin with the folder of the configuration no longer mean what they say.
            for word in commands.iter_mut().flat_map(|(words, _)| words) {
                word.dynamic |= word.text.contains("./") || word.text == ".";
            }
        }
        let base_python = one(&["base_python", "basepython"]).map(|text| text.trim().to_owned());
        let folder = match folder {
            None => Some(String::new()),
            Some(folder) => (!folder.contains('{')).then_some(folder),
        };
        Some(Environment { commands, env, folder, installs, base_python, open })
    }

    fn chosen_by_plugin(&self) -> bool {
        self.sections.iter().any(|section| {
            matches!(section.name.as_str(), "gh-actions" | "gh" | "gh-actions:env")
                || section.name.starts_with("gh-actions")
        })
    }
}

impl Ini {
    /// Whether a factor stands anywhere in the configuration: in a name, or before a colon.
    fn mentions(&self, factor: &str) -> bool {
        let default = self.default_environments().unwrap_or_default();
        default.iter().any(|name| name.split('-').any(|part| part == factor))
            || self.sections.iter().flat_map(|section| &section.options).flat_map(|(_, lines)| lines).any(|line| {
                condition(&line.text)
                    .is_some_and(|(alternatives, _)| alternatives.iter().flatten().any(|(name, _)| name == factor))
            })
    }
}

/// Factors that name an interpreter need not be configured.
fn is_factor(factor: &str) -> bool {
    super::python_version(factor).is_some()
        || matches!(factor, "py" | "py3" | "python" | "python3")
        || factor.starts_with("pypy")
}

fn uncommented(text: &str) -> &str {
    match text.match_indices('#').find(|(at, _)| !text[..*at].ends_with('\\')) {
        Some((at, _)) => text[..at].trim_end(),
        None => text,
    }
}

/// Alternatives of factors, each with whether it is wanted.
type Alternatives = Vec<Vec<(String, bool)>>;

/// Takes `py311-cov,!lint: text` apart.
fn condition(text: &str) -> Option<(Alternatives, &str)> {
    let (head, rest) = text.split_once(':')?;
    let head = head.trim();
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '!' | '-' | ',' | '{' | '}' | ' ');
    if head.is_empty() || !head.chars().all(plain) || head.split(',').any(|part| part.trim().contains(' ')) {
        return None;
    }
    let factor = |factor: &str| (factor.trim_start_matches('!').to_owned(), !factor.starts_with('!'));
    let names = substitute::names(head);
    Some((names.iter().map(|name| name.split('-').map(factor).collect()).collect(), rest.trim()))
}

/// The lines that hold for an environment, without their conditions and comments.
fn filtered(lines: &[Line], environment: &str) -> Vec<Line> {
    let factors: Vec<&str> = environment.split('-').collect();
    let mut kept = Vec::new();
    // What continues a line belongs to its condition.
    let mut continues: Option<bool> = None;
    for line in lines {
        let text = uncommented(&line.text);
        if text.is_empty() {
            continue;
        }
        let (keep, rest) = match (continues, condition(text)) {
            (Some(keep), _) => (keep, text),
            (None, Some((alternatives, rest))) => {
                let holds = |all: &Vec<(String, bool)>| {
                    all.iter().all(|(name, wanted)| factors.contains(&name.as_str()) == *wanted)
                };
                (alternatives.iter().any(holds), rest)
            }
            (None, None) => (true, text),
        };
        continues = text.ends_with('\\').then_some(keep);
        if keep && !rest.is_empty() {
            let skipped = line.text.len() - line.text.trim_end().len() + (text.len() - rest.len());
            let start = (line.span.start + skipped).min(line.span.end);
            kept.push(Line { text: rest.to_owned(), span: Span::new(start, line.span.end) });
        }
    }
    kept
}

/// Joins lines that end in a backslash with the next.
fn joined(lines: &[Line]) -> Vec<Line> {
    let mut found: Vec<Line> = Vec::new();
    let mut open = false;
    for line in lines {
        let (text, more) = match line.text.strip_suffix('\\') {
            Some(text) => (text.trim_end(), true),
            None => (line.text.as_str(), false),
        };
        match found.last_mut() {
            Some(last) if open => {
                last.text.push(' ');
                last.text.push_str(text);
                last.span = last.span.to(line.span);
            }
            _ => found.push(Line { text: text.to_owned(), span: line.span }),
        }
        open = more;
    }
    found
}

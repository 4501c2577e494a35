//! hatch: scripts of environments in `pyproject.toml` or `hatch.toml`.
//!
//! A command that begins with a script's name stands for that script (hatch `env/plugin/interface.py`, `expand_commands`).

use std::sync::Arc;

use super::toml::{self, Node, Toml};
use super::{Code, Interpreter, Origin, Piece, Request, Resolution, Setting, python_version};
use crate::source::{Source, Span};

/// Scripts that name scripts are followed this deep.
const MAX_DEPTH: usize = 8;

/// What `hatch run ENV:SCRIPT ARGS…` executes.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let name = request.run.sessions.first()?;
    let (environment, script) = name.split_once(':').unwrap_or(("default", name));
    if !request.is_known(name) || script == "test" && request.run.args.iter().any(|arg| !request.is_known(arg)) {
        return None;
    }
    let (source, environments) = environments(request)?;
    let chain = chain(&environments, environment)?;
    let found = Scripts { chain: chain.clone() };
    found.get(script)?;
    let option = |key: &str| chain.iter().find_map(|node| node.get(key));
    let matrix = chain[0].get("matrix").is_some();
    let python = match option("python").and_then(Node::text) {
        // An environment with a matrix stands for several, of which the command may choose.
        _ if matrix => Interpreter::Unknown,
        Some(text) => python_version(text).map_or(Interpreter::Unknown, Interpreter::Version),
        None => Interpreter::Inherited,
    };
    let mut installs: Option<Vec<String>> = Some(Vec::new());
    for key in ["dependencies", "extra-dependencies", "features"] {
        for item in option(key).map_or(&[][..], Node::items) {
            match (&mut installs, item.text()) {
                (Some(installs), Some(text)) if key == "features" => installs.push(format!("features: {text}")),
                (Some(installs), Some(text)) => installs.push(text.to_owned()),
                _ => installs = None,
            }
        }
    }
    if option("overrides").is_some() {
        installs = None;
    }
    if let Some(installs) = &mut installs {
        installs.sort_unstable();
    }
    let mut resolution = Resolution::default();
    let session = resolution.session(Setting { name: name.clone(), python, installs, isolated: false });
    let env = option("env-vars").map_or(Vec::new(), Node::variables);
    let args = args_text(request);
    let mut lines = Vec::new();
    found.expand(script, &args, 0, &mut lines)?;
    for (text, span) in lines {
        resolution.pieces.push(Piece {
            origin: Origin { source: Arc::clone(&source), span },
            code: Code::Shell(text, false),
            env: env.clone(),
            cwd: Some(request.folder.to_owned()),
            guarded: false,
            session,
        });
    }
    Some(resolution)
}

fn args_text(request: &Request<'_>) -> String {
    let word = |word: &crate::shell::Word| {
        if !word.dynamic && word.text.contains([' ', '\'', '"', '$', '*', '(', '|', '&', ';', '<', '>']) {
            format!("'{}'", word.text.replace('\'', "'\\''"))
        } else {
            word.text.clone()
        }
    };
    request.args().iter().map(word).collect::<Vec<_>>().join(" ")
}

/// The table of environments.
fn environments(request: &Request<'_>) -> Option<(Arc<Source>, Node)> {
    if let Some(source) = request.read("hatch.toml")
        && let Some(node) = toml::parse(&source.text)?.get("envs")
    {
        return Some((source, node.clone()));
    }
    let source = request.read("pyproject.toml")?;
    let node = toml::parse(&source.text)?.at(&["tool", "hatch", "envs"])?.clone();
    Some((source, node))
}

/// An environment and its templates, nearest first.
fn chain(environments: &Node, name: &str) -> Option<Vec<Node>> {
    // `hatch-test.py3.12` is one environment of a matrix.
    let base = name.split('.').next().unwrap_or(name);
    let mut chain = vec![environments.get(name).or_else(|| environments.get(base))?.clone()];
    let mut at = base.to_owned();
    while chain.len() < MAX_DEPTH {
        let template = chain.last()?.get("template").and_then(Node::text).unwrap_or("default").to_owned();
        if template == at || chain.last()?.get("detached").is_some_and(|node| matches!(node.value, Toml::Bool(true))) {
            break;
        }
        let Some(node) = environments.get(&template) else { break };
        chain.push(node.clone());
        at = template;
        if at == "default" {
            break;
        }
    }
    Some(chain)
}

struct Scripts {
    chain: Vec<Node>,
}

impl Scripts {
    fn get(&self, name: &str) -> Option<&Node> {
        self.chain.iter().find_map(|node| node.at(&["scripts", name]))
    }

    /// The command lines of a script.
    fn expand(&self, name: &str, args: &str, depth: usize, lines: &mut Vec<(String, Span)>) -> Option<()> {
        if depth > MAX_DEPTH || lines.len() > super::MAX_PIECES {
            return None;
        }
        let node = self.get(name)?;
        let commands: Vec<&Node> = match &node.value {
            Toml::Text(_) => vec![node],
            Toml::Array(items) => items.iter().collect(),
            _ => return None,
        };
        for command in commands {
            let text = replaced(command.text()?, args);
            let text = text.trim().trim_start_matches("- ");
            let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
            if first != name && self.get(first).is_some() {
                let start = lines.len();
                self.expand(first, rest, depth + 1, lines)?;
                // The command is what the reader looks for, the script it names only one step on the way.
                debug_assert!(lines.len() >= start);
            } else {
                lines.push((text.to_owned(), command.span));
            }
        }
        Some(())
    }
}

/// Puts the arguments in for `{args}` and `{args:default}`; other braces become something only the run knows.
fn replaced(text: &str, args: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        out.push_str(&rest[..open]);
        let Some(close) = rest[open..].find('}') else {
            out.push_str(&rest[open..]);
            return out;
        };
        let inner = &rest[open + 1..open + close];
        match inner.strip_prefix("args") {
            Some("") => out.push_str(args),
            Some(default) if default.starts_with(':') => {
                out.push_str(if args.is_empty() { &default[1..] } else { args });
            }
            _ if inner == "root" => out.push('.'),
            _ => out.push_str("${HATCH_FIELD}"),
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

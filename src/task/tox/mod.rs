//! tox: the commands of an environment.
//!
//! - [`config`]: `tox.ini` and `setup.cfg`, by sections. - [`native`]: the TOML form of tox 4.
//! - [`substitute`]: what stands in braces.

mod config;
mod native;
mod substitute;

use std::sync::Arc;

use super::{
    Code, Interpreter, Origin, Piece, Request, Resolution, Setting, join, literal, parent, python_version, toml,
};
use crate::shell::Word;
use crate::source::{Source, Span};

/// Environments one command may stand for.
const MAX_ENVIRONMENTS: usize = 64;

/// One environment as its configuration spells it, with what stands in braces replaced where it is known.
#[derive(Debug, Default)]
struct Environment {
    commands: Vec<(Vec<Word>, Span)>,
    env: Vec<(String, Option<String>)>,
    /// Relative to the folder of the configuration; `None` when it is not known.
    folder: Option<String>,
    installs: Vec<String>,
    base_python: Option<String>,
    /// `pass_env` lets the job's coverage variables in.
    open: bool,
}

/// Where environments are configured.
trait Config {
    /// The environments of a plain `tox`; `None` when they are not known.
    fn default_environments(&self) -> Option<Vec<String>>;
    /// An environment by name; `None` when there is none of that name.
    fn environment(&self, name: &str, posargs: &[Word], request: &Request<'_>) -> Option<Environment>;
    /// A plugin chooses the environments by the interpreter that runs tox (tox-gh, tox-gh-actions).
    fn chosen_by_plugin(&self) -> bool;
}

/// What a tox command executes.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    if ["-f", "-m", "-x", "--skip-env", "--root"].iter().any(|option| request.option(option).is_some()) {
        return None;
    }
    let (source, path, config) = find(request)?;
    let mut names = request.run.sessions.clone();
    if names.is_empty() {
        names = match request.variable("TOXENV") {
            Some(value) => value?.split(',').map(|name| name.trim().to_owned()).collect(),
            None if config.chosen_by_plugin() => return None,
            None => config.default_environments()?,
        };
    }
    let names: Vec<String> = names.iter().flat_map(|name| substitute::braces(name)).collect();
    if names.is_empty() || names.len() > MAX_ENVIRONMENTS || names.iter().any(|name| name == "ALL") {
        return None;
    }
    let folder = join(request.folder, parent(&path))?;
    let posargs = request.args();
    let mut resolution = Resolution::default();
    for name in &names {
        if !request.is_known(name) {
            return None;
        }
        let environment = config.environment(name, &posargs, request)?;
        let mut installs = environment.installs;
        installs.sort_unstable();
        installs.dedup();
        let session = resolution.session(Setting {
            name: name.clone(),
            python: interpreter(name, environment.base_python.as_deref()),
            installs: Some(installs),
            isolated: !environment.open,
        });
        for (words, span) in environment.commands {
            resolution.pieces.push(Piece {
                origin: Origin { source: Arc::clone(&source), span },
                code: Code::Words(words),
                env: environment.env.clone(),
                cwd: environment.folder.as_deref().and_then(|inner| join(&folder, inner)),
                guarded: false,
                session,
            });
        }
    }
    Some(resolution)
}

/// The first of the files tox looks for that configures it.
fn find(request: &Request<'_>) -> Option<(Arc<Source>, String, Box<dyn Config>)> {
    let named = request.option("-c");
    let paths: Vec<&str> = match named {
        Some(path) if request.is_known(path) => vec![path],
        Some(_) => return None,
        None => vec!["tox.ini", "setup.cfg", "pyproject.toml", "tox.toml"],
    };
    for path in paths {
        let Some(source) = request.read(path) else { continue };
        let config: Option<Box<dyn Config>> = match path.rsplit('/').next().unwrap_or_default() {
            "pyproject.toml" => {
                // A file without the tool's name costs no parsing.
                let root = source.text.contains("tool.tox").then(|| toml::parse(&source.text)).flatten();
                let tox = root.as_ref().and_then(|root| root.at(&["tool", "tox"]));
                match tox {
                    Some(tox) if tox.get("legacy_tox_ini").is_some() => {
                        let node = tox.get("legacy_tox_ini")?;
                        let text = node.text()?;
                        // The places hold when the text stands in the file as it is.
                        let base = source.slice(node.span).find(text.get(..text.len().min(40))?)?;
                        config::Ini::read(text, node.span.start + base, "tox")
                            .map(|ini| Box::new(ini) as Box<dyn Config>)
                    }
                    Some(tox) => Some(Box::new(native::Native { root: tox.clone() })),
                    None => None,
                }
            }
            name if name.rsplit_once('.').is_some_and(|(_, extension)| extension == "toml") => {
                toml::parse(&source.text).map(|root| Box::new(native::Native { root }) as Box<dyn Config>)
            }
            name => {
                let core = if name == "setup.cfg" { "tox:tox" } else { "tox" };
                config::Ini::read(&source.text, 0, core).map(|ini| Box::new(ini) as Box<dyn Config>)
            }
        };
        if let Some(config) = config {
            return Some((source, path.to_owned(), config));
        }
    }
    None
}

/// The interpreter of an environment: a factor such as `py312`, else what is configured, else the one that runs tox.
fn interpreter(name: &str, base: Option<&str>) -> Interpreter {
    let factors = name.split('-').filter(|factor| {
        factor.starts_with("py") || factor.starts_with(|c: char| c.is_ascii_digit()) && factor.contains('.')
    });
    for factor in factors {
        if let Some(version) = python_version(factor) {
            return Interpreter::Version(version);
        }
        if factor.starts_with("pypy") {
            return Interpreter::Unknown;
        }
    }
    match base {
        None => Interpreter::Inherited,
        Some("python3" | "python" | "py" | "py3") => Interpreter::Inherited,
        Some(base) => python_version(base).map_or(Interpreter::Unknown, Interpreter::Version),
    }
}

/// The words of a command without the marks tox takes for itself: `-` ignores failure, `!` wants it, `@` tries again.
fn command(text: &str) -> Vec<Word> {
    let text = text.trim_start_matches(['-', '!', '@']).trim_start();
    super::words::split(text, |word| word.contains('{'))
}

fn quoted(word: &str) -> String {
    if word.is_empty() || word.contains([' ', '"', '\'', '\\', '\t']) {
        format!("'{}'", word.replace('\'', "'\\''"))
    } else {
        word.to_owned()
    }
}

fn posargs_text(posargs: &[Word]) -> String {
    // An argument that is not known stays so by a brace.
    let word =
        |word: &Word| if word.dynamic { format!("{{{}}}", word.text.replace(' ', "")) } else { quoted(&word.text) };
    posargs.iter().map(word).collect::<Vec<_>>().join(" ")
}

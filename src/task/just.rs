//! just: the recipes of a justfile.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Origin, Piece, Request, Resolution, Setting, join};
use crate::source::{Source, Span};

/// Recipes that depend on recipes are followed this deep.
const MAX_DEPTH: usize = 16;

/// Stands in a recipe for what only just knows.
const UNKNOWN: &str = "${JUST_FIELD}";

#[derive(Debug, Default)]
struct Recipe {
    parameters: Vec<Parameter>,
    /// What runs before it, and after it; each with its arguments as written.
    before: Vec<Vec<String>>,
    after: Vec<Vec<String>>,
    body: Vec<(String, Span)>,
}

#[derive(Debug)]
struct Parameter {
    name: String,
    default: Option<String>,
    rest: bool,
}

#[derive(Debug, Default)]
struct Justfile {
    recipes: HashMap<String, Recipe>,
    aliases: HashMap<String, String>,
    /// `None` for what is computed.
    variables: HashMap<String, Option<String>>,
    first: Option<String>,
    /// Something in it changes what recipes mean: another shell, a recipe given twice for two systems.
    strange: bool,
}

/// What the recipes of a just command execute.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let (source, folder) = match request.option("-f") {
        Some(file) if request.is_known(file) => (request.read(file)?, join(request.folder, super::parent(file))?),
        Some(_) => return None,
        None => (
            ["justfile", "Justfile", ".justfile"].iter().find_map(|name| request.read(name))?,
            request.folder.to_owned(),
        ),
    };
    let mut justfile = read(&source);
    if justfile.strange || request.option("-d").is_some() {
        return None;
    }
    for option in request.run.options.iter().filter(|option| !option.starts_with('-')) {
        if let Some((name, value)) = option.split_once('=') {
            justfile.variables.insert(name.to_owned(), request.is_known(value).then(|| value.to_owned()));
        }
    }
    let mut words: Vec<String> = request.run.sessions.iter().chain(&request.run.args).cloned().collect();
    if words.is_empty() {
        words.push(justfile.first.clone()?);
    }
    let mut walk = Walk { justfile: &justfile, source, folder, done: Vec::new(), resolution: Resolution::default() };
    // A recipe takes as many words as it has parameters; the next word is a recipe again.
    while !words.is_empty() {
        let name = words.remove(0);
        if !request.is_known(&name) {
            return None;
        }
        let recipe = walk.recipe(&name)?;
        let takes = if recipe.parameters.iter().any(|p| p.rest) { words.len() } else { recipe.parameters.len() };
        let args: Vec<Option<String>> =
            words.drain(..takes.min(words.len())).map(|word| request.is_known(&word).then_some(word)).collect();
        let session = walk.resolution.session(Setting::plain(&name));
        walk.run(&name, &args, session, 0)?;
    }
    Some(walk.resolution)
}

fn read(source: &Source) -> Justfile {
    let mut justfile = Justfile::default();
    let mut current: Option<String> = None;
    let mut at = 0;
    for raw in source.text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let content = raw.trim_end();
        if content.trim().is_empty() {
            continue;
        }
        if content.starts_with([' ', '\t']) {
            if let Some(recipe) = current.as_ref().and_then(|name| justfile.recipes.get_mut(name)) {
                let text = content.trim_start();
                let from = start + (content.len() - text.len());
                recipe.body.push((text.to_owned(), Span::new(from, from + text.len())));
            }
            continue;
        }
        if content.starts_with('#') || content.starts_with('[') {
            justfile.strange |= content.starts_with("[script")
                || content.starts_with("[no-cd")
                || content.starts_with("[working-directory");
            continue;
        }
        current = None;
        if let Some((name, value)) = content.split_once(":=") {
            let mut name = name.trim();
            name = name.strip_prefix("export ").unwrap_or(name).trim();
            if let Some(setting) = name.strip_prefix("set ") {
                justfile.strange |= matches!(setting.trim(), "shell" | "working-directory" | "script-interpreter")
                    && !value.contains("bash")
                    && !value.contains("\"sh\"");
            } else if let Some(alias) = name.strip_prefix("alias ") {
                justfile.aliases.insert(alias.trim().to_owned(), value.trim().to_owned());
            } else {
                justfile.variables.insert(name.to_owned(), literal(value.trim()));
            }
            continue;
        }
        let Some((head, depends)) = split_header(content) else { continue };
        let mut words = split_words(head.trim_start_matches('@'));
        if words.is_empty() {
            continue;
        }
        let name = words.remove(0);
        let mut recipe = Recipe { parameters: words.iter().map(|word| parameter(word)).collect(), ..Recipe::default() };
        let (before, after) = depends.split_once("&&").unwrap_or((depends, ""));
        recipe.before = dependencies(before);
        recipe.after = dependencies(after);
        justfile.first.get_or_insert_with(|| name.clone());
        justfile.strange |= justfile.recipes.insert(name.clone(), recipe).is_some();
        current = Some(name);
    }
    justfile
}

/// A literal string.
fn literal(value: &str) -> Option<String> {
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let inner = value[1..].strip_suffix(quote)?;
    (!inner.contains([quote, '\\'])).then(|| inner.to_owned())
}

/// Splits `name a b='x': deps` at the colon that is outside quotes.
fn split_header(line: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, ':') => return Some((&line[..at], &line[at + 1..])),
            _ => {}
        }
    }
    None
}

fn split_words(text: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut quote = None;
    let mut open = false;
    for c in text.chars() {
        match (quote, c) {
            (Some(q), c) if c == q => quote = None,
            (None, '"' | '\'') => quote = Some(c),
            (None, c) if c.is_whitespace() => {
                open = false;
                continue;
            }
            _ => {}
        }
        if !open {
            words.push(String::new());
            open = true;
        }
        if let Some(word) = words.last_mut() {
            word.push(c);
        }
    }
    words
}

fn parameter(word: &str) -> Parameter {
    let (name, default) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
    let rest = name.starts_with(['*', '+']);
    let default = match default {
        Some(value) => Some(literal(value).unwrap_or_else(|| UNKNOWN.to_owned())),
        None => name.starts_with('*').then(String::new),
    };
    Parameter { name: name.trim_start_matches(['*', '+', '$']).to_owned(), default, rest }
}

/// `a (b "x")` as two recipes with their arguments.
fn dependencies(text: &str) -> Vec<Vec<String>> {
    let text = text.split_once(" #").map_or(text, |(text, _)| text);
    let mut found = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inner) = rest.strip_prefix('(') {
            let (inner, after) = inner.split_once(')').unwrap_or((inner, ""));
            found.push(split_words(inner));
            rest = after.trim();
        } else {
            let (word, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
            found.push(vec![word.to_owned()]);
            rest = after.trim();
        }
    }
    found
}

struct Walk<'w> {
    justfile: &'w Justfile,
    source: Arc<Source>,
    folder: String,
    done: Vec<(String, Vec<Option<String>>)>,
    resolution: Resolution,
}

impl Walk<'_> {
    fn recipe(&self, name: &str) -> Option<&'_ Recipe> {
        let name = self.justfile.aliases.get(name).map_or(name, String::as_str);
        self.justfile.recipes.get(name)
    }

    fn run(&mut self, name: &str, args: &[Option<String>], session: usize, depth: usize) -> Option<()> {
        let key = (name.to_owned(), args.to_vec());
        if self.done.contains(&key) {
            return Some(());
        }
        if depth > MAX_DEPTH || self.resolution.pieces.len() > super::MAX_PIECES {
            return None;
        }
        self.done.push(key);
        let justfile = self.justfile;
        let name = justfile.aliases.get(name).map_or(name, String::as_str);
        let recipe = justfile.recipes.get(name)?;
        let mut values: HashMap<&str, Option<String>> = HashMap::new();
        for (index, parameter) in recipe.parameters.iter().enumerate() {
            let value = if parameter.rest {
                let given: Option<Vec<String>> = args.get(index..).unwrap_or_default().iter().cloned().collect();
                match given {
                    Some(given) if given.is_empty() => parameter.default.clone(),
                    given => given.map(|given| given.join(" ")),
                }
            } else {
                args.get(index).cloned().unwrap_or_else(|| parameter.default.clone())
            };
            values.insert(&parameter.name, value.filter(|value| value != UNKNOWN));
        }
        self.depends(&recipe.before, &values, session, depth)?;
        let shebang = recipe.body.first().filter(|(text, _)| text.starts_with("#!"));
        if let Some((line, span)) = shebang {
            let shell = ["sh", "bash", "zsh"].iter().any(|name| line.trim_end().ends_with(name));
            let last = recipe.body.last().map_or(*span, |(_, span)| *span);
            let lines: Vec<String> = recipe.body[1..].iter().map(|(text, _)| self.expand(text, &values)).collect();
            let code = if shell { Code::Shell(lines.join("\n"), false) } else { Code::Opaque };
            self.push(code, span.to(last), session);
        } else {
            let mut open: Option<(String, Span)> = None;
            for (text, span) in &recipe.body {
                let (text, span) = match open.take() {
                    Some((before, first)) => (format!("{before} {text}"), first.to(*span)),
                    None => (text.clone(), *span),
                };
                if let Some(text) = text.strip_suffix('\\') {
                    open = Some((text.to_owned(), span));
                    continue;
                }
                let line = text.trim_start_matches(['@', '-']);
                if !line.starts_with('#') {
                    self.push(Code::Shell(self.expand(line, &values), false), span, session);
                }
            }
        }
        self.depends(&recipe.after, &values, session, depth)
    }

    fn depends(
        &mut self,
        recipes: &[Vec<String>],
        values: &HashMap<&str, Option<String>>,
        session: usize,
        depth: usize,
    ) -> Option<()> {
        for words in recipes {
            let (name, args) = words.split_first()?;
            let args: Vec<Option<String>> = args
                .iter()
                .map(|word| literal(word).or_else(|| values.get(word.as_str()).cloned().flatten()))
                .collect();
            self.run(name, &args, session, depth + 1)?;
        }
        Some(())
    }

    fn push(&mut self, code: Code, span: Span, session: usize) {
        self.resolution.pieces.push(Piece {
            origin: Origin { source: Arc::clone(&self.source), span },
            code,
            env: Vec::new(),
            cwd: Some(self.folder.clone()),
            guarded: false,
            session,
        });
    }

    /// Puts in what `{{ name }}` stands for.
    fn expand(&self, text: &str, values: &HashMap<&str, Option<String>>) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("{{") {
            out.push_str(&rest[..at]);
            let Some(end) = rest[at..].find("}}") else {
                out.push_str(UNKNOWN);
                return out;
            };
            let name = rest[at + 2..at + end].trim();
            let value = match values.get(name) {
                Some(value) => value.clone(),
                None => self.justfile.variables.get(name).cloned().flatten().or_else(|| literal(name)),
            };
            out.push_str(value.as_deref().unwrap_or(UNKNOWN));
            rest = &rest[at + end + 2..];
        }
        out.push_str(rest);
        out
    }
}

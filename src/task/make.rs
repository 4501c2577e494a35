//! make: the recipes of a target and of what it depends on.
//!
//! Variables are put in where they are plain text. Functions, and what stands behind a condition, are not computed.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Code, Origin, Piece, Request, Resolution, Setting, is_set_by_runners};
use crate::source::{Source, Span};

/// Variables that name variables are followed this deep.
const MAX_DEPTH: usize = 12;

/// Stands in a recipe for what only make knows.
const UNKNOWN: &str = "${MAKE_FIELD}";

#[derive(Debug, Default)]
struct Rule {
    depends: Vec<String>,
    /// Command lines with their place, and whether a condition decides about them.
    recipe: Vec<(String, Span, bool)>,
    guarded: bool,
}

#[derive(Debug, Default)]
struct Makefile {
    rules: HashMap<String, Rule>,
    /// `None` for what is computed.
    variables: HashMap<String, Option<String>>,
    /// Variables of one target.
    own: HashMap<String, Vec<(String, Option<String>)>>,
    exported: Vec<String>,
    phony: Vec<String>,
    first: Option<String>,
    includes: bool,
    one_shell: bool,
}

/// What the targets of a make command execute.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let source = match request.option("-f") {
        Some(file) => request.is_known(file).then(|| request.read(file)).flatten()?,
        None => ["GNUmakefile", "makefile", "Makefile"].iter().find_map(|name| request.read(name))?,
    };
    let mut makefile = read(&source);
    if makefile.one_shell {
        return None;
    }
    for option in request.run.options.iter().filter(|option| !option.starts_with('-')) {
        if let Some((name, value)) = option.split_once('=') {
            let name = name.trim_end_matches([':', '?', '+']).to_owned();
            makefile.variables.insert(name, request.is_known(value).then(|| value.to_owned()));
        }
    }
    let mut targets = request.run.sessions.clone();
    if targets.is_empty() {
        targets.push(match makefile.variables.get(".DEFAULT_GOAL") {
            Some(goal) => goal.clone()?,
            None => makefile.first.clone()?,
        });
    }
    let mut walk = Walk { request, source, makefile: &makefile, done: Vec::new(), resolution: Resolution::default() };
    for target in &targets {
        if !request.is_known(target) {
            return None;
        }
        let session = walk.resolution.session(Setting::plain(target));
        walk.target(target, session, false, true, &[])?;
    }
    Some(walk.resolution)
}

fn read(source: &Source) -> Makefile {
    let mut makefile = Makefile::default();
    let mut conditions = 0_usize;
    let mut current: Vec<String> = Vec::new();
    let mut defining = false;
    for (text, span) in logical_lines(&source.text) {
        let trimmed = text.trim();
        if defining {
            defining = !trimmed.starts_with("endef");
            continue;
        }
        if text.starts_with('\t') && !current.is_empty() {
            if !trimmed.is_empty() && !trimmed.starts_with('#') {
                for target in &current {
                    if let Some(rule) = makefile.rules.get_mut(target) {
                        rule.recipe.push((trimmed.to_owned(), span, conditions > 0));
                    }
                }
            }
            continue;
        }
        let word = trimmed.split([' ', '\t', '(']).next().unwrap_or_default();
        match word {
            "" => continue,
            _ if trimmed.starts_with('#') => continue,
            "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                conditions += 1;
                continue;
            }
            "endif" => {
                conditions = conditions.saturating_sub(1);
                continue;
            }
            "else" => continue,
            "define" => {
                defining = true;
                let name = trimmed[6..].trim().trim_end_matches(['=', ':', ' ']).to_owned();
                makefile.variables.insert(name, None);
                continue;
            }
            "include" | "-include" | "sinclude" => {
                makefile.includes = true;
                continue;
            }
            _ => {}
        }
        let mut line = trimmed;
        let mut exported = false;
        while let Some(rest) = ["export ", "override ", "private "]
            .iter()
            .find_map(|word| line.strip_prefix(word).map(|rest| (word, rest)))
        {
            exported |= *rest.0 == "export ";
            line = rest.1.trim_start();
        }
        if let Some((name, operator, value)) = assignment(line) {
            current.clear();
            set(&mut makefile.variables, name, operator, value, conditions > 0);
            if exported {
                makefile.exported.push(name.to_owned());
            }
            continue;
        }
        if exported {
            makefile.exported.extend(line.split_whitespace().map(str::to_owned));
            continue;
        }
        if let Some((targets, rest)) = line.split_once(':') {
            rule(&mut makefile, &mut current, targets, rest.trim_start_matches(':'), span, conditions > 0);
        } else {
            current.clear();
        }
    }
    makefile
}

fn rule(makefile: &mut Makefile, current: &mut Vec<String>, targets: &str, rest: &str, span: Span, guarded: bool) {
    let targets: Vec<String> = targets.split_whitespace().map(str::to_owned).collect();
    current.clear();
    if let Some((name, operator, value)) = assignment(rest.trim()) {
        for target in targets {
            let mut one = HashMap::new();
            set(&mut one, name, operator, value, guarded || operator == "+=");
            makefile.own.entry(target).or_default().extend(one);
        }
        return;
    }
    let (depends, inline) = rest.split_once(';').map_or((rest, None), |(depends, recipe)| (depends, Some(recipe)));
    let depends = depends.split_once('#').map_or(depends, |(depends, _)| depends);
    let depends: Vec<String> = depends.split_whitespace().filter(|name| *name != "|").map(str::to_owned).collect();
    for target in targets {
        match target.as_str() {
            ".PHONY" => {
                makefile.phony.extend(depends.iter().cloned());
                continue;
            }
            ".ONESHELL" => {
                makefile.one_shell = true;
                continue;
            }
            name if name.starts_with('.') && !name.contains('/') || name.contains('%') => continue,
            _ => {}
        }
        if makefile.first.is_none() && !guarded {
            makefile.first = Some(target.clone());
        }
        let rule = makefile.rules.entry(target.clone()).or_default();
        rule.depends.extend(depends.iter().cloned());
        rule.guarded |= guarded;
        if let Some(recipe) = inline {
            rule.recipe.push((recipe.trim().to_owned(), span, guarded));
        }
        current.push(target);
    }
}

/// Lines, those that end in a backslash joined with the next; the place is that of the text without indentation.
fn logical_lines(text: &str) -> Vec<(String, Span)> {
    let mut lines: Vec<(String, Span)> = Vec::new();
    let mut at = 0;
    let mut open = false;
    for raw in text.split_inclusive('\n') {
        let content = raw.trim_end_matches(['\n', '\r']);
        let end = at + content.trim_end().len();
        match lines.last_mut() {
            Some((line, span)) if open => {
                line.push('\n');
                line.push_str(content);
                span.end = end.max(span.end);
            }
            _ => {
                let indent = content.len() - content.trim_start().len();
                lines.push((content.to_owned(), Span::new((at + indent).min(end), end)));
            }
        }
        open = content.ends_with('\\');
        at += raw.len();
    }
    lines
}

/// Takes `NAME := value` apart.
fn assignment(line: &str) -> Option<(&str, &str, &str)> {
    let at = line.find('=')?;
    let operator_at = line[..at].trim_end_matches([':', '?', '+', '!']).len();
    let name = line[..operator_at].trim();
    let plain = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'));
    plain.then(|| (name, &line[operator_at..=at], line[at + 1..].trim()))
}

fn set(variables: &mut HashMap<String, Option<String>>, name: &str, operator: &str, value: &str, unknown: bool) {
    let value = value.split_once(" #").map_or(value, |(value, _)| value.trim_end()).replace("\\\n", " ");
    let old = variables.get(name).cloned();
    let new = match (operator, old) {
        _ if unknown || operator == "!=" => None,
        ("?=", Some(old)) => old,
        ("+=", Some(old)) => old.map(|old| format!("{old} {value}")),
        // What the variable names is put in where it is used; a value that names itself is one of make's own tricks.
        _ if value.contains(&format!("$({name})")) || value.contains(&format!("${{{name}}}")) => None,
        _ => Some(value),
    };
    variables.insert(name.to_owned(), new);
}

struct Walk<'w, 'a> {
    request: &'w Request<'a>,
    source: Arc<Source>,
    makefile: &'w Makefile,
    done: Vec<String>,
    resolution: Resolution,
}

impl Walk<'_, '_> {
    fn target(&mut self, name: &str, session: usize, guarded: bool, goal: bool, path: &[&str]) -> Option<()> {
        if self.done.iter().any(|done| done == name) || path.contains(&name) {
            return Some(());
        }
        let makefile = self.makefile;
        let Some(rule) = makefile.rules.get(name) else {
            // A file that is there, or one that a rule of an included file makes.
            return (!goal).then_some(());
        };
        if path.len() > 32 || self.resolution.pieces.len() > super::MAX_PIECES {
            return None;
        }
        // A file that is up to date is not made again.
        let phony = makefile.phony.iter().any(|phony| phony == name);
        let guarded = guarded || rule.guarded || (!goal && !phony);
        let mut deeper = path.to_vec();
        deeper.push(name);
        for depend in &rule.depends {
            let depend = self.expand(depend, name, 0);
            if depend.contains('$') {
                continue;
            }
            for depend in depend.split_whitespace() {
                self.target(depend, session, guarded, false, &deeper)?;
            }
        }
        let env: Vec<(String, Option<String>)> = makefile
            .exported
            .iter()
            .map(|variable| {
                let value = self.expand(&format!("$({variable})"), name, 0);
                (variable.clone(), (!value.contains('$')).then_some(value))
            })
            .collect();
        for (line, span, conditional) in &rule.recipe {
            let text = line.trim_start_matches(['@', '-', '+', ' ', '\t']);
            self.resolution.pieces.push(Piece {
                origin: Origin { source: Arc::clone(&self.source), span: *span },
                code: Code::Shell(self.expand(text, name, 0), false),
                env: env.clone(),
                cwd: Some(self.request.folder.to_owned()),
                guarded: guarded || *conditional,
                session,
            });
        }
        self.done.push(name.to_owned());
        Some(())
    }

    /// Puts variables in.
    fn expand(&self, text: &str, target: &str, depth: usize) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let (name, taken) = match after.chars().next() {
                Some('$') => {
                    out.push('$');
                    rest = &after[1..];
                    continue;
                }
                Some(open @ ('(' | '{')) => {
                    let close = if open == '(' { ')' } else { '}' };
                    let Some(end) = matching(after, open, close) else {
                        out.push_str(UNKNOWN);
                        return out;
                    };
                    (&after[1..end], end + 1)
                }
                Some(c) => (&after[..c.len_utf8()], c.len_utf8()),
                None => ("", 0),
            };
            rest = &after[taken..];
            match self.variable(name, target, depth) {
                Some(value) => out.push_str(&value),
                None => out.push_str(UNKNOWN),
            }
            if out.len() > 16 << 10 {
                return UNKNOWN.to_owned();
            }
        }
        out.push_str(rest);
        out
    }

    fn variable(&self, name: &str, target: &str, depth: usize) -> Option<String> {
        if depth > MAX_DEPTH || name.contains([' ', ',', '$', ':']) {
            return None;
        }
        let own = self.makefile.own.get(target).and_then(|own| own.iter().rev().find(|(key, _)| key == name));
        let value = match own.map(|(_, value)| value).or_else(|| self.makefile.variables.get(name)) {
            Some(value) => value.clone()?,
            None => match name {
                "@" => return Some(target.to_owned()),
                "MAKE" => return Some("make".to_owned()),
                "CURDIR" => return Some(".".to_owned()),
                "RM" => return Some("rm -f".to_owned()),
                _ => return self.unset(name),
            },
        };
        Some(self.expand(&value, target, depth + 1))
    }

    /// A variable the file does not set: the environment's, or empty.
    fn unset(&self, name: &str) -> Option<String> {
        match self.request.variable(name) {
            Some(value) => value.map(str::to_owned),
            None => {
                let open = self.makefile.includes
                    || is_set_by_runners(name)
                    || self.request.variable(crate::flow::UNKNOWN_NAMES).is_some()
                    || matches!(name, "CC" | "CXX" | "CPP" | "AR" | "AS" | "LD" | "FC" | "<" | "^" | "?" | "*" | "+")
                    || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
                (!open).then(String::new)
            }
        }
    }
}

/// The bracket that closes the one `text` begins with.
fn matching(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                return Some(at);
            }
        }
    }
    None
}

//! One parsed configuration file, whichever its language, with coverage.py's section names.

use super::env::{Lookup, substitute};
use super::ini::Ini;
use super::python::{self, strip};
use super::toml::{self, Table, Value};

/// Whose file it is: coverage.py's own files may leave out the prefix of the section names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ownership {
    /// Only for coverage.py.
    Own,
    /// Shared with other tools.
    Shared,
}

/// A parsed configuration file.
#[derive(Debug, Clone)]
pub(super) struct Document {
    content: Content,
    ownership: Ownership,
}

#[derive(Debug, Clone)]
enum Content {
    Ini(Ini),
    Toml(Table),
}

/// Why an option could not be read.
#[derive(Debug)]
pub(super) enum Problem {
    /// A value of the wrong kind; the message follows "Couldn't read config file".
    Value(String),
    /// A message that stands alone.
    Whole(String),
}

type Read<T> = Result<Option<T>, Problem>;

impl Document {
    /// Parses a file by the ending of its name.
    pub(super) fn parse(text: &str, name: &str, ownership: Ownership) -> Result<Self, String> {
        let content = if is_toml(name) {
            let table = toml::parse(text)?;
            check_tables(&table, ownership)?;
            Content::Toml(table)
        } else {
            Content::Ini(Ini::parse(text, name)?)
        };
        Ok(Self { content, ownership })
    }

    /// The full name of a section that exists; the prefixed form wins.
    pub(super) fn section(&self, section: &str) -> Option<String> {
        let prefix = match self.content {
            Content::Ini(_) => "coverage:",
            Content::Toml(_) => "tool.coverage.",
        };
        let prefixed = format!("{prefix}{section}");
        if self.exists(&prefixed) {
            return Some(prefixed);
        }
        (self.ownership == Ownership::Own && self.exists(section)).then(|| section.to_owned())
    }

    fn exists(&self, section: &str) -> bool {
        match &self.content {
            Content::Ini(ini) => ini.has_section(section),
            Content::Toml(table) => find_table(table, section).is_some(),
        }
    }

    /// The names of the section's options.
    pub(super) fn options(&self, real: &str) -> Vec<&str> {
        match &self.content {
            Content::Ini(ini) => ini.options(real),
            Content::Toml(table) => {
                find_table(table, real).into_iter().flatten().map(|(name, _)| name.as_str()).collect()
            }
        }
    }

    fn raw(&self, section: &str, option: &str) -> Option<(String, Raw<'_>)> {
        let real = self.section(section)?;
        let raw = match &self.content {
            Content::Ini(ini) => Raw::Ini(ini.get(&real, option)?),
            Content::Toml(table) => Raw::Toml(toml::get(find_table(table, &real)?, option)?),
        };
        Some((real, raw))
    }

    /// A value that may be anything; what is no text comes as Python prints it.
    pub(super) fn any(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<String> {
        let Some((_, raw)) = self.raw(section, option) else { return Ok(None) };
        Ok(Some(match raw {
            Raw::Ini(text) => replaced(text, env)?,
            Raw::Toml(Value::Text(text)) => replaced(text, env)?,
            Raw::Toml(value) => value.repr(),
        }))
    }

    /// A text.
    pub(super) fn text(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<String> {
        match self.raw(section, option) {
            Some((real, Raw::Toml(value))) if !matches!(value, Value::Text(_)) => {
                Err(Problem::Value(format!("Option [{real}]{option} is not a string: {}", value.repr())))
            }
            _ => self.any(section, option, env),
        }
    }

    /// A truth value.
    pub(super) fn boolean(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<bool> {
        let ini = |text: &str| match text.to_lowercase().as_str() {
            "1" | "yes" | "true" | "on" => Ok(true),
            "0" | "no" | "false" | "off" => Ok(false),
            _ => Err(format!("Not a boolean: {text}")),
        };
        let toml = |text: &str| match text {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        };
        let whole = |value: &Value| if let Value::Boolean(value) = value { Some(*value) } else { None };
        self.typed(section, option, env, "a boolean", ini, toml, whole)
    }

    /// A whole number.
    pub(super) fn integer(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<i64> {
        let ini = |text: &str| {
            python::int(text).ok_or_else(|| format!("invalid literal for int() with base 10: {}", python::repr(text)))
        };
        let whole = |value: &Value| match value {
            Value::Integer(number) => Some(*number),
            Value::Boolean(value) => Some(i64::from(*value)),
            _ => None,
        };
        self.typed(section, option, env, "an integer", ini, python::int, whole)
    }

    /// A number.
    pub(super) fn float(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<f64> {
        let ini = |text: &str| {
            python::float(text).ok_or_else(|| format!("could not convert string to float: {}", python::repr(text)))
        };
        // Whole numbers of a percentage are far below the limit of a double.
        #[allow(clippy::cast_precision_loss)]
        let whole = |value: &Value| match value {
            Value::Float(number) => Some(*number),
            Value::Integer(number) => Some(*number as f64),
            Value::Boolean(value) => Some(f64::from(u8::from(*value))),
            _ => None,
        };
        self.typed(section, option, env, "a float", ini, python::float, whole)
    }

    /// A value that is a text in INI, and a text or the real type in TOML.
    #[allow(clippy::too_many_arguments)]
    fn typed<T>(
        &self,
        section: &str,
        option: &str,
        env: Lookup<'_>,
        kind: &str,
        ini: impl Fn(&str) -> Result<T, String>,
        toml: impl Fn(&str) -> Option<T>,
        whole: impl Fn(&Value) -> Option<T>,
    ) -> Read<T> {
        let Some((real, raw)) = self.raw(section, option) else { return Ok(None) };
        match raw {
            Raw::Ini(text) => ini(&replaced(text, env)?).map(Some).map_err(Problem::Value),
            Raw::Toml(Value::Text(text)) => {
                let text = replaced(text, env)?;
                toml(&text).map(Some).ok_or_else(|| {
                    let text = python::repr(&text);
                    Problem::Value(format!("Option [{real}]{option} couldn't convert to {kind}: {text}"))
                })
            }
            Raw::Toml(value) => whole(value)
                .map(Some)
                .ok_or_else(|| Problem::Value(format!("Option [{real}]{option} is not {kind}: {}", value.repr()))),
        }
    }

    /// A list: in INI separated by commas and line ends.
    pub(super) fn list(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<Vec<String>> {
        self.items(section, option, env, &[',', '\n'])
    }

    /// A list of regexes with the full name of their section: in INI separated by line ends only.
    pub(super) fn regexes(&self, section: &str, option: &str, env: Lookup<'_>) -> Read<(String, Vec<String>)> {
        let Some((real, _)) = self.raw(section, option) else { return Ok(None) };
        let items = self.items(section, option, env, &['\n'])?.unwrap_or_default();
        let items = items.iter().map(|item| strip(item)).filter(|item| !item.is_empty()).map(str::to_owned);
        // coverage.py names the section with its prefix only in TOML.
        let named = match self.content {
            Content::Ini(_) => section.to_owned(),
            Content::Toml(_) => real,
        };
        Ok(Some((named, items.collect())))
    }

    fn items(&self, section: &str, option: &str, env: Lookup<'_>, separators: &[char]) -> Read<Vec<String>> {
        let Some((real, raw)) = self.raw(section, option) else { return Ok(None) };
        let wrong = |what: &str, value: &Value| {
            Problem::Value(format!("Option [{real}]{option} is not {what}: {}", value.repr()))
        };
        match raw {
            Raw::Ini(text) => {
                let text = replaced(text, env)?;
                let items = text.split(separators).map(strip).filter(|item| !item.is_empty());
                Ok(Some(items.map(str::to_owned).collect()))
            }
            Raw::Toml(Value::Array(items)) => {
                let mut texts = Vec::with_capacity(items.len());
                for item in items {
                    let Value::Text(text) = item else { return Err(wrong("a list of strings", item)) };
                    texts.push(replaced(text, env)?);
                }
                Ok(Some(texts))
            }
            Raw::Toml(value) => Err(wrong("a list", value)),
        }
    }
}

enum Raw<'d> {
    Ini(&'d str),
    Toml(&'d Value),
}

fn replaced(text: &str, env: Lookup<'_>) -> Result<String, Problem> {
    substitute(text, env).map_err(Problem::Whole)
}

/// Whether the file's name says TOML.
pub(super) fn is_toml(name: &str) -> bool {
    std::path::Path::new(name).extension().is_some_and(|extension| extension == "toml")
        || name.rsplit('/').next() == Some(".toml")
}

/// The table at a dotted path.
fn find_table<'t>(table: &'t Table, path: &str) -> Option<&'t Table> {
    let mut here = table;
    for part in path.split('.') {
        let Value::Table(inner) = toml::get(here, part)? else { return None };
        here = inner;
    }
    Some(here)
}

/// coverage.py ends in a crash when these are no tables; here it is an error with a name.
fn check_tables(table: &Table, ownership: Ownership) -> Result<(), String> {
    const SECTIONS: [&str; 7] = ["run", "report", "html", "xml", "json", "lcov", "paths"];
    // The names without prefix in a shared file belong to others.
    if ownership == Ownership::Own {
        check_each(table, "", &SECTIONS)?;
    }
    check_each(table, "", &["tool"])?;
    check_each(find_table(table, "tool").unwrap_or(&Vec::new()), "tool.", &["coverage"])?;
    check_each(find_table(table, "tool.coverage").unwrap_or(&Vec::new()), "tool.coverage.", &SECTIONS)
}

fn check_each(table: &Table, prefix: &str, keys: &[&str]) -> Result<(), String> {
    let no_table = |key: &str| toml::get(table, key).is_some_and(|value| !matches!(value, Value::Table(_)));
    match keys.iter().find(|key| no_table(key)) {
        Some(key) => Err(format!("{prefix}{key} is not a table")),
        None => Ok(()),
    }
}

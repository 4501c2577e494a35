//! Environment variables inside the values of a configuration file.

use super::python::{self, is_word};

/// Looks up one environment variable.
pub type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Replaces `$V`, `${V}`, `${V?}`, `${V-default}` and `$$` in `text`. An unset variable is empty, and an error under
/// `${V?}`. Anything else that starts with a dollar sign stays as it is.
pub fn substitute(text: &str, env: Lookup<'_>) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        if let Some(tail) = after.strip_prefix('$') {
            out.push('$');
            rest = tail;
        } else if let Some((name, tail)) = word(after) {
            out.push_str(&env(name).unwrap_or_default());
            rest = tail;
        } else if let Some((name, form, tail)) = after.strip_prefix('{').and_then(braced) {
            match (env(name), form) {
                (Some(value), _) => out.push_str(&value),
                (None, Form::Plain) => {}
                (None, Form::Default(value)) => out.push_str(value),
                (None, Form::Strict) => {
                    return Err(format!("Variable {name} is undefined: {}", python::repr(text)));
                }
            }
            rest = tail;
        } else {
            out.push('$');
            rest = after;
        }
    }
    out.push_str(rest);
    Ok(out)
}

enum Form<'a> {
    Plain,
    Strict,
    Default(&'a str),
}

/// The word that starts `text`, and what follows it.
fn word(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|c| !is_word(c)).unwrap_or(text.len());
    (end > 0).then(|| text.split_at(end))
}

/// What stands after `${`, up to its closing brace.
fn braced(text: &str) -> Option<(&str, Form<'_>, &str)> {
    let (name, rest) = word(text)?;
    if let Some(tail) = rest.strip_prefix('}') {
        Some((name, Form::Plain, tail))
    } else if let Some(tail) = rest.strip_prefix("?}") {
        Some((name, Form::Strict, tail))
    } else {
        let (value, tail) = rest.strip_prefix('-')?.split_once('}')?;
        Some((name, Form::Default(value), tail))
    }
}

/// Expands a leading `~` or `~/` to `$HOME`; `~user` stays as it is.
pub fn expand_user(path: &str, env: Lookup<'_>) -> String {
    let Some(rest) = path.strip_prefix('~').filter(|rest| rest.is_empty() || rest.starts_with('/')) else {
        return path.to_owned();
    };
    match env("HOME") {
        Some(home) => {
            let home = home.trim_end_matches('/');
            if home.is_empty() && rest.is_empty() { "/".to_owned() } else { format!("{home}{rest}") }
        }
        None => path.to_owned(),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn env(name: &str) -> Option<String> {
        match name {
            "V1" => Some("one".to_owned()),
            "EMPTY" => Some(String::new()),
            "HOME" => Some("/home/me/".to_owned()),
            _ => None,
        }
    }

    #[test]
    fn every_form_is_replaced() {
        let text = "$V1 ${V1} ${V1?} ${V1-x} $$V1 ${NO-de-f} [$NO${NO}] ${EMPTY-x}.";
        assert_eq!(substitute(text, &env).unwrap(), "one one one one $V1 de-f [] .");
    }

    #[test]
    fn what_is_no_variable_stays() {
        for text in ["$- ${} ${A?b} ${A -b} ${V1", "end$"] {
            assert_eq!(substitute(text, &env).unwrap(), text);
        }
    }

    #[test]
    fn an_unset_strict_variable_is_an_error() {
        assert_eq!(substitute("a${NO?}", &env).unwrap_err(), "Variable NO is undefined: 'a${NO?}'");
    }

    #[test]
    fn the_home_directory_is_expanded() {
        assert_eq!(expand_user("~", &env), "/home/me");
        assert_eq!(expand_user("~/a", &env), "/home/me/a");
        assert_eq!(expand_user("~you/a", &env), "~you/a");
        assert_eq!(expand_user("a/~", &env), "a/~");
    }
}

//! What stands in braces: `{posargs:tests}`, `{envname}`, `{env:NAME:default}`, `{[section]key}`; and `py{311,312}`.

use crate::shell::split_outside_braces;

/// Replacements nested deeper than this are not followed.
const MAX_DEPTH: usize = 6;

/// Replaces what `lookup` knows; the rest keeps its braces.
pub(super) fn replace(text: &str, depth: usize, lookup: &dyn Fn(&str, usize) -> Option<String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if rest[..open].ends_with('\\') {
            out.push_str(&rest[..open - 1]);
            out.push('{');
            rest = &rest[open + 1..];
            continue;
        }
        out.push_str(&rest[..open]);
        let Some(close) = matching(&rest[open..]) else {
            out.push_str(&rest[open..]);
            return out;
        };
        let inner = &rest[open + 1..open + close];
        match (depth < MAX_DEPTH).then(|| lookup(inner, depth + 1)).flatten() {
            Some(value) => out.push_str(&value),
            None => out.push_str(&rest[open..=open + close]),
        }
        rest = &rest[open + close + 1..];
    }
    out.push_str(rest);
    out
}

/// The brace that closes the one `text` begins with.
fn matching(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
    }
    None
}

/// `py{311,312}-{a,b}` as all its names.
pub(super) fn braces(text: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let mut rest = text.trim();
    while let Some(open) = rest.find('{') {
        let Some(close) = rest[open..].find('}') else { break };
        let inner: Vec<String> = rest[open + 1..open + close].split(',').flat_map(|part| range(part.trim())).collect();
        if all.len() * inner.len() > 512 {
            return Vec::new();
        }
        all = all
            .iter()
            .flat_map(|head| inner.iter().map(move |part| format!("{head}{}{part}", &rest[..open])))
            .collect();
        rest = &rest[open + close + 1..];
    }
    for name in &mut all {
        name.push_str(rest);
    }
    all
}

/// `py3{9-12}`: tox 4.25 knows ranges of numbers.
fn range(part: &str) -> Vec<String> {
    match part.split_once('-').map(|(a, b)| (a.parse::<u32>(), b.parse::<u32>())) {
        Some((Ok(first), Ok(last))) if first <= last && last - first < 40 => {
            (first..=last).map(|number| number.to_string()).collect()
        }
        _ => vec![part.to_owned()],
    }
}

/// Splits a list of names at commas outside braces and at line ends.
pub(super) fn names(text: &str) -> Vec<String> {
    split_outside_braces(text, &[',', '\n']).flat_map(braces).filter(|name| !name.is_empty()).collect()
}

/// The variable of `{env:NAME:default}`. One that neither workflow nor configuration sets is not set, except for those
/// that every runner has.
pub(super) fn variable(
    inner: &str,
    known: impl Fn(&str) -> Option<Option<String>>,
    resolve: impl FnOnce(&str) -> String,
) -> Option<String> {
    let rest = inner.strip_prefix("env:")?;
    let (name, default) = rest.split_once(':').map_or((rest, None), |(name, default)| (name, Some(default)));
    match known(name) {
        Some(value) => value,
        None if super::super::is_set_by_runners(name) => None,
        None => Some(resolve(default.unwrap_or_default())),
    }
}

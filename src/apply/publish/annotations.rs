//! Annotations on missing lines, as workflow commands. Off by default: most readers find them noise.

use std::fmt::Write as _;

use super::escape;
use super::story::Story;

/// What an annotation looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// `::notice`.
    Notice,
    /// `::warning`.
    Warning,
}

/// Forges show so many of one type for each step and drop the others without a word.
const MOST: usize = 10;

/// One command a run of missing lines, those of the files with most missing first; the last says how many are left out.
pub fn annotations(story: &Story, level: Level) -> String {
    let command = match level {
        Level::Notice => "notice",
        Level::Warning => "warning",
    };
    let places: Vec<(&str, &str)> = story
        .gaps()
        .into_iter()
        .flat_map(|row| row.missing.iter().map(|item| (row.name.as_str(), item.as_str())))
        .collect();
    let shown = if places.len() > MOST { MOST - 1 } else { places.len() };
    let mut out = String::new();
    for &(name, item) in &places[..shown] {
        let (first, last, text) = match item.split_once("->") {
            Some((line, "exit")) => {
                (line, line, format!("The way from line {line} out of its function or module was never taken"))
            }
            Some((line, to)) => (line, line, format!("The way from line {line} to line {to} was never taken")),
            None => match item.split_once('-') {
                Some((first, last)) => (first, last, format!("Lines {first} to {last} are not covered")),
                None => (item, item, format!("Line {item} is not covered")),
            },
        };
        let _ = writeln!(
            out,
            "::{command} file={},line={first},endLine={last},title=Missing coverage::{}",
            escape::command_property(name),
            escape::command_data(&text)
        );
    }
    if places.len() > shown {
        let left = places.len() - shown;
        let _ = writeln!(out, "::{command} title=Missing coverage::and {left} more places, see the summary of the run");
    }
    out
}

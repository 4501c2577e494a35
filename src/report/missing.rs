//! The text of the "Missing" column.

use std::fmt::Write as _;

use super::model::FileReport;

/// Runs of missing statements ("3-7"), joined as long as no executed statement lies between, and branches that were not taken
/// ("9->exit") between executed lines.
pub fn missing(file: &FileReport) -> String {
    let mut items: Vec<(u32, String)> = Vec::new();
    let mut run: Option<(u32, u32)> = None;
    for line in file.analysis.statements.iter() {
        if file.missing.contains(line) {
            run = Some((run.map_or(line, |(first, _)| first), line));
        } else if let Some(run) = run.take() {
            items.push((run.0, range(run)));
        }
    }
    items.extend(run.map(|run| (run.0, range(run))));
    let missing_line = |line: i32| u32::try_from(line).is_ok_and(|line| file.missing.contains(line));
    for &(from, to) in &file.missing_branches {
        if !missing_line(from) && !missing_line(to) {
            let text = if to > 0 { format!("{from}->{to}") } else { format!("{from}->exit") };
            items.push((from.unsigned_abs(), text));
        }
    }
    items.sort();
    let mut text = String::new();
    for (index, (_, item)) in items.iter().enumerate() {
        let _ = write!(text, "{}{item}", if index == 0 { "" } else { ", " });
    }
    text
}

fn range((first, last): (u32, u32)) -> String {
    if first == last { first.to_string() } else { format!("{first}-{last}") }
}

//! What comment and summary have in common: the heading with the verdict, the table of figures, the line of facts.

use std::fmt::Write as _;

use super::escape;
use super::story::{Baseline, FileRow, Gap, GapKind, Story, Subject, short};
use crate::apply::exact::{Percent, Share};
use crate::apply::gate::{Gate, Outcome, Rule, Verdict};
use crate::report::{self, Numbers};

/// The verdict in one line, without the `#`.
pub(super) fn heading(story: &Story) -> String {
    let title = escape::text(story.title);
    let total = story.total();
    match (story.judgement.verdict, story.judgement.first_failure()) {
        (Verdict::NotJudged, _) => format!("⚠️ {title} not judged: {}", why(story)),
        (Verdict::Failed, Some((gate, others))) => {
            let and = match others {
                0 => String::new(),
                1 => " (and one more gate fails)".to_owned(),
                _ => format!(" (and {others} more gates fail)"),
            };
            format!("❌ {}{and}", failure(story, &title, gate))
        }
        _ => format!("✅ {title} {total} %{}", in_brackets(story)),
    }
}

/// Why nothing was judged, in a few words.
pub(super) fn why(story: &Story) -> String {
    let arrival = story.arrival;
    match (arrival.expected, arrival.gaps.as_slice()) {
        (Some(expected), _) if arrival.arrived < expected => {
            format!("{} of {expected} data files arrived", arrival.arrived)
        }
        (_, []) => "the data is not complete".to_owned(),
        (_, [gap]) => gap_text(gap),
        (_, [gap, rest @ ..]) => format!("{}, and {} more", gap_text(gap), rest.len()),
    }
}

/// One reason as a sentence without a full stop.
pub(super) fn gap_text(gap: &Gap) -> String {
    let name = escape::code(&gap.name);
    let detail = gap.detail.as_deref().map(escape::text);
    let brackets = match (&gap.job, detail) {
        (Some(job), Some(detail)) => format!(" (job {}: {detail})", escape::code(job)),
        (Some(job), None) => format!(" (job {})", escape::code(job)),
        (None, Some(detail)) => format!(" ({detail})"),
        (None, None) => String::new(),
    };
    match gap.kind {
        GapKind::Missing => format!("{name} is missing{brackets}"),
        GapKind::Empty => format!("{name} is empty{brackets}"),
        GapKind::Duplicate => format!("{name} came more than once{brackets}"),
        GapKind::Stale => format!("{name} changed after it was measured{brackets}"),
        GapKind::Unreadable => format!("{name} cannot be read{brackets}"),
    }
}

/// A limit that is not kept, as a sentence without a full stop.
pub(super) fn failure(story: &Story, title: &str, gate: &Gate) -> String {
    let limit = &gate.limit;
    let lacking = match gate.outcome {
        Outcome::Missed { needed } => format!(": {} needed", story.needed(needed)),
        _ => String::new(),
    };
    match &gate.rule {
        Rule::FailUnder => format!("{title} {} % is below the {limit} % gate{lacking}", story.total()),
        Rule::MaxDrop => {
            let brackets = in_brackets(story);
            format!("{title} {} %{brackets} fell by more than {limit} points{lacking}", story.total())
        }
        Rule::Path(glob) => {
            let glob = escape::code(glob);
            if gate.outcome == Outcome::NoFiles {
                return format!("{title}: no file matches the gate {glob}");
            }
            format!("{title} of {glob} is {} %, below its {limit} % gate{lacking}", figure(gate))
        }
    }
}

/// The percentage behind a gate.
pub(super) fn figure(gate: &Gate) -> String {
    report::display(gate.numbers.percent(), gate.decimals)
}

/// The change of the total in brackets, with a blank before.
fn in_brackets(story: &Story) -> String {
    story.delta().map_or_else(String::new, |delta| format!(" ({})", minus(&delta)))
}

/// With a real minus sign.
fn minus(text: &str) -> String {
    text.replace('-', "−")
}

/// The table of figures and gates. Of partial data it holds the figures alone.
pub(super) fn table(story: &Story) -> String {
    let judged = story.judgement.verdict != Verdict::NotJudged;
    let base = match story.baseline {
        Baseline::Found { commit, total, .. } if judged => Some((short(commit), total)),
        _ => None,
    };
    let subject = match story.subject {
        Subject::PullRequest(_) => "this PR",
        Subject::Commit => "this commit",
    };
    let head =
        if story.head.is_empty() { "now".to_owned() } else { format!("{subject} {}", escape::code(short(story.head))) };
    let mut out = match &base {
        Some((commit, _)) => {
            format!("| | base {} | {head} | Δ | gate |\n|:--|--:|--:|--:|:--|\n", escape::code(commit))
        }
        None if judged => format!("| | {head} | gate |\n|:--|--:|:--|\n"),
        None => format!("| | {head} |\n|:--|--:|\n"),
    };
    let mut row = |name: &str, then: &str, now: &str, change: &str, gate: &str| {
        let _ = match &base {
            Some(_) => writeln!(out, "| {name} | {then} | {now} | {change} | {gate} |"),
            None if judged => writeln!(out, "| {name} | {now} | {gate} |"),
            None => writeln!(out, "| {name} | {now} |"),
        };
    };
    let all = Share::all(&story.totals);
    let change = story.delta().map_or_else(String::new, |delta| minus(&delta));
    let then = base.as_ref().map_or_else(String::new, |(_, total)| format!("{} %", total.shown));
    row(
        "Total",
        &then,
        &format!("**{} %** ({}/{})", story.total(), all.covered, all.total),
        &change,
        &total_gates(story),
    );
    if story.branch {
        let (before_lines, before_branches) = match &base {
            Some((_, total)) => (total.lines, total.branches),
            None => (None, None),
        };
        part(story, "Lines", Share::lines(&story.totals), before_lines, &mut row);
        part(story, "Branches", Share::branches(&story.totals), before_branches, &mut row);
    }
    if judged {
        for gate in &story.judgement.gates {
            if let Rule::Path(glob) = &gate.rule {
                let share = Share::all(&gate.numbers);
                let now = match gate.outcome {
                    Outcome::NoFiles => "no file".to_owned(),
                    _ => format!("{} % ({}/{})", figure(gate), share.covered, share.total),
                };
                row(
                    &escape::code_cell(glob),
                    "",
                    &now,
                    "",
                    &format!("{} ≥ {} %{}", mark(gate), gate.limit, aside(gate)),
                );
            }
        }
    }
    out
}

/// A row of lines or branches alone; nothing where there are none.
fn part(
    story: &Story,
    name: &str,
    now: Share,
    then: Option<Share>,
    row: &mut impl FnMut(&str, &str, &str, &str, &str),
) {
    if now.total == 0 {
        return;
    }
    let decimals = story.decimals();
    let shown = |share: Share| report::display(percent(share), decimals);
    let (before, change) = match then {
        Some(then) => {
            let change: Percent = now.percent().minus(then.percent());
            (format!("{} %", shown(then)), minus(&change.signed(decimals)))
        }
        None => (String::new(), String::new()),
    };
    row(name, &before, &format!("{} % ({}/{})", shown(now), now.covered, now.total), &change, "–");
}

#[expect(clippy::cast_precision_loss, reason = "counts of lines")]
fn percent(share: Share) -> f64 {
    if share.total == 0 { 100.0 } else { 100.0 * share.covered as f64 / share.total as f64 }
}

/// The gates of the total, in the last column.
fn total_gates(story: &Story) -> String {
    let mut gates = Vec::new();
    if let Some(gate) = story.judgement.fail_under() {
        gates.push(format!("{} ≥ {} %{}", mark(gate), gate.limit, aside(gate)));
    }
    if let Some(gate) = story.judgement.max_drop() {
        gates.push(match gate.outcome {
            Outcome::NoBaseline => format!("– drop ≤ {}", gate.limit),
            _ => format!("{} drop ≤ {}{}", mark(gate), gate.limit, aside(gate)),
        });
    }
    if gates.is_empty() { "–".to_owned() } else { gates.join(", ") }
}

fn mark(gate: &Gate) -> &'static str {
    match gate.outcome {
        Outcome::Kept => "✅",
        Outcome::NoBaseline => "–",
        _ if gate.informational => "ℹ️",
        _ => "❌",
    }
}

fn aside(gate: &Gate) -> &'static str {
    if gate.informational { " (informational)" } else { "" }
}

/// Sentences about gates that the heading does not have: other failures, informational ones, rounding, a missing baseline.
pub(super) fn remarks(story: &Story) -> Vec<String> {
    let mut out = Vec::new();
    let title = escape::text(story.title);
    if story.judgement.verdict == Verdict::NotJudged {
        return out;
    }
    let first = story.judgement.first_failure().map(|(gate, _)| gate);
    for gate in &story.judgement.gates {
        let missed = matches!(gate.outcome, Outcome::Missed { .. } | Outcome::NoFiles);
        if missed && !first.is_some_and(|first| std::ptr::eq(first, gate)) {
            let lead = if gate.informational { "For information: " } else { "" };
            out.push(format!("{lead}{}.", failure(story, &title, gate)));
        } else if gate.by_rounding {
            let shown = figure(gate);
            out.push(format!(
                "{shown} % keeps the {} % gate because coverage.py rounds before it compares.",
                gate.limit
            ));
        }
    }
    match story.baseline {
        Baseline::None { branch } => {
            let of = branch.as_deref().map(|branch| format!(" for {}", escape::code(branch))).unwrap_or_default();
            out.push(format!("No baseline{of} yet: it appears after the next run there."));
        }
        Baseline::Found { commit, nearest: true, .. } => {
            let commit = escape::code(short(commit));
            out.push(format!(
                "The base commit has no total; compared with {commit}, its nearest ancestor that has one."
            ));
        }
        _ => {}
    }
    out
}

/// Gates, commits, data and links, in one line.
pub(super) fn facts(story: &Story) -> String {
    let mut facts = Vec::new();
    match story.judgement.verdict {
        Verdict::Passed => facts.push(gates_passed(story)),
        Verdict::NotJudged => {}
        Verdict::Failed => {}
    }
    let head = short(story.head);
    match story.baseline {
        Baseline::Found { branch, commit, .. } if story.judgement.verdict != Verdict::NotJudged => {
            let branch = branch.as_deref().map(|branch| format!("{} ", escape::code(branch))).unwrap_or_default();
            facts.push(format!("{branch}{} → {}", escape::text(short(commit)), escape::text(head)));
        }
        _ if !head.is_empty() => facts.push(escape::text(head)),
        _ => {}
    }
    if let Some(data) = data(story) {
        facts.push(data);
    }
    if let Some(url) = &story.links.report {
        facts.push(escape::link("HTML report", url));
    }
    if let Some(url) = &story.links.run {
        facts.push(escape::link("details", url));
    }
    facts.join(" · ")
}

fn gates_passed(story: &Story) -> String {
    let mut kept: Vec<String> = Vec::new();
    for gate in story.judgement.gates.iter().filter(|gate| gate.outcome == Outcome::Kept) {
        kept.push(match &gate.rule {
            Rule::FailUnder => format!("{} %", gate.limit),
            Rule::MaxDrop => format!("drop ≤ {}", gate.limit),
            Rule::Path(glob) => format!("{} ≥ {} %", escape::code(glob), gate.limit),
        });
    }
    match kept.as_slice() {
        [] if story.judgement.gates.is_empty() => "No gate".to_owned(),
        [] => "No gate that counts".to_owned(),
        [one] => format!("Gate {one} passed"),
        // A long list is in the table of the summary.
        some if some.len() > 4 => format!("{} gates passed", some.len()),
        some => format!("Gates {} passed", some.join(", ")),
    }
}

/// How much data there is.
fn data(story: &Story) -> Option<String> {
    let arrival = story.arrival;
    let files = |count: usize| if count == 1 { "data file" } else { "data files" };
    let mut text = match arrival.expected {
        Some(expected) => format!("{} of {expected} {}", arrival.arrived, files(expected)),
        None if arrival.arrived == 0 => return None,
        None => format!("{} {}", arrival.arrived, files(arrival.arrived)),
    };
    if let Some(jobs) = arrival.jobs.filter(|&jobs| jobs > 0) {
        let _ = write!(text, " from {jobs} {}", if jobs == 1 { "job" } else { "jobs" });
    }
    Some(text)
}

/// Missing lines and branches for readers, cut by whole items: `5–6, 14, 41→exit`.
pub(super) fn missing(row: &FileRow, longest: usize) -> String {
    let mut out = String::new();
    for (index, item) in row.missing.iter().enumerate() {
        let item = item.replace("->", "→").replace('-', "–");
        if out.len() + item.len() > longest {
            let _ = write!(out, "{}and {} more", if index == 0 { "" } else { ", " }, row.missing.len() - index);
            break;
        }
        let _ = write!(out, "{}{item}", if index == 0 { "" } else { ", " });
    }
    out
}

/// What is missing in a file, in numbers.
pub(super) fn lacking(story: &Story, numbers: &Numbers) -> String {
    if story.branch {
        format!("{} + {}", numbers.missing, numbers.missing_branches)
    } else {
        numbers.missing.to_string()
    }
}

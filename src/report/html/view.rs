//! What the pages show of the Report model. Only this file looks into a [`FileReport`].

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fmt::Write as _;

use crate::coverage::{Arc, LineSet};
use crate::python::RegionKind;
use crate::report::display;
use crate::report::model::{FileReport, Numbers};

/// How a line is marked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Run,
    Missing,
    Excluded,
    Partial,
}

impl Mark {
    pub(super) const ALL: [Self; 4] = [Self::Run, Self::Missing, Self::Excluded, Self::Partial];

    /// The style class, which is the key that toggles it too.
    pub(super) fn class(self) -> char {
        match self {
            Self::Run => 'r',
            Self::Missing => 'm',
            Self::Excluded => 'x',
            Self::Partial => 'p',
        }
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Missing => "missing",
            Self::Excluded => "excluded",
            Self::Partial => "partial",
        }
    }
}

/// One line of source.
#[derive(Debug, Clone)]
pub(super) struct Line<'f> {
    /// Its mark, and whether it only continues the statement that has it.
    pub(super) mark: Option<(Mark, bool)>,
    /// The branches of a partial line that were not taken.
    pub(super) untaken: &'f [Arc],
    /// The indices of the contexts that ran the statement that begins here.
    pub(super) contexts: Cow<'f, [u32]>,
}

/// The lines of a file.
pub(super) fn lines(file: &FileReport) -> Vec<Line<'_>> {
    let analysis = &file.analysis;
    let count = u32::try_from(text_lines(&analysis.text).count()).unwrap_or(u32::MAX);
    let branches: LineSet = file.branch_lines.iter().map(|branch| branch.line).collect();
    let partial: LineSet = file
        .missing_branches
        .iter()
        .filter_map(|arc| u32::try_from(arc.0).ok())
        .filter(|&line| branches.contains(line))
        .collect();
    let mark = |line| {
        if analysis.excluded.contains(line) {
            Some(Mark::Excluded)
        } else if file.missing.contains(line) {
            Some(Mark::Missing)
        } else if partial.contains(line) {
            Some(Mark::Partial)
        } else {
            analysis.statements.contains(line).then_some(Mark::Run)
        }
    };
    let mut contexts = contexts_by_statement(file).into_iter().peekable();
    (1..=count)
        .map(|line| {
            let own = mark(line);
            while contexts.next_if(|&(other, _)| other < line).is_some() {}
            let of_line = contexts.next_if(|&(other, _)| other == line).map(|(_, list)| list);
            let continued = || {
                let first = analysis.first_lines.get(line as usize).copied().filter(|&first| first != line)?;
                mark(first).map(|mark| (mark, true))
            };
            Line {
                mark: own.map(|mark| (mark, false)).or_else(continued),
                untaken: if own == Some(Mark::Partial) { arcs_from(&file.missing_branches, line) } else { &[] },
                contexts: own.and(of_line).unwrap_or_default(),
            }
        })
        .collect()
}

/// By first line of a statement, ascending, the contexts that ran any line of it: of a call over several lines, Python may report
/// only the second.
fn contexts_by_statement(file: &FileReport) -> Vec<(u32, Cow<'_, [u32]>)> {
    let first = |line: u32| file.analysis.first_lines.get(line as usize).copied().unwrap_or(line);
    let mut recorded: Vec<(u32, &[u32])> =
        file.line_contexts.iter().map(|(line, list)| (first(*line), list.as_slice())).collect();
    recorded.sort_by_key(|&(line, _)| line);
    recorded
        .chunk_by(|a, b| a.0 == b.0)
        .map(|chunk| match chunk {
            [(line, list)] => (*line, Cow::Borrowed(*list)),
            _ => (chunk[0].0, chunk.iter().flat_map(|(_, list)| list.iter().copied()).collect()),
        })
        .collect()
}

/// The lines of a text without their line feeds; the empty text has none.
pub(super) fn text_lines(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive('\n').map(|line| line.strip_suffix('\n').unwrap_or(line))
}

fn arcs_from(arcs: &[Arc], line: u32) -> &[Arc] {
    let Ok(line) = i32::try_from(line) else { return &[] };
    let start = arcs.partition_point(|arc| arc.0 < line);
    let end = arcs.partition_point(|arc| arc.0 <= line);
    &arcs[start..end]
}

/// Whether no branch of a line was taken at all, though the line ran.
pub(super) fn goes_nowhere(file: &FileReport, line: u32, untaken: &[Arc]) -> bool {
    file.branch_lines
        .binary_search_by_key(&line, |branch| branch.line)
        .is_ok_and(|at| file.branch_lines[at].total as usize == untaken.len())
}

/// Why a branch was not taken, as a sentence.
pub(super) fn sentence(file: &FileReport, arc: Arc) -> String {
    let notes = &file.analysis.notes;
    let start = notes.partition_point(|note| note.0 < arc);
    let end = notes.partition_point(|note| note.0 <= arc);
    let mut sentence = String::new();
    let mut add = |missing: Option<&str>, action: Option<&str>| {
        if !sentence.is_empty() {
            sentence += " or ";
        }
        let _ = write!(sentence, "line {} didn't ", arc.0);
        match action {
            Some(action) => sentence += &action.replace("{lineno}", &arc.1.to_string()),
            None if arc.1 < 0 => sentence += "jump to the function exit",
            None => {
                let _ = write!(sentence, "jump to line {}", arc.1);
            }
        }
        if let Some(missing) = missing {
            sentence += " because ";
            sentence += &missing.replace("{lineno}", &arc.0.to_string());
        }
    };
    for (_, note) in &notes[start..end] {
        add(note.missing.as_deref(), note.action.as_deref());
    }
    if start == end {
        add(None, None);
    }
    sentence
}

/// A function, a class, or what lies outside all of them.
#[derive(Debug, Clone)]
pub(super) struct Region<'f> {
    /// The name; `None` for what lies outside.
    pub(super) name: Option<&'f str>,
    pub(super) start: u32,
    pub(super) numbers: Numbers,
}

/// The regions of one kind, and last what lies outside them.
pub(super) fn regions(file: &FileReport, kind: RegionKind) -> Vec<Region<'_>> {
    let regions = match kind {
        RegionKind::Function => &file.functions,
        RegionKind::Class => &file.classes,
    };
    let named = regions.each.iter().map(|region| Region {
        name: Some(region.name.as_str()),
        start: region.start,
        numbers: region.numbers,
    });
    let outside = Region { name: None, start: 1, numbers: regions.outside.numbers };
    named.chain([outside]).collect()
}

/// What is counted of [`Numbers`], as the columns show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) part: i64,
    pub(super) whole: i64,
}

impl Share {
    pub(super) fn statements(numbers: &Numbers) -> Self {
        Self { part: count(numbers.statements) - count(numbers.missing), whole: count(numbers.statements) }
    }

    pub(super) fn branches(numbers: &Numbers) -> Self {
        Self { part: count(numbers.branches) - count(numbers.missing_branches), whole: count(numbers.branches) }
    }

    pub(super) fn total(numbers: &Numbers) -> Self {
        let (statements, branches) = (Self::statements(numbers), Self::branches(numbers));
        Self { part: statements.part + branches.part, whole: statements.whole + branches.whole }
    }

    #[allow(clippy::cast_precision_loss)] // Counts of lines are far below 2^52.
    pub(super) fn percent(self) -> f64 {
        if self.whole > 0 { 100.0 * self.part as f64 / self.whole as f64 } else { 100.0 }
    }

    /// The percentage as every report shows it.
    pub(super) fn shown(self, precision: usize) -> String {
        display(self.percent(), precision)
    }
}

fn count(number: u32) -> i64 {
    i64::from(number)
}

/// The order in which people put names: runs of digits by their value.
pub(super) fn human_order(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        let (Some(first), Some(second)) = (left.chars().next(), right.chars().next()) else {
            return left.len().cmp(&right.len()).then_with(|| a.cmp(b));
        };
        let order = if first.is_ascii_digit() && second.is_ascii_digit() {
            let (one, other) = (digits(&mut left), digits(&mut right));
            one.len().cmp(&other.len()).then_with(|| one.cmp(other))
        } else {
            left = &left[first.len_utf8()..];
            right = &right[second.len_utf8()..];
            first.cmp(&second)
        };
        if order.is_ne() {
            return order;
        }
    }
}

/// Takes the leading digits off, and gives them without leading zeros.
fn digits<'t>(text: &mut &'t str) -> &'t str {
    let end = text.find(|character: char| !character.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    *text = rest;
    digits.trim_start_matches('0')
}

#[cfg(test)]
mod tests {
    use super::super::samples;
    use super::*;

    #[test]
    fn marks_follow_the_model() {
        let file = samples::file();
        let marks: String = lines(&file)
            .iter()
            .map(|line| match line.mark {
                None => '.',
                Some((mark, false)) => mark.class(),
                Some((mark, true)) => mark.class().to_ascii_uppercase(),
            })
            .collect();
        assert_eq!(marks, samples::MARKS);
    }

    #[test]
    fn sentences_say_why() {
        let file = samples::file();
        assert_eq!(
            sentence(&file, (4, 5)),
            "line 4 didn't jump to line 5 because the condition on line 4 was always true"
        );
        assert_eq!(sentence(&file, (7, -6)), "line 7 didn't jump to the function exit");
        assert!(!goes_nowhere(&file, 4, &[(4, 5)]));
        assert!(goes_nowhere(&file, 7, &[(7, -6), (7, 8)]));
    }

    #[test]
    fn regions_add_up() {
        let file = samples::file();
        for kind in [RegionKind::Function, RegionKind::Class] {
            let regions = regions(&file, kind);
            assert_eq!(regions.last().and_then(|region| region.name), None);
            let sum = |count: fn(&Numbers) -> u32| regions.iter().map(|region| count(&region.numbers)).sum::<u32>();
            assert_eq!(sum(|numbers| numbers.statements), file.numbers.statements);
            assert_eq!(sum(|numbers| numbers.missing), file.numbers.missing);
            assert_eq!(sum(|numbers| numbers.excluded), file.numbers.excluded);
            assert_eq!(sum(|numbers| numbers.branches), file.numbers.branches);
            assert_eq!(sum(|numbers| numbers.missing_branches), file.numbers.missing_branches);
            assert_eq!(sum(|numbers| numbers.partial_branches), file.numbers.partial_branches);
        }
    }

    #[test]
    fn percentages_never_flatter() {
        let shown = |part, whole, precision| Share { part, whole }.shown(precision);
        assert_eq!(shown(1, 1000, 0), "1");
        assert_eq!(shown(999, 1000, 0), "99");
        assert_eq!(shown(99_999, 100_000, 2), "99.99");
        assert_eq!(shown(0, 0, 1), "100.0");
        assert_eq!(shown(5, 8, 0), "62");
        assert_eq!(shown(1, 3, 2), "33.33");
    }

    #[test]
    fn people_count_up() {
        let mut names = ["a10", "a9", "a09b", "a", "b", "a1.2", "a1.10"];
        names.sort_by(|a, b| human_order(a, b));
        assert_eq!(names, ["a", "a1.2", "a1.10", "a9", "a09b", "a10", "b"]);
    }
}

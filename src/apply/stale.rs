//! Whether a source is surely not the one that was measured.

use crate::coverage::{FileData, LineSet};
use crate::python::Analysis;

/// The proof that a source has changed since it was measured: lines were executed where no code can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stale {
    /// The first such line.
    pub line: u32,
    /// How many there are.
    pub lines: usize,
    /// Whether the first is a comment, not a blank line.
    pub comment: bool,
}

/// Looks for two signs that only come together when a source has changed:
///
/// - A line was executed that is blank or holds a comment only, outside any statement of several lines. Line 1 counts as
///   code whatever it holds: an empty module returns from there.
/// - A statement of the module itself was not executed, but one after it was.
///
/// One of them alone occurs in unchanged sources: programs that set a trace function of their own leave lines of other files
/// in the data, and measuring may begin within a module. `None` proves nothing: a change that moves no line onto a blank one,
/// or no line of the module itself, is not seen.
pub fn stale(file: &FileData, analysis: &Analysis) -> Option<Stale> {
    let mut executed = LineSet::new();
    for (_, measured) in &file.contexts {
        executed.union_with(&measured.lines);
        let ends = measured.arcs.iter().flat_map(|&(from, to)| [from, to]).map(i32::unsigned_abs);
        for line in ends.filter(|&line| (line as usize) < analysis.first_lines.len()) {
            executed.insert(line);
        }
    }
    impossible(&executed, analysis).filter(|_| skips(&executed, analysis))
}

/// The executed lines that can hold no code.
fn impossible(executed: &LineSet, analysis: &Analysis) -> Option<Stale> {
    let mut found: Option<Stale> = None;
    for (text, line) in analysis.text.split('\n').zip(1u32..).skip(1) {
        if !executed.contains(line) || analysis.first_lines.get(line as usize) != Some(&line) {
            continue;
        }
        let text = text.trim_start();
        if !text.is_empty() && !text.starts_with('#') {
            continue;
        }
        match &mut found {
            Some(found) => found.lines += 1,
            None => found = Some(Stale { line, lines: 1, comment: !text.is_empty() }),
        }
    }
    found
}

/// Whether a statement of the module itself was passed over: not executed, but a later one was. In functions a gap in the
/// measurement looks the same.
fn skips(executed: &LineSet, analysis: &Analysis) -> bool {
    // Lines without indentation that are not reached on the way through the module.
    const BRANCHES: [&str; 6] = ["elif", "else", "except", "finally", "case", ")"];
    let executed = analysis.executed_lines(executed);
    let mut left_out = false;
    for (text, line) in analysis.text.split('\n').zip(1u32..) {
        let of_module = !text.starts_with([' ', '\t']) && !BRANCHES.iter().any(|word| text.starts_with(word));
        if !of_module || !analysis.statements.contains(line) {
            continue;
        }
        if !executed.contains(line) {
            left_out = true;
        } else if left_out {
            return true;
        }
    }
    false
}

impl std::fmt::Display for Stale {
    /// `line 12 was executed, but it is blank here`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let what = if self.comment { "holds only a comment" } else { "is blank" };
        write!(f, "line {} was executed, but it {what} here", self.line)?;
        if self.lines > 1 {
            write!(f, ", and so with {} more", self.lines - 1)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::coverage::Measured;
    use crate::python::{Patterns, PythonVersion, analyse};

    const SOURCE: &str = "\"\"\"Words\n\nmore\n\"\"\"\n\n# a comment\n@wraps(\n    # inside\n\n    f\n)\ndef g():\n    x = 1 + \\\n        2\n\n    return x\n\x0c\ng()\n";

    fn check(lines: &[u32], arcs: &[(i32, i32)]) -> Option<Stale> {
        let analysis = analyse(SOURCE.as_bytes(), PythonVersion::V3_13, &Patterns::default()).expect("valid Python");
        let measured = Measured { lines: lines.iter().copied().collect(), arcs: arcs.to_vec() };
        stale(&FileData { tracer: None, contexts: vec![(0, measured)] }, &analysis)
    }

    #[test]
    fn lines_of_code_and_of_statements_of_several_lines_prove_nothing() {
        assert_eq!(check(&[1, 2, 3, 7, 8, 9, 10, 12, 13, 14, 16, 18], &[]), None);
        assert_eq!(check(&[], &[(-1, 1), (1, 7), (7, 12), (12, 18), (18, -1), (-7, 13), (13, 16), (16, -7)]), None);
        assert_eq!(check(&[], &[]), None);
    }

    #[test]
    fn blank_lines_and_comments_that_ran_prove_a_change() {
        assert_eq!(check(&[1, 6, 12, 16], &[]), Some(Stale { line: 6, lines: 1, comment: true }));
        assert_eq!(check(&[], &[(-1, 5), (5, 18), (-15, 16)]), Some(Stale { line: 5, lines: 2, comment: false }));
        // A form feed is a blank.
        let stale = check(&[17, 18], &[]).expect("a blank line");
        assert_eq!(stale.to_string(), "line 17 was executed, but it is blank here");
    }

    #[test]
    fn one_sign_alone_proves_nothing() {
        // Everything ran, and a trace function left a line of another file.
        assert_eq!(check(&[1, 6, 7, 12, 13, 16, 18], &[]), None);
        // Measuring began in the midst.
        assert_eq!(check(&[18], &[]), None);
    }

    #[test]
    fn an_empty_module_runs_on_line_one() {
        let analysis = analyse(b"# nothing\n", PythonVersion::V3_11, &Patterns::default()).expect("valid Python");
        let measured = Measured { lines: [1].into_iter().collect(), arcs: Vec::new() };
        assert_eq!(stale(&FileData { tracer: None, contexts: vec![(0, measured)] }, &analysis), None);
    }

    #[test]
    fn hostile_line_numbers_take_no_memory() {
        assert_eq!(check(&[], &[(i32::MIN, i32::MAX)]), None);
    }
}

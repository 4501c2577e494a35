//! For people at a terminal: the place, what is wrong there, what to do.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use miette::{
    Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, SourceCode, ThemeCharacters, ThemeStyles,
};

use super::snippet::{CONTEXT, Mark, Snippet};
use super::{Options, plain, rule_url, same_file};
use crate::findings::fix::Safety;
use crate::findings::{Finding, Label, Problem, Report, Severity};

/// Writes the report; `repository` is the project's home or empty.
pub(super) fn render(report: &Report, options: &Options<'_>, repository: &str) -> String {
    let options = Options { width: options.width.max(40), ..*options };
    let mut out = String::new();
    let mut documented = HashSet::new();
    for finding in &report.findings {
        write_finding(&mut out, finding, &options);
        write_fix(&mut out, finding, &options);
        if documented.insert(finding.rule) || options.verbose {
            write_docs(&mut out, finding, &options, repository);
        }
        out.push('\n');
    }
    for problem in &report.problems {
        write_problem(&mut out, problem, &options);
        out.push('\n');
    }
    if options.quiet {
        out.pop();
    } else {
        if report.mended.is_some() {
            out.extend([&mended(report), "\n"]);
        }
        out.push_str(&summary(report, options.color));
    }
    out
}

fn write_finding(out: &mut String, finding: &Finding, options: &Options<'_>) {
    let mut marks = vec![mark(&finding.primary, true)];
    let mut elsewhere: Vec<Vec<&Label>> = Vec::new();
    for label in &finding.related {
        // What is not drawn in one picture with the primary place follows it: the reader starts where the defect is.
        if !same_picture(label, &finding.primary) {
            match elsewhere.iter_mut().find(|group| group.iter().any(|other| same_picture(other, label))) {
                Some(group) => group.push(label),
                None => elsewhere.push(vec![label]),
            }
        } else if label.span == finding.primary.span {
            let text = format!("{}; {}", finding.primary.text, label.text);
            marks[0].text = Some(plain::line(&text).into_owned());
        } else {
            marks.push(mark(label, false));
        }
    }
    let severity = finding.severity;
    let prefix = format!("{severity}[{}]:", finding.rule);
    let mut blocks = vec![Block::new(prefix, severity, &finding.message, Some((&finding.primary, &marks)), options)];
    for group in elsewhere {
        // One place needs no label: what would stand there is the heading.
        let (heading, marks) = match *group {
            [label] => (label.text.clone(), vec![Mark { text: None, ..mark(label, false) }]),
            _ => ("see also".to_owned(), group.iter().map(|label| mark(label, false)).collect()),
        };
        let heading = if heading.is_empty() { "see also" } else { &heading };
        blocks.push(Block::new("note:".to_owned(), Severity::Info, heading, Some((group[0], &marks)), options));
    }
    write_blocks(out, blocks, finding.help.as_deref(), options);
}

/// Whether two places are near enough to be drawn without a break.
fn same_picture(a: &Label, b: &Label) -> bool {
    if !same_file(a, b) {
        return false;
    }
    let lines = |label: &Label| {
        (label.source.line_index(label.span.start), label.source.line_index(label.span.end.max(label.span.start)))
    };
    let ((a_first, a_last), (b_first, b_last)) = (lines(a), lines(b));
    a_first.max(b_first).saturating_sub(a_last.min(b_last)) <= 2 * CONTEXT + 1
}

fn write_problem(out: &mut String, problem: &Problem, options: &Options<'_>) {
    let message = format!("{}: {}", problem.path.display(), problem.message);
    let marks: Vec<Mark> = problem.label.iter().map(|label| mark(label, true)).collect();
    let place = problem.label.as_ref().map(|label| (label, &*marks));
    let block = Block::new("error:".to_owned(), Severity::Error, &message, place, options);
    write_blocks(out, vec![block], problem.help.as_deref(), options);
}

/// Writes blocks below each other; the help follows the last.
fn write_blocks(out: &mut String, mut blocks: Vec<Block>, help: Option<&str>, options: &Options<'_>) {
    if let (Some(block), Some(help)) = (blocks.last_mut(), help) {
        block.help = Some(plain::wrap(&plain::lines(help), options.width, 8, 8));
    }
    for block in blocks {
        out.push_str(&block.draw(options.color));
    }
}

/// Says that the program can do it itself.
fn write_fix(out: &mut String, finding: &Finding, options: &Options<'_>) {
    let Some(fix) = &finding.fix else { return };
    let flags = match fix.safety {
        Safety::Safe => "--fix",
        Safety::Unsafe => "--fix --unsafe-fixes",
    };
    let text = plain::wrap(&plain::line(&format!("{} ({flags})", fix.title)), options.width, 7, 7);
    let key = styled("fix:", "36", options.color);
    out.extend(["  ", &key, " ", &text.replace('\n', "\n       "), "\n"]);
}

/// What a run that mends has done, in one sentence.
pub(super) fn mended(report: &Report) -> String {
    let mended = report.mended.unwrap_or_default();
    let found = mended.fixed + report.findings.len();
    let done = if mended.shown_only { "would fix" } else { "fixed" };
    let mut text = match found {
        0 => "Found nothing to fix".to_owned(),
        _ => format!("Found {}, {done} {}", count(found, "finding"), mended.fixed),
    };
    if mended.files > 1 {
        text.extend([" in ", &count(mended.files, "file")]);
    }
    match report.fixable(Safety::Unsafe) {
        0 => {}
        more => text.extend([" (", &more.to_string(), " more with --unsafe-fixes)"]),
    }
    text.push('.');
    text
}

fn write_docs(out: &mut String, finding: &Finding, options: &Options<'_>, repository: &str) {
    if options.verbose {
        let key = styled("confidence:", "36", options.color);
        out.extend(["  ", &key, " ", finding.confidence.name(), "\n"]);
    }
    let key = styled("docs:", "36", options.color);
    out.extend(["  ", &key, " ci-lint lint --explain ", finding.rule, "\n"]);
    if let Some(url) = rule_url(repository, finding.rule) {
        if options.hyperlinks {
            out.extend(["        \x1b]8;;", &url, "\x1b\\", &url, "\x1b]8;;\x1b\\\n"]);
        } else {
            out.extend(["        ", &url, "\n"]);
        }
    }
}

fn summary(report: &Report, color: bool) -> String {
    let counts: Vec<String> = [Severity::Error, Severity::Warning, Severity::Info]
        .into_iter()
        .filter_map(|severity| match report.count(severity) {
            0 => None,
            n => Some(count(n, severity.name())),
        })
        .collect();
    let (files, jobs, time) = (count(report.files, "file"), count(report.jobs, "job"), duration(report.elapsed));
    let mut text = match &*counts {
        [] if !report.problems.is_empty() => format!("No findings in {files} ({jobs}, {time})."),
        [] if report.files == 0 => format!("Nothing to lint: {files} ({time})."),
        [] => {
            format!("{}: {files}, {jobs}, nothing to report ({time}).", styled("All good", "1;32", color))
        }
        [init @ .., last] => {
            let list = if init.is_empty() { last.clone() } else { format!("{} and {last}", init.join(", ")) };
            let code = report.worst().map_or("1", |severity| sgr(severity));
            format!("{} in {files} ({jobs}, {time}).", styled(&format!("Found {list}"), code, color))
        }
    };
    if report.suppressed > 0 {
        text.extend([" ", &count(report.suppressed, "finding"), " suppressed by comments."]);
    }
    if !report.problems.is_empty() {
        text.extend([" ", &count(report.problems.len(), "input"), " could not be read."]);
    }
    text.push('\n');
    text
}

fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

fn duration(elapsed: Duration) -> String {
    let ms = elapsed.as_secs_f64() * 1000.0;
    if ms < 999.95 { format!("{ms:.1} ms") } else { format!("{:.2} s", ms / 1000.0) }
}

fn styled(text: &str, code: &str, color: bool) -> String {
    if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
}

/// The colour of a severity.
fn sgr(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "1;31",
        Severity::Warning => "1;33",
        Severity::Info => "1;36",
    }
}

fn mark(label: &Label, primary: bool) -> Mark {
    let text = plain::line(&label.text).into_owned();
    Mark { span: label.span, text: (!text.is_empty()).then_some(text), primary }
}

/// One heading with one snippet, as the drawing library takes it.
#[derive(Debug)]
struct Block {
    prefix: String,
    severity: Severity,
    message: String,
    help: Option<String>,
    snippet: Option<Snippet>,
    labels: Vec<(LabeledSpan, bool)>,
}

impl Block {
    fn new(
        prefix: String,
        severity: Severity,
        message: &str,
        place: Option<(&Label, &[Mark])>,
        options: &Options<'_>,
    ) -> Self {
        let message = plain::wrap(&plain::line(message), options.width, prefix.chars().count() + 1, 4);
        let (snippet, labels) = match place {
            Some((label, marks)) => {
                let (snippet, labels) = Snippet::new(&label.source, marks, options.width);
                (Some(snippet), labels)
            }
            None => (None, Vec::new()),
        };
        Self { prefix, severity, message, help: None, snippet, labels }
    }

    fn draw(&self, color: bool) -> String {
        let styles = ThemeStyles::ansi();
        // Two styles that nothing else in the theme has: `paint` finds the labels by them.
        let (primary, related) = (styles.highlights[0], styles.highlights[2]);
        let highlights =
            self.labels.iter().map(|&(_, is_primary)| if is_primary { primary } else { related }).collect();
        let characters = ThemeCharacters {
            error: self.prefix.clone(),
            warning: self.prefix.clone(),
            advice: self.prefix.clone(),
            ..ThemeCharacters::unicode()
        };
        let handler = GraphicalReportHandler::new_themed(GraphicalTheme {
            characters,
            styles: ThemeStyles { highlights, ..styles },
        })
        .with_links(false)
        .with_wrap_lines(false)
        .with_context_lines(CONTEXT)
        .without_syntax_highlighting();
        let mut raw = String::new();
        if handler.render_report(&mut raw, self).is_err() {
            raw = format!("{} {}\n", self.prefix, self.message);
        }
        paint(&raw, self.severity, color)
    }
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Block {}

impl Diagnostic for Block {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Info => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        self.help.as_ref().map(|help| Box::new(help) as Box<dyn fmt::Display + 'a>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.snippet.as_ref().map(|snippet| snippet as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        Some(Box::new(self.labels.iter().map(|(label, _)| label.clone())))
    }
}

/// Gives the library's drawing its final look. The primary label is underlined with heavy strokes, so that it differs
/// without colour too; the heading starts at the margin. The text that was drawn holds no escape sequence, so those
/// found here are the library's.
fn paint(raw: &str, severity: Severity, color: bool) -> String {
    let raw = raw.strip_prefix("  ").unwrap_or(raw);
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    let mut stroke = false;
    while let Some(c) = rest.chars().next() {
        if let Some((codes, after)) = rest.strip_prefix("\x1b[").and_then(|sequence| sequence.split_once('m')) {
            let has = |code| codes.split(';').any(|c| c == code);
            stroke = has("35");
            if color {
                let code = match codes {
                    _ if stroke => sgr(severity),
                    _ if has("32") => "36",
                    "31" => "1;31",
                    "33" => "1;33",
                    other => other,
                };
                out.extend(["\x1b[", code, "m"]);
            }
            rest = after;
            continue;
        }
        if !stroke && c != '\x1b' {
            let (plain, styled) = rest.split_at(rest.find('\x1b').unwrap_or(rest.len()));
            out.push_str(plain);
            rest = styled;
            continue;
        }
        // A label's strokes come before its text.
        stroke &= matches!(c, ' ' | '─' | '┬' | '╰' | '╭' | '├' | '│' | '▶');
        out.push(match c {
            '─' if stroke => '━',
            '┬' if stroke => '┯',
            _ => c,
        });
        rest = &rest[c.len_utf8()..];
    }
    // The library pads lines without a label.
    if color { out } else { out.lines().flat_map(|line| [line.trim_end(), "\n"]).collect() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::findings::render::samples;
    use crate::source::{Source, Span};

    fn text(report: &Report) -> String {
        render(report, &Options::default(), "")
    }

    /// Compares line by line, so that a difference reads well; the expected text starts with a line feed.
    fn assert_text(found: &str, expected: &str) {
        let expected = expected.strip_prefix('\n').unwrap_or(expected);
        assert!(found == expected, "found:\n{found}\nexpected:\n{expected}");
    }

    #[test]
    fn the_primary_label_is_heavy_and_the_related_light() {
        assert_text(
            &text(&samples::needs()),
            r"
error[coverage-needs]: job `coverage` reads what `unit_tests` uploads but does not wait for it
   ╭─[.forgejo/workflows/ci.yml:8:12]
 4 │     steps:
 5 │       - uses: actions/upload-artifact@v4
   ·               ─────────────┬────────────
   ·                            ╰── uploaded here
 6 │   coverage:
 7 │     name: Coverage
 8 │     needs: [lint]
   ·            ━━━┯━━
   ·               ╰━━ `unit_tests` is missing
 9 │     timeout-minutes: 60
   ╰────
  help: add `unit_tests` to `needs`: `needs: [lint, unit_tests]`
  docs: ci-lint lint --explain coverage-needs

Found 1 error in 1 file (2 jobs, 2.1 ms).
",
        );
    }

    #[test]
    fn a_place_in_another_file_has_its_own_snippet() {
        assert_text(
            &text(&samples::contract()),
            r#"
warning[contract]: `timeout-minutes` is 60, the contract demands at most 15
   ╭─[.forgejo/workflows/ci.yml:9:22]
 8 │     needs: [lint]
 9 │     timeout-minutes: 60
   ·                      ━┯
   ·                       ╰━━ 60 minutes
   ╰────
note: the contract says so here
   ╭─[.ci-lint.yml:5:26]
 4 │       coverage:
 5 │         timeout-minutes: "<= 15"
   ·                          ───────
   ╰────
  docs: ci-lint lint --explain contract

Found 1 warning in 1 file (2 jobs, 2.1 ms).
"#,
        );
    }

    #[test]
    fn several_places_in_another_file_share_a_snippet() {
        let mut report = samples::contract();
        let contract = Arc::clone(&report.findings[0].related[0].source);
        report.findings[0].related.push(samples::label(&contract, "coverage:", "for this job"));
        report.findings[0].help = Some("lower it".to_owned());
        assert_text(
            text(&report).split_once("note").expect("a note").1,
            r#": see also
   ╭─[.ci-lint.yml:4:7]
 3 │     jobs:
 4 │       coverage:
   ·       ────┬────
   ·           ╰── for this job
 5 │         timeout-minutes: "<= 15"
   ·                          ───┬───
   ·                             ╰── the contract says so here
   ╰────
  help: lower it
  docs: ci-lint lint --explain contract

Found 1 warning in 1 file (2 jobs, 2.1 ms).
"#,
        );
    }

    #[test]
    fn columns_are_characters_and_wide_ones_are_underlined_whole() {
        assert_text(
            &text(&samples::unicode()),
            r"
error[coverage-needs]: odd name
   ╭─[ci.yml:2:9]
 1 │ on: push
 2 │ name: 中é日本 x
   ·          ━━┯━
   ·            ╰━━ here
 3 │ jobs: {}
   ╰────
  docs: ci-lint lint --explain coverage-needs

Found 1 error in 1 file (2 jobs, 2.1 ms).
",
        );
    }

    #[test]
    fn a_label_over_several_lines_runs_along_the_margin() {
        assert_text(
            &text(&samples::several_lines()),
            r"
info[coverage-script]: these lines belong together
   ╭─[ci.yml:2:3]
 1 │     run: |
 2 │ ╭━▶   one
 3 │ │     two
 4 │ ├━▶   three
   · ╰━━━━ all of them
 5 │     shell: bash
   ╰────
  docs: ci-lint lint --explain coverage-script

Found 1 info in 1 file (2 jobs, 2.1 ms).
",
        );
    }

    #[test]
    fn nothing_in_a_file_reaches_the_terminal_raw() {
        assert_text(
            &text(&samples::hostile()),
            r"
error[coverage-needs]: job `␛[2Jx` is odd␊error: not a real error
   ╭─[odd, name: 100%.yml:1:22]
 1 │ name: ␛]0;owned␇␛[2J<U+202E>evil␍# <U+009B>31m
   ·                             ━━┯━
   ·                               ╰━━ ␛[31mred
   ╰────
  help: first line
          second ␛[0mline
  docs: ci-lint lint --explain coverage-needs

Found 1 error in 1 file (2 jobs, 2.1 ms).
",
        );
    }

    #[test]
    fn unreadable_inputs_are_errors_too() {
        assert_text(
            &text(&samples::problems()),
            r"
error: missing.yml: no such file

error: broken.yml: not valid YAML: a tab
   ╭─[broken.yml:2:1]
 1 │ on: push
 2 │     jobs: {}
   · ━━┯━
   ·   ╰━━ this tab
   ╰────
  help: YAML does not allow tabs for indentation: use spaces

No findings in 1 file (0 jobs, 2.1 ms). 2 inputs could not be read.
",
        );
    }

    #[test]
    fn a_place_at_the_end_of_the_file_is_drawn() {
        let source: Arc<Source> = Source::new("ci.yml", "on: push\n").into();
        let end = Label { source, span: Span::new(9, 9), text: "`jobs` is missing".to_owned() };
        let report = samples::report(vec![samples::finding("coverage-needs", Severity::Error, "no jobs", end)]);
        assert_text(
            text(&report).split_once("  docs").expect("docs").0,
            r"
error[coverage-needs]: no jobs
   ╭─[ci.yml:2:1]
 1 │ on: push
   ·        ┯
   ·        ╰━━ `jobs` is missing
   ╰────
",
        );
    }

    #[test]
    fn a_line_of_a_megabyte_prints_little() {
        let long = format!("x: {}NEEDLE{}\n", "a".repeat(1 << 19), "é".repeat(1 << 19));
        let source: Arc<Source> = Source::new("ci.yml", long).into();
        let message = format!("`{}` is long", "m".repeat(1 << 20));
        let primary = samples::label(&source, "NEEDLE", "here");
        let report = samples::report(vec![samples::finding("coverage-needs", Severity::Error, &message, primary)]);
        let text = text(&report);
        assert!(text.len() < 5_000, "{}", text.len());
        assert!(text.contains("…aaaaa") && text.contains("aNEEDLEé") && text.contains("é…"), "{text}");
        assert!(text.contains("ci.yml:1:524292"), "{text}");
    }

    #[test]
    fn long_messages_wrap_at_spaces() {
        let mut report = samples::needs();
        report.findings[0].help = Some("run `coverage combine` in the job that downloads the data files".to_owned());
        let text = render(&report, &Options { width: 50, ..Options::default() }, "");
        assert_text(
            text.split_once('╭').expect("a snippet").0,
            r"
error[coverage-needs]: job `coverage` reads what
  │ `unit_tests` uploads but does not wait for it
   ",
        );
        assert!(
            text.contains("  help: run `coverage combine` in the job that\n        downloads the data files\n"),
            "{text}"
        );
    }

    #[test]
    fn documentation_is_named_once_per_rule_unless_verbose() {
        let mut report = samples::needs();
        report.findings.push(report.findings[0].clone());
        assert_eq!(text(&report).matches("docs:").count(), 1);
        let options = Options { verbose: true, ..Options::default() };
        let text = render(&report, &options, "https://forge.example/o/r");
        assert_eq!(text.matches("docs:").count(), 2);
        let expected = "  confidence: high\n  docs: ci-lint lint --explain coverage-needs\n        \
                        https://forge.example/o/r/blob/main/docs/rules.md#coverage-needs\n";
        assert!(text.contains(expected), "{text}");
    }

    #[test]
    fn the_address_can_be_a_link() {
        let options = Options { hyperlinks: true, ..Options::default() };
        let text = render(&samples::needs(), &options, "https://f.example/r");
        let url = "https://f.example/r/blob/main/docs/rules.md#coverage-needs";
        assert!(text.contains(&format!("\n        \x1b]8;;{url}\x1b\\{url}\x1b]8;;\x1b\\\n")), "{text:?}");
    }

    #[test]
    fn summaries_count() {
        let of = |report: &Report| summary(report, false);
        let mut report = Report { files: 1, jobs: 12, elapsed: Duration::from_micros(2100), ..Report::default() };
        assert_eq!(of(&report), "All good: 1 file, 12 jobs, nothing to report (2.1 ms).\n");
        report.suppressed = 2;
        assert!(of(&report).ends_with("(2.1 ms). 2 findings suppressed by comments.\n"));
        report.suppressed = 0;
        let mut finding = samples::needs().findings[0].clone();
        report.findings = vec![finding.clone(), finding.clone(), finding.clone()];
        finding.severity = Severity::Warning;
        report.findings.push(finding.clone());
        report.elapsed = Duration::from_millis(1234);
        assert_eq!(of(&report), "Found 3 errors and 1 warning in 1 file (12 jobs, 1.23 s).\n");
        finding.severity = Severity::Info;
        report.findings.push(finding);
        report.problems.push(Problem::with_path("x", "y"));
        assert_eq!(
            of(&report),
            "Found 3 errors, 1 warning and 1 info in 1 file (12 jobs, 1.23 s). 1 input could not be read.\n"
        );
        assert_eq!(of(&Report::default()), "Nothing to lint: 0 files (0.0 ms).\n");
    }

    #[test]
    fn a_remedy_is_named_and_what_was_done_is_counted() {
        let text = text(&samples::mended());
        assert!(text.contains("\n  fix: let `coverage` need `unit_tests` (--fix)\n  docs: "), "{text}");
        assert!(text.contains("\n\nFound 4 findings, fixed 3 in 2 files.\nFound 1 error in "), "{text}");
        let mut report = samples::mended();
        if let Some(fix) = &mut report.findings[0].fix {
            fix.safety = Safety::Unsafe;
        }
        report.mended = Some(crate::findings::Mended { files: 1, fixed: 0, shown_only: true });
        assert_eq!(mended(&report), "Found 1 finding, would fix 0 (1 more with --unsafe-fixes).");
        report.findings.clear();
        assert_eq!(mended(&report), "Found nothing to fix.");
    }

    #[test]
    fn quiet_leaves_the_summary_out() {
        let options = Options { quiet: true, ..Options::default() };
        assert_eq!(render(&Report::default(), &options, ""), "");
        assert!(render(&samples::needs(), &options, "").ends_with("--explain coverage-needs\n"));
    }

    #[test]
    fn colour_only_adds_colour() {
        for (name, report) in samples::all() {
            let colored = render(&report, &Options { color: true, ..Options::default() }, "");
            let mut stripped = String::new();
            for (n, part) in colored.split("\x1b[").enumerate() {
                stripped += if n == 0 { part } else { part.split_once('m').expect("a colour").1 };
            }
            assert_text(&stripped, &text(&report));
            assert_eq!(
                colored.contains("\x1b[1;31m"),
                report.count(Severity::Error) + report.problems.len() > 0,
                "{name}"
            );
        }
    }

    proptest! {
        #[test]
        fn any_text_and_any_places_are_drawn(
            text in "([a-z: ]|\\PC|\r?\n|[\\x00-\\x1f]|[\u{80}-\u{9f}]|\u{202e}|\u{feff}|中){0,120}",
            places in prop::collection::vec((0usize..400, 0usize..60), 1..5),
            width in 0usize..120,
        ) {
            let source: Arc<Source> = Source::new("x\x1b.yml", text.clone()).into();
            let label = |&(start, length): &(usize, usize)| {
                Label { source: Arc::clone(&source), span: Span::new(start, start + length), text: "here".to_owned() }
            };
            let mut finding = samples::finding("coverage-needs", Severity::Error, &text, label(&places[0]));
            finding.related = places[1..].iter().map(label).collect();
            finding.help = Some(text.clone());
            let report = samples::report(vec![finding]);
            let drawn = render(&report, &Options { width, ..Options::default() }, "");
            prop_assert!(!drawn.contains("Failed to read"), "{}", drawn);
            prop_assert!(drawn.chars().all(|c| c == '\n' || plain::stand_in(c).is_none()), "{:?}", drawn);
            super::super::render(&report, super::super::Format::Sarif, &Options::default());
            super::super::render(&report, super::super::Format::Json, &Options::default());
            super::super::render(&report, super::super::Format::Github, &Options::default());
        }
    }
}

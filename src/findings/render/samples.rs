//! Reports that the tests of every format share.

use std::sync::Arc;
use std::time::Duration;

use crate::findings::fix::{Edit, Fix};
use crate::findings::{Confidence, Finding, Label, Mended, Problem, Report, RuleInfo, Severity};
use crate::source::{Source, Span};

pub(super) const WORKFLOW: &str = "\
on: push
jobs:
  unit_tests:
    steps:
      - uses: actions/upload-artifact@v4
  coverage:
    name: Coverage
    needs: [lint]
    timeout-minutes: 60
";

pub(super) const RULES: &[RuleInfo] = &[
    RuleInfo { id: "contract", summary: "the contract is broken", severity: Severity::Warning, ..RuleInfo::PLAIN },
    RuleInfo {
        id: "coverage-needs",
        summary: "a job reads data it does not wait for",
        severity: Severity::Error,
        docs: "Wait for the data.",
        ..RuleInfo::PLAIN
    },
    RuleInfo {
        id: "coverage-script",
        summary: "a script",
        severity: Severity::Info,
        docs: "# Heading\n\nText.",
        ..RuleInfo::PLAIN
    },
];

pub(super) fn label(source: &Arc<Source>, needle: &str, text: &str) -> Label {
    let start = source.text.find(needle).expect("the needle is in the text");
    Label { source: Arc::clone(source), span: Span::new(start, start + needle.len()), text: text.to_owned() }
}

pub(super) fn report(findings: Vec<Finding>) -> Report {
    Report { files: 1, jobs: 2, findings, elapsed: Duration::from_micros(2100), ..Report::default() }
}

pub(super) fn finding(rule: &'static str, severity: Severity, message: &str, primary: Label) -> Finding {
    Finding {
        rule,
        severity,
        confidence: Confidence::High,
        message: message.to_owned(),
        primary,
        related: Vec::new(),
        help: None,
        fix: None,
    }
}

fn workflow() -> Arc<Source> {
    Source::new(".forgejo/workflows/ci.yml", WORKFLOW).into()
}

/// One error with a related place in the same file.
pub(super) fn needs() -> Report {
    let source = workflow();
    let mut finding = finding(
        "coverage-needs",
        Severity::Error,
        "job `coverage` reads what `unit_tests` uploads but does not wait for it",
        label(&source, "[lint]", "`unit_tests` is missing"),
    );
    finding.related.push(label(&source, "actions/upload-artifact@v4", "uploaded here"));
    finding.help = Some("add `unit_tests` to `needs`: `needs: [lint, unit_tests]`".to_owned());
    report(vec![finding])
}

/// One warning with a related place in another file.
pub(super) fn contract() -> Report {
    let source = workflow();
    let contract: Arc<Source> = Source::new(
        ".ci-lint.yml",
        "contract:\n  .forgejo/workflows/ci.yml:\n    jobs:\n      coverage:\n        timeout-minutes: \"<= 15\"\n",
    )
    .into();
    let mut finding = finding(
        "contract",
        Severity::Warning,
        "`timeout-minutes` is 60, the contract demands at most 15",
        label(&source, "60", "60 minutes"),
    );
    finding.confidence = Confidence::Medium;
    finding.related.push(label(&contract, "\"<= 15\"", "the contract says so here"));
    report(vec![finding])
}

/// A label behind characters of several bytes and columns, in a file with CRLF line ends.
pub(super) fn unicode() -> Report {
    let source: Arc<Source> = Source::new("ci.yml", "on: push\r\nname: 中é日本 x\r\njobs: {}\r\n").into();
    report(vec![finding("coverage-needs", Severity::Error, "odd name", label(&source, "日本", "here"))])
}

/// A label over several lines.
pub(super) fn several_lines() -> Report {
    let source: Arc<Source> = Source::new("ci.yml", "run: |\n  one\n  two\n  three\nshell: bash\n").into();
    let finding = finding(
        "coverage-script",
        Severity::Info,
        "these lines belong together",
        label(&source, "one\n  two\n  three", "all of them"),
    );
    report(vec![finding])
}

/// A file that tries to take over the terminal and the log.
pub(super) fn hostile() -> Report {
    let source: Arc<Source> =
        Source::new("odd, name: 100%.yml", "name: \x1b]0;owned\x07\x1b[2J\u{202e}evil\r# \u{9b}31m\n").into();
    let mut finding = finding(
        "coverage-needs",
        Severity::Error,
        "job `\x1b[2Jx` is odd\nerror: not a real error",
        label(&source, "evil", "\x1b[31mred"),
    );
    finding.help = Some("first line\n  second \x1b[0mline".to_owned());
    report(vec![finding])
}

/// Two inputs that could not be read, one with a place.
pub(super) fn problems() -> Report {
    let source: Arc<Source> = Source::new("broken.yml", "on: push\n\tjobs: {}\n").into();
    let place = Span::new(9, 10);
    Report {
        files: 1,
        jobs: 0,
        problems: vec![
            Problem::with_path("missing.yml", "no such file"),
            Problem::at(&source, place, "not valid YAML: a tab", "this tab")
                .help("YAML does not allow tabs for indentation: use spaces"),
        ],
        elapsed: Duration::from_micros(2100),
        ..Report::default()
    }
}

/// Every sample by name.
/// A finding with a remedy, in a run that has mended others.
pub(super) fn mended() -> Report {
    let mut report = needs();
    let source = Arc::clone(&report.findings[0].primary.source);
    let at = report.findings[0].primary.span.end - 1;
    let mut fix = Fix::safe("let `coverage` need `unit_tests`", Vec::new());
    fix.edits = vec![Edit { span: Span::new(at, at), text: ", unit_tests".to_owned() }];
    fix.file = Some(source);
    report.findings[0].fix = Some(fix);
    report.mended = Some(Mended { files: 2, fixed: 3, shown_only: false });
    report
}

pub(super) fn all() -> Vec<(&'static str, Report)> {
    vec![
        ("empty", Report::default()),
        ("needs", needs()),
        ("contract", contract()),
        ("unicode", unicode()),
        ("several-lines", several_lines()),
        ("hostile", hostile()),
        ("problems", problems()),
        ("mended", mended()),
    ]
}

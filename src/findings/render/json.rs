//! One JSON document for programs. `docs/findings.schema.json` is its schema; within a version fields are only added.

use serde_json::{Value, json};

use super::{Options, range};
use crate::findings::fix::Edit;
use crate::findings::{Finding, Label, Problem, Report, Severity};
use crate::source::{Position, Source};

/// The version of the document's form.
const VERSION: u32 = 1;

/// Writes the report.
pub(super) fn render(report: &Report, options: &Options<'_>) -> String {
    let mut document = json!({
        "version": VERSION,
        "tool": { "name": "ci-lint", "version": options.version },
        "findings": report.findings.iter().map(finding).collect::<Vec<_>>(),
        "problems": report.problems.iter().map(problem).collect::<Vec<_>>(),
        "summary": {
            "files": report.files,
            "jobs": report.jobs,
            "errors": report.count(Severity::Error),
            "warnings": report.count(Severity::Warning),
            "infos": report.count(Severity::Info),
            "suppressed": report.suppressed,
            "problems": report.problems.len(),
            "elapsed_ms": (report.elapsed.as_secs_f64() * 1_000_000.0).round() / 1000.0,
        },
    });
    if let Some(mended) = &report.mended {
        document["summary"]["fixed"] = json!(mended.fixed);
    }
    format!("{document:#}\n")
}

fn finding(finding: &Finding) -> Value {
    let mut value = json!({
        "rule": finding.rule,
        "severity": finding.severity.name(),
        "confidence": finding.confidence.name(),
        "message": finding.message,
        "help": finding.help,
        "file": finding.primary.source.path.to_string_lossy(),
        "primary": location(&finding.primary),
        "related": finding.related.iter().map(location).collect::<Vec<_>>(),
    });
    if let Some(fix) = &finding.fix
        && let Some(file) = &fix.file
    {
        value["fix"] = json!({
            "title": fix.title,
            "safety": fix.safety.name(),
            "file": file.path.to_string_lossy(),
            "edits": fix.edits.iter().map(|edit| self::edit(file, edit)).collect::<Vec<_>>(),
        });
    }
    value
}

fn edit(source: &Source, edit: &Edit) -> Value {
    let (start, end) = range(source, edit.span);
    json!({
        "start": position(source, start, edit.span.start),
        "end": position(source, end, edit.span.end),
        "text": edit.text,
    })
}

fn problem(problem: &Problem) -> Value {
    let mut value = json!({
        "file": problem.path.to_string_lossy(),
        "message": problem.message,
        "help": problem.help,
    });
    if let Some(label) = &problem.label {
        value["location"] = location(label);
    }
    value
}

fn location(label: &Label) -> Value {
    let (start, end) = range(&label.source, label.span);
    json!({
        "file": label.source.path.to_string_lossy(),
        "start": position(&label.source, start, label.span.start),
        "end": position(&label.source, end, label.span.end),
        "label": label.text,
    })
}

fn position(source: &Source, position: Position, offset: usize) -> Value {
    json!({ "line": position.line, "column": position.column, "offset": offset.min(source.text.len()) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::render::samples;

    fn document(report: &Report) -> Value {
        let text = render(report, &Options { version: "1.2.3", ..Options::default() });
        assert!(text.ends_with("}\n"));
        serde_json::from_str(&text).expect("valid JSON")
    }

    #[test]
    fn a_finding_is_written_with_all_its_places() {
        let value = document(&samples::contract());
        assert_eq!(value["version"], 1);
        assert_eq!(value["tool"], json!({ "name": "ci-lint", "version": "1.2.3" }));
        assert_eq!(
            value["findings"][0],
            json!({
                "rule": "contract",
                "severity": "warning",
                "confidence": "medium",
                "message": "`timeout-minutes` is 60, the contract demands at most 15",
                "help": null,
                "file": ".forgejo/workflows/ci.yml",
                "primary": {
                    "file": ".forgejo/workflows/ci.yml",
                    "start": { "line": 9, "column": 22, "offset": 151 },
                    "end": { "line": 9, "column": 24, "offset": 153 },
                    "label": "60 minutes",
                },
                "related": [{
                    "file": ".ci-lint.yml",
                    "start": { "line": 5, "column": 26, "offset": 90 },
                    "end": { "line": 5, "column": 33, "offset": 97 },
                    "label": "the contract says so here",
                }],
            })
        );
        assert_eq!(value["summary"]["warnings"], 1);
        assert_eq!(value["summary"]["elapsed_ms"], 2.1);
    }

    #[test]
    fn a_remedy_is_written_with_its_edits() {
        let value = document(&samples::mended());
        let fix = &value["findings"][0]["fix"];
        assert_eq!((&fix["safety"], &fix["file"]), (&json!("safe"), &json!(".forgejo/workflows/ci.yml")));
        let place = json!({ "line": 8, "column": 17, "offset": 128 });
        assert_eq!(fix["edits"], json!([{ "start": place, "end": place, "text": ", unit_tests" }]));
        assert_eq!(value["summary"]["fixed"], 3);
        assert!(document(&samples::needs())["findings"][0].get("fix").is_none());
    }

    #[test]
    fn columns_count_characters_and_offsets_bytes() {
        let value = document(&samples::unicode());
        assert_eq!(value["findings"][0]["primary"]["start"], json!({ "line": 2, "column": 9, "offset": 21 }));
        assert_eq!(value["findings"][0]["primary"]["end"], json!({ "line": 2, "column": 11, "offset": 27 }));
    }

    #[test]
    fn problems_and_empty_reports_are_written() {
        let value = document(&samples::problems());
        assert_eq!(value["problems"][0]["file"], "missing.yml");
        assert!(value["problems"][0].get("location").is_none());
        assert_eq!(value["problems"][1]["location"]["start"]["line"], 2);
        assert_eq!(value["summary"]["problems"], 2);
        let empty = document(&Report::default());
        assert_eq!((&empty["findings"], &empty["problems"]), (&json!([]), &json!([])));
    }
}

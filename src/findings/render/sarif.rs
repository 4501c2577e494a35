//! SARIF 2.1.0 for code scanning.

use std::collections::HashMap;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{Options, message_and_help, range, rule_url, slashed};
use crate::findings::RuleInfo;
use crate::findings::{Finding, Label, Problem, Report, Severity};
use crate::source::{Source, Span};

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// What relative addresses are relative to: the root of the checkout.
const BASE: &str = "%SRCROOT%";

/// Writes the report with the metadata of `rules`; `repository` is the project's home or empty.
pub(super) fn render(report: &Report, options: &Options<'_>, rules: &[RuleInfo], repository: &str) -> String {
    let mut driver = Map::new();
    driver.insert("name".to_owned(), json!("ci-lint"));
    driver.insert("version".to_owned(), json!(options.version));
    if !repository.is_empty() {
        driver.insert("informationUri".to_owned(), json!(repository));
    }
    driver.insert("rules".to_owned(), rules.iter().map(|info| rule(info, repository)).collect());

    let mut seen = HashMap::new();
    let results: Value = report.findings.iter().map(|finding| result(finding, rules, &mut seen)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": driver },
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": { BASE: { "description": { "text": "The root of the checked-out repository." } } },
            "invocations": [{
                "executionSuccessful": report.problems.is_empty(),
                "toolExecutionNotifications": report.problems.iter().map(notification).collect::<Vec<_>>(),
            }],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Info => "note",
    }
}

fn rule(info: &RuleInfo, repository: &str) -> Value {
    let mut value = json!({
        "id": info.id,
        "shortDescription": { "text": info.summary },
        "defaultConfiguration": { "level": level(info.severity) },
    });
    if !info.docs.trim().is_empty() {
        value["help"] = json!({ "text": info.docs, "markdown": info.docs });
    }
    if let Some(url) = rule_url(repository, info.id) {
        value["helpUri"] = json!(url);
    }
    value
}

fn result<'f>(finding: &'f Finding, rules: &[RuleInfo], seen: &mut HashMap<(u64, &'f str), usize>) -> Value {
    let mut value = json!({ "ruleId": finding.rule });
    if let Some(index) = rules.iter().position(|info| info.id == finding.rule) {
        value["ruleIndex"] = json!(index);
    }
    value["level"] = json!(level(finding.severity));
    value["message"] = json!({ "text": message_and_help(finding, "\n\nHelp: ") });
    value["locations"] = json!([{ "physicalLocation": physical(&finding.primary) }]);
    if !finding.related.is_empty() {
        let related = finding.related.iter().enumerate();
        value["relatedLocations"] = related
            .map(|(index, label)| {
                json!({ "id": index + 1, "physicalLocation": physical(label), "message": { "text": label.text } })
            })
            .collect();
    }
    if let Some(fix) = &finding.fix
        && let Some(file) = &fix.file
    {
        let replacements: Vec<_> = fix
            .edits
            .iter()
            .map(|edit| json!({ "deletedRegion": region(file, edit.span), "insertedContent": { "text": edit.text } }))
            .collect();
        value["fixes"] = json!([{
            "description": { "text": format!("{} ({})", fix.title, fix.safety.name()) },
            "artifactChanges": [{ "artifactLocation": artifact(&file.path), "replacements": replacements }],
        }]);
    }
    let hash = fingerprint(finding);
    let nth = seen.entry((hash, finding.rule)).and_modify(|n| *n += 1).or_insert(1);
    value["partialFingerprints"] = json!({ "ciLintFinding/v1": format!("{hash:016x}:{nth}") });
    value["properties"] = json!({ "confidence": finding.confidence.name() });
    value
}

fn notification(problem: &Problem) -> Value {
    let location = match &problem.label {
        Some(label) => physical(label),
        None => json!({ "artifactLocation": artifact(&problem.path) }),
    };
    let text = match &problem.help {
        Some(help) => format!("{}\n\nHelp: {help}", problem.message),
        None => problem.message.clone(),
    };
    json!({ "level": "error", "message": { "text": text }, "locations": [{ "physicalLocation": location }] })
}

fn physical(label: &Label) -> Value {
    json!({ "artifactLocation": artifact(&label.source.path), "region": region(&label.source, label.span) })
}

fn region(source: &Source, span: Span) -> Value {
    let (start, end) = range(source, span);
    json!({
        "startLine": start.line,
        "startColumn": start.column,
        "endLine": end.line,
        "endColumn": end.column,
    })
}

/// A relative path counts from the root of the checkout; an absolute one stands for itself.
fn artifact(path: &Path) -> Value {
    let slashed = slashed(path);
    if path.is_absolute() {
        let slash = if slashed.starts_with('/') { "" } else { "/" };
        json!({ "uri": format!("file://{slash}{}", percent_encode(&slashed)) })
    } else {
        json!({ "uri": percent_encode(&slashed), "uriBaseId": BASE })
    }
}

/// Keeps what a path segment may hold (RFC 3986), without the colon, which would read as a scheme.
fn percent_encode(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' | b'@' | b'+' => {
                out.push(char::from(byte));
            }
            _ => out.extend(["%", &format!("{byte:02X}")]),
        }
    }
    out
}

/// Identifies a finding although lines above it come and go: its rule, its file and the text of its line.
fn fingerprint(finding: &Finding) -> u64 {
    let source = &finding.primary.source;
    let index = source.line_index(finding.primary.span.start.min(source.text.len()));
    let line = source.line_span(index).map_or("", |span| source.slice(span)).trim();
    let path = slashed(&source.path);
    // FNV-1a: the standard library's hasher may change between versions.
    [finding.rule, &path, line]
        .iter()
        .flat_map(|part| part.bytes().chain([0]))
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::render::samples;

    fn log(report: &Report, repository: &str) -> Value {
        let options = Options { version: "1.2.3", ..Options::default() };
        serde_json::from_str(&render(report, &options, samples::RULES, repository)).expect("valid JSON")
    }

    #[test]
    fn a_result_points_at_its_rule_and_places() {
        let log = log(&samples::needs(), "");
        let run = &log["runs"][0];
        assert_eq!(run["tool"]["driver"]["rules"][1]["id"], "coverage-needs");
        assert_eq!(run["tool"]["driver"]["rules"][1]["help"]["markdown"], "Wait for the data.");
        assert!(run["tool"]["driver"].get("informationUri").is_none());
        let result = &run["results"][0];
        assert_eq!((&result["ruleId"], &result["ruleIndex"]), (&json!("coverage-needs"), &json!(1)));
        assert_eq!(result["level"], "error");
        assert_eq!(
            result["locations"][0]["physicalLocation"],
            json!({
                "artifactLocation": { "uri": ".forgejo/workflows/ci.yml", "uriBaseId": "%SRCROOT%" },
                "region": { "startLine": 8, "startColumn": 12, "endLine": 8, "endColumn": 18 },
            })
        );
        assert_eq!(result["relatedLocations"][0]["id"], 1);
        assert_eq!(result["relatedLocations"][0]["message"]["text"], "uploaded here");
    }

    #[test]
    fn a_remedy_is_a_fix() {
        let fix = &log(&samples::mended(), "")["runs"][0]["results"][0]["fixes"][0];
        assert_eq!(fix["description"]["text"], "let `coverage` need `unit_tests` (safe)");
        let place = json!({ "startLine": 8, "startColumn": 17, "endLine": 8, "endColumn": 17 });
        let replacement = json!({ "deletedRegion": place, "insertedContent": { "text": ", unit_tests" } });
        assert_eq!(fix["artifactChanges"][0]["replacements"], json!([replacement]));
    }

    #[test]
    fn a_published_project_is_linked() {
        let log = log(&samples::needs(), "https://forge.example/o/r");
        let driver = &log["runs"][0]["tool"]["driver"];
        assert_eq!(driver["informationUri"], "https://forge.example/o/r");
        assert_eq!(driver["rules"][1]["helpUri"], "https://forge.example/o/r/blob/main/docs/rules.md#coverage-needs");
    }

    #[test]
    fn fingerprints_survive_moved_lines_and_tell_repeats_apart() {
        let mut report = samples::needs();
        let hash = |report: &Report, n: usize| {
            log(report, "")["runs"][0]["results"][n]["partialFingerprints"]["ciLintFinding/v1"].clone()
        };
        let before = hash(&report, 0);
        assert_eq!(before, "5a4161a31d0aaab9:1");
        report.findings.push(report.findings[0].clone());
        assert_eq!(hash(&report, 0), before);
        assert_ne!(hash(&report, 1), before);
        let label = &mut report.findings[0].primary;
        let text = format!("# a new first line\n{}", label.source.text);
        label.source = Source::new(label.source.path.clone(), text).into();
        label.span = crate::source::Span::new(label.span.start + 19, label.span.end + 19);
        assert_eq!(hash(&report, 0), before);
    }

    #[test]
    fn problems_are_notifications() {
        let log = log(&samples::problems(), "");
        let invocation = &log["runs"][0]["invocations"][0];
        assert_eq!(invocation["executionSuccessful"], false);
        let notes = &invocation["toolExecutionNotifications"];
        assert_eq!(notes[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"], "missing.yml");
        assert_eq!(notes[1]["locations"][0]["physicalLocation"]["region"]["startLine"], 2);
    }

    #[test]
    fn paths_become_addresses() {
        assert_eq!(artifact(Path::new("./a b/ü:1%.yml"))["uri"], "a%20b/%C3%BC%3A1%25.yml");
        #[cfg(unix)]
        assert_eq!(artifact(Path::new("/srv/ci.yml")), json!({ "uri": "file:///srv/ci.yml" }));
    }
}

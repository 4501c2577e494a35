//! Workflow commands: `::error file=…,line=…::message`, which a forge's log turns into annotations.

use super::{message_and_help, plain, range, slashed};
use crate::findings::{Label, Report, Severity};

/// Writes one command per finding and per problem.
pub(super) fn render(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let command = match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "notice",
        };
        let title = format!("ci-lint {}", finding.rule);
        let place = properties(&finding.primary);
        write(&mut out, command, &place, &title, &message_and_help(finding, "\n"));
    }
    for problem in &report.problems {
        let place = match &problem.label {
            Some(label) => properties(label),
            None => vec![("file", slashed(&problem.path))],
        };
        let text = match &problem.help {
            Some(help) => format!("{}\n{help}", problem.message),
            None => problem.message.clone(),
        };
        write(&mut out, "error", &place, "ci-lint", &text);
    }
    out
}

/// The place of a label. Runners drop the columns of a place that spans several lines, so they are left out there.
fn properties(label: &Label) -> Vec<(&'static str, String)> {
    let (start, end) = range(&label.source, label.span);
    let mut out = vec![
        ("file", slashed(&label.source.path)),
        ("line", start.line.to_string()),
        ("endLine", end.line.to_string()),
    ];
    if start.line == end.line {
        out.push(("col", start.column.to_string()));
        out.push(("endColumn", end.column.to_string()));
    }
    out
}

fn write(out: &mut String, command: &str, place: &[(&str, String)], title: &str, text: &str) {
    out.push_str("::");
    out.push_str(command);
    out.push(' ');
    for (key, value) in place {
        out.push_str(key);
        out.push('=');
        escape_property(out, &plain::line(value));
        out.push(',');
    }
    out.push_str("title=");
    escape_property(out, title);
    out.push_str("::");
    escape_data(out, &plain::lines(text));
    out.push('\n');
}

/// Escapes what would end a command's text.
pub(crate) fn escape_data(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            _ => out.push(c),
        }
    }
}

/// Escapes what would end a command's property.
pub(crate) fn escape_property(out: &mut String, text: &str) {
    for c in text.chars() {
        match c {
            '%' => out.push_str("%25"),
            '\r' => out.push_str("%0D"),
            '\n' => out.push_str("%0A"),
            ':' => out.push_str("%3A"),
            ',' => out.push_str("%2C"),
            _ => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::findings::render::samples;

    #[test]
    fn a_finding_on_one_line_has_columns() {
        assert_eq!(
            render(&samples::needs()),
            "::error file=.forgejo/workflows/ci.yml,line=8,endLine=8,col=12,endColumn=18,title=ci-lint coverage-needs\
             ::job `coverage` reads what `unit_tests` uploads but does not wait for it\
             %0Aadd `unit_tests` to `needs`: `needs: [lint, unit_tests]`\n"
        );
    }

    #[test]
    fn a_finding_on_several_lines_has_none() {
        let text = render(&samples::several_lines());
        assert!(text.starts_with("::notice file=ci.yml,line=2,endLine=4,title=ci-lint coverage-script::"), "{text}");
    }

    #[test]
    fn nothing_in_a_name_ends_the_command() {
        let mut report = samples::hostile();
        report.findings[0].message = "100% of `a\r\n::add-mask::x` \x1b[31m".to_owned();
        let text = render(&report);
        assert!(text.starts_with("::error file=odd%2C name%3A 100%25.yml,line=1,"), "{text}");
        assert!(text.contains("::100%25 of `a␍%0A::add-mask::x` ␛[31m"), "{text}");
        assert_eq!(text.lines().count(), 1);
    }

    #[test]
    fn a_path_is_made_harmless_too() {
        let problem = crate::findings::Problem::with_path("a\x1b[2J\n::x.yml", "odd");
        let text = render(&Report { problems: vec![problem], ..Report::default() });
        assert_eq!(text, "::error file=a␛[2J␊%3A%3Ax.yml,title=ci-lint::odd\n");
    }

    #[test]
    fn problems_are_errors() {
        assert_eq!(
            render(&samples::problems()),
            "::error file=missing.yml,title=ci-lint::no such file\n\
             ::error file=broken.yml,line=2,endLine=2,col=1,endColumn=2,title=ci-lint::not valid YAML: a tab\
             %0AYAML does not allow tabs for indentation: use spaces\n"
        );
        assert_eq!(render(&Report::default()), "");
    }
}

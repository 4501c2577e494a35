//! Commands in a step's script: what surrounds one, and what takes its place.

use crate::findings::fix::{Change, Place};
use crate::shell::{CoverageCommand, CoverageSub, TestRun};
use crate::source::Span;
use crate::workflow::Text;

/// Longer scripts are changed by hand.
const MAX_SCRIPT_BYTES: usize = 8 << 10;

/// What may stand before a command and is kept for what takes its place.
const LAUNCHERS: [&str; 12] = [
    "uv run",
    "poetry run",
    "pdm run",
    "hatch run",
    "pipenv run",
    "rye run",
    "pixi run",
    "uvx",
    "pipx run",
    "python -m",
    "python3 -m",
    "uv run python -m",
];

/// A command that has a line, or a link of a `&&` chain, to itself.
pub(super) struct Command<'d> {
    script: &'d str,
    /// The command from its tool's name onward, in the decoded text.
    part: Span,
    /// Where what starts it begins: `uv run `.
    start: usize,
}

impl<'d> Command<'d> {
    /// The command at a place of the file, in the script that holds it. `None` when it is one of a pipe, a condition or a
    /// loop, or is started in a way we do not know.
    pub(super) fn find(script: Text<'d>, at: Span) -> Option<Self> {
        let text = script.value;
        if text.len() > MAX_SCRIPT_BYTES || at.is_empty() || script.is_dynamic() {
            return None;
        }
        let offsets = || text.char_indices().map(|(offset, c)| (offset, offset + c.len_utf8()));
        let start = offsets().find(|(start, _)| script.node.source_offset(*start) == Some(at.start))?.0;
        let end = offsets()
            .skip_while(|(offset, _)| *offset < start)
            .take_while(|(offset, _)| script.node.source_offset(*offset).is_some_and(|offset| offset < at.end))
            .last()?
            .1;
        let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let chained = text[line..start].rfind("&& ").map_or(line, |at| line + at + 3);
        let begins = chained + (text[chained..start].len() - text[chained..start].trim_start().len());
        let launcher = text[begins..start].trim_end();
        if !(launcher.is_empty() || LAUNCHERS.contains(&launcher)) {
            return None;
        }
        // A shell's own words make the line part of something larger.
        let before = text[line..begins].trim();
        if before.contains(['|', ';', '(', '{', '`']) {
            return None;
        }
        let rest = text[end..].split('\n').next().unwrap_or_default().trim();
        let alone =
            rest.is_empty() || rest.starts_with("&& ") && !rest.contains(['|', ';', '&']) || rest.starts_with('#');
        let chain = rest.starts_with("&& ") && !rest.contains("||") && !rest.contains(['|', ';']);
        // The line before goes on here, or this one below.
        let continued =
            text[..line].trim_end_matches('\n').ends_with(['\\', '|']) || text[..line].trim_end().ends_with("&&");
        let inside = ["if ", "for ", "while ", "until ", "case ", "function "];
        let nested = text.lines().any(|line| inside.iter().any(|word| line.trim_start().starts_with(word)));
        ((alone || chain) && !continued && !nested).then_some(Self {
            script: text,
            part: Span::new(start, end),
            start: begins,
        })
    }

    /// The command as written, from its tool's name onward.
    pub(super) fn text(&self) -> &'d str {
        &self.script[self.part.start..self.part.end]
    }

    fn launcher(&self) -> &'d str {
        self.script[self.start..self.part.start].trim_end()
    }

    /// How to start coverage.py where this command is started. `from_runner`: the command is a task runner's, so coverage.py
    /// is in the runner's environment and not here.
    pub(super) fn coverage(&self, from_runner: bool) -> String {
        match (self.launcher(), from_runner) {
            ("", _) => "coverage".to_owned(),
            ("python -m" | "python3 -m", true) => "coverage".to_owned(),
            ("uv run" | "uv run python -m", true) => "uv run --with coverage coverage".to_owned(),
            ("uvx" | "pipx run", _) => format!("{} coverage", self.launcher()),
            (launcher, _) => format!("{launcher} coverage"),
        }
    }

    /// Puts commands in the place of this one and of what starts it.
    pub(super) fn replace(&self, place: Place, commands: &[String]) -> Change {
        change(place, Span::new(self.start, self.part.end), self.joined(commands, ""))
    }

    /// Takes this one away, and the step when it does nothing else.
    pub(super) fn remove(&self, job: usize, step: usize) -> Option<Change> {
        let script = self.script.trim_end_matches('\n');
        if self.start == 0 && self.part.end == script.len() {
            return Some(Change::RemoveStep { job, step });
        }
        let line_end = |at: usize| script[at..].find('\n').map_or(script.len(), |end| at + end);
        let start = script[..self.start].rfind('\n').map_or(0, |at| at + 1);
        let end = line_end(self.start);
        if !script[start..self.start].trim().is_empty() || !script.get(self.part.end..end)?.trim().is_empty() {
            return None;
        }
        // With a neighbouring line, which stays: so the part begins and ends within lines.
        let (part, kept) = if start > 0 {
            let before = script[..start - 1].rfind('\n').map_or(0, |at| at + 1);
            (Span::new(before, end), &script[before..start - 1])
        } else {
            let next = line_end(end + 1);
            (Span::new(self.start, next), &script[end + 1..next])
        };
        (!kept.trim().is_empty()).then(|| change(Place::Step(job, step), part, kept.to_owned()))
    }

    /// Puts a command in front of this one.
    pub(super) fn precede(&self, place: Place, command: &str) -> Change {
        let commands = [command.to_owned()];
        let whole = &self.script[self.start..self.part.end];
        change(place, Span::new(self.start, self.part.end), self.joined(&commands, whole))
    }

    /// Commands one a line where this one has a line to itself, else in a chain.
    fn joined(&self, commands: &[String], last: &str) -> String {
        let mut all: Vec<&str> = commands.iter().map(String::as_str).collect();
        all.extend((!last.is_empty()).then_some(last));
        let line = self.script[..self.start].rfind('\n').map_or(0, |at| at + 1);
        let before = &self.script[line..self.start];
        let after = self.script[self.part.end..].split('\n').next().unwrap_or_default();
        if !before.trim().is_empty() || after.trim_start().starts_with("&&") {
            return all.join(" && ");
        }
        // The text of a block is indented by the block; a script's own indentation is repeated.
        all.join(&format!("\n{before}"))
    }
}

fn change(place: Place, part: Span, text: String) -> Change {
    Change::EditText { place, key: "run".to_owned(), part, text }
}

/// What `coverage` is asked for after `coverage run` or `pytest --cov` to get the reports of the command itself; `None` when
/// the command leaves something that only a run of the tests can make.
pub(super) fn reports_of(run: &TestRun, command: &str) -> Option<Vec<String>> {
    const LEAVES: [&str; 5] = ["junit", "--html", "alluredir", "--report-log", "--cov-append"];
    if LEAVES.iter().any(|word| command.contains(word)) {
        return None;
    }
    let Some(crate::shell::Measured::PytestCov { config, .. }) = &run.measured else {
        return Some(Vec::new());
    };
    let config = config.as_ref().map_or_else(String::new, |config| format!(" --rcfile={config}"));
    let fail_under = if run.fail_under {
        let (_, value) = command.split_once("--cov-fail-under")?;
        let value: String = value
            .trim_start_matches(['=', ' ', '\'', '"'])
            .chars()
            .take_while(|c| c.is_ascii_digit() || *c == '.')
            .collect();
        if value.is_empty() {
            return None;
        }
        format!(" --fail-under={value}")
    } else {
        String::new()
    };
    let mut reports = Vec::new();
    for report in &run.reports {
        let to = |option: &str| report.path.as_ref().map_or_else(String::new, |path| format!(" {option} {path}"));
        let skip = if run.fail_under { " --fail-under=0" } else { "" };
        match report.format.as_str() {
            "xml" => reports.push(format!("xml{config}{skip}{}", to("-o"))),
            "json" => reports.push(format!("json{config}{skip}{}", to("-o"))),
            "lcov" => reports.push(format!("lcov{config}{skip}{}", to("-o"))),
            "html" => reports.push(format!("html{config}{skip}{}", to("-d"))),
            "annotate" => reports.push(format!("annotate{config}{}", to("-d"))),
            "term" | "term-missing" => {}
            _ => return None,
        }
    }
    let shows = run.reports.is_empty() || run.reports.iter().any(|report| report.format.starts_with("term"));
    let missing = if run.reports.iter().any(|report| report.format == "term-missing") { " -m" } else { "" };
    // The verdict comes last, so that the reports are there whatever it is.
    if shows || run.fail_under {
        reports.push(format!("report{config}{missing}{fail_under}"));
    }
    Some(reports)
}

/// A command of coverage.py without `coverage`, as far as it was read.
pub(super) fn written(command: &CoverageCommand) -> Option<String> {
    let (name, option) = match command.sub {
        CoverageSub::Report => ("report", "-o"),
        CoverageSub::Html => ("html", "-d"),
        CoverageSub::Xml => ("xml", "-o"),
        CoverageSub::Json => ("json", "-o"),
        CoverageSub::Lcov => ("lcov", "-o"),
        CoverageSub::Annotate => ("annotate", "-d"),
        _ => return None,
    };
    if command.dynamic || !command.paths.is_empty() || command.data_file.is_some() {
        return None;
    }
    let mut text = name.to_owned();
    let mut add = |option: &str, value: &Option<String>, joint: &str| {
        if let Some(value) = value {
            text.extend([" ", option, joint, value]);
        }
    };
    add("--rcfile", &command.rcfile, "=");
    add(option, &command.output, " ");
    add("--fail-under", &command.fail_under, "=");
    let odd = |value: &Option<String>| value.as_ref().is_some_and(|value| value.contains([' ', '$', '`', '"', '\'']));
    (!odd(&command.rcfile) && !odd(&command.output) && !odd(&command.fail_under)).then_some(text)
}

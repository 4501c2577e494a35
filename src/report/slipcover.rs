//! The reports of slipcover's own (merged) data: the text table, JSON, XML and LCOV as slipcover makes them, and Markdown, which
//! it does not.

use std::fmt::Write as _;

use super::json::Json;
use super::model::Numbers;
use super::numbers::{count, four_digits, python_float, round};
use super::text::{MarkdownRow, markdown_table};
use super::unicode::printable;
use super::xml::{Class, Head, Packages, Share, line_element, package_dir, relative_path};
use crate::coverage::{Arc, LineSet};

/// The version of slipcover whose XML report this is.
const HOME: &str = "https://github.com/plasma-umass/slipcover/tree/v1.1.0";

/// What slipcover measured.
#[derive(Debug, Clone, Default)]
pub struct Slipcover {
    /// The version that wrote the data.
    pub version: String,
    /// When it was measured, in ISO form.
    pub timestamp: String,
    /// Whether branches were measured.
    pub branch: bool,
    /// The files in the order of the data.
    pub files: Vec<(String, SlipcoverFile)>,
}

/// What slipcover measured of one file.
#[derive(Debug, Clone, Default)]
pub struct SlipcoverFile {
    /// Executed lines.
    pub executed: LineSet,
    /// Lines that were not.
    pub missing: LineSet,
    /// Branches that were taken, ascending; 0 as the end is the exit.
    pub executed_branches: Vec<Arc>,
    /// Branches that were not.
    pub missing_branches: Vec<Arc>,
}

/// Options of slipcover's reports.
#[derive(Debug, Clone)]
pub struct SlipcoverOptions {
    /// The JSON report is indented.
    pub pretty_print: bool,
    /// The table leaves out files of 100 %.
    pub skip_covered: bool,
    /// The width of the table's last column.
    pub missing_width: usize,
    /// Folders deeper than this are not packages in the XML report.
    pub xml_package_depth: usize,
    /// XML and LCOV show branches (`--branch`).
    pub with_branches: bool,
    /// The current folder, canonical.
    pub current_dir: String,
    /// The time of the XML report, in milliseconds since 1970.
    pub timestamp_ms: u64,
}

impl Default for SlipcoverOptions {
    fn default() -> Self {
        Self {
            pretty_print: false,
            skip_covered: false,
            missing_width: 80,
            xml_package_depth: 99,
            with_branches: false,
            current_dir: String::new(),
            timestamp_ms: 0,
        }
    }
}

impl SlipcoverFile {
    /// Its counts.
    pub fn numbers(&self) -> Numbers {
        Numbers {
            files: 1,
            statements: count(self.executed.len() + self.missing.len()),
            missing: count(self.missing.len()),
            branches: count(self.executed_branches.len() + self.missing_branches.len()),
            missing_branches: count(self.missing_branches.len()),
            ..Numbers::default()
        }
    }

    fn lines(&self) -> impl Iterator<Item = (u32, bool)> {
        let mut all = self.executed.clone();
        all.union_with(&self.missing);
        let lines: Vec<u32> = all.iter().collect();
        lines.into_iter().map(|line| (line, !self.missing.contains(line)))
    }
}

impl Slipcover {
    /// The sum over all files.
    pub fn totals(&self) -> Numbers {
        let mut totals = Numbers::default();
        for (_, file) in &self.files {
            totals += file.numbers();
        }
        totals
    }

    /// The JSON report, without a line feed at the end.
    pub fn json(&self, options: &SlipcoverOptions) -> String {
        let mut json = Json::new(options.pretty_print, 0);
        json.open('{');
        json.key("meta");
        json.open('{');
        json.key("software");
        json.string("slipcover");
        json.key("version");
        json.string(&self.version);
        json.key("timestamp");
        json.string(&self.timestamp);
        json.key("branch_coverage");
        json.bool(self.branch);
        json.key("show_contexts");
        json.bool(false);
        json.close('}');
        json.key("files");
        json.open('{');
        for (name, file) in &self.files {
            json.key(name);
            json.open('{');
            json.key("executed_lines");
            json.numbers(file.executed.iter());
            json.key("missing_lines");
            json.numbers(file.missing.iter());
            if self.branch {
                json.key("executed_branches");
                json.arcs(&file.executed_branches);
                json.key("missing_branches");
                json.arcs(&file.missing_branches);
            }
            json.key("summary");
            summary(&mut json, &file.numbers(), self.branch, false);
            json.close('}');
        }
        json.close('}');
        json.key("summary");
        if self.files.is_empty() {
            json.open('{');
            json.key("percent_covered");
            json.out.push_str("100.0");
            json.key("percent_covered_display");
            json.string("100");
            json.close('}');
        } else {
            summary(&mut json, &self.totals(), self.branch, true);
        }
        json.close('}');
        json.out
    }

    /// The table, an empty line before it; nothing if there are no files.
    pub fn text(&self, options: &SlipcoverOptions) -> String {
        if self.files.is_empty() {
            return String::new();
        }
        let headers: &[&str] = if self.branch {
            &["File", "#lines", "#l.miss", "#br.", "#br.miss", "brCov%", "totCov%", "Missing"]
        } else {
            &["File", "#lines", "#l.miss", "Cover%", "Missing"]
        };
        let row = |name: &str, numbers: &Numbers, missing: Vec<String>| {
            let mut cells = vec![name.trim().to_owned(), numbers.statements.to_string(), numbers.missing.to_string()];
            if self.branch {
                let percent = if numbers.branches == 0 { 0.0 } else { numbers.percent_branches() };
                cells.extend([numbers.branches.to_string(), numbers.missing_branches.to_string(), whole(percent)]);
            }
            cells.push(whole(numbers.percent()));
            Row { cells, missing }
        };
        let mut files: Vec<&(String, SlipcoverFile)> = self.files.iter().collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut rows = Vec::new();
        for (name, file) in files {
            let numbers = file.numbers();
            if options.skip_covered && numbers.missing == 0 && numbers.missing_branches == 0 {
                continue;
            }
            rows.push(row(name, &numbers, wrap(&missing(file), options.missing_width)));
        }
        // In this case tabulate takes the width of the table from the row of dashes, which slipcover makes too short.
        let columns = headers.len() - usize::from(self.branch && rows.is_empty() && self.files.len() > 1);
        if self.files.len() > 1 {
            let mut cells = vec![String::new(); headers.len() - 1];
            "---".clone_into(&mut cells[0]);
            rows.push(Row { cells, missing: Vec::new() });
            rows.push(row("(summary)", &self.totals(), Vec::new()));
        }
        format!("\n{}", table(headers, &rows, columns))
    }

    /// The table in Markdown. slipcover has none: its figures in the layout of coverage.py's.
    pub fn markdown(&self) -> String {
        let titles: &[&str] = if self.branch { &["Lines", "Miss", "Branch", "BrMiss"] } else { &["Lines", "Miss"] };
        let row = |name: &str, numbers: &Numbers, missing: String| {
            let counts = [numbers.statements, numbers.missing, numbers.branches, numbers.missing_branches];
            MarkdownRow {
                name: printable(name).into_owned(),
                counts: counts[..titles.len()].to_vec(),
                cover: whole(numbers.percent()),
                missing,
            }
        };
        let mut files: Vec<&(String, SlipcoverFile)> = self.files.iter().collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let rows: Vec<MarkdownRow> =
            files.into_iter().map(|(name, file)| row(name, &file.numbers(), missing(file))).collect();
        markdown_table(titles, &rows, &row("", &self.totals(), String::new()), true)
    }

    /// The XML report.
    pub fn xml(&self, options: &SlipcoverOptions) -> String {
        let root = options.current_dir.trim_end_matches('/');
        let mut packages = Packages::default();
        let mut classes: Vec<(String, String, Share, Share)> = Vec::new();
        for (path, file) in &self.files {
            // Python's paths drop empty and "." parts.
            let whole = if path.starts_with('/') { path.clone() } else { format!("{root}/{path}") };
            let full = format!("/{}", relative_path(&whole, "/", ""));
            let name = match path.replace('\\', "/").strip_prefix(root).and_then(|rest| rest.strip_prefix('/')) {
                Some(rest) => rest.to_owned(),
                None => full.strip_prefix(root).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&full).to_owned(),
            };
            let numbers = file.numbers();
            let statements = Share { hit: numbers.executed().into(), all: numbers.statements.into() };
            let exits = if options.with_branches {
                Share { hit: numbers.executed_branches(), all: numbers.branches.into() }
            } else {
                Share::default()
            };
            let mut text = String::new();
            let class = Class {
                name: &relative_path(&name, &package_dir(&name, options.xml_package_depth), root),
                file_name: &name.replace('\\', "/"),
                line_rate: &rate(statements),
                branch_rate: &if options.with_branches { rate(exits) } else { "0".to_owned() },
            };
            class.open(&mut text);
            let mut branches = Branches::new(file, options.with_branches);
            for (line, hit) in file.lines() {
                let (exits, targets) = branches.of(line);
                line_element(&mut text, line, hit, exits, &targets);
            }
            Class::close(&mut text);
            classes.push((name, text, statements, exits));
        }
        for (name, text, statements, exits) in &classes {
            let package = packages.of(&package_dir(name, options.xml_package_depth));
            package.statements += *statements;
            package.exits += *exits;
            package.classes.insert(name, text);
        }
        packages.document(&Head {
            version: &self.version,
            timestamp_ms: options.timestamp_ms,
            tool: "slipcover",
            home: HOME,
            roots: vec![root.to_owned()],
            branch: options.with_branches,
            rate,
        })
    }

    /// The LCOV report.
    pub fn lcov(&self, options: &SlipcoverOptions) -> String {
        let mut files: Vec<&(String, SlipcoverFile)> = self.files.iter().collect();
        files.sort_by(|a, b| a.0.cmp(&b.0));
        let mut out = String::new();
        for (name, file) in files {
            let _ = writeln!(out, "SF:{}", name.replace('\\', "/"));
            let numbers = file.numbers();
            if options.with_branches && numbers.branches > 0 {
                let taken = file.executed_branches.iter().map(|&branch| (branch, '1'));
                let mut all: Vec<(Arc, char)> =
                    taken.chain(file.missing_branches.iter().map(|&branch| (branch, '-'))).collect();
                all.sort_unstable();
                for of_line in all.chunk_by(|a, b| a.0.0 == b.0.0) {
                    for (number, ((line, _), taken)) in of_line.iter().enumerate() {
                        let _ = writeln!(out, "BRDA:{line},0,{number},{taken}");
                    }
                }
                let _ = write!(out, "BRF:{}\nBRH:{}\n", numbers.branches, numbers.executed_branches());
            }
            for (line, hit) in file.lines() {
                let _ = writeln!(out, "DA:{line},{}", u8::from(hit));
            }
            let _ = write!(out, "LF:{}\nLH:{}\nend_of_record\n", numbers.statements, numbers.executed());
        }
        out
    }
}

/// The branches of a file, line by line.
struct Branches {
    /// By line: exits, and the targets not taken.
    all: Vec<(Arc, bool)>,
    next: usize,
}

impl Branches {
    fn new(file: &SlipcoverFile, with_branches: bool) -> Self {
        let mut all = Vec::new();
        if with_branches {
            all.extend(file.executed_branches.iter().map(|&branch| (branch, true)));
            all.extend(file.missing_branches.iter().map(|&branch| (branch, false)));
            all.sort_unstable();
        }
        Self { all, next: 0 }
    }

    /// Those of a line; lines must come in ascending order.
    fn of(&mut self, line: u32) -> (Option<Share>, Vec<i32>) {
        let line = i32::try_from(line).unwrap_or(i32::MAX);
        self.next += self.all[self.next..].partition_point(|&((from, _), _)| from < line);
        let here = &self.all[self.next..];
        let here = &here[..here.partition_point(|&((from, _), _)| from == line)];
        self.next += here.len();
        let targets: Vec<i32> = here.iter().filter(|&&(_, taken)| !taken).map(|&((_, to), _)| to).collect();
        let all = i64::from(count(here.len()));
        let exits = Share { hit: all - i64::from(count(targets.len())), all };
        ((all > 0).then_some(exits), targets)
    }
}

fn summary(json: &mut Json, numbers: &Numbers, branch: bool, display: bool) {
    json.open('{');
    json.key("covered_lines");
    json.number(numbers.executed());
    json.key("missing_lines");
    json.number(numbers.missing);
    if branch {
        json.key("covered_branches");
        json.number(numbers.executed_branches());
        json.key("missing_branches");
        json.number(numbers.missing_branches);
    }
    json.key("percent_covered");
    json.out.push_str(&python_float(numbers.percent()));
    if display {
        json.key("percent_covered_display");
        json.string(&whole(numbers.percent()));
    }
    json.close('}');
}

/// A share with four significant digits; it may round to 0 and to 1.
fn rate(share: Share) -> String {
    if share.all == 0 { "1".to_owned() } else { four_digits(share.fraction()) }
}

fn whole(percent: f64) -> String {
    format!("{:.0}", round(percent, 0))
}

/// Runs of missing lines without an executed one between, and missing branches between lines that are not missing.
pub(crate) fn missing(file: &SlipcoverFile) -> String {
    let is_missing = |line: i32| u32::try_from(line).is_ok_and(|line| file.missing.contains(line));
    let mut branches =
        file.missing_branches.iter().filter(|&&(from, to)| !is_missing(from) && !is_missing(to)).peekable();
    let branch = |&(from, to): &Arc| if to == 0 { format!("{from}->exit") } else { format!("{from}->{to}") };
    let mut items = Vec::new();
    let mut runs: Vec<(u32, u32)> = Vec::new();
    let mut open = false;
    for (line, hit) in file.lines() {
        match runs.last_mut() {
            _ if hit => open = false,
            Some(run) if open => run.1 = line,
            _ => {
                runs.push((line, line));
                open = true;
            }
        }
    }
    for (first, last) in runs {
        while let Some(arc) = branches.next_if(|arc| i64::from(arc.0) < i64::from(first)) {
            items.push(branch(arc));
        }
        items.push(if first == last { first.to_string() } else { format!("{first}-{last}") });
    }
    items.extend(branches.map(branch));
    items.join(", ")
}

/// Words filled into lines of a width.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.len() + 1 + word.len() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// A row; the last column may have several lines.
struct Row {
    cells: Vec<String>,
    missing: Vec<String>,
}

/// A table in the layout that the Python library tabulate calls "simple": columns of numbers stand to the right. Only
/// the first `columns` are shown.
fn table(headers: &[&str], rows: &[Row], columns: usize) -> String {
    let last = headers.len() - 1;
    let column = |index: usize| {
        rows.iter().flat_map(move |row| if index == last { row.missing.as_slice() } else { &row.cells[index..=index] })
    };
    let length = |text: &str| text.chars().count();
    let widths: Vec<usize> = headers
        .iter()
        .enumerate()
        .map(|(index, header)| column(index).map(|cell| length(cell)).max().unwrap_or(0).max(length(header) + 2))
        .collect();
    let several_lines = rows.iter().any(|row| row.missing.len() > 1);
    let to_the_right: Vec<bool> = (0..headers.len())
        .map(|index| {
            let mut cells = column(index).filter(|cell| !cell.is_empty()).peekable();
            let of_several = index == last && several_lines;
            cells.peek().is_some() && !of_several && cells.all(|cell| cell.bytes().all(|byte| byte.is_ascii_digit()))
        })
        .collect();
    let mut out = String::new();
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        let mut text = String::new();
        for (index, cell) in cells.take(columns).enumerate() {
            let (gap, width) = (if index == 0 { "" } else { "  " }, widths[index]);
            let _ = if to_the_right[index] {
                write!(text, "{gap}{cell:>width$}")
            } else {
                write!(text, "{gap}{cell:width$}")
            };
        }
        out.push_str(text.trim_end());
        out.push('\n');
    };
    line(&mut headers.iter().copied());
    let dashes: Vec<String> = widths.iter().map(|&width| "-".repeat(width)).collect();
    line(&mut dashes.iter().map(String::as_str));
    for row in rows {
        for index in 0..row.missing.len().max(1) {
            let cells = row.cells.iter().map(|cell| if index == 0 { cell.as_str() } else { "" });
            line(&mut cells.chain([row.missing.get(index).map_or("", String::as_str)]));
        }
    }
    out
}

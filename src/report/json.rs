//! The JSON report, format 3 of coverage.py.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::io;

use rayon::prelude::*;

use super::model::{FileReport, Numbers, RegionReport, Regions, Report};
use super::numbers::{display, python_float};
use super::options::ReportOptions;
use crate::coverage::Arc;

/// The version of the layout.
const FORMAT: u32 = 3;
/// How many files are rendered before they are written.
const AT_ONCE: usize = 128;

/// Writes the report as `coverage json` does.
///
/// With contexts coverage.py repeats those of the whole file in each function and class. They are rendered once a file here, and
/// written as often as the format wants them.
pub fn write(report: &Report, options: &ReportOptions, out: &mut impl io::Write) -> io::Result<()> {
    let mut json = Json::new(options.json_pretty_print, 0);
    json.open('{');
    json.key("meta");
    json.open('{');
    json.key("format");
    json.number(FORMAT);
    json.key("version");
    json.text(&options.version);
    json.key("timestamp");
    json.text(&options.timestamp);
    json.key("branch_coverage");
    json.bool(report.branch);
    json.key("show_contexts");
    json.bool(options.json_show_contexts);
    json.close('}');
    json.key("files");
    json.open('{');
    out.write_all(json.take().as_bytes())?;

    for files in unique(report).chunks(AT_ONCE) {
        let fragments: Vec<Fragment> =
            files.par_iter().map(|file| Fragment::new(report, file, options, json.depth)).collect();
        for fragment in &fragments {
            json.separate();
            out.write_all(json.take().as_bytes())?;
            fragment.write(out)?;
        }
    }
    json.close('}');
    json.key("totals");
    summary(&mut json, &report.totals, report.branch, options);
    json.close('}');
    out.write_all(json.take().as_bytes())
}

/// The files by their names. Of several with one name coverage.py shows the last, in the place of the first.
fn unique(report: &Report) -> Vec<&FileReport> {
    let mut places: HashMap<&str, usize> = HashMap::with_capacity(report.files.len());
    let mut files: Vec<&FileReport> = Vec::with_capacity(report.files.len());
    for file in &report.files {
        let place = *places.entry(&file.name).or_insert(files.len());
        match files.get_mut(place) {
            Some(other) => *other = file,
            None => files.push(file),
        }
    }
    files
}

/// One file's entry. The text of its contexts belongs into it at every place in `inserts`.
struct Fragment {
    text: String,
    inserts: Vec<usize>,
    contexts: String,
}

impl Fragment {
    fn new(report: &Report, file: &FileReport, options: &ReportOptions, depth: usize) -> Self {
        let mut inserts = Vec::new();
        let mut json = Json::new(options.json_pretty_print, depth);
        json.string(&file.name);
        json.out.push_str(": ");
        json.open('{');
        json.key("executed_lines");
        json.numbers(file.executed.iter());
        json.key("summary");
        summary(&mut json, &file.numbers, report.branch, options);
        json.key("missing_lines");
        json.numbers(file.missing.iter());
        json.key("excluded_lines");
        json.numbers(file.analysis.excluded.iter());
        if options.json_show_contexts {
            json.key("contexts");
            contexts(&mut json, report, file);
        }
        if report.branch {
            json.key("executed_branches");
            json.arcs(&file.executed_branches);
            json.key("missing_branches");
            json.arcs(&file.missing_branches);
        }
        for (name, each) in [("functions", &file.functions), ("classes", &file.classes)] {
            json.key(name);
            regions(&mut json, each, report.branch, options, &mut inserts);
        }
        json.close('}');
        let contexts = if inserts.is_empty() {
            String::new()
        } else {
            let mut json = Json::new(options.json_pretty_print, depth + 3);
            contexts(&mut json, report, file);
            json.out
        };
        Self { text: json.out, inserts, contexts }
    }

    fn write(&self, out: &mut impl io::Write) -> io::Result<()> {
        let mut from = 0;
        for &place in &self.inserts {
            out.write_all(&self.text.as_bytes()[from..place])?;
            out.write_all(self.contexts.as_bytes())?;
            from = place;
        }
        out.write_all(&self.text.as_bytes()[from..])
    }
}

fn contexts(json: &mut Json, report: &Report, file: &FileReport) {
    json.open('{');
    for (line, contexts) in &file.line_contexts {
        json.key(&line.to_string());
        json.open('[');
        for &context in contexts {
            json.separate();
            json.string(report.contexts.get(context as usize).map_or("", String::as_str));
        }
        json.close(']');
    }
    json.close('}');
}

/// The first region of a name that has statements keeps it; the others get their line behind it.
fn regions(json: &mut Json, regions: &Regions, branch: bool, options: &ReportOptions, inserts: &mut Vec<usize>) {
    let with_statements: HashSet<&str> =
        regions.each.iter().filter(|region| region.numbers.statements > 0).map(|region| region.name.as_str()).collect();
    let mut taken: HashSet<&str> = HashSet::new();
    json.open('{');
    for region in &regions.each {
        let name = region.name.as_str();
        if taken.contains(name) || (with_statements.contains(name) && region.numbers.statements == 0) {
            json.key(&format!("{name}@{}", region.start));
        } else {
            json.key(name);
            taken.insert(name);
        }
        self::region(json, region, branch, options, inserts);
    }
    json.key("");
    self::region(json, &regions.outside, branch, options, inserts);
    json.close('}');
}

fn region(json: &mut Json, region: &RegionReport, branch: bool, options: &ReportOptions, inserts: &mut Vec<usize>) {
    json.open('{');
    json.key("executed_lines");
    json.numbers(region.executed.iter().copied());
    json.key("summary");
    summary(json, &region.numbers, branch, options);
    json.key("missing_lines");
    json.numbers(region.missing.iter().copied());
    json.key("excluded_lines");
    json.numbers(region.excluded.iter().copied());
    json.key("start_line");
    json.number(region.start);
    if options.json_show_contexts && options.json_region_contexts {
        json.key("contexts");
        inserts.push(json.out.len());
    }
    if branch {
        json.key("executed_branches");
        json.arcs(&region.executed_branches);
        json.key("missing_branches");
        json.arcs(&region.missing_branches);
    }
    json.close('}');
}

fn summary(json: &mut Json, numbers: &Numbers, branch: bool, options: &ReportOptions) {
    let precision = options.precision;
    json.open('{');
    json.key("covered_lines");
    json.number(numbers.executed());
    json.key("num_statements");
    json.number(numbers.statements);
    json.key("percent_covered");
    json.out.push_str(&python_float(numbers.percent()));
    json.key("percent_covered_display");
    json.text(&display(numbers.percent(), precision));
    json.key("missing_lines");
    json.number(numbers.missing);
    json.key("excluded_lines");
    json.number(numbers.excluded);
    json.key("percent_statements_covered");
    json.out.push_str(&python_float(numbers.percent_statements()));
    json.key("percent_statements_covered_display");
    json.text(&display(numbers.percent_statements(), precision));
    if branch {
        json.key("num_branches");
        json.number(numbers.branches);
        json.key("num_partial_branches");
        json.number(numbers.partial_branches);
        json.key("covered_branches");
        json.number(numbers.executed_branches());
        json.key("missing_branches");
        json.number(numbers.missing_branches);
        json.key("percent_branches_covered");
        json.out.push_str(&python_float(numbers.percent_branches()));
        json.key("percent_branches_covered_display");
        json.text(&display(numbers.percent_branches(), precision));
    }
    json.close('}');
}

/// JSON in the layout of Python's `json.dump`: in one line, or indented by four.
pub(super) struct Json {
    pub(super) out: String,
    pretty: bool,
    depth: usize,
    /// Nothing was written since the last opening bracket.
    fresh: bool,
}

impl Json {
    /// A writer that begins inside so many brackets.
    pub(super) fn new(pretty: bool, depth: usize) -> Self {
        Self { out: String::new(), pretty, depth, fresh: true }
    }

    fn take(&mut self) -> String {
        std::mem::take(&mut self.out)
    }

    fn new_line(&mut self) {
        if self.pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("    ", self.depth));
        }
    }

    /// What belongs before the next member.
    pub(super) fn separate(&mut self) {
        if !self.fresh {
            self.out.push_str(if self.pretty { "," } else { ", " });
        }
        self.fresh = false;
        self.new_line();
    }

    pub(super) fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
        self.fresh = true;
    }

    pub(super) fn close(&mut self, bracket: char) {
        self.depth -= 1;
        if !self.fresh {
            self.new_line();
        }
        self.fresh = false;
        self.out.push(bracket);
    }

    pub(super) fn key(&mut self, key: &str) {
        self.separate();
        self.string(key);
        self.out.push_str(": ");
    }

    pub(super) fn number(&mut self, number: impl Into<i64>) {
        let _ = write!(self.out, "{}", number.into());
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.out.push_str(if value { "true" } else { "false" });
    }

    fn text(&mut self, text: &str) {
        self.string(text);
    }

    pub(super) fn numbers(&mut self, numbers: impl Iterator<Item = u32>) {
        self.open('[');
        for number in numbers {
            self.separate();
            self.number(number);
        }
        self.close(']');
    }

    pub(super) fn arcs(&mut self, arcs: &[Arc]) {
        self.open('[');
        for &(from, to) in arcs {
            self.separate();
            self.open('[');
            self.separate();
            self.number(from);
            self.separate();
            self.number(to);
            self.close(']');
        }
        self.close(']');
    }

    /// A string in ASCII.
    pub(super) fn string(&mut self, text: &str) {
        self.out.push('"');
        for c in text.chars() {
            match c {
                '"' => self.out.push_str("\\\""),
                '\\' => self.out.push_str("\\\\"),
                '\n' => self.out.push_str("\\n"),
                '\r' => self.out.push_str("\\r"),
                '\t' => self.out.push_str("\\t"),
                '\u{8}' => self.out.push_str("\\b"),
                '\u{c}' => self.out.push_str("\\f"),
                ' '..='~' => self.out.push(c),
                _ => {
                    for unit in c.encode_utf16(&mut [0; 2]) {
                        let _ = write!(self.out, "\\u{unit:04x}");
                    }
                }
            }
        }
        self.out.push('"');
    }
}

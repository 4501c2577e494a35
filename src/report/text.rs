//! The text reports: plain, markdown, and the bare total.

use std::cmp::Ordering;
use std::fmt::Write as _;

use super::missing::missing;
use super::model::{FileReport, Numbers, Report};
use super::numbers::display;
use super::options::{ReportError, ReportOptions};
use super::unicode::{human_order, printable};

/// The plain report, as `coverage report` prints it.
pub fn text(report: &Report, options: &ReportOptions) -> Result<String, ReportError> {
    let table = Table::new(report, options)?;
    let name_width = table.rows.iter().map(|row| width(&row.name)).max().unwrap_or(0).max(5) + 1;
    let shown = table.rows.iter().map(|row| width(&row.cover)).max().unwrap_or(0);
    let cover_width = (width(&table.total.cover) + 3).max(7).max(shown + 2);

    let mut header = format!("{:name_width$}", "Name");
    for title in table.titles() {
        let _ = write!(header, "{title:>7}");
    }
    let _ = write!(header, "{:>cover_width$}", "Cover");
    if options.show_missing {
        let _ = write!(header, "{:>10}", "Missing");
    }
    let rule = "-".repeat(width(&header));
    let mut out = String::new();
    let mut line = |line: &str| {
        out.push_str(line.trim_end());
        out.push('\n');
    };
    line(&header);
    line(&rule);
    let row_text = |row: &Row| {
        let mut text = format!("{:name_width$}", row.name);
        for count in table.counts(&row.numbers) {
            let _ = write!(text, "{count:>7}");
        }
        let number_width = cover_width - 1;
        let _ = write!(text, "{:>number_width$}%", row.cover);
        if options.show_missing {
            let _ = write!(text, "   {}", row.missing);
        }
        text
    };
    for row in &table.rows {
        line(&row_text(row));
    }
    if !table.rows.is_empty() {
        line(&rule);
    }
    line(&row_text(&table.total));
    out.push_str(&table.ending);
    Ok(out)
}

/// The markdown table, as `coverage report --format=markdown` prints it.
pub fn markdown(report: &Report, options: &ReportOptions) -> Result<String, ReportError> {
    let table = Table::new(report, options)?;
    let row = |row: &Row| MarkdownRow {
        name: row.name.clone(),
        counts: table.counts(&row.numbers).collect(),
        cover: row.cover.clone(),
        missing: row.missing.clone(),
    };
    let rows: Vec<MarkdownRow> = table.rows.iter().map(row).collect();
    Ok(markdown_table(table.titles(), &rows, &row(&table.total), options.show_missing) + &table.ending)
}

/// A row of [`markdown_table`], nothing in it escaped.
pub(super) struct MarkdownRow {
    /// The file.
    pub(super) name: String,
    /// One for each title.
    pub(super) counts: Vec<u32>,
    /// The percentage without its sign.
    pub(super) cover: String,
    /// What is missing.
    pub(super) missing: String,
}

/// A markdown table in coverage.py's layout; `titles` are those of the counts.
pub(super) fn markdown_table(titles: &[&str], rows: &[MarkdownRow], total: &MarkdownRow, show_missing: bool) -> String {
    let names: Vec<String> = rows.iter().map(|row| escape(&row.name)).collect();
    let name_width = names.iter().map(|name| width(name)).max().unwrap_or(0).max("**TOTAL**".len()) + 1;
    let cover_width = (width(&total.cover) + 6).max(7);

    let mut out = format!("| {:name_width$}|", "Name");
    let mut rule = format!("|{} |", "-".repeat(name_width));
    let mut column = |title: &str, width: usize| {
        let _ = write!(out, "{title:>width$} |");
        let _ = write!(rule, " {}: |", "-".repeat(width - 2));
    };
    for title in titles {
        column(title, 9);
    }
    column("Cover", cover_width);
    if show_missing {
        column("Missing", 10);
    }
    let _ = writeln!(out, "\n{rule}");
    for (row, name) in rows.iter().zip(&names) {
        let _ = write!(out, "| {name:name_width$}|");
        for count in &row.counts {
            let _ = write!(out, "{count:>9} |");
        }
        let number_width = cover_width - 1;
        let _ = write!(out, "{:>number_width$}% |", row.cover);
        if show_missing {
            let _ = write!(out, "{:>10} |", escape(&row.missing));
        }
        out.push('\n');
    }
    let _ = write!(out, "|{:name_width$} |", " **TOTAL**");
    for count in &total.counts {
        let _ = write!(out, "{:>9} |", format!(" **{count}**"));
    }
    let _ = write!(out, "{:>cover_width$} |", format!(" **{}%**", total.cover));
    if show_missing {
        let _ = write!(out, "{:>10} |", "");
    }
    out.push('\n');
    out
}

/// The total percentage and nothing else, as `coverage report --format=total` prints it.
pub fn total(report: &Report, options: &ReportOptions) -> Result<String, ReportError> {
    if report.files.is_empty() {
        return Err(ReportError::NoData);
    }
    Ok(format!("{}\n", display(report.totals.percent(), options.precision)))
}

/// What both tables show.
struct Table {
    branch: bool,
    rows: Vec<Row>,
    total: Row,
    /// What is said below the table about files that are not in it.
    ending: String,
}

struct Row {
    name: String,
    numbers: Numbers,
    cover: String,
    missing: String,
}

impl Table {
    fn new(report: &Report, options: &ReportOptions) -> Result<Self, ReportError> {
        if report.files.is_empty() {
            return Err(ReportError::NoData);
        }
        let (mut covered, mut empty) = (0, 0);
        let mut shown: Vec<&FileReport> = Vec::with_capacity(report.files.len());
        for file in &report.files {
            if options.skip_covered && file.numbers.missing == 0 && file.numbers.partial_branches == 0 {
                covered += 1;
            } else if options.skip_empty && file.numbers.statements == 0 {
                empty += 1;
            } else {
                shown.push(file);
            }
        }
        let mut rows: Vec<Row> = shown
            .into_iter()
            .map(|file| Row {
                name: printable(&file.name).into_owned(),
                numbers: file.numbers,
                cover: display(file.numbers.percent(), options.precision),
                missing: if options.show_missing { missing(file) } else { String::new() },
            })
            .collect();
        sort(&mut rows, report.branch, &options.sort)?;
        let mut ending = String::new();
        for (number, files, why) in
            [(covered, "file", "skipped due to complete coverage."), (empty, "empty file", "skipped.")]
        {
            if number > 0 {
                let _ = writeln!(ending, "\n{number} {files}{} {why}", if number == 1 { "" } else { "s" });
            }
        }
        let total = Row {
            name: "TOTAL".to_owned(),
            numbers: report.totals,
            cover: display(report.totals.percent(), options.precision),
            missing: String::new(),
        };
        Ok(Self { branch: report.branch, rows, total, ending })
    }

    /// The titles of the columns of counts.
    fn titles(&self) -> &'static [&'static str] {
        if self.branch { &["Stmts", "Miss", "Branch", "BrPart"] } else { &["Stmts", "Miss"] }
    }

    fn counts(&self, numbers: &Numbers) -> impl Iterator<Item = u32> + use<> {
        let shown = self.titles().len();
        [numbers.statements, numbers.missing, numbers.branches, numbers.partial_branches].into_iter().take(shown)
    }
}

/// How two rows are compared.
type Order = dyn Fn(&Row, &Row) -> Ordering;

fn by_name(a: &Row, b: &Row) -> Ordering {
    a.name.cmp(&b.name)
}

fn sort(rows: &mut [Row], branch: bool, option: &str) -> Result<(), ReportError> {
    let column = if option.is_empty() { "name".to_owned() } else { option.to_lowercase() };
    let (reverse, column) = match column.strip_prefix('-') {
        Some(column) => (true, column),
        None => (false, column.strip_prefix('+').unwrap_or(&column)),
    };
    let by_count = |count: fn(&Numbers) -> u32| {
        move |a: &Row, b: &Row| count(&a.numbers).cmp(&count(&b.numbers)).then_with(|| by_name(a, b))
    };
    let order: Box<Order> = match column {
        "name" => Box::new(|a, b| {
            let counts = |row: &Row| {
                let Numbers { statements, missing, branches, partial_branches, .. } = row.numbers;
                (statements, missing, branches, partial_branches)
            };
            human_order(&a.name, &b.name)
                .then_with(|| counts(a).cmp(&counts(b)))
                .then_with(|| (&a.cover, &a.missing).cmp(&(&b.cover, &b.missing)))
        }),
        "stmts" => Box::new(by_count(|numbers| numbers.statements)),
        "miss" => Box::new(by_count(|numbers| numbers.missing)),
        "branch" if branch => Box::new(by_count(|numbers| numbers.branches)),
        "brpart" if branch => Box::new(by_count(|numbers| numbers.partial_branches)),
        "cover" => Box::new(|a, b| a.numbers.percent().total_cmp(&b.numbers.percent()).then_with(|| by_name(a, b))),
        _ => return Err(ReportError::Sort(option.to_owned())),
    };
    rows.sort_by(|a, b| if reverse { order(b, a) } else { order(a, b) });
    Ok(())
}

/// A backslash before everything that could mean something in a markdown table.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '/' | '-') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// The width Python's formatting counts: code points.
fn width(text: &str) -> usize {
    text.chars().count()
}

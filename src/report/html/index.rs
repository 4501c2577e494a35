//! The indexes of files, functions and classes.

use std::fmt::Write as _;

use super::view::{self, Share};
use super::{Site, Skipped, escape, frame};
use crate::python::RegionKind;
use crate::report::model::Numbers;

/// One line of an index.
struct Row<'r> {
    page: &'r str,
    line: Option<u32>,
    file: &'r str,
    region: Region<'r>,
    numbers: Numbers,
}

/// The second column.
enum Region<'r> {
    /// There is none, on the index of files.
    File,
    /// A function or class.
    Named(&'r str),
    /// What lies outside of them.
    Outside,
}

/// What distinguishes one index from the others.
struct Kind {
    file: &'static str,
    label: &'static str,
    one: &'static str,
    many: &'static str,
}

const FILES: Kind = Kind { file: "index.html", label: "Files", one: "file", many: "files" };
const FUNCTIONS: Kind = Kind { file: "function_index.html", label: "Functions", one: "function", many: "functions" };
const CLASSES: Kind = Kind { file: "class_index.html", label: "Classes", one: "class", many: "classes" };

/// A column of figures: the key that sorts by it is its name in the page, too.
struct Column {
    id: &'static str,
    key: &'static str,
    label: &'static str,
    descending: bool,
    show: fn(&mut String, &Numbers, usize),
}

/// The index of files.
pub(super) fn files(site: &Site<'_>) -> Vec<u8> {
    let rows: Vec<_> = site
        .pages
        .iter()
        .map(|(file, page)| Row { page, line: None, file: &file.name, region: Region::File, numbers: file.numbers })
        .collect();
    render(site, &FILES, &rows, &site.report.totals, site.skipped)
}

/// The index of functions or of classes.
pub(super) fn regions(site: &Site<'_>, kind: RegionKind) -> Vec<u8> {
    let mut skipped = Skipped::default();
    let mut totals = Numbers::default();
    let mut rows = Vec::new();
    for (file, page) in &site.pages {
        for region in view::regions(file, kind) {
            let numbers = region.numbers;
            totals.files += numbers.files;
            totals.statements += numbers.statements;
            totals.excluded += numbers.excluded;
            totals.missing += numbers.missing;
            totals.branches += numbers.branches;
            totals.partial_branches += numbers.partial_branches;
            totals.missing_branches += numbers.missing_branches;
            if skipped.lists(&numbers, site.options) {
                let line = region.name.map(|_| region.start);
                rows.push(Row {
                    page,
                    line,
                    file: &file.name,
                    region: region.name.map_or(Region::Outside, Region::Named),
                    numbers,
                });
            }
        }
    }
    let kind = match kind {
        RegionKind::Function => &FUNCTIONS,
        RegionKind::Class => &CLASSES,
    };
    render(site, kind, &rows, &totals, skipped)
}

fn render(site: &Site<'_>, kind: &Kind, rows: &[Row<'_>], totals: &Numbers, skipped: Skipped) -> Vec<u8> {
    let branch = site.report.branch;
    let with_regions = kind.file != FILES.file;
    let precision = site.options.precision;
    let mut out = String::with_capacity(6000 + rows.len() * if branch { 620 } else { 400 });
    let title = format!("{}: {}%", site.options.title, Share::total(totals).shown(precision));
    frame::head(&mut out, site, &title, "index");
    header(&mut out, site, kind, totals);

    out.push_str("<main>\n<table>\n");
    let _ = writeln!(out, "<caption class=\"spoken\">Coverage of each {}; the column heads sort</caption>", kind.one);
    out.push_str("<thead>\n");
    let statement_columns: &[Column] = if branch { &STATEMENTS } else { &STATEMENTS[1..] };
    if branch {
        let _ = writeln!(
            out,
            "<tr class=\"groups\"><td{}></td><th scope=\"colgroup\" colspan=\"4\">Statements</th>\
             <th scope=\"colgroup\" colspan=\"3\">Branches</th><th scope=\"colgroup\">Total</th></tr>",
            if with_regions { " colspan=\"2\"" } else { "" }
        );
    }
    out.push_str("<tr>");
    head_cell(&mut out, "file", "f", "File", false, " class=\"name\"");
    if with_regions {
        let label = if kind.file == CLASSES.file { "Class" } else { "Function" };
        head_cell(&mut out, "region", "n", label, false, " class=\"name\"");
    }
    let columns = || {
        let branches: &[Column] = if branch { &BRANCHES } else { &[] };
        statement_columns.iter().chain(branches)
    };
    for column in columns() {
        head_cell(&mut out, column.id, column.key, column.label, column.descending, group_start(column));
    }
    head_cell(&mut out, "coverage", "c", "Coverage", false, " class=\"total\"");
    out.push_str("</tr>\n</thead>\n<tbody>\n");

    let figures = |out: &mut String, numbers: &Numbers| {
        for column in columns() {
            (column.show)(out, numbers, precision);
        }
        let total = Share::total(numbers);
        let _ = write!(out, "<td class=\"total\" data-r=\"{} {}\">", total.part, total.whole);
        frame::bar(out, total);
        let _ = writeln!(out, "<span>{}%</span></td></tr>", total.shown(precision));
    };
    for row in rows {
        let href = |out: &mut String| {
            let _ = write!(out, "<a href=\"{}", escape::address(row.page));
            if let Some(line) = row.line {
                let _ = write!(out, "#t{line}");
            }
            out.push_str("\">");
        };
        out.push_str("<tr><th scope=\"row\">");
        href(&mut out);
        frame::path(&mut out, row.file);
        out.push_str("</a></th>");
        if !matches!(row.region, Region::File) {
            out.push_str("<td class=\"name\">");
            href(&mut out);
            if let Region::Named(name) = row.region {
                frame::name(&mut out, name);
            } else {
                let _ = write!(out, "<i>outside any {}</i>", kind.one);
            }
            out.push_str("</a></td>");
        }
        figures(&mut out, &row.numbers);
    }
    let _ = write!(
        out,
        "</tbody>\n<tfoot>\n<tr><th scope=\"row\"{}>Total</th>",
        if with_regions { " colspan=\"2\"" } else { "" }
    );
    figures(&mut out, totals);
    out.push_str("</tfoot>\n</table>\n<p id=\"nothing\" hidden>Nothing matches the filter.</p>\n");
    if rows.is_empty() {
        let _ = writeln!(out, "<p class=\"note\">There are no {} to list.</p>", kind.many);
    }
    for (count, why) in [(skipped.covered, "fully covered"), (skipped.empty, "without statements")] {
        if count > 0 {
            let noun = if count == 1 { kind.one } else { kind.many };
            let _ = writeln!(out, "<p class=\"note\">Not listed: {count} {noun} {why}.</p>");
        }
    }
    out.push_str("</main>\n");
    frame::foot(&mut out, site);
    out.into_bytes()
}

fn header(out: &mut String, site: &Site<'_>, kind: &Kind, totals: &Numbers) {
    let branch = site.report.branch;
    let share = Share::total(totals);
    out.push_str("<header>\n<div class=\"title\"><h1>");
    escape::text(out, &site.options.title);
    let _ = write!(out, " <span class=\"percent\">{}%</span></h1>", share.shown(site.options.precision));
    frame::bar(out, share);
    frame::sums(out, totals, branch);
    out.push_str("</div>\n<div class=\"tools\">\n<nav aria-label=\"Indexes\">");
    for tab in [FILES, FUNCTIONS, CLASSES] {
        let current = if tab.file == kind.file { " aria-current=\"page\"" } else { "" };
        let _ = write!(out, "<a href=\"{}\"{current}>{}</a>", tab.file, tab.label);
    }
    let _ = write!(
        out,
        "</nav>\n<div class=\"find script\"><input id=\"filter\" type=\"search\" placeholder=\"Filter {}\" aria-label=\"Filter {}\" \
         title=\"Words that must occur; ! before a word: must not\" autocomplete=\"off\" spellcheck=\"false\">\
         <label><input id=\"hide\" type=\"checkbox\"{}> hide covered</label></div>\n",
        kind.many,
        kind.many,
        if site.options.skip_covered { " checked disabled" } else { "" }
    );
    let link =
        |page: Option<&(_, String)>| page.map_or_else(|| "index.html".to_owned(), |(_, page)| escape::address(page));
    let _ = writeln!(
        out,
        "<span hidden><a id=\"prev\" href=\"{}\"></a><a id=\"next\" href=\"{}\"></a><a id=\"up\" href=\"index.html\"></a></span>",
        link(site.pages.last()),
        link(site.pages.first())
    );
    let mut sort_keys = vec!["f"];
    if kind.file != FILES.file {
        sort_keys.push("n");
    }
    sort_keys.extend(["s", "m", "x"]);
    if branch {
        sort_keys.extend(["b", "p"]);
    }
    sort_keys.push("c");
    frame::help(
        out,
        &[
            (&sort_keys, "sort by a column; again to reverse"),
            (&["/"], "filter"),
            (&["h"], "hide covered"),
            (&["]", "["], "first, last file"),
            (&["u"], "the index of files"),
            (&["?"], "this help"),
        ],
    );
    out.push_str("</div>\n</header>\n");
}

fn head_cell(out: &mut String, id: &str, key: &str, label: &str, descending: bool, class: &str) {
    let descending = if descending { " data-descending" } else { "" };
    let keyed = if key.is_empty() { String::new() } else { format!(" aria-keyshortcuts=\"{key}\"") };
    let _ = write!(
        out,
        "<th scope=\"col\" id=\"{id}\" aria-sort=\"none\"{class}{descending}><button type=\"button\"{keyed}>{label}</button></th>"
    );
}

/// A coverage column begins its group.
fn group_start(column: &Column) -> &'static str {
    if column.key.is_empty() { " class=\"group\"" } else { "" }
}

fn share_cell(out: &mut String, share: Share, precision: usize) {
    let _ =
        write!(out, "<td class=\"group\" data-r=\"{} {}\">{}%</td>", share.part, share.whole, share.shown(precision));
}

const STATEMENTS: [Column; 4] = [
    Column {
        id: "statement-coverage",
        key: "",
        label: "Coverage",
        descending: false,
        show: |out, numbers, precision| share_cell(out, Share::statements(numbers), precision),
    },
    Column {
        id: "statements",
        key: "s",
        label: "Statements",
        descending: true,
        show: |out, numbers, _| cell(out, numbers.statements),
    },
    Column {
        id: "missing",
        key: "m",
        label: "Missing",
        descending: true,
        show: |out, numbers, _| cell(out, numbers.missing),
    },
    Column {
        id: "excluded",
        key: "x",
        label: "Excluded",
        descending: true,
        show: |out, numbers, _| cell(out, numbers.excluded),
    },
];

const BRANCHES: [Column; 3] = [
    Column {
        id: "branch-coverage",
        key: "",
        label: "Coverage",
        descending: false,
        show: |out, numbers, precision| share_cell(out, Share::branches(numbers), precision),
    },
    Column {
        id: "branches",
        key: "b",
        label: "Branches",
        descending: true,
        show: |out, numbers, _| cell(out, numbers.branches),
    },
    Column {
        id: "partial",
        key: "p",
        label: "Partial",
        descending: true,
        show: |out, numbers, _| cell(out, numbers.partial_branches),
    },
];

fn cell(out: &mut String, number: u32) {
    let _ = if number == 0 { write!(out, "<td class=\"z\">0</td>") } else { write!(out, "<td>{number}</td>") };
}

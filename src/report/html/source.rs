//! The page of one source file.

use std::collections::HashMap;
use std::fmt::Write as _;

use super::highlight::{self, Token};
use super::view::{self, Line, Mark, Share};
use super::{Site, escape, frame};
use crate::coverage::Arc;
use crate::report::model::FileReport;

/// Shorter files fit on a screen and need no overview.
const OVERVIEW_FROM: usize = 40;

pub(super) fn page(site: &Site<'_>, at: usize) -> Vec<u8> {
    let file = site.pages[at].0;
    let lines = view::lines(file);
    let contexts = Contexts::of(&lines, &site.report.contexts);
    let text = &file.analysis.text;
    let mut out = String::with_capacity(5000 + text.len() * 3 + lines.len() * 60);
    let percent = Share::total(&file.numbers).shown(site.options.precision);
    let title = format!("{percent}% {}", file.name);
    frame::head(&mut out, site, &title, "source");
    header(&mut out, site, at, &percent);
    out.push_str("<main class=\"code sm sx sp\">\n<h2 class=\"spoken\">Source</h2>\n<div id=\"lines\">\n");
    let tokens = highlight::tokens(text);
    let mut painter = Painter { text, tokens: &tokens, next: 0, offset: 0 };
    let mut encoded = String::new();
    for ((line, source), number) in lines.iter().zip(view::text_lines(text)).zip(1u32..) {
        open_line(&mut out, line, number);
        contexts.button(&mut out, &mut encoded, &line.contexts);
        annotate(&mut out, file, number, line.untaken);
        painter.line(&mut out, source);
        if source.is_empty() {
            // Otherwise the line would be lost in a copy.
            out.push_str("<br>");
        }
        out.push_str("</div>\n");
    }
    out.push_str("</div>\n");
    if lines.len() >= OVERVIEW_FROM {
        overview(&mut out, &lines);
    }
    if !contexts.names.is_empty() {
        let _ = writeln!(
            out,
            "<script type=\"application/json\" id=\"contexts\">{}</script>",
            escape::json_list(contexts.names.iter().copied())
        );
    }
    out.push_str("</main>\n");
    frame::foot(&mut out, site);
    out.into_bytes()
}

fn header(out: &mut String, site: &Site<'_>, at: usize, percent: &str) {
    let file = site.pages[at].0;
    let numbers = &file.numbers;
    out.push_str("<header>\n<div class=\"title\"><h1>");
    frame::path(out, &file.name);
    let _ = write!(out, " <span class=\"percent\">{percent}%</span></h1>");
    frame::bar(out, Share::total(numbers));
    frame::sums(out, numbers, site.report.branch);
    out.push_str("</div>\n<div class=\"tools\">\n<nav aria-label=\"Files\">");
    let neighbour = |at: Option<usize>| {
        let page = at.and_then(|at| site.pages.get(at)).map(|(_, page)| page.as_str());
        escape::address(page.unwrap_or("index.html"))
    };
    for (id, href, label, symbol) in [
        ("prev", neighbour(at.checked_sub(1)), "Previous file", "‹"),
        ("up", "index.html".to_owned(), "Index", "Index"),
        ("next", neighbour(Some(at + 1)), "Next file", "›"),
    ] {
        let _ = write!(out, "<a id=\"{id}\" href=\"{href}\" aria-label=\"{label}\">{symbol}</a>");
    }
    out.push_str("</nav>\n<div class=\"toggles\" role=\"group\" aria-label=\"Lines to highlight\">");
    for mark in Mark::ALL {
        let count = match mark {
            Mark::Run => numbers.statements.saturating_sub(numbers.missing),
            Mark::Missing => numbers.missing,
            Mark::Excluded => numbers.excluded,
            Mark::Partial if site.report.branch => numbers.partial_branches,
            Mark::Partial => continue,
        };
        let (class, label, pressed) = (mark.class(), mark.label(), mark != Mark::Run);
        let _ = write!(
            out,
            "<button type=\"button\" class=\"{class}\" value=\"{class}\" aria-pressed=\"{pressed}\" aria-keyshortcuts=\"{class}\">\
             <b>{count}</b> {label}</button>"
        );
    }
    out.push_str("</div>\n");
    let mut toggles = vec!["r", "m", "x"];
    if site.report.branch {
        toggles.push("p");
    }
    frame::help(
        out,
        &[
            (&toggles, "highlight run, missing, excluded, partial lines"),
            (&["j", "k"], "next, previous highlighted chunk"),
            (&["1", "0"], "first chunk, top of the page"),
            (&["[", "]"], "previous, next file"),
            (&["u"], "up to the index"),
            (&["?"], "this help"),
        ],
    );
    out.push_str("</div>\n</header>\n");
}

fn open_line(out: &mut String, line: &Line<'_>, number: u32) {
    let _ = match line.mark {
        None => write!(out, "<div id=t{number}><a href=#t{number}>{number}</a>"),
        Some((mark, false)) => write!(out, "<div class={} id=t{number}><a href=#t{number}>{number}</a>", mark.class()),
        Some((mark, true)) => {
            write!(out, "<div class=\"{} k\" id=t{number}><a href=#t{number}>{number}</a>", mark.class())
        }
    };
}

/// Which branches were not taken: where to in short, and why in a sentence.
fn annotate(out: &mut String, file: &FileReport, line: u32, untaken: &[Arc]) {
    if untaken.is_empty() {
        return;
    }
    out.push_str("<span class=n tabindex=0>");
    if view::goes_nowhere(file, line, untaken) {
        let _ = write!(
            out,
            "{line}\u{202f}↛\u{202f}anywhere<span>line {line} took none of its branches: it always raised an exception</span></span>"
        );
        return;
    }
    let mut sentences = String::new();
    for (index, &arc) in untaken.iter().enumerate() {
        if index > 0 {
            out.push_str(", ");
            sentences.push_str("; ");
        }
        if arc.1 < 0 {
            let _ = write!(out, "{line}\u{202f}↛\u{202f}exit");
        } else {
            let _ = write!(out, "{line}\u{202f}↛\u{202f}<a href=#t{0}>{0}</a>", arc.1);
        }
        sentences.push_str(&view::sentence(file, arc));
    }
    out.push_str("<span>");
    escape::text(out, &sentences);
    out.push_str("</span></span>");
}

/// The contexts that occur in one file. Lines refer to them by their position among these, in an order that people expect.
struct Contexts<'r> {
    names: Vec<&'r str>,
    /// By index in the report, the position here.
    position: HashMap<u32, usize>,
}

impl<'r> Contexts<'r> {
    fn of(lines: &[Line<'_>], all: &'r [String]) -> Self {
        let mut used: Vec<u32> = lines.iter().flat_map(|line| line.contexts.iter().copied()).collect();
        used.sort_unstable();
        used.dedup();
        let mut used: Vec<(u32, &str)> =
            used.into_iter().filter_map(|index| Some((index, all.get(index as usize)?.as_str()))).collect();
        used.sort_by(|a, b| view::human_order(a.1, b.1));
        let names = used.iter().map(|&(_, name)| if name.is_empty() { "(empty)" } else { name }).collect();
        let position = used.iter().enumerate().map(|(position, &(index, _))| (index, position)).collect();
        Self { names, position }
    }

    /// How many contexts ran a line, with their positions as ranges (`0-3 7`) for the script to list.
    fn button(&self, out: &mut String, encoded: &mut String, contexts: &[u32]) {
        let mut positions: Vec<usize> = contexts.iter().filter_map(|index| self.position.get(index).copied()).collect();
        positions.sort_unstable();
        positions.dedup();
        let Some(&first) = positions.first() else { return };
        if positions.len() == 1 && self.names[first] == "(empty)" {
            out.push_str("<span class=c>(empty)</span>");
            return;
        }
        encoded.clear();
        for chunk in positions.chunk_by(|a, b| a + 1 == *b) {
            let _ = match chunk {
                [one] => write!(encoded, "{one} "),
                [first, .., last] => write!(encoded, "{first}-{last} "),
                [] => Ok(()),
            };
        }
        let _ = write!(
            out,
            "<button type=button class=c data-c=\"{}\" aria-expanded=false>{} ctx</button>",
            encoded.trim_end(),
            positions.len()
        );
    }
}

/// Writes source with its colours, line by line.
struct Painter<'t> {
    text: &'t str,
    tokens: &'t [Token],
    /// The first token that is not behind us.
    next: usize,
    offset: usize,
}

impl Painter<'_> {
    fn line(&mut self, out: &mut String, source: &str) {
        let end = self.offset + source.len();
        let mut at = self.offset;
        while let Some(token) = self.tokens.get(self.next).filter(|token| token.start < end) {
            let start = token.start.max(at);
            escape::text(out, &self.text[at..start]);
            at = token.end.min(end);
            if start < at {
                let element = token.kind.element();
                let _ = write!(out, "<{element}>");
                escape::text(out, &self.text[start..at]);
                let _ = write!(out, "</{element}>");
            }
            if token.end > end {
                break;
            }
            self.next += 1;
        }
        escape::text(out, &self.text[at..end]);
        self.offset = end + 1;
        while self.tokens.get(self.next).is_some_and(|token| token.end <= self.offset) {
            self.next += 1;
        }
    }
}

/// Where the marked lines are in the file, beside the scroll bar.
fn overview(out: &mut String, lines: &[Line<'_>]) {
    let _ = write!(
        out,
        "<svg id=\"overview\" viewBox=\"0 0 1 {}\" preserveAspectRatio=\"none\" shape-rendering=\"crispEdges\" aria-hidden=\"true\">",
        lines.len()
    );
    // A mark lower than a pixel would not be seen.
    let least = lines.len().div_ceil(400);
    for mark in Mark::ALL {
        let mut path = String::new();
        let mut line = 0;
        while line < lines.len() {
            let marked =
                |line: usize| lines.get(line).is_some_and(|line| line.mark.is_some_and(|(own, _)| own == mark));
            if marked(line) {
                let start = line;
                while marked(line) {
                    line += 1;
                }
                let _ = write!(path, "M0 {start}h1v{}H0z", (line - start).max(least));
            } else {
                line += 1;
            }
        }
        if !path.is_empty() {
            let _ = write!(out, "<path class=\"{}\" d=\"{path}\"/>", mark.class());
        }
    }
    out.push_str("</svg>\n");
}

//! The XML report in Cobertura's layout.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;

use rayon::prelude::*;

use super::model::{FileReport, Report};
use super::numbers::four_digits;
use super::options::ReportOptions;
use super::unicode::{human_order, printable};

/// Where coverage.py lives.
const HOME: &str = "https://coverage.readthedocs.io/en/7.17.3";
/// The layout.
pub(super) const DTD: &str = "https://raw.githubusercontent.com/cobertura/web/master/htdocs/xml/coverage-04.dtd";

/// The report as `coverage xml` writes it.
pub fn xml(report: &Report, options: &ReportOptions) -> String {
    let files: Vec<&FileReport> =
        report.files.iter().filter(|file| !options.skip_empty || file.numbers.statements > 0).collect();
    let mut roots = Roots::new(options);
    let names: Vec<String> = files.iter().map(|file| printable(&roots.name(file)).into_owned()).collect();
    let classes: Vec<String> = files
        .par_iter()
        .zip(&names)
        .map(|(file, name)| {
            let mut text = String::new();
            let package = package_dir(name, options.xml_package_depth);
            let statements = Share { hit: file.numbers.executed().into(), all: file.numbers.statements.into() };
            let element = Class {
                name: &relative_path(name, &package, &options.current_dir),
                file_name: &name.replace('\\', "/"),
                line_rate: &rate(statements),
                branch_rate: &if report.branch { rate(exits(file)) } else { "0".to_owned() },
            };
            element.open(&mut text);
            lines(&mut text, file);
            Class::close(&mut text);
            text
        })
        .collect();

    let mut packages = Packages::default();
    for ((file, name), class) in files.iter().zip(&names).zip(&classes) {
        let package = packages.of(&package_dir(name, options.xml_package_depth));
        package.statements += Share { hit: file.numbers.executed().into(), all: file.numbers.statements.into() };
        package.exits += exits(file);
        package.classes.insert(name, class);
    }
    packages.document(&Head {
        version: &options.version,
        timestamp_ms: options.timestamp_ms,
        tool: "coverage.py",
        home: HOME,
        roots: roots.sorted(),
        branch: report.branch,
        rate,
    })
}

/// So many of so many.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    pub(super) hit: i64,
    pub(super) all: i64,
}

impl std::ops::AddAssign for Share {
    fn add_assign(&mut self, other: Self) {
        self.hit += other.hit;
        self.all += other.all;
    }
}

impl Share {
    /// As a fraction; nothing of nothing is one.
    pub(super) fn fraction(self) -> f64 {
        let float = |number: i64| i32::try_from(number).map_or(f64::MAX, f64::from);
        if self.all == 0 { 1.0 } else { float(self.hit) / float(self.all) }
    }
}

fn exits(file: &FileReport) -> Share {
    Share { hit: file.numbers.executed_branches(), all: file.numbers.branches.into() }
}

/// A share with four significant digits, which is "0" and "1" only if it is so exactly.
fn rate(share: Share) -> String {
    if share.hit == share.all || share.all == 0 {
        "1".to_owned()
    } else if share.hit == 0 {
        "0".to_owned()
    } else {
        four_digits(share.fraction().clamp(0.0001, 0.9999))
    }
}

fn lines(out: &mut String, file: &FileReport) {
    let mut stats = file.branch_lines.iter().peekable();
    let mut missing = file.missing_branches.iter().peekable();
    for line in file.analysis.statements.iter() {
        while stats.next_if(|stats| stats.line < line).is_some() {}
        while missing.next_if(|arc| arc.0.unsigned_abs() < line).is_some() {}
        let mut targets = Vec::new();
        while let Some(arc) = missing.next_if(|arc| arc.0.unsigned_abs() == line) {
            targets.push(arc.1);
        }
        let exits = stats
            .next_if(|stats| stats.line == line)
            .map(|stats| Share { hit: stats.taken.into(), all: stats.total.into() });
        line_element(out, line, !file.missing.contains(line), exits, &targets);
    }
}

/// One line of a class. Targets that are not above zero are exits.
pub(super) fn line_element(out: &mut String, line: u32, hit: bool, exits: Option<Share>, targets: &[i32]) {
    let _ = write!(out, "\t\t\t\t\t\t<line number=\"{line}\" hits=\"{}\"", u8::from(hit));
    if let Some(Share { hit, all }) = exits {
        let percent = (100 * hit).div_euclid(all.max(1));
        let _ = write!(out, " branch=\"true\" condition-coverage=\"{percent}% ({hit}/{all})\"");
    }
    if !targets.is_empty() {
        out.push_str(" missing-branches=\"");
        for (index, &target) in targets.iter().enumerate() {
            let comma = if index == 0 { "" } else { "," };
            let _ = if target > 0 { write!(out, "{comma}{target}") } else { write!(out, "{comma}exit") };
        }
        out.push('"');
    }
    out.push_str("/>\n");
}

/// The folders that file names are relative to; those of files outside the configured ones are added as they come.
struct Roots<'o> {
    options: &'o ReportOptions,
    paths: Vec<String>,
}

impl<'o> Roots<'o> {
    fn new(options: &'o ReportOptions) -> Self {
        let mut roots = Self { options, paths: Vec::new() };
        for source in &options.xml_sources {
            roots.add(source.clone());
        }
        roots
    }

    fn add(&mut self, path: String) {
        if !self.paths.contains(&path) {
            self.paths.push(path);
        }
    }

    fn name(&mut self, file: &FileReport) -> String {
        let path = file.path.replace('\\', "/");
        for root in &self.paths {
            // An empty root is what files outside the current folder leave behind; it then stands for the current folder.
            let root = if root.is_empty() && !self.options.relative_files { &self.options.current_dir } else { root };
            if let Some(rest) = path.strip_prefix(&root.replace('\\', "/")).and_then(|rest| rest.strip_prefix('/')) {
                return rest.to_owned();
            }
        }
        let name = file.name.replace('\\', "/");
        let kept = file.path.chars().count().saturating_sub(name.chars().count());
        let root: String = file.path.chars().take(kept).collect();
        self.add(root.trim_end_matches(['/', '\\']).to_owned());
        name
    }

    fn sorted(mut self) -> Vec<String> {
        self.paths.sort_by(|a, b| human_order(a, b));
        self.paths.iter().map(|path| printable(path).into_owned()).collect()
    }
}

/// The folder that is a file's package.
pub(super) fn package_dir(name: &str, depth: usize) -> String {
    let dir = match name.rfind('/') {
        None => ".",
        Some(slash) => {
            let head = &name[..=slash];
            let trimmed = head.trim_end_matches('/');
            if trimmed.is_empty() { head } else { trimmed }
        }
    };
    dir.split('/').take(depth).collect::<Vec<_>>().join("/")
}

/// A path relative to a folder, both taken as below the current folder unless they are absolute.
pub(super) fn relative_path(path: &str, start: &str, current_dir: &str) -> String {
    let parts = |path: &str| {
        let whole = if path.starts_with('/') { path.to_owned() } else { format!("{current_dir}/{path}") };
        let mut parts: Vec<String> = Vec::new();
        for part in whole.split('/').filter(|part| !part.is_empty() && *part != ".") {
            if part == ".." {
                parts.pop();
            } else {
                parts.push(part.to_owned());
            }
        }
        parts
    };
    let (path, start) = (parts(path), parts(start));
    let common = path.iter().zip(&start).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", start.len() - common);
    let relative: Vec<&str> = up.chain(path[common..].iter().map(String::as_str)).collect();
    if relative.is_empty() { ".".to_owned() } else { relative.join("/") }
}

/// One file's element.
pub(super) struct Class<'c> {
    pub(super) name: &'c str,
    pub(super) file_name: &'c str,
    pub(super) line_rate: &'c str,
    pub(super) branch_rate: &'c str,
}

impl Class<'_> {
    pub(super) fn open(&self, out: &mut String) {
        let Self { name, file_name, line_rate, branch_rate } = self;
        let (name, file_name) = (escape(name), escape(file_name));
        let _ = write!(
            out,
            "\t\t\t\t<class name=\"{name}\" filename=\"{file_name}\" complexity=\"0\" line-rate=\"{line_rate}\" \
             branch-rate=\"{branch_rate}\">\n\t\t\t\t\t<methods/>\n\t\t\t\t\t<lines>\n"
        );
    }

    pub(super) fn close(out: &mut String) {
        const EMPTY: &str = "\t\t\t\t\t<lines>\n";
        if out.ends_with(EMPTY) {
            out.truncate(out.len() - EMPTY.len());
            out.push_str("\t\t\t\t\t<lines/>\n");
        } else {
            out.push_str("\t\t\t\t\t</lines>\n");
        }
        out.push_str("\t\t\t\t</class>\n");
    }
}

/// Folders with Python files.
#[derive(Default)]
pub(super) struct Packages<'c> {
    each: HashMap<String, Package<'c>>,
}

/// One of them.
#[derive(Default)]
pub(super) struct Package<'c> {
    pub(super) statements: Share,
    pub(super) exits: Share,
    pub(super) classes: HashMap<&'c str, &'c str>,
}

/// What goes around the packages.
pub(super) struct Head<'h> {
    pub(super) version: &'h str,
    pub(super) timestamp_ms: u64,
    pub(super) tool: &'h str,
    pub(super) home: &'h str,
    pub(super) roots: Vec<String>,
    pub(super) branch: bool,
    pub(super) rate: fn(Share) -> String,
}

impl<'c> Packages<'c> {
    /// The package of a folder.
    pub(super) fn of(&mut self, dir: &str) -> &mut Package<'c> {
        self.each.entry(dir.replace('/', ".")).or_default()
    }

    /// The whole document.
    pub(super) fn document(&self, head: &Head) -> String {
        let Head { version, timestamp_ms, tool, home, roots, branch, rate } = head;
        let (mut statements, mut exits) = (Share::default(), Share::default());
        for package in self.each.values() {
            statements += package.statements;
            exits += package.exits;
        }
        let mut out = String::from("<?xml version=\"1.0\" ?>\n");
        let version = escape(version);
        let _ = write!(
            out,
            "<coverage version=\"{version}\" timestamp=\"{timestamp_ms}\" lines-valid=\"{}\" lines-covered=\"{}\" \
             line-rate=\"{}\"",
            statements.all,
            statements.hit,
            rate(statements)
        );
        if *branch {
            let (all, hit) = (exits.all, exits.hit);
            let _ = write!(out, " branches-valid=\"{all}\" branches-covered=\"{hit}\" branch-rate=\"{}\"", rate(exits));
        } else {
            out.push_str(" branches-covered=\"0\" branches-valid=\"0\" branch-rate=\"0\"");
        }
        let _ = write!(out, " complexity=\"0\">\n\t<!-- Generated by {tool}: {home} -->\n\t<!-- Based on {DTD} -->\n");
        list(&mut out, 1, "sources", roots, |out, root| {
            let _ = writeln!(out, "\t\t<source>{}</source>", escape_text(root));
        });
        let mut packages: Vec<(&str, &Package)> =
            self.each.iter().map(|(name, package)| (name.as_str(), package)).collect();
        packages.sort_by(|a, b| human_order(a.0, b.0));
        list(&mut out, 1, "packages", &packages, |out, (name, package)| {
            let branch_rate = if *branch { rate(package.exits) } else { "0".to_owned() };
            let _ = writeln!(
                out,
                "\t\t<package name=\"{}\" line-rate=\"{}\" branch-rate=\"{branch_rate}\" complexity=\"0\">",
                escape(name),
                rate(package.statements)
            );
            let mut classes: Vec<(&str, &str)> = package.classes.iter().map(|(&name, &class)| (name, class)).collect();
            classes.sort_by(|a, b| human_order(a.0, b.0));
            list(out, 3, "classes", &classes, |out, (_, class)| out.push_str(class));
            out.push_str("\t\t</package>\n");
        });
        out.push_str("</coverage>\n");
        out
    }
}

fn list<T>(out: &mut String, depth: usize, name: &str, items: &[T], mut write: impl FnMut(&mut String, &T)) {
    let indent = "\t".repeat(depth);
    if items.is_empty() {
        let _ = writeln!(out, "{indent}<{name}/>");
        return;
    }
    let _ = writeln!(out, "{indent}<{name}>");
    for item in items {
        write(out, item);
    }
    let _ = writeln!(out, "{indent}</{name}>");
}

/// Text in an attribute.
fn escape(text: &str) -> Cow<'_, str> {
    escape_all(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        '"' => Some("&quot;"),
        '\r' => Some("&#13;"),
        '\n' => Some("&#10;"),
        '\t' => Some("&#9;"),
        _ => None,
    })
}

/// Text between tags, as Python writes it since 3.13: quotes stay.
fn escape_text(text: &str) -> Cow<'_, str> {
    escape_all(text, |c| match c {
        '&' => Some("&amp;"),
        '<' => Some("&lt;"),
        '>' => Some("&gt;"),
        _ => None,
    })
}

fn escape_all(text: &str, escaped: impl Fn(char) -> Option<&'static str>) -> Cow<'_, str> {
    if !text.contains(|c| escaped(c).is_some()) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match escaped(c) {
            Some(escaped) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates() {
        let text = |hit, all| rate(Share { hit, all });
        assert_eq!(text(0, 0), "1");
        assert_eq!(text(7, 7), "1");
        assert_eq!(text(0, 7), "0");
        assert_eq!(text(1, 2), "0.5");
        assert_eq!(text(2, 3), "0.6667");
        assert_eq!(text(99_999, 100_000), "0.9999");
        assert_eq!(text(1, 100_000), "0.0001");
    }

    #[test]
    fn packages_and_class_names() {
        assert_eq!(package_dir("a/b/c.py", 99), "a/b");
        assert_eq!(package_dir("a/b/c.py", 1), "a");
        assert_eq!(package_dir("c.py", 99), ".");
        assert_eq!(package_dir("/x/c.py", 99), "/x");
        assert_eq!(relative_path("a/b/c.py", "a", "/w"), "b/c.py");
        assert_eq!(relative_path("/x/y/c.py", "", "/w/z"), "../../x/y/c.py");
        assert_eq!(relative_path("c.py", ".", "/w"), "c.py");
    }
}

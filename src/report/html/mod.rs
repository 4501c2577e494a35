//! The HTML report: an index of files, of functions and of classes, and one page for each source file, as users of
//! `coverage html` know them.
//!
//! The pages load nothing from elsewhere, every text in them is escaped, and a content policy forbids the rest. Without scripts
//! they show everything but contexts; the script adds sorting, the filter, the keys and the toggles. The same report gives the
//! same bytes.

mod escape;
mod frame;
mod highlight;
mod index;
mod names;

#[cfg(test)]
mod samples;
mod source;
#[cfg(test)]
mod tests;
mod view;

pub(crate) use names::hash;

use rayon::prelude::*;

use crate::report::model::{FileReport, Report};

/// What the HTML report looks like.
#[derive(Debug, Clone)]
pub struct HtmlOptions {
    /// The title of the index pages.
    pub title: String,
    /// Digits behind the point of a percentage.
    pub precision: usize,
    /// Leave out files and regions without missing lines and partial branches.
    pub skip_covered: bool,
    /// Leave out files and regions without statements.
    pub skip_empty: bool,
    /// A style sheet of the user's own, which comes last.
    pub extra_css: Option<Vec<u8>>,
    /// The tool and its version, for the foot of each page.
    pub generator: String,
    /// When the report was made, as shown in the foot; empty to say nothing.
    pub created: String,
}

impl Default for HtmlOptions {
    fn default() -> Self {
        Self {
            title: "Coverage report".to_owned(),
            precision: 0,
            skip_covered: false,
            skip_empty: false,
            extra_css: None,
            generator: concat!("ci-lint ", env!("CARGO_PKG_VERSION")).to_owned(),
            created: String::new(),
        }
    }
}

/// What goes into a `.gitignore` beside the report, if its folder was empty before.
pub const GITIGNORE: &str = "# Created by ci-lint\n*\n";

/// Every file of the report: its name, relative to the report's folder and never with a slash, and its bytes.
pub fn render(report: &Report, options: &HtmlOptions) -> Vec<(String, Vec<u8>)> {
    let site = Site::new(report, options);
    let mut files = site.assets();
    files.push(("index.html".to_owned(), site.index()));
    files.push(("function_index.html".to_owned(), site.function_index()));
    files.push(("class_index.html".to_owned(), site.class_index()));
    let pages: Vec<_> =
        (0..site.len()).into_par_iter().map(|at| (site.page_name(at).to_owned(), site.page(at))).collect();
    files.extend(pages);
    files
}

/// The report, ready to be rendered file by file and in any order.
#[derive(Debug)]
pub struct Site<'r> {
    report: &'r Report,
    options: &'r HtmlOptions,
    /// The files that get a page, with its name.
    pages: Vec<(&'r FileReport, String)>,
    skipped: Skipped,
    assets: frame::Assets,
}

/// How many files or regions are not listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Skipped {
    covered: usize,
    empty: usize,
}

impl Skipped {
    /// Whether something with these numbers is listed; counts it if not.
    fn lists(&mut self, numbers: &crate::report::model::Numbers, options: &HtmlOptions) -> bool {
        if options.skip_covered && numbers.missing == 0 && numbers.partial_branches == 0 {
            self.covered += 1;
            false
        } else if options.skip_empty && numbers.statements == 0 {
            self.empty += 1;
            false
        } else {
            true
        }
    }
}

impl<'r> Site<'r> {
    /// Decides which files get a page, and its name.
    pub fn new(report: &'r Report, options: &'r HtmlOptions) -> Self {
        let mut skipped = Skipped::default();
        let names = names::page_names(report.files.iter().map(|file| file.name.as_str()));
        let pages = report.files.iter().zip(names).filter(|(file, _)| skipped.lists(&file.numbers, options)).collect();
        Self { report, options, pages, skipped, assets: frame::Assets::new(options) }
    }

    /// How many files get a page.
    pub fn len(&self) -> usize {
        self.pages.len()
    }

    /// Whether no file gets a page.
    pub fn is_empty(&self) -> bool {
        self.pages.is_empty()
    }

    /// The name of a page.
    pub fn page_name(&self, at: usize) -> &str {
        &self.pages[at].1
    }

    /// The page of one source file.
    pub fn page(&self, at: usize) -> Vec<u8> {
        source::page(self, at)
    }

    /// `index.html`.
    pub fn index(&self) -> Vec<u8> {
        index::files(self)
    }

    /// `function_index.html`.
    pub fn function_index(&self) -> Vec<u8> {
        index::regions(self, crate::python::RegionKind::Function)
    }

    /// `class_index.html`.
    pub fn class_index(&self) -> Vec<u8> {
        index::regions(self, crate::python::RegionKind::Class)
    }

    /// The style sheets and the script.
    pub fn assets(&self) -> Vec<(String, Vec<u8>)> {
        self.assets.files()
    }
}

//! Everything the texts need, in one place: comment, summary, status and outputs are functions of a [`Story`] and nothing else.

use std::collections::BTreeMap;

use crate::apply::exact::{BaselineTotal, Percent, Share};
use crate::apply::gate::{Judgement, Verdict};
use crate::report::slipcover::{self, Slipcover};
use crate::report::{self, Numbers, Report};

/// What a run has to tell.
#[derive(Debug, Clone)]
pub struct Story<'a> {
    /// Tells several comments and statuses of one pull request apart: the input `key`.
    pub key: &'a str,
    /// What the figure is called: the input `title`.
    pub title: &'a str,
    /// What the figures are of.
    pub subject: Subject,
    /// The sha of the measured commit: of a pull request its head, never the merge. Empty outside a run.
    pub head: &'a str,
    /// Whether branches were measured.
    pub branch: bool,
    /// The sum over all files.
    pub totals: Numbers,
    /// Digits behind the point in coverage.py's own reports.
    pub precision: usize,
    /// The files in any order.
    pub files: &'a [FileRow],
    /// How the limits fared.
    pub judgement: &'a Judgement,
    /// What the total is compared with.
    pub baseline: &'a Baseline,
    /// What came and what did not.
    pub arrival: &'a Arrival,
    /// One row a data file, if the figures are at hand; may be empty.
    pub data_files: &'a [DataRow],
    /// Where more can be read.
    pub links: &'a Links,
    /// Commands that give the same figures on the reader's machine, a line each, with names that are harmless and quoted; may be
    /// empty.
    pub commands: &'a [String],
}

/// What was measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// A pull request of this number.
    PullRequest(u64),
    /// A commit.
    Commit,
}

/// One file.
#[derive(Debug, Clone, Default)]
pub struct FileRow {
    /// The name as reports show it. Hostile.
    pub name: String,
    /// Its counts.
    pub numbers: Numbers,
    /// Missing lines and branches as coverage.py writes them: `3-7`, `9->exit`.
    pub missing: Vec<String>,
}

/// What the total is compared with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Baseline {
    /// Nothing was looked for.
    #[default]
    NotSought,
    /// There is none yet.
    None {
        /// The branch that was looked at. Hostile.
        branch: Option<String>,
    },
    /// The status of an earlier commit.
    Found {
        /// The branch it is on. Hostile.
        branch: Option<String>,
        /// Its sha.
        commit: String,
        /// It is the nearest ancestor that has a total; the commit that was asked for first has none.
        nearest: bool,
        /// Its total.
        total: BaselineTotal,
    },
}

/// What was expected and what came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Arrival {
    /// How many data files should have come, if that is known.
    pub expected: Option<usize>,
    /// How many came.
    pub arrived: usize,
    /// From how many jobs, if that is known.
    pub jobs: Option<usize>,
    /// Why the data is not complete; empty when it is.
    pub gaps: Vec<Gap>,
}

/// One reason why data is not complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What is wrong.
    pub kind: GapKind,
    /// The artifact, data file or source. Hostile.
    pub name: String,
    /// The job or leg that should have sent it. Hostile.
    pub job: Option<String>,
    /// What is known about it, to follow a colon: `it is truncated`, `line 90 was executed, it has 80`. Hostile.
    pub detail: Option<String>,
}

/// What is wrong with data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapKind {
    /// It did not come.
    Missing,
    /// It came, and holds nothing.
    Empty,
    /// It came twice.
    Duplicate,
    /// The source has changed since it was measured.
    Stale,
    /// It cannot be read.
    Unreadable,
}

/// One data file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DataRow {
    /// The artifact it came in. Hostile.
    pub artifact: String,
    /// Its name in the artifact. Hostile.
    pub file: String,
    /// `coverage.py` or `slipcover`.
    pub tool: &'static str,
    /// Files it measured.
    pub files: usize,
    /// Lines it saw executed; `None` where it recorded branches instead.
    pub lines: Option<usize>,
    /// Lines of the report that no other data file saw executed, if that was counted.
    pub only_here: Option<usize>,
}

/// Where more can be read. Only web addresses become links.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Links {
    /// The page of the run.
    pub run: Option<String>,
    /// The HTML report.
    pub report: Option<String>,
}

impl Story<'_> {
    /// Whether anything was measured: the percentage of nothing would be 100.
    pub fn has_figures(&self) -> bool {
        self.totals.files > 0
    }

    /// Digits behind the point of percentages: at least two, more where coverage.py is told to show more or a limit needs them.
    pub fn decimals(&self) -> usize {
        let needed = self.judgement.fail_under().map_or(0, |gate| gate.decimals);
        self.precision.max(needed).max(2)
    }

    /// The total: `97.84`.
    pub fn total(&self) -> String {
        self.percent(&self.totals)
    }

    /// The percentage of some counts, with the digits of the total.
    pub fn percent(&self, numbers: &Numbers) -> String {
        report::display(numbers.percent(), self.decimals())
    }

    /// The total as an exact fraction.
    pub fn exact(&self) -> Percent {
        Share::all(&self.totals).percent()
    }

    /// The baseline, if there is one.
    pub fn baseline_total(&self) -> Option<&BaselineTotal> {
        match self.baseline {
            Baseline::Found { total, .. } => Some(total),
            _ => None,
        }
    }

    /// The change of the total with a sign: `+0.23`, `-1.20`, `±0.00`. None without a baseline, and none of partial data.
    pub fn delta(&self) -> Option<String> {
        if self.judgement.verdict == Verdict::NotJudged {
            return None;
        }
        let change = self.baseline_total()?.change(self.exact());
        Some(change.signed(self.decimals()))
    }

    /// Whether the total is less than the baseline's, whatever rounding did.
    pub fn fell(&self) -> bool {
        self.delta().is_some() && self.baseline_total().is_some_and(|total| total.fell(self.exact()))
    }

    /// Files with something missing, those with most of it first.
    pub fn gaps(&self) -> Vec<&FileRow> {
        let lacking = |row: &FileRow| u64::from(row.numbers.missing) + u64::from(row.numbers.missing_branches);
        let mut rows: Vec<&FileRow> = self.files.iter().filter(|row| lacking(row) > 0).collect();
        rows.sort_by(|a, b| lacking(b).cmp(&lacking(a)).then_with(|| a.name.cmp(&b.name)));
        rows
    }

    /// The sum of each folder over everything below it, by name. Empty when all files are in one.
    pub fn folders(&self) -> Vec<(&str, Numbers)> {
        let mut folders: BTreeMap<&str, Numbers> = BTreeMap::new();
        for row in self.files {
            for (at, _) in row.name.match_indices('/') {
                *folders.entry(&row.name[..=at]).or_default() += row.numbers;
            }
        }
        if folders.len() < 2 { Vec::new() } else { folders.into_iter().collect() }
    }

    /// "more lines or branches", as branches were measured or not.
    pub fn needed(&self, needed: u64) -> String {
        match (needed, self.branch) {
            (1, true) => "1 more line or branch".to_owned(),
            (1, false) => "1 more line".to_owned(),
            (_, true) => format!("{needed} more lines or branches"),
            (_, false) => format!("{needed} more lines"),
        }
    }
}

/// The files of a report of coverage.py's data.
pub fn rows(report: &Report) -> Vec<FileRow> {
    let row = |file: &report::FileReport| FileRow {
        name: file.name.clone(),
        numbers: file.numbers,
        missing: items(&report::missing(file)),
    };
    report.files.iter().map(row).collect()
}

/// The files of a report of slipcover's data.
pub fn slipcover_rows(report: &Slipcover) -> Vec<FileRow> {
    let row = |(name, file): &(String, report::slipcover::SlipcoverFile)| FileRow {
        name: name.clone(),
        numbers: file.numbers(),
        missing: items(&slipcover::missing(file)),
    };
    report.files.iter().map(row).collect()
}

fn items(missing: &str) -> Vec<String> {
    missing.split(", ").filter(|item| !item.is_empty()).map(str::to_owned).collect()
}

/// The beginning of a sha that people read.
pub fn short(sha: &str) -> &str {
    super::escape::cut(sha, 7)
}

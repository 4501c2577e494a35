//! Reports made by hand for the tests.

use crate::coverage::LineSet;
use crate::python::{Analysis, ArcNote, Region, RegionKind};
use crate::report::model::{BranchLine, FileReport, Numbers, RegionReport, Regions, Report};

pub(super) const TEXT: &str = "import os\n\ndef f(a):\n    if a:\n        x = (1,\n             2)\n    while a:\n        a = 0\n    \
                               return x\n\nclass C:\n    def g(self):  # pragma: no cover\n        pass\n\nf(1)\n";

/// The mark of each line of [`TEXT`] in [`file`]: run, missing, excluded, partial; a capital letter continues a statement.
pub(super) const MARKS: &str = "r.rpmMpmm.rxx.r";

const ONE: Numbers =
    Numbers { files: 1, statements: 0, excluded: 0, missing: 0, branches: 0, partial_branches: 0, missing_branches: 0 };

fn part(name: &str, start: u32, numbers: Numbers) -> RegionReport {
    RegionReport { name: name.to_owned(), start, numbers, ..RegionReport::default() }
}

pub(super) fn file() -> FileReport {
    let set = |lines: &[u32]| lines.iter().copied().collect::<LineSet>();
    let mut first_lines: Vec<u32> = (0..=15).collect();
    first_lines[6] = 5;
    let note = |missing: &str| ArcNote { missing: Some(missing.to_owned()), action: None };
    let region =
        |kind, name: &str, start, lines: &[u32]| Region { kind, name: name.to_owned(), start, lines: set(lines) };
    let analysis = Analysis {
        text: TEXT.to_owned(),
        first_lines,
        statements: set(&[1, 3, 4, 5, 7, 8, 9, 11, 15]),
        excluded: set(&[12, 13]),
        notes: vec![
            ((4, 5), note("the condition on line {lineno} was always true")),
            ((7, -6), ArcNote { missing: None, action: None }),
        ],
        regions: vec![
            region(RegionKind::Function, "f", 3, &[4, 5, 6, 7, 8, 9]),
            region(RegionKind::Class, "C", 11, &[13]),
            region(RegionKind::Function, "C.g", 12, &[13]),
        ],
        ..Analysis::default()
    };
    FileReport {
        path: "/src/pkg/mod.py".to_owned(),
        name: "pkg/mod.py".to_owned(),
        analysis,
        executed: set(&[1, 3, 4, 7, 11, 15]),
        missing: set(&[5, 8, 9]),
        executed_branches: vec![(4, 7)],
        missing_branches: vec![(4, 5), (7, -6), (7, 8)],
        branch_lines: vec![BranchLine { line: 4, total: 2, taken: 1 }, BranchLine { line: 7, total: 2, taken: 0 }],
        line_contexts: vec![(3, vec![1, 0, 2, 3]), (1, vec![0]), (6, vec![1])],
        functions: Regions {
            each: vec![
                part(
                    "f",
                    3,
                    Numbers { statements: 5, missing: 3, branches: 4, partial_branches: 3, missing_branches: 3, ..ONE },
                ),
                part("C.g", 12, Numbers { excluded: 1, ..ONE }),
            ],
            outside: part("", 1, Numbers { statements: 4, excluded: 1, ..ONE }),
        },
        classes: Regions {
            each: vec![part("C", 11, Numbers { excluded: 1, ..ONE })],
            outside: part(
                "",
                1,
                Numbers {
                    statements: 9,
                    excluded: 1,
                    missing: 3,
                    branches: 4,
                    partial_branches: 3,
                    missing_branches: 3,
                    ..ONE
                },
            ),
        },
        numbers: Numbers {
            files: 1,
            statements: 9,
            excluded: 2,
            missing: 3,
            branches: 4,
            partial_branches: 3,
            missing_branches: 3,
        },
    }
}

pub(super) fn report() -> Report {
    let file = file();
    let totals = file.numbers;
    let contexts = ["", "test_a", "test_10", "test_9"].map(str::to_owned).to_vec();
    Report { branch: true, files: vec![file], contexts, totals }
}

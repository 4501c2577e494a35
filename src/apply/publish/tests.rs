//! Every text of every state, as it is posted: `tests/data/publish/`. `UPDATE_SNAPSHOTS=1 cargo test --lib publish` writes them anew;
//! what must hold whatever they say is asserted here.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::annotations::{Level, annotations};
use super::comment::{self, Marker, comment};
use super::outputs::{self, Places, outputs};
use super::status::{self, status};
use super::story::{Arrival, Baseline, DataRow, FileRow, Gap, GapKind, Links, Story, Subject};
use super::summary::{self, summary};
use crate::apply::exact::{BaselineTotal, Share};
use crate::apply::gate::{Informational, Judgement, Limits, Measured, Rounding, Verdict, judge};
use crate::report::Numbers;

const HEAD: &str = "9f3c2ab5b57875f334f61aebed695e2e4193db5e";
const BASE: &str = "1a2b3c45b57875f334f61aebed695e2e4193db5e";
const HOSTILE: &str = "\"><img src=x onerror=alert(1)>|`a`\n@org/team https://evil.example #1 \u{202e}--> \n::set-output name=total::100\x1b[31m";

/// Everything a story borrows.
#[derive(Debug)]
struct Told {
    key: String,
    title: String,
    subject: Subject,
    branch: bool,
    totals: Numbers,
    files: Vec<FileRow>,
    limits: Limits,
    baseline: Baseline,
    arrival: Arrival,
    data_files: Vec<DataRow>,
    links: Links,
    commands: Vec<String>,
}

impl Told {
    /// 5453 of 5689 with a gate of 97 %, as the pull request of the design.
    fn failing() -> Self {
        let totals = counts((4249, 4407), (1204, 1282));
        let files = vec![
            row("src/app/cache.py", counts((30, 34), (0, 0)), &["5-6", "14", "20"]),
            row("src/app/parser.py", counts((54, 64), (9, 12)), &["28-31", "41->exit", "50->52"]),
            row("src/net.py", counts((100, 100), (10, 10)), &[]),
            row("setup.py", counts((0, 1), (0, 0)), &["1"]),
        ];
        Self {
            key: "default".to_owned(),
            title: "Coverage".to_owned(),
            subject: Subject::PullRequest(7),
            branch: true,
            totals,
            files,
            limits: Limits { fail_under: 97.0, ..Limits::default() },
            baseline: found("97.05", None),
            arrival: Arrival { expected: Some(7), arrived: 7, jobs: Some(6), gaps: Vec::new() },
            data_files: vec![
                DataRow {
                    artifact: "coverage-linux".to_owned(),
                    file: ".coverage.3.13".to_owned(),
                    tool: "coverage.py",
                    files: 40,
                    lines: Some(4100),
                    only_here: Some(12),
                },
                DataRow {
                    artifact: "coverage-windows".to_owned(),
                    file: ".coverage.3.12".to_owned(),
                    tool: "coverage.py",
                    files: 40,
                    lines: Some(4090),
                    only_here: Some(0),
                },
            ],
            links: Links {
                run: Some("https://forge.example/octo/demo/actions/runs/12".to_owned()),
                report: Some("https://forge.example/octo/demo/actions/runs/12/artifacts/html".to_owned()),
            },
            commands: vec!["ci-lint apply cov/ --report text --fail-under 97".to_owned()],
        }
    }

    /// The same, well covered.
    fn passing() -> Self {
        let totals = counts((4340, 4407), (1226, 1282));
        let files = vec![row("src/net.py", counts((100, 100), (10, 10)), &[])];
        Self { totals, files, baseline: found("97.61", None), ..Self::failing() }
    }

    fn not_judged() -> Self {
        let gap = Gap {
            kind: GapKind::Missing,
            name: "coverage-windows-3.12".to_owned(),
            job: Some("tests (windows, 3.12)".to_owned()),
            detail: Some("failed".to_owned()),
        };
        Self { arrival: Arrival { expected: Some(7), arrived: 6, jobs: Some(5), gaps: vec![gap] }, ..Self::failing() }
    }

    fn judgement(&self) -> Judgement {
        let files: Vec<(&str, Numbers)> = self.files.iter().map(|row| (row.name.as_str(), row.numbers)).collect();
        let baseline = match &self.baseline {
            Baseline::Found { total, .. } => Some(total),
            _ => None,
        };
        let measured = Measured {
            totals: &self.totals,
            files: &files,
            baseline,
            complete: self.arrival.gaps.is_empty(),
            rounding: Rounding::Coverage { precision: 2 },
        };
        judge(&self.limits, &measured).expect("valid limits")
    }

    fn with<T>(&self, what: impl FnOnce(&Story) -> T) -> T {
        let judgement = self.judgement();
        what(&Story {
            key: &self.key,
            title: &self.title,
            subject: self.subject,
            head: HEAD,
            branch: self.branch,
            totals: self.totals,
            precision: 2,
            files: &self.files,
            judgement: &judgement,
            baseline: &self.baseline,
            arrival: &self.arrival,
            data_files: &self.data_files,
            links: &self.links,
            commands: &self.commands,
        })
    }
}

fn counts(lines: (u32, u32), branches: (u32, u32)) -> Numbers {
    Numbers {
        files: 1,
        statements: lines.1,
        missing: lines.1 - lines.0,
        branches: branches.1,
        missing_branches: branches.1 - branches.0,
        ..Numbers::default()
    }
}

fn row(name: &str, numbers: Numbers, missing: &[&str]) -> FileRow {
    FileRow { name: name.to_owned(), numbers, missing: missing.iter().map(|&item| item.to_owned()).collect() }
}

fn found(shown: &str, counts: Option<(Share, Share)>) -> Baseline {
    let mut total = BaselineTotal::parse(shown).expect("a percentage");
    if let Some((lines, branches)) = counts {
        total = total.with_counts(lines, Some(branches));
    }
    Baseline::Found { branch: Some("main".to_owned()), commit: BASE.to_owned(), nearest: false, total }
}

/// All texts of one story, in one file.
fn texts(told: &Told, notices: &[String]) -> String {
    told.with(|story| {
        let status = status(story);
        let places =
            Places { report_dir: "coverage-report", comment_url: "https://forge.example/octo/demo/pulls/7#c-1" };
        format!(
            "{}\n=== summary ===\n{}\n=== status ===\n{} {}: {}\n{}\n\n=== outputs ===\n{}\n=== annotations ===\n{}",
            comment(story),
            summary(story, notices),
            status.context,
            status.state,
            status.description,
            status.target_url.unwrap_or_default(),
            outputs::file(&outputs(story, places), "ghadelimiter_1"),
            annotations(story, Level::Notice),
        )
    })
}

fn snapshot(name: &str, told: &Told) {
    snapshot_with(name, told, &[]);
}

fn snapshot_with(name: &str, told: &Told, notices: &[String]) {
    let text = texts(told, notices).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/publish").join(format!("{name}.md"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::write(&path, &text).expect("a snapshot is written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}", path.display());
}

#[test]
fn passing_is_short() {
    let told = Told::passing();
    snapshot("pass", &told);
    assert!(told.with(comment).lines().count() <= 5);
}

#[test]
fn failing_says_what_is_lacking() {
    let mut told = Told::failing();
    snapshot("fail", &told);
    told.baseline = found("97.05", Some((Share { covered: 4302, total: 4407 }, Share { covered: 1219, total: 1282 })));
    told.limits.max_drop = Some(0.5);
    snapshot("fail-both-gates-exact-baseline", &told);
    told.limits.fail_under = 0.0;
    told.baseline = Baseline::Found {
        branch: None,
        commit: BASE.to_owned(),
        nearest: true,
        total: BaselineTotal::parse("97").expect("a percentage"),
    };
    snapshot("fail-max-drop-nearest-ancestor", &told);
}

#[test]
fn paths_have_rows_of_their_own() {
    let mut told = Told::failing();
    let paths = ["src/app/*=100", "setup.py=0", "nowhere/*=50"];
    told.limits = Limits { paths: paths.map(|text| Limits::path(text).expect("a gate")).to_vec(), ..Limits::default() };
    snapshot("fail-path-gates", &told);
}

#[test]
fn informational_gates_are_told() {
    let mut told = Told::failing();
    told.limits.informational = Informational { fail_under: true, ..Informational::default() };
    snapshot("pass-informational", &told);
}

#[test]
fn partial_data_never_looks_like_a_drop() {
    let mut told = Told::not_judged();
    snapshot("not-judged", &told);
    let text = told.with(|story| {
        assert_eq!(status::read(&status(story).description), None, "it is no baseline");
        comment(story)
    });
    assert!(!text.contains("97.05") && !text.contains('❌') && !text.contains("gate"), "{text}");
    told.arrival.expected = None;
    told.arrival.gaps = vec![
        Gap {
            kind: GapKind::Stale,
            name: "src/a.py".to_owned(),
            job: None,
            detail: Some("line 90 was executed, it has 80".to_owned()),
        },
        Gap { kind: GapKind::Empty, name: "coverage-1".to_owned(), job: Some("tests (1)".to_owned()), detail: None },
        Gap { kind: GapKind::Duplicate, name: ".coverage.x".to_owned(), job: None, detail: None },
        Gap { kind: GapKind::Unreadable, name: "coverage-2".to_owned(), job: None, detail: None },
    ];
    snapshot("not-judged-stale", &told);
}

#[test]
fn no_baseline_is_said() {
    let told = Told {
        baseline: Baseline::None { branch: Some("main".to_owned()) },
        limits: Limits { fail_under: 97.0, max_drop: Some(0.0), ..Limits::default() },
        ..Told::passing()
    };
    snapshot("pass-no-baseline", &told);
    let told = Told { baseline: Baseline::None { branch: None }, ..Told::failing() };
    snapshot("fail-no-baseline", &told);
}

#[test]
fn a_commit_without_branches() {
    let told = Told {
        subject: Subject::Commit,
        branch: false,
        totals: counts((96, 100), (0, 0)),
        files: vec![row("m.py", counts((96, 100), (0, 0)), &["1-4"])],
        baseline: Baseline::NotSought,
        arrival: Arrival { arrived: 1, ..Arrival::default() },
        data_files: Vec::new(),
        links: Links::default(),
        commands: Vec::new(),
        ..Told::failing()
    };
    snapshot("fail-commit-without-branches", &told);
}

#[test]
fn a_fork_reads_the_same_in_the_summary() {
    let notice = "no comment: this run's token may not write here (a pull request from a fork)".to_owned();
    snapshot_with("fail-fork", &Told::failing(), &[notice]);
}

#[test]
fn hostile_names_stay_names() {
    let mut told = Told::failing();
    told.files[0].name = HOSTILE.to_owned();
    told.title = HOSTILE.to_owned();
    told.key = HOSTILE.to_owned();
    told.baseline = Baseline::Found {
        branch: Some(HOSTILE.to_owned()),
        commit: HOSTILE.to_owned(),
        nearest: true,
        total: BaselineTotal::parse("97.05").expect("a percentage"),
    };
    told.data_files[0].artifact = HOSTILE.to_owned();
    told.data_files[0].file = HOSTILE.to_owned();
    told.links.run = Some("javascript:alert(1)".to_owned());
    told.commands = vec![format!("ci-lint apply '```{HOSTILE}'")];
    snapshot_with("hostile", &told, &[HOSTILE.to_owned()]);
    told.arrival.gaps = vec![Gap {
        kind: GapKind::Missing,
        name: HOSTILE.to_owned(),
        job: Some(HOSTILE.to_owned()),
        detail: Some(HOSTILE.to_owned()),
    }];
    snapshot_with("hostile-not-judged", &told, &[HOSTILE.to_owned()]);
}

/// A story of anything.
fn any_story() -> impl Strategy<Value = Told> {
    let text = prop_oneof![Just(HOSTILE.to_owned()), "(?s).{0,60}", "[`|\\\\]{0,40}", "[a-z/]{0,300}"];
    let file = (
        text.clone(),
        0u32..2000,
        0u32..2000,
        any::<bool>(),
        proptest::collection::vec("[0-9]{1,4}-[0-9]{1,4}", 0..40),
    );
    let files = proptest::collection::vec(file, 0..12);
    let gaps = proptest::collection::vec((text.clone(), text.clone()), 0..12);
    let paths = proptest::collection::vec("[a-z*]{1,30}", 0..8);
    (files, gaps, paths, text.clone(), text, 1usize..60).prop_map(|(files, gaps, paths, title, branch, times)| {
        let mut told = Told::failing();
        let rows = files.into_iter().map(|(name, covered, more, branches, missing)| {
            let exits = if branches { (covered, covered + more) } else { (0, 0) };
            FileRow { name, numbers: counts((covered, covered + more), exits), missing }
        });
        let rows: Vec<FileRow> = rows.collect();
        told.files = rows.iter().cycle().take(rows.len() * times).cloned().collect();
        let paths = paths.iter().filter_map(|glob| Limits::path(&format!("{glob}=90")).ok());
        told.limits.paths = paths.collect();
        told.arrival.gaps = gaps
            .iter()
            .cycle()
            .take(gaps.len() * times)
            .map(|(name, job)| Gap {
                kind: GapKind::Missing,
                name: name.clone(),
                job: Some(job.clone()),
                detail: Some(job.clone()),
            })
            .collect();
        told.data_files = told.data_files.iter().cycle().take(2 * times).cloned().collect();
        told.baseline = found("97.05", None);
        if let Baseline::Found { branch: of, .. } = &mut told.baseline {
            *of = Some(branch);
        }
        told.key.clone_from(&title);
        told.title = title;
        told
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_budget_is_exceeded(told in any_story(), small in 0usize..20_000) {
        told.with(|story| {
            for limit in [small, comment::LIMIT] {
                let text = comment::within(story, limit);
                assert!(text.len() <= limit, "{} of {limit}", text.len());
            }
            for limit in [small, summary::LIMIT] {
                let text = summary::within(story, &[story.title.to_owned()], limit);
                assert!(text.len() <= limit, "{} of {limit}", text.len());
            }
            let status = status(story);
            assert!(status.description.chars().count() <= status::LIMIT, "{}", status.description);
            let judged = story.judgement.verdict != Verdict::NotJudged;
            assert_eq!(status::read(&status.description).map(|total| total.shown), judged.then(|| story.total()));
            assert!(annotations(story, Level::Warning).lines().count() <= 10);
            let values = outputs(story, Places::default());
            assert!(outputs::file(&values, "x").lines().all(|line| !line.is_empty() && line.len() < 65_536));
        });
    }

    #[test]
    fn a_comment_is_found_again_and_tables_keep_their_shape(told in any_story()) {
        told.with(|story| {
            let text = comment(story);
            assert_eq!(Marker::read(&text), Some(Marker::of(story.key, story.head)));
            assert!(!text.contains(['\r', '\x1b', '\u{202e}']));
            // Outside code nothing begins a tag but our own.
            for text in [text, summary(story, &[])] {
                assert_eq!(text.matches("<details>").count(), text.matches("</details>").count());
                let mut columns = 0;
                for line in text.lines() {
                    if !line.starts_with('|') {
                        columns = 0;
                        continue;
                    }
                    let bars = line.replace("\\|", "").matches('|').count();
                    if columns == 0 {
                        columns = bars;
                    }
                    assert_eq!(bars, columns, "{line}");
                }
            }
        });
    }
}

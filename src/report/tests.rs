//! One small project in every format, held against what coverage.py 7.17.3 writes. `tests/oracle/report/run` does so at large.

use super::{ReportError, ReportOptions, Source, build, json, lcov, markdown, text, total, xml};
use crate::coverage::{Arc, CoverageData, FileData, Measured};
use crate::python::{Analysis, ArcNote, Region, RegionKind};

fn data() -> CoverageData {
    let arcs = |arcs: &[Arc]| Measured { arcs: arcs.to_vec(), ..Measured::default() };
    let file = |contexts: Vec<(u32, Measured)>| FileData { tracer: None, contexts };
    let first = arcs(&[(-1, 1), (1, 11), (11, -1), (11, 12), (11, 14), (12, 11)]);
    let second = arcs(&[(-1, 2), (2, 4), (4, 7), (7, -1), (8, 7)]);
    CoverageData {
        has_arcs: Some(true),
        contexts: vec![String::new(), "t|1".to_owned()],
        files: [
            ("/project/pkg/__init__.py", file(Vec::new())),
            ("/project/pkg/m.py", file(vec![(0, first), (1, second)])),
            ("/project/pkg/n10.py", file(vec![(0, arcs(&[(-1, 1), (1, -1)]))])),
        ]
        .map(|(path, data)| (path.to_owned(), data))
        .into(),
    }
}

fn sources() -> Vec<Source> {
    let region = |kind, name: &str, start, lines: &[u32]| Region {
        kind,
        name: name.to_owned(),
        start,
        lines: lines.iter().copied().collect(),
    };
    let function = "return from function 'f'".to_owned();
    let module = Analysis {
        text: include_str!("golden/m.py").to_owned(),
        first_lines: vec![0, 1, 2, 3, 4, 5, 6, 7, 7, 7, 10, 11, 12, 13, 14, 15],
        statements: [1, 2, 3, 4, 5, 6, 7, 11, 12, 13].into_iter().collect(),
        excluded: [14, 15].into_iter().collect(),
        no_branch: [5].into_iter().collect(),
        arcs: vec![
            (1, 11),
            (2, 3),
            (2, 4),
            (3, -1),
            (4, 5),
            (4, 7),
            (5, 4),
            (5, 6),
            (6, 4),
            (7, -1),
            (11, -1),
            (12, 14),
            (13, -12),
            (14, -11),
            (15, -14),
        ],
        notes: vec![((3, -1), ArcNote { missing: None, action: Some(function) })],
        with_arcs: Vec::new(),
        regions: vec![
            region(RegionKind::Function, "f", 1, &[2, 3, 4, 5, 6, 7, 8, 9]),
            region(RegionKind::Class, "C", 11, &[13, 15]),
            region(RegionKind::Function, "C.m", 12, &[13]),
            region(RegionKind::Function, "C.m", 14, &[15]),
        ],
    };
    let line = Analysis {
        text: "x = 1\n".to_owned(),
        first_lines: vec![0, 1],
        statements: [1].into_iter().collect(),
        arcs: vec![(1, -1)],
        ..Analysis::default()
    };
    [("n10", line), ("m", module), ("__init__", Analysis::default())]
        .map(|(name, analysis)| {
            let path = format!("/project/pkg/{name}.py");
            Source { full_name: path.clone(), path, analysis }
        })
        .into()
}

fn options() -> ReportOptions {
    ReportOptions { current_dir: "/project".to_owned(), version: "0".to_owned(), ..ReportOptions::default() }
}

#[test]
fn text_and_markdown() {
    let mut options = ReportOptions { show_missing: true, ..options() };
    let report = build(&data(), sources(), &options);
    assert_eq!(text(&report, &options).expect("a report"), include_str!("golden/text"));
    options.skip_covered = true;
    assert_eq!(markdown(&report, &options).expect("a report"), include_str!("golden/markdown"));
    options.precision = 2;
    assert_eq!(total(&report, &options).expect("a report"), "64.71\n");
    options.sort = "-Nonsense".to_owned();
    let error = text(&report, &options).expect_err("no such column");
    assert_eq!(error.to_string(), "Invalid sorting option: '-Nonsense'");
    assert_eq!(text(&build(&data(), Vec::new(), &options), &options), Err(ReportError::NoData));
}

#[test]
fn json_with_contexts() {
    let mut options = ReportOptions {
        json_pretty_print: true,
        json_show_contexts: true,
        line_contexts: true,
        precision: 2,
        ..options()
    };
    let report = build(&data(), sources(), &options);
    let written = |options: &ReportOptions| {
        let mut out = Vec::new();
        json::write(&report, options, &mut out).expect("memory takes everything");
        String::from_utf8(out).expect("JSON is ASCII")
    };
    assert_eq!(written(&options), include_str!("golden/json"));
    options.json_region_contexts = false;
    assert_eq!(written(&options).matches("\"contexts\"").count(), report.files.len());
}

#[test]
fn xml_and_lcov() {
    let options = ReportOptions { lcov_line_checksums: true, ..options() };
    let report = build(&data(), sources(), &options);
    assert_eq!(xml(&report, &options), include_str!("golden/xml"));
    let mut out = Vec::new();
    lcov::write(&report, &options, &mut out).expect("memory takes everything");
    assert_eq!(String::from_utf8_lossy(&out), include_str!("golden/lcov"));
}

#[test]
fn chosen_contexts_alone_count() {
    let options = ReportOptions { contexts: Some(vec![1]), ..options() };
    let report = build(&data(), sources(), &options);
    let executed: Vec<u32> = report.files[1].executed.iter().collect();
    assert_eq!(executed, [2, 4, 7]);
}

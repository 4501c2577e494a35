//! Renders the HTML report of a recorded sample, for `tests/html/run` and to look at.
//!
//! `render_html SAMPLE.json FOLDER` renders what `tests/html/make_sample` recorded; `--hostile` adds files that try to break out
//! of their page, `--copies N` repeats the sample's files until there are N, `--lines N` makes each of them so long, and
//! `--no-branch`, `--no-contexts` leave these out.

use std::error::Error;
use std::path::PathBuf;
use std::time::Instant;

use ci_lint::coverage::LineSet;
use ci_lint::python::{Analysis, ArcNote, Region, RegionKind};
use ci_lint::report::html::{HtmlOptions, render};
use ci_lint::report::model::{BranchLine, FileReport, Numbers, RegionReport, Regions, Report};
use serde::Deserialize;

#[derive(Deserialize)]
struct Sample {
    branch: bool,
    contexts: Vec<String>,
    files: Vec<SampleFile>,
}

#[derive(Deserialize, Clone)]
struct SampleFile {
    name: String,
    text: String,
    first_lines: std::collections::BTreeMap<String, u32>,
    statements: Vec<u32>,
    excluded: Vec<u32>,
    executed: Vec<u32>,
    missing: Vec<u32>,
    missing_arcs: Vec<(i32, i32)>,
    branch_lines: Vec<(u32, u32, u32)>,
    notes: Vec<(i32, i32, Option<String>, Option<String>)>,
    regions: Vec<(String, String, u32, Vec<u32>)>,
    contexts: Vec<(u32, Vec<u32>)>,
    numbers: [u32; 6],
}

impl SampleFile {
    fn report(self, with_branches: bool, with_contexts: bool) -> FileReport {
        let set = |lines: Vec<u32>| lines.into_iter().collect::<LineSet>();
        let lines = u32::try_from(self.text.lines().count()).unwrap_or(0);
        let mut first_lines: Vec<u32> = (0..=lines).collect();
        for (line, first) in &self.first_lines {
            if let Some(entry) = line.parse().ok().and_then(|line: usize| first_lines.get_mut(line)) {
                *entry = *first;
            }
        }
        let analysis = Analysis {
            text: self.text,
            first_lines,
            statements: set(self.statements),
            excluded: set(self.excluded),
            notes: self
                .notes
                .into_iter()
                .map(|(from, to, missing, action)| ((from, to), ArcNote { missing, action }))
                .collect(),
            regions: self
                .regions
                .into_iter()
                .map(|(kind, name, start, lines)| Region {
                    kind: if kind == "class" { RegionKind::Class } else { RegionKind::Function },
                    name,
                    start,
                    lines: set(lines),
                })
                .collect(),
            ..Analysis::default()
        };
        let [statements, excluded, missing, branches, partial_branches, missing_branches] = self.numbers;
        let mut numbers = Numbers { files: 1, statements, excluded, missing, ..Numbers::default() };
        if with_branches {
            numbers = Numbers { branches, partial_branches, missing_branches, ..numbers };
        }
        let mut file = FileReport {
            path: self.name.clone(),
            name: self.name,
            analysis,
            executed: set(self.executed),
            missing: set(self.missing),
            missing_branches: if with_branches { self.missing_arcs } else { Vec::new() },
            branch_lines: if with_branches {
                self.branch_lines.into_iter().map(|(line, total, taken)| BranchLine { line, total, taken }).collect()
            } else {
                Vec::new()
            },
            line_contexts: if with_contexts { self.contexts } else { Vec::new() },
            numbers,
            ..FileReport::default()
        };
        file.functions = regions(&file, RegionKind::Function);
        file.classes = regions(&file, RegionKind::Class);
        file
    }
}

/// The regions of one kind with their counts, which a sample does not record.
fn regions(file: &FileReport, kind: RegionKind) -> Regions {
    let listed: Vec<&Region> = file.analysis.regions.iter().filter(|region| region.kind == kind).collect();
    let owner = |line: u32| listed.iter().rposition(|region| region.lines.contains(line)).unwrap_or(listed.len());
    let mut numbers = vec![Numbers { files: 1, ..Numbers::default() }; listed.len() + 1];
    for line in file.analysis.statements.iter() {
        numbers[owner(line)].statements += 1;
    }
    for line in file.analysis.excluded.iter() {
        numbers[owner(line)].excluded += 1;
    }
    for line in file.missing.iter() {
        numbers[owner(line)].missing += 1;
    }
    for branch in &file.branch_lines {
        let numbers = &mut numbers[owner(branch.line)];
        numbers.branches += branch.total;
        numbers.missing_branches += branch.total - branch.taken;
        if !file.missing.contains(branch.line) {
            numbers.partial_branches += branch.total - branch.taken;
        }
    }
    let report =
        |name: &str, start, numbers| RegionReport { name: name.to_owned(), start, numbers, ..RegionReport::default() };
    Regions {
        each: listed
            .iter()
            .zip(&numbers)
            .map(|(region, numbers)| report(&region.name, region.start, *numbers))
            .collect(),
        outside: report("", 1, numbers[listed.len()]),
    }
}

/// Texts that would run or hide something if any of them were taken for more than text.
const HOSTILE: [&str; 4] = [
    "</script><img src=x onerror=\"document.title='owned'\">",
    "\"'><svg onload=alert(1)>",
    "javascript:alert(1)//\u{202e}txt.exe\u{0}\n\u{1b}[31m",
    "{{constructor}}<!--<script>",
];

fn hostile(index: u32, text: &str) -> SampleFile {
    let contexts = vec![(1, vec![index]), (3, vec![0, index])];
    SampleFile {
        name: format!("evil{text}/{text}.py"),
        text: format!("x = 1 # {text}\n'''{text}\n{text}'''\n{text}\nf'{{{text}\nif x:\n"),
        first_lines: [("3".to_owned(), 2)].into(),
        statements: vec![1, 2, 4, 6],
        excluded: vec![],
        executed: vec![1, 6],
        missing: vec![2, 4],
        missing_arcs: vec![(6, -1)],
        branch_lines: vec![(6, 2, 1)],
        notes: vec![(6, -1, Some(text.to_owned()), Some(text.to_owned()))],
        regions: vec![
            ("function".to_owned(), text.to_owned(), 1, vec![1]),
            ("class".to_owned(), text.to_owned(), 2, vec![2]),
        ],
        contexts,
        numbers: [4, 0, 2, 2, 1, 1],
    }
}

/// Repeats a file's lines, without their marks, to a length.
fn lengthen(file: &mut SampleFile, lines: usize) {
    let text: Vec<&str> = file.text.lines().collect();
    if text.is_empty() {
        return;
    }
    let repeated: Vec<&str> = text.iter().copied().cycle().take(lines).collect();
    let count = u32::try_from(text.len()).unwrap_or(u32::MAX);
    let rounds = u32::try_from(lines).unwrap_or(u32::MAX) / count;
    let spread = |marks: &[u32]| {
        (0..rounds).flat_map(|round| marks.iter().map(move |mark| mark + round * count)).collect::<Vec<_>>()
    };
    (file.statements, file.missing, file.excluded) =
        (spread(&file.statements), spread(&file.missing), spread(&file.excluded));
    file.executed = spread(&file.executed);
    file.contexts = (0..rounds)
        .flat_map(|round| file.contexts.iter().map(move |(line, contexts)| (line + round * count, contexts.clone())))
        .collect();
    file.text = repeated.join("\n") + "\n";
    let length = |lines: &[u32]| u32::try_from(lines.len()).unwrap_or(u32::MAX);
    file.numbers[0] = length(&file.statements);
    file.numbers[1] = length(&file.excluded);
    file.numbers[2] = length(&file.missing);
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = Vec::new();
    let (mut copies, mut lines, mut evil, mut branch, mut contexts) = (None, None, false, true, true);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--copies" => copies = arguments.next().and_then(|number| number.parse::<usize>().ok()),
            "--lines" => lines = arguments.next().and_then(|number| number.parse::<usize>().ok()),
            "--hostile" => evil = true,
            "--no-branch" => branch = false,
            "--no-contexts" => contexts = false,
            _ => paths.push(PathBuf::from(argument)),
        }
    }
    let [sample, folder] = paths.as_slice() else {
        return Err("usage: render_html SAMPLE.json FOLDER [options]".into());
    };
    let mut sample: Sample = serde_json::from_str(&std::fs::read_to_string(sample)?)?;
    if let Some(lines) = lines {
        sample.files.iter_mut().for_each(|file| lengthen(file, lines));
    }
    if let Some(copies) = copies {
        let originals: Vec<SampleFile> = sample.files.iter().filter(|file| !file.text.is_empty()).cloned().collect();
        sample.files = (0..copies)
            .map(|copy| {
                let mut file = originals[copy % originals.len()].clone();
                file.name = format!("part{}/{}", copy / originals.len(), file.name);
                file
            })
            .collect();
    }
    if evil {
        for text in HOSTILE {
            let index = u32::try_from(sample.contexts.len())?;
            sample.contexts.push(text.to_owned());
            sample.files.push(hostile(index, text));
        }
    }
    let files: Vec<FileReport> = sample.files.into_iter().map(|file| file.report(branch, contexts)).collect();
    let mut totals = Numbers::default();
    for Numbers { files, statements, excluded, missing, branches, partial_branches, missing_branches } in
        files.iter().map(|file| file.numbers)
    {
        totals.files += files;
        totals.statements += statements;
        totals.excluded += excluded;
        totals.missing += missing;
        totals.branches += branches;
        totals.partial_branches += partial_branches;
        totals.missing_branches += missing_branches;
    }
    let report = Report { branch: branch && sample.branch, files, contexts: sample.contexts, totals };
    let options = HtmlOptions { precision: 1, created: "2026-01-02 03:04 +0000".to_owned(), ..HtmlOptions::default() };

    let start = Instant::now();
    let pages = render(&report, &options);
    let rendered = start.elapsed();
    let start = Instant::now();
    std::fs::create_dir_all(folder)?;
    let mut bytes = 0;
    for (name, content) in &pages {
        bytes += content.len();
        std::fs::write(folder.join(name), content)?;
    }
    let mut out = std::io::stdout().lock();
    std::io::Write::write_fmt(
        &mut out,
        format_args!(
            "{} files, {bytes} bytes, rendered in {rendered:.1?}, written in {:.1?}\n",
            pages.len(),
            start.elapsed()
        ),
    )?;
    Ok(())
}

//! The LCOV report.

use std::collections::HashSet;
use std::fmt::Write as _;
use std::io;

use rayon::prelude::*;

use super::checksum::line_checksum;
use super::model::{FileReport, RegionReport, Report};
use super::options::ReportOptions;
use super::unicode::{printable, python_lines};

/// How many files are rendered before they are written.
const AT_ONCE: usize = 256;

/// Writes the report as `coverage lcov` does: files in the order of the names shown.
pub fn write(report: &Report, options: &ReportOptions, out: &mut impl io::Write) -> io::Result<()> {
    let mut files: Vec<&FileReport> =
        report.files.iter().filter(|file| !options.skip_empty || file.numbers.statements > 0).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    for files in files.chunks(AT_ONCE) {
        let records: Vec<String> = files.par_iter().map(|file| record(file, report.branch, options)).collect();
        for record in records {
            out.write_all(record.as_bytes())?;
        }
    }
    Ok(())
}

fn record(file: &FileReport, branch: bool, options: &ReportOptions) -> String {
    let mut out = format!("SF:{}\n", printable(&file.name));
    lines(&mut out, file, options.lcov_line_checksums);
    functions(&mut out, &file.functions.each);
    if branch {
        branches(&mut out, file);
    }
    out.push_str("end_of_record\n");
    out
}

fn lines(out: &mut String, file: &FileReport, checksums: bool) {
    let source: Vec<&str> = if checksums { python_lines(&file.analysis.text).collect() } else { Vec::new() };
    for line in file.analysis.statements.iter() {
        let _ = write!(out, "DA:{line},{}", u8::from(!file.missing.contains(line)));
        if !source.is_empty() {
            let text = source.get((line as usize).wrapping_sub(1)).copied().unwrap_or_default();
            let _ = write!(out, ",{}", line_checksum(text));
        }
        out.push('\n');
    }
    if file.numbers.statements > 0 {
        let _ = write!(out, "LF:{}\nLH:{}\n", file.numbers.statements, file.numbers.executed());
    }
}

fn functions(out: &mut String, regions: &[RegionReport]) {
    let mut functions: Vec<(u32, u32, &RegionReport)> = regions
        .iter()
        .filter_map(|region| {
            let (first, last) = region.lines?;
            Some((region.start.min(first), region.start.max(last), region))
        })
        .collect();
    if functions.is_empty() {
        return;
    }
    functions.sort_by_key(|&(first, last, region)| (first, last, &region.name));
    let (mut found, mut hit) = (0, 0);
    let mut names = HashSet::new();
    for (first, last, region) in functions {
        if region.numbers.statements == 0 {
            continue;
        }
        let executed = u32::from(region.numbers.executed() > 0);
        found += 1;
        hit += executed;
        let mut name = printable(&region.name);
        if !names.insert(name.clone()) {
            let _ = write!(name.to_mut(), "@{first}");
        }
        let _ = write!(out, "FN:{first},{last},{name}\nFNDA:{executed},{name}\n");
    }
    let _ = write!(out, "FNF:{found}\nFNH:{hit}\n");
}

fn branches(out: &mut String, file: &FileReport) {
    let mut executed = file.executed_branches.iter().peekable();
    let mut missing = file.missing_branches.iter().peekable();
    for stats in &file.branch_lines {
        let mut targets: Vec<(bool, i32, char)> = Vec::new();
        let of_line = |from: i32| from.unsigned_abs() == stats.line;
        while let Some(arc) = executed.next_if(|arc| of_line(arc.0)) {
            if stats.taken > 0 {
                targets.push((arc.1 < 0, arc.1, '1'));
            }
        }
        while let Some(arc) = missing.next_if(|arc| of_line(arc.0)) {
            targets.push((arc.1 < 0, arc.1, if stats.taken > 0 { '0' } else { '-' }));
        }
        // Branches that leave the function come last.
        targets.sort_unstable();
        // Lines that are no statements have no records, though their branches are in the sums.
        if file.analysis.statements.contains(stats.line) {
            for (_, to, taken) in targets {
                let from = i32::try_from(stats.line).unwrap_or(i32::MAX);
                let description = file.arc_description((from, to));
                let _ = writeln!(out, "BRDA:{},0,{},{taken}", stats.line, printable(&description));
            }
        }
    }
    let found: u32 = file.branch_lines.iter().map(|stats| stats.total).sum();
    let hit: u32 = file.branch_lines.iter().map(|stats| stats.taken).sum();
    if found > 0 {
        let _ = write!(out, "BRF:{found}\nBRH:{hit}\n");
    }
}

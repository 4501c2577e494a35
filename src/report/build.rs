//! From analyses and measured data to the Report model.

use std::collections::HashMap;

use rayon::prelude::*;

use super::model::{BranchLine, FileReport, Numbers, RegionReport, Regions, Report};
use super::numbers::count;
use super::options::ReportOptions;
use super::unicode::python_lines;
use crate::coverage::{Arc, CoverageData, FileData, LineSet};
use crate::python::{Analysis, Region, RegionKind};

/// A file to report on.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its path in the data.
    pub path: String,
    /// Its full name: canonical, or as recorded with `relative_files`. The measured data is looked up under it, as coverage.py does.
    pub full_name: String,
    /// What its source holds.
    pub analysis: Analysis,
}

/// Computes every figure: files in the order of their full names.
pub fn build(data: &CoverageData, mut sources: Vec<Source>, options: &ReportOptions) -> Report {
    sources.sort_by(|a, b| a.full_name.cmp(&b.full_name));
    let branch = data.has_arcs == Some(true);
    let files: Vec<FileReport> = sources.into_par_iter().map(|source| file(data, source, branch, options)).collect();
    let mut totals = Numbers::default();
    for file in &files {
        totals += file.numbers;
    }
    Report { branch, files, contexts: data.contexts.clone(), totals }
}

fn file(data: &CoverageData, source: Source, branch: bool, options: &ReportOptions) -> FileReport {
    let Source { path, full_name, analysis } = source;
    let key = if options.relative_files { options.relative(&full_name) } else { &full_name };
    let untouched = FileData::default();
    let measured = Selection { data: data.files.get(key).unwrap_or(&untouched), contexts: options.contexts.as_deref() };

    let arcs = if branch { measured.arcs() } else { Vec::new() };
    let mut executed: LineSet = if branch {
        let ends = arcs.iter().flat_map(|&(from, to)| [from, to]);
        ends.filter_map(|end| u32::try_from(end).ok()).map(|line| first_line(&analysis, line)).collect()
    } else {
        measured.lines().iter().map(|line| first_line(&analysis, line)).collect()
    };
    executed.intersect_with(&analysis.statements);
    let mut missing = analysis.statements.clone();
    missing.subtract(&executed);

    let branches = if branch { Branches::new(&analysis, &arcs) } else { Branches::default() };
    let missing_branches: Vec<Arc> =
        branches.not_taken.iter().filter(|&&(_, to)| !has(&analysis.excluded, to)).copied().collect();
    let branch_lines = branch_lines(&branches.exits, &missing_branches);
    let numbers = Numbers {
        files: 1,
        statements: count(analysis.statements.len()),
        excluded: count(analysis.excluded.len()),
        missing: count(missing.len()),
        branches: branches.exits.iter().map(|&(_, exits)| exits).sum(),
        partial_branches: count(missing_branches.iter().filter(|&&(from, _)| !has(&missing, from)).count()),
        missing_branches: count(missing_branches.len()),
    };
    let facts = Facts { analysis: &analysis, executed: &executed, missing: &missing, branches: &branches };
    let lines = count(python_lines(&analysis.text).count());
    let functions = facts.regions(RegionKind::Function, lines);
    let classes = facts.regions(RegionKind::Class, lines);
    FileReport {
        name: options.relative(&path).to_owned(),
        line_contexts: if options.line_contexts { measured.line_contexts(branch) } else { Vec::new() },
        path: full_name,
        executed,
        missing,
        executed_branches: branches.taken,
        missing_branches,
        branch_lines,
        functions,
        classes,
        numbers,
        analysis,
    }
}

/// What was measured of one file under the contexts that count.
struct Selection<'d> {
    data: &'d FileData,
    contexts: Option<&'d [u32]>,
}

impl Selection<'_> {
    fn each(&self) -> impl Iterator<Item = &(u32, crate::coverage::Measured)> {
        let counts = |context| self.contexts.is_none_or(|contexts| contexts.binary_search(&context).is_ok());
        self.data.contexts.iter().filter(move |&&(context, _)| counts(context))
    }

    fn lines(&self) -> LineSet {
        let mut lines = LineSet::new();
        for (_, measured) in self.each() {
            lines.union_with(&measured.lines);
        }
        lines
    }

    fn arcs(&self) -> Vec<Arc> {
        let mut arcs: Vec<Arc> = Vec::new();
        for (_, measured) in self.each() {
            arcs.extend(&measured.arcs);
        }
        arcs.sort_unstable();
        arcs.dedup();
        arcs
    }

    /// By line as recorded, in the order of first appearance when contexts are gone through in turn.
    fn line_contexts(&self, branch: bool) -> Vec<(u32, Vec<u32>)> {
        let mut places: Vec<usize> = Vec::new();
        let mut lines: Vec<(u32, Vec<u32>)> = Vec::new();
        let mut note = |line: u32, context: u32| {
            let index = line as usize;
            if index >= places.len() {
                places.resize(index + 1, usize::MAX);
            }
            if places[index] == usize::MAX {
                places[index] = lines.len();
                lines.push((line, Vec::new()));
            }
            let contexts = &mut lines[places[index]].1;
            if contexts.last() != Some(&context) {
                contexts.push(context);
            }
        };
        for (context, measured) in self.each() {
            if branch {
                let ends = measured.arcs.iter().flat_map(|&(from, to)| [from, to]);
                for line in ends.filter_map(|end| u32::try_from(end).ok()).filter(|&line| line > 0) {
                    note(line, *context);
                }
            } else {
                for line in measured.lines.iter() {
                    note(line, *context);
                }
            }
        }
        lines
    }
}

/// The branches of one file.
#[derive(Default)]
struct Branches {
    /// Lines with more than one exit, ascending, and how many exits to lines that are not excluded.
    exits: Vec<(u32, u32)>,
    /// Possible arcs from these lines that were taken, ascending.
    taken: Vec<Arc>,
    /// Possible arcs from these lines that were not, those to excluded lines included, those from no-branch lines left out;
    /// ascending.
    not_taken: Vec<Arc>,
}

impl Branches {
    fn new(analysis: &Analysis, measured: &[Arc]) -> Self {
        let executed = executed_arcs(analysis, measured);
        let mut branches = Self::default();
        let mut executed = executed.into_iter().peekable();
        for arcs in analysis.arcs.chunk_by(|a, b| a.0 == b.0) {
            let Ok(from) = u32::try_from(arcs[0].0) else { continue };
            if analysis.excluded.contains(from) {
                continue;
            }
            let exits = arcs.iter().filter(|&&(_, to)| !has(&analysis.excluded, to)).count();
            if exits < 2 {
                continue;
            }
            branches.exits.push((from, count(exits)));
            let counts = !analysis.no_branch.contains(from);
            for &arc in arcs {
                while executed.next_if(|&other| other < arc).is_some() {}
                if executed.peek() == Some(&arc) {
                    branches.taken.push(arc);
                } else if counts {
                    branches.not_taken.push(arc);
                }
            }
        }
        branches
    }
}

/// Measured arcs in terms of the source: ends are first lines, the way back to a `with` is taken out, and an arc from a line to
/// itself stands for the only way out of it, if there is only one.
fn executed_arcs(analysis: &Analysis, measured: &[Arc]) -> Vec<Arc> {
    let fixes: HashMap<Arc, Option<Arc>> = analysis.with_arcs.iter().copied().collect();
    let translate = |arc: Arc| {
        let (from, to) = if fixes.is_empty() { arc } else { fixes.get(&arc).copied().unwrap_or(Some(arc))? };
        Some((first_end(analysis, from), first_end(analysis, to)))
    };
    let only_way = |from: i32| {
        let ways = &analysis.arcs[analysis.arcs.partition_point(|arc| arc.0 < from)..];
        match ways {
            [(first, to), rest @ ..] if *first == from && rest.first().is_none_or(|next| next.0 != from) => Some(*to),
            _ => None,
        }
    };
    let mut arcs: Vec<Arc> = measured
        .iter()
        .filter_map(|&arc| translate(arc))
        .filter_map(|(from, to)| if from == to { only_way(from).map(|to| (from, to)) } else { Some((from, to)) })
        .filter_map(translate)
        .collect();
    arcs.sort_unstable();
    arcs.dedup();
    arcs
}

fn branch_lines(exits: &[(u32, u32)], missing: &[Arc]) -> Vec<BranchLine> {
    let mut missing = missing.iter().peekable();
    let mut lines = Vec::with_capacity(exits.len());
    for &(line, total) in exits {
        let mut taken = total;
        while missing.next_if(|arc| arc.0.unsigned_abs() == line).is_some() {
            taken = taken.saturating_sub(1);
        }
        lines.push(BranchLine { line, total, taken });
    }
    lines
}

/// What regions are cut from.
struct Facts<'f> {
    analysis: &'f Analysis,
    executed: &'f LineSet,
    missing: &'f LineSet,
    branches: &'f Branches,
}

impl Facts<'_> {
    /// Distributes everything over the regions of one kind in one pass. Lines beyond the last count nowhere.
    fn regions(&self, kind: RegionKind, last_line: u32) -> Regions {
        let mut sorted: Vec<&Region> = self.analysis.regions.iter().filter(|region| region.kind == kind).collect();
        sorted.sort_by_key(|region| region.start);
        let outside = sorted.len();
        let mut owner: Vec<usize> = vec![outside; last_line as usize + 1];
        let mut reports: Vec<RegionReport> = Vec::with_capacity(outside + 1);
        for (index, region) in sorted.into_iter().enumerate() {
            let mut lines = None;
            for line in region.lines.iter() {
                lines = Some((lines.map_or(line, |(first, _)| first), line));
                if let Some(owner) = owner.get_mut(line as usize) {
                    *owner = index;
                }
            }
            reports.push(RegionReport {
                kind: Some(kind),
                name: region.name.clone(),
                start: region.start,
                lines,
                ..RegionReport::default()
            });
        }
        let mut free = (1..=last_line).filter(|&line| owner[line as usize] == outside);
        let first_free = free.next();
        let lines = first_free.map(|first| (first, free.next_back().unwrap_or(first)));
        reports.push(RegionReport { start: first_free.unwrap_or(1), lines, ..RegionReport::default() });

        let owner_of = |line: u32| owner.get(line as usize).copied();
        let owner_of_end = |end: i32| u32::try_from(end).ok().and_then(owner_of);
        for line in self.executed.iter() {
            if let Some(owner) = owner_of(line) {
                reports[owner].executed.push(line);
            }
        }
        for line in self.missing.iter() {
            if let Some(owner) = owner_of(line) {
                reports[owner].missing.push(line);
            }
        }
        for line in self.analysis.excluded.iter() {
            if let Some(owner) = owner_of(line) {
                reports[owner].excluded.push(line);
            }
        }
        for &(line, exits) in &self.branches.exits {
            if let Some(owner) = owner_of(line) {
                reports[owner].numbers.branches += exits;
            }
        }
        for &arc in &self.branches.taken {
            if let Some(owner) = owner_of_end(arc.0) {
                reports[owner].executed_branches.push(arc);
            }
        }
        for &arc in &self.branches.not_taken {
            let Some(owner) = owner_of_end(arc.0) else { continue };
            // coverage.py knows only a region's own excluded lines here.
            if !(has(&self.analysis.excluded, arc.1) && owner_of_end(arc.1) == Some(owner)) {
                reports[owner].missing_branches.push(arc);
            }
        }
        for report in &mut reports {
            let partial = report.missing_branches.iter().filter(|arc| !has(self.missing, arc.0)).count();
            report.numbers = Numbers {
                files: 1,
                statements: count(report.executed.len() + report.missing.len()),
                excluded: count(report.excluded.len()),
                missing: count(report.missing.len()),
                branches: report.numbers.branches,
                partial_branches: count(partial),
                missing_branches: count(report.missing_branches.len()),
            };
        }
        let outside = reports.pop().unwrap_or_default();
        Regions { each: reports, outside }
    }
}

/// Whether the end of an arc is a line of the set; exits are not.
fn has(lines: &LineSet, end: i32) -> bool {
    u32::try_from(end).is_ok_and(|line| lines.contains(line))
}

fn first_line(analysis: &Analysis, line: u32) -> u32 {
    analysis.first_lines.get(line as usize).copied().unwrap_or(line)
}

fn first_end(analysis: &Analysis, end: i32) -> i32 {
    let first = i32::try_from(first_line(analysis, end.unsigned_abs())).unwrap_or(i32::MAX);
    if end < 0 { -first } else { first }
}

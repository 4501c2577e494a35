//! What the analysis finds in a file, in the form in which `tests/oracle/python/dump.py` prints what coverage.py finds.

use ci_lint::coverage::{Arc, LineSet};
use ci_lint::python::{Analysis, RegionKind};
use serde_json::{Value, json};

/// The facts of one file, as `tests/oracle/python/dump.py` prints them.
pub(crate) fn facts(path: &str, analysis: &Analysis) -> Value {
    let regions: Vec<Value> = analysis
        .regions
        .iter()
        .map(|region| {
            let kind = match region.kind {
                RegionKind::Function => "function",
                RegionKind::Class => "class",
            };
            json!([kind, region.name, region.start, ranges(&region.lines)])
        })
        .collect();
    let arcs = &analysis.arcs;
    let notes: Vec<Value> = arcs
        .iter()
        .enumerate()
        .filter(|&(at, arc)| at > 0 && arcs[at - 1].0 == arc.0 || arcs.get(at + 1).is_some_and(|next| next.0 == arc.0))
        .map(|(_, &arc)| {
            let text = analysis.missing_arc_description(arc);
            let mut parts: Vec<&str> = text.split(" or line ").collect();
            parts.sort_unstable();
            json!([arc.0, arc.1, parts])
        })
        .collect();
    let first: Vec<(usize, u32)> = analysis
        .first_lines
        .iter()
        .copied()
        .enumerate()
        .filter(|&(line, first)| usize::try_from(first) != Ok(line))
        .collect();
    let end = i32::try_from(analysis.text.matches('\n').count()).unwrap_or(i32::MAX);
    let mut measured: Vec<Arc> = Vec::new();
    for line in (1..end).step_by(3) {
        measured.extend([(line, line + 1), (line + 1, line)]);
    }
    measured.extend(analysis.with_arcs.iter().map(|&(arc, _)| arc));
    let executed = analysis.executed_arcs(&measured);
    let exits = analysis.exit_counts();
    json!({
        "file": path,
        "statements": analysis.statements.iter().collect::<Vec<_>>(),
        "excluded": analysis.excluded.iter().collect::<Vec<_>>(),
        "no_branch": analysis.no_branch.iter().collect::<Vec<_>>(),
        "regions": regions,
        "arcs": arcs,
        "with": analysis.with_arcs,
        "first": first,
        "executed": digest(executed.iter().map(|&(from, to)| (i64::from(from), i64::from(to)))),
        "missing": digest(analysis.missing_arcs(&executed).into_iter().map(|(from, to)| (from.into(), to.into()))),
        "exits": digest(exits.into_iter().map(|(line, count)| (line.into(), i64::try_from(count).unwrap_or(0)))),
        "notes": notes,
    })
}

/// How many pairs, and a sum that tells sets of pairs apart.
fn digest(pairs: impl Iterator<Item = (i64, i64)>) -> (usize, i64) {
    pairs.fold((0, 0), |(count, sum), (a, b)| (count + 1, sum + 31 * a + 17 * b + a * b))
}

fn ranges(lines: &LineSet) -> Vec<(u32, u32)> {
    let mut out: Vec<(u32, u32)> = Vec::new();
    for line in lines.iter() {
        match out.last_mut() {
            Some((_, last)) if *last + 1 == line => *last = line,
            _ => out.push((line, line)),
        }
    }
    out
}

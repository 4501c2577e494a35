//! Renders reports from analyses and data that the real coverage.py dumped, for `tests/oracle/report`.
//!
//! `render_report DUMP VARIANTS OUT`: `DUMP` holds one project, `VARIANTS` a list of reports with their options; each is written to
//! `OUT/<name of the variant>`.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::{env, fs};

use ci_lint::coverage::{Arc, CoverageData, FileData, Measured};
use ci_lint::python::{Analysis, ArcNote, Region, RegionKind};
use ci_lint::report::slipcover::{Slipcover, SlipcoverFile, SlipcoverOptions};
use ci_lint::report::{self, Judged, ReportError, ReportOptions, Source};
use serde::Deserialize;

#[derive(Deserialize)]
struct Dump {
    #[serde(default)]
    has_arcs: Option<bool>,
    #[serde(default)]
    current_dir: String,
    #[serde(default)]
    contexts: Vec<String>,
    #[serde(default)]
    files: Vec<DumpFile>,
    #[serde(default)]
    slipcover: Option<DumpSlipcover>,
    /// (total, limit, precision)
    #[serde(default)]
    gates: Vec<(f64, f64, usize)>,
}

#[derive(Deserialize)]
struct DumpFile {
    path: String,
    full_name: String,
    text: String,
    first_lines: Vec<u32>,
    statements: Vec<u32>,
    excluded: Vec<u32>,
    no_branch: Vec<u32>,
    arcs: Vec<Arc>,
    notes: Vec<(Arc, Option<String>, Option<String>)>,
    with_arcs: Vec<(Arc, Option<Arc>)>,
    regions: Vec<(String, String, u32, Vec<u32>)>,
    /// The path to the data, and by context: lines or arcs.
    data_path: String,
    measured: Vec<(u32, Vec<u32>, Vec<Arc>)>,
}

#[derive(Deserialize)]
struct DumpSlipcover {
    version: String,
    timestamp: String,
    branch: bool,
    files: Vec<DumpSlipcoverFile>,
}

/// Name, executed and missing lines, executed and missing branches.
type DumpSlipcoverFile = (String, Vec<u32>, Vec<u32>, Vec<Arc>, Vec<Arc>);

#[derive(Deserialize, Default)]
#[serde(default)]
struct Variant {
    name: String,
    format: String,
    precision: usize,
    skip_covered: bool,
    skip_empty: bool,
    show_missing: bool,
    sort: String,
    pretty_print: bool,
    show_contexts: bool,
    package_depth: Option<usize>,
    sources: Vec<String>,
    line_checksums: bool,
    relative_files: bool,
    contexts: Option<Vec<u32>>,
    missing_width: Option<usize>,
    with_branches: bool,
    version: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [dump, variants, out] = arguments.as_slice() else { return Err("DUMP VARIANTS OUT".into()) };
    let dump: Dump = serde_json::from_str(&fs::read_to_string(dump)?)?;
    let variants: Vec<Variant> = serde_json::from_str(&fs::read_to_string(variants)?)?;
    let data = CoverageData {
        has_arcs: dump.has_arcs,
        contexts: dump.contexts.clone(),
        files: dump.files.iter().map(|file| (file.data_path.clone(), file_data(file))).collect(),
    };
    for variant in &variants {
        let mut file = BufWriter::new(File::create(Path::new(out).join(&variant.name))?);
        render(&dump, &data, variant, &mut file)?;
        file.flush()?;
    }
    Ok(())
}

fn render(dump: &Dump, data: &CoverageData, variant: &Variant, mut out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    if let Some(format) = variant.format.strip_prefix("slipcover-") {
        return Ok(out.write_all(slipcover(dump, variant, format)?.as_bytes())?);
    }
    if variant.format == "gates" {
        let mut lines = String::new();
        for &(total, limit, precision) in &dump.gates {
            lines.push_str(&report::display(total, precision));
            lines.push(' ');
            let judged = match report::fail_under(total, limit, precision) {
                Ok(message) => message.unwrap_or_else(|| "ok".to_owned()),
                Err(error) => error.to_string(),
            };
            lines.push_str(&judged);
            lines.push('\n');
        }
        return Ok(out.write_all(lines.as_bytes())?);
    }
    if dump.files.is_empty() {
        return Ok(write!(out, "{}", ReportError::NoData)?);
    }
    let options = ReportOptions {
        precision: variant.precision,
        skip_covered: variant.skip_covered,
        skip_empty: variant.skip_empty,
        show_missing: variant.show_missing,
        sort: variant.sort.clone(),
        json_pretty_print: variant.pretty_print,
        json_show_contexts: variant.show_contexts,
        line_contexts: variant.show_contexts,
        xml_package_depth: variant.package_depth.unwrap_or(99),
        xml_sources: variant.sources.clone(),
        lcov_line_checksums: variant.line_checksums,
        relative_files: variant.relative_files,
        current_dir: dump.current_dir.clone(),
        contexts: variant.contexts.clone(),
        version: variant.version.clone(),
        ..ReportOptions::default()
    };
    let report = report::build(data, dump.files.iter().map(source).collect(), &options);
    let judged = match variant.format.as_str() {
        "text" | "markdown" | "total" => {
            let writer = match variant.format.as_str() {
                "text" => report::text,
                "markdown" => report::markdown,
                _ => report::total,
            };
            match writer(&report, &options) {
                Ok(text) => out.write_all(text.as_bytes())?,
                Err(error) => return Ok(write!(out, "{error}")?),
            }
            Judged::Text
        }
        "json" => {
            report::json::write(&report, &options, &mut out)?;
            Judged::Data
        }
        "xml" => {
            out.write_all(report::xml(&report, &options).as_bytes())?;
            Judged::Xml { skip_empty: options.skip_empty }
        }
        "lcov" => {
            report::lcov::write(&report, &options, &mut out)?;
            Judged::Data
        }
        other => return Err(format!("no such format: {other}").into()),
    };
    writeln!(out, "\n--- total {:?}", report.total(judged))?;
    Ok(())
}

fn slipcover(dump: &Dump, variant: &Variant, format: &str) -> Result<String, Box<dyn Error>> {
    let input = dump.slipcover.as_ref().ok_or("no slipcover data")?;
    let files = input.files.iter().map(|(name, executed, missing, executed_branches, missing_branches)| {
        let file = SlipcoverFile {
            executed: executed.iter().copied().collect(),
            missing: missing.iter().copied().collect(),
            executed_branches: executed_branches.clone(),
            missing_branches: missing_branches.clone(),
        };
        (name.clone(), file)
    });
    let data = Slipcover {
        version: input.version.clone(),
        timestamp: input.timestamp.clone(),
        branch: input.branch,
        files: files.collect(),
    };
    let options = SlipcoverOptions {
        pretty_print: variant.pretty_print,
        skip_covered: variant.skip_covered,
        missing_width: variant.missing_width.unwrap_or(80),
        xml_package_depth: variant.package_depth.unwrap_or(99),
        with_branches: variant.with_branches,
        current_dir: dump.current_dir.clone(),
        timestamp_ms: 0,
    };
    let text = match format {
        "json" => data.json(&options),
        "text" => data.text(&options),
        "xml" => data.xml(&options),
        "lcov" => data.lcov(&options),
        other => return Err(format!("no such format: {other}").into()),
    };
    Ok(text)
}

fn file_data(file: &DumpFile) -> FileData {
    let contexts = file.measured.iter().map(|(context, lines, arcs)| {
        (*context, Measured { lines: lines.iter().copied().collect(), arcs: arcs.clone() })
    });
    FileData { tracer: None, contexts: contexts.collect() }
}

fn source(file: &DumpFile) -> Source {
    let notes = file
        .notes
        .iter()
        .map(|(arc, missing, action)| (*arc, ArcNote { missing: missing.clone(), action: action.clone() }));
    let regions = file.regions.iter().map(|(kind, name, start, lines)| Region {
        kind: if kind == "function" { RegionKind::Function } else { RegionKind::Class },
        name: name.clone(),
        start: *start,
        lines: lines.iter().copied().collect(),
    });
    let analysis = Analysis {
        text: file.text.clone(),
        first_lines: file.first_lines.clone(),
        statements: file.statements.iter().copied().collect(),
        excluded: file.excluded.iter().copied().collect(),
        no_branch: file.no_branch.iter().copied().collect(),
        arcs: file.arcs.clone(),
        notes: notes.collect(),
        with_arcs: file.with_arcs.clone(),
        regions: regions.collect(),
    };
    Source { path: file.path.clone(), full_name: file.full_name.clone(), analysis }
}

//! For the comparison with coverage.py (`tests/oracle/config/run`): answers one JSON request per line.

#![allow(clippy::print_stdout, missing_docs)]

use std::collections::HashMap;
use std::io::{self, BufRead as _};
use std::path::Path;

use ci_lint::coverage::config::{
    CoverageConfig, DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS, Matcher, load_from_disk, pyregex,
};
use ci_lint::coverage::glob::{Case, GlobMatcher, PathPattern};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Request {
    Config { dir: String, rcfile: Option<String>, env: HashMap<String, String> },
    Glob { pattern: String, paths: Vec<String> },
    Path { pattern: String, paths: Vec<String> },
    Check { pattern: String },
    Default { which: String, texts: Vec<String> },
    Regex { regexes: Vec<String>, texts: Vec<String> },
}

fn main() -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let answer = match serde_json::from_str(&line?) {
            Ok(request) => answer(request),
            Err(error) => json!({ "bad request": error.to_string() }),
        };
        println!("{answer}");
    }
    Ok(())
}

fn answer(request: Request) -> Value {
    match request {
        Request::Config { dir, rcfile, env } => {
            let env = |name: &str| env.get(name).cloned();
            match load_from_disk(Path::new(&dir), rcfile.as_deref(), &env) {
                Ok(config) => match config.patterns() {
                    Ok(_) => values(&config),
                    Err(error) => json!({ "joined": error.to_string() }),
                },
                Err(error) => json!({ "error": error.to_string() }),
            }
        }
        Request::Glob { pattern, paths } => match GlobMatcher::new(&[pattern], Case::Sensitive) {
            Ok(matcher) => paths.iter().map(|path| matcher.matches(path)).collect(),
            Err(error) => json!({ "error": error.to_string() }),
        },
        Request::Path { pattern, paths } => match PathPattern::new(&pattern) {
            Ok(matcher) => {
                let chars = |path: &String| matcher.matched_prefix(path).map(|end| path[..end].chars().count());
                paths.iter().map(chars).collect()
            }
            Err(error) => json!({ "error": error.to_string() }),
        },
        Request::Check { pattern } => match pyregex::check(&pattern) {
            Ok(()) => Value::Null,
            Err(error) => json!({ "error": error.to_string() }),
        },
        Request::Default { which, texts } => match CoverageConfig::default().patterns() {
            Ok(patterns) => {
                let matcher = match which.as_str() {
                    "exclude" => &patterns.exclude,
                    "partial" => &patterns.partial,
                    _ => &patterns.partial_always,
                };
                texts.iter().map(|text| json!(matcher.ranges(text))).collect()
            }
            Err(error) => json!({ "error": error.to_string() }),
        },
        Request::Regex { regexes, texts } => match Matcher::new(&regexes) {
            Ok(matcher) => texts.iter().map(|text| json!(matcher.ranges(text))).collect(),
            Err(error) => json!({ "error": error.to_string() }),
        },
    }
}

/// The list with the default regexes, which are written differently there, as one mark.
fn marked(list: &[String], default: &[&str]) -> Value {
    match list.get(..default.len()) {
        Some(start) if start == default => {
            let rest = list[default.len()..].iter().map(String::as_str);
            std::iter::once("<default>").chain(rest).collect()
        }
        _ => json!(list),
    }
}

fn values(config: &CoverageConfig) -> Value {
    let CoverageConfig { run, report, html, xml, json, lcov, .. } = config;
    json!({
        "config_file": config.file,
        "warnings": config.warnings,
        "branch": run.branch,
        "data_file": run.data_file,
        "parallel": run.parallel,
        "relative_files": run.relative_files,
        "source": run.source,
        "source_pkgs": run.source_pkgs,
        "source_dirs": run.source_dirs,
        "plugins": run.plugins,
        "exclude_list": marked(&report.exclude, &DEFAULT_EXCLUDE),
        "partial_list": marked(&report.partial, &DEFAULT_PARTIAL),
        "partial_always_list": marked(&report.partial_always, &DEFAULT_PARTIAL_ALWAYS),
        "fail_under": format!("{:?}", report.fail_under).to_lowercase(),
        "format": report.format,
        "ignore_errors": report.ignore_errors,
        "report_include": report.include,
        "report_omit": report.omit,
        "report_contexts": report.contexts,
        "precision": report.precision,
        "show_missing": report.show_missing,
        "skip_covered": report.skip_covered,
        "skip_empty": report.skip_empty,
        "sort": report.sort,
        "html_dir": html.directory,
        "html_title": html.title,
        "extra_css": html.extra_css,
        "show_contexts": html.show_contexts,
        "html_skip_covered": html.skip_covered,
        "html_skip_empty": html.skip_empty,
        "xml_output": xml.output,
        "xml_package_depth": xml.package_depth,
        "json_output": json.output,
        "json_pretty_print": json.pretty_print,
        "json_show_contexts": json.show_contexts,
        "lcov_output": lcov.output,
        "lcov_line_checksums": lcov.line_checksums,
        "paths": config.paths,
    })
}

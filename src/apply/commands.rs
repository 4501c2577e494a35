//! What a reader types to get the figures of a job on their own machine. Pure.
//!
//! Commands are complete or there are none: half a command is another command, and a name with signs that cannot be shown cannot be
//! copied.

use std::path::Path;

use super::options::Options;
use super::publish::escape;
use super::publish::story::DataRow;
use crate::forge::{Context, Forge};

/// The folder that the artifacts go to.
const FOLDER: &str = "coverage-data";

/// Wider lines are continued on the next.
const WIDTH: usize = 100;

/// More than anybody reads, in bytes.
const LONGEST: usize = 12_000;

/// Where a job runs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place<'a> {
    /// The job.
    pub(super) context: &'a Context,
    /// The sha that is checked out, if it is known.
    pub(super) checkout: Option<&'a str>,
    /// The working folder.
    pub(super) folder: &'a Path,
}

/// The commands, a line each; none where they would not be complete.
pub(super) fn commands(options: &Options, place: &Place<'_>, data: &[DataRow]) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(sha) = place.checkout {
        lines.push(format!("git fetch origin {sha} && git checkout --detach {sha}"));
    }
    if let Ok(inner) = place.folder.strip_prefix(&place.context.workspace)
        && let Some(inner) = inner.to_str().filter(|inner| !inner.is_empty())
    {
        lines.push(format!("cd {}", quoted(inner)));
    }
    let mut artifacts: Vec<&str> =
        data.iter().map(|row| row.artifact.as_str()).filter(|name| !name.is_empty()).collect();
    artifacts.dedup();
    if !artifacts.is_empty() {
        lines.extend(download(options, place.context, &artifacts));
    }
    lines.extend(folded(&apply(options, place.folder, data)));
    let complete = !data.is_empty() && lines.iter().all(|line| escape::is_harmless(line));
    let short = lines.iter().map(String::len).sum::<usize>() < LONGEST;
    if complete && short { lines } else { Vec::new() }
}

/// Brings each artifact to a folder of its name.
fn download(options: &Options, context: &Context, artifacts: &[&str]) -> Vec<String> {
    let repository = format!("{}/{}", context.owner, context.repo);
    let repository = options.collect.run_repository.clone().unwrap_or(repository);
    let run = options.collect.run_id.unwrap_or(context.run_id);
    match context.forge {
        Forge::GitHub | Forge::Ghes => {
            let host = context.server_url.split_once("://").map_or("", |(_, host)| host);
            let host = if host == "github.com" { String::new() } else { format!("{host}/") };
            // gh makes a folder for each artifact, but not for a single one.
            let folder = match artifacts {
                [only] => format!("{FOLDER}/{only}"),
                _ => FOLDER.to_owned(),
            };
            let mut words = ["gh", "run", "download", &run.to_string()].map(str::to_owned).to_vec();
            words.push(format!("--repo={}", quoted(&format!("{host}{repository}"))));
            words.push(format!("--dir={}", quoted(&folder)));
            words.extend(artifacts.iter().map(|name| format!("--name={}", quoted(name))));
            folded(&words)
        }
        Forge::Forgejo | Forge::Gitea | Forge::Act => {
            let from =
                if options.collect.run_id.is_some() { format!("run {run} of {repository}") } else { context.run_url() };
            let mut lines = vec![format!("# from {from}, each into a folder of its name below {FOLDER}:")];
            lines.extend(artifacts.iter().map(|name| format!("#   {}", quoted(name))));
            lines
        }
    }
}

/// The words of our own command: the data, and every option that decides about figures or gates.
fn apply(options: &Options, folder: &Path, data: &[DataRow]) -> Vec<String> {
    let mut words = vec!["ci-lint".to_owned(), "apply".to_owned()];
    for row in data {
        let own = Path::new(&row.file);
        let path = if row.artifact.is_empty() {
            own.strip_prefix(folder).unwrap_or(own).to_string_lossy().into_owned()
        } else {
            format!("{FOLDER}/{}/{}", row.artifact, row.file)
        };
        // Nothing that begins with a dash is taken for an option.
        words.push(quoted(&if path.starts_with('-') { format!("./{path}") } else { path }));
    }
    let mut option = |name: &str, value: &str| words.push(format!("--{name}={}", quoted(value)));
    if options.source != Path::new(".") && !options.source.as_os_str().is_empty() {
        option("source", &options.source.to_string_lossy());
    }
    if let Some(config) = &options.config {
        option("config", config);
    }
    if let Some(version) = &options.python_version {
        option("python-version", version);
    }
    if let Some(percent) = options.fail_under {
        option("fail-under", &percent.to_string());
    }
    for path in &options.limits.paths {
        option("path-gates", &format!("{}={}", path.glob, path.percent));
    }
    let informational = options.limits.informational;
    for (name, given) in [("fail-under", informational.fail_under), ("path-gates", informational.paths)] {
        if given {
            option("informational", name);
        }
    }
    words
}

/// A word as a shell of POSIX takes it for itself.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+,=".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// A command in lines that can be read.
fn folded(words: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words {
        match lines.last_mut() {
            Some(line) if line.len() + word.len() < WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            Some(line) => {
                line.push_str(" \\");
                lines.push(format!("    {word}"));
            }
            None => lines.push(word.clone()),
        }
    }
    lines
}

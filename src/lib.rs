//! `ci-lint`: does Python test coverage really travel from the job that measures it to the job that judges it?
//!
//! Data flows one way: **read → model → analyse → render**.
//!
//! | room | what it does |
//! |---|---|
//! | [`cli`] | the command line's types, no logic |
//! | [`lint`] | the story of `ci-lint lint`; reads files |
//! | [`source`] | a file's text and places in it |
//! | [`workflow`] | the spanned YAML tree, the typed model, expressions, dialects, action versions |
//! | [`shell`] | what a `run:` script executes |
//! | [`task`] | what a task runner's command stands for: sessions of nox, targets of make, scripts |
//! | [`flow`] | the artifact-flow graph over jobs |
//! | [`rules`] | one file a rule |
//! | [`config`] | `.ci-lint.yml`: settings and the contract |
//! | [`fix`] | a finding's remedy as edits of the file, and the proof that nothing else changes |
//! | [`findings`] | what was found, suppression, and the output formats |
//! | [`apply`] | the story of `ci-lint apply`; reads and writes files |
//! | [`forge`] | the forge a run belongs to: its context, and the only network of the crate |
//! | [`coverage`] | coverage data: reading, combining, mapping, writing; coverage.py's configuration |
//! | [`python`] | what a source holds for coverage: statements, exclusions, arcs, regions |
//! | [`report`] | the numbers, once, and a writer for each format |
//!
//! Everything but `cli`, `lint`, `apply`, `forge` and the readers and writers of `coverage` is pure: no files, no environment, no
//! clock, no printing. Nothing but `forge` speaks to a network.

pub mod apply;
pub mod cli;
pub mod config;
pub mod coverage;
mod files;
pub mod findings;
pub mod fix;
pub mod flow;
pub mod forge;
pub mod lint;
pub mod python;
pub mod report;
pub mod rules;
pub mod shell;
pub mod source;
pub mod task;
pub mod workflow;

/// The candidate nearest to a misspelt `word`, if one is near enough to be meant.
pub fn did_you_mean<'c>(word: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    let word = word.to_lowercase();
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .filter(|&(distance, candidate)| distance <= 1 + candidate.len() / 5)
        .min()
        .map(|(_, candidate)| candidate)
}

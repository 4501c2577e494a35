//! `ci-lint`: does Python test coverage really travel from the job that measures it to the job that judges it?

pub mod config;
pub mod findings;
pub mod flow;
pub mod rules;
pub mod shell;
pub mod source;
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

//! Merging measurements: set union per file and context.
//!
//! Up to the numbering of contexts, which [`CoverageData::canonicalize`] fixes, merging is associative, commutative and
//! idempotent: parts may be merged in any order, and as a tree.

use std::collections::btree_map::Entry;

use super::{Arc, CoverageData, FileData, Measured};

/// Two sets of data that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MergeError {
    /// One measured branches, the other only lines.
    #[error("data with branches and data without cannot be combined")]
    Kind {
        /// Whether the data merged into has branches; the other has the reverse.
        ours: bool,
    },
    /// One file was traced in two ways.
    #[error(
        "`{path}` was traced by {} and by {}",
        tracer_name(ours.as_deref()), tracer_name(theirs.as_deref())
    )]
    Tracer {
        /// The file.
        path: String,
        /// Its tracer in the data merged into; `None` for Python.
        ours: Option<String>,
        /// Its tracer in the other.
        theirs: Option<String>,
    },
}

fn tracer_name(tracer: Option<&str>) -> String {
    tracer.map_or_else(|| "Python".to_owned(), |name| format!("the plugin `{name}`"))
}

/// One file was traced in two ways.
pub(super) fn tracers_differ(path: &str, ours: Option<&str>, theirs: Option<&str>) -> MergeError {
    MergeError::Tracer { path: path.to_owned(), ours: ours.map(str::to_owned), theirs: theirs.map(str::to_owned) }
}

impl Measured {
    /// Adds everything of `other`.
    pub fn merge(&mut self, other: Self) {
        if self.lines.is_empty() {
            self.lines = other.lines;
        } else {
            self.lines.union_with(&other.lines);
        }
        if self.arcs.is_empty() {
            self.arcs = other.arcs;
        } else {
            union(&mut self.arcs, &other.arcs);
        }
    }
}

/// Adds the ascending arcs of `other` to the ascending arcs of `own`. Most often little is new.
pub(super) fn union(own: &mut Vec<Arc>, other: &[Arc]) {
    let mut new = Vec::new();
    let mut at = 0;
    for &arc in other {
        while at < own.len() && own[at] < arc {
            at += 1;
        }
        if own.get(at) != Some(&arc) {
            new.push(arc);
        }
    }
    if new.is_empty() {
        return;
    }
    // From the back, so that every element moves once and in place.
    let (mut left, mut right) = (own.len(), new.len());
    own.resize(left + right, (0, 0));
    while right > 0 {
        if left > 0 && own[left - 1] > new[right - 1] {
            own[left + right - 1] = own[left - 1];
            left -= 1;
        } else {
            own[left + right - 1] = new[right - 1];
            right -= 1;
        }
    }
}

impl FileData {
    /// Adds the measurements of `other`, of the same file; says no when it has another tracer.
    fn merge(&mut self, other: Self) -> Result<(), (Option<String>, Option<String>)> {
        if self.tracer != other.tracer {
            return Err((self.tracer.clone(), other.tracer));
        }
        for (context, measured) in other.contexts {
            match self.contexts.binary_search_by_key(&context, |entry| entry.0) {
                Ok(at) => self.contexts[at].1.merge(measured),
                Err(at) => self.contexts.insert(at, (context, measured)),
            }
        }
        Ok(())
    }
}

impl CoverageData {
    /// Adds everything of `other`.
    ///
    /// # Errors
    /// Branches do not go with lines, and a file has one tracer. What was merged before the conflict stays.
    pub fn merge(&mut self, other: Self) -> Result<(), MergeError> {
        self.check_kind(other.has_arcs)?;
        self.has_arcs = self.has_arcs.or(other.has_arcs);
        let ids = self.add_contexts(&other.contexts);
        for (path, mut file) in other.files {
            for (context, _) in &mut file.contexts {
                *context = ids[*context as usize];
            }
            file.contexts.sort_by_key(|entry| entry.0);
            self.add_file(path, file)?;
        }
        Ok(())
    }

    /// Whether data of this kind can be merged in.
    pub(super) fn check_kind(&self, theirs: Option<bool>) -> Result<(), MergeError> {
        match (self.has_arcs, theirs) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(MergeError::Kind { ours }),
            _ => Ok(()),
        }
    }

    /// The indices of these contexts here, added where new.
    fn add_contexts(&mut self, names: &[String]) -> Vec<u32> {
        let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
        if self.contexts == names {
            return (0..names.len()).map(index).collect();
        }
        let mut known: std::collections::HashMap<String, u32> =
            self.contexts.iter().enumerate().map(|(at, name)| (name.clone(), index(at))).collect();
        names
            .iter()
            .map(|name| {
                *known.entry(name.clone()).or_insert_with(|| {
                    self.contexts.push(name.clone());
                    index(self.contexts.len() - 1)
                })
            })
            .collect()
    }

    /// Adds a file whose contexts are already numbered as here.
    pub(super) fn add_file(&mut self, path: String, file: FileData) -> Result<(), MergeError> {
        match self.files.entry(path) {
            Entry::Vacant(entry) => {
                entry.insert(file);
            }
            Entry::Occupied(mut entry) => {
                if let Err((ours, theirs)) = entry.get_mut().merge(file) {
                    return Err(MergeError::Tracer { path: entry.key().clone(), ours, theirs });
                }
            }
        }
        Ok(())
    }

    /// Numbers the contexts by their names in code-point order, each once, so that equal data are equal values.
    pub fn canonicalize(&mut self) {
        if self.contexts.is_sorted_by(|a, b| a < b) {
            return;
        }
        let mut sorted = self.contexts.clone();
        sorted.sort_unstable();
        sorted.dedup();
        let ids: Vec<u32> = self
            .contexts
            .iter()
            .map(|name| sorted.binary_search(name).ok().and_then(|at| u32::try_from(at).ok()).unwrap_or(u32::MAX))
            .collect();
        self.contexts = sorted;
        for file in self.files.values_mut() {
            let mut contexts = std::mem::take(&mut file.contexts);
            contexts.sort_by_key(|entry| ids[entry.0 as usize]);
            for (context, measured) in contexts {
                let context = ids[context as usize];
                match file.contexts.last_mut() {
                    Some(last) if last.0 == context => last.1.merge(measured),
                    _ => file.contexts.push((context, measured)),
                }
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn data(has_arcs: bool) -> impl Strategy<Value = CoverageData> {
        let measured = prop::collection::btree_set((-9i32..30, -9i32..30), 0..9).prop_map(move |arcs| {
            if has_arcs {
                Measured { arcs: arcs.into_iter().collect(), ..Measured::default() }
            } else {
                Measured { lines: arcs.into_iter().map(|arc| arc.0.unsigned_abs()).collect(), ..Measured::default() }
            }
        });
        let contexts = Just(["", "a", "b", "c"].map(str::to_owned).to_vec()).prop_shuffle();
        let file = prop::collection::btree_map(0u32..4, measured, 0..4)
            .prop_map(|contexts| FileData { tracer: None, contexts: contexts.into_iter().collect() });
        (contexts, prop::collection::btree_map("[a-d]", file, 0..4)).prop_map(move |(contexts, files)| CoverageData {
            has_arcs: Some(has_arcs),
            contexts,
            files,
        })
    }

    fn merged(parts: &[&CoverageData]) -> CoverageData {
        let mut all = CoverageData::default();
        for part in parts {
            all.merge((*part).clone()).unwrap();
        }
        all.canonicalize();
        all
    }

    fn three() -> impl Strategy<Value = (CoverageData, CoverageData, CoverageData)> {
        any::<bool>().prop_flat_map(|arcs| (data(arcs), data(arcs), data(arcs)))
    }

    proptest! {
        #[test]
        fn order_grouping_and_repetition_do_not_matter((a, b, c) in three()) {
            let all = merged(&[&a, &b, &c]);
            prop_assert_eq!(&merged(&[&c, &a, &b]), &all);
            prop_assert_eq!(&merged(&[&a, &merged(&[&b, &c])]), &all);
            prop_assert_eq!(&merged(&[&merged(&[&a, &b]), &c]), &all);
            prop_assert_eq!(&merged(&[&all, &a, &b, &all]), &all);
            for (path, file) in &all.files {
                for (context, measured) in &file.contexts {
                    prop_assert!(measured.arcs.is_sorted_by(|a, b| a < b));
                    let name = &all.contexts[*context as usize];
                    let present = [&a, &b, &c].into_iter().any(|part| part.files.get(path).is_some_and(|file| {
                        file.contexts.iter().any(|(context, _)| &part.contexts[*context as usize] == name)
                    }));
                    prop_assert!(present);
                }
            }
        }

        #[test]
        fn union_of_arcs_is_a_set_union(
            a in prop::collection::btree_set((0i32..20, 0i32..20), 0..60),
            b in prop::collection::btree_set((0i32..20, 0i32..20), 0..60),
        ) {
            let mut own: Vec<Arc> = a.iter().copied().collect();
            union(&mut own, &b.iter().copied().collect::<Vec<_>>());
            prop_assert_eq!(own, (&a | &b).into_iter().collect::<Vec<_>>());
        }
    }

    #[test]
    fn refuses_branches_with_lines_and_two_tracers() {
        let kind = |has_arcs| CoverageData { has_arcs, ..CoverageData::default() };
        assert_eq!(kind(Some(true)).merge(kind(Some(false))), Err(MergeError::Kind { ours: true }));
        assert_eq!(kind(Some(false)).merge(kind(Some(true))), Err(MergeError::Kind { ours: false }));
        assert_eq!(kind(None).merge(kind(Some(true))), Ok(()));
        let traced = |tracer: Option<&str>| CoverageData {
            files: [("x".to_owned(), FileData { tracer: tracer.map(str::to_owned), contexts: Vec::new() })].into(),
            ..CoverageData::default()
        };
        let error = traced(None).merge(traced(Some("django"))).unwrap_err();
        assert_eq!(error.to_string(), "`x` was traced by Python and by the plugin `django`");
        assert_eq!(traced(Some("a")).merge(traced(Some("a"))), Ok(()));
    }
}

//! The union of many data files: what [`CoverageData::merge`] says, but without a sorted list of arcs for each of them.

use std::collections::HashMap;

use rustc_hash::FxHashMap;

use super::merge::tracers_differ;
use super::{Arc, CoverageData, FileData, LineSet, Measured, MergeError, Recorded};

/// Data being merged. Files and contexts are numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Union {
    has_arcs: Option<bool>,
    contexts: Vec<String>,
    context_of: HashMap<String, u32>,
    files: Vec<File>,
    file_of: FxHashMap<String, usize>,
    /// The files by paths as recorded.
    known: FxHashMap<String, usize>,
}

#[derive(Debug, Default)]
struct File {
    path: String,
    tracer: Option<String>,
    /// By context, ascending.
    parts: Vec<(u32, Part)>,
}

#[derive(Debug, Default)]
struct Part {
    lines: LineSet,
    arcs: ArcSet,
}

impl Union {
    /// Whether data of this kind can be added.
    pub(super) fn check_kind(&self, theirs: Option<bool>) -> Result<(), MergeError> {
        match (self.has_arcs, theirs) {
            (Some(ours), Some(theirs)) if ours != theirs => Err(MergeError::Kind { ours }),
            _ => Ok(()),
        }
    }

    /// Adds a data file, with every path put through `map`. A path is mapped when it is first seen.
    ///
    /// # Errors
    /// Branches do not go with lines, and a file has one tracer. What was added before the conflict stays.
    pub(super) fn add(&mut self, recorded: &Recorded, mut map: impl FnMut(&str) -> String) -> Result<(), MergeError> {
        self.check_kind(recorded.has_arcs)?;
        self.has_arcs = self.has_arcs.or(recorded.has_arcs);
        let contexts: Vec<u32> = recorded.contexts.iter().map(|name| self.context(name)).collect();
        let mut files = Vec::with_capacity(recorded.files.len());
        for file in &recorded.files {
            files.push(self.file(&file.path, file.tracer.as_ref(), &mut map)?);
        }
        for piece in &recorded.pieces {
            let parts = &mut self.files[files[piece.file as usize]].parts;
            let context = contexts[piece.context as usize];
            let at = match parts.last() {
                Some(last) if last.0 == context => parts.len() - 1,
                _ => parts.binary_search_by_key(&context, |part| part.0).unwrap_or_else(|at| {
                    parts.insert(at, (context, Part::default()));
                    at
                }),
            };
            let part = &mut parts[at].1;
            part.lines.union_with_numbits(recorded.numbits_of(piece));
            part.arcs.extend(recorded.arcs_of(piece));
        }
        Ok(())
    }

    fn context(&mut self, name: &str) -> u32 {
        if let Some(&context) = self.context_of.get(name) {
            return context;
        }
        let context = u32::try_from(self.contexts.len()).unwrap_or(u32::MAX);
        self.contexts.push(name.to_owned());
        self.context_of.insert(name.to_owned(), context);
        context
    }

    fn file(
        &mut self,
        recorded: &str,
        tracer: Option<&String>,
        map: &mut impl FnMut(&str) -> String,
    ) -> Result<usize, MergeError> {
        let at = if let Some(&at) = self.known.get(recorded) {
            at
        } else {
            let path = map(recorded);
            let at = *self.file_of.entry(path.clone()).or_insert_with(|| {
                self.files.push(File { path, tracer: tracer.cloned(), parts: Vec::new() });
                self.files.len() - 1
            });
            self.known.insert(recorded.to_owned(), at);
            at
        };
        let file = &self.files[at];
        if file.tracer.as_ref() == tracer {
            Ok(at)
        } else {
            Err(tracers_differ(&file.path, file.tracer.as_deref(), tracer.map(String::as_str)))
        }
    }

    /// The merged data. Contexts stay in the order in which they came: it is coverage.py's, and its JSON report shows it.
    pub(super) fn finish(self) -> CoverageData {
        let finish = |file: File| {
            let contexts = file
                .parts
                .into_iter()
                .map(|(context, part)| (context, Measured { lines: part.lines, arcs: part.arcs.into_sorted() }));
            (file.path, FileData { tracer: file.tracer, contexts: contexts.collect() })
        };
        CoverageData {
            has_arcs: self.has_arcs,
            contexts: self.contexts,
            files: self.files.into_iter().map(finish).collect(),
        }
    }
}

/// A set of arcs. Most stand in many data files, or in one only.
#[derive(Debug)]
enum ArcSet {
    /// Those of one data file, in any order.
    List(Vec<Arc>),
    /// A hash table of a power of two places, at most half full; [`FREE`] is none of its arcs.
    Table { places: Vec<u64>, used: usize },
}

/// No arc: it would lead from and to a line that there is not.
const FREE: u64 = 0;

/// An arc as a number, in the order of arcs.
fn pack((from, to): Arc) -> u64 {
    let ordered = |end: i32| u64::from(end.cast_unsigned() ^ 0x8000_0000);
    ordered(from) << 32 | ordered(to)
}

fn unpack(number: u64) -> Arc {
    #[expect(clippy::cast_possible_truncation, reason = "each half in turn")]
    let ordered = |half: u64| (half as u32 ^ 0x8000_0000).cast_signed();
    (ordered(number >> 32), ordered(number))
}

impl Default for ArcSet {
    fn default() -> Self {
        Self::List(Vec::new())
    }
}

impl ArcSet {
    fn extend(&mut self, arcs: &[Arc]) {
        match self {
            Self::List(own) if own.is_empty() => own.extend_from_slice(arcs),
            Self::List(own) => {
                let own = std::mem::take(own);
                *self = Self::Table { places: vec![FREE; (4 * own.len()).next_power_of_two()], used: 0 };
                self.extend(&own);
                self.extend(arcs);
            }
            Self::Table { places, used } => {
                for &arc in arcs {
                    if 2 * *used >= places.len() {
                        let larger = vec![FREE; 2 * places.len().max(2)];
                        for number in std::mem::replace(places, larger).into_iter().filter(|&number| number != FREE) {
                            put(places, number);
                        }
                    }
                    *used += usize::from(put(places, pack(arc)));
                }
            }
        }
    }

    fn into_sorted(self) -> Vec<Arc> {
        match self {
            Self::List(mut arcs) => {
                arcs.sort_unstable();
                arcs.dedup();
                arcs
            }
            Self::Table { mut places, .. } => {
                places.retain(|&number| number != FREE);
                places.sort_unstable();
                places.into_iter().map(unpack).collect()
            }
        }
    }
}

/// Puts a number into a table with a free place; false when it was there.
#[inline]
fn put(places: &mut [u64], number: u64) -> bool {
    let last = places.len() - 1;
    // Multiplying mixes into the upper bits.
    let mut at = (number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & last;
    loop {
        if places[at] == number {
            return false;
        }
        if places[at] == FREE {
            places[at] = number;
            return true;
        }
        at = (at + 1) & last;
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::coverage::recorded::Builder;

    /// A data file: for each file and context, from and to.
    type Rows = Vec<(u8, u8, i8, i8)>;

    fn recorded(rows: &Rows, arcs: bool) -> Recorded {
        let mut builder = Builder::default();
        ["", "b", "a"].into_iter().zip(1..).for_each(|(name, id)| builder.context(id, name.to_owned()));
        ["x", "y", "z"].into_iter().zip(1..).for_each(|(path, id)| builder.file(id, path.to_owned()));
        for &(file, context, from, to) in rows {
            let (file, context) = (file.into(), context.into());
            let fine = if arcs {
                builder.arc(file, context, from.into(), to.into())
            } else {
                builder.lines(file, context, &[from.cast_unsigned(), to.cast_unsigned()])
            };
            assert!(fine);
        }
        builder.finish().unwrap()
    }

    proptest! {
        #[test]
        fn is_what_merging_one_by_one_gives(
            files in prop::collection::vec(prop::collection::vec((0u8..4, 1u8..4, any::<i8>(), -3i8..3), 0..90), 1..7),
            arcs in any::<bool>(),
        ) {
            // Two paths become one, and rows of a file that is not listed are left out.
            let map = |path: &str| path.replace('z', "y");
            let (mut union, mut merged) = (Union::default(), CoverageData::default());
            for rows in &files {
                let recorded = recorded(rows, arcs);
                union.add(&recorded, map).unwrap();
                let mut expected = CoverageData {
                    has_arcs: recorded.has_arcs,
                    contexts: recorded.contexts.clone(),
                    files: ["x", "y"].map(|path| (path.to_owned(), FileData::default())).into(),
                };
                for &(file, context, from, to) in rows.iter().filter(|row| row.0 > 0) {
                    let mut measured = Measured::default();
                    if arcs {
                        measured.arcs.push((from.into(), to.into()));
                    } else {
                        measured.lines = LineSet::from_numbits(&[from.cast_unsigned(), to.cast_unsigned()]);
                    }
                    let path = ["x", "y", "y"][usize::from(file) - 1].to_owned();
                    let file = FileData { tracer: None, contexts: vec![(u32::from(context) - 1, measured)] };
                    expected.add_file(path, file).unwrap();
                }
                merged.merge(expected).unwrap();
            }
            merged.canonicalize();
            let mut union = union.finish();
            union.canonicalize();
            prop_assert_eq!(union, merged);
        }
    }

    #[test]
    fn a_file_has_one_tracer_and_data_one_kind() {
        let traced = |tracer: &str| {
            let mut builder = Builder::default();
            builder.file(5, "x".to_owned());
            builder.tracer(5, tracer.to_owned());
            builder.finish().unwrap()
        };
        let mut union = Union::default();
        union.add(&traced("django"), str::to_owned).unwrap();
        union.add(&traced("django"), str::to_owned).unwrap();
        let error = union.add(&traced(""), str::to_owned).unwrap_err();
        assert_eq!(error.to_string(), "`x` was traced by the plugin `django` and by Python");
        let mut union = Union::default();
        union.add(&recorded(&vec![(1, 1, 1, 2)], true), str::to_owned).unwrap();
        let error = union.add(&recorded(&vec![(1, 1, 1, 2)], false), str::to_owned).unwrap_err();
        assert_eq!(error, MergeError::Kind { ours: true });
    }

    #[test]
    fn arcs_are_numbers_in_their_order() {
        let arcs = [(-5, i32::MAX), (-1, -7), (-1, 0), (0, 0), (0, 1), (7, -7), (i32::MAX, 1 - i32::MAX)];
        assert!(arcs.map(pack).is_sorted());
        assert_eq!(arcs.map(pack).map(unpack), arcs);
        assert_eq!(pack((i32::MIN, i32::MIN)), FREE);
    }
}

//! Which data file executed a line, as far as it takes to count the lines that only one of them did. Collected while data files are
//! merged, because afterwards nobody knows.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::Recorded;

/// Who executed a line: [`NOBODY`], [`SEVERAL`], or the number of a data file plus one.
type Owner = u32;

const NOBODY: Owner = 0;
const SEVERAL: Owner = Owner::MAX;

/// The owners of lines.
#[derive(Debug, Clone, Default)]
pub struct Owners {
    /// By file and line.
    files: HashMap<String, Vec<Owner>>,
    /// Recorded paths to those of the result.
    known: FxHashMap<String, String>,
    /// By data file: whether another one holds the same.
    repeated: Vec<bool>,
}

impl Owners {
    /// Adds data file number `input`, with every path put through `map`. A path is mapped when it is first seen.
    pub(super) fn add(&mut self, input: usize, recorded: &Recorded, mut map: impl FnMut(&str) -> String) {
        for file in &recorded.files {
            if !self.known.contains_key(&file.path) {
                self.known.insert(file.path.clone(), map(&file.path));
            }
        }
        for piece in &recorded.pieces {
            let Some(path) = self.known.get(&recorded.files[piece.file as usize].path) else { continue };
            if !self.files.contains_key(path) {
                self.files.insert(path.clone(), Vec::new());
            }
            let Some(lines) = self.files.get_mut(path) else { continue };
            for (byte, at) in recorded.numbits_of(piece).iter().zip(0..) {
                let bits = (0..8).filter(|bit| byte & (1 << bit) != 0);
                bits.for_each(|bit| own(lines, at * 8 + bit, owner(input)));
            }
            for &(from, to) in recorded.arcs_of(piece) {
                // Negative ends are no lines.
                let ends = [from, to].into_iter().filter_map(|end| u32::try_from(end).ok()).filter(|&line| line > 0);
                ends.for_each(|line| own(lines, line as usize, owner(input)));
            }
        }
    }

    /// Adds lines of one file that data file number `input` executed.
    pub fn add_lines(&mut self, input: usize, path: &str, executed: impl IntoIterator<Item = u32>) {
        let lines = self.files.entry(path.to_owned()).or_default();
        executed.into_iter().for_each(|line| own(lines, line as usize, owner(input)));
    }

    /// Another data file holds the same as number `input`: nothing is executed by it alone.
    pub(super) fn repeat(&mut self, input: usize) {
        self.repeated.resize(self.repeated.len().max(input + 1), false);
        self.repeated[input] = true;
    }

    /// Gives files the names that `new` knows; the others keep theirs.
    pub(super) fn rename(&mut self, new: &dyn Fn(&str) -> Option<String>) {
        for (path, lines) in std::mem::take(&mut self.files) {
            match self.files.entry(new(&path).unwrap_or(path)) {
                Entry::Vacant(free) => drop(free.insert(lines)),
                Entry::Occupied(mut other) => {
                    let owned = lines.into_iter().enumerate().filter(|(_, owner)| *owner != NOBODY);
                    owned.for_each(|(line, owner)| own(other.get_mut(), line, owner));
                }
            }
        }
    }

    /// The files of which something was executed.
    pub fn files(&self) -> impl Iterator<Item = &str> {
        self.files.keys().map(String::as_str)
    }

    /// Counts, by data file, the statements of a file that it alone executed. `statement` tells to which a line belongs.
    ///
    /// `counts` has a place for each data file.
    pub fn count(&self, path: &str, statement: impl Fn(u32) -> Option<u32>, counts: &mut [usize]) {
        let Some(lines) = self.files.get(path) else { return };
        let mut statements = Vec::new();
        for (&owner, line) in lines.iter().zip(0..).filter(|(owner, _)| **owner != NOBODY) {
            if let Some(line) = statement(line) {
                own(&mut statements, line as usize, owner);
            }
        }
        for owner in statements.into_iter().filter(|owner| !matches!(*owner, NOBODY | SEVERAL)) {
            let input = owner as usize - 1;
            if !self.repeated.get(input).is_some_and(|repeated| *repeated) {
                counts[input] += 1;
            }
        }
    }
}

fn owner(input: usize) -> Owner {
    u32::try_from(input).ok().and_then(|input| input.checked_add(1)).unwrap_or(SEVERAL)
}

fn own(lines: &mut Vec<Owner>, line: usize, owner: Owner) {
    if line >= lines.len() {
        lines.resize(line + 1, NOBODY);
    }
    let before = &mut lines[line];
    *before = if *before == NOBODY || *before == owner { owner } else { SEVERAL };
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::coverage::recorded::Builder;

    proptest! {
        #[test]
        fn is_what_sets_of_lines_say(
            inputs in prop::collection::vec(prop::collection::vec((1u8..4, -3i8..30, -3i8..30), 0..40), 1..6),
            arcs in any::<bool>(),
            repeated in prop::option::of(0usize..6),
        ) {
            // Two paths become one at once, another later on; two lines are one statement, and one is none.
            let map = |path: &str| path.replace('y', "x");
            let later = |path: &str| (path == "z").then(|| "x".to_owned());
            let statement = |line: u32| (line != 9).then_some(line / 2 * 2);
            let mut owners = Owners::default();
            let mut executed: Vec<BTreeSet<u32>> = Vec::new();
            for (input, rows) in inputs.iter().enumerate() {
                let mut builder = Builder::default();
                builder.context(1, String::new());
                ["x", "y", "z"].into_iter().zip(1..).for_each(|(path, id)| builder.file(id, path.to_owned()));
                let mut lines = BTreeSet::new();
                for &(file, from, to) in rows {
                    if arcs {
                        prop_assert!(builder.arc(file.into(), 1, from.into(), to.into()));
                        lines.extend([from, to].into_iter().filter(|&line| line > 0).map(|line| u32::try_from(line).unwrap()));
                    } else {
                        prop_assert!(builder.lines(file.into(), 1, &[from.cast_unsigned()]));
                        lines.extend((0u32..8).filter(|bit| from.cast_unsigned() & (1 << bit) != 0));
                    }
                }
                owners.add(input, &builder.finish().unwrap(), map);
                executed.push(lines.into_iter().filter_map(statement).collect());
            }
            owners.rename(&later);
            let repeated = repeated.filter(|&input| input < inputs.len());
            if let Some(input) = repeated {
                owners.repeat(input);
            }
            let mut counts = vec![0; inputs.len()];
            owners.count("x", statement, &mut counts);
            for (input, own) in executed.iter().enumerate() {
                let others = executed.iter().enumerate().filter(|(other, _)| *other != input).map(|(_, lines)| lines);
                let others: BTreeSet<u32> = others.flatten().copied().collect();
                let alone = if repeated == Some(input) { 0 } else { own.difference(&others).count() };
                prop_assert_eq!(counts[input], alone, "{}", input);
            }
        }
    }
}

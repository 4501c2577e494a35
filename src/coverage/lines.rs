//! Sets of line numbers.

/// A set of physical or logical line numbers (1-based; 0 is never a line), as a bitmap: a file of 1,000 lines takes 128 bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LineSet {
    words: Vec<u64>,
}

impl LineSet {
    /// The empty set.
    pub fn new() -> Self {
        Self::default()
    }

    /// The set of a coverage.py "numbits" blob: bit `n % 8` of byte `n / 8` says whether line `n` is in it.
    pub fn from_numbits(blob: &[u8]) -> Self {
        let words = blob
            .chunks(8)
            .map(|chunk| {
                let mut bytes = [0; 8];
                bytes[..chunk.len()].copy_from_slice(chunk);
                u64::from_le_bytes(bytes)
            })
            .collect();
        let mut set = Self { words };
        set.trim();
        set
    }

    /// The set as a numbits blob, of the length coverage.py gives it: the byte of the largest line is the last.
    pub fn to_numbits(&self) -> Vec<u8> {
        let mut bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        let length = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(length);
        bytes
    }

    /// Adds a line.
    pub fn insert(&mut self, line: u32) {
        let (word, bit) = (line as usize / 64, line % 64);
        if word >= self.words.len() {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= 1 << bit;
    }

    /// Takes a line away.
    pub fn remove(&mut self, line: u32) {
        if let Some(word) = self.words.get_mut(line as usize / 64) {
            *word &= !(1 << (line % 64));
            self.trim();
        }
    }

    /// Whether a line is in the set.
    pub fn contains(&self, line: u32) -> bool {
        self.words.get(line as usize / 64).is_some_and(|word| word >> (line % 64) & 1 == 1)
    }

    /// Whether there is no line in the set.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// How many lines are in the set.
    pub fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The lines in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.words.iter().enumerate().flat_map(|(index, &word)| {
            let base = u32::try_from(index * 64).unwrap_or(u32::MAX);
            std::iter::successors((word != 0).then_some(word), |rest| {
                let rest = rest & (rest - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |rest| base + rest.trailing_zeros())
        })
    }

    /// The largest line.
    pub fn last(&self) -> Option<u32> {
        let index = self.words.len().checked_sub(1)?;
        let top = self.words[index].ilog2();
        u32::try_from(index * 64).ok().map(|base| base + top)
    }

    /// Adds every line of `other`.
    pub fn union_with(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own |= other;
        }
    }

    /// Adds every line of a numbits blob.
    pub fn union_with_numbits(&mut self, numbits: &[u8]) {
        let length = numbits.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
        let words = length.div_ceil(8);
        if self.words.len() < words {
            self.words.resize(words, 0);
        }
        for (own, chunk) in self.words.iter_mut().zip(numbits[..length].chunks(8)) {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            *own |= u64::from_le_bytes(bytes);
        }
    }

    /// Takes every line of `other` away.
    pub fn subtract(&mut self, other: &Self) {
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= !other;
        }
        self.trim();
    }

    /// Keeps only the lines that are in `other` too.
    pub fn intersect_with(&mut self, other: &Self) {
        self.words.truncate(other.words.len());
        for (own, other) in self.words.iter_mut().zip(&other.words) {
            *own &= other;
        }
        self.trim();
    }

    /// No trailing empty words, so that equal sets are equal values.
    fn trim(&mut self) {
        while self.words.last() == Some(&0) {
            self.words.pop();
        }
    }
}

impl FromIterator<u32> for LineSet {
    fn from_iter<I: IntoIterator<Item = u32>>(lines: I) -> Self {
        let mut set = Self::new();
        set.extend(lines);
        set
    }
}

impl Extend<u32> for LineSet {
    fn extend<I: IntoIterator<Item = u32>>(&mut self, lines: I) {
        for line in lines {
            self.insert(line);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn behaves_as_a_set(a in prop::collection::btree_set(1u32..500, 0..40), b in prop::collection::btree_set(1u32..500, 0..40)) {
            let set = |lines: &BTreeSet<u32>| lines.iter().copied().collect::<LineSet>();
            let list = |set: &LineSet| set.iter().collect::<BTreeSet<u32>>();
            let mut union = set(&a);
            union.union_with(&set(&b));
            let mut difference = set(&a);
            difference.subtract(&set(&b));
            let mut common = set(&a);
            common.intersect_with(&set(&b));
            prop_assert_eq!(list(&union), &a | &b);
            prop_assert_eq!(list(&difference), &a - &b);
            prop_assert_eq!(list(&common), &a & &b);
            prop_assert_eq!(union.len(), (&a | &b).len());
            prop_assert_eq!(set(&a).last(), a.last().copied());
            prop_assert_eq!(LineSet::from_numbits(&set(&a).to_numbits()), set(&a));
            prop_assert_eq!(set(&a) == set(&b), a == b);
            let mut from_numbits = set(&a);
            from_numbits.union_with_numbits(&[set(&b).to_numbits(), vec![0; 9]].concat());
            prop_assert_eq!(from_numbits, union);
        }
    }

    #[test]
    fn numbits_are_coverage_pys() {
        let set: LineSet = [1, 2, 8, 17].into_iter().collect();
        assert_eq!(set.to_numbits(), [0b110, 0b1, 0b10]);
        assert_eq!(LineSet::new().to_numbits(), Vec::<u8>::new());
    }
}

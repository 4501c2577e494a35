//! One data file, as recorded.

use std::collections::HashMap;

use super::{CoverageData, FileData, LineSet, Measured};

/// The largest line number believed; a bitmap that speaks of more is damaged, and would take memory without end.
pub const MAX_LINE: u32 = 1 << 24;

/// The content of one data file. Its files stand in the order they were recorded, which path mapping depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether branches were measured; `None` when it does not say and has nothing measured.
    pub has_arcs: Option<bool>,
    /// The names of contexts, used or not.
    pub contexts: Vec<String>,
    /// The files in the order of recording.
    pub files: Vec<(String, FileData)>,
}

impl Recorded {
    /// Whether anything was measured, as opposed to files that were only touched.
    pub fn has_measurements(&self) -> bool {
        self.files.iter().any(|(_, file)| !file.contexts.is_empty())
    }

    /// As data, with every path put through `map`; paths that become equal are merged.
    ///
    /// # Errors
    /// Tells when two files with different tracers get the same path.
    pub fn map(self, mut map: impl FnMut(&str) -> String) -> Result<CoverageData, super::MergeError> {
        let mut data =
            CoverageData { has_arcs: self.has_arcs, contexts: self.contexts, files: std::collections::BTreeMap::new() };
        for (path, file) in self.files {
            data.add_file(map(&path), file)?;
        }
        data.canonicalize();
        Ok(data)
    }
}

/// Builds a [`Recorded`] from the rows of a data file's tables, in any row order; files and contexts come first.
#[derive(Debug, Default)]
pub struct Builder {
    declared: Option<bool>,
    contexts: Vec<String>,
    files: Vec<(String, FileData)>,
    context_ids: HashMap<i64, u32>,
    file_ids: HashMap<i64, u32>,
    slots: Vec<(u32, u32, Measured)>,
    slot_of: HashMap<(u32, u32), usize>,
    last: Option<((i64, i64), Option<usize>)>,
    has_lines: bool,
    has_arcs: bool,
}

impl Builder {
    /// The `has_arcs` entry of the `meta` table.
    pub fn declare_arcs(&mut self, has_arcs: bool) {
        self.declared = Some(has_arcs);
    }

    /// A row of `context`.
    pub fn context(&mut self, id: i64, name: String) {
        let index = u32::try_from(self.contexts.len()).unwrap_or(u32::MAX);
        self.context_ids.insert(id, index);
        self.contexts.push(name);
    }

    /// A row of `file`.
    pub fn file(&mut self, id: i64, path: String) {
        let index = u32::try_from(self.files.len()).unwrap_or(u32::MAX);
        self.file_ids.insert(id, index);
        self.files.push((path, FileData::default()));
    }

    /// A row of `tracer`.
    pub fn tracer(&mut self, file: i64, name: String) {
        if let Some(&file) = self.file_ids.get(&file) {
            self.files[file as usize].1.tracer = Some(name).filter(|name| !name.is_empty());
        }
    }

    /// A row of `line_bits`. False when the bitmap is not to be believed.
    #[must_use]
    pub fn lines(&mut self, file: i64, context: i64, numbits: &[u8]) -> bool {
        if numbits.len() > MAX_LINE as usize / 8 {
            return false;
        }
        self.has_lines = true;
        if let Some(slot) = self.slot(file, context) {
            self.slots[slot].2.lines.union_with(&LineSet::from_numbits(numbits));
        }
        true
    }

    /// A row of `arc`. False when its ends are no line numbers.
    #[must_use]
    #[inline]
    pub fn arc(&mut self, file: i64, context: i64, from: i64, to: i64) -> bool {
        let (Ok(from), Ok(to)) = (i32::try_from(from), i32::try_from(to)) else { return false };
        self.has_arcs = true;
        if let Some(slot) = self.slot(file, context) {
            self.slots[slot].2.arcs.push((from, to));
        }
        true
    }

    /// Where the measurements of a file and a context go; `None` when the file or context is not listed: coverage.py's
    /// joins drop such rows.
    #[inline]
    fn slot(&mut self, file: i64, context: i64) -> Option<usize> {
        if let Some((key, slot)) = self.last
            && key == (file, context)
        {
            return slot;
        }
        let slot = (|| {
            let key = (*self.file_ids.get(&file)?, *self.context_ids.get(&context)?);
            Some(*self.slot_of.entry(key).or_insert_with(|| {
                self.slots.push((key.0, key.1, Measured::default()));
                self.slots.len() - 1
            }))
        })();
        self.last = Some(((file, context), slot));
        slot
    }

    /// What was built; `None` when it has both lines and arcs, which no data file has.
    pub fn finish(mut self) -> Option<Recorded> {
        if self.has_lines && self.has_arcs {
            return None;
        }
        self.slots.sort_unstable_by_key(|slot| (slot.0, slot.1));
        for (file, context, mut measured) in self.slots {
            if !measured.arcs.is_sorted() {
                measured.arcs.sort_unstable();
            }
            measured.arcs.dedup();
            measured.arcs.shrink_to_fit();
            self.files[file as usize].1.contexts.push((context, measured));
        }
        let has_arcs = if self.has_arcs {
            Some(true)
        } else if self.has_lines {
            Some(false)
        } else {
            self.declared
        };
        Some(Recorded { has_arcs, contexts: self.contexts, files: self.files })
    }
}

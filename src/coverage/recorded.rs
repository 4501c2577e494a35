//! One data file, as recorded.

use super::union::Union;
use super::{Arc, CoverageData, MergeError};

/// The largest line number believed; a bitmap that speaks of more is damaged, and would take memory without end.
pub const MAX_LINE: u32 = 1 << 24;

/// The content of one data file. Its files stand in the order they were recorded, which path mapping depends on.
///
/// It lives only until it is merged, so it is laid out flat: few allocations, whatever it holds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recorded {
    /// Whether branches were measured; `None` when it does not say and has nothing measured.
    pub has_arcs: Option<bool>,
    /// The names of contexts, used or not.
    pub contexts: Vec<String>,
    /// The files in the order of recording.
    pub files: Vec<RecordedFile>,
    /// What was measured, in the order of recording. A file and a context may come more than once.
    pub pieces: Vec<Piece>,
    /// The arcs of all pieces.
    pub(super) arcs: Vec<Arc>,
    /// The bitmaps of all pieces, as numbits.
    pub(super) numbits: Vec<u8>,
}

/// A file of a data file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedFile {
    /// Its path as recorded.
    pub path: String,
    /// The plugin that traced it; `None` for Python.
    pub tracer: Option<String>,
}

/// Measurements of one file under one context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// The file, as an index into [`Recorded::files`].
    pub file: u32,
    /// The context, as an index into [`Recorded::contexts`].
    pub context: u32,
    /// Where it begins and ends among the arcs, or among the bitmaps if the data has no arcs.
    range: (usize, usize),
}

impl Recorded {
    /// Whether anything was measured, as opposed to files that were only touched.
    pub fn has_measurements(&self) -> bool {
        !self.pieces.is_empty()
    }

    /// The arcs of a piece, in any order.
    pub(super) fn arcs_of(&self, piece: &Piece) -> &[Arc] {
        if self.has_arcs == Some(true) { &self.arcs[piece.range.0..piece.range.1] } else { &[] }
    }

    /// The bitmap of a piece.
    pub(super) fn numbits_of(&self, piece: &Piece) -> &[u8] {
        if self.has_arcs == Some(true) { &[] } else { &self.numbits[piece.range.0..piece.range.1] }
    }

    /// How many lines were executed, over all files and contexts.
    pub fn lines(&self) -> usize {
        self.numbits.iter().map(|byte| byte.count_ones() as usize).sum()
    }

    /// How many arcs were executed, over all files and contexts.
    pub fn arcs(&self) -> usize {
        self.arcs.len()
    }

    /// As data, with every path put through `map`; paths that become equal are merged.
    ///
    /// # Errors
    /// Tells when two files with different tracers get the same path.
    pub fn map(self, map: impl FnMut(&str) -> String) -> Result<CoverageData, MergeError> {
        let mut union = Union::default();
        union.add(&self, map)?;
        Ok(union.finish())
    }
}

/// Builds a [`Recorded`] from the rows of a data file's tables: files and contexts first, both with ascending ids, then the
/// others in any order.
#[derive(Debug, Default)]
pub struct Builder {
    recorded: Recorded,
    declared: Option<bool>,
    context_ids: Vec<i64>,
    file_ids: Vec<i64>,
    /// The file and the context of the row before, and whether it became part of a piece.
    last: Option<((i64, i64), bool)>,
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
        self.context_ids.push(id);
        self.recorded.contexts.push(name);
    }

    /// A row of `file`.
    pub fn file(&mut self, id: i64, path: String) {
        self.file_ids.push(id);
        self.recorded.files.push(RecordedFile { path, tracer: None });
    }

    /// A row of `tracer`.
    pub fn tracer(&mut self, file: i64, name: String) {
        if let Some(file) = index(&self.file_ids, file) {
            self.recorded.files[file].tracer = Some(name).filter(|name| !name.is_empty());
        }
    }

    /// A row of `line_bits`. False when the bitmap is not to be believed.
    #[must_use]
    pub fn lines(&mut self, file: i64, context: i64, numbits: &[u8]) -> bool {
        if numbits.len() > MAX_LINE as usize / 8 {
            return false;
        }
        self.has_lines = true;
        let start = self.recorded.numbits.len();
        if self.begin(file, context, start) {
            self.recorded.numbits.extend_from_slice(numbits);
            self.end(self.recorded.numbits.len());
        }
        // The next row is another bitmap, if of the same lines.
        self.last = None;
        true
    }

    /// A row of `arc`. False when its ends are no line numbers.
    #[must_use]
    #[inline]
    pub fn arc(&mut self, file: i64, context: i64, from: i64, to: i64) -> bool {
        let (Ok(from), Ok(to)) = (i32::try_from(from), i32::try_from(to)) else { return false };
        // The smallest number is the exit from no line there is.
        if from == i32::MIN || to == i32::MIN {
            return false;
        }
        self.has_arcs = true;
        let listed = match self.last {
            Some((key, listed)) if key == (file, context) => listed,
            _ => {
                self.end(self.recorded.arcs.len());
                self.begin(file, context, self.recorded.arcs.len())
            }
        };
        if listed {
            self.recorded.arcs.push((from, to));
        }
        true
    }

    /// Begins a piece; false when the file or context is not listed: coverage.py's joins drop such rows.
    fn begin(&mut self, file: i64, context: i64, start: usize) -> bool {
        let place = index(&self.file_ids, file).zip(index(&self.context_ids, context));
        let place = place.and_then(|(file, context)| Some((u32::try_from(file).ok()?, u32::try_from(context).ok()?)));
        if let Some((file, context)) = place {
            self.recorded.pieces.push(Piece { file, context, range: (start, start) });
        }
        self.last = Some(((file, context), place.is_some()));
        place.is_some()
    }

    /// Ends the piece that the last row was part of, if it was.
    fn end(&mut self, end: usize) {
        if let (Some((_, true)), Some(piece)) = (self.last, self.recorded.pieces.last_mut()) {
            piece.range.1 = end;
        }
    }

    /// What was built; `None` when it has both lines and arcs, which no data file has.
    pub fn finish(mut self) -> Option<Recorded> {
        if self.has_lines && self.has_arcs {
            return None;
        }
        if self.has_arcs {
            self.end(self.recorded.arcs.len());
        }
        self.recorded.has_arcs = if self.has_arcs {
            Some(true)
        } else if self.has_lines {
            Some(false)
        } else {
            self.declared
        };
        Some(self.recorded)
    }
}

/// Where an id is among ascending ids: most often they count from one.
fn index(ids: &[i64], id: i64) -> Option<usize> {
    let guess = usize::try_from(id).ok().and_then(|id| id.checked_sub(1));
    guess.filter(|&guess| ids.get(guess) == Some(&id)).or_else(|| ids.binary_search(&id).ok())
}

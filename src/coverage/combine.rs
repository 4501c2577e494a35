//! Many data files made one, as `coverage combine --keep` does it.
//!
//! In two things this is not coverage.py: the files that are read are never deleted or changed, and a conflict leaves no
//! half-made output behind.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use sha3::{Digest, Sha3_256};

use super::glob::PatternError;
use super::inputs::{self, NoSuchPath};
use super::owners::Owners;
use super::paths::{Aliases, Surroundings, is_absolute_anywhere};
use super::suffix::{self, Ambiguous, Mapping};
use super::union::Union;
use super::{CoverageData, MergeError, ReadError, Recorded, sqlite, system};

/// How to combine.
#[derive(Debug, Clone, Default)]
pub struct Options<'a> {
    /// The lists of `[paths]`, in the order of the configuration.
    pub paths: &'a [Vec<String>],
    /// The setting `relative_files`.
    pub relative_files: bool,
    /// The source tree to find recorded absolute paths in that do not exist here; only used without `[paths]` and
    /// `relative_files`.
    pub source_tree: Option<&'a Path>,
    /// Folders that were the source tree where the data was measured. A path below one of them is that of the source tree
    /// which goes on the same, if it is there.
    pub elsewhere: &'a [String],
    /// Also tell which data file executed which lines.
    pub owners: bool,
    /// Read through SQLite even what can be read without it; for measuring.
    pub through_sqlite: bool,
}

/// What came of combining.
#[derive(Debug)]
pub struct Combined {
    /// Everything that was recorded.
    pub data: CoverageData,
    /// The inputs in the order they were merged.
    pub inputs: Vec<Input>,
    /// How paths were found in the source tree; empty when they needed not to be.
    pub mapping: Mapping,
    /// Who executed which lines, by the places of [`Combined::inputs`]; `None` when nobody asked.
    pub owners: Option<Owners>,
}

impl Combined {
    /// The inputs that could not be used.
    pub fn failures(&self) -> impl Iterator<Item = &ReadError> {
        self.inputs.iter().filter_map(|input| match &input.outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        })
    }
}

/// One data file and what became of it.
#[derive(Debug)]
pub struct Input {
    /// The file.
    pub path: PathBuf,
    /// What became of it.
    pub outcome: Outcome,
}

/// What became of a data file.
#[derive(Debug)]
pub enum Outcome {
    /// It is part of the result.
    Merged(Counts),
    /// It repeats an earlier one.
    Duplicate,
    /// It cannot be used.
    Failed(ReadError),
}

/// How much a data file holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Files, executed or not.
    pub files: usize,
    /// Executed lines, over all files and contexts; 0 with branches.
    pub lines: usize,
    /// Executed arcs, over all files and contexts.
    pub arcs: usize,
    /// Contexts.
    pub contexts: usize,
}

impl Counts {
    fn of(recorded: &Recorded) -> Self {
        Self {
            files: recorded.files.len(),
            lines: recorded.lines(),
            arcs: recorded.arcs(),
            contexts: recorded.contexts.len(),
        }
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// An input does not exist.
    #[error(transparent)]
    NoSuchPath(#[from] NoSuchPath),
    /// The inputs hold no data file.
    #[error("there is no data to combine")]
    NoData,
    /// None of the data files can be used.
    #[error("none of the data files can be used{}", .0.first().map(|error| format!(": {error}")).unwrap_or_default())]
    NoUsableData(Vec<ReadError>),
    /// Branches do not go with lines.
    #[error("`{}` was measured with branches, but `{}` without: they cannot be combined", with.display(), without.display())]
    Kind {
        /// A file with branches.
        with: PathBuf,
        /// A file without.
        without: PathBuf,
    },
    /// One source was traced in two ways.
    #[error("`{}` does not go with the data before it: {error}", path.display())]
    Tracer {
        /// The data file at which this was seen.
        path: PathBuf,
        /// The two tracers.
        error: MergeError,
    },
    /// Sources with different tracers would become one.
    #[error("paths cannot be mapped: {0}")]
    Mapping(MergeError),
    /// `[paths]` has a pattern without a meaning.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// The source tree has two places for the recorded paths.
    #[error(transparent)]
    Ambiguous(#[from] Ambiguous),
}

/// Finds data files as [`inputs::find`] does, and combines them.
///
/// # Errors
/// See [`CombineError`]. A file that cannot be used is none as long as another can.
pub fn combine(inputs: &[PathBuf], data_file: &Path, options: &Options<'_>) -> Result<Combined, CombineError> {
    combine_files(inputs::find(inputs, data_file)?, options, &|_| ())
}

/// Combines data files in this order. `done` is told of every so many files that are merged.
///
/// # Errors
/// See [`CombineError`]. A file that cannot be used is none as long as another can.
pub fn combine_files(
    files: Vec<PathBuf>,
    options: &Options<'_>,
    done: &(dyn Fn(usize) + Sync),
) -> Result<Combined, CombineError> {
    if files.is_empty() {
        return Err(CombineError::NoData);
    }
    let folder = system::working_folder().to_string_lossy().into_owned();
    let here = Surroundings { folder: &folder, exists: &system::exists, real_path: &system::real_path };
    let mut merger = Merger {
        data: Union::default(),
        kind_from: None,
        aliases: Aliases::new(options.paths, options.relative_files, here)?,
        inputs: Vec::with_capacity(files.len()),
        owners: options.owners.then(Owners::default),
    };
    let files = mark_duplicates(files);
    // One batch is read while the one before it is merged: memory for two, and the order of the files.
    let mut batches = files.chunks(8 * rayon::current_num_threads());
    let mut next_batch = || batches.next().map(|files| read_batch(files, options)).unwrap_or_default();
    let mut read = next_batch();
    while !read.is_empty() {
        let files = read.len();
        let (merged, next) = rayon::join(|| merger.merge(read), &mut next_batch);
        merged?;
        done(files);
        read = next;
    }
    let Merger { data, inputs, mut owners, .. } = merger;
    if !inputs.iter().any(|input| matches!(input.outcome, Outcome::Merged(_))) {
        let errors = inputs.into_iter().filter_map(|input| match input.outcome {
            Outcome::Failed(error) => Some(error),
            _ => None,
        });
        return Err(CombineError::NoUsableData(errors.collect()));
    }
    let mut data = data.finish();
    let mut mapping = Mapping::default();
    if let Some(tree) = options.source_tree {
        if !options.elsewhere.is_empty() {
            data = bring_home(data, &mut owners, tree, options)?;
        }
        if options.paths.is_empty() && !options.relative_files {
            (data, mapping) = find_in_tree(data, &mut owners, tree)?;
        }
    }
    Ok(Combined { data, inputs, mapping, owners })
}

/// The files, and the place of an earlier one that has the same hash: the one in its name, or that of its content.
fn mark_duplicates(files: Vec<PathBuf>) -> Vec<(PathBuf, Option<usize>)> {
    let named = |path: &Path| {
        let name = path.file_name()?.to_str()?;
        inputs::hash_in_name(name).map(|hash| hash.as_bytes().to_vec())
    };
    let mut hashes: Vec<Option<Vec<u8>>> = files.iter().map(|path| named(path)).collect();
    // Only what has the size of another can have its content.
    let size = |path: &PathBuf| std::fs::metadata(path).ok().map(|data| data.len());
    let sizes: Vec<Option<u64>> =
        files.iter().zip(&hashes).map(|(path, hash)| if hash.is_none() { size(path) } else { None }).collect();
    let mut same: HashMap<u64, u32> = HashMap::new();
    sizes.iter().flatten().for_each(|&size| *same.entry(size).or_default() += 1);
    hashes.par_iter_mut().zip(&files).zip(&sizes).for_each(|((hash, path), size)| {
        if size.is_some_and(|size| same.get(&size).is_some_and(|&files| files > 1)) {
            *hash = content_hash(path);
        }
    });
    let mut seen = HashMap::new();
    let files = files.into_iter().zip(hashes).enumerate();
    files
        .map(|(at, (path, hash))| {
            let first = hash.map_or(at, |hash| *seen.entry(hash).or_insert(at));
            (path, (first != at).then_some(first))
        })
        .collect()
}

fn content_hash(path: &Path) -> Option<Vec<u8>> {
    let mut file = std::fs::File::open(path).ok()?;
    let mut hasher = Sha3_256::new();
    std::io::copy(&mut file, &mut hasher).ok()?;
    Some(hasher.finalize().to_vec())
}

/// A file, and what it holds or the place of the earlier one that holds the same.
type Read = (PathBuf, Result<Result<Recorded, ReadError>, usize>);

fn read_batch(files: &[(PathBuf, Option<usize>)], options: &Options<'_>) -> Vec<Read> {
    let read = if options.through_sqlite { sqlite::read_through_sqlite } else { sqlite::read };
    files.par_iter().map(|(path, first)| (path.clone(), first.map_or_else(|| Ok(read(path)), Err))).collect()
}

struct Merger<'a> {
    data: Union,
    /// The file that first told whether there are branches.
    kind_from: Option<PathBuf>,
    aliases: Aliases<'a>,
    inputs: Vec<Input>,
    owners: Option<Owners>,
}

impl Merger<'_> {
    fn merge(&mut self, files: Vec<Read>) -> Result<(), CombineError> {
        for (path, read) in files {
            let outcome = match read {
                Err(first) => {
                    if let Some(owners) = &mut self.owners {
                        owners.repeat(first);
                    }
                    Outcome::Duplicate
                }
                Ok(Err(error)) => Outcome::Failed(error),
                Ok(Ok(recorded)) => Outcome::Merged(self.merge_one(&path, recorded)?),
            };
            self.inputs.push(Input { path, outcome });
        }
        Ok(())
    }

    fn merge_one(&mut self, path: &Path, mut recorded: Recorded) -> Result<Counts, CombineError> {
        let counts = Counts::of(&recorded);
        self.data.check_kind(recorded.has_arcs).map_err(|_| {
            let first = self.kind_from.clone().unwrap_or_default();
            match recorded.has_arcs {
                Some(true) => CombineError::Kind { with: path.to_owned(), without: first },
                _ => CombineError::Kind { with: first, without: path.to_owned() },
            }
        })?;
        // Only measurements decide about the kind of the result, as in coverage.py.
        if !recorded.has_measurements() {
            recorded.has_arcs = None;
        } else if self.kind_from.is_none() {
            self.kind_from = Some(path.to_owned());
        }
        let aliases = &mut self.aliases;
        self.data
            .add(&recorded, |path| aliases.map(path))
            .map_err(|error| CombineError::Tracer { path: path.to_owned(), error })?;
        if let Some(owners) = &mut self.owners {
            owners.add(self.inputs.len(), &recorded, |path| aliases.map(path));
        }
        Ok(counts)
    }
}

/// Renames recorded absolute paths that do not exist here to those of the source tree that end as they do.
fn find_in_tree(
    data: CoverageData,
    owners: &mut Option<Owners>,
    tree: &Path,
) -> Result<(CoverageData, Mapping), CombineError> {
    let missing: Vec<&str> = data
        .files
        .keys()
        .map(String::as_str)
        .filter(|path| is_absolute_anywhere(path) && !system::exists(path))
        .collect();
    if missing.is_empty() {
        return Ok((data, Mapping::default()));
    }
    let names = missing.iter().filter_map(|path| path.rsplit(['/', '\\']).next()).collect();
    let files = system::source_tree(tree, &names);
    let mapping = suffix::find(missing, files.iter().map(String::as_str))?;
    let renamed = rename(data, owners, &|path| {
        let found = mapping.get(path)?;
        Some(system::real_path(&tree.join(found).to_string_lossy()))
    })?;
    Ok((renamed, mapping))
}

/// Renames recorded paths below a folder that was the source tree elsewhere, where the same file is in the source tree here.
fn bring_home(
    data: CoverageData,
    owners: &mut Option<Owners>,
    tree: &Path,
    options: &Options<'_>,
) -> Result<CoverageData, CombineError> {
    rename(data, owners, &|path| {
        if !is_absolute_anywhere(path) || system::exists(path) {
            return None;
        }
        let found = options.elsewhere.iter().find_map(|folder| below(path, folder))?;
        let place = tree.join(&found);
        if !place.is_file() {
            return None;
        }
        if !options.relative_files {
            return Some(system::real_path(&place.to_string_lossy()));
        }
        let place = place.strip_prefix(".").unwrap_or(&place);
        Some(place.to_string_lossy().into_owned())
    })
}

/// Gives files the names that `new` knows; the others keep theirs.
fn rename(
    data: CoverageData,
    owners: &mut Option<Owners>,
    new: &dyn Fn(&str) -> Option<String>,
) -> Result<CoverageData, CombineError> {
    if let Some(owners) = owners {
        owners.rename(new);
    }
    let mut renamed = CoverageData { has_arcs: data.has_arcs, contexts: data.contexts, ..CoverageData::default() };
    for (path, file) in data.files {
        let path = new(&path).unwrap_or(path);
        renamed.add_file(path, file).map_err(CombineError::Mapping)?;
    }
    Ok(renamed)
}

/// What of `path` goes on below `folder`, with `/`. Steps upwards lead to nothing.
fn below(path: &str, folder: &str) -> Option<String> {
    let (path, folder) = (path.replace('\\', "/"), folder.replace('\\', "/"));
    let rest = path.strip_prefix(folder.trim_end_matches('/'))?.strip_prefix('/')?;
    (!folder.is_empty() && !rest.split('/').any(|part| part == "..")).then(|| rest.to_owned())
}

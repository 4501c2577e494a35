//! Reads one input file, or says why not.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use crate::findings::Problem;
use crate::source::{Source, Span};
use crate::workflow::yaml::MAX_BYTES;

use super::discover::unreadable;

/// The text of a file of at most [`MAX_BYTES`] bytes of UTF-8.
///
/// # Errors
/// A problem that names the file and what to do: missing, unreadable, no regular file, too large, not UTF-8.
pub(super) fn source(path: &Path) -> Result<Arc<Source>, Problem> {
    let metadata = std::fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    if metadata.is_dir() {
        return Err(Problem::with_path(path, "is a folder").help("name the files in it"));
    }
    // A pipe or device could keep us waiting for ever.
    if !metadata.is_file() {
        return Err(Problem::with_path(path, "is no regular file").help("workflows are read from files"));
    }
    let too_large = || {
        Problem::with_path(path, format!("has more than {} MiB, too much for a workflow", MAX_BYTES >> 20))
            .help("is this the right file?")
    };
    if metadata.len() > MAX_BYTES as u64 {
        return Err(too_large());
    }
    let file = File::open(path).map_err(|error| unreadable(path, &error))?;
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0) + 1);
    // It may grow while it is read.
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| unreadable(path, &error))?;
    if bytes.len() > MAX_BYTES {
        return Err(too_large());
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Arc::new(Source::new(path, text))),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Arc::new(Source::new(path, text));
            // Everything before the first bad byte is unchanged, and the replacement character stands in its place.
            Err(Problem::at(&source, Span::new(at, at + '\u{fffd}'.len_utf8()), "is not UTF-8", "not UTF-8 from here")
                .help("save the file as UTF-8"))
        }
    }
}

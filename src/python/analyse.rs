//! From source to [`Analysis`].

use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::TextSize;

use super::source::Lines;
use super::{Analysis, Patterns, PythonVersion, arcs, decode, exclude, refused, regions, statements};
use crate::coverage::LineSet;

/// Why a source file cannot be analysed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message} at line {line}")]
pub struct SourceError {
    /// What is wrong.
    pub message: String,
    /// Where.
    pub line: u32,
}

impl SourceError {
    pub(super) fn new(message: impl Into<String>, line: u32) -> Self {
        Self { message: message.into(), line }
    }

    /// The error as coverage.py words it for a file.
    pub fn for_file(&self, path: &str) -> String {
        let quote = if self.message.contains('\'') && !self.message.contains('"') { '"' } else { '\'' };
        let message = self.message.replace('\\', r"\\");
        let message = if quote == '\'' { message.replace('\'', r"\'") } else { message };
        format!("Couldn't parse '{path}' as Python source: {quote}{message}{quote} at line {}", self.line)
    }
}

/// Analyses the bytes of a source file as coverage.py does when it runs under the given Python.
///
/// Recursion follows the nesting of the source; for sources nested thousands of levels deep the caller provides the stack.
pub fn analyse(bytes: &[u8], version: PythonVersion, patterns: &Patterns) -> Result<Analysis, SourceError> {
    analyse_text(decode(bytes)?, version, patterns)
}

/// Like [`analyse`], for text that [`decode()`] returned.
pub fn analyse_text(text: String, version: PythonVersion, patterns: &Patterns) -> Result<Analysis, SourceError> {
    if let Some(at) = text.find('\0') {
        return Err(SourceError::new("source code string cannot contain null bytes", line_at(&text, at)));
    }
    if u32::try_from(text.len()).is_err() {
        return Err(SourceError::new("source code is too large", 1));
    }
    let target = ruff_python_ast::PythonVersion { major: 3, minor: version.minor() };
    let options = ParseOptions::from(Mode::Module).with_target_version(target);
    let at = |offset: TextSize| line_at(&text, offset.to_usize());
    let parsed = parse_unchecked(&text, options);
    if let Some(error) = parsed.errors().first() {
        return Err(SourceError::new(error.error.to_string(), at(error.location.start())));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(SourceError::new(error.to_string(), at(error.range.start())));
    }
    let Some(parsed) = parsed.try_into_module() else {
        return Err(SourceError::new("not a module", 1));
    };
    let (module, tokens) = (parsed.syntax(), parsed.tokens());
    let lines = Lines::new(&text, tokens);
    if let Some(error) = refused::first_error(module, &lines, version) {
        return Err(error);
    }
    let code =
        if lines.has_code { statements::lines_with_code(&text, module, &lines, version) } else { LineSet::new() };

    let mut excluded = exclude::matching_lines(&text, &lines, patterns.exclude.as_deref());
    exclude::exclude_suites(&mut excluded, tokens, &lines);
    let docstrings = exclude::exclude_definitions(&mut excluded, module, &lines, &code);
    let no_branch = exclude::matching_lines(&text, &lines, patterns.no_branch.as_deref());

    let found = arcs::possible_arcs(module, &lines, &code);
    let regions = regions::regions(&module.body, &lines);
    let mut statements = code;
    statements.subtract(&excluded);
    statements.subtract(&docstrings);
    let first_lines = lines.into_first();
    Ok(Analysis {
        text,
        first_lines,
        statements,
        excluded,
        no_branch,
        arcs: found.arcs,
        notes: found.notes,
        with_arcs: found.with_fixes,
        regions,
    })
}

/// The line of a byte offset.
fn line_at(text: &str, offset: usize) -> u32 {
    let lines = text.get(..offset).unwrap_or(text).matches('\n').count();
    u32::try_from(lines + 1).unwrap_or(u32::MAX)
}

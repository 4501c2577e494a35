//! coverage.py's configuration: which file, its options and its regexes. Parsing is pure; only
//! [`load_from_disk`] touches the disk.

mod document;
pub mod env;
mod find;
pub mod ini;
mod options;
pub mod pyregex;
mod python;
pub mod toml;

pub use document::Ownership;
pub use find::{load, load_from_disk};
pub use options::{
    ConfigError, CoverageConfig, DEFAULT_EXCLUDE, DEFAULT_PARTIAL, DEFAULT_PARTIAL_ALWAYS, HtmlOptions, JsonOptions,
    LcovOptions, ReportOptions, RunOptions, XmlOptions,
};
pub use pyregex::{Matcher, PatternError, Patterns, PyRegex};

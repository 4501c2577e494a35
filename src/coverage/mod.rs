//! Coverage data: what was executed, as coverage.py and slipcover record it.
//!
//! Pure: the model ([`data`], [`lines`], [`recorded`]), [`merge`], `union`, [`glob`], [`paths`], [`suffix`], [`slipcover`], [`sniff`], [`btree`].
//! On the file system: [`inputs`], [`sqlite`], [`combine`], [`write`](mod@write), [`system`].

pub mod btree;
pub mod combine;
pub mod config;
pub mod data;
pub mod error;
pub mod glob;
pub mod inputs;
pub mod lines;
pub mod merge;
pub mod owners;
pub mod paths;
pub mod recorded;
pub mod slipcover;
pub mod sniff;
pub mod sqlite;
pub mod suffix;
pub mod system;
mod union;
pub mod write;

pub use data::{Arc, CoverageData, FileData, Measured};
pub use error::{Problem, ReadError};
pub use lines::LineSet;
pub use merge::MergeError;
pub use recorded::Recorded;
pub use slipcover::Slipcover;
pub use sniff::Kind;

//! Coverage data: what was executed, as coverage.py and slipcover record it.

pub mod data;
pub mod lines;

pub use data::{Arc, CoverageData, FileData, Measured};
pub use lines::LineSet;

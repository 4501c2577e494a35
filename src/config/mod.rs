//! `.ci-lint.yml`: settings and the contract.
//!
//! - [`settings`] reads the file: what to lint, how to judge it, which jobs make and use coverage data.
//! - [`contract`] holds a workflow against the fragments under `contract:`; `docs/contract.md` is its reference.
//! - [`pattern`] is what one fragment demands of one value; [`schema`] knows which keys stand where in a workflow.
//! - [`threshold`] compares `--fail-under` in a workflow with the figure the settings demand.
//! - [`init`] writes a first `.ci-lint.yml` that holds on the workflows as they stand.

mod compile;
pub mod contract;
pub mod glob;
pub mod init;
pub mod pattern;
mod read;
pub mod schema;
pub mod settings;
pub mod threshold;
mod uses;

pub use contract::{FileContract, check};
pub use settings::{Config, CoveragePins, Settings, SeverityOverride, Spanned, load};

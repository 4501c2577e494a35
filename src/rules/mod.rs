//! The rules. One rule, one file: metadata, documentation and check.
//!
//! A rule sees the model and the flow graph, never raw YAML, and returns findings. To add one, see CONTRIBUTING.md.

mod registry;

pub use registry::{RuleInfo, all, find, suggest};

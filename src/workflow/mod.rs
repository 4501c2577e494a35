//! Workflow files: the spanned YAML tree, the typed model over it, expressions, dialects and action versions.

pub mod action;
pub mod cache;
pub mod called;
pub mod dialect;
pub mod events;
pub mod expression;
pub mod model;
pub mod yaml;

pub use model::{Job, Step, Text, Workflow};

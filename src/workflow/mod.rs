//! Workflow files: the spanned YAML tree, the typed model over it, expressions, dialects and action versions.

pub mod action;
pub mod expression;

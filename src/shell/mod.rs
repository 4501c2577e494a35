//! What a `run:` script executes.
pub mod parse;

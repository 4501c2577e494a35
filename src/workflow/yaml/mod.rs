//! A YAML file as a tree whose every key, value and list item knows its place in the file.
//!
//! - `tree` holds the nodes and the cursor [`Yaml`] that reads them, looking through aliases and merge keys.
//! - `parse` builds a tree from text, within limits on size, depth and alias expansion.
//! - `scalar` maps an offset inside a scalar's value (a `run:` script, an expression) back to the file.

mod parse;
mod scalar;
mod tree;

pub use parse::{MAX_ALIAS_EXPANSION, MAX_BYTES, YamlError, parse};
pub use tree::{Comment, Duplicate, Entry, Kind, Node, NodeId, Style, Tree, Yaml};

//! The artifact-flow graph: who uploads what, who downloads it, whether `needs` orders them, whether the data survives.

pub mod glob;
pub mod matrix;
pub mod name;
pub mod needs;
pub mod paths;

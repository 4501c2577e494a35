//! The numbers, computed once, and one writer for each format.

pub mod model;

//! What a Python source file holds for coverage, as coverage.py finds it: statements, exclusions, arcs, regions.
//!
//! [`analyse()`] goes from bytes to an [`Analysis`]: decode, parse, find the lines with code (what CPython's compiler would put
//! into its line tables), apply the exclusions, derive the possible arcs, list functions and classes. An [`Analysis`] then tells
//! what measured lines and arcs mean.

pub mod analyse;
pub mod analysis;
mod arcs;
mod const_table;
mod constants;
mod dead;
pub mod decode;
pub mod evidence;
mod exclude;
pub mod patterns;
mod refused;
mod regions;
mod source;
mod statements;
#[cfg(test)]
mod tests;
pub mod version;

pub use analyse::{SourceError, analyse, analyse_text};
pub use analysis::{Analysis, ArcNote, Region, RegionKind};
pub use decode::decode;
pub use evidence::{Evidence, evidence};
pub use patterns::{Matcher, Patterns};
pub use version::PythonVersion;

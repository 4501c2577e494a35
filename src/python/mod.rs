//! What a Python source file holds for coverage, as coverage.py finds it: statements, exclusions, arcs, regions.

pub mod analysis;
pub mod version;

pub use analysis::{Analysis, ArcNote, Region, RegionKind};
pub use version::PythonVersion;

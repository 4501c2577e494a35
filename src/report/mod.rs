//! The numbers, computed once, and one writer for each format.
//!
//! [`build`] turns measured data and analyses into a [`Report`]; each writer renders one, in the bytes of coverage.py 7.17.3 apart
//! from time stamps and the version: [`text`], [`markdown`] and [`total`], [`json`], [`xml`], [`lcov`]. [`slipcover`] has the
//! reports that slipcover makes of its own data.

mod build;
mod checksum;
pub mod html;
pub mod json;
pub mod lcov;
mod missing;
pub mod model;
mod numbers;
mod options;
pub mod slipcover;
#[cfg(test)]
mod tests;
mod text;
mod unicode;
mod xml;

pub use build::{Source, build};
pub use missing::missing;
pub use model::{BranchLine, FileReport, Numbers, RegionReport, Regions, Report};
pub use numbers::{Judged, display, fail_under, round};
pub use options::{ReportError, ReportOptions};
pub use text::{markdown, text, total};
pub use xml::xml;

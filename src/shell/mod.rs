//! What a `run:` script executes, as far as Python tests and coverage data are concerned.
//!
//! Two steps: [`parse()`] splits the text of a `sh` or `bash` script into simple commands, and [`effects`] says what each
//! of them does. Nothing is run, expanded or looked up; nothing is read but the text. Whatever is computed, unknown or too
//! involved is marked so ([`Word::dynamic`], [`Script::opaque`], [`EffectKind::Opaque`]) rather than guessed at.
//!
//! Which shell a step uses is the caller's to decide: text for PowerShell, `cmd` or Python must not come here.

mod apply;
mod args;
mod coverage;
mod effect;
mod inert;
mod parse;
mod scan;
mod script;
mod session;
mod suite;
mod wrapper;

pub use apply::ApplyCommand;
pub use coverage::{CoverageCommand, CoverageSub, SlipcoverMerge};
pub use effect::{Cwd, Effect, EffectKind, FileOp, ForgeWrite, effects};
pub use parse::parse;
pub use script::{Assignment, Command, Redirect, RedirectKind, Script, Variable, Word, command};
pub use session::{Runner, SessionRun, is_coverage_session, is_test_session, same_session, split_outside_braces};
pub use suite::{CoverageRun, Measured, ReportOutput, TestRun, TestTool, same_suite};

//! `ci-lint`: does Python test coverage really travel from the job that measures it to the job that judges it?

pub mod shell;
pub mod source;
pub mod workflow;

//! The `ci-lint` binary: parse arguments, call one function, map the result to an exit code.

fn main() {}

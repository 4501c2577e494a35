//! What a `run:` script executes.

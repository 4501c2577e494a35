//! `# ci-lint: ignore[rule] reason` comments.

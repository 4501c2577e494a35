//! `.ci-lint.yml`: settings and the contract.

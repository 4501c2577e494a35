//! `contract`

rule! {
    /// ### What it does
    /// Reports where a workflow does not hold what the project's contract in `.ci-lint.yml` demands.
    ///
    /// ### Why
    /// The steps that hand coverage over are easily removed in an unrelated change. A contract is a fragment of the
    /// workflow that must stay as it is; it replaces hand-written tests that search the file for words. How it is written
    /// and matched: `docs/contract.md`. `ci-lint lint --init` writes one from the workflow as it stands.
    ///
    /// ### Example
    /// ```yaml
    /// contract:
    ///   .forgejo/workflows/ci.yml:
    ///     jobs:
    ///       coverage:
    ///         needs: [lint, typecheck, unit_tests]
    /// ```
    ///
    /// ### Fix
    /// Restore the workflow, or change the contract if the change is meant.
    "contract", Error, "A workflow that breaks the project's contract", |_| Vec::new(),
    group: Input
}

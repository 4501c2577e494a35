//! `unused-suppression`

rule! {
    /// ### What it does
    /// Reports `# ci-lint: ignore[rule]` comments that silence nothing, or name a rule that does not exist.
    ///
    /// ### Why
    /// A comment that has outlived its reason hides the next real finding at that place.
    ///
    /// ### Example
    /// ```yaml
    /// needs: [unit_tests]  # ci-lint: ignore[coverage-needs] the artifact comes from last night
    /// ```
    ///
    /// ### Fix
    /// Remove the comment, or correct the rule's name.
    "unused-suppression", Warning, "A suppression comment that silences nothing", |_| Vec::new(),
    group: Input
}

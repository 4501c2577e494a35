//! `${{ }}` expressions.

//! The list of rules and what is known of each without running it.

use std::fmt::Write as _;

use super::Rule;
use crate::findings::catalogue;
use crate::findings::render::Format;
use crate::findings::{Group, RuleInfo};

/// Every rule, in the order of the reference.
pub(super) static RULES: [Rule; 31] = [
    super::coverage_needs::RULE,
    super::coverage_upload::RULE,
    super::coverage_download::RULE,
    super::artifact_unmatched::RULE,
    super::hidden_files::RULE,
    super::if_no_files_found::RULE,
    super::layout_mismatch::RULE,
    super::checkout_wipes_data::RULE,
    super::matrix_collision::RULE,
    super::merge_collision::RULE,
    super::merge_delete_race::RULE,
    super::retention::RULE,
    super::partial_data::RULE,
    super::coverage_gate::RULE,
    super::version_mix::RULE,
    super::platform_version::RULE,
    super::dead_input::RULE,
    super::tests_twice::RULE,
    super::coverage_sequential::RULE,
    super::job_timeout::RULE,
    super::concurrency::RULE,
    super::cache_off::RULE,
    super::cache_key::RULE,
    super::pycache_cache::RULE,
    super::coverage_cache::RULE,
    super::double_trigger::RULE,
    super::duplicate_setup::RULE,
    super::untrusted_local_action::RULE,
    super::workflow_syntax::RULE,
    super::contract::RULE,
    super::unused_suppression::RULE,
];

static INFOS: [RuleInfo; RULES.len()] = {
    let mut infos = [RULES[0].info; RULES.len()];
    let mut at = 0;
    while at < infos.len() {
        infos[at] = RULES[at].info;
        at += 1;
    }
    infos
};

/// What each rule is, in the order of the reference.
pub fn all() -> &'static [RuleInfo] {
    &INFOS
}

/// The rule of this name.
pub fn find(id: &str) -> Option<&'static RuleInfo> {
    all().iter().find(|rule| rule.id == id)
}

/// The rule whose name is nearest to a misspelt one.
pub fn suggest(id: &str) -> Option<&'static str> {
    catalogue::suggest(all(), id)
}

/// What selects every rule.
pub const ALL: &str = "all";

/// What may be selected or left out beside single rules.
const GROUPS: [&str; Group::ALL.len() + 1] = {
    let mut names = [ALL; Group::ALL.len() + 1];
    let mut at = 0;
    while at < Group::ALL.len() {
        names[at] = Group::ALL[at].name();
        at += 1;
    }
    names
};

/// Whether this is a rule, a group or `all`.
pub fn is_selector(name: &str) -> bool {
    GROUPS.contains(&name) || find(name).is_some()
}

/// The rule or group whose name is nearest to a misspelt one.
pub fn suggest_selector(name: &str) -> Option<&'static str> {
    crate::did_you_mean(name, all().iter().map(|rule| rule.id).chain(GROUPS))
}

/// The reference of all rules in Markdown: `docs/rules.md`.
pub fn reference() -> String {
    let mut text = String::from(
        "# Rules\n\nGenerated from the doc comments in `src/rules/` by `ci-lint lint --explain all`; do not edit.\n\n\
         Without a choice every rule runs but those of the group `time`. `--select` names what runs instead, `--extend-select` \
         what runs too, `--ignore` what does not: rules, groups (`flow`, `time`, `security`, `input`) or `all`, the narrower \
         name wins. The same keys in `.ci-lint.yml` are `select`, `extend-select` and `ignore`; the command line comes after \
         them. `severity: {rule: error|warning|info|off}` there is by rule.\n\n\
         | rule | group | severity | fix | finds |\n|---|---|---|---|---|\n",
    );
    for rule in all() {
        let _ = writeln!(
            text,
            "| [{0}](#{0}) | {1} | {2} | {3} | {4} |",
            rule.id,
            rule.group.name(),
            rule.severity,
            rule.fix.name(),
            rule.summary
        );
    }
    for rule in all() {
        let _ = write!(text, "\n{}", rule.page());
    }
    text
}

/// `--list-rules`: JSON for that format, else one line a rule.
pub fn list(format: Format) -> String {
    if format == Format::Json {
        let rules: Vec<_> = all()
            .iter()
            .map(|rule| {
                serde_json::json!({
                    "id": rule.id,
                    "group": rule.group.name(),
                    "default": rule.group.is_default(),
                    "severity": rule.severity.name(),
                    "confidence": rule.confidence.name(),
                    "forges": rule.dialects.iter().map(|dialect| dialect.key()).collect::<Vec<_>>(),
                    "fix": rule.fix.name(),
                    "summary": rule.summary,
                })
            })
            .collect();
        return format!("{:#}\n", serde_json::json!({"version": 1, "rules": rules}));
    }
    let mut text = String::new();
    for rule in all() {
        let off = if rule.group.is_default() { "" } else { " (off)" };
        let group = format!("{}{off}", rule.group.name());
        let _ = writeln!(text, "{:<22} {:<10} {:<8} {}", rule.id, group, rule.severity, rule.summary);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_kebab_case_and_documented() {
        for (index, rule) in all().iter().enumerate() {
            assert!(all()[index + 1..].iter().all(|other| other.id != rule.id), "{} twice", rule.id);
            assert!(rule.id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", rule.id);
            for section in ["### What it does", "### Why", "### Example", "### Fix"] {
                assert!(rule.docs.contains(section), "{} lacks `{section}`", rule.id);
            }
            assert!(!rule.summary.ends_with('.'), "{}", rule.id);
        }
    }

    #[test]
    fn a_misspelt_rule_is_recognised() {
        assert_eq!(suggest("coverage-need"), Some("coverage-needs"));
        assert_eq!(suggest("nothing-like-it"), None);
    }
}

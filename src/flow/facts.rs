//! One test for each fact about the way of an artifact, named after it. Sources: actions/upload-artifact and
//! actions/download-artifact, `src/download-artifact.ts` of v4.3.0 and v5.0.0, and minimatch 9.

use super::artifact::Selector;
use super::glob::Meets;
use super::{Flow, Pins, Project, layout};
use crate::workflow::Workflow;
use crate::workflow::yaml::parse;

/// Builds the flow of a test job that uploads and a coverage job that downloads and combines.
fn with_flow<T>(upload: &str, download: &str, combine: &str, read: impl Fn(&Workflow<'_>, &Flow<'_>) -> T) -> T {
    let text = format!(
        "jobs:\n  tests:\n    steps:\n      - run: coverage run -p -m pytest\n      - {upload}\n  \
         coverage:\n    needs: tests\n    steps:\n      - {download}\n      - run: {combine}\n"
    );
    let tree = parse(&text).unwrap_or_else(|error| panic!("{text}: {}", error.message));
    let workflow = Workflow::read(tree.root()).unwrap_or_else(|(_, message)| panic!("{text}: {message}"));
    read(&workflow, &Flow::build(&workflow, Project::default(), &Pins::default()))
}

const UPLOAD: &str =
    "{uses: actions/upload-artifact@v4, with: {name: cov-1, path: '.coverage.*', include-hidden-files: true}}";

fn download(tag: &str, inputs: &str) -> String {
    format!("{{uses: actions/download-artifact@{tag}, with: {{{inputs}}}}}")
}

fn mismatches(tag: &str, inputs: &str, combine: &str) -> usize {
    with_flow(UPLOAD, &download(tag, inputs), combine, |workflow, flow| layout::mismatches(workflow, flow).len())
}

fn met(upload: &str, tag: &str, inputs: &str) -> Meets {
    with_flow(upload, &download(tag, inputs), "coverage combine", |_, flow| flow.consumers[0].meets(&flow.producers[0]))
}

#[test]
fn archive_false_names_the_artifact_after_its_file_and_ignores_name() {
    let name = |tag: &str, archive: &str| {
        let inputs = format!("name: other, path: out/coverage.xml{archive}");
        let upload = format!("{{uses: actions/upload-artifact@{tag}, with: {{{inputs}}}}}");
        with_flow(&upload, &download("v8", "name: other"), "coverage report", |_, flow| {
            flow.producers[0].uploads[0].name.to_string()
        })
    };
    assert_eq!(name("v7.0.0", ", archive: false"), "coverage.xml");
    assert_eq!(name("v7.0.0", ", archive: true"), "other");
    // Before 7.0.0 there is no such input.
    assert_eq!(name("v6.0.0", ", archive: false"), "other");
}

#[test]
fn without_a_name_the_artifact_is_called_artifact() {
    let upload = "{uses: actions/upload-artifact@v4, with: {path: coverage.xml}}";
    assert_eq!(met(upload, "v4", "name: artifact"), Meets::Always);
}

#[test]
fn a_pattern_beside_a_name_is_ignored() {
    let selector = |inputs: &str| {
        with_flow(UPLOAD, &download("v4", inputs), "coverage combine", |_, flow| {
            matches!(flow.consumers[0].selector, Selector::Name(_))
        })
    };
    assert!(selector("name: cov-1, pattern: other-*"));
    assert!(!selector("pattern: cov-*"));
}

#[test]
fn a_release_before_4_1_0_downloads_everything_whatever_the_pattern() {
    assert_eq!(met(UPLOAD, "v4.0.0", "pattern: other-*"), Meets::Always);
    assert_eq!(met(UPLOAD, "v4.1.0", "pattern: other-*"), Meets::Never);
}

#[test]
fn names_and_patterns_are_case_sensitive() {
    for (inputs, meets) in [
        ("name: cov-1", Meets::Always),
        ("name: Cov-1", Meets::Never),
        ("pattern: cov-*", Meets::Always),
        ("pattern: Cov-*", Meets::Never),
    ] {
        assert_eq!(met(UPLOAD, "v4", inputs), meets, "{inputs}");
    }
}

#[test]
fn a_star_matches_no_name_that_begins_with_a_dot() {
    let upload = "{uses: actions/upload-artifact@v4, with: {name: .coverage-3.12, path: coverage.xml}}";
    for (pattern, meets) in [
        ("'*'", Meets::Never),
        ("'**'", Meets::Never),
        ("'.coverage*'", Meets::Always),
        ("'{.coverage,cov}-*'", Meets::Always),
        ("'.coverage-3.1[0-9]'", Meets::Always),
        ("'!cov*'", Meets::Always),
    ] {
        assert_eq!(met(upload, "v4", &format!("pattern: {pattern}")), meets, "{pattern}");
    }
}

#[test]
fn artifact_ids_may_be_those_of_any_artifact() {
    assert_eq!(met(UPLOAD, "v4.3.0", "artifact-ids: '${{ needs.tests.outputs.id }}'"), Meets::Maybe);
}

#[test]
fn by_name_files_lie_straight_in_path() {
    assert_eq!(mismatches("v4", "name: cov-1", "coverage combine"), 0);
    assert_eq!(mismatches("v4", "name: cov-1, path: data", "coverage combine"), 1);
    assert_eq!(mismatches("v4", "name: cov-1, path: data", "coverage combine data"), 0);
}

#[test]
fn merge_multiple_puts_files_straight_into_path() {
    assert_eq!(mismatches("v4", "pattern: 'cov-*', merge-multiple: true", "coverage combine"), 0);
    assert_eq!(mismatches("v4.1.0", "pattern: 'cov-*', merge-multiple: true", "coverage combine"), 0);
    // Before 4.1.0 there is no such input.
    assert_eq!(mismatches("v4.0.0", "merge-multiple: true", "coverage combine"), 1);
}

#[test]
fn a_single_match_has_a_folder_of_its_own_up_to_v4_and_none_from_v5_on() {
    for (tag, plain, folder) in [("v4.3.0", 1, 0), ("v4", 1, 0), ("v5.0.0", 0, 1), ("v5", 0, 1), ("v8", 0, 1)] {
        assert_eq!(mismatches(tag, "pattern: 'cov-*'", "coverage combine"), plain, "{tag}");
        assert_eq!(mismatches(tag, "pattern: 'cov-*'", "coverage combine cov-1"), folder, "{tag}");
        assert_eq!(mismatches(tag, "", "coverage combine"), plain, "{tag} without inputs");
    }
    let unknown = "0123456789012345678901234567890123456789";
    assert_eq!(mismatches(unknown, "pattern: 'cov-*'", "coverage combine"), 0);
}

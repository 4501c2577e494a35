//! One test for each fact about the artifact actions, named after it. Sources: the tags and `action.yml` files of
//! actions/upload-artifact and actions/download-artifact, and the sources each test names.

use super::*;
use crate::workflow::dialect::Dialect;

fn action(uses: &str) -> Artifact {
    artifact_action(&parse_uses(uses), None).unwrap_or_else(|| panic!("{uses} is no artifact action"))
}

fn upload(tag: &str) -> Artifact {
    action(&format!("actions/upload-artifact@{tag}"))
}

fn download(tag: &str) -> Artifact {
    action(&format!("actions/download-artifact@{tag}"))
}

/// The fact holds for the second group of tags and not for the first.
fn begins(of: fn(&str) -> Artifact, fact: fn(&Artifact) -> Known, without: &[&str], with: &[&str]) {
    for tag in without {
        assert_eq!(fact(&of(tag)), Known::No, "{tag}");
    }
    for tag in with {
        assert_eq!(fact(&of(tag)), Known::Yes, "{tag}");
    }
}

#[test]
fn hidden_files_are_left_out_from_4_4_0_and_3_2_0() {
    begins(
        upload,
        Artifact::drops_hidden_files,
        &["v2", "v3.1.3", "v4.0.0", "v4.3.6"],
        &["v3.2.0", "v3.2.1", "v4.4.0", "v5.0.0", "v6.0.0", "v7.0.0"],
    );
}

#[test]
fn release_3_2_0_ignores_include_hidden_files_and_3_2_1_honours_it() {
    begins(
        upload,
        Artifact::honours_include_hidden_files,
        &["v3.1.3", "v3.2.0", "v4.3.6"],
        &["v3.2.1", "v4.4.0", "v7"],
    );
    assert_eq!(upload("v3.2.0").drops_hidden_files(), Known::Yes);
}

#[test]
fn floating_v3_is_3_2_1_and_floating_v4_is_4_6_2() {
    assert_eq!(upload("v3").version.to_string(), "v3 (3.2.1)");
    assert_eq!(upload("v4").version.to_string(), "v4 (4.6.2)");
}

#[test]
fn artifacts_are_immutable_from_v4() {
    begins(upload, Artifact::immutable, &["v1", "v2", "v3", "v3.2.1"], &["v4.0.0", "v4", "v7"]);
}

#[test]
fn v4_and_later_cannot_read_v3_and_older() {
    for (tags, generation) in [(["v1", "v2", "v3"], Generation::V3), (["v4", "v5", "v7"], Generation::V4)] {
        for tag in tags {
            assert_eq!(upload(tag).generation(), Some(generation), "{tag}");
            assert_eq!(download(tag).generation(), Some(generation), "{tag}");
        }
    }
}

#[test]
fn retention_days_came_with_2_2_0() {
    begins(upload, Artifact::has_retention_days, &["v2.1.4"], &["v2.2.0", "v3", "v4"]);
}

#[test]
fn compression_level_came_with_4_0_0() {
    begins(upload, Artifact::has_compression_level, &["v3.2.1"], &["v4.0.0"]);
}

#[test]
fn overwrite_came_with_4_2_0() {
    begins(upload, Artifact::has_overwrite, &["v3", "v4.1.0"], &["v4.2.0", "v4"]);
}

#[test]
fn artifact_digest_came_with_4_5_0() {
    begins(upload, Artifact::has_artifact_digest, &["v4.4.3"], &["v4.5.0", "v5"]);
}

#[test]
fn archive_came_with_7_0_0() {
    begins(upload, Artifact::has_archive_input, &["v4.6.2", "v6.0.0"], &["v7.0.0", "v7.0.1"]);
}

#[test]
fn pattern_and_merge_multiple_came_with_4_1_0() {
    begins(download, Artifact::has_pattern, &["v3", "v4.0.0"], &["v4.1.0", "v4", "v8"]);
    begins(download, Artifact::has_merge_multiple, &["v3", "v4.0.0"], &["v4.1.0", "v4", "v8"]);
}

#[test]
fn artifact_ids_came_with_4_3_0() {
    begins(download, Artifact::has_artifact_ids, &["v3", "v4.2.1"], &["v4.3.0", "v4", "v5"]);
}

#[test]
fn a_single_match_lies_flat_from_5_0_0() {
    begins(download, Artifact::flattens_single_match, &["v3", "v4", "v4.3.0"], &["v5.0.0", "v8.0.1"]);
}

#[test]
fn skip_decompress_and_a_strict_digest_came_with_8_0_0() {
    begins(download, Artifact::has_skip_decompress, &["v7.0.0"], &["v8.0.0"]);
    begins(download, Artifact::fails_on_digest_mismatch, &["v7.0.0"], &["v8.0.0"]);
}

#[test]
fn download_3_1_0_has_a_build_for_node_20() {
    let build = download("v3.1.0-node20");
    assert_eq!((build.version, build.generation()), (download("v3.1.0").version, Some(Generation::V3)));
}

#[test]
fn github_closed_v1_and_v2_on_2024_06_30_and_v3_on_2025_01_30() {
    for (tag, day) in [("v1", "30 June 2024"), ("v2", "30 June 2024"), ("v3.2.1", "30 January 2025")] {
        for action in [upload(tag), download(tag)] {
            assert_eq!((action.closed_on_github(), closing_day(&action)), (Known::Yes, Some(day)), "{tag}");
            assert_eq!(trouble(Dialect::GitHub, None, &action), Some(Trouble::ClosedDown), "{tag}");
        }
    }
    assert_eq!((upload("v4").closed_on_github(), closing_day(&upload("v4"))), (Known::No, None));
}

#[test]
fn ghes_serves_v3_and_refuses_v4_and_later() {
    assert_eq!(trouble(Dialect::Ghes, None, &upload("v3")), None);
    assert_eq!(trouble(Dialect::Ghes, None, &download("v3.1.0-node20")), None);
    assert_eq!(trouble(Dialect::Ghes, None, &upload("v4")), Some(Trouble::RefusesForge));
    assert_eq!(replacement(Dialect::Ghes, &upload("v4")), Some("actions/upload-artifact@v3"));
}

#[test]
fn stock_v4_and_later_refuse_forgejo_from_either_of_its_hosts() {
    for host in [None, Some("data.forgejo.org"), Some("code.forgejo.org"), Some("github.com")] {
        assert_eq!(trouble(Dialect::Forgejo, host, &upload("v4")), Some(Trouble::RefusesForge), "{host:?}");
        assert_eq!(trouble(Dialect::Forgejo, host, &download("v8")), Some(Trouble::RefusesForge), "{host:?}");
        assert_eq!(trouble(Dialect::Forgejo, host, &upload("v3")), None, "{host:?}");
    }
    assert_eq!(trouble(Dialect::Forgejo, Some("git.example.org"), &upload("v4")), None);
}

#[test]
fn the_forks_of_forgejo_and_gitea_have_no_check() {
    for fork in ["forgejo/upload-artifact@v4", "forgejo/upload-artifact@v5", "forgejo/download-artifact@v4"] {
        assert_eq!(trouble(Dialect::Forgejo, None, &action(fork)), None, "{fork}");
    }
    assert_eq!(trouble(Dialect::Gitea, None, &action("christopherhx/gitea-upload-artifact@v4")), None);
    let forgejo = replacement(Dialect::Forgejo, &upload("v4"));
    assert_eq!(forgejo, Some("https://code.forgejo.org/forgejo/upload-artifact@v4"));
    let gitea = replacement(Dialect::Gitea, &download("v5"));
    assert_eq!(gitea, Some("https://github.com/christopherhx/gitea-download-artifact@v4"));
}

#[test]
fn every_replacement_works_where_it_is_offered() {
    for dialect in Dialect::ALL {
        for old in [upload("v3"), upload("v7"), download("v3"), download("v8")] {
            let instead = replacement(dialect, &old).expect("there is one");
            let Uses::Repo(reference) = parse_uses(instead) else { panic!("{instead}") };
            assert_eq!(trouble(dialect, reference.host.as_deref(), &action(instead)), None, "{dialect} {instead}");
            assert_eq!(action(instead).kind, old.kind, "{instead}");
        }
    }
}

#[test]
fn forgejo_pins_its_fork_of_v5_by_cb8afe72b42e() {
    let pinned = action(&format!("forgejo/upload-artifact@cb8afe72b42e{}", "0".repeat(28)));
    assert_eq!((pinned.fork, pinned.version.major()), (Fork::Forgejo, Some(5)));
}

#[test]
fn uploads_from_v6_fail_on_forgejo_whoever_forked_them() {
    for tag in ["v6", "v7"] {
        let fork = action(&format!("forgejo/upload-artifact@{tag}"));
        assert_eq!(trouble(Dialect::Forgejo, None, &fork), Some(Trouble::NeedsNewerServer), "{tag}");
    }
    // Gitea takes them since 1.26, and which server it is nobody knows here; downloads were never concerned.
    assert_eq!(trouble(Dialect::Gitea, None, &action("christopherhx/gitea-upload-artifact@v6")), None);
    assert_eq!(trouble(Dialect::Forgejo, None, &action("forgejo/download-artifact@v6")), None);
}

#[test]
fn gitea_runner_3_0_takes_the_check_out() {
    assert_eq!(trouble(Dialect::Gitea, None, &upload("v4")), Some(Trouble::RefusesOlderRunner));
    assert_eq!(trouble(Dialect::Gitea, None, &upload("v3")), None);
}

#[test]
fn a_commit_in_no_table_is_any_release_unless_a_comment_names_one() {
    let unknown = format!("actions/upload-artifact@{}", "0123456789".repeat(4));
    let read = |comment| artifact_action(&parse_uses(&unknown), comment).expect("an artifact action");
    assert_eq!(read(None).drops_hidden_files(), Known::Unknown);
    assert_eq!(trouble(Dialect::GitHub, None, &read(None)), None);
    assert_eq!(read(Some("# v4.3.6")).drops_hidden_files(), Known::No);
    assert_eq!(trouble(Dialect::GitHub, None, &read(Some("# v3.1.2"))), Some(Trouble::ClosedDown));
}

use super::*;

const UPLOAD: &str = "actions/upload-artifact";
const DOWNLOAD: &str = "actions/download-artifact";

fn artifact(uses: &str) -> Artifact {
    commented(uses, None)
}

fn commented(uses: &str, comment: Option<&str>) -> Artifact {
    match artifact_action(&parse_uses(uses), comment) {
        Some(artifact) => artifact,
        None => panic!("{uses} is no artifact action"),
    }
}

fn full(short: &str) -> String {
    format!("{short}{}", "0".repeat(28))
}

fn exact(major: u32, minor: u32, patch: u32) -> Version {
    Version::Exact(Release::new(major, minor, patch))
}

fn floating(major: u32, minor: Option<u32>, resolved: Option<(u32, u32, u32)>) -> Version {
    Version::Floating { major, minor, resolved: resolved.map(|(a, b, c)| Release::new(a, b, c)) }
}

#[test]
fn uses_are_told_apart() {
    let repo = |host: Option<&str>, owner: &str, repo: &str, subpath: Option<&str>, reference: Option<&str>| {
        Uses::Repo(ActionRef {
            host: host.map(str::to_owned),
            owner: owner.to_owned(),
            repo: repo.to_owned(),
            subpath: subpath.map(str::to_owned),
            reference: reference.map(str::to_owned),
        })
    };
    for (text, expected) in [
        ("actions/checkout@v4", repo(None, "actions", "checkout", None, Some("v4"))),
        (" actions/checkout ", repo(None, "actions", "checkout", None, None)),
        ("actions/cache/save@v4", repo(None, "actions", "cache", Some("save"), Some("v4"))),
        ("o/r/.github/workflows/x.yml@main", repo(None, "o", "r", Some(".github/workflows/x.yml"), Some("main"))),
        ("o/r@pkg/name@1.2", repo(None, "o", "r", None, Some("pkg/name@1.2"))),
        (
            "https://data.forgejo.org/actions/checkout@v4",
            repo(Some("data.forgejo.org"), "actions", "checkout", None, Some("v4")),
        ),
        (
            "HTTPS://me:secret@Git.Example.org:3000/o/r.git/sub/dir/@v1",
            repo(Some("git.example.org:3000"), "o", "r", Some("sub/dir"), Some("v1")),
        ),
        ("./.github/actions/x", Uses::Local("./.github/actions/x".to_owned())),
        ("./", Uses::Local("./".to_owned())),
        ("docker://alpine:3.20", Uses::Docker("alpine:3.20".to_owned())),
        ("actions/checkout@${{ env.REF }}", Uses::Dynamic),
    ] {
        assert_eq!(parse_uses(text), expected, "{text}");
    }
    for text in [
        "",
        "checkout@v4",
        "/checkout@v4",
        "actions/@v4",
        "actions/checkout@",
        "actions/checkout @v4",
        "actions/checkout@v4 oops",
        "https://",
        "https://host",
        "https://host/owner",
        "https:///o/r@v1",
        "git@github.com:o/r",
        "ssh://host/o/r@v1",
        "docker://",
        "https\u{e9}",
    ] {
        assert_eq!(parse_uses(text), Uses::Malformed, "{text}");
    }
}

#[test]
fn artifact_actions_are_recognised_on_every_host() {
    use ArtifactKind::{Download, Merge, OtherRunDownload, Upload};
    for (uses, kind, fork) in [
        ("actions/upload-artifact@v4", Upload, Fork::Stock),
        ("Actions/Upload-Artifact@v4", Upload, Fork::Stock),
        ("actions/upload-artifact/merge@v4", Merge, Fork::Stock),
        ("https://data.forgejo.org/actions/upload-artifact@v3", Upload, Fork::Stock),
        ("https://code.forgejo.org/actions/download-artifact@v3", Download, Fork::Stock),
        ("https://gitea.com/actions/upload-artifact@v3", Upload, Fork::Stock),
        ("https://github.com/actions/download-artifact@v4", Download, Fork::Stock),
        ("forgejo/upload-artifact@v4", Upload, Fork::Forgejo),
        ("https://code.forgejo.org/forgejo/download-artifact@v4", Download, Fork::Forgejo),
        ("christopherhx/gitea-upload-artifact@v4", Upload, Fork::Gitea),
        ("https://github.com/ChristopherHX/gitea-download-artifact@v4", Download, Fork::Gitea),
        ("somebody/upload-artifact@v4", Upload, Fork::Unknown),
        ("somebody/gitea-upload-artifact@v4", Upload, Fork::Unknown),
        ("somebody/download-artifact@v4", Download, Fork::Unknown),
        ("dawidd6/action-download-artifact@v6", OtherRunDownload, Fork::Unknown),
        ("redhat-plumbers-in-action/download-artifact@v1", OtherRunDownload, Fork::Unknown),
    ] {
        let artifact = artifact(uses);
        assert_eq!((artifact.kind, artifact.fork), (kind, fork), "{uses}");
    }
    for uses in
        ["actions/checkout@v4", "actions/upload-artifact/other@v4", "./upload-artifact", "docker://upload-artifact"]
    {
        assert_eq!(artifact_action(&parse_uses(uses), None), None, "{uses}");
    }
}

#[test]
fn references_name_versions() {
    let sha = full("123456789abc");
    for (reference, version) in [
        ("v4.3.6", exact(4, 3, 6)),
        ("4.4.0", exact(4, 4, 0)),
        ("v3.1.0-node20", exact(3, 1, 0)),
        ("v4.3", floating(4, Some(3), None)),
        ("v3", floating(3, None, Some((3, 2, 1)))),
        ("v4", floating(4, None, Some((4, 6, 2)))),
        ("releases/v4", floating(4, None, Some((4, 6, 2)))),
        ("refs/tags/v4", floating(4, None, Some((4, 6, 2)))),
        ("v5", floating(5, None, Some((5, 0, 0)))),
        ("v6", floating(6, None, Some((6, 0, 0)))),
        ("v7", floating(7, None, Some((7, 0, 0)))),
        ("v2", floating(2, None, None)),
        ("v3-node20", floating(3, None, None)),
        ("v4-beta", floating(4, None, None)),
        ("main", Version::Unknown),
        ("v", Version::Unknown),
        ("v4.", Version::Unknown),
        ("v4.x", Version::Unknown),
        ("v4.3.6.1", Version::Unknown),
        ("4368102", Version::Unknown),
        ("version-4", Version::Unknown),
        (&sha, Version::Unknown),
    ] {
        let artifact = artifact(&format!("{UPLOAD}@{reference}"));
        assert_eq!(artifact.version, version, "{reference}");
        assert_eq!(artifact.pinned, reference == sha, "{reference}");
    }
    assert_eq!(artifact(UPLOAD).version, Version::Unknown);
    assert_eq!(artifact("forgejo/upload-artifact@v4").version, floating(4, None, None));
    for (reference, resolved) in [("v3", (3, 1, 0)), ("v4", (4, 3, 0)), ("v5", (5, 0, 0)), ("v8", (8, 0, 1))] {
        let version = artifact(&format!("{DOWNLOAD}@{reference}")).version;
        assert_eq!(version, floating(resolved.0, None, Some(resolved)), "{reference}");
    }
}

#[test]
fn comments_speak_for_commits_only() {
    let pinned = format!("{UPLOAD}@{}", full("123456789abc"));
    for (comment, version) in [
        ("# v4.3.6", exact(4, 3, 6)),
        ("v4.3.6", exact(4, 3, 6)),
        ("#v4", floating(4, None, None)),
        ("# v4.3", floating(4, Some(3), None)),
        ("# tag: v4.3.6", exact(4, 3, 6)),
        ("# tag=v4.3.6", exact(4, 3, 6)),
        ("# 4.3.6", exact(4, 3, 6)),
        ("# version 4.3.6.", exact(4, 3, 6)),
        ("# pin@v4.3.6 # zizmor: ignore[unpinned-uses]", exact(4, 3, 6)),
        ("# ratchet:actions/upload-artifact@v4.3.6", exact(4, 3, 6)),
        ("# was v4.3.5, now v4.3.6", Version::Unknown),
        ("# for Python 3.12.1", Version::Unknown),
        ("# 4", Version::Unknown),
        ("# 2024-08-29", Version::Unknown),
        ("# keep in step with the others", Version::Unknown),
        ("", Version::Unknown),
    ] {
        assert_eq!(commented(&pinned, Some(comment)).version, version, "{comment}");
    }
    // What the table knows and what a tag says weigh more.
    let known = format!("{UPLOAD}@{}", full("50769540e7f4"));
    assert_eq!(commented(&known, Some("# v4.3.6")).version, exact(4, 4, 0));
    assert_eq!(commented("actions/upload-artifact@main", Some("# v4.3.6")).version, Version::Unknown);
}

#[test]
fn known_commits_name_their_release() {
    for (commit, version) in [
        ("a8a3f3ad30e3", "3.1.3"),
        ("ff15f0306b3f", "3.2.1"),
        ("26f96dfa697d", "4.3.0"),
        ("5d5d22a31266", "4.3.1"),
        ("65462800fd76", "4.3.3"),
        ("834a144ee995", "4.3.6"),
        ("50769540e7f4", "4.4.0"),
        ("b4b15b8c7c6a", "4.4.3"),
        ("6f51ac03b935", "4.5.0"),
        ("65c4c4a1ddee", "4.6.0"),
        ("4cec3d8aa04e", "4.6.1"),
        ("ea165f8d65b6", "4.6.2"),
        ("330a01c490ac", "5.0.0"),
        ("b7c566a772e6", "6.0.0"),
        ("bbbca2ddaa5d", "7.0.0"),
    ] {
        let Version::Exact(release) = artifact(&format!("{UPLOAD}@{}", full(commit))).version else {
            panic!("{commit}")
        };
        assert_eq!(release.to_string(), version, "{commit}");
    }
    for (commit, version) in [
        ("fa0a91b85d4f", "4.1.8"),
        ("95815c38cf2f", "4.2.1"),
        ("d3f86a106a0b", "4.3.0"),
        ("634f93cb2916", "5.0.0"),
        ("018cc2cf5baa", "6.0.0"),
        ("37930b1c2aba", "7.0.0"),
        ("70fc10c6e5e1", "8.0.0"),
        ("3e5f45b2cfb9", "8.0.1"),
    ] {
        let upper = full(commit).to_uppercase();
        let Version::Exact(release) = artifact(&format!("{DOWNLOAD}@{upper}")).version else { panic!("{commit}") };
        assert_eq!(release.to_string(), version, "{commit}");
    }
    assert_eq!(artifact(&format!("{DOWNLOAD}@{}", full("50769540e7f4"))).version, Version::Unknown);
    let forgejo = artifact(&format!("https://code.forgejo.org/forgejo/upload-artifact@{}", full("cb8afe72b42e")));
    assert_eq!((forgejo.fork, forgejo.version, forgejo.pinned), (Fork::Forgejo, floating(5, None, None), true));
    assert_eq!(forgejo.drops_hidden_files(), Known::Yes);
}

/// Every fact with a version: the question, the last releases without and the first releases with it.
#[test]
fn facts_begin_with_their_release() {
    type Fact = (fn(&Artifact) -> Known, &'static str, &'static [&'static str], &'static [&'static str]);
    let facts: [Fact; 15] = [
        (
            Artifact::drops_hidden_files,
            UPLOAD,
            &["v1", "v2", "v3.1.3", "v3.1", "v4.0.0", "v4.3.6", "v4.3"],
            &["v3.2.0", "v3.2.1", "v3.2", "v3", "v4.4.0", "v4.4", "v4", "v5", "v5.0.0", "v6", "v7", "v7.0.1"],
        ),
        (
            Artifact::honours_include_hidden_files,
            UPLOAD,
            &["v2", "v3.1.3", "v3.2.0", "v4.3.6"],
            &["v3.2.1", "v3", "v4.4.0", "v4", "v5", "v6", "v7"],
        ),
        (
            Artifact::immutable,
            UPLOAD,
            &["v1", "v2", "v3", "v3.2.1"],
            &["v4.0.0", "v4.0", "v4", "v4-beta", "v5", "v6", "v7"],
        ),
        (Artifact::has_retention_days, UPLOAD, &["v1", "v2.1.4"], &["v2.2.0", "v3", "v4", "v7"]),
        (Artifact::has_compression_level, UPLOAD, &["v3"], &["v4.0.0", "v4"]),
        (Artifact::has_overwrite, UPLOAD, &["v3", "v4.0.0", "v4.1"], &["v4.2.0", "v4", "v5"]),
        (Artifact::has_artifact_digest, UPLOAD, &["v3", "v4.4.3"], &["v4.5.0", "v4", "v5"]),
        (Artifact::has_archive_input, UPLOAD, &["v4", "v5", "v6", "v6.0.0"], &["v7.0.0", "v7"]),
        (Artifact::upload_needs_newer_server, UPLOAD, &["v3", "v4", "v5"], &["v6.0.0", "v6", "v7"]),
        (Artifact::has_pattern, DOWNLOAD, &["v3", "v4.0.0"], &["v4.1.0", "v4", "v8"]),
        (Artifact::has_merge_multiple, DOWNLOAD, &["v3", "v4.0.0"], &["v4.1.0", "v4", "v8"]),
        (Artifact::has_artifact_ids, DOWNLOAD, &["v3", "v4.2.1"], &["v4.3.0", "v4", "v5"]),
        (Artifact::flattens_single_match, DOWNLOAD, &["v3", "v4", "v4.3.0"], &["v5.0.0", "v5", "v6", "v7", "v8"]),
        (Artifact::has_skip_decompress, DOWNLOAD, &["v4", "v7", "v7.0.0"], &["v8.0.0", "v8"]),
        (Artifact::fails_on_digest_mismatch, DOWNLOAD, &["v4", "v7"], &["v8.0.0", "v8"]),
    ];
    for (index, (fact, action, without, with)) in facts.iter().enumerate() {
        for reference in *without {
            assert_eq!(fact(&artifact(&format!("{action}@{reference}"))), Known::No, "{index} {reference}");
        }
        for reference in *with {
            assert_eq!(fact(&artifact(&format!("{action}@{reference}"))), Known::Yes, "{index} {reference}");
        }
        for unknown in ["actions/upload-artifact@main", "actions/download-artifact@main"] {
            let answer = fact(&artifact(unknown));
            assert_eq!(
                answer,
                if unknown.starts_with(action) { Known::Unknown } else { Known::No },
                "{index} {unknown}"
            );
        }
        assert_eq!(fact(&artifact("dawidd6/action-download-artifact@v6")), Known::Unknown, "{index}");
    }
}

#[test]
fn generations_do_not_mix() {
    for (reference, generation) in [
        ("v1", Generation::V3),
        ("v3", Generation::V3),
        ("v3.2.1", Generation::V3),
        ("v4", Generation::V4),
        ("v8", Generation::V4),
    ] {
        for owner in ["actions", "forgejo", "somebody"] {
            let action = artifact(&format!("{owner}/download-artifact@{reference}"));
            assert_eq!(action.generation(), Some(generation), "{owner} {reference}");
            let closed = if generation == Generation::V3 { Known::Yes } else { Known::No };
            assert_eq!(action.closed_on_github(), closed, "{owner} {reference}");
        }
    }
    assert_eq!(artifact("actions/upload-artifact@main").generation(), None);
    assert_eq!(artifact("dawidd6/action-download-artifact@v6").generation(), None);
}

#[test]
fn stock_actions_from_v4_on_refuse_other_forges() {
    for (uses, refuses) in [
        ("actions/upload-artifact@v3", Known::No),
        ("actions/upload-artifact@v4", Known::Yes),
        ("https://data.forgejo.org/actions/download-artifact@v5", Known::Yes),
        ("actions/upload-artifact@main", Known::Unknown),
        ("forgejo/upload-artifact@v4", Known::No),
        ("christopherhx/gitea-upload-artifact@v4", Known::No),
        ("somebody/upload-artifact@v4", Known::Unknown),
    ] {
        assert_eq!(artifact(uses).refuses_other_forges(), refuses, "{uses}");
    }
}

#[test]
fn forks_follow_upstream_as_far_as_their_tag_says() {
    for uses in ["forgejo/upload-artifact@v4", "christopherhx/gitea-upload-artifact@v4"] {
        let fork = artifact(uses);
        assert_eq!(fork.drops_hidden_files(), Known::Likely, "{uses}");
        assert_eq!(fork.honours_include_hidden_files(), Known::Likely, "{uses}");
        assert_eq!(fork.has_overwrite(), Known::Likely, "{uses}");
        assert_eq!(fork.immutable(), Known::Yes, "{uses}");
        assert_eq!(fork.has_archive_input(), Known::No, "{uses}");
    }
    assert_eq!(artifact("forgejo/upload-artifact@v5").drops_hidden_files(), Known::Yes);
    assert_eq!(artifact("forgejo/upload-artifact@v4.3.6").drops_hidden_files(), Known::No);
    assert_eq!(artifact("forgejo/download-artifact@v4").has_pattern(), Known::Likely);
    assert_eq!(artifact("forgejo/download-artifact@v4").flattens_single_match(), Known::No);
    let pinned = commented(&format!("forgejo/upload-artifact@{}", full("123456789abc")), Some("# v4"));
    assert_eq!(pinned.drops_hidden_files(), Known::Unknown);
    let pinned = commented(&format!("{UPLOAD}@{}", full("123456789abc")), Some("# v4"));
    assert_eq!((pinned.drops_hidden_files(), pinned.immutable()), (Known::Unknown, Known::Yes));
    assert_eq!(artifact("somebody/upload-artifact@v7").drops_hidden_files(), Known::Unknown);
    assert!(Known::Likely.is_likely() && Known::Yes.is_likely() && !Known::Likely.is_yes() && Known::No.is_no());
}

#[test]
fn merging_hides_files_like_uploading() {
    let merge = artifact("actions/upload-artifact/merge@v4");
    assert_eq!((merge.drops_hidden_files(), merge.immutable()), (Known::Yes, Known::Yes));
    assert_eq!((merge.has_overwrite(), merge.has_pattern()), (Known::Unknown, Known::No));
}

#[test]
fn well_known_actions_are_told_from_those_that_may_do_anything() {
    for uses in [
        "actions/checkout@v4",
        "https://data.forgejo.org/actions/checkout@v4",
        "https://code.forgejo.org/actions/setup-python@v5",
        "astral-sh/setup-uv@v7",
        "Codecov/Codecov-Action@v5",
        "pre-commit/action@v3",
        "docker/login-action@v3",
    ] {
        assert!(is_inert_action(&parse_uses(uses)), "{uses}");
    }
    for uses in [
        "actions/cache@v4",
        "actions/cache/save@v4",
        "actions/github-script@v7",
        "actions/upload-artifact@v4",
        "docker/build-push-action@v6",
        "hynek/build-and-inspect-python-package@v2",
        "pre-commit/action/.github/workflows/x.yml@main",
        "somebody/checkout@v1",
        "./.github/actions/checkout",
        "docker://alpine",
        "actions/checkout@${{ x }}",
        "",
    ] {
        assert!(!is_inert_action(&parse_uses(uses)), "{uses}");
    }
    for uses in ["actions/cache@v4", "https://data.forgejo.org/actions/cache/restore@v4", "actions/cache/save@v4"] {
        assert!(is_cache_action(&parse_uses(uses)), "{uses}");
    }
    assert!(!is_cache_action(&parse_uses("actions/checkout@v4")));
    assert!(!is_cache_action(&parse_uses("actions/cache/other@v4")));
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn no_text_panics(
        uses in ".{0,60}",
        reference in "(releases/)?v?[0-9.]{0,14}(-[a-z0-9]{0,6})?|[0-9a-f]{40}",
        comment in ".{0,40}",
    ) {
        for text in [uses.clone(), format!("actions/upload-artifact@{reference}"), format!("https://{uses}")] {
            let parsed = parse_uses(&text);
            is_inert_action(&parsed);
            is_cache_action(&parsed);
            if let Some(artifact) = artifact_action(&parsed, Some(&comment)) {
                artifact.drops_hidden_files();
                artifact.generation();
            }
        }
    }
}

use super::*;

fn item(leg: &str, artifact: &str, files: &[&str]) -> ExpectedArtifact {
    ExpectedArtifact {
        job: "tests".to_owned(),
        leg: Some(leg.to_owned()),
        artifact: artifact.to_owned(),
        pattern: artifact.contains('*'),
        certain: true,
        files: files.iter().map(|&file| file.to_owned()).collect(),
        remedy: None,
    }
}

fn all(items: Vec<ExpectedArtifact>) -> Expected {
    Expected { artifacts: items, ..Expected::default() }
}

fn file(artifact: &str, name: &str, digest: u8) -> Arrived {
    Arrived {
        artifact: artifact.to_owned(),
        file: name.to_owned(),
        measured_files: 3,
        bytes: 100,
        digest: Some([digest; 32]),
    }
}

fn whys(result: &Completeness) -> Vec<(&str, Why)> {
    result.gaps.iter().map(|gap| (gap.leg.as_deref().unwrap_or_default(), gap.why)).collect()
}

#[test]
fn a_failed_leg_is_missed_by_name() {
    let expected = all(vec![item("py: 1", "cov-1", &[]), item("py: 2", "cov-2", &[])]);
    let result = compare(&expected, &[], &[file("cov-1", ".coverage", 1), file("unasked", ".coverage", 2)]);
    assert_eq!((result.expected, result.arrived), (2, 1));
    assert_eq!(whys(&result), [("py: 2", Why::Missing)]);
    assert_eq!(result.gaps[0].message, "the artifact `cov-2` of `tests` (py: 2) did not arrive");
    assert_eq!(result.gaps[0].remedy, "see whether `tests` (py: 2) failed, was cancelled or did not upload");
    assert!(!result.is_complete());
    let whole = compare(&expected, &[], &[file("cov-1", ".coverage", 1), file("cov-2", ".coverage", 2)]);
    assert!(whole.is_complete() && whole.arrived == 2);
}

#[test]
fn empty_data_and_artifacts_without_data_are_gaps() {
    let expected = all(vec![item("a", "cov-a", &[]), item("b", "cov-b", &[]), item("c", "cov-c", &[])]);
    let zero = Arrived { bytes: 0, ..file("cov-a", ".coverage", 1) };
    let nothing_measured = Arrived { measured_files: 0, ..file("cov-b", ".coverage", 2) };
    let result = compare(&expected, &["cov-c".to_owned()], &[zero, nothing_measured]);
    assert_eq!(whys(&result), [("a", Why::Empty), ("b", Why::Empty), ("c", Why::NoData)]);
}

#[test]
fn what_is_not_certain_is_never_missed() {
    let expected = all(vec![ExpectedArtifact { certain: false, ..item("a", "cov-a", &[]) }]);
    let result = compare(&expected, &[], &[]);
    assert_eq!((result.expected, result.gaps.len()), (0, 0));
}

#[test]
fn of_a_pattern_one_must_arrive() {
    let expected = all(vec![item("a", "cov-*", &[]), item("b", "cov-exact", &[])]);
    let result = compare(&expected, &[], &[file("cov-exact", ".coverage", 1)]);
    assert_eq!(whys(&result), [("a", Why::Missing)]);
    assert!(compare(&expected, &[], &[file("cov-exact", "x", 1), file("cov-9", "y", 2)]).is_complete());
}

#[test]
fn a_shared_artifact_must_hold_the_file_of_every_leg() {
    let by_name = all(vec![item("a", "cov", &[".coverage.a"]), item("b", "cov", &[".coverage.b"])]);
    let both = [file("cov", "x/.coverage.b", 1), file("cov", ".coverage.a", 2)];
    assert!(compare(&by_name, &[], &both).is_complete());
    let result = compare(&by_name, &[], &both[..1]);
    assert_eq!(whys(&result), [("a", Why::NoData)]);
    // One name for all: the last writer wins, and two legs are lost.
    let remedy = Some("put it right".to_owned());
    let shared = |leg| ExpectedArtifact { remedy: remedy.clone(), ..item(leg, "cov", &[".coverage"]) };
    let result = compare(&all(vec![shared("a"), shared("b"), shared("c")]), &[], &[file("cov", ".coverage", 1)]);
    assert_eq!(whys(&result), [("b", Why::NoData), ("c", Why::NoData)]);
    assert_eq!(result.gaps[0].remedy, "put it right");
    let globs = all(vec![item("a", "cov", &[".coverage.*"]), item("b", "cov", &[".coverage.*"])]);
    assert!(
        compare(&globs, &[], &[file("cov", ".coverage.h.1.X", 1), file("cov", ".coverage.h.2.Y", 2)]).is_complete()
    );
}

#[test]
fn files_of_the_workspace_count_by_folder_name_or_number() {
    let expected = all(vec![item("a", "cov-a", &[".coverage"]), item("b", "cov-b", &[".coverage"])]);
    let result = compare(&expected, &[], &[file("", "data/cov-b/.coverage", 1)]);
    assert_eq!(whys(&result), [("a", Why::Missing)]);
    assert!(compare(&expected, &[], &[file("", ".coverage.1", 1), file("", ".coverage.2", 2)]).is_complete());
}

#[test]
fn a_number_of_files_is_compared() {
    let expected = Expected { files: Some(3), ..Expected::default() };
    let two = [file("a", ".coverage", 1), file("b", ".coverage", 2)];
    let result = compare(&expected, &[], &two);
    assert_eq!(result.gaps[0].message, "2 of 3 data files arrived");
    assert_eq!((result.expected, result.arrived), (3, 2));
    let expected = Expected { files: Some(2), ..Expected::default() };
    assert!(compare(&expected, &[], &two).is_complete());
}

#[test]
fn only_a_name_that_cannot_occur_twice_proves_a_copy() {
    let expected = all(vec![item("a", "cov-a", &[]), item("b", "cov-b", &[])]);
    let result = compare(&expected, &[], &[file("cov-a", ".coverage", 7), file("cov-b", ".coverage", 7)]);
    assert!(result.is_complete());
    assert_eq!(result.notes.len(), 1, "{:?}", result.notes);
    let unique = ".coverage.host.pid7.XaBcDeFx";
    let result = compare(&expected, &[], &[file("cov-a", unique, 7), file("cov-b", unique, 7)]);
    assert_eq!(whys(&result), [("b", Why::Duplicate)]);
    assert_eq!(result.arrived, 1);
    // Its own data is there as well.
    let more = [file("cov-a", unique, 7), file("cov-b", unique, 7), file("cov-b", ".coverage.host.pid8.XaBcDeGx", 8)];
    assert!(compare(&expected, &[], &more).is_complete());
}

//! The commands of the summary, run as a reader would run them, and what each data file alone contributes.

use std::path::Path;

use super::*;

/// A checkout as `actions/checkout` leaves it, as far as this is looked at.
const HEAD: &str = "8f14e45fceea167a5a36dedd4bea2543c1b2a3d4";

/// The lines below the heading for commands, in the last of the summaries.
fn commands(summary: &str) -> Option<String> {
    let (_, last) = summary.rsplit_once("\n## ").unwrap_or(("", summary));
    let (_, rest) = last.split_once("### The same on your machine\n\n```console\n")?;
    Some(rest.split_once("\n```\n").expect("an end of the block").0.to_owned())
}

/// The cells of the row of an artifact in the table of data files.
fn row(summary: &str, artifact: &str) -> Vec<String> {
    let start = format!("| `{artifact}` |");
    let line = summary.lines().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{artifact}: {summary}"));
    line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()
}

/// A folder with programs that stand in for those of the reader: `git` that has the commit, and `gh` that has the artifacts and lays
/// them out as gh 2.25 and later does: each into a folder of its own, unless a single one is named.
fn programs(job: &Job, artifacts: &Path) -> PathBuf {
    let folder = job.sim.path().join("bin");
    fs::create_dir_all(&folder).expect("made");
    let gh = format!(
        r#"#!/bin/sh
[ "$1 $2 $3 $4" = "run download 4711 --repo=octo/{REPO}" ] || {{ echo "what is $*" >&2; exit 9; }}
shift 4
dir=${{1#--dir=}}
[ "--dir=$dir" = "$1" ] || exit 8
shift
for name in "$@"; do
    target=$dir
    [ $# -gt 1 ] && target="$dir/${{name#--name=}}"
    mkdir -p "$target" && cp -r "{}/${{name#--name=}}/." "$target/" || exit 7
done
"#,
        artifacts.display()
    );
    let git = format!(
        "#!/bin/sh\ncase \"$*\" in \"fetch origin {HEAD}\"|\"checkout --detach {HEAD}\") ;; *) exit 6;; esac\n"
    );
    for (name, text) in [("gh", gh), ("git", git)] {
        let path = folder.join(name);
        fs::write(&path, text).expect("written");
        #[cfg(unix)]
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("executable");
    }
    folder
}

/// Runs commands in another checkout, with the artifacts at hand: standard output and the exit code.
fn here(job: &Job, commands: &str, artifacts: &[(&str, &str, Vec<u8>)]) -> (String, i32) {
    let store = job.sim.path().join("store");
    for (name, file, bytes) in artifacts {
        fs::create_dir_all(store.join(name)).expect("made");
        fs::write(store.join(name).join(file), bytes).expect("written");
    }
    let programs = programs(job, &store);
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_ci-lint"));
    let mut path = vec![programs, binary.parent().expect("a folder").to_owned()];
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let checkout = tempfile::tempdir().expect("a folder");
    fs::create_dir_all(checkout.path().join("pkg")).expect("made");
    fs::write(checkout.path().join("pkg/m.py"), SOURCE).expect("written");
    let output = Command::new("sh")
        .args(["-ec", commands])
        .current_dir(checkout.path())
        .env_clear()
        .env("PATH", std::env::join_paths(path).expect("a path"))
        .output()
        .expect("a shell");
    let left: Vec<_> =
        fs::read_dir(checkout.path()).expect("listed").map(|entry| entry.expect("an entry").file_name()).collect();
    assert!(left.iter().all(|name| name == "pkg" || name == "coverage-data"), "something else was run: {left:?}");
    let text = String::from_utf8(output.stdout).expect("text") + &String::from_utf8(output.stderr).expect("text");
    (text, output.status.code().expect("an exit code"))
}

fn total(text: &str) -> String {
    text.lines().find(|line| line.starts_with("TOTAL")).unwrap_or_else(|| panic!("no total in {text}")).to_owned()
}

#[test]
fn the_commands_of_the_summary_give_the_figures_of_the_job() {
    let job = Job::on(Personality::GitHub).both_legs();
    job.file(".git/HEAD", &format!("{HEAD}\n"));
    let gates = ["--fail-under", "99.5", "--path-gates", "pkg/*=100,*.py=99"];
    let ended = job.run(&gates);
    assert_eq!(ended.code, 0, "{ended:?}");
    let commands = commands(&ended.summary).expect("commands");
    let both = [("cov-3.12", "cov-data", job.data(&TRUE)), ("cov-3.13", "cov-data", job.data(&FALSE))];
    let (text, code) = here(&job, &commands, &both);
    assert_eq!((total(&text), code), (total(&ended.stdout), 0), "{commands}\n{text}");
    // The gates are the same, too: with one leg they fail here and there.
    let ended = job.run(&[gates.as_slice(), &["--artifacts", "cov-3.13", "--expect", "none"]].concat());
    let commands = self::commands(&ended.summary).expect("commands");
    assert!(commands.contains("--dir=coverage-data/cov-3.13 --name=cov-3.13"), "{commands}");
    let (text, code) = here(&job, &commands, &both);
    assert_eq!((ended.code, code, total(&text)), (1, 1, total(&ended.stdout)), "{commands}\n{text}");
    assert!(text.contains("of `pkg/*` is less than 100"), "{text}");

    let job = Job::on(Personality::Ghes).both_legs();
    let commands = self::commands(&job.run(&[]).summary).expect("commands");
    let host = job.env["GITHUB_SERVER_URL"].split_once("://").expect("an address").1;
    assert!(commands.contains(&format!("--repo={host}/octo/{REPO} ")), "{commands}");
}

#[test]
fn hostile_names_run_nothing_on_the_readers_machine() {
    let job = Job::on(Personality::GitHub);
    let names = ["cov-$(touch pwned)`touch pwned`", "cov-'; touch pwned; '", "--dir=cov", "cov-\" | touch pwned #"];
    let file = "it's -data $(touch pwned)";
    // All different, so that none is left out as a copy.
    let data = [&TRUE[..], &FALSE[..], &TRUE[..1], &FALSE[..1]].map(|arcs| job.data(arcs));
    let artifacts: Vec<_> = names.into_iter().zip(data).map(|(name, data)| (name, file, data)).collect();
    for (name, file, data) in &artifacts {
        job.upload(name, file, data);
    }
    let ended = job.run(&["--expect", "none", "--artifacts", "*cov*"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    let found = commands(&ended.summary).expect("commands");
    assert_eq!(found.matches("--name=").count(), 4, "{found}");
    let (text, code) = here(&job, &found, &artifacts);
    assert_eq!((total(&text), code), (total(&ended.stdout), 0), "{found}\n{text}");

    // What cannot be shown cannot be copied: no command rather than another one.
    job.upload("cov-\u{202e}turned", "cov-data", &job.data(&TRUE));
    let ended = job.run(&["--expect", "none", "--artifacts", "*turned"]);
    assert_eq!((ended.code, commands(&ended.summary)), (0, None), "{ended:?}");
}

#[test]
fn where_gh_does_not_reach_the_artifacts_are_named() {
    for personality in [Personality::Forgejo15, Personality::Gitea127] {
        let job = Job::on(personality).both_legs();
        let ended = job.run(&[]);
        let commands = commands(&ended.summary).expect("commands");
        assert!(commands.contains("/octo/demo/actions/runs/12, each into a folder"), "{commands}");
        let both = [("cov-3.12", job.data(&TRUE)), ("cov-3.13", job.data(&FALSE))];
        // What the reader does by hand.
        let by_hand = both.iter().map(|(name, _)| {
            format!(
                "mkdir -p coverage-data/{name}; cp {}/{name}/* coverage-data/{name}/;",
                job.sim.path().join("store").display()
            )
        });
        let commands = by_hand.collect::<String>() + &commands;
        let stored: Vec<_> = both.into_iter().map(|(name, data)| (name, "cov-data", data)).collect();
        let (text, code) = here(&job, &commands, &stored);
        assert_eq!((total(&text), code), (total(&ended.stdout), 0), "{commands}\n{text}");
    }
}

#[test]
fn what_one_data_file_alone_covers_is_told() {
    let job = Job::on(Personality::GitHub).both_legs();
    let ended = job.run(&[]);
    assert_eq!(row(&ended.summary, "cov-3.12").last().map(String::as_str), Some("1"), "line 3: {}", ended.summary);
    assert_eq!(row(&ended.summary, "cov-3.13").last().map(String::as_str), Some("1"), "line 4: {}", ended.summary);

    // The same lines twice are nobody's alone, whether the files are equal or not.
    let job = Job::on(Personality::GitHub).one_leg();
    job.upload("cov-3.13", "cov-data", &job.data(&TRUE));
    let ended = job.run(&[]);
    assert_eq!(row(&ended.summary, "cov-3.12").last().map(String::as_str), Some("0"), "{}", ended.summary);

    // One file has nothing to be compared with.
    let job = Job::on(Personality::GitHub).one_leg();
    let ended = job.run(&["--expect", "none"]);
    assert!(!ended.summary.contains("Only covered here"), "{}", ended.summary);
}

#[test]
fn what_one_data_file_of_slipcover_alone_covers_is_told() {
    let json = |executed: &str, missing: &str| {
        format!(
            r#"{{"meta": {{"software": "slipcover", "version": "1.1.0", "timestamp": "2026-01-01T00:00:00",
            "branch_coverage": false, "show_contexts": false}}, "files": {{"pkg/m.py": {{"executed_lines": [{executed}],
            "missing_lines": [{missing}], "summary": {{"covered_lines": 4, "missing_lines": 1, "percent_covered": 80.0}}}}}},
            "summary": {{"covered_lines": 4, "missing_lines": 1, "percent_covered": 80.0,
            "percent_covered_display": "80"}}}}"#
        )
    };
    let job = Job::on(Personality::GitHub);
    job.upload("cov-3.12", "cov.json", json("1, 2, 3, 7", "4").as_bytes());
    job.upload("cov-3.13", "cov.json", json("1, 7", "2, 3, 4").as_bytes());
    let ended = job.run(&["--expect", "none", "--artifacts", "cov-*"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert_eq!(row(&ended.summary, "cov-3.12").last().map(String::as_str), Some("2"), "{}", ended.summary);
    assert_eq!(row(&ended.summary, "cov-3.13").last().map(String::as_str), Some("0"), "{}", ended.summary);
}

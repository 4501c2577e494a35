//! A full disk, at each place that is written to: the message names the file and the remedy, nothing is left half written, and
//! neither what lay there before nor any input is lost.

use super::*;

/// In what way a disk is full.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Full {
    /// No file may grow beyond 512 bytes (1,024 with bash). Works for everybody.
    Limit,
    /// A small file system of its own without a free block. Not every kernel lets a user mount one.
    Disk,
}

/// Lets no file grow. The signal is ignored, so that the write fails as it does on a full disk.
const LIMIT: &str = r#"trap "" XFSZ; ulimit -f 1; shift 2; exec "$@""#;

/// Mounts a small file system over the folder, puts into it what lies in `$2`, fills it up, and hands back what is there in the end.
const DISK: &str = r#"folder=$1; content=$2; shift 2
mount -t tmpfs -o size=64k none "$folder" || exit 99
cp -a "$content/." "$folder/"
head -c 1000000 /dev/zero >"$folder/filler" 2>/dev/null
"$@"; code=$?
rm "$folder/filler" "$content" -r
cp -a "$folder" "$content"
exit $code"#;

impl Full {
    /// The ways that this machine offers.
    #[allow(clippy::print_stderr, reason = "who reads the log should know what was left out")]
    fn ways() -> Vec<Self> {
        let probe = Command::new("unshare").args(["-rm", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
        if probe.is_ok_and(|output| output.status.success()) {
            vec![Self::Limit, Self::Disk]
        } else {
            eprintln!("no file system can be mounted here: only tested with a limit on the size of files");
            vec![Self::Limit]
        }
    }

    /// Runs with `folder` of the job's place full. The second value is the files in it afterwards.
    fn run(self, job: &Job, folder: &str, arguments: &[&str]) -> (Ended, BTreeMap<String, Vec<u8>>) {
        let folder = job.sim.path().join(folder);
        let shown = folder.to_string_lossy().into_owned();
        let ended = match self {
            Self::Limit => job.run_by(&["sh", "-c", LIMIT, "sh", "-", "-"], arguments),
            Self::Disk => {
                let content = job.sim.path().join("content");
                fs::rename(&folder, &content).and_then(|()| fs::create_dir(&folder)).expect("moved");
                let line = ["unshare", "-rm", "sh", "-c", DISK, "sh", &shown, &content.to_string_lossy()];
                let ended = job.run_by(&line, arguments);
                fs::remove_dir(&folder).and_then(|()| fs::rename(&content, &folder)).expect("moved back");
                ended
            }
        };
        (ended, files(&folder))
    }

    /// What the message says besides the place.
    fn words(self) -> [&'static str; 2] {
        match self {
            Self::Limit => ["File too large", "raise the limit"],
            Self::Disk => ["No space left on device", "free some space there"],
        }
    }
}

/// Every file below a folder.
fn files(folder: &std::path::Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        if path.is_dir() {
            found.extend(files(&path).into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
        } else {
            found.insert(name, fs::read(&path).expect("a file"));
        }
    }
    found
}

/// A job whose data lies in the workspace, with a file of an earlier run at `path`, in a folder of its own.
fn with_earlier(path: &str) -> Job {
    let job = Job::on(Personality::GitHub);
    fs::write(job.workspace().join("one"), job.data(&TRUE)).expect("written");
    fs::write(job.workspace().join("two"), job.data(&FALSE)).expect("written");
    let path = job.sim.path().join(path);
    fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    fs::write(path, "of an earlier run").expect("written");
    job
}

#[test]
fn reports_are_whole_or_as_they_were() {
    for full in Full::ways() {
        for (format, name) in [("json", "coverage.json"), ("xml", "coverage.xml"), ("html", "htmlcov/index.html")] {
            let job = with_earlier(&format!("reports/{name}"));
            let before = (files(&job.workspace()), files(&job.sim.path().join("reports")));
            let (ended, after) =
                full.run(&job, "reports", &["one", "two", "--report", format, "--output-dir", "../reports"]);
            assert_eq!(ended.code, 2, "{full:?} {name} {ended:?}");
            assert!(ended.stderr.contains("error: `../reports/"), "{full:?} {name} {ended:?}");
            assert!(full.words().iter().all(|words| ended.stderr.contains(words)), "{full:?} {name} {ended:?}");
            assert_eq!((files(&job.workspace()), after), before, "{full:?} {name}");
        }
    }
}

#[test]
fn merged_data_is_whole_or_as_it_was() {
    let slipcover = r#"{"meta": {"software": "slipcover", "version": "1.1.0", "timestamp": "2026-01-01T00:00:00",
        "branch_coverage": false, "show_contexts": false}, "files": {"pkg/m.py": {"executed_lines": [1, 2, 3, 7],
        "missing_lines": [4], "summary": {"covered_lines": 4, "missing_lines": 1, "percent_covered": 80.0}}},
        "summary": {"covered_lines": 4, "missing_lines": 1, "percent_covered": 80.0,
        "percent_covered_display": "80"}}"#;
    for full in Full::ways() {
        for (option, data) in [("--data-file", ["one", "two"]), ("--merged-json", ["one.json", "two.json"])] {
            let job = with_earlier("merged/data");
            // Too many lines for the smallest file there can be.
            let many = (8..600).map(|line| line.to_string()).collect::<Vec<_>>().join(", ");
            job.file("one.json", slipcover);
            job.file("two.json", &slipcover.replace("[4]", &format!("[4, {many}]")));
            let before = (files(&job.workspace()), files(&job.sim.path().join("merged")));
            let (ended, after) =
                full.run(&job, "merged", &[data[0], data[1], option, "../merged/data", "--report", "text"]);
            assert_eq!(ended.code, 2, "{full:?} {option} {ended:?}");
            assert!(ended.stderr.contains("`../merged/data` cannot be written"), "{full:?} {option} {ended:?}");
            // SQLite has words of its own for all but a full disk.
            let [reason, remedy] = full.words();
            let words = [reason, "database or disk is full", "disk I/O error"];
            let known = words.iter().any(|words| ended.stderr.contains(words));
            assert!(known, "{full:?} {option} {ended:?}");
            assert!(ended.stderr.contains(remedy) || full == Full::Limit, "{full:?} {option} {ended:?}");
            assert_eq!((files(&job.workspace()), after), before, "{full:?} {option}");
        }
    }
}

#[test]
fn artifacts_that_find_no_room_are_not_judged() {
    for full in Full::ways() {
        for personality in [Personality::GitHub, Personality::Ghes, Personality::Forgejo16] {
            let mut job = Job::on(personality).both_legs();
            let temp = job.sim.path().join("temp");
            fs::create_dir_all(&temp).expect("made");
            fs::write(temp.join("of-another-step"), "kept").expect("written");
            job.env.insert("RUNNER_TEMP".to_owned(), temp.to_string_lossy().into_owned());
            let (ended, after) = full.run(&job, "temp", &["--fail-under", "1"]);
            assert_eq!(ended.code, 3, "{full:?} {personality:?} {ended:?}");
            let place = format!("cannot write to the temporary folder `{}`: ", temp.display());
            let told = ended.stderr.lines().filter(|line| line.contains(&place));
            let told: Vec<&str> = told.filter(|line| full.words().iter().all(|words| line.contains(words))).collect();
            assert_eq!(told.len(), 2, "{full:?} {personality:?} {ended:?}");
            assert!(told[0].contains("cov-3.12") && told[1].contains("cov-3.13"), "{told:?}");
            assert_eq!(ended.output("verdict"), Some("not-judged"), "{full:?} {personality:?} {ended:?}");
            assert_eq!(after, BTreeMap::from([("of-another-step".to_owned(), b"kept".to_vec())]), "{full:?}");
        }
    }
}

#[test]
fn summary_and_outputs_keep_what_other_steps_wrote_and_the_verdict_is_told() {
    for full in Full::ways() {
        for (variable, name) in [("GITHUB_STEP_SUMMARY", "summary"), ("GITHUB_OUTPUT", "outputs")] {
            let mut job = with_earlier(&format!("runner/{name}"));
            let path = job.sim.path().join("runner").join(name);
            job.env.insert(variable.to_owned(), path.to_string_lossy().into_owned());
            // What is there already leaves no room, neither on the disk nor in the last block of the file.
            let earlier = "x".repeat((64 << 10) - 1) + "\n";
            fs::write(&path, &earlier).expect("written");
            let arguments = ["one", "two", "--expect", "none", "--comment", "always"];
            let (ended, after) = full.run(&job, "runner", &arguments);
            assert_eq!(ended.code, 2, "{full:?} {name} {ended:?}");
            let place = format!("ci-lint: error: `{}` cannot be written: ", path.display());
            let line = ended.stderr.lines().find(|line| line.starts_with(&place));
            let line = line.unwrap_or_else(|| panic!("{full:?} {name} {ended:?}"));
            assert!(full.words().iter().all(|words| line.contains(words)), "{full:?} {name} {ended:?}");
            assert_eq!(after, BTreeMap::from([(name.to_owned(), earlier.into_bytes())]), "{full:?} {name}");
            assert!(ended.stdout.contains("TOTAL"), "the figures are told: {full:?} {name} {ended:?}");
            assert_eq!(job.comments().len(), 1, "what could be posted is");

            let (ended, _) = full.run(&job, "runner", &["one", "--expect", "none", "--fail-under", "97"]);
            assert_eq!(ended.code, 1, "the gate decides first: {full:?} {name} {ended:?}");
            assert!(ended.stdout.contains("is less than fail-under=97"), "{full:?} {name} {ended:?}");
        }
    }
}

//! What `action.yml` promises is what the binary does, what the documentation says, and what the image holds.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ci_lint::cli::{Cli, inputs};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, CommandFactory as _};
use serde_yaml::Value;

/// The one input that is no flag: other processes can read a command line.
const TOKEN: &str = "token";

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

fn action(path: &str) -> Value {
    serde_yaml::from_str(&read(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The mapping below `key`, as names and what is below each.
fn entries(action: &Value, key: &str) -> Vec<(String, Value)> {
    let mapping = action[key].as_mapping().unwrap_or_else(|| panic!("`{key}` is no mapping"));
    mapping.iter().map(|(name, value)| (name.as_str().expect("a name").to_owned(), value.clone())).collect()
}

fn names(action: &Value, key: &str) -> BTreeSet<String> {
    entries(action, key).into_iter().map(|(name, _)| name).collect()
}

/// The arguments of `ci-lint apply` that inputs can give.
fn arguments() -> Vec<Arg> {
    let mut command = Cli::command();
    command.build();
    let apply = command.find_subcommand("apply").expect("a subcommand");
    apply.get_arguments().filter(|argument| inputs::is_input(argument)).cloned().collect()
}

fn name(argument: &Arg) -> String {
    argument.get_long().unwrap_or(argument.get_id().as_str()).to_owned()
}

#[test]
fn inputs_and_flags_are_the_same() {
    let mut flags: BTreeSet<String> = arguments().iter().map(name).collect();
    assert!(!flags.contains(TOKEN), "a token must not be on a command line");
    flags.insert(TOKEN.to_owned());
    assert_eq!(names(&action("action.yml"), "inputs"), flags);
}

#[test]
fn each_input_is_described_and_empty_by_default() {
    for (name, input) in entries(&action("action.yml"), "inputs") {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-'),
            "`{name}`: other letters become `_` on one runner and stay on another"
        );
        assert!(input["description"].as_str().is_some_and(|text| text.len() > 10), "`{name}` is not described");
        let default = if name == TOKEN { "${{ github.token }}" } else { "" };
        assert_eq!(input["default"].as_str(), Some(default), "`{name}`");
        assert_eq!(input.as_mapping().map(|keys| keys.len()), Some(2), "`{name}` has other keys");
    }
}

#[test]
fn each_input_is_read() {
    for argument in arguments() {
        let name = name(&argument);
        let possible = argument.get_possible_values();
        let value = match argument.get_action() {
            ArgAction::SetTrue => "true".to_owned(),
            // A number is a valid file name, percentage, id and key.
            _ => possible.first().map_or("7".to_owned(), |value| value.get_name().to_owned()),
        };
        let env = |variable: &str| match variable {
            "GITHUB_ACTIONS" => Some("true".to_owned()),
            // The repository of a run means nothing without its id.
            "INPUT_RUN-ID" => Some("7".to_owned()),
            _ => (variable == format!("INPUT_{}", name.to_uppercase())).then(|| value.clone()),
        };
        let line = ["ci-lint", "apply"].map(OsString::from).to_vec();
        let line = inputs::extend(Cli::command, line, &env).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let matches = Cli::command().try_get_matches_from(line).unwrap_or_else(|error| panic!("`{name}`: {error}"));
        let apply = matches.subcommand_matches("apply").expect("a subcommand");
        assert_eq!(apply.value_source(argument.get_id().as_str()), Some(ValueSource::CommandLine), "`{name}`");
    }
}

#[test]
fn each_output_is_described() {
    let outputs = entries(&action("action.yml"), "outputs");
    let names: Vec<&str> = outputs.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ci_lint::apply::publish::outputs::NAMES, "each output is written, and none beyond");
    for (name, output) in outputs {
        assert!(output["description"].as_str().is_some_and(|text| text.len() > 10), "`{name}` is not described");
        assert_eq!(output.as_mapping().map(|keys| keys.len()), Some(1), "`{name}`: a docker action has no `value`");
    }
}

#[test]
fn the_reference_names_every_input_and_output() {
    let reference = read("docs/action.md");
    for (key, title) in [("inputs", "## Inputs"), ("outputs", "## Outputs")] {
        let section = reference.split_once(title).unwrap_or_else(|| panic!("no section `{title}`")).1;
        let section = section.split("\n## ").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`'));
        let documented: BTreeSet<String> = rows.map(|(name, _)| name.to_owned()).collect();
        assert_eq!(documented, names(&action("action.yml"), key), "docs/action.md, {title}");
    }
}

#[test]
fn both_actions_are_one() {
    let (released, local) = (action("action.yml"), action("coverage-share-action/action.yml"));
    for key in ["inputs", "outputs", "branding"] {
        assert_eq!(released[key], local[key], "`{key}` of action.yml and of coverage-share-action/action.yml");
    }
    for action in [&released, &local] {
        assert_eq!(action["runs"]["using"].as_str(), Some("docker"));
        // `args` becomes one command line after all: nothing a user writes belongs there. Forgejo knows no entry points.
        assert_eq!(action["runs"].as_mapping().map(|keys| keys.len()), Some(2), "`runs` has other keys");
    }
    assert_eq!(local["runs"]["image"].as_str(), Some("Dockerfile"));
}

#[test]
fn versions_agree() {
    let version = env!("CARGO_PKG_VERSION");
    assert!(read("Dockerfile").contains(&format!("org.opencontainers.image.version=\"{version}\"")), "Dockerfile");
    let rust = format!("FROM rust:{}.", env!("CARGO_PKG_RUST_VERSION"));
    assert!(read("Dockerfile").contains(&rust), "the Dockerfile builds with another Rust than Cargo.toml asks for");
    let mut named = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a file");
        for (_, rest) in text.match_indices("/ci-lint@").map(|(at, found)| text.split_at(at + found.len())) {
            named += 1;
            let tag = rest.split_whitespace().next();
            assert_eq!(tag, Some(format!("v{version}").as_str()), "{}", page.display());
        }
    }
    assert!(named >= 6, "the action is used {named} times in the documentation");
    let image = action("action.yml")["runs"]["image"].as_str().expect("an image").to_owned();
    if let Some(address) = image.strip_prefix("docker://") {
        let (name, digest) = address.split_once("@sha256:").expect("an image by digest");
        assert!(name.ends_with(&format!(":{version}")), "action.yml runs {image}");
        assert!(digest.len() == 64 && digest.bytes().all(|byte| byte.is_ascii_hexdigit()), "{image}");
    } else {
        assert_eq!(image, "Dockerfile");
    }
}

/// The release writes the address of an image into `action.yml`, and refuses one that is not by digest or not this version.
#[test]
#[cfg(target_os = "linux")]
fn a_release_pins_the_image() {
    let scratch = tempfile::tempdir().expect("a folder");
    fs::create_dir(scratch.path().join(".ci")).expect("a folder");
    for file in ["action.yml", "Cargo.toml", ".ci/release-image"] {
        fs::copy(root().join(file), scratch.path().join(file)).expect("a copy");
    }
    let pin = |address: &str| {
        Command::new(scratch.path().join(".ci/release-image")).args(["--pin", address]).output().expect("bash")
    };
    let (version, digest) = (env!("CARGO_PKG_VERSION"), "0123456789abcdef".repeat(4));
    let before = fs::read(scratch.path().join("action.yml")).expect("a file");
    for wrong in [
        format!("registry.example/o/ci-lint:{version}"),
        format!("registry.example/o/ci-lint@sha256:{digest}"),
        format!("registry.example/o/ci-lint:99.0.0@sha256:{digest}"),
        format!("registry.example/o/ci-lint:{version}@sha256:{}", &digest[1..]),
    ] {
        assert!(!pin(&wrong).status.success(), "{wrong}");
        assert_eq!(fs::read(scratch.path().join("action.yml")).expect("a file"), before, "{wrong}");
    }
    for registry in ["registry.example/o", "127.0.0.1:5000/o"] {
        let address = format!("{registry}/ci-lint:{version}@sha256:{digest}");
        let output = pin(&address);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let text = fs::read_to_string(scratch.path().join("action.yml")).expect("a file");
        let pinned: Value = serde_yaml::from_str(&text).expect("YAML");
        assert_eq!(pinned["runs"]["image"].as_str(), Some(format!("docker://{address}").as_str()));
        assert_eq!(pinned["inputs"], action("action.yml")["inputs"]);
    }
}

/// The instructions of a Dockerfile: word and rest, with continued lines joined and comments left out.
fn instructions(path: &str) -> Vec<(String, String)> {
    let text = read(path);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with('#')).collect();
    let joined = lines.join("\n").replace("\\\n", " ");
    let split = |line: &str| line.trim().split_once(' ').map(|(word, rest)| (word.to_owned(), rest.trim().to_owned()));
    joined.lines().filter_map(split).collect()
}

/// The instructions of the stage that becomes the image.
fn last_stage(path: &str) -> Vec<(String, String)> {
    let all = instructions(path);
    let from = all.iter().rposition(|(word, _)| word == "FROM").expect("a FROM");
    all[from..].to_vec()
}

#[test]
fn images_are_bare() {
    for (path, allowed) in [
        ("Dockerfile", ["FROM", "LABEL", "COPY", "ENTRYPOINT"].as_slice()),
        ("coverage-share-action/Dockerfile", &["FROM", "COPY", "ENTRYPOINT"]),
    ] {
        let stage = last_stage(path);
        assert_eq!(stage[0].1, "scratch", "{path}");
        for (word, rest) in &stage {
            // No USER: the runner's folders belong to root. No WORKDIR: the runner says where. No SHELL, RUN or CMD.
            assert!(allowed.contains(&word.as_str()), "{path}: {word} {rest}");
        }
        let entry: Vec<&str> =
            stage.iter().filter(|(word, _)| word == "ENTRYPOINT").map(|(_, rest)| rest.as_str()).collect();
        assert_eq!(entry, [r#"["/ci-lint", "apply"]"#], "{path}");
        // Runners on act's code build without BuildKit.
        assert!(!read(path).lines().any(|line| line.starts_with("# syntax")), "{path}");
        for (word, rest) in instructions(path) {
            for only in ["--mount", "--link", "--chmod", "<<", "BUILDPLATFORM", "TARGETARCH"] {
                assert!(!rest.contains(only), "{path}: {word} {rest}: {only} needs BuildKit");
            }
        }
    }
}

#[test]
fn what_images_copy_is_there() {
    let ignored = read(".dockerignore");
    let kept: Vec<&str> = ignored.lines().filter_map(|line| line.strip_prefix('!')).collect();
    for (path, laid) in [("Dockerfile", None), ("coverage-share-action/Dockerfile", Some("ci-lint"))] {
        let folder = root().join(path).parent().expect("a folder").to_owned();
        let copies =
            instructions(path).into_iter().filter(|(word, rest)| word == "COPY" && !rest.starts_with("--from"));
        let mut sources = 0;
        for (_, rest) in copies {
            let words: Vec<&str> = rest.split_whitespace().collect();
            for source in &words[..words.len() - 1] {
                sources += 1;
                let bare = source.trim_end_matches('/');
                assert!(
                    laid == Some(bare) || folder.join(bare).exists(),
                    "{path} copies {source}, which does not exist"
                );
                assert!(path != "Dockerfile" || kept.contains(&bare), ".dockerignore leaves out {source}");
            }
        }
        assert!(sources >= 2, "{path} copies {sources} things");
    }
    // What the build stage leaves is laid out by the script that the tests of the image's shape run too.
    let script = read(".ci/image-root");
    for part in ["$folder/ci-lint", "$folder/etc/ssl/certs/ca-certificates.crt", "$folder/tmp"] {
        assert!(script.contains(part), ".ci/image-root does not write {part}");
    }
    let stages = instructions("Dockerfile");
    assert!(stages.iter().any(|(word, rest)| word == "RUN" && rest == r#"[".ci/image-root", "/image"]"#));
    assert!(stages.iter().any(|(word, rest)| word == "COPY" && rest == "--from=build /image/ /"));
}

/// The pages that show how the action is used.
fn pages() -> Vec<PathBuf> {
    let mut pages = vec![root().join("docs/action.md")];
    let recipes = fs::read_dir(root().join("docs/recipes")).expect("a folder");
    pages.extend(recipes.map(|entry| entry.expect("an entry").path()));
    pages
}

/// Whole workflows in the recipes and in the reference say nothing that our own linter would object to.
#[test]
fn recipes_are_clean() {
    let mut linted = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).expect("a file");
        for (number, workflow) in workflows(&text).into_iter().enumerate() {
            linted += 1;
            for forge in forges(&page, &workflow) {
                let place = format!("{}, workflow {}, as {forge}", page.display(), number + 1);
                let (clean, said) = lint(&workflow, forge);
                assert!(clean, "{place}:\n{said}");
                // It is clean because the flow is understood: with the line that carries hidden files, it breaks.
                let broken = workflow.replace("          include-hidden-files: true\n", "");
                if broken != workflow {
                    let (clean, said) = lint(&broken, forge);
                    assert!(!clean && said.contains("[hidden-files]"), "{place}: nothing is understood\n{said}");
                }
            }
        }
    }
    assert!(linted >= 8, "{linted} workflows in the recipes");
}

/// The fenced YAML blocks that are whole workflows.
fn workflows(text: &str) -> Vec<String> {
    let blocks = text.split("```yaml\n").skip(1).filter_map(|rest| rest.split_once("\n```"));
    blocks.map(|(block, _)| format!("{block}\n")).filter(|block| block.contains("\njobs:")).collect()
}

/// The forges a workflow is for: by the page's name, else by where its actions come from.
fn forges(page: &Path, workflow: &str) -> &'static [&'static str] {
    let stem = page.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
    match stem.split('-').next() {
        Some("forgejo") => &["forgejo"],
        Some("gitea") => &["gitea"],
        Some("github") => &["github"],
        _ if workflow.contains("uses: https://") => &["forgejo", "gitea"],
        _ => &["github"],
    }
}

/// Whether our linter finds nothing in a workflow, and what it says.
fn lint(workflow: &str, forge: &str) -> (bool, String) {
    let project = tempfile::tempdir().expect("a folder");
    let folder = project.path().join(format!(".{forge}/workflows"));
    fs::create_dir(project.path().join(".git")).expect("a folder");
    fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("ci.yml");
    fs::write(&path, workflow).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_ci-lint"))
        .current_dir(project.path())
        .args(["lint", "--color", "never", "--fail-on", "info", "--forge", forge])
        .arg(&path)
        .output()
        .expect("the binary");
    let said = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

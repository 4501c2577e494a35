//! Writes a first `.ci-lint.yml`: a contract that holds on the workflows as they stand, to be edited from there.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Number, Value};

use super::glob::PathGlob;
use super::pattern::{KeyPattern, ScalarPattern};
use super::schema::Level;
use super::{threshold, uses};
use crate::workflow::yaml::Yaml;
use crate::workflow::{Job, Step, Workflow};

/// One workflow and what the analysis found out about its jobs, all by index into [`Workflow::jobs`].
#[derive(Debug)]
pub struct InitFile<'a, 'd> {
    /// The path relative to the configuration's folder, with `/`.
    pub path: String,
    /// The workflow.
    pub workflow: &'a Workflow<'d>,
    /// Jobs that measure coverage.
    pub producers: Vec<usize>,
    /// Jobs that judge it.
    pub consumers: Vec<usize>,
    /// Consumers that run no tests today.
    pub test_free_consumers: Vec<usize>,
}

const HEADER: &str = "\
# What ci-lint holds the workflows of this repository to, written from them as they stand. Edit it freely.
#
# A contract is a fragment of a workflow. Of a mapping these keys must match, of a list these items must be present
# (steps in this order, others may stand between), and nothing under `never` may match. A value is the text itself, a
# /regex/, a glob with `*`, or a comparison such as \"<= 15\"; `*` alone is any value. A bare action name is any
# version, fork and host of it.
";

/// The inputs of an artifact action that decide whether the data arrives.
const INPUTS: [&str; 7] =
    ["name", "path", "pattern", "merge-multiple", "include-hidden-files", "retention-days", "if-no-files-found"];

/// What runs tests, as regular expressions.
const TEST_RUNS: [&str; 5] = ["behave", "pytest", "nox -s unit_tests", "coverage run", "slipcover"];

/// The text of a `.ci-lint.yml` that holds on `files` as they stand.
pub fn write(files: &[InitFile<'_, '_>]) -> String {
    let mut out = HEADER.to_owned();
    let pins = pins(files);
    if !pins.is_empty() {
        out.push_str("\n# The jobs that measure and judge coverage, and the least percentage that may be asked for.\n");
        section(&mut out, 0, "coverage", Value::Mapping(pins));
    }
    let mut contracts = String::new();
    for file in files {
        contract(&mut contracts, file);
    }
    if !contracts.is_empty() {
        out.push_str("\ncontract:\n");
        out.push_str(&contracts);
    }
    out
}

fn pins(files: &[InitFile<'_, '_>]) -> Mapping {
    let names = |jobs: fn(&InitFile<'_, '_>) -> Vec<usize>| {
        let ids: BTreeSet<String> = files
            .iter()
            .flat_map(|file| jobs(file).into_iter().filter_map(|index| file.workflow.jobs.get(index)))
            .map(|job| job.id.value.to_owned())
            .filter(|id| !id.trim().is_empty() && !id.contains(is_odd))
            .collect();
        ids
    };
    let producers = names(|file| file.producers.clone());
    let consumers = names(|file| file.consumers.clone());
    let mut pins = Mapping::new();
    if !producers.is_empty() {
        pins.insert("producers".into(), producers.into_iter().map(Value::String).collect());
    }
    if let (Some(consumer), 1) = (consumers.first(), consumers.len()) {
        pins.insert("consumer".into(), consumer.clone().into());
    }
    let jobs = files.iter().flat_map(|file| file.consumers.iter().filter_map(|&index| file.workflow.jobs.get(index)));
    let least = jobs.flat_map(threshold::literals).map(|(value, _)| value).min_by(f64::total_cmp);
    if let Some(least) = least.filter(|least| *least <= 100.0) {
        let text = least.to_string();
        let number = text.parse::<u64>().map_or_else(|_| Number::from(least), Number::from);
        pins.insert("fail-under".into(), Value::Number(number));
    }
    pins
}

fn contract(out: &mut String, file: &InitFile<'_, '_>) {
    let workflow = file.workflow;
    let mut body = String::new();
    let group = workflow.concurrency.and_then(|concurrency| concurrency.group);
    if group.is_some_and(|group| !group.value.trim().is_empty()) {
        body.push_str("    # Runs of the same branch do not pile up.\n");
        section(&mut body, 4, "concurrency", one("group", "*".into()));
    }
    let jobs = jobs(file);
    if !jobs.is_empty() {
        body.push_str("    jobs:\n");
        body.push_str(&jobs);
    }
    if !body.is_empty() {
        let key = Value::String(PathGlob::escape(&file.path));
        // The key alone, as it is written in front of a value.
        let key = emit(&Value::Mapping(Mapping::from_iter([(key, Value::Mapping(Mapping::new()))])));
        let key = key.trim_end().trim_end_matches("{}").trim_end();
        indent(out, 2, key);
        out.push_str(&body);
    }
}

fn jobs(file: &InitFile<'_, '_>) -> String {
    let workflow = file.workflow;
    let mut out = String::new();
    let steps_jobs: Vec<&Job<'_>> = workflow.jobs.iter().filter(|job| job.uses.is_none()).collect();
    let every = !steps_jobs.is_empty() && steps_jobs.iter().all(|job| has_timeout(job));
    if every {
        out.push_str("      # No job hangs until the forge ends it.\n");
        section(&mut out, 6, "*", one("timeout-minutes", "*".into()));
    }
    for (index, job) in workflow.jobs.iter().enumerate() {
        // Of two jobs with one id only the first can be named; what is no mapping has no keys to demand.
        if workflow.job_index(job.id.value) != Some(index) || !job.node.is_mapping() {
            continue;
        }
        let (produces, consumes) = (file.producers.contains(&index), file.consumers.contains(&index));
        let mut fragment = Mapping::new();
        if consumes && !job.needs.is_empty() {
            let needs = job.needs.iter().filter_map(|need| literal(need.value, Level::Needs));
            fragment.insert("needs".into(), needs.collect());
        }
        if !every && job.uses.is_none() && has_timeout(job) {
            fragment.insert("timeout-minutes".into(), "*".into());
        }
        if produces || consumes {
            let steps: Vec<Value> = job.steps.iter().filter_map(artifact_step).collect();
            if !steps.is_empty() {
                fragment.insert("steps".into(), Value::Sequence(steps));
            }
        }
        if file.test_free_consumers.contains(&index)
            && let Some(regex) = no_tests(job)
        {
            fragment.insert("never".into(), Value::Sequence(vec![one("run", regex.into())]));
        }
        if fragment.is_empty() && !produces && !consumes {
            continue;
        }
        let Some(key) = job_key(job.id.value) else { continue };
        if consumes {
            out.push_str("      # Judges coverage, with the data of every job that measures it.\n");
        } else if produces {
            out.push_str("      # Measures coverage and hands its data on.\n");
        }
        section(&mut out, 6, &key, Value::Mapping(fragment));
    }
    out
}

fn has_timeout(job: &Job<'_>) -> bool {
    job.timeout_minutes.is_some_and(|timeout| !timeout.value.trim().is_empty())
}

/// The contract's form of an upload or download step, with the inputs that decide whether the data arrives.
fn artifact_step(step: &Step<'_>) -> Option<Value> {
    let name = uses::family(step.uses?.value)?;
    if name != "upload-artifact" && name != "download-artifact" {
        return None;
    }
    let mut inputs = Mapping::new();
    for input in INPUTS {
        let value = step.input(input).and_then(|node: Yaml<'_>| match node.as_str() {
            Some(text) => literal(text, Level::Free),
            None => node.is_null().then_some(Value::Null),
        });
        if let Some(value) = value {
            inputs.insert(input.into(), value);
        }
    }
    let mut out = Mapping::from_iter([("uses".into(), name.into())]);
    if !inputs.is_empty() {
        out.insert("with".into(), Value::Mapping(inputs));
    }
    Some(Value::Mapping(out))
}

/// A regular expression for what runs tests, without the words that stand in the job's scripts for other reasons.
fn no_tests(job: &Job<'_>) -> Option<String> {
    let regex = |words: &str| format!(r"/\b({words})\b/");
    let is_free = |word: &&str| {
        ScalarPattern::parse(&regex(word), Level::Text).is_ok_and(|pattern| {
            let mut runs = job.steps.iter().filter_map(|step| step.run);
            !runs.any(|run| pattern.judge(run.value) != super::pattern::Verdict::Mismatch)
        })
    };
    let words: Vec<&str> = TEST_RUNS.into_iter().filter(is_free).collect();
    (!words.is_empty()).then(|| regex(&words.join("|")))
}

/// The value that demands exactly `text`: the text itself, or a regular expression where it would be read as something
/// else.
fn literal(text: &str, level: Level) -> Option<Value> {
    let text = text.trim();
    match ScalarPattern::parse(text, level) {
        Ok(pattern) if pattern.is_literal() && !text.contains(is_odd) => Some(match (text.parse::<u64>(), text) {
            (Ok(number), _) if number.to_string() == text => number.into(),
            (_, "true") => true.into(),
            (_, "false") => false.into(),
            _ => text.into(),
        }),
        _ => {
            let regex = exactly(text);
            ScalarPattern::parse(&regex, level).is_ok().then(|| regex.into())
        }
    }
}

/// The key that names exactly the job `id`.
fn job_key(id: &str) -> Option<String> {
    match KeyPattern::parse(id) {
        Ok(KeyPattern::Exact(_))
            if id != "never" && id != "<<" && !id.contains(['\n', '\t']) && !id.contains(is_odd) =>
        {
            Some(id.to_owned())
        }
        _ => Some(exactly(id)).filter(|regex| KeyPattern::parse(regex).is_ok()),
    }
}

/// A regular expression in one line for exactly `text`.
fn exactly(text: &str) -> String {
    // A `-` means itself outside of brackets, and is in almost every name.
    let escaped = regex::escape(text).replace("\\-", "-");
    let mut out = String::from("/^");
    for c in escaped.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if is_odd(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out + "$/"
}

/// What YAML 1.1, which the emitter writes, and YAML 1.2 read differently: control characters and odd line breaks.
fn is_odd(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t' || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}')
}

fn one(key: &str, value: Value) -> Value {
    Value::Mapping(Mapping::from_iter([(key.into(), value)]))
}

fn section(out: &mut String, columns: usize, key: &str, value: Value) {
    indent(out, columns, &emit(&one(key, value)));
}

fn emit(value: &Value) -> String {
    // Values without tags and with texts for keys always have a YAML form.
    serde_yaml::to_string(value).unwrap_or_default()
}

fn indent(out: &mut String, columns: usize, text: &str) {
    for line in text.lines() {
        if !line.is_empty() {
            out.extend(std::iter::repeat_n(' ', columns));
            out.push_str(line);
        }
        out.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::*;
    use crate::config::load;
    use crate::source::Source;
    use crate::workflow::yaml;

    /// Writes the contract of one workflow and checks that it reads and holds.
    fn round(path: &str, text: &str, producers: &[usize], consumers: &[usize]) -> Result<String, String> {
        let source = Arc::new(Source::new(path, text));
        let tree = yaml::parse(&source.text).map_err(|error| error.to_string())?;
        let workflow = Workflow::read(tree.root()).map_err(|error| error.1)?;
        let written = write(&[InitFile {
            path: path.to_owned(),
            workflow: &workflow,
            producers: producers.to_vec(),
            consumers: consumers.to_vec(),
            test_free_consumers: consumers.to_vec(),
        }]);
        let config = load(Arc::new(Source::new(".ci-lint.yml", written.clone())), &[])
            .map_err(|problems| format!("{written}\n{problems:#?}"))?;
        if config.settings.contract.iter().any(|contract| !contract.path.is_match(path)) {
            return Err(format!("another path: {written}"));
        }
        let findings = config.check(path, &workflow, &source, consumers);
        if findings.is_empty() { Ok(written) } else { Err(format!("{written}\n{findings:#?}")) }
    }

    const WORKFLOW: &str = "\
on: push
concurrency: {group: ci, cancel-in-progress: true}
jobs:
  lint: {timeout-minutes: 5, steps: [{run: ruff}]}
  unit_tests:
    timeout-minutes: 15
    strategy: {matrix: {python: ['3.12', '3.13']}}
    steps:
      - run: coverage run -m pytest
      - uses: https://code.forgejo.org/forgejo/upload-artifact@v4
        with:
          name: coverage-${{ matrix.python }}
          path: |
            .coverage
            report/*.xml
          include-hidden-files: true
          retention-days: 1
          overwrite: true
  called: {uses: ./.github/workflows/x.yml}
  coverage:
    needs: [lint, unit_tests]
    timeout-minutes: ${{ vars.T }}
    steps:
      - uses: actions/download-artifact@v4
        with: {pattern: coverage-*, merge-multiple: true, path: /tmp/}
      - run: nox -s coverage_report_only -- --fail-under=97
      - run: pip install pytest-cov
";

    #[test]
    fn the_contract_of_a_workflow_is_written_readably() {
        let written = round(".forgejo/workflows/ci.yml", WORKFLOW, &[1], &[3]).expect("holds");
        let (header, body) = written.split_at(HEADER.len());
        assert_eq!(header, HEADER);
        assert_eq!(
            body,
            r"
# The jobs that measure and judge coverage, and the least percentage that may be asked for.
coverage:
  producers:
  - unit_tests
  consumer: coverage
  fail-under: 97

contract:
  .forgejo/workflows/ci.yml:
    # Runs of the same branch do not pile up.
    concurrency:
      group: '*'
    jobs:
      # No job hangs until the forge ends it.
      '*':
        timeout-minutes: '*'
      # Measures coverage and hands its data on.
      unit_tests:
        steps:
        - uses: upload-artifact
          with:
            name: coverage-${{ matrix.python }}
            path: /^\.coverage\nreport/\*\.xml$/
            include-hidden-files: true
            retention-days: 1
      # Judges coverage, with the data of every job that measures it.
      coverage:
        needs:
        - lint
        - unit_tests
        steps:
        - uses: download-artifact
          with:
            path: /^/tmp/$/
            pattern: /^coverage-\*$/
            merge-multiple: true
        never:
        - run: /\b(behave|nox -s unit_tests|coverage run|slipcover)\b/
"
        );
    }

    #[test]
    fn the_written_contract_is_broken_by_what_it_is_about() {
        let path = "ci.yml";
        let written = round(path, WORKFLOW, &[1], &[3]).expect("holds");
        let config = load(Arc::new(Source::new(".ci-lint.yml", written)), &[]).expect("valid");
        for (from, to) in [
            ("retention-days: 1", "retention-days: 2"),
            ("report/*.xml", "report/a.xml"),
            ("coverage-*", "coverage-1"),
            ("needs: [lint, unit_tests]", "needs: [lint]"),
            ("run: nox -s coverage_report_only", "run: behave; nox -s coverage_report_only"),
            ("timeout-minutes: 5, ", ""),
            ("fail-under=97", "fail-under=96"),
            ("concurrency: {group: ci, cancel-in-progress: true}\n", ""),
        ] {
            assert!(WORKFLOW.contains(from), "{from}");
            let source = Arc::new(Source::new(path, WORKFLOW.replacen(from, to, 1)));
            let tree = yaml::parse(&source.text).expect("valid YAML");
            let workflow = Workflow::read(tree.root()).expect("a workflow");
            assert_eq!(config.check(path, &workflow, &source, &[]).len(), 1, "{from}");
        }
    }

    #[test]
    fn several_files_share_the_pins() {
        let tree = yaml::parse(WORKFLOW).expect("valid YAML");
        let workflow = Workflow::read(tree.root()).expect("a workflow");
        let file = |path: &str, producers: &[usize], consumers: &[usize]| InitFile {
            path: path.to_owned(),
            workflow: &workflow,
            producers: producers.to_vec(),
            consumers: consumers.to_vec(),
            test_free_consumers: Vec::new(),
        };
        let written = write(&[file("a.yml", &[1], &[3]), file("b.yml", &[0, 1], &[3]), file("c.yml", &[], &[])]);
        let config = load(Arc::new(Source::new(".ci-lint.yml", written)), &[]).expect("valid");
        assert_eq!(config.settings.contract.len(), 3);
        assert_eq!(config.settings.coverage.producers.len(), 2);
        assert!(config.settings.coverage.consumer.is_some());
        assert_eq!(write(&[]), HEADER);
    }

    #[test]
    fn nasty_names_are_named() {
        for id in
            ["never", "<<", "*", "a*b", "/x/", "null", "~", "1.0", "true", "a: b", "# c", "é", "-", "'", "\"", "/tmp/i"]
        {
            let key = emit(&Value::String(id.to_owned()));
            let text = format!(
                "jobs:\n  other: {{}}\n  ? {}\n  : {{needs: other, timeout-minutes: 3, steps: [{{uses: a/upload-artifact@v1, with: {{name: x}}}}]}}\n",
                key.trim_end()
            );
            let text = if id == "<<" { text.replace("? <<", "? '<<'") } else { text };
            let written = round("[a]/{b}*?.yml", &text, &[1], &[1]).unwrap_or_else(|error| panic!("{id}: {error}"));
            assert!(written.contains("upload-artifact"), "{id}: {written}");
        }
    }

    /// Texts that YAML or the contract could take for something else.
    fn nasty() -> impl Strategy<Value = String> {
        let special = [
            "*",
            "a*",
            "/x/",
            "/x/i",
            "//",
            "/(",
            "<= 5",
            "<5",
            "!= a",
            "== 1",
            ">",
            "true",
            "True",
            "null",
            "~",
            "1.0",
            "01",
            "007",
            "1e3",
            "0x1F",
            "<<",
            "never",
            "${{ a == 'b' }}",
            "${{ x }}-*",
            "a\nb*\n",
            "a\n\n  b\n",
            " a\n b",
            "é\u{85}x",
            "\u{2028}",
            "\u{feff}",
            "# x",
            "- y",
            "a: z",
            "a #b",
            "\t",
            "a\tb\n*",
            "",
            " ",
            "/tmp/",
            "/tmp/i",
            "&a",
            "!t",
            "%x",
            "@a",
            "`",
            "{",
            "[",
            "|",
            "'",
            "\"",
            "\\",
            "\\n",
            "a\\*",
            "😀*",
            "yes",
            "2024-01-01",
            "--- a",
            "...",
            "a\r\n*b",
        ];
        prop_oneof![
            proptest::sample::select(special.to_vec()).prop_map(str::to_owned),
            proptest::collection::vec(proptest::sample::select(special.to_vec()), 1..4)
                .prop_map(|parts| parts.concat()),
            proptest::collection::vec(proptest::char::range(' ', '~'), 0..16).prop_map(String::from_iter),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_written_contract_reads_and_holds(
            ids in proptest::collection::vec(nasty(), 1..4),
            values in proptest::collection::vec(nasty(), 12),
            timeouts in any::<bool>(),
        ) {
            let mut jobs = Mapping::new();
            for (index, id) in ids.iter().enumerate() {
                let value = |n: usize| Value::String(values[(index + n) % values.len()].clone());
                let with: Mapping = INPUTS.iter().enumerate().map(|(n, input)| ((*input).into(), value(n))).collect();
                let step = Mapping::from_iter([
                    ("uses".into(), "actions/upload-artifact@v4".into()),
                    ("with".into(), Value::Mapping(with)),
                ]);
                let mut job = Mapping::from_iter([
                    ("needs".into(), vec![value(7), value(8)].into()),
                    ("steps".into(), vec![one("run", value(9)), Value::Mapping(step)].into()),
                ]);
                if timeouts || index == 0 {
                    job.insert("timeout-minutes".into(), value(10));
                }
                jobs.insert(id.as_str().into(), Value::Mapping(job));
            }
            let mut root = Mapping::from_iter([("jobs".into(), Value::Mapping(jobs))]);
            root.insert("concurrency".into(), Value::String(values[11].clone()));
            // JSON is YAML in which every text says what it is.
            let text = serde_json::to_string(&Value::Mapping(root)).expect("JSON");
            prop_assume!(yaml::parse(&text).is_ok_and(|tree| Workflow::read(tree.root()).is_ok()));
            let all: Vec<usize> = (0..ids.len()).collect();
            if let Err(error) = round("ci.yml", &text, &all, &all) {
                prop_assert!(false, "{text}\n{error}");
            }
        }
    }
}

use std::sync::Arc;

use super::*;
use crate::config::settings::{Config, load};
use crate::findings::Problem;
use crate::workflow::yaml;

const WORKFLOW: &str = "\
name: CI
on: [push, pull_request]
concurrency: ci-${{ github.ref }}
jobs:
  lint:
    runs-on: docker
    timeout-minutes: 5
    steps:
      - uses: actions/checkout@v4
      - run: ruff check
  typecheck:
    runs-on: docker
    timeout-minutes: 5
    steps:
      - run: mypy src
  unit_tests:
    runs-on: docker
    timeout-minutes: 15
    steps:
      - uses: actions/checkout@v4
      - name: Test
        run: |
          set -e
          coverage run -m pytest
      - name: Upload
        uses: https://code.forgejo.org/forgejo/upload-artifact@v4
        with:
          name: coverage-data
          path: .coverage
          include-hidden-files: true
          retention-days: 1
  coverage:
    needs: [lint, typecheck, unit_tests]
    runs-on: docker
    timeout-minutes: 10
    steps:
      - uses: actions/checkout@v4
      - uses: actions/download-artifact@v4
        with: {name: coverage-data}
      - run: nox -s coverage_report_only -- --fail-under=97
";

fn config(text: &str) -> Config {
    load(Arc::new(Source::new(".ci-lint.yml", text)), &["contract"]).expect("a valid configuration")
}

fn problems(text: &str) -> Vec<Problem> {
    load(Arc::new(Source::new(".ci-lint.yml", text)), &["contract"]).expect_err("an invalid configuration")
}

/// Message, text at the workflow's place, text at the contract's place.
type Said = (String, String, String);

fn findings(contract: &str, workflow: &str) -> Vec<Finding> {
    let indented: Vec<String> = contract.lines().map(|line| format!("    {line}\n")).collect();
    let config = config(&format!("contract:\n  ci.yml:\n{}", indented.concat()));
    let source = Arc::new(Source::new("ci.yml", workflow));
    let tree = yaml::parse(&source.text).expect("valid YAML");
    let model = Workflow::read(tree.root()).expect("a workflow");
    config.check("ci.yml", &model, &source, &[])
}

fn said(contract: &str, workflow: &str) -> Vec<Said> {
    let place = |label: &Label| label.source.slice(label.span).to_owned();
    findings(contract, workflow)
        .iter()
        .map(|f| {
            assert_eq!((f.rule, f.confidence), ("contract", Confidence::High));
            assert!(f.help.as_ref().is_some_and(|help| !help.is_empty()));
            (f.message.clone(), place(&f.primary), place(&f.related[0]))
        })
        .collect()
}

#[track_caller]
fn holds(contract: &str, workflow: &str) {
    assert_eq!(said(contract, workflow), [], "{contract}");
}

#[track_caller]
fn violated(contract: &str, workflow: &str, expected: &[(&str, &str, &str)]) {
    let said = said(contract, workflow);
    let said: Vec<_> = said.iter().map(|(a, b, c)| (a.as_str(), b.as_str(), c.as_str())).collect();
    assert_eq!(said, expected, "{contract}");
}

/// The workflow with one text replaced.
#[track_caller]
fn with(from: &str, to: &str) -> String {
    assert!(WORKFLOW.contains(from), "{from}");
    WORKFLOW.replacen(from, to, 1)
}

#[test]
fn the_coverage_job_needs_the_others() {
    let contract = "jobs: {coverage: {needs: [lint, typecheck, unit_tests]}}";
    holds(contract, WORKFLOW);
    holds("jobs: {coverage: {needs: lint}}", WORKFLOW);
    holds(contract, &with("[lint, typecheck, unit_tests]", "[unit_tests, docs, typecheck, LINT]"));
    violated(
        contract,
        &with("[lint, typecheck, unit_tests]", "unit_tests"),
        &[
            ("`needs` of job `coverage` lacks `lint`, which the contract demands", "unit_tests", "lint"),
            ("`needs` of job `coverage` lacks `typecheck`, which the contract demands", "unit_tests", "typecheck"),
        ],
    );
    violated(
        contract,
        &with("    needs: [lint, typecheck, unit_tests]\n", ""),
        &[(
            "job `coverage` has no `needs`; the contract demands `lint`, `typecheck`, `unit_tests`",
            "coverage",
            "needs: [lint, typecheck, unit_tests]",
        )],
    );
}

const UPLOAD: &str = "\
jobs:
  unit_tests:
    steps:
      - uses: upload-artifact
        with: {name: coverage-data, path: .coverage, include-hidden-files: true, retention-days: 1}";

#[test]
fn unit_tests_upload_the_data() {
    holds(UPLOAD, WORKFLOW);
    holds(UPLOAD, &with("path: .coverage", "path: |\n            report.txt\n            .coverage"));
    violated(
        UPLOAD,
        &with("retention-days: 1", "retention-days: 7"),
        &[("`with.retention-days` of step 3 of job `unit_tests` is `7`; the contract demands `1`", "7", "1")],
    );
    violated(
        UPLOAD,
        &with("          include-hidden-files: true\n", ""),
        &[(
            "step 3 of job `unit_tests` has no `with.include-hidden-files`; the contract demands `true`",
            "with",
            "include-hidden-files: true",
        )],
    );
    violated(
        UPLOAD,
        &with("name: coverage-data\n          path: .coverage", "name: data\n          path: .coverage.x"),
        &[
            (
                "`with.name` of step 3 of job `unit_tests` is `data`; the contract demands `coverage-data`",
                "data",
                "coverage-data",
            ),
            (
                "`with.path` of step 3 of job `unit_tests` is `.coverage.x`; the contract demands `.coverage`",
                ".coverage.x",
                ".coverage",
            ),
        ],
    );
    let gone = with("https://code.forgejo.org/forgejo/upload-artifact@v4", "actions/cache/save@v4");
    violated(
        UPLOAD,
        &gone,
        &[(
            "no step of job `unit_tests` matches `uses: upload-artifact` with `name: coverage-data`",
            "steps",
            "uses: upload-artifact\n            with: {name: coverage-data, path: .coverage, include-hidden-files: true, retention-days: 1}",
        )],
    );
}

#[test]
fn a_step_without_inputs_lacks_each() {
    violated(
        "jobs: {coverage: {steps: [{uses: download-artifact, with: {name: coverage-data, path: /^x$/}}]}}",
        &with("        with: {name: coverage-data}\n", ""),
        &[
            (
                "step 2 of job `coverage` has no `with.name`; the contract demands `coverage-data`",
                "actions/download-artifact@v4",
                "name: coverage-data",
            ),
            (
                "step 2 of job `coverage` has no `with.path`; the contract demands `/^x$/`",
                "actions/download-artifact@v4",
                "path: /^x$/",
            ),
        ],
    );
}

const DOWNLOAD: &str = "\
jobs:
  coverage:
    steps:
      - uses: download-artifact
        with: {name: coverage-data}
      - run: /nox .*coverage_report_only/";

#[test]
fn coverage_downloads_before_it_reports() {
    holds(DOWNLOAD, WORKFLOW);
    violated(
        DOWNLOAD,
        &with("with: {name: coverage-data}", "with: {NAME: other}"),
        &[(
            "`with.NAME` of step 2 of job `coverage` is `other`; the contract demands `coverage-data`",
            "other",
            "coverage-data",
        )],
    );
    let swapped = with(
        "      - uses: actions/download-artifact@v4\n        with: {name: coverage-data}\n      - run: nox -s coverage_report_only -- --fail-under=97\n",
        "      - run: nox -s coverage_report_only\n      - uses: actions/download-artifact@v4\n        with: {name: coverage-data}\n",
    );
    violated(
        DOWNLOAD,
        &swapped,
        &[(
            "step 2 of job `coverage` stands before step 3; the contract demands it after",
            "run",
            "run: /nox .*coverage_report_only/",
        )],
    );
    let finding = &findings(DOWNLOAD, &swapped)[0];
    assert_eq!(finding.related[1].source.slice(finding.related[1].span), "actions/download-artifact@v4");
}

#[test]
fn each_contract_step_takes_a_step_of_its_own() {
    let twice = "jobs: {lint: {steps: [{uses: checkout}, {uses: checkout}]}}";
    violated(
        twice,
        WORKFLOW,
        &[("no further step of job `lint` matches `uses: checkout`", "steps", "{uses: checkout}")],
    );
    holds(twice, &with("      - run: ruff check", "      - uses: x/checkout@v1"));
}

const NEVER: &str = "\
jobs:
  coverage:
    never:
      - run: /\\b(behave|pytest|nox -s unit_tests)\\b/
      - uses: upload-artifact
        with: {name: coverage-data}";

#[test]
fn coverage_runs_no_tests() {
    holds(NEVER, WORKFLOW);
    let tested = with(
        "      - run: nox -s coverage_report_only",
        "      - run: |\n          uv sync\n          uv run pytest -q\n      - run: nox -s coverage_report_only",
    );
    violated(
        NEVER,
        &tested,
        &[(
            "step 3 of job `coverage` runs `pytest`, which the contract forbids",
            "pytest",
            "run: /\\b(behave|pytest|nox -s unit_tests)\\b/",
        )],
    );
    assert_eq!(findings(NEVER, &tested)[0].related[0].text, "the contract forbids this");
    let twice = with("download-artifact@v4", "upload-artifact@v4");
    violated(
        NEVER,
        &twice,
        &[(
            "step 2 of job `coverage` uses `actions/upload-artifact@v4`, which the contract forbids",
            "actions/upload-artifact@v4",
            "uses: upload-artifact\n            with: {name: coverage-data}",
        )],
    );
    holds(NEVER, &twice.replacen("with: {name: coverage-data}", "with: {name: report}", 1));
}

#[test]
fn never_forbids_keys_values_and_fragments_anywhere() {
    holds("never: {env: {DEBUG: }, jobs: {\"*\": {continue-on-error: true}}}", WORKFLOW);
    violated(
        "never: {on: pull_request, jobs: {coverage: {needs: [lint, unit_tests], timeout-minutes: \"> 5\"}, lint: {}}}",
        WORKFLOW,
        &[
            ("`on.pull_request` is there, which the contract forbids", "pull_request", "pull_request"),
            ("job `lint` is there, which the contract forbids", "lint", "lint"),
            ("`needs` of job `coverage` is `lint`, which the contract forbids", "lint", "lint"),
            ("`needs` of job `coverage` is `unit_tests`, which the contract forbids", "unit_tests", "unit_tests"),
            ("`timeout-minutes` of job `coverage` is `10`, which the contract forbids", "10", "\"> 5\""),
        ],
    );
    violated(
        "never: [permissions, concurrency]",
        WORKFLOW,
        &[("`concurrency` is there, which the contract forbids", "concurrency", "concurrency")],
    );
    let fragment = "jobs: {unit_tests: {steps: [{uses: upload-artifact, with: {never: [{name: coverage-data, path: .coverage}]}}]}}";
    violated(
        fragment,
        WORKFLOW,
        &[(
            "`with` of step 3 of job `unit_tests` is as the contract forbids",
            "coverage-data",
            "{name: coverage-data, path: .coverage}",
        )],
    );
    holds(fragment, &with("path: .coverage", "path: x"));
    // An upload that says nothing of its retention.
    let nested = "jobs: {\"*\": {never: [{uses: upload-artifact, never: {with: {retention-days: }}}]}}";
    holds(nested, WORKFLOW);
    violated(
        nested,
        &with("          retention-days: 1\n", ""),
        &[(
            "step 3 of job `unit_tests` uses `https://code.forgejo.org/forgejo/upload-artifact@v4`, which the contract forbids",
            "https://code.forgejo.org/forgejo/upload-artifact@v4",
            "{uses: upload-artifact, never: {with: {retention-days: }}}",
        )],
    );
}

#[test]
fn jobs_have_a_timeout() {
    for contract in [
        "jobs: {\"*\": {timeout-minutes: \"*\"}}",
        "jobs: {\"*\": {timeout-minutes: }}",
        "jobs: {\"/_tests$/\": {timeout-minutes: \"<= 15\"}}",
    ] {
        holds(contract, WORKFLOW);
    }
    let contract = "jobs: {\"*\": {timeout-minutes: \"<= 10\", runs-on: docker}}";
    let called = "  called:\n    uses: ./.github/workflows/x.yml\n";
    let workflow = with("    timeout-minutes: 5\n", "").replace("\njobs:\n", &format!("\njobs:\n{called}"));
    violated(
        contract,
        &workflow,
        &[
            ("job `lint` has no `timeout-minutes`; the contract demands `<= 10`", "lint", "timeout-minutes: \"<= 10\""),
            ("`timeout-minutes` of job `unit_tests` is `15`; the contract demands `<= 10`", "15", "\"<= 10\""),
        ],
    );
    violated(
        "jobs: {called: {timeout-minutes: }}",
        &workflow,
        &[("job `called` has no `timeout-minutes`", "called", "timeout-minutes")],
    );
    violated(
        "jobs: {lint: {timeout-minutes: \"*\"}}",
        &with("timeout-minutes: 5", "timeout-minutes:"),
        &[("`timeout-minutes` of job `lint` is empty; the contract demands a value", "timeout-minutes", "\"*\"")],
    );
}

#[test]
fn what_is_computed_cannot_be_known() {
    let workflow = with("timeout-minutes: 5", "timeout-minutes: ${{ vars.T }}");
    let contract = "jobs: {lint: {timeout-minutes: \"<= 10\"}}";
    violated(
        contract,
        &workflow,
        &[(
            "`timeout-minutes` of job `lint` is computed, so whether it is `<= 10` cannot be known",
            "${{ vars.T }}",
            "\"<= 10\"",
        )],
    );
    assert_eq!(findings(contract, &workflow)[0].severity, Severity::Warning);
    let equal = findings("jobs: {lint: {timeout-minutes: 10}}", &workflow);
    assert_eq!(
        (equal[0].severity, equal[0].primary.text.as_str()),
        (Severity::Error, "computed when the workflow runs")
    );
    holds("never: {jobs: {lint: {timeout-minutes: \"> 10\"}}}", &workflow);
    holds("jobs: {lint: {timeout-minutes: \"${{ vars.T }}\"}}", &workflow);
}

#[test]
fn the_workflow_has_a_concurrency_group() {
    for contract in [
        "concurrency: {group: \"*\"}",
        "concurrency: \"*\"",
        "concurrency: ci-${{ github.ref }}",
        "concurrency: /github.ref/",
        "concurrency:",
    ] {
        holds(contract, WORKFLOW);
        holds(contract, &with("concurrency: ci-${{ github.ref }}", "concurrency: {group: 'ci-${{ github.ref }}'}"));
    }
    let contract = "concurrency: {group: \"*\"}";
    violated(
        contract,
        &with("concurrency: ci-${{ github.ref }}\n", ""),
        &[("the workflow has no `concurrency`", "name", "concurrency: {group: \"*\"}")],
    );
    violated(
        contract,
        &with("concurrency: ci-${{ github.ref }}", "concurrency: {cancel-in-progress: true}"),
        &[("the workflow has no `concurrency.group`", "concurrency", "group: \"*\"")],
    );
    violated(
        "concurrency: x",
        WORKFLOW,
        &[("`concurrency.group` is `ci-${{ github.ref }}`; the contract demands `x`", "ci-${{ github.ref }}", "x")],
    );
}

#[test]
fn short_forms_are_the_mappings_they_stand_for() {
    let workflow = "on: push\njobs:\n  a: {runs-on: docker, container: python:3.13, environment: prod, env: {A: \"1\"}}\n  b: {runs-on: [self-hosted, arm], container: {image: python:3.13}, environment: {name: prod}, if: \"${{ always() }}\"}\n";
    for contract in [
        "on: push",
        "on: [push]",
        "on: {push: }",
        "jobs: {a: {container: {image: python:3.13}}, b: {container: \"python:*\"}}",
        "jobs: {\"*\": {environment: prod, container: \"*\"}}",
        "jobs: {\"*\": {environment: {name: prod}}}",
        "jobs: {a: {runs-on: [docker]}, b: {runs-on: arm}}",
        "jobs: {b: {runs-on: {labels: [arm, self-hosted]}, if: always()}}",
        "jobs: {a: {env: {\"/^A$/\": 1}}}",
    ] {
        holds(contract, workflow);
    }
    violated(
        "on: {push: {branches: main}}",
        workflow,
        &[("the workflow has no `on.push.branches`; the contract demands `main`", "push", "branches: main")],
    );
    violated(
        "jobs: {b: {runs-on: docker}}",
        workflow,
        &[("`runs-on.labels` of job `b` lacks `docker`, which the contract demands", "[self-hosted, arm]", "docker")],
    );
}

#[test]
fn a_missing_job_is_pointed_out_at_jobs() {
    let contract = "jobs: {unit_test: {timeout-minutes: 5}, deploy: , \"x_*\": {}}";
    violated(
        contract,
        WORKFLOW,
        &[
            ("the workflow has no job `unit_test`, which the contract is about", "jobs", "unit_test"),
            ("the workflow has no job `deploy`, which the contract is about", "jobs", "deploy"),
            ("the workflow has no job `x_*`, which the contract is about", "jobs", "\"x_*\""),
        ],
    );
    assert!(findings(contract, WORKFLOW)[0].help.as_ref().is_some_and(|help| help.contains("`unit_tests`")));
}

#[test]
fn shapes_that_differ_are_said() {
    violated(
        "jobs: {lint: {steps: [{run: x}], needs: a}}",
        "jobs:\n  lint: {steps: none, needs: {a: b}}\n",
        &[
            ("`steps` of job `lint` is a text; the contract demands steps", "none", "[{run: x}]"),
            ("`needs` of job `lint` is a mapping; the contract demands a text", "{a: b}", "a"),
        ],
    );
    violated(
        "jobs: {lint: {strategy: {matrix: {os: [a, b]}}}}",
        "jobs:\n  lint: {strategy: {matrix: \"${{ x }}\"}}\n",
        &[(
            "`strategy.matrix` of job `lint` is computed, so whether it is as the contract demands cannot be known",
            "\"${{ x }}\"",
            "{os: [a, b]}",
        )],
    );
    violated(
        "jobs: {lint: {strategy: {matrix: {include: [{os: a}, {os: b, x: 1}]}}}}",
        "jobs:\n  lint: {strategy: {matrix: {include: [{os: b, x: 2}, {os: a, y: 1}]}}}\n",
        &[(
            "`strategy.matrix.include` of job `lint` lacks `os: b`, which the contract demands",
            "[{os: b, x: 2}, {os: a, y: 1}]",
            "{os: b, x: 1}",
        )],
    );
}

#[test]
fn the_threshold_may_not_fall_below_the_settings() {
    let source = Arc::new(Source::new("ci.yml", WORKFLOW));
    let tree = yaml::parse(&source.text).expect("valid YAML");
    let model = Workflow::read(tree.root()).expect("a workflow");
    let check = |text: &str, consumers: &[usize]| config(text).check("ci.yml", &model, &source, consumers);
    let found = check("coverage: {consumer: coverage, fail-under: 98.5}", &[]);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].message, "job `coverage` lets coverage fall to 97 %; `coverage.fail-under` demands 98.5 %");
    assert_eq!(source.slice(found[0].primary.span), "--fail-under=97");
    assert_eq!(found[0].related[0].source.slice(found[0].related[0].span), "98.5");
    assert_eq!(check("coverage: {fail-under: 98}", &[3]).len(), 1);
    assert!(check("coverage: {fail-under: 97}", &[3]).is_empty());
    assert!(check("coverage: {fail-under: 98}", &[]).is_empty());
}

#[test]
fn the_contract_of_the_design_reads() {
    let text = "\
contract:
  .forgejo/workflows/ci.yml:
    jobs:
      unit_tests:
        steps:
          - uses: upload-artifact                  # any version
            with: { name: coverage-data, path: .coverage, include-hidden-files: true, retention-days: 1 }
      coverage:
        needs: [lint, typecheck, unit_tests]       # at least these
        timeout-minutes: \"<= 15\"
        steps:                                     # in this order, others may stand between
          - uses: download-artifact
            with: { name: coverage-data }
          - run: /nox .*coverage_report_only/
        never:
          - run: /behave|pytest|nox -s unit_tests/
coverage:
  producers: [unit_tests]
  consumer: coverage
  fail-under: 97
";
    let source = Arc::new(Source::new(".forgejo/workflows/ci.yml", WORKFLOW));
    let tree = yaml::parse(&source.text).expect("valid YAML");
    let model = Workflow::read(tree.root()).expect("a workflow");
    assert!(config(text).check(".forgejo/workflows/ci.yml", &model, &source, &[]).is_empty());
}

#[test]
fn the_example_of_the_reference_reads() {
    let reference = include_str!("../../../docs/contract.md");
    let example = reference.split("```yaml\n").nth(1).and_then(|rest| rest.split("```").next()).expect("an example");
    let config = config(example);
    let source = Arc::new(Source::new(".forgejo/workflows/ci.yml", WORKFLOW));
    let tree = yaml::parse(&source.text).expect("valid YAML");
    let model = Workflow::read(tree.root()).expect("a workflow");
    assert_eq!(config.settings.contract.len(), 1);
    assert!(config.check(".forgejo/workflows/ci.yml", &model, &source, &[]).is_empty());
}

#[test]
fn a_contract_that_cannot_be_meant_is_refused() {
    for (contract, message, place, help) in [
        ("jobs: {a: {need: b}}", "a job has no key `need`", "need", "did you mean `needs`?"),
        ("job: {a: }", "a workflow has no key `job`", "job", "did you mean `jobs`?"),
        ("jobs: {a: {steps: [{usse: x}]}}", "a step has no key `usse`", "usse", "did you mean `uses`?"),
        ("jobs: {a: {steps: {never: [{run: x}]}}}", "`never` stands under `steps`", "never", "in the job"),
        ("jobs: {a: {steps: x}}", "`steps` is a text, it must be a list of steps", "x", ""),
        ("jobs: {a: {steps: [x]}}", "a step is a text, it must be a mapping", "x", ""),
        ("jobs: {a: {needs: {b: c}}}", "`needs` is a mapping, it must be a text or a list of job ids", "{b: c}", ""),
        ("jobs: {a: {timeout-minutes: {b: c}}}", "this value is a mapping, it must be a text", "{b: c}", ""),
        ("jobs: [a]", "`jobs` is a list, it must be a mapping", "[a]", ""),
        ("name: /(/", "not a regular expression: unclosed group", "/(/", "regular expression"),
        ("jobs: {a: {timeout-minutes: \"<= x\"}}", "the comparison `<=` needs a number, not `x`", "\"<= x\"", "write"),
        ("jobs: {\"/[/\": }", "not a regular expression: unclosed character class", "\"/[/\"", ""),
        ("never: {never: {name: x}}", "`never` stands inside `never`", "never", "list item"),
        ("never: x", "`never` is a text, it must be a list or a mapping", "x", ""),
        ("jobs: {a: {never: x}}", "`never` is a text, it must be a list of steps or a mapping", "x", ""),
        ("never: [nme]", "a workflow has no key `nme`", "nme", "did you mean `name`?"),
        ("jobs: {a: {needs: [~]}}", "an item of `needs` is nothing, it must be a text, a list or a mapping", "~", ""),
    ] {
        let found = problems(&format!("contract:\n  ci.yml: {{{contract}}}\n"));
        assert_eq!(found.len(), 1, "{contract}: {found:?}");
        assert_eq!(found[0].message, message);
        let label = found[0].label.as_ref().expect("a place");
        assert_eq!(label.source.slice(label.span), place);
        assert!(found[0].help.as_deref().unwrap_or_default().contains(help), "{contract}: {:?}", found[0].help);
    }
}

#[test]
fn a_hostile_contract_ends_in_a_problem() {
    let deep = (0..200).map(|_| "{a: ").collect::<String>() + "x" + &"}".repeat(200);
    let chain: Vec<String> = (1..150).map(|n| format!("  f{n}: {{env: &a{n} {{x: *a{}}}}}\n", n - 1)).collect();
    let chain = chain.concat();
    let regexes = vec!["/x/"; 600].join(", ");
    let wide = vec!["x"; 30_000].join(", ");
    let nevers = "{never: [".repeat(80) + "{name: x}" + &"]}".repeat(80);
    for (text, words) in [
        (format!("contract: {{ci.yml: {{env: {deep}}}}}"), "deep"),
        (format!("contract:\n  f0: {{env: &a0 {{x: y}}}}\n{chain}"), "deep"),
        (format!("contract: {{ci.yml: {{env: {{a: [{regexes}]}}}}}}"), "500 regular expressions"),
        (format!("contract: {{ci.yml: {{env: {{a: [{wide}]}}}}}}"), "20000 values"),
        ("contract: {ci.yml: {name: \"/(\\\\w{50}){50}/\"}}".to_owned(), "bytes when compiled"),
        (format!("contract: {{ci.yml: {nevers}}}"), "deep"),
        (format!("# {}\na: b", "x".repeat(300_000)), "the limit is"),
    ] {
        let found = problems(&text);
        assert!(found[0].message.contains(words), "{words}: {:?}", found[0].message);
        assert!(found.len() < 5, "{words}: {}", found.len());
    }
}

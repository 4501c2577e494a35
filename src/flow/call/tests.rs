use std::collections::HashMap;

use super::*;
use crate::flow::{Flow, Pins, Project};

#[derive(Debug)]
struct Known(HashMap<&'static str, &'static str>);

impl Files for Known {
    fn read(&self, path: &str) -> Option<Arc<Source>> {
        self.0.get(path).map(|text| Arc::new(Source::new(path, *text)))
    }
}

/// What `check` sees of a workflow with these files beside it.
fn with<T>(text: &str, files: &[(&'static str, &'static str)], check: impl FnOnce(&Workflow<'_>, &Flow<'_>) -> T) -> T {
    let files = Known(files.iter().copied().collect());
    let tree = yaml::parse(text).expect("valid YAML");
    let workflow = Workflow::read(tree.root()).expect("a workflow");
    let (texts, trees) = (Texts::default(), Trees::default());
    let whole = whole(&workflow, &files, &texts, &trees);
    let seen = whole.as_ref().unwrap_or(&workflow);
    let flow = Flow::build(seen, Project { files: Arc::new(files), ..Project::default() }, &Pins::default());
    check(seen, &flow)
}

fn ids(workflow: &Workflow<'_>) -> Vec<String> {
    workflow.jobs.iter().map(|job| job.id.value.to_owned()).collect()
}

/// The names of the artifacts uploaded.
fn names(flow: &Flow<'_>) -> Vec<String> {
    flow.producers.iter().flat_map(|p| &p.uploads).map(|upload| upload.name.to_string()).collect()
}

const UPLOAD: &str = "uses: actions/upload-artifact@v4, with: {path: x, name: ";

#[test]
fn called_jobs_wait_as_their_caller_does_and_are_waited_for() {
    let text = "jobs: {first: {}, call: {needs: first, uses: ./c.yml}, last: {needs: call}, free: {}}";
    let called = ("c.yml", "on: workflow_call\njobs: {a: {}, b: {needs: a}, first: {}}");
    with(text, &[called], |workflow, flow| {
        assert_eq!(ids(workflow), ["first", "call", "last", "free", "call / a", "call / b", "call / first"]);
        let [first, call, last, free, a, b, inner] = [0, 1, 2, 3, 4, 5, 6];
        let needs = &flow.needs;
        assert!(needs.orders(a, first) && needs.orders(b, a) && needs.orders(inner, first));
        assert!(needs.orders(last, b) && needs.orders(last, call) && needs.orders(last, first));
        assert!(!needs.orders(free, a) && !needs.orders(a, b) && !needs.orders(b, inner) && !needs.orders(call, a));
        assert_eq!(workflow.siblings(b, last), (call, last));
        assert_eq!(workflow.siblings(a, b), (a, b));
        assert_eq!(workflow.jobs[inner].own_id(), "first");
        assert!(!flow.has_unseen_producers_for(workflow, last));
    });
}

#[test]
fn what_cannot_be_read_or_never_ends_stays_closed() {
    let closed = |text: &str, files: &[(&'static str, &'static str)]| {
        with(text, files, |workflow, flow| (workflow.jobs.len(), flow.jobs[0].opaque_producer))
    };
    let call = "jobs: {call: {uses: ./c.yml}, last: {needs: call}}";
    assert_eq!(closed(call, &[]), (2, true));
    assert_eq!(closed(call, &[("c.yml", "on: push\njobs: {a: {}}")]), (2, true), "it may not be called");
    assert_eq!(closed(call, &[("c.yml", "on: [")]), (2, true));
    assert_eq!(closed("jobs: {call: {uses: ../c.yml}}", &[("c.yml", "on: workflow_call\njobs: {a: {}}")]), (1, true));
    // The call within is not followed: nothing would ever run.
    assert_eq!(closed(call, &[("c.yml", "on: workflow_call\njobs: {again: {uses: ./c.yml}}")]), (3, false));
}

#[test]
fn a_wide_tree_of_calls_is_bounded() {
    let deep = "on: workflow_call\njobs: {a: {uses: ./b.yml}, b: {uses: ./b.yml}, c: {uses: ./b.yml}}";
    let wide = "on: workflow_call\njobs: {a: {uses: ./d.yml}, b: {uses: ./d.yml}, c: {uses: ./d.yml}}";
    let files = [("a.yml", deep), ("b.yml", wide), ("d.yml", "on: workflow_call\njobs: {a: {}, b: {}, c: {}}")];
    let jobs: Vec<String> = (0..40).map(|job| format!("j{job}: {{uses: ./a.yml}}")).collect();
    let count = with(&format!("jobs: {{{}}}", jobs.join(", ")), &files, |workflow, _| workflow.jobs.len());
    assert!(count > 40 && count <= MAX_CALLED_JOBS, "{count}");
}

#[test]
fn inputs_have_their_types_and_defaults() {
    let called =
        "on: {workflow_call: {inputs: {name: {type: string}, on: {type: boolean}, count: {type: number, default: 3}}}}
jobs:
  a:
    steps:
      - {uses: actions/upload-artifact@v4, with: {path: x, name: 'n-${{ inputs.name }}-${{ inputs.count }}'}}
      - {if: inputs.on, uses: actions/upload-artifact@v4, with: {path: x, name: on}}
      - {if: inputs.on == false, uses: actions/upload-artifact@v4, with: {path: x, name: off}}
      - {if: inputs.count > 2, uses: actions/upload-artifact@v4, with: {path: x, name: many}}
";
    let all = |with_: &str| {
        let text = format!("jobs: {{call: {{uses: ./c.yml, with: {with_}}}}}");
        with(&text, &[("c.yml", called)], |_, flow| names(flow))
    };
    assert_eq!(all("{name: x, on: true}"), ["n-x-3", "on", "many"]);
    assert_eq!(all("{count: 1}"), ["n--1", "off"]);
    assert_eq!(all("{name: 'a${{ github.sha }}', on: '${{ vars.x }}'}"), ["n-a…-3", "on", "off", "many"]);
}

#[test]
fn the_input_of_an_action_is_a_text_and_so_always_holds() {
    let action = "inputs: {on: {default: 'false'}}
runs:
  using: composite
  steps:
    - {if: inputs.on, uses: actions/upload-artifact@v4, with: {path: x, name: held}}
    - {if: \"inputs.on == 'true'\", uses: actions/upload-artifact@v4, with: {path: x, name: compared}}
";
    let text = "jobs: {a: {steps: [{uses: actions/checkout@v4}, {uses: ./x}]}}";
    with(text, &[("x/action.yml", action)], |workflow, flow| {
        assert_eq!(names(flow), ["held"]);
        assert_eq!(
            workflow.jobs[0].steps.iter().map(|step| step.within).collect::<Vec<_>>(),
            [None, None, Some(1), Some(1)]
        );
        let place = workflow.jobs[0].steps[2].anchor();
        let (file, inner) = workflow.called_file(place).expect("in the action");
        assert_eq!(file.source.slice(inner), "actions/upload-artifact@v4");
        assert_eq!(workflow.slice(place), "actions/upload-artifact@v4");
        assert_eq!(workflow.slice(workflow.own_place(place)), "./x");
        assert_eq!(workflow.called_file(workflow.jobs[0].steps[1].anchor()).map(|found| found.1), None);
    });
}

#[test]
fn outputs_lead_through_actions_jobs_and_called_workflows() {
    let action = "inputs: {to: {}}
outputs: {it: {value: '${{ steps.say.outputs.it }}'}}
runs:
  using: composite
  steps:
    - {id: say, shell: sh, run: 'echo \"it=${{ inputs.to }}-said\" >> $GITHUB_OUTPUT'}
";
    let called = "on: {workflow_call: {outputs: {whole: {value: '${{ jobs.make.outputs.part }}'}}}}
jobs:
  make:
    outputs: {part: '${{ steps.act.outputs.it }}'}
    steps:
      - {uses: actions/checkout@v4}
      - {id: act, uses: ./x, with: {to: made}}
";
    let text = format!(
        "jobs:
  call: {{uses: ./c.yml}}
  use: {{needs: call, steps: [{{{UPLOAD}'${{{{ needs.call.outputs.whole }}}}'}}}}]}}
  none: {{needs: call, steps: [{{{UPLOAD}'${{{{ needs.call.outputs.other }}}}'}}}}]}}
"
    );
    let files = [("c.yml", called), ("x/action.yml", action)];
    assert_eq!(with(&text, &files, |_, flow| names(flow)), ["made-said", "…"]);
}

#[test]
fn variables_reach_into_actions_and_not_into_called_workflows() {
    let upload = "{uses: actions/upload-artifact@v4, with: {path: x, name: '${{ env.A }}-${{ env.B }}-${{ env.C }}'}}";
    let text = format!(
        "env: {{A: workflow, B: workflow}}
jobs:
  act:
    env: {{B: job}}
    steps:
      - {{uses: actions/checkout@v4}}
      - {{run: 'echo C=early >> $GITHUB_ENV'}}
      - {{uses: ./x, env: {{A: step}}}}
      - {upload}
  call: {{uses: ./c.yml}}
"
    );
    let action: &'static str = "runs:
  using: composite
  steps:
    - {shell: sh, run: 'echo C=inner >> $GITHUB_ENV'}
    - {uses: actions/upload-artifact@v4, with: {path: x, name: '${{ env.A }}-${{ env.B }}-${{ env.C }}'}}
";
    let called: &'static str = "on: workflow_call
env: {A: called}
jobs:
  a: {env: {C: '${{ env.A }}'}, steps: [{uses: actions/upload-artifact@v4, with: {path: x, name: '${{ env.A }}-${{ env.B }}-${{ env.C }}'}}]}
";
    let files = [("c.yml", called), ("x/action.yml", action)];
    assert_eq!(with(&text, &files, |_, flow| names(flow)), ["step-job-inner", "workflow-job-inner", "called-…-called"]);
}

#[test]
fn an_action_does_not_run_in_the_folder_of_its_caller() {
    let text = "jobs: {a: {defaults: {run: {working-directory: sub, shell: pwsh}}, steps: [{uses: actions/checkout@v4}, {uses: ./x}]}}";
    let action = "runs: {using: composite, steps: [{run: coverage run -m pytest, shell: bash}]}";
    with(text, &[("x/action.yml", action)], |_, flow| {
        let files = flow.data_before(0, 9);
        assert_eq!(files.iter().map(ToString::to_string).collect::<Vec<_>>(), [".coverage"]);
    });
}

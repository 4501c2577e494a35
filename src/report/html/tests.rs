use std::collections::HashSet;

use super::*;
use crate::report::model::Numbers;

fn page(report: &Report, options: &HtmlOptions, name: &str) -> String {
    let files = render(report, options);
    let (_, bytes) = files.into_iter().find(|(file, _)| file == name).expect("the page is there");
    String::from_utf8(bytes).expect("pages are UTF-8")
}

fn source_page(file: FileReport) -> String {
    let report = Report { files: vec![file], ..samples::report() };
    let options = HtmlOptions::default();
    String::from_utf8(Site::new(&report, &options).page(0)).expect("pages are UTF-8")
}

#[test]
fn renders_every_page_once_and_always_the_same() {
    let report = samples::report();
    let options = HtmlOptions { extra_css: Some(b"body{}".to_vec()), ..HtmlOptions::default() };
    let files = render(&report, &options);
    assert_eq!(files, render(&report, &options));
    let names: HashSet<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names.len(), files.len());
    assert_eq!(files.len(), 3 + 3 + 1);
    for name in ["index.html", "function_index.html", "class_index.html"] {
        assert!(names.contains(name));
    }
    for (name, bytes) in &files {
        let text = String::from_utf8_lossy(bytes);
        assert!(!text.contains("://"), "{name} refers to something remote");
    }
}

#[test]
fn source_pages_show_marks_branches_and_contexts() {
    let page = source_page(samples::file());
    assert!(page.contains("<div class=m id=t5>"));
    assert!(page.contains("<div class=\"m k\" id=t6>"));
    assert!(page.contains("<div id=t2><a href=#t2>2</a><br></div>"));
    assert!(page.contains(
        "4\u{202f}↛\u{202f}<a href=#t5>5</a><span>line 4 didn&#39;t jump to line 5 because the condition on line 4 was always \
         true</span>"
    ));
    assert!(page.contains("7\u{202f}↛\u{202f}anywhere<span>line 7 took none"));
    assert!(page.contains("data-c=\"0-3\" aria-expanded=false>4 ctx<"));
    assert!(page.contains("<span class=c>(empty)</span>"));
    assert!(page.contains(r#">["(empty)","test_9","test_10","test_a"]</script>"#));
    assert!(page.contains("<b>3</b> missing"));
    assert!(page.contains("54%"));
}

#[test]
fn indexes_show_the_models_figures() {
    let report = samples::report();
    let options = HtmlOptions { precision: 2, ..HtmlOptions::default() };
    let index = page(&report, &options, "index.html");
    assert!(
        index.contains(
            "<td>9</td><td>3</td><td>2</td><td class=\"group\" data-r=\"1 4\">25.00%</td><td>4</td><td>3</td>"
        )
    );
    assert!(index.contains("data-r=\"7 13\""));
    assert!(index.contains("<span>53.85%</span>"));
    let functions = page(&report, &options, "function_index.html");
    assert!(functions.contains("_mod_py.html#t12\">C.<wbr>g</a>"));
    assert!(functions.contains("<i>outside any function</i>"));
    let lines_only = Report { branch: false, ..samples::report() };
    assert!(!page(&lines_only, &options, "index.html").contains("Branches"));
}

#[test]
fn leaves_out_what_is_asked_for() {
    let mut covered = samples::file();
    covered.numbers.missing = 0;
    covered.numbers.partial_branches = 0;
    let mut empty = samples::file();
    empty.numbers = Numbers::default();
    empty.name = "pkg/empty.py".to_owned();
    let report = Report { files: vec![covered, empty, samples::file()], ..samples::report() };
    let options = HtmlOptions { skip_covered: true, skip_empty: true, ..HtmlOptions::default() };
    let site = Site::new(&report, &options);
    assert_eq!(site.len(), 1);
    let index = String::from_utf8(site.index()).expect("UTF-8");
    assert!(index.contains("Not listed: 2 files fully covered."));
    let options = HtmlOptions { skip_empty: true, ..HtmlOptions::default() };
    let index = String::from_utf8(Site::new(&report, &options).index()).expect("UTF-8");
    assert!(index.contains("Not listed: 1 file without statements."));
}

#[test]
fn hostile_texts_stay_texts() {
    let evil = "</script><img src=x onerror=alert(1)>\"'\u{202e}\0";
    let mut file = samples::file();
    file.name = format!("d{evil}/{evil}.py");
    file.analysis.text = format!("# {evil}\nx = '{evil}'\n{evil}\nif x:\n\"\"\"{evil}\n{evil}");
    file.analysis.regions[0].name = evil.to_owned();
    for (_, note) in &mut file.analysis.notes {
        note.missing = Some(evil.to_owned());
    }
    let mut report = Report { files: vec![file], ..samples::report() };
    report.contexts[1] = evil.to_owned();
    let texts = || evil.to_owned();
    let options = HtmlOptions { title: texts(), generator: texts(), created: texts(), ..HtmlOptions::default() };
    for (name, bytes) in render(&report, &options) {
        let text = String::from_utf8(bytes).expect("UTF-8");
        assert!(!name.contains(['/', '<', '>', '"', '\0']), "{name}");
        if name.rsplit('.').next() == Some("html") {
            assert!(!text.contains("<img") && !text.contains('\u{202e}') && !text.contains('\0'), "{name}");
            assert_eq!(text.matches("</script>").count(), if name.contains("index") { 1 } else { 2 }, "{name}");
        }
    }
}

#[test]
fn text_survives_the_colouring() {
    let text = "x = '''a\n\n  b''' # <c>\n\n\nf\"{x:>{2}}\"\n'open\n\ty\nend";
    let mut file = samples::file();
    file.analysis.text = text.to_owned();
    file.missing_branches.clear();
    let page = source_page(file);
    let lines =
        page.split("<div id=\"lines\">\n").nth(1).and_then(|rest| rest.split("\n</div>\n").next()).expect("lines");
    let mut shown = String::new();
    for line in lines.lines() {
        let code = line.split_once("</a>").map_or(line, |(_, rest)| rest).trim_end_matches("</div>");
        let code = code
            .rsplit_once(" ctx</button>")
            .or_else(|| code.rsplit_once("(empty)</span>"))
            .map_or(code, |parts| parts.1);
        let mut inside = false;
        for character in code.chars() {
            match character {
                '<' => inside = true,
                '>' => inside = false,
                _ if !inside => shown.push(character),
                _ => {}
            }
        }
        shown.push('\n');
    }
    for (entity, character) in [("&#39;", "'"), ("&quot;", "\""), ("&lt;", "<"), ("&gt;", ">")] {
        shown = shown.replace(entity, character);
    }
    assert_eq!(shown.trim_end(), text);
    assert_eq!(lines.matches("<s->").count(), lines.matches("</s->").count());
}

#[test]
fn long_files_work() {
    let mut file = samples::file();
    file.analysis.text = "value = compute('text', 12)  # comment\n".repeat(20_000);
    file.analysis.statements = (1..=20_000).collect();
    file.missing = (1..=20_000).filter(|line| line % 3 == 0).collect();
    let page = source_page(file);
    assert!(page.contains("id=t20000"));
    assert!(page.len() < 20_000 * 200);
}

#[test]
fn empty_reports_work() {
    let report = Report::default();
    let index = page(&report, &HtmlOptions::default(), "index.html");
    assert!(index.contains("There are no files to list."));
    let mut file = samples::file();
    file.analysis = crate::python::Analysis::default();
    assert!(source_page(file).contains("<div id=\"lines\">\n</div>"));
}

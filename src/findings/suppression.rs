//! `# ci-lint: ignore[rule, other] reason` comments.
//!
//! - Behind something on its line, the comment covers that line.
//! - Alone on its line, it covers the next line that is neither blank nor a comment.
//!
//! A finding is silenced when any line of its primary place is covered by a comment that names its rule.
//!
//! Text inside a block scalar is no YAML comment, but a script has comments of its own: within a literal block (`|`) a
//! line is searched for `# ci-lint: …` as a shell would see it, which is where the `#` starts the line or follows a
//! blank, outside quotes opened on that line. Folded blocks (`>`) are not searched: there a `#` would comment out all
//! that follows.
//!
//! A comment that silences nothing is itself reported as [`UNUSED`], as is one that names no rule or an unknown one.
//! `ignore[unused-suppression]` silences those reports for its own comment and the lines it covers, and is never
//! reported as unused.

use std::ops::Range;
use std::sync::Arc;

use super::{Confidence, Finding, Label, RuleInfo, Severity, catalogue};
use crate::source::{Source, Span};
use crate::workflow::yaml::{Style, Tree, Yaml};

/// The rule that reports comments which silence nothing.
pub const UNUSED: &str = "unused-suppression";

/// What every such comment contains.
const MARKER: &str = "ci-lint:";

/// One `ci-lint:` comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suppression {
    /// The comment, from `#` to the end of its line.
    pub span: Span,
    /// The word behind `ci-lint:`, which is `ignore` unless misspelt, with its brackets.
    pub directive: Span,
    /// The rules it names and where; empty for a comment that names none.
    pub rules: Vec<(String, Span)>,
    /// The lines it covers, 0-based; empty when nothing follows it.
    pub covers: Range<usize>,
}

/// The comments in `tree`, which was read from `source`, in file order.
pub fn find(tree: &Tree, source: &Source) -> Vec<Suppression> {
    if !source.text.contains(MARKER) {
        return Vec::new();
    }
    let mut found: Vec<Suppression> = tree.comments.iter().filter_map(|comment| read(source, comment.span)).collect();

    // What no YAML comment accounts for stands in values, perhaps in scripts.
    let in_comment = |at: usize| {
        let next = tree.comments.partition_point(|comment| comment.span.start <= at);
        next > 0 && at < tree.comments[next - 1].span.end
    };
    let mut elsewhere = source.text.match_indices(MARKER).map(|(at, _)| at).filter(|&at| !in_comment(at)).peekable();
    if elsewhere.peek().is_some() {
        let mut blocks = Vec::new();
        literal_blocks(tree.root(), &mut blocks);
        blocks.sort_unstable();
        for at in elsewhere {
            let next = blocks.partition_point(|block| block.start <= at);
            if next > 0 && at < blocks[next - 1].end {
                found.extend(shell_comment(source, at).and_then(|comment| read(source, comment)));
            }
        }
        found.sort_by_key(|suppression| suppression.span.start);
        found.dedup_by_key(|suppression| suppression.span.start);
    }
    found
}

/// Collects where the literal block scalars below `yaml` stand.
fn literal_blocks(yaml: Yaml<'_>, out: &mut Vec<Span>) {
    if yaml.is_alias() {
        return;
    }
    if let Some(Style::Literal(_)) = yaml.style() {
        out.push(yaml.span());
    }
    for item in yaml.items() {
        literal_blocks(item, out);
    }
    for (_, value) in yaml.entries() {
        literal_blocks(value, out);
    }
}

/// The shell comment in front of the marker at `at`.
fn shell_comment(source: &Source, at: usize) -> Option<Span> {
    let line = source.line_span(source.line_index(at))?;
    let before = &source.text[line.start..at];
    let hash = before.trim_end_matches([' ', '\t']).strip_suffix('#')?;
    let quoted = |quote| hash.matches(quote).count() % 2 == 1;
    let starts_comment = hash.is_empty() || hash.ends_with([' ', '\t']);
    (starts_comment && !quoted('"') && !quoted('\'')).then(|| Span::new(line.start + hash.len(), line.end))
}

/// Reads a comment; `None` when it is not addressed to the linter.
fn read(source: &Source, comment: Span) -> Option<Suppression> {
    let text = source.slice(comment).trim_end();
    let at = text.find(MARKER)?;
    if !text[..at].trim_end_matches([' ', '\t']).ends_with('#') {
        return None;
    }
    let after = &text[at + MARKER.len()..];
    let word_start = text.len() - after.trim_start().len();
    let word = &text[word_start..];
    let word = &word[..word.find(|c: char| !c.is_alphanumeric() && c != '-' && c != '_').unwrap_or(word.len())];
    // Prose may start with the program's name; only what is meant as `ignore` counts.
    crate::did_you_mean(word, ["ignore"])?;

    let mut end = word_start + word.len();
    let mut rules = Vec::new();
    let list = text[end..].trim_start();
    if let Some((names, _)) = list.strip_prefix('[').and_then(|list| list.split_once(']')) {
        let mut start = text.len() - list.len() + 1;
        end = start + names.len() + 1;
        for name in names.split(',') {
            let trimmed = name.trim();
            if !trimmed.is_empty() {
                let offset = comment.start + start + (name.len() - name.trim_start().len());
                rules.push((trimmed.to_owned(), Span::new(offset, offset + trimmed.len())));
            }
            start += name.len() + 1;
        }
    }
    if word != "ignore" {
        rules.clear();
    }
    let span = Span::new(comment.start, comment.start + text.len());
    let directive = Span::new(comment.start + word_start, comment.start + end);
    Some(Suppression { span, directive, rules, covers: covered(source, span) })
}

/// The lines a comment covers.
fn covered(source: &Source, comment: Span) -> Range<usize> {
    let own = source.line_index(comment.start);
    let before = source.line_span(own).map_or("", |line| &source.text[line.start..comment.start]);
    if !before.trim_matches(['\u{feff}', ' ', '\t']).is_empty() {
        return own..own + 1;
    }
    (own + 1..source.line_count())
        .find(|&index| {
            let line = source.line_span(index).map_or("", |line| source.slice(line)).trim();
            !line.is_empty() && !line.starts_with('#')
        })
        .map_or(own + 1..own + 1, |index| index..index + 1)
}

/// Takes the findings that comments silence out of `findings`, and adds one for every comment that silences nothing.
/// `suppressions` are those of `source`; `is_active` tells whether a rule was checked in this run: a comment for a rule
/// that was not is left alone; `rules` are all there are. Returns what is left, in the order of places, and how many findings were silenced.
pub fn apply(
    findings: Vec<Finding>,
    suppressions: &[Suppression],
    is_active: &dyn Fn(&str) -> bool,
    rules: &[RuleInfo],
    source: &Arc<Source>,
) -> (Vec<Finding>, usize) {
    if suppressions.is_empty() {
        return (findings, 0);
    }
    let here =
        |finding: &Finding| Arc::ptr_eq(&finding.primary.source, source) || finding.primary.source.path == source.path;
    let mut used: Vec<Vec<bool>> = suppressions.iter().map(|s| vec![false; s.rules.len()]).collect();
    let before = findings.len();
    let mut kept: Vec<Finding> = findings
        .into_iter()
        .filter(|finding| {
            let span = finding.primary.span;
            let (first, last) =
                (source.line_index(span.start), source.line_index(span.end.saturating_sub(1).max(span.start)));
            let mut silenced = false;
            for (suppression, used) in suppressions.iter().zip(&mut used) {
                if !here(finding) || suppression.covers.end <= first || suppression.covers.start > last {
                    continue;
                }
                for ((rule, _), used) in suppression.rules.iter().zip(used) {
                    if rule == finding.rule {
                        (silenced, *used) = (true, true);
                    }
                }
            }
            !silenced
        })
        .collect();
    let mut suppressed = before - kept.len();
    if !is_active(UNUSED) {
        return (kept, suppressed);
    }

    let mut added = false;
    for (suppression, used) in suppressions.iter().zip(&used) {
        let line = source.line_index(suppression.span.start);
        let silent = suppressions.iter().any(|other| {
            (other.span == suppression.span || other.covers.contains(&line))
                && other.rules.iter().any(|(rule, _)| rule == UNUSED)
        });
        for finding in complaints(suppression, used, is_active, rules, source) {
            if silent {
                suppressed += 1;
            } else {
                kept.push(finding);
                added = true;
            }
        }
    }
    if added {
        kept.sort_by_key(|finding| (!here(finding), if here(finding) { finding.primary.span.start } else { 0 }));
    }
    (kept, suppressed)
}

/// What is wrong with one comment.
fn complaints(
    suppression: &Suppression,
    used: &[bool],
    is_active: &dyn Fn(&str) -> bool,
    rules: &[RuleInfo],
    source: &Arc<Source>,
) -> Vec<Finding> {
    let finding = |span: Span, label: &str, message: String, help: String| Finding {
        rule: UNUSED,
        severity: Severity::Warning,
        confidence: Confidence::High,
        message,
        primary: Label { source: Arc::clone(source), span, text: label.to_owned() },
        related: Vec::new(),
        help: Some(help),
        fix: None,
    };
    if suppression.rules.is_empty() {
        let written = source.slice(suppression.directive);
        let message = if written.starts_with("ignore") {
            "this comment names no rule, so it silences nothing".to_owned()
        } else {
            format!("`{written}` is not understood, so this comment silences nothing")
        };
        let help = "name the rules: `# ci-lint: ignore[rule] reason`".to_owned();
        return vec![finding(suppression.directive, "silences nothing", message, help)];
    }
    let mut out = Vec::new();
    for ((rule, span), used) in suppression.rules.iter().zip(used) {
        if *used || rule == UNUSED {
            continue;
        }
        if !rules.iter().any(|known| known.id == rule) {
            let help = match catalogue::suggest(rules, rule) {
                Some(near) => format!("did you mean `{near}`?"),
                None => "`ci-lint lint --list-rules` names every rule".to_owned(),
            };
            out.push(finding(*span, "no such rule", format!("unknown rule `{rule}`"), help));
        } else if is_active(rule) {
            let message = format!("`{rule}` has nothing to report here, so this comment silences nothing");
            let help = if suppression.rules.len() == 1 {
                "remove it".to_owned()
            } else {
                format!("remove `{rule}` from the list")
            };
            out.push(finding(*span, "not needed", message, help));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::yaml::parse;

    fn read_all(text: &str) -> (Arc<Source>, Vec<Suppression>) {
        let source: Arc<Source> = Source::new("ci.yml", text).into();
        let tree = parse(&source.text).expect("valid YAML");
        let found = find(&tree, &source);
        (Arc::clone(&source), found)
    }

    /// Rules and covered lines (0-based) of every comment found.
    fn found(text: &str) -> Vec<(Vec<String>, Range<usize>)> {
        read_all(text).1.into_iter().map(|s| (s.rules.into_iter().map(|r| r.0).collect(), s.covers)).collect()
    }

    fn one(rules: &[&str], covers: Range<usize>) -> Vec<(Vec<String>, Range<usize>)> {
        vec![(rules.iter().map(|&r| r.to_owned()).collect(), covers)]
    }

    fn rules() -> [RuleInfo; 4] {
        ["rule-a", "rule-b", "rule-c", "rule-off"].map(|id| RuleInfo { id, ..RuleInfo::PLAIN })
    }

    /// Applies the comments of `text` to one finding of `rule-a` at every needle; all rules but `rule-off` are active.
    fn run(text: &str, needles: &[&str]) -> (Vec<(String, String)>, usize) {
        let (source, suppressions) = read_all(text);
        let findings = needles
            .iter()
            .map(|needle| {
                let start = text.find(needle).expect("the needle is in the text");
                Finding {
                    rule: "rule-a",
                    severity: Severity::Error,
                    confidence: Confidence::High,
                    message: format!("about {needle}"),
                    primary: Label {
                        source: Arc::clone(&source),
                        span: Span::new(start, start + needle.len()),
                        text: String::new(),
                    },
                    related: Vec::new(),
                    help: None,
                    fix: None,
                }
            })
            .collect();
        let (kept, suppressed) = apply(findings, &suppressions, &|rule| rule != "rule-off", &rules(), &source);
        (kept.into_iter().map(|f| (f.message, source.slice(f.primary.span).to_owned())).collect(), suppressed)
    }

    fn messages(text: &str, needles: &[&str]) -> (Vec<String>, usize) {
        let (kept, suppressed) = run(text, needles);
        (kept.into_iter().map(|(message, _)| message).collect(), suppressed)
    }

    #[test]
    fn a_trailing_comment_covers_its_line() {
        assert_eq!(found("a: 1\nb: 2 # ci-lint: ignore[x] why\nc: 3\n"), one(&["x"], 1..2));
        assert_eq!(found("a: 1\r\nb: 2 #ci-lint:ignore[ x ,y-z]\r\nc: 3\r\n"), one(&["x", "y-z"], 1..2));
        assert_eq!(found("a: 1 # noqa # ci-lint: ignore [x]\n"), one(&["x"], 0..1));
        assert_eq!(found("run: | # ci-lint: ignore[x]\n  make\n"), one(&["x"], 0..1));
    }

    #[test]
    fn a_comment_alone_covers_the_next_line_with_content() {
        assert_eq!(found("# ci-lint: ignore[x]\n\n  # more\n\na: 1\nb: 2\n"), one(&["x"], 4..5));
        assert_eq!(found("\u{feff}# ci-lint: ignore[x]\na: 1\n"), one(&["x"], 1..2));
        assert_eq!(found("a: 1\n# ci-lint: ignore[x]\n"), one(&["x"], 2..2));
        assert_eq!(found("a: 1\n# ci-lint: ignore[x]"), one(&["x"], 2..2));
    }

    #[test]
    fn scripts_have_comments_of_their_own() {
        let text = "run: |\n  # ci-lint: ignore[x]\n\n  pytest\n  make # ci-lint: ignore[y]\nz: 1\n";
        assert_eq!(found(text), [one(&["x"], 3..4), one(&["y"], 4..5)].concat());
        assert_eq!(found("run: |\n  echo '# ci-lint: ignore[x]'\n  a#ci-lint: ignore[x]\n"), []);
        assert_eq!(found("run: >\n  make\n  # ci-lint: ignore[x]\n"), []);
        assert_eq!(found("name: 'see # ci-lint: ignore[x]'\nb: \"# ci-lint: ignore[x]\"\n"), []);
        let shared = "a:\n  - &s\n    run: |\n      make # ci-lint: ignore[x]\n  - <<: *s\n  - *s\n";
        assert_eq!(found(shared), one(&["x"], 3..4));
    }

    #[test]
    fn prose_is_left_alone() {
        assert_eq!(found("a: 1 # see ci-lint: ignore[x]\n# ci-lint: checks this file\n# about ci-lint\n"), []);
    }

    #[test]
    fn any_line_of_the_finding_may_carry_the_comment() {
        let text = "steps:\n  - run: a\n    with: b # ci-lint: ignore[rule-a]\n    id: c\n";
        assert_eq!(messages(text, &["run: a\n    with: b # ci-lint: ignore[rule-a]\n    id: c"]), (vec![], 1));
        assert_eq!(messages(text, &["b"]), (vec![], 1));
        // The line end belongs to the line before it.
        let (kept, suppressed) = messages("x: 1\ny: 2 # ci-lint: ignore[rule-a]\n", &["x: 1\n"]);
        assert_eq!((kept.len(), suppressed), (2, 0));
    }

    #[test]
    fn one_comment_silences_several_findings_and_several_comments_one() {
        assert_eq!(
            messages("# ci-lint: ignore[rule-a]\na: b # ci-lint: ignore[rule-a]\n", &["a: b", "b #"]),
            (vec![], 2)
        );
    }

    #[test]
    fn what_silences_nothing_is_reported_in_the_order_of_places() {
        let text = "a: 1\n# ci-lint: ignore[rule-a, rule-b]\nb: 2\nc: 3 # ci-lint: ignore[rule-b]\nd: 4\n";
        let (kept, suppressed) = run(text, &["a: 1", "b: 2", "d: 4"]);
        let unused = "`rule-b` has nothing to report here, so this comment silences nothing".to_owned();
        let expected = [("about a: 1", "a: 1"), (&unused, "rule-b"), (&unused, "rule-b"), ("about d: 4", "d: 4")];
        assert_eq!(kept, expected.map(|(m, s)| (m.to_owned(), s.to_owned())));
        assert_eq!(suppressed, 1);
    }

    #[test]
    fn comments_for_rules_that_did_not_run_are_left_alone() {
        assert_eq!(messages("a: 1 # ci-lint: ignore[rule-off]\n", &[]), (vec![], 0));
        let (source, suppressions) = read_all("a: 1 # ci-lint: ignore[rule-b]\n");
        let (kept, _) = apply(Vec::new(), &suppressions, &|rule| rule != UNUSED, &rules(), &source);
        assert!(kept.is_empty());
    }

    #[test]
    fn mistakes_are_explained() {
        let about = |text: &str| run(text, &[]).0;
        let pair = |message: &str, place: &str| vec![(message.to_owned(), place.to_owned())];
        assert_eq!(about("a: 1 # ci-lint: ignore[ruel]\n"), pair("unknown rule `ruel`", "ruel"));
        let none = "this comment names no rule, so it silences nothing";
        assert_eq!(about("a: 1 # ci-lint: ignore because\n"), pair(none, "ignore"));
        assert_eq!(about("a: 1 # ci-lint: ignore[ , ]\n"), pair(none, "ignore[ , ]"));
        assert_eq!(about("a: 1 # ci-lint: ignore[rule-a\n"), pair(none, "ignore"));
        let typo = "`ignroe[rule-a]` is not understood, so this comment silences nothing";
        assert_eq!(about("a: 1 # ci-lint: ignroe[rule-a]\n"), pair(typo, "ignroe[rule-a]"));
    }

    #[test]
    fn complaints_can_be_silenced_and_do_not_recurse() {
        assert_eq!(messages("a: 1 # ci-lint: ignore[rule-a, unused-suppression]\n", &[]), (vec![], 1));
        assert_eq!(messages("a: 1 # ci-lint: ignore[unused-suppression]\n", &[]), (vec![], 0));
    }

    #[test]
    fn findings_in_other_files_are_not_touched() {
        let (source, suppressions) = read_all("a: 1 # ci-lint: ignore[rule-a]\n");
        let other: Arc<Source> = Source::new("other.yml", "a: 1\n").into();
        let finding = Finding {
            rule: "rule-a",
            severity: Severity::Error,
            confidence: Confidence::High,
            message: String::new(),
            primary: Label { source: other, span: Span::new(0, 1), text: String::new() },
            related: Vec::new(),
            help: None,
            fix: None,
        };
        let (kept, suppressed) = apply(vec![finding], &suppressions, &|_| true, &rules(), &source);
        assert_eq!((kept.len(), suppressed), (2, 0));
    }

    #[test]
    fn a_file_without_comments_costs_nothing() {
        let (source, found) = read_all("a: 1 # plain\n");
        assert_eq!(found.capacity(), 0);
        assert_eq!(apply(Vec::new(), &found, &|_| true, &rules(), &source).1, 0);
    }
}

//! `cache-key`

use super::Context;
use crate::findings::{Finding, Severity};
use crate::workflow::action::is_inert_action;
use crate::workflow::cache::{CacheStep, Kept, SetupUv, UvCache, setup_python_cache};
use crate::workflow::events::on_hosted_runner;
use crate::workflow::expression::{Expr, ExprKind, parse_template};
use crate::workflow::{Job, Step, Text};

rule! {
    /// ### What it does
    /// Finds keys of `actions/cache` that do not do what a key is for:
    /// - nothing in the key of a cache of dependencies changes when the dependencies do;
    /// - the key holds `hashFiles`, but the step stands before the checkout, where there are no files;
    /// - two keys in one text: of `key: >-` over two lines the second was meant as a fallback, but both are one key;
    /// - the cache repeats what `setup-uv` or `setup-python` keep already.
    ///
    /// ### Why
    /// A cache is written once for each key and never again. With a key that stays the same, what the first run saved is
    /// restored for ever: environments grow stale, and downloads go on for all that is newer. Keys that say what day or run it
    /// is, that come from a step or a variable, and caches of other things than dependencies are left alone.
    ///
    /// Evidence: actions/cache README; zopefoundation/zope.interface (`tests.yml`), DCSBL/python-homewizard-energy (two keys in one);
    /// astral-sh/setup-uv `docs/caching.md`.
    ///
    /// ### Example
    /// ```yaml
    /// - uses: actions/cache@v4
    ///   with:
    ///     path: .venv
    ///     key: venv-${{ runner.os }}
    /// ```
    ///
    /// ### Fix
    /// ```yaml
    ///     key: venv-${{ runner.os }}-${{ hashFiles('poetry.lock') }}
    /// ```
    "cache-key", Warning, "A cache whose key never changes, never finds anything or is not needed", check,
    group: Time
}

fn check(context: &Context<'_, '_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for job in &context.written.jobs {
        for step in &job.steps {
            let Some(cache) = CacheStep::of(step) else { continue };
            if let Some(finding) = repeated(context, job, step, &cache) {
                findings.push(finding);
                continue;
            }
            let Some(key) = cache.key else { continue };
            let finding = two_in_one(context, key)
                .or_else(|| before_checkout(context, job, step.index, key))
                .or_else(|| static_key(context, job, &cache, key));
            findings.extend(finding);
        }
    }
    findings
}

/// What the whole of a cache holds, when all of its paths hold dependencies.
fn dependencies(job: &Job<'_>, cache: &CacheStep<'_>) -> Option<Kept> {
    let kinds: Option<Vec<Kept>> = cache.paths.iter().map(|path| Kept::at_in(path, job)).collect();
    let kinds = kinds?;
    kinds.iter().copied().find(|kind| kind.is_installed()).or(kinds.first().copied())
}

/// A cache beside one that is kept already. With a condition on either there may be only one of them.
fn repeated(context: &Context<'_, '_>, job: &Job<'_>, step: &Step<'_>, cache: &CacheStep<'_>) -> Option<Finding> {
    if step.condition.is_some() {
        return None;
    }
    let kind = dependencies(job, cache).filter(|_| cache.restores)?;
    let (action, span) = job.steps.iter().filter(|step| step.condition.is_none()).find_map(|step| match kind {
        Kept::Uv => SetupUv::of(step)
            .filter(|setup| setup.cache(context.written, job, context.dialect) == UvCache::On)
            .map(|setup| ("setup-uv", setup.uses.span())),
        Kept::Pip => {
            setup_python_cache(step).filter(|cache| cache.value == "pip").map(|cache| ("setup-python", cache.span()))
        }
        _ => None,
    })?;
    let mut finding = RULE
        .finding(
            format!("`{action}` keeps this cache already"),
            context.label(cache.path.map_or(cache.uses.span(), Text::span), "saved a second time"),
        )
        .related(context.label(span, "kept here"))
        .help("remove this step");
    finding.severity = Severity::Info;
    Some(finding)
}

/// A second word of the key that is the beginning of the first: a fallback that has become part of the key.
fn two_in_one(context: &Context<'_, '_>, key: Text<'_>) -> Option<Finding> {
    let words = words(key.value);
    let [first, rest @ ..] = words.as_slice() else { return None };
    if rest.is_empty() || !rest.iter().all(|word| first.starts_with(word) && word.len() > 2) {
        return None;
    }
    let finding = RULE
        .finding(
            "these lines are one key with a space in it, so the fallback is never looked for",
            context.label(key.span(), "one key"),
        )
        .help("keep the first line, and put the others under `restore-keys: |`");
    Some(finding)
}

/// The text split at space outside of `${{ }}`.
fn words(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut at = 0;
    while let Some(c) = text[at..].chars().next() {
        if text[at..].starts_with("${{") {
            let end = text[at..].find("}}").map_or(text.len(), |close| at + close + 2);
            if let Some(word) = words.last_mut() {
                word.extend(text[at..end].split_whitespace());
            }
            at = end;
            continue;
        }
        if c.is_whitespace() {
            if words.last().is_some_and(|word| !word.is_empty()) {
                words.push(String::new());
            }
        } else if let Some(word) = words.last_mut() {
            word.push(c);
        }
        at += c.len_utf8();
    }
    words.retain(|word| !word.is_empty());
    words
}

/// `hashFiles` where no file can be yet: on a fresh machine, before the one checkout of the job.
fn before_checkout(context: &Context<'_, '_>, job: &Job<'_>, index: usize, key: Text<'_>) -> Option<Finding> {
    let is_checkout = |step: &Step<'_>| step.uses.is_some_and(|uses| uses.value.contains("/checkout@"));
    let checkout = job.steps.iter().find(|step| is_checkout(step))?;
    let fresh = context.dialect.has_hosted_runners() && on_hosted_runner(job) == Some(true);
    let nothing_before = job.steps[..index].iter().all(|step| step.action.as_ref().is_some_and(is_inert_action));
    if !fresh || checkout.index < index || !nothing_before || !hashes(key.value) {
        return None;
    }
    let finding = RULE
        .finding(
            "there are no files to hash before the checkout, so this key never changes",
            context.label(key.span(), "the hash of nothing"),
        )
        .related(context.label(checkout.anchor(), "the files come here"))
        .help("move this step below the checkout");
    Some(finding)
}

fn hashes(text: &str) -> bool {
    parse_template(text).expressions().any(|expr| {
        let mut found = false;
        expr.visit(&mut |expr| {
            found |= matches!(&expr.kind, ExprKind::Call { name, .. } if name.eq_ignore_ascii_case("hashFiles"));
        });
        found
    })
}

/// A key of a cache of dependencies in which nothing follows the dependencies.
fn static_key(context: &Context<'_, '_>, job: &Job<'_>, cache: &CacheStep<'_>, key: Text<'_>) -> Option<Finding> {
    let kind = dependencies(job, cache).filter(|_| cache.saves && cache.restores)?;
    let template = parse_template(key.value);
    let same = |expr: &Expr| {
        !matches!(expr.kind, ExprKind::Call { .. })
            && expr.contexts().all(|path| {
                let root = path.split('.').next().unwrap_or_default();
                matches!(root, "runner" | "matrix" | "strategy")
                    || matches!(
                        path.as_str(),
                        "github.workflow" | "github.job" | "github.repository" | "env.pythonlocation"
                    )
                    || path.ends_with(".outputs.python-version")
            })
    };
    if template.errors().next().is_some() || !template.expressions().all(same) || hashes(key.value) {
        return None;
    }
    let finding = RULE.finding(
        if kind.is_installed() {
            "nothing in this key follows the dependencies, so what the first run installed is restored for ever"
        } else {
            "nothing in this key follows the dependencies, so only what the first run downloaded is ever kept"
        },
        context.label(key.span(), "stays the same"),
    );
    let file = match kind {
        Kept::Uv => "uv.lock",
        Kept::Poetry => "poetry.lock",
        Kept::Hooks => ".pre-commit-config.yaml",
        _ => "**/requirements*.txt",
    };
    Some(finding.help(format!("add what the dependencies are written in: `${{{{ hashFiles('{file}') }}}}`")))
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn a_key_is_split_outside_of_its_expressions() {
        assert_eq!(words("a-${{ x  }}-b a-"), ["a-${{x}}-b", "a-"]);
        assert_eq!(words(" ${{ a }}\n"), ["${{a}}"]);
        assert_eq!(words("a${{ b"), ["a${{b"]);
        assert!(words("").is_empty());
    }
}

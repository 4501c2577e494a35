//! Which rules run: by default, as the configuration says, as the command line says.
//!
//! Each of the three is a layer over the one before. In a layer the narrower name wins, a rule over its group over `all`, so
//! that `--select all --ignore time` and `ignore: [time]` with `extend-select: [job-timeout]` mean what they say; of two
//! equally narrow ones the one that leaves out wins.

use crate::config::Settings;
use crate::config::settings::{RuleName, SeverityOverride};
use crate::rules;

use super::Options;

/// One place where rules are chosen.
struct Layer<'a> {
    /// Instead of what was chosen before, when any are named.
    select: Vec<&'a str>,
    /// In addition.
    extend_select: Vec<&'a str>,
    /// Left out.
    ignore: Vec<&'a str>,
}

/// Whether `rule` runs.
pub(super) fn is_active(rule: &str, options: &Options, settings: Option<&Settings>) -> bool {
    let group = rules::find(rule).map(|info| info.group);
    let mut active = group.is_none_or(crate::findings::Group::is_default);
    if let Some(settings) = settings {
        let mut layer = Layer {
            select: written(&settings.select),
            extend_select: written(&settings.extend_select),
            ignore: written(&settings.ignore),
        };
        if settings.severity.get(rule).is_some_and(|severity| severity.value == SeverityOverride::Off) {
            layer.ignore.push(rule);
        }
        active = layer.decides(rule, active);
    }
    let layer = Layer {
        select: given(&options.select),
        extend_select: given(&options.extend_select),
        ignore: given(&options.ignore),
    };
    layer.decides(rule, active)
}

fn given(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}

fn written(names: &[RuleName]) -> Vec<&str> {
    names.iter().map(|name| name.value.as_str()).collect()
}

impl Layer<'_> {
    /// Whether `rule` runs, when without this layer it would run if `before`.
    fn decides(&self, rule: &str, before: bool) -> bool {
        let narrowest = |names: &[&str]| names.iter().filter_map(|name| narrowness(name, rule)).max();
        let chosen = narrowest(&self.select).max(narrowest(&self.extend_select));
        match (chosen, narrowest(&self.ignore)) {
            (chosen, Some(left_out)) if chosen.is_none_or(|chosen| left_out >= chosen) => false,
            (Some(_), _) => true,
            (None, _) => before && self.select.is_empty(),
        }
    }
}

/// How closely `name` means `rule`: 0 for `all`, 1 for its group, 2 for itself; `None` when it means others.
fn narrowness(name: &str, rule: &str) -> Option<u8> {
    if name == rule {
        return Some(2);
    }
    if name == rules::ALL {
        return Some(0);
    }
    rules::find(rule).is_some_and(|info| info.group.name() == name).then_some(1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::source::Source;

    /// The rules among `rules` that run.
    fn run<'r>(select: &str, extend: &str, ignore: &str, config: &str, rules: &[&'r str]) -> Vec<&'r str> {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        let options = Options {
            select: names(select),
            extend_select: names(extend),
            ignore: names(ignore),
            ..Options::default()
        };
        let known: Vec<&str> = rules::all().iter().map(|rule| rule.id).collect();
        let config = crate::config::load(Arc::new(Source::new(".ci-lint.yml", config)), &known).expect("valid");
        rules.iter().copied().filter(|rule| is_active(rule, &options, Some(&config.settings))).collect()
    }

    const SOME: [&str; 4] = ["coverage-needs", "hidden-files", "job-timeout", "concurrency"];

    #[test]
    fn the_time_group_is_off_until_it_is_selected() {
        assert_eq!(run("", "", "", "", &SOME), ["coverage-needs", "hidden-files"]);
        assert_eq!(run("", "time", "", "", &SOME), SOME);
        assert_eq!(run("time", "", "", "", &SOME), ["job-timeout", "concurrency"]);
        assert_eq!(run("all", "", "", "", &SOME), SOME);
        assert_eq!(run("", "", "", "extend-select: job-timeout", &SOME), SOME[..3]);
        assert_eq!(run("", "", "", "select: [time]", &SOME), ["job-timeout", "concurrency"]);
    }

    #[test]
    fn the_narrower_name_wins() {
        assert_eq!(run("all", "", "time", "", &SOME), ["coverage-needs", "hidden-files"]);
        assert_eq!(run("all job-timeout", "", "time", "", &SOME), SOME[..3]);
        assert_eq!(run("time", "", "job-timeout", "", &SOME), ["concurrency"]);
        assert_eq!(run("", "", "", "ignore: [flow]\nextend-select: [hidden-files]", &SOME), ["hidden-files"]);
        assert_eq!(run("time", "", "time", "", &SOME), Vec::<&str>::new());
    }

    #[test]
    fn the_command_line_lies_over_the_configuration() {
        assert_eq!(run("hidden-files", "", "", "ignore: [hidden-files]", &SOME), ["hidden-files"]);
        assert_eq!(run("", "hidden-files", "", "severity: {hidden-files: off}", &SOME), SOME[..2]);
        assert_eq!(run("", "", "flow", "extend-select: [time]", &SOME), ["job-timeout", "concurrency"]);
        assert_eq!(run("", "", "", "select: [all]\nseverity: {concurrency: off}", &SOME), SOME[..3]);
    }
}

//! The inputs of the action: each is the flag of `ci-lint apply` with the same name.
//!
//! A runner hands the input `fail-under` to a container as `INPUT_FAIL-UNDER` (upper case, dashes kept, on GitHub's,
//! Forgejo's and Gitea's runner alike). An input without a value is the empty text and counts as not given.

use std::ffi::OsString;

use clap::error::{Error, ErrorKind};
use clap::parser::ValueSource;
use clap::{Arg, ArgAction, Command};

use crate::forge::Forge;

/// The command line with the inputs of the action added. A flag that is there wins over the input of its name.
///
/// # Errors
/// A switch whose input is neither `true` nor `false`, or a command line that is wrong by itself.
pub fn extend(
    command: fn() -> Command,
    mut line: Vec<OsString>,
    env: &dyn Fn(&str) -> Option<String>,
) -> Result<Vec<OsString>, Error> {
    // `lint` starts in a millisecond; it has no inputs.
    if !line.iter().any(|word| word == "apply") {
        return Ok(line);
    }
    if Forge::detect(env).is_none() {
        return Ok(line);
    }
    let matches = command().try_get_matches_from(&line)?;
    let mut command = command();
    command.build();
    let Some(apply) = command.find_subcommand("apply") else { return Ok(line) };
    let Some(given) = matches.subcommand_matches("apply") else { return Ok(line) };
    let mut positional = Vec::new();
    for arg in apply.get_arguments().filter(|arg| is_input(arg)) {
        let id = arg.get_id().as_str();
        if given.value_source(id) == Some(ValueSource::CommandLine) {
            continue;
        }
        let name = arg.get_long().unwrap_or(id);
        let Some(value) = env(&format!("INPUT_{}", name.to_ascii_uppercase())) else { continue };
        let value = value.trim();
        if value.is_empty() {
            continue;
        }
        if arg.is_positional() {
            positional.extend(items(value).map(OsString::from));
            continue;
        }
        match arg.get_action() {
            ArgAction::SetTrue => match value {
                "true" => line.push(format!("--{name}").into()),
                "false" => {}
                _ => {
                    let message = format!("the input `{name}` is `{value}`: it is `true` or `false`\n");
                    return Err(Error::raw(ErrorKind::InvalidValue, message));
                }
            },
            ArgAction::Append => line.extend(items(value).map(|item| format!("--{name}={item}").into())),
            _ => line.push(format!("--{name}={value}").into()),
        }
    }
    if !positional.is_empty() {
        line.push("--".into());
        line.extend(positional);
    }
    Ok(line)
}

/// Whether an argument of `apply` is an input of the action.
pub fn is_input(arg: &Arg) -> bool {
    !matches!(arg.get_action(), ArgAction::Help | ArgAction::HelpShort | ArgAction::HelpLong | ArgAction::Version)
}

/// The items of a list: one a line, or with commas between.
fn items(value: &str) -> impl Iterator<Item = &str> {
    value.split(['\n', ',']).map(str::trim).filter(|item| !item.is_empty())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;
    use crate::cli::Cli;
    use clap::CommandFactory as _;

    fn extended(line: &[&str], vars: &[(&str, &str)]) -> Result<Vec<String>, Error> {
        let env = |name: &str| vars.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        let line = line.iter().map(OsString::from).collect();
        let line = extend(Cli::command, line, &env)?;
        Ok(line.into_iter().map(|word| word.into_string().unwrap()).collect())
    }

    #[test]
    fn an_input_is_the_flag_of_its_name() {
        let vars = [
            ("FORGEJO_ACTIONS", "true"),
            ("INPUT_FAIL-UNDER", "97"),
            ("INPUT_REPORT", "text,\n  json\n"),
            ("INPUT_DATA", "a/.coverage\nb c/.coverage\n"),
            ("INPUT_DRY-RUN", "true"),
            ("INPUT_QUICK", "false"),
            ("INPUT_SUMMARY", "false"),
            ("INPUT_CONFIG", ""),
        ];
        let line = extended(&["ci-lint", "apply"], &vars).unwrap();
        assert_eq!(
            line,
            [
                "ci-lint",
                "apply",
                "--report=text",
                "--report=json",
                "--fail-under=97",
                "--summary=false",
                "--dry-run",
                "--",
                "a/.coverage",
                "b c/.coverage"
            ]
        );
    }

    #[test]
    fn a_flag_wins_and_outside_a_job_inputs_are_nothing() {
        let vars = [("GITHUB_ACTIONS", "true"), ("INPUT_FAIL-UNDER", "97"), ("INPUT_DATA", "x")];
        let line = ["ci-lint", "apply", "--fail-under", "50", "y"];
        assert_eq!(extended(&line, &vars).unwrap(), line);
        assert_eq!(extended(&line[..2], &vars[1..]).unwrap(), line[..2]);
        assert_eq!(extended(&["ci-lint", "check"], &vars).unwrap(), ["ci-lint", "check"]);
    }

    #[test]
    fn a_switch_is_true_or_false() {
        let vars = [("GITEA_ACTIONS", "true"), ("INPUT_DRY-RUN", "yes")];
        let error = extended(&["ci-lint", "apply"], &vars).unwrap_err();
        assert!(error.to_string().contains("`dry-run` is `yes`"), "{error}");
    }
}

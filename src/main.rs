//! The `ci-lint` binary: parse arguments, call one function, map the result to an exit code.

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use ci_lint::apply::gate::Verdict;
use ci_lint::cli::apply::ApplyArgs;
use ci_lint::cli::inputs;
use ci_lint::cli::lint::{Color, Forge, LintArgs};
use ci_lint::cli::{Cli, Command};
use ci_lint::findings::fix::Safety;
use ci_lint::findings::{Report, RuleInfo, Severity, render};
use ci_lint::workflow::dialect::Dialect;
use ci_lint::{apply, forge, lint, rules};
use clap::{CommandFactory as _, Parser as _};

/// Usage error or unreadable input.
const UNREADABLE: u8 = 2;

/// Coverage data missing, incomplete or corrupt.
const NO_DATA: u8 = 3;

/// The forge cannot be reached, or what had to be posted could not be.
const NO_FORGE: u8 = 4;

fn main() -> ExitCode {
    let line = std::env::args_os().collect();
    let env = |name: &str| std::env::var(name).ok();
    let line = inputs::extend(Cli::command, line, &env).unwrap_or_else(|error| error.exit());
    match Cli::parse_from(line).command {
        Command::Lint(args) => ExitCode::from(lint_command(&args)),
        Command::Apply(args) => ExitCode::from(apply_command(*args)),
    }
}

fn lint_command(args: &LintArgs) -> u8 {
    for name in args.select.iter().chain(&args.extend_select).chain(&args.ignore) {
        if !rules::is_selector(name) {
            return unknown("rule or group", name, rules::suggest_selector(name));
        }
    }
    if let Some(rule) = &args.explain {
        if rule != rules::ALL && rules::find(rule).is_none() {
            return unknown("rule", rule, rules::suggest(rule));
        }
        let text = rules::find(rule).map_or_else(rules::reference, RuleInfo::page);
        return print(&text);
    }
    if args.list_rules {
        return print(&rules::list(render::Format::from(args.format)));
    }
    if args.unsafe_fixes && !args.fix && !args.diff {
        return usage("`--unsafe-fixes` goes with `--fix` or `--diff`");
    }
    let options = lint::Options {
        paths: args.paths.clone(),
        config: args.config.clone(),
        forge: match args.forge {
            Forge::Auto => None,
            Forge::Forgejo => Some(Dialect::Forgejo),
            Forge::Gitea => Some(Dialect::Gitea),
            Forge::Github => Some(Dialect::GitHub),
            Forge::Ghes => Some(Dialect::Ghes),
        },
        running_on: running_on(),
        select: args.select.clone(),
        extend_select: args.extend_select.clone(),
        ignore: args.ignore.clone(),
        force_exclude: args.force_exclude,
        mend: (args.fix || args.diff).then_some(lint::Mend {
            up_to: if args.unsafe_fixes { Safety::Unsafe } else { Safety::Safe },
            show_only: args.diff,
        }),
    };
    let format = render::Options {
        color: match args.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
        },
        width: width(),
        verbose: args.verbose,
        quiet: args.quiet,
        rules: rules::all(),
        ..render::Options::default()
    };
    if args.init {
        return match lint::init::run(&options) {
            Ok(message) => print(&message),
            Err(problems) => {
                let report = Report { problems, ..Report::default() };
                print(&render::render(&report, args.format.into(), &render::Options { quiet: true, ..format }));
                UNREADABLE
            }
        };
    }
    let outcome = lint::run(&options);
    if args.verbose {
        for note in &outcome.notes {
            let _ = writeln!(io::stderr(), "ci-lint: {note}");
        }
    }
    if args.diff {
        return show_diff(&outcome, args);
    }
    let printed = print(&render::render(&outcome.report, args.format.into(), &format));
    let fail_on = args.fail_on.map(Severity::from).or(outcome.fail_on).unwrap_or(Severity::Warning);
    if !outcome.report.problems.is_empty() {
        UNREADABLE
    } else if outcome.report.worst().is_some_and(|worst| worst >= fail_on) && !args.exit_zero {
        1
    } else {
        printed
    }
}

/// Prints what mending would change, and nothing else to standard output, so that it can be piped into `patch`.
fn show_diff(outcome: &lint::Outcome, args: &LintArgs) -> u8 {
    let printed = print(&outcome.diff);
    let problems = Report { problems: outcome.report.problems.clone(), ..Report::default() };
    let options = render::Options { quiet: true, width: width(), ..render::Options::default() };
    if !problems.problems.is_empty() {
        let _ = write!(io::stderr(), "{}", render::render(&problems, render::Format::Human, &options));
    }
    let mended = outcome.report.mended.unwrap_or_default();
    if !args.quiet {
        let _ = writeln!(io::stderr(), "ci-lint: {}", render::mended(&outcome.report));
    }
    if !problems.problems.is_empty() {
        UNREADABLE
    } else if mended.files > 0 && !args.exit_zero {
        1
    } else {
        printed
    }
}

fn apply_command(args: ApplyArgs) -> u8 {
    let tell = |text: &str| drop(writeln!(io::stderr(), "ci-lint: {text}"));
    let verbose = args.verbose;
    let options = match args.options() {
        Ok(options) => options,
        Err(message) => return usage(&message),
    };
    match apply::run(&options) {
        Ok(said) => {
            said.warnings.iter().for_each(|warning| tell(&format!("warning: {warning}")));
            if verbose {
                said.notes.iter().for_each(|note| tell(note));
            }
            let printed = print(&said.stdout);
            for line in &said.gates {
                print(&format!("{line}\n"));
            }
            said.not_judged.iter().for_each(|line| tell(line));
            for problem in said.not_written.iter().chain(&said.not_posted) {
                tell(&format!("error: {problem}"));
            }
            match said.verdict() {
                Verdict::NotJudged => NO_DATA,
                Verdict::Failed => 1,
                Verdict::Passed if said.not_written.is_some() => UNREADABLE,
                Verdict::Passed if said.not_posted.is_some() => NO_FORGE,
                Verdict::Passed => printed,
            }
        }
        Err(error) => {
            error.to_string().lines().for_each(|line| tell(&format!("error: {line}")));
            match error {
                apply::ApplyError::Usage(_) => UNREADABLE,
                apply::ApplyError::Data(_) => NO_DATA,
                apply::ApplyError::Forge(_) => NO_FORGE,
            }
        }
    }
}

/// Which forge runs the job this process is part of, where that is another than github.com, which is the default.
fn running_on() -> Option<Dialect> {
    let running = forge::Forge::detect(&|name| std::env::var(name).ok())?;
    Some(running.dialect()).filter(|dialect| *dialect != Dialect::GitHub)
}

/// Columns of the terminal, or of `COLUMNS`, or 100.
fn width() -> usize {
    let columns = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    columns
        .or_else(|| terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)))
        .unwrap_or(100)
        .clamp(60, 160)
}

/// Writes to standard output. A reader that has gone away is no error of ours.
fn print(text: &str) -> u8 {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => usage(&format!("cannot write the output: {error}")),
        _ => 0,
    }
}

fn unknown(kind: &str, name: &str, meant: Option<&str>) -> u8 {
    let help = meant.map_or_else(
        || "`ci-lint lint --list-rules` shows all rules and their groups".to_owned(),
        |meant| format!("did you mean `{meant}`?"),
    );
    usage(&format!("unknown {kind} `{name}`: {help}"))
}

fn usage(message: &str) -> u8 {
    let error = Cli::command().error(clap::error::ErrorKind::InvalidValue, message);
    let _ = error.print();
    UNREADABLE
}

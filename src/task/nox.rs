//! nox: sessions read from a noxfile.
//!
//! Names, selection and queue as in nox 2025.5 (`manifest.py`, `tasks.py`, `sessions.py`).
#![expect(clippy::option_option, reason = "an interpreter is chosen or not, and then known or not")]

use super::python::{Event, EventKind, Machine, Mark, Module, Session, Value};
use super::{Code, Interpreter, Origin, Piece, Request, Resolution, Setting, join, parent, python_version};
use crate::source::Source;
use std::sync::Arc;

/// Runs of sessions that are followed for one command.
const MAX_RUNS: usize = 64;

/// A session as the noxfile declares it.
#[derive(Debug)]
struct Declared {
    function: usize,
    name: String,
    /// The interpreters it runs with; `None` for the one nox runs in, `Some(None)` for one that is computed.
    pythons: Vec<Option<Option<String>>>,
    /// It runs once for each interpreter, so that its name alone has no version.
    several: bool,
    /// The sets of arguments it runs with, each with its id.
    variants: Vec<Variant>,
    tags: Vec<String>,
    default: Option<bool>,
    requires: Option<Vec<String>>,
    /// A decorator that is not understood stands between name and function.
    opaque: bool,
}

#[derive(Debug, Clone, Default)]
struct Variant {
    id: String,
    arguments: Vec<(String, Value)>,
    tags: Vec<String>,
}

/// One run of a session.
#[derive(Debug, Clone)]
struct Run {
    session: usize,
    python: Option<Option<String>>,
    variant: Variant,
    posargs: Value,
    guarded: bool,
}

/// What a nox command executes.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let file = request.option("-f").unwrap_or("noxfile.py");
    if !request.is_known(file) || request.option("-k").is_some() || request.option("--extra-pythons").is_some() {
        return None;
    }
    let source = request.read(file)?;
    let folder = join(request.folder, parent(file))?;
    let module = Module::parse(Arc::clone(&source))?;
    let base = file.rsplit('/').next().unwrap_or_default();
    let mut machine = Machine::new(&module, base, request.env);
    machine.import();
    let declared = declared(&machine);
    let posargs: Vec<Value> = request
        .run
        .args
        .iter()
        .map(|arg| if request.is_known(arg) { Value::text(arg.as_str()) } else { Value::Part(arg.clone()) })
        .collect();
    let runs = select(request, &machine, &declared, &Value::List(posargs))?;
    let mut resolution = Resolution::default();
    let mut queue = std::collections::VecDeque::from(runs);
    let mut count = 0;
    while let Some(run) = queue.pop_front() {
        count += 1;
        if count > MAX_RUNS {
            return None;
        }
        follow(&mut machine, &declared, &source, &folder, &run, &mut queue, &mut resolution);
        if machine.exhausted {
            return None;
        }
    }
    Some(resolution)
}

/// The sessions a noxfile declares, in its order.
fn declared(machine: &Machine<'_>) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    for (function, (definition, marks)) in machine.functions().enumerate() {
        // One function may be several sessions.
        for mark in marks.iter().filter(|mark| mark.name() == "session") {
            let name = match mark.named("name") {
                None | Some(Value::None) => definition.name.to_string(),
                Some(Value::Str(name)) => name.clone(),
                // A session of a name that is not known cannot be asked for by name.
                Some(_) => continue,
            };
            let python = mark.named("python").or_else(|| mark.named("py"));
            let one = |value: &Value| match value {
                Value::None | Value::Bool(false) => None,
                Value::Str(text) => Some(Some(text.clone())),
                _ => Some(None),
            };
            let (pythons, several) = match python {
                None => (vec![None], false),
                Some(Value::List(items)) => (items.iter().map(one).collect(), true),
                // nox knows by the type; what is not known may be either.
                Some(value) => (vec![one(value)], matches!(value, Value::Unknown)),
            };
            let known = |mark: &Mark| matches!(mark.name(), "session" | "parametrize");
            let declaration = Declared {
                function,
                name: name.clone(),
                pythons,
                several,
                variants: variants(marks),
                tags: mark.named("tags").and_then(Value::texts).unwrap_or_default(),
                default: mark.named("default").map_or(Some(true), Value::truth),
                requires: mark.named("requires").map_or(Some(Vec::new()), Value::texts),
                opaque: !marks.iter().all(known),
            };
            // A later session of the same name takes the place of the earlier one.
            match found.iter_mut().find(|earlier| earlier.name == name) {
                Some(earlier) => *earlier = declaration,
                None => found.push(declaration),
            }
        }
    }
    found
}

/// The argument sets that `@nox.parametrize` makes, all combinations of all decorators.
fn variants(marks: &[Mark]) -> Vec<Variant> {
    let mut all = vec![Variant::default()];
    for mark in marks.iter().rev().filter(|mark| mark.name() == "parametrize") {
        let names: Vec<String> = match mark.positional.first().or_else(|| mark.named("arg_names")) {
            Some(Value::Str(names)) => names.split(',').map(|name| name.trim().to_owned()).collect(),
            Some(other) => other.texts().unwrap_or_default(),
            None => Vec::new(),
        };
        let ids = mark.named("ids").and_then(Value::texts).unwrap_or_default();
        let values = mark.positional.get(1).or_else(|| mark.named("arg_values_list"));
        let Some(values) = values.and_then(Value::elements).filter(|_| !names.is_empty()) else {
            // Computed: one run with arguments that are not known.
            for variant in &mut all {
                variant.arguments.extend(names.iter().map(|name| (name.clone(), Value::Unknown)));
                variant.id.push('?');
            }
            continue;
        };
        let mut next = Vec::new();
        for (index, value) in values.iter().enumerate() {
            let arguments: Vec<(String, Value)> = match value {
                Value::List(items) if names.len() > 1 && items.len() == names.len() => {
                    names.iter().cloned().zip(items.iter().cloned()).collect()
                }
                value if names.len() == 1 => vec![(names[0].clone(), value.clone())],
                _ => names.iter().map(|name| (name.clone(), Value::Unknown)).collect(),
            };
            let id = ids.get(index).cloned().unwrap_or_else(|| {
                let shown = |(name, value): &(String, Value)| {
                    format!("{name}={}", value.repr().unwrap_or_else(|| "?".to_owned()))
                };
                arguments.iter().map(shown).collect::<Vec<_>>().join(", ")
            });
            for variant in &all {
                let mut variant = variant.clone();
                if !variant.id.is_empty() {
                    variant.id.push_str(", ");
                }
                variant.id.push_str(&id);
                variant.arguments.extend(arguments.iter().cloned());
                next.push(variant);
            }
        }
        if next.len() > MAX_RUNS {
            next.truncate(MAX_RUNS + 1);
        }
        all = next;
    }
    all
}

impl Declared {
    /// The names by which nox knows one run.
    fn names(&self, python: Option<&str>, variant: &Variant) -> Vec<String> {
        let id = if variant.id.is_empty() { String::new() } else { format!("({})", variant.id) };
        let mut names = vec![self.name.clone()];
        if !self.several {
            names.push(format!("{}{id}", self.name));
        }
        if let Some(python) = python {
            names.push(format!("{}-{python}{id}", self.name));
            names.push(format!("{}-{python}", self.name));
        }
        names
    }

    /// All its runs.
    fn runs(&self, session: usize, posargs: &Value) -> Vec<Run> {
        let mut runs = Vec::new();
        for python in &self.pythons {
            for variant in &self.variants {
                let given = variant.arguments.iter().find(|(name, _)| name == "python").map(|(_, value)| value);
                let python = match given {
                    Some(value) => Some(value.as_str().map(str::to_owned)),
                    None => python.clone(),
                };
                let run = Run { session, python, variant: variant.clone(), posargs: posargs.clone(), guarded: false };
                runs.push(run);
            }
        }
        runs
    }
}

/// A name without spaces and quotes, and with what stands in parentheses in order.
fn normal(name: &str) -> String {
    let plain: String = name.chars().filter(|c| !c.is_whitespace() && !matches!(c, '\'' | '"')).collect();
    match plain.split_once('(') {
        Some((name, inner)) => {
            let mut parts: Vec<&str> = inner.trim_end_matches(')').split(',').collect();
            parts.sort_unstable();
            format!("{name}({})", parts.join(","))
        }
        None => plain,
    }
}

/// The runs that a name stands for; `None` when no session has it.
fn named(declared: &[Declared], name: &str, known: bool, posargs: &Value) -> Option<Vec<Run>> {
    if !known {
        // `tests-${{ matrix.python }}`: the session is known, its interpreter or arguments are not.
        let stem = |d: &&Declared| name.strip_prefix(d.name.as_str()).is_some_and(|rest| rest.starts_with(['-', '(']));
        let best = declared.iter().filter(stem).max_by_key(|d| d.name.len())?;
        let rest = &name[best.name.len()..];
        if rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        let session = declared.iter().position(|d| std::ptr::eq(d, best))?;
        let arguments = best.variants.first().map(|variant| &variant.arguments).into_iter().flatten();
        let variant = Variant {
            id: "?".to_owned(),
            arguments: arguments.map(|(name, _)| (name.clone(), Value::Unknown)).collect(),
            tags: Vec::new(),
        };
        let python = match best.pythons.as_slice() {
            [python] if !best.several => python.clone(),
            _ => Some(None),
        };
        return Some(vec![Run { session, python, variant, posargs: posargs.clone(), guarded: false }]);
    }
    let wanted = normal(name);
    let mut runs = Vec::new();
    for (index, session) in declared.iter().enumerate() {
        for run in session.runs(index, posargs) {
            let python = run.python.as_ref().and_then(|python| python.as_deref());
            let fits = session.names(python, &run.variant).iter().any(|name| normal(name) == wanted);
            // An interpreter or arguments that are computed may be the ones asked for.
            let computed = (matches!(run.python, Some(None)) || run.variant.id.contains('?'))
                && wanted.strip_prefix(session.name.as_str()).is_some_and(|rest| rest.starts_with(['-', '(']));
            if computed && !fits {
                let python = wanted[session.name.len()..].strip_prefix('-').and_then(|rest| rest.split('(').next());
                let python = python.map_or(run.python.clone(), |python| Some(Some(python.to_owned())));
                runs.push(Run { python, ..run });
            } else if fits {
                runs.push(run);
            }
        }
    }
    (!runs.is_empty()).then_some(runs)
}

fn select(request: &Request<'_>, machine: &Machine<'_>, declared: &[Declared], posargs: &Value) -> Option<Vec<Run>> {
    let mut names: Vec<(String, bool)> =
        request.run.sessions.iter().map(|name| (name.clone(), request.is_known(name))).collect();
    if names.is_empty()
        && let Some(value) = request.variable("NOXSESSION")
    {
        names = value?.split(',').map(|name| (name.trim().to_owned(), true)).collect();
    }
    let tags = match request.option("-t") {
        Some(tags) if request.is_known(tags) => Some(tags.split_whitespace().map(str::to_owned).collect::<Vec<_>>()),
        Some(_) => return None,
        None => match machine.options.get("tags") {
            Some(tags) if names.is_empty() => Some(tags.texts()?),
            _ => None,
        },
    };
    if names.is_empty()
        && tags.is_none()
        && let Some(listed) = machine.options.get("sessions")
    {
        names = listed.texts()?.into_iter().map(|name| (name, true)).collect();
    }
    if machine.options.contains_key("keywords") && request.run.sessions.is_empty() {
        return None;
    }
    let mut runs = Vec::new();
    if names.is_empty() {
        for (index, session) in declared.iter().enumerate() {
            if tags.is_none() && !session.default? {
                continue;
            }
            runs.extend(session.runs(index, posargs));
        }
    } else {
        for (name, known) in &names {
            runs.extend(named(declared, name, *known, posargs)?);
        }
    }
    if let Some(tags) = tags {
        runs.retain(|run| declared[run.session].tags.iter().chain(&run.variant.tags).any(|tag| tags.contains(tag)));
    }
    if let Some(pythons) = request.option("-p") {
        if request.is_known(pythons) {
            let wanted: Vec<&str> = pythons.split([' ', ',']).collect();
            runs.retain(|run| match &run.python {
                Some(Some(python)) => wanted.contains(&python.as_str()),
                Some(None) => true,
                None => false,
            });
        } else {
            // One of its interpreters, but which is not known.
            let mut seen = Vec::new();
            runs.retain(|run| {
                let key = (run.session, run.variant.id.clone());
                run.python.is_some() && !seen.contains(&key) && {
                    seen.push(key);
                    true
                }
            });
            for run in &mut runs {
                run.python = Some(None);
            }
        }
    }
    if let Some(python) = request.option("-P") {
        for run in &mut runs {
            run.python = Some(request.is_known(python).then(|| python.to_owned()));
        }
    }
    let mut all = Vec::new();
    for run in runs {
        for name in declared[run.session].requires.as_ref()? {
            let python = run.python.as_ref().and_then(|python| python.as_deref()).unwrap_or_default();
            all.extend(named(declared, &name.replace("{python}", python), true, posargs)?);
        }
        all.push(run);
    }
    (!all.is_empty() && all.len() <= MAX_RUNS).then_some(all)
}

/// Follows one run of a session and adds what it executes.
fn follow(
    machine: &mut Machine<'_>,
    declared: &[Declared],
    source: &Arc<Source>,
    folder: &str,
    run: &Run,
    queue: &mut std::collections::VecDeque<Run>,
    resolution: &mut Resolution,
) {
    let session = &declared[run.session];
    let python = match &run.python {
        None => Interpreter::Inherited,
        Some(Some(text)) => python_version(text).map_or(Interpreter::Unknown, Interpreter::Version),
        Some(None) => Interpreter::Unknown,
    };
    let version = run.python.as_ref().and_then(|python| python.as_deref());
    let full = match version {
        Some(version) => format!("{}-{version}", session.name),
        None => session.name.clone(),
    };
    let asked = Session {
        name: (!matches!(run.python, Some(None)) && run.variant.id.is_empty()).then(|| full.clone()),
        python: Some(match &run.python {
            None => Value::None,
            Some(Some(text)) => Value::text(text.as_str()),
            Some(None) => Value::Unknown,
        }),
        posargs: Some(run.posargs.clone()),
    };
    let events = machine.run_session(session.function, asked, &run.variant.arguments);
    let mut setting = Setting { python, ..Setting::plain(&full) };
    let index = resolution.sessions.len();
    let mut piece = |event: &Event, code: Code, env: Vec<(String, Option<String>)>| {
        resolution.pieces.push(Piece {
            origin: Origin { source: Arc::clone(source), span: event.span },
            code,
            env,
            cwd: event.cwd.as_deref().and_then(|cwd| join(folder, cwd)),
            guarded: event.guarded || run.guarded,
            session: index,
        });
    };
    for event in &events {
        match &event.kind {
            EventKind::Run(words, env) => {
                let installs = words.iter().take(4).any(|word| matches!(word.text.as_str(), "install" | "sync"));
                match &mut setting.installs {
                    Some(known) if installs && words.iter().all(|word| !word.dynamic) => {
                        known.extend(words.iter().map(|word| word.text.clone()));
                    }
                    installed if installs => *installed = None,
                    _ => {}
                }
                piece(event, Code::Words(words.clone()), env.clone());
            }
            EventKind::Shell(text) => piece(event, Code::Shell(text.clone(), false), Vec::new()),
            EventKind::Install(packages) => match (&mut setting.installs, packages) {
                (Some(known), Some(packages)) if !event.guarded => known.extend(packages.iter().cloned()),
                (installed, _) => *installed = None,
            },
            EventKind::Files => piece(event, Code::Files, Vec::new()),
            EventKind::Opaque => piece(event, Code::Opaque, Vec::new()),
            EventKind::Notify(name, posargs) => {
                let posargs = posargs.clone().unwrap_or_else(|| run.posargs.clone());
                let queued = name.as_ref().and_then(|name| named(declared, name, true, &posargs));
                let Some(queued) = queued else {
                    piece(event, Code::Opaque, Vec::new());
                    continue;
                };
                for next in queued {
                    let waits = queue.iter().any(|other| {
                        other.session == next.session
                            && other.python == next.python
                            && other.variant.id == next.variant.id
                            && !other.guarded
                    });
                    if !waits {
                        queue.push_back(Run { guarded: event.guarded || run.guarded, ..next });
                    }
                }
            }
        }
    }
    if session.opaque {
        let span = events.first().map_or_else(Default::default, |event| event.span);
        let event = Event { kind: EventKind::Opaque, span, guarded: false, cwd: None };
        piece(&event, Code::Opaque, Vec::new());
    }
    if let Some(installs) = &mut setting.installs {
        installs.sort_unstable();
        installs.dedup();
    }
    resolution.session(setting);
}

//! Scripts of the project by their path: shell scripts as they stand, Python programs as far as they can be followed.

use std::sync::Arc;

use super::python::{EventKind, Machine, Module, Value};
use super::{Code, Origin, Piece, Request, Resolution, Setting, join};
use crate::source::{Source, Span};

/// What the script executes.
pub(super) fn resolve(request: &Request<'_>) -> Option<Resolution> {
    let path = request.run.sessions.first()?;
    if !request.is_known(path) {
        return None;
    }
    let source = request.read(path)?;
    let first = source.text.lines().next().unwrap_or_default();
    let interpreter = first
        .strip_prefix("#!")
        .map(|line| line.rsplit(['/', ' ']).find(|part| !part.starts_with('-')).unwrap_or_default());
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, extension)| extension);
    let python = extension == Some("py") || interpreter.is_some_and(|name| name.starts_with("python"));
    let shell = interpreter.map_or(matches!(extension, None | Some("sh" | "bash")), |name| {
        matches!(name, "sh" | "bash" | "dash" | "zsh" | "ash")
    });
    if python {
        program(request, &source, path)
    } else if shell {
        Some(shell_script(request, &source, path))
    } else {
        None
    }
}

fn shell_script(request: &Request<'_>, source: &Arc<Source>, path: &str) -> Resolution {
    let mut resolution = Resolution::default();
    let session = resolution.session(Setting::plain(path));
    // With arguments put in, the text is no longer the file's.
    let (text, verbatim) = with_arguments(request, &source.text);
    resolution.pieces.push(Piece {
        origin: Origin { source: Arc::clone(source), span: Span::new(0, source.text.len()) },
        code: Code::Shell(text, verbatim),
        env: Vec::new(),
        cwd: Some(request.folder.to_owned()),
        guarded: false,
        session,
    });
    resolution
}

/// `"$@"` and `$*` as the arguments the script is given; other parameters stay what they are: unknown. A replacement of
/// the same length keeps every place; so an empty list becomes spaces.
fn with_arguments(request: &Request<'_>, text: &str) -> (String, bool) {
    if !request.run.args.is_empty() || text.contains("shift") || text.contains("set --") {
        return (text.to_owned(), true);
    }
    let mut text = text.to_owned();
    for parameter in ["\"${@}\"", "\"$@\"", "${@}", "$@", "\"$*\"", "$*"] {
        text = text.replace(parameter, &" ".repeat(parameter.len()));
    }
    (text, true)
}

fn program(request: &Request<'_>, source: &Arc<Source>, path: &str) -> Option<Resolution> {
    let module = Module::parse(Arc::clone(source))?;
    let mut machine = Machine::new(&module, path.trim_start_matches("./"), request.env);
    let args = request.run.args.iter();
    machine.run_main(
        args.map(|arg| if request.is_known(arg) { Value::text(arg.as_str()) } else { Value::Part(arg.clone()) })
            .collect(),
    );
    if machine.exhausted {
        return None;
    }
    let mut resolution = Resolution::default();
    let session = resolution.session(Setting::plain(path));
    for event in std::mem::take(&mut machine.events) {
        let (code, env) = match event.kind {
            EventKind::Run(words, env) => (Code::Words(words), env),
            EventKind::Shell(text) => (Code::Shell(text, false), Vec::new()),
            EventKind::Files => (Code::Files, Vec::new()),
            EventKind::Opaque | EventKind::Notify(..) => (Code::Opaque, Vec::new()),
            EventKind::Install(_) => continue,
        };
        resolution.pieces.push(Piece {
            origin: Origin { source: Arc::clone(source), span: event.span },
            code,
            env,
            cwd: event.cwd.as_deref().and_then(|cwd| join(request.folder, cwd)),
            guarded: event.guarded,
            session,
        });
    }
    // What an import runs is not seen, so a program of which nothing is seen stays unknown.
    (!resolution.pieces.is_empty()).then_some(resolution)
}

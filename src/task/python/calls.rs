//! What calls do.

use ruff_python_ast::{Expr, ExprCall};

use super::eval::join_path;
use super::exec::Exit;
use super::{EventKind, Frame, Machine, Value, span};
use crate::shell::Word;
use crate::source::Span;

/// The arguments of a call.
struct Args {
    positional: Vec<Value>,
    named: Vec<(Option<String>, Value)>,
    /// The source of each positional argument, for words that are not known.
    texts: Vec<(String, Span)>,
}

impl Args {
    fn named(&self, name: &str) -> Option<&Value> {
        self.named.iter().find(|(key, _)| key.as_deref() == Some(name)).map(|(_, value)| value)
    }

    fn first(&self) -> &Value {
        self.positional.first().unwrap_or(&Value::Unknown)
    }
}

/// Modules whose functions neither start a program nor change files.
const HARMLESS_MODULES: [&str; 27] = [
    "os.path",
    "platform",
    "re",
    "json",
    "tomllib",
    "tomli",
    "toml",
    "textwrap",
    "itertools",
    "functools",
    "typing",
    "datetime",
    "random",
    "packaging",
    "nox",
    "nox_poetry",
    "operator",
    "string",
    "math",
    "enum",
    "dataclasses",
    "sys",
    "collections",
    "warnings",
    "inspect",
    "logging",
    "argparse",
];

/// Single functions of that kind.
const HARMLESS: [&str; 36] = [
    "os.getenv",
    "os.getcwd",
    "os.cpu_count",
    "os.listdir",
    "os.getpid",
    "os.makedirs",
    "os.mkdir",
    "os.walk",
    "os.environ.setdefault",
    "os.environ.copy",
    "os.environ.items",
    "os.environ.pop",
    "os.environ.update",
    "os.fspath",
    "glob.glob",
    "glob.iglob",
    "time.time",
    "time.sleep",
    "time.monotonic",
    "time.perf_counter",
    "shutil.which",
    "tempfile.mkdtemp",
    "tempfile.gettempdir",
    "tempfile.TemporaryDirectory",
    "tempfile.NamedTemporaryFile",
    "multiprocessing.cpu_count",
    "importlib.metadata.version",
    "contextlib.suppress",
    "contextlib.nullcontext",
    "shlex.split",
    "shlex.quote",
    "shlex.join",
    "pathlib.Path.home",
    "nox.session",
    "os.nice",
    "getpass.getuser",
];

/// Builtins of that kind.
const BUILTINS: [&str; 32] = [
    "print",
    "len",
    "str",
    "list",
    "tuple",
    "set",
    "sorted",
    "dict",
    "int",
    "bool",
    "float",
    "any",
    "all",
    "range",
    "zip",
    "enumerate",
    "isinstance",
    "issubclass",
    "getattr",
    "hasattr",
    "map",
    "filter",
    "min",
    "max",
    "sum",
    "repr",
    "iter",
    "next",
    "reversed",
    "frozenset",
    "type",
    "super",
];

/// Methods of texts, paths, lists and dictionaries of that kind.
const METHODS: [&str; 75] = [
    "join",
    "split",
    "rsplit",
    "splitlines",
    "format",
    "strip",
    "lstrip",
    "rstrip",
    "lower",
    "upper",
    "title",
    "startswith",
    "endswith",
    "partition",
    "rpartition",
    "removeprefix",
    "removesuffix",
    "encode",
    "decode",
    "find",
    "rfind",
    "zfill",
    "isdigit",
    "casefold",
    "items",
    "keys",
    "values",
    "get",
    "setdefault",
    "update",
    "copy",
    "append",
    "extend",
    "insert",
    "pop",
    "remove",
    "add",
    "discard",
    "sort",
    "reverse",
    "index",
    "count",
    "clear",
    "union",
    "intersection",
    "difference",
    "exists",
    "is_file",
    "is_dir",
    "is_symlink",
    "glob",
    "rglob",
    "iterdir",
    "resolve",
    "absolute",
    "as_posix",
    "as_uri",
    "relative_to",
    "joinpath",
    "with_suffix",
    "with_name",
    "read_text",
    "read_bytes",
    "expanduser",
    "stat",
    "mkdir",
    "samefile",
    "match",
    "search",
    "fullmatch",
    "findall",
    "group",
    "groups",
    "parse_args",
    "add_argument",
];

/// Methods that change files.
const FILE_METHODS: [&str; 10] =
    ["unlink", "rename", "rmdir", "touch", "write_text", "write_bytes", "symlink_to", "hardlink_to", "chmod", "write"];

impl<'m> Machine<'m> {
    pub(super) fn call(&mut self, call: &'m ExprCall) -> Value {
        let place = span(call);
        if let Expr::Attribute(attribute) = call.func.as_ref() {
            let owner = self.eval(&attribute.value);
            if !matches!(owner, Value::Dotted(_)) {
                let args = self.args(call);
                return self.method(&owner, &attribute.value, attribute.attr.as_str(), &args, place);
            }
        }
        match self.eval(&call.func) {
            Value::Function(index) => {
                let args = self.args(call);
                if self.functions.get(index).is_some_and(|function| !function.decorator_list.is_empty()) {
                    // What a decorator makes of a function is not known.
                    self.emit(EventKind::Opaque, place);
                    return Value::Unknown;
                }
                self.call_function(index, args.positional, args.named)
            }
            Value::Dotted(path) => {
                let args = self.args(call);
                self.dotted(&path, &args, place)
            }
            _ => {
                self.args(call);
                self.emit(EventKind::Opaque, place);
                Value::Unknown
            }
        }
    }

    /// The arguments of a decorator.
    pub(super) fn arguments(&mut self, call: &'m ExprCall) -> (Vec<Value>, Vec<(Option<String>, Value)>) {
        let args = self.args(call);
        (args.positional, args.named)
    }

    fn args(&mut self, call: &'m ExprCall) -> Args {
        let mut args = Args { positional: Vec::new(), named: Vec::new(), texts: Vec::new() };
        for arg in &call.arguments.args {
            let (value, node) = match arg {
                Expr::Starred(starred) => (self.eval(&starred.value), arg),
                other => (self.eval(other), other),
            };
            let place = span(node);
            let text = self.module.source.slice(place).to_owned();
            let values = match (arg, value) {
                (Expr::Starred(_), Value::List(items)) => items,
                (Expr::Starred(_), _) => vec![Value::Splat],
                (_, value) => vec![value],
            };
            for value in values {
                args.positional.push(value);
                args.texts.push((text.clone(), place));
            }
        }
        for keyword in &call.arguments.keywords {
            let value = self.eval(&keyword.value);
            match (&keyword.arg, value) {
                (Some(name), value) => args.named.push((Some(name.to_string()), value)),
                (None, Value::Dict(items)) => {
                    let named = items.into_iter().map(|(key, value)| (key.as_str().map(str::to_owned), value));
                    args.named.extend(named);
                }
                (None, _) => args.named.push((None, Value::Unknown)),
            }
        }
        args
    }

    /// Calls a function of the file.
    pub(super) fn call_function(
        &mut self,
        index: usize,
        positional: Vec<Value>,
        mut named: Vec<(Option<String>, Value)>,
    ) -> Value {
        let Some(&function) = self.functions.get(index) else { return Value::Unknown };
        if function.is_async || self.frames.len() > 10 {
            self.emit(EventKind::Opaque, span(&function.name));
            return Value::Unknown;
        }
        let parameters = &function.parameters;
        let mut frame = Frame::default();
        let unknown_names = named.iter().any(|(name, _)| name.is_none());
        let splat = positional.iter().position(|value| *value == Value::Splat);
        let mut rest = positional.into_iter();
        let mut before_splat = splat.unwrap_or(usize::MAX);
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args).chain(&parameters.kwonlyargs) {
            let name = parameter.parameter.name.as_str();
            let keyword_only = parameters.kwonlyargs.iter().any(|p| std::ptr::eq(p, parameter));
            let given = if keyword_only || before_splat == 0 {
                None
            } else {
                before_splat -= 1;
                rest.next()
            };
            let at = named.iter().position(|(key, _)| key.as_deref() == Some(name));
            let value = match (given, at, &parameter.default) {
                (Some(value), ..) => value,
                (None, Some(at), _) => named.swap_remove(at).1,
                (None, None, _) if unknown_names || (splat.is_some() && !keyword_only) => Value::Unknown,
                (None, None, Some(default)) => self.eval(default),
                (None, None, None) => Value::Unknown,
            };
            frame.vars.insert(name.to_owned(), value);
        }
        if let Some(vararg) = &parameters.vararg {
            frame.vars.insert(vararg.name.to_string(), Value::List(rest.collect()));
        }
        if let Some(kwarg) = &parameters.kwarg {
            let items = named.into_iter().map(|(key, value)| (key.map_or(Value::Unknown, Value::Str), value));
            frame.vars.insert(kwarg.name.to_string(), Value::Dict(items.collect()));
        }
        self.frames.push(frame);
        let exit = self.block(&function.body);
        let frame = self.frames.pop().unwrap_or_default();
        let value = match exit {
            Exit::Return(value) => value,
            Exit::Next => Value::None,
            _ => Value::Unknown,
        };
        match frame.vars.get("@return") {
            Some(other) => value.merge(other.clone()),
            None if frame.guarded && exit_is_unknown(&value) => Value::Unknown,
            None => value,
        }
    }

    /// The words of a command.
    fn words(values: &[Value], texts: &[(String, Span)]) -> Vec<Word> {
        let word = |(index, value): (usize, &Value)| {
            let (source, place) = texts.get(index).or(texts.last()).cloned().unwrap_or_default();
            let (text, dynamic) = match value {
                Value::Part(text) => (text.clone(), true),
                value => value.display().filter(|_| *value != Value::None).map_or((source, true), |text| (text, false)),
            };
            Word { text, dynamic, span: place, ..Word::default() }
        };
        values.iter().enumerate().map(word).collect()
    }

    /// The variables that `env=` adds, after those the program has set.
    fn env_of(&self, value: Option<&Value>) -> Vec<(String, Option<String>)> {
        let mut env = self.env.clone();
        let unknown = ("COVERAGE_FILE".to_owned(), None);
        match value {
            None | Some(Value::None) => {}
            Some(Value::Dotted(name)) if matches!(name.as_str(), "os.environ" | "@session.env") => {}
            Some(Value::Dict(items)) => {
                for (key, value) in items {
                    env.push(match key.as_str() {
                        Some(name) => (name.to_owned(), value.as_str().map(str::to_owned)),
                        None => unknown.clone(),
                    });
                }
            }
            Some(_) => env.push(unknown),
        }
        env
    }

    fn run_words(&mut self, values: &[Value], args: &Args, place: Span) -> Value {
        let words = Self::words(values, &args.texts);
        if !matches!(values.first(), Some(Value::Str(_) | Value::Part(_))) {
            self.emit(EventKind::Opaque, place);
            return Value::Unknown;
        }
        let env = self.env_of(args.named("env"));
        self.emit(EventKind::Run(words, env), place);
        Value::Unknown
    }

    fn dotted(&mut self, path: &str, args: &Args, place: Span) -> Value {
        if let Some(name) = path.strip_prefix("@session.") {
            return self.session_call(name, args, place);
        }
        let name = path.strip_prefix("pathlib.").unwrap_or(path);
        match name {
            "Path" | "PurePath" | "PosixPath" => {
                let texts: Option<Vec<&str>> = args.positional.iter().map(Value::as_str).collect();
                return match texts.as_deref() {
                    Some([]) => Value::text("."),
                    Some([first, rest @ ..]) => {
                        Value::Str(rest.iter().fold((*first).to_owned(), |path, part| join_path(&path, part)))
                    }
                    None => Value::Unknown,
                };
            }
            "Path.cwd" | "os.getcwd" if self.cwd.as_deref() == Some("") => return Value::text("."),
            "os.path.join" => {
                let texts: Option<Vec<&str>> = args.positional.iter().map(Value::as_str).collect();
                return texts
                    .and_then(|texts| texts.split_first().map(|(first, rest)| ((*first).to_owned(), rest.to_vec())))
                    .map_or(Value::Unknown, |(first, rest)| {
                        Value::Str(rest.iter().fold(first, |path, part| join_path(&path, part)))
                    });
            }
            "os.path.dirname" => {
                return match args.first() {
                    Value::Str(text) => Value::text(match super::super::parent(text) {
                        "" => ".",
                        folder => folder,
                    }),
                    _ => Value::Unknown,
                };
            }
            "os.path.abspath" | "os.path.realpath" | "os.path.normpath" | "os.fspath" => return args.first().clone(),
            "os.environ.get" | "os.getenv" | "environ.get" | "@session.env.get" => {
                return args.first().as_str().and_then(|name| self.variable(name)).unwrap_or(Value::Unknown);
            }
            "os.environ.update" | "os.environ.setdefault" => {
                match (args.first(), args.positional.get(1)) {
                    (Value::Str(name), Some(value)) => self.set_env(name, value),
                    (Value::Dict(items), _) => {
                        for (key, value) in items {
                            if let Some(name) = key.as_str() {
                                self.set_env(name, value);
                            }
                        }
                    }
                    _ => {}
                }
                return Value::Unknown;
            }
            "str" => return args.first().display().map_or_else(|| args.first().clone(), Value::Str),
            "bool" => return args.first().truth().map_or(Value::Unknown, Value::Bool),
            "list" | "tuple" | "set" | "sorted" | "reversed" | "frozenset" => {
                return match (args.positional.as_slice(), args.first()) {
                    ([], _) => Value::List(Vec::new()),
                    (_, Value::List(items)) if matches!(name, "list" | "tuple") => Value::List(items.clone()),
                    (_, Value::List(items)) => {
                        let mut items = items.clone();
                        if name == "reversed" && !items.contains(&Value::Splat) {
                            items.reverse();
                        }
                        if matches!(name, "set" | "frozenset") {
                            let mut seen: Vec<Value> = Vec::new();
                            items.retain(|item| {
                                !seen.contains(item) && {
                                    seen.push(item.clone());
                                    true
                                }
                            });
                        }
                        if name == "sorted" {
                            let Some(mut texts) = Value::List(items.clone()).texts() else { return Value::Unknown };
                            texts.sort();
                            return if args.named.is_empty() {
                                Value::List(texts.into_iter().map(Value::Str).collect())
                            } else {
                                Value::Unknown
                            };
                        }
                        Value::List(items)
                    }
                    _ => Value::Unknown,
                };
            }
            "dict" => {
                let mut items = match args.first() {
                    _ if args.positional.is_empty() => Vec::new(),
                    Value::Dict(items) => items.clone(),
                    Value::Dotted(name) if name == "os.environ" => Vec::new(),
                    _ => vec![(Value::Unknown, Value::Unknown)],
                };
                for (key, value) in &args.named {
                    items.push((key.clone().map_or(Value::Unknown, Value::Str), value.clone()));
                }
                return Value::Dict(items);
            }
            "os.environ.copy" => return Value::Dict(Vec::new()),
            "len" => {
                return match args.first() {
                    Value::Str(text) => i64::try_from(text.chars().count()).map_or(Value::Unknown, Value::Int),
                    list => list
                        .elements()
                        .and_then(|items| i64::try_from(items.len()).ok())
                        .map_or(Value::Unknown, Value::Int),
                };
            }
            "shlex.split" => {
                return args.first().as_str().map_or(Value::List(vec![Value::Splat]), |text| {
                    let words = super::super::words::split(text, |_| false);
                    Value::List(words.into_iter().map(|word| Value::Str(word.text)).collect())
                });
            }
            "shlex.join" => {
                let texts = args.first().texts();
                return texts.map_or(Value::Unknown, |texts| Value::Str(texts.join(" ")));
            }
            "enumerate" | "zip" | "range" | "map" | "filter" => return Value::List(vec![Value::Splat]),
            "nox.param" => return args.first().clone(),
            "sys.exit" | "exit" | "quit" | "os._exit" => {
                self.stop();
                return Value::Unknown;
            }
            "subprocess.run"
            | "subprocess.call"
            | "subprocess.check_call"
            | "subprocess.check_output"
            | "subprocess.Popen" => return self.subprocess(args, place),
            "os.system" | "os.popen" => {
                let event = args.first().as_str().map_or(EventKind::Opaque, |text| EventKind::Shell(text.to_owned()));
                self.emit(event, place);
                return Value::Unknown;
            }
            "os.execvp" | "os.execv" => {
                let words = args.positional.get(1).cloned().unwrap_or(Value::Unknown);
                let exit = match words {
                    Value::List(words) => {
                        self.run_words(&words, args, place);
                        self.stop()
                    }
                    _ => {
                        self.emit(EventKind::Opaque, place);
                        self.stop()
                    }
                };
                debug_assert!(exit != Exit::Next);
                return Value::Unknown;
            }
            "pytest.main" => {
                let mut words = vec![Value::text("pytest")];
                match args.positional.first().or_else(|| args.named("args")) {
                    None => {}
                    Some(Value::List(items)) => words.extend(items.iter().cloned()),
                    Some(_) => words.push(Value::Splat),
                }
                return self.run_words(&words, args, place);
            }
            "os.chdir" => {
                self.chdir(args.first());
                return Value::Unknown;
            }
            "open" => {
                let mode = args.positional.get(1).or_else(|| args.named("mode"));
                let reads = match mode {
                    None => true,
                    Some(Value::Str(mode)) => !mode.contains(['w', 'a', 'x', '+']),
                    Some(_) => false,
                };
                if !reads {
                    self.emit(EventKind::Files, place);
                }
                return Value::Unknown;
            }
            _ => {}
        }
        let module = |modules: &[&str]| {
            modules.iter().any(|module| path.strip_prefix(module).is_some_and(|rest| rest.starts_with('.')))
        };
        if BUILTINS.contains(&path) || HARMLESS.contains(&path) || module(&HARMLESS_MODULES) {
            return Value::Unknown;
        }
        let last = path.rsplit('.').next().unwrap_or_default();
        if module(&["shutil"])
            || matches!(path, "os.remove" | "os.unlink" | "os.rename" | "os.replace" | "os.rmdir" | "os.symlink")
            || FILE_METHODS.contains(&last)
        {
            self.emit(EventKind::Files, place);
        } else if !(path.contains('.') && METHODS.contains(&last)) {
            self.emit(EventKind::Opaque, place);
        }
        Value::Unknown
    }

    fn chdir(&mut self, to: &Value) {
        let base = self.cwd.take();
        self.cwd = match (base, to) {
            (Some(base), Value::Str(to)) => super::super::join(&base, to),
            _ => None,
        };
    }

    fn session_call(&mut self, name: &str, args: &Args, place: Span) -> Value {
        match name {
            "run" | "run_always" | "run_install" => {
                // A path to Python is Python.
                self.run_words(&args.positional, args, place)
            }
            "chdir" | "cd" => {
                self.chdir(args.first());
                Value::Unknown
            }
            "notify" => {
                let target = args.positional.first().or_else(|| args.named("target"));
                let target = match target {
                    Some(Value::Str(name)) => Some(name.clone()),
                    Some(Value::Function(index)) => self.functions.get(*index).map(|f| f.name.to_string()),
                    _ => None,
                };
                let posargs = args.positional.get(1).or_else(|| args.named("posargs")).cloned();
                self.emit(EventKind::Notify(target, posargs), place);
                Value::Unknown
            }
            "skip" | "error" => {
                self.stop();
                Value::Unknown
            }
            "log"
            | "debug"
            | "warn"
            | "warning"
            | "info"
            | "env.get"
            | "create_tmp"
            | "env.setdefault"
            | "posargs.copy"
            | "poetry.export_requirements"
            | "poetry.build_package" => match (name, args.first()) {
                ("env.get", Value::Str(name)) => self.variable(name).unwrap_or(Value::Unknown),
                ("env.setdefault", Value::Str(name)) => {
                    let value = args.positional.get(1).cloned().unwrap_or(Value::Unknown);
                    self.set_env(name, &value);
                    Value::Unknown
                }
                _ => Value::Unknown,
            },
            "env.update" => {
                if let Value::Dict(items) = args.first() {
                    for (key, value) in items.clone() {
                        if let Some(name) = key.as_str() {
                            self.set_env(name, &value);
                        }
                    }
                } else {
                    self.set_env("COVERAGE_FILE", &Value::Unknown);
                }
                for (key, value) in &args.named {
                    if let Some(name) = key {
                        self.set_env(&name.clone(), &value.clone());
                    }
                }
                Value::Unknown
            }
            name if name.contains("install") => {
                let texts = args.positional.iter().map(|value| value.as_str().map(str::to_owned)).collect();
                self.emit(EventKind::Install(texts), place);
                Value::Unknown
            }
            name if name.starts_with("_runner") || name.starts_with("virtualenv") => Value::Unknown,
            _ => {
                self.emit(EventKind::Opaque, place);
                Value::Unknown
            }
        }
    }

    fn subprocess(&mut self, args: &Args, place: Span) -> Value {
        let command = args.positional.first().or_else(|| args.named("args")).cloned().unwrap_or(Value::Unknown);
        let shell = args.named("shell").is_some_and(|value| value.truth() != Some(false));
        let cwd = self.cwd.clone();
        match args.named("cwd") {
            None | Some(Value::None) => {}
            Some(to) => self.chdir(&to.clone()),
        }
        match command {
            Value::List(words) if !shell => {
                self.run_words(&words, args, place);
            }
            Value::Str(text) if shell => {
                let event = if args.named("env").is_none() { EventKind::Shell(text) } else { EventKind::Opaque };
                self.emit(event, place);
            }
            _ => self.emit(EventKind::Opaque, place),
        }
        self.cwd = cwd;
        Value::Unknown
    }

    /// A method of a value.
    fn method(&mut self, owner: &Value, node: &'m Expr, name: &str, args: &Args, place: Span) -> Value {
        match (owner, name) {
            (Value::List(items), "append" | "extend" | "insert" | "add" | "update") => {
                let mut items = items.clone();
                match (name, args.positional.as_slice()) {
                    ("append" | "add", [item]) => items.push(item.clone()),
                    ("extend" | "update", [Value::List(more)]) => items.extend(more.iter().cloned()),
                    ("insert", [Value::Int(0), item]) => items.insert(0, item.clone()),
                    _ => items.push(Value::Splat),
                }
                self.assign(node, Value::List(items));
                Value::None
            }
            (Value::List(_), "remove" | "pop" | "sort" | "reverse" | "clear" | "discard") => {
                self.assign(node, Value::Unknown);
                Value::Unknown
            }
            (Value::List(items), "copy") => Value::List(items.clone()),
            (Value::Dict(items), "get") => {
                let known = !items.iter().any(|(key, _)| *key == Value::Unknown) && args.first().is_known();
                match items.iter().find(|(key, _)| key == args.first()) {
                    Some((_, value)) => value.clone(),
                    None if known => args.positional.get(1).cloned().unwrap_or(Value::None),
                    None => Value::Unknown,
                }
            }
            (Value::Dict(items), "copy") => Value::Dict(items.clone()),
            (Value::Dict(items), "items") if items.iter().all(|(key, _)| key.is_known()) => {
                Value::List(items.iter().map(|(key, value)| Value::List(vec![key.clone(), value.clone()])).collect())
            }
            (Value::Dict(items), "keys") if items.iter().all(|(key, _)| key.is_known()) => {
                Value::List(items.iter().map(|(key, _)| key.clone()).collect())
            }
            (Value::Dict(items), "update") => {
                let mut items = items.clone();
                match args.first() {
                    Value::Dict(more) => {
                        for (key, value) in more {
                            items.retain(|(k, _)| k != key);
                            items.push((key.clone(), value.clone()));
                        }
                    }
                    _ if args.positional.is_empty() => {}
                    _ => items.push((Value::Unknown, Value::Unknown)),
                }
                for (key, value) in &args.named {
                    items.push((key.clone().map_or(Value::Unknown, Value::Str), value.clone()));
                }
                self.assign(node, Value::Dict(items));
                Value::None
            }
            (Value::Dict(_), "pop" | "setdefault" | "clear") => {
                self.assign(node, Value::Dict(vec![(Value::Unknown, Value::Unknown)]));
                Value::Unknown
            }
            (Value::Str(text), "split") if args.positional.is_empty() => {
                Value::List(text.split_whitespace().map(Value::text).collect())
            }
            (Value::Str(text), "split") => match args.first() {
                Value::Str(by) if !by.is_empty() && args.positional.len() == 1 => {
                    Value::List(text.split(by.as_str()).map(Value::text).collect())
                }
                _ => Value::Unknown,
            },
            (Value::Str(text), "join") => match args.first().texts() {
                Some(texts) if args.first().elements().is_some() => Value::Str(texts.join(text)),
                _ => Value::Unknown,
            },
            (Value::Str(text), "startswith") => {
                args.first().as_str().map_or(Value::Unknown, |start| Value::Bool(text.starts_with(start)))
            }
            (Value::Str(text), "endswith") => {
                args.first().as_str().map_or(Value::Unknown, |end| Value::Bool(text.ends_with(end)))
            }
            (Value::Str(text), "lower") => Value::Str(text.to_lowercase()),
            (Value::Str(text), "upper") => Value::Str(text.to_uppercase()),
            (Value::Str(text), "strip") if args.positional.is_empty() => Value::text(text.trim()),
            (Value::Str(text), "replace") => match args.positional.as_slice() {
                [Value::Str(from), Value::Str(to)] if !from.is_empty() => Value::Str(text.replace(from.as_str(), to)),
                // `Path.replace` takes one argument and moves the file.
                [_] => {
                    self.emit(EventKind::Files, place);
                    Value::Unknown
                }
                _ => Value::Unknown,
            },
            (Value::Str(text), "format") if args.positional.iter().all(Value::is_known) && args.named.is_empty() => {
                let mut parts = text.split("{}");
                let mut made = parts.next().unwrap_or_default().to_owned();
                let mut values = args.positional.iter().map(Value::display);
                for part in parts {
                    match values.next().flatten() {
                        Some(value) => made.push_str(&value),
                        None => return Value::Part(text.clone()),
                    }
                    made.push_str(part);
                }
                if made.contains('{') { Value::Part(text.clone()) } else { Value::Str(made) }
            }
            (Value::Str(text), "format") => Value::Part(text.clone()),
            (Value::Str(text), "resolve" | "absolute" | "as_posix" | "expanduser") => Value::Str(text.clone()),
            (Value::Str(text), "joinpath") => {
                let texts: Option<Vec<&str>> = args.positional.iter().map(Value::as_str).collect();
                texts.map_or(Value::Unknown, |texts| {
                    Value::Str(texts.iter().fold(text.clone(), |path, part| join_path(&path, part)))
                })
            }
            (_, name) if FILE_METHODS.contains(&name) => {
                self.emit(EventKind::Files, place);
                Value::Unknown
            }
            (_, "replace") if args.positional.len() == 2 => Value::Unknown,
            (_, name) if METHODS.contains(&name) => Value::Unknown,
            _ => {
                self.emit(EventKind::Opaque, place);
                Value::Unknown
            }
        }
    }
}

fn exit_is_unknown(value: &Value) -> bool {
    *value != Value::None
}

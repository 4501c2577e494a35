//! A split script: its simple commands with their words, redirects and assignments. [`parse`](super::parse()) makes it.

use crate::source::Span;

/// A split script: its simple commands in the order they would start.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Script {
    /// The simple commands; those of a `$( … )` stand before the command that holds it.
    pub commands: Vec<Command>,
    /// Something could not be split reliably; claims about the whole script are unsafe.
    pub opaque: bool,
    /// Names of the functions the script defines.
    pub functions: Vec<String>,
    /// For each subshell number its parent; number 0, the script itself, is its own parent.
    pub subshells: Vec<usize>,
}

/// One simple command.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Command {
    /// The command name and its arguments.
    pub words: Vec<Word>,
    /// Assignments before the command name (`FOO=bar pytest`); without words they set shell variables.
    pub assignments: Vec<(String, Word)>,
    /// Redirects of this command, those of enclosing compound commands after its own.
    pub redirects: Vec<Redirect>,
    /// The whole command, within the script.
    pub span: Span,
    /// The command may not run at all: it stands in a branch, loop or function body, after `||`,
    /// after a test such as `[ … ] &&`, or after a possible early `exit 0`.
    pub guarded: bool,
    /// Standard input comes from a pipe.
    pub piped_in: bool,
    /// Standard output goes into a pipe.
    pub piped_out: bool,
    /// Started with `&`.
    pub background: bool,
    /// Runs inside `$( … )`, backticks or a process substitution.
    pub substituted: bool,
    /// The subshell it runs in, an index into [`Script::subshells`].
    pub subshell: usize,
    pub(super) after_or: bool,
    pub(super) level: u32,
}

/// One shell word with its quotes removed.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Word {
    /// The text; dynamic parts keep their source text.
    pub text: String,
    /// The text is not literally known: it holds an expansion, a substitution, `${{ }}` or a brace list.
    pub dynamic: bool,
    /// Holds an unquoted `*`, `?` or `[`, which the shell expands to file names where some match.
    pub glob: bool,
    /// The raw word, quotes included, within the script.
    pub span: Span,
}

impl Word {
    /// The text when it is literally known.
    pub fn literal(&self) -> Option<&str> {
        (!self.dynamic).then_some(self.text.as_str())
    }
}

/// What a redirect does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectKind {
    /// `> file`, `>| file`, `&> file`.
    Write,
    /// `>> file`, `&>> file`.
    Append,
    /// `< file`.
    Read,
    /// `<> file`.
    ReadWrite,
    /// `<< DELIMITER`.
    HereDocument,
    /// `<<< word`.
    HereString,
    /// `>&1`, `<&3`, `2>&-`.
    Duplicate,
}

/// One redirect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redirect {
    /// What it does.
    pub kind: RedirectKind,
    /// The file descriptor written before it; `None` means the usual one.
    pub descriptor: Option<u32>,
    /// The file, delimiter, string or descriptor.
    pub target: Word,
    /// The body of a here-document; `dynamic` when the shell or the forge expands something in it.
    pub body: Option<Word>,
}

impl Redirect {
    /// Whether standard output lands in the target file.
    pub fn takes_stdout(&self) -> bool {
        matches!(self.kind, RedirectKind::Write | RedirectKind::Append) && self.descriptor.is_none_or(|fd| fd == 1)
    }
}

/// What a script is known to have done to one variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Variable {
    /// The script does not set it; it keeps whatever the step's environment says.
    Untouched,
    /// Set to this very text.
    Known(String),
    /// Set or unset, but to what is not known.
    Unknown,
}

/// An assignment that lasts beyond its command: `A=b` alone, or `export A=b` and its like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The variable.
    pub name: String,
    /// Its value; `None` for `export A` (keeps its value) and `unset A`.
    pub value: Option<Word>,
    /// Whether this makes child processes see it.
    pub exported: bool,
    /// Whether this is `unset A`.
    pub unset: bool,
    /// Whether it may not take place, or only in a subshell.
    pub guarded: bool,
    /// The whole command, within the script.
    pub span: Span,
}

/// A script of one command, given by its words: what a program starts without a shell.
pub fn command(words: Vec<Word>) -> Script {
    let span = words.iter().map(|word| word.span).reduce(Span::to).unwrap_or_default();
    let command = Command { words, span, ..Command::default() };
    Script { commands: vec![command], subshells: vec![0], ..Script::default() }
}

impl Script {
    /// The assignments that last beyond their own command, in order.
    pub fn assignments(&self) -> Vec<Assignment> {
        let mut found = Vec::new();
        for command in &self.commands {
            let guarded = command.guarded || command.subshell != 0;
            let make = |name: &str, value: Option<Word>, exported: bool, unset: bool| Assignment {
                name: name.to_owned(),
                value,
                exported,
                unset,
                guarded,
                span: command.span,
            };
            let Some(head) = command.words.first() else {
                found.extend(
                    command.assignments.iter().map(|(name, value)| make(name, Some(value.clone()), false, false)),
                );
                continue;
            };
            let head = head.literal().unwrap_or_default();
            if !matches!(head, "export" | "declare" | "typeset" | "readonly" | "local" | "unset") {
                continue;
            }
            let flags: String =
                command.words[1..].iter().filter(|w| w.text.starts_with('-')).map(|w| w.text.as_str()).collect();
            let exported = head == "export" || flags.contains('x');
            for word in command.words[1..].iter().filter(|w| !w.text.starts_with('-')) {
                if head == "unset" {
                    found.push(make(&word.text, None, false, true));
                } else if let Some((name, value)) = split_assignment(word, &word.text) {
                    found.push(make(&name, Some(value), exported, false));
                } else {
                    found.push(make(&word.text, None, exported, false));
                }
            }
        }
        found
    }

    /// What child processes started at byte `before` see of variable `name`, as far as this script decides it.
    ///
    /// A plain `A=b` reaches children only when `A` already was in the environment, so it answers `Unknown`.
    pub fn exported(&self, name: &str, before: usize) -> Variable {
        let mut plain: Option<Variable> = None;
        let mut state = Variable::Untouched;
        for assignment in self.assignments().into_iter().filter(|a| a.name == name && a.span.start < before) {
            if assignment.unset || assignment.guarded {
                (state, plain) = (Variable::Unknown, None);
                continue;
            }
            let value = assignment
                .value
                .as_ref()
                .map(|w| w.literal().map_or(Variable::Unknown, |t| Variable::Known(t.to_owned())));
            let was_exported = matches!(state, Variable::Known(_));
            match (value, assignment.exported) {
                (Some(value), true) => (state, plain) = (value, None),
                (Some(value), false) if was_exported => state = value,
                (Some(value), false) => (state, plain) = (Variable::Unknown, Some(value)),
                (None, true) => state = plain.take().unwrap_or(state),
                (None, false) => {}
            }
        }
        state
    }
}

/// Splits `NAME=value`, `NAME+=value` and `NAME[i]=value`; `raw` is the word's source text.
pub(super) fn split_assignment(word: &Word, raw: &str) -> Option<(String, Word)> {
    let name_len = raw.bytes().take_while(|&b| b == b'_' || b.is_ascii_alphanumeric()).count();
    if name_len == 0 || raw.as_bytes()[0].is_ascii_digit() {
        return None;
    }
    let name = raw[..name_len].to_owned();
    let rest = &raw[name_len..];
    let (skip, appends) = if rest.starts_with('=') {
        (name_len + 1, false)
    } else if rest.starts_with("+=") {
        (name_len + 2, true)
    } else if rest.starts_with('[') {
        let at = word.text.find("]=").or_else(|| word.text.find("]+="))?;
        (word.text[at..].find('=').map(|i| at + i + 1)?, true)
    } else {
        return None;
    };
    let text = word.text.get(skip..)?.to_owned();
    let dynamic = word.dynamic || appends || text.starts_with('~');
    Some((name, Word { text, dynamic, glob: false, span: word.span }))
}

//! Reads a command line into options and positionals, by a table of the options that take a value.

use super::script::Word;

/// Which options of a tool take values. Everything else that starts with `-` counts as a flag.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spec {
    /// Options that take one value: long names with their dashes, short names as `-x`.
    pub(super) value: &'static [&'static str],
    /// Options that take the next word unless it starts with `-`.
    pub(super) maybe: &'static [&'static str],
    /// Options that take every following word up to the next option.
    pub(super) many: &'static [&'static str],
    /// Stop at the first positional: it and the rest belong to another command.
    pub(super) stop: bool,
}

/// One option as given.
#[derive(Debug, Clone)]
pub(super) struct Opt {
    /// The name with its dashes.
    pub(super) name: String,
    /// Its values.
    pub(super) values: Vec<Word>,
}

/// A command line taken apart.
#[derive(Debug, Clone, Default)]
pub(super) struct Args {
    /// Options in order.
    pub(super) options: Vec<Opt>,
    /// Words that are neither options nor their values; with [`Spec::stop`] the first one and all after it.
    pub(super) positionals: Vec<Word>,
    /// Words after `--`.
    pub(super) rest: Vec<Word>,
    /// A word of unknown text could itself be options or positionals.
    pub(super) dynamic: bool,
}

impl Args {
    /// Whether any of `names` was given.
    pub(super) fn has(&self, names: &[&str]) -> bool {
        self.options.iter().any(|o| names.contains(&o.name.as_str()))
    }

    /// The first value of the last of `names` given.
    pub(super) fn value(&self, names: &[&str]) -> Option<&Word> {
        self.options.iter().rev().find(|o| names.contains(&o.name.as_str())).and_then(|o| o.values.first())
    }

    /// Like [`Args::value`], as text.
    pub(super) fn text(&self, names: &[&str]) -> Option<String> {
        self.value(names).map(|w| w.text.clone())
    }

    /// Whether any word, wherever it stands, has unknown text.
    pub(super) fn any_dynamic(&self) -> bool {
        self.dynamic
            || self
                .positionals
                .iter()
                .chain(&self.rest)
                .chain(self.options.iter().flat_map(|o| &o.values))
                .any(|w| w.dynamic)
    }
}

/// Reads `words`, the arguments without the command name.
pub(super) fn read(words: &[Word], spec: &Spec) -> Args {
    let mut args = Args::default();
    let mut at = 0;
    while at < words.len() {
        let word = &words[at];
        let text = word.text.as_str();
        at += 1;
        if text == "--" {
            args.rest = words[at..].to_vec();
            break;
        }
        if !text.starts_with('-') || text == "-" {
            args.dynamic |= word.dynamic;
            args.positionals.push(word.clone());
            if spec.stop {
                args.positionals.extend_from_slice(&words[at..]);
                break;
            }
            continue;
        }
        let (name, mut values) = if text.starts_with("--") {
            if let Some((name, value)) = text.split_once('=') {
                (name.to_owned(), vec![part(word, value)])
            } else {
                args.dynamic |= word.dynamic;
                (text.to_owned(), Vec::new())
            }
        } else {
            cluster(word, spec, &mut args.options)
        };
        let takes = |table: &[&str]| table.contains(&name.as_str());
        if values.is_empty() && takes(spec.value) {
            values.extend(words.get(at).cloned());
            at += 1;
        } else if values.is_empty() && takes(spec.maybe) {
            if let Some(next) = words.get(at).filter(|w| !w.text.starts_with('-')) {
                values.push(next.clone());
                at += 1;
            }
        } else if takes(spec.many) {
            while let Some(next) = words.get(at).filter(|w| !w.text.starts_with('-')) {
                values.push(next.clone());
                at += 1;
            }
        }
        args.options.push(Opt { name, values });
    }
    args
}

/// Takes `-rs` or `-nauto` apart; all but the last short option go to `options`.
fn cluster(word: &Word, spec: &Spec, options: &mut Vec<Opt>) -> (String, Vec<Word>) {
    let known = |name: &str| spec.value.contains(&name) || spec.maybe.contains(&name) || spec.many.contains(&name);
    // Some tools have single-dash names of several letters, such as tox's `-pall` or nox's `-db`.
    if known(&word.text) {
        return (word.text.clone(), Vec::new());
    }
    let letters: Vec<(usize, char)> = word.text.char_indices().skip(1).collect();
    for (index, &(at, letter)) in letters.iter().enumerate() {
        let name = format!("-{letter}");
        let after = &word.text[at + letter.len_utf8()..];
        if known(&name) {
            let value = after.strip_prefix('=').unwrap_or(after);
            let values = if after.is_empty() { Vec::new() } else { vec![part(word, value)] };
            return (name, values);
        }
        if index + 1 == letters.len() || !letter.is_ascii_alphabetic() {
            return (name, Vec::new());
        }
        options.push(Opt { name, values: Vec::new() });
    }
    (word.text.clone(), Vec::new())
}

/// A part of a word, as a word.
fn part(word: &Word, text: &str) -> Word {
    Word { text: text.to_owned(), ..word.clone() }
}

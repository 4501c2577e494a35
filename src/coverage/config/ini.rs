//! INI files as Python's `configparser` reads them for coverage.py: strict, without interpolation, keys in lower case.

use std::fmt::Write as _;

use super::python::{is_space, repr, strip};

/// The section whose options every other section has too.
const DEFAULT: &str = "DEFAULT";

/// One option and its value.
type Entry = (String, String);

/// A parsed INI file: sections and options in the order of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ini {
    sections: Vec<(String, Vec<Entry>)>,
    defaults: Vec<Entry>,
}

impl Ini {
    /// Parses `text`; `name` is the file's name in messages. The error is Python's message.
    pub fn parse(text: &str, name: &str) -> Result<Self, String> {
        let text = text.replace("\r\n", "\n").replace('\r', "\n");
        let mut reader = Reader::new(name);
        for (number, line) in (1..).zip(text.split_inclusive('\n')) {
            reader.line(number, line)?;
        }
        reader.finish()
    }

    /// Whether the section exists.
    pub fn has_section(&self, section: &str) -> bool {
        self.sections.iter().any(|(name, _)| name == section)
    }

    /// The names of the section's options, the shared ones last.
    pub fn options(&self, section: &str) -> Vec<&str> {
        let mut names: Vec<&str> = self.entries(section).iter().map(|(name, _)| name.as_str()).collect();
        for (name, _) in &self.defaults {
            if !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names
    }

    /// The value of an option in an existing section.
    pub fn get(&self, section: &str, option: &str) -> Option<&str> {
        if !self.has_section(section) {
            return None;
        }
        let find = |entries: &'_ [Entry]| entries.iter().position(|(name, _)| name == option);
        let own = self.entries(section);
        match find(own) {
            Some(at) => Some(&own[at].1),
            None => find(&self.defaults).map(|at| self.defaults[at].1.as_str()),
        }
    }

    fn entries(&self, section: &str) -> &[Entry] {
        self.sections.iter().find(|(name, _)| name == section).map_or(&[], |(_, entries)| entries.as_slice())
    }
}

/// Where new options go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Nowhere,
    Defaults,
    Section(usize),
}

struct Reader<'n> {
    name: &'n str,
    ini: Ini,
    place: Place,
    /// The option that indented lines belong to is the last of the place.
    open: bool,
    indent: usize,
    bad_lines: String,
}

impl<'n> Reader<'n> {
    fn new(name: &'n str) -> Self {
        Self { name, ini: Ini::default(), place: Place::Nowhere, open: false, indent: 0, bad_lines: String::new() }
    }

    fn line(&mut self, number: usize, line: &str) -> Result<(), String> {
        let value = strip(line);
        if value.starts_with(['#', ';']) {
            return Ok(());
        }
        if value.is_empty() {
            self.extend(value);
            return Ok(());
        }
        let indent = line.chars().take_while(|c| is_space(*c)).count();
        if indent > self.indent && self.open {
            self.extend(value);
            return Ok(());
        }
        self.indent = indent;
        if let Some(section) = header(value) {
            return self.section(number, section);
        }
        if self.place == Place::Nowhere {
            let (name, line) = (repr(self.name), repr(line));
            return Err(format!("File contains no section headers.\nfile: {name}, line: {number}\n{line}"));
        }
        let Some(at) = value.find(['=', ':']) else {
            self.bad_line(number, line);
            return Ok(());
        };
        if at == 0 {
            self.bad_line(number, line);
        }
        self.option(number, &strip(&value[..at]).to_lowercase(), strip(&value[at + 1..]))
    }

    fn section(&mut self, number: usize, section: &str) -> Result<(), String> {
        self.open = false;
        if section == DEFAULT {
            self.place = Place::Defaults;
            return Ok(());
        }
        if self.ini.has_section(section) {
            return Err(format!("{}: section {} already exists", self.reading(number), repr(section)));
        }
        self.place = Place::Section(self.ini.sections.len());
        self.ini.sections.push((section.to_owned(), Vec::new()));
        Ok(())
    }

    fn option(&mut self, number: usize, option: &str, value: &str) -> Result<(), String> {
        let section = match self.place {
            Place::Section(at) => self.ini.sections[at].0.as_str(),
            Place::Nowhere | Place::Defaults => DEFAULT,
        };
        let (reading, section) = (self.reading(number), repr(section));
        let Some(entries) = self.entries() else { return Ok(()) };
        if entries.iter().any(|(name, _)| name == option) {
            return Err(format!("{reading}: option {} in section {section} already exists", repr(option)));
        }
        entries.push((option.to_owned(), value.to_owned()));
        self.open = !option.is_empty();
        Ok(())
    }

    /// Adds a line to the open option.
    fn extend(&mut self, value: &str) {
        if !self.open {
            return;
        }
        if let Some((_, text)) = self.entries().and_then(|entries| entries.last_mut()) {
            text.push('\n');
            text.push_str(value);
        }
    }

    fn entries(&mut self) -> Option<&mut Vec<Entry>> {
        match self.place {
            Place::Nowhere => None,
            Place::Defaults => Some(&mut self.ini.defaults),
            Place::Section(at) => Some(&mut self.ini.sections[at].1),
        }
    }

    fn bad_line(&mut self, number: usize, line: &str) {
        // Writing to a text cannot fail.
        let _ = write!(self.bad_lines, "\n\t[line {number:2}]: {}", repr(line));
    }

    fn reading(&self, number: usize) -> String {
        format!("While reading from {} [line {number:2}]", repr(self.name))
    }

    fn finish(mut self) -> Result<Ini, String> {
        if !self.bad_lines.is_empty() {
            return Err(format!("Source contains parsing errors: {}{}", repr(self.name), self.bad_lines));
        }
        let sections = self.ini.sections.iter_mut().flat_map(|(_, entries)| entries);
        for (_, value) in sections.chain(&mut self.ini.defaults) {
            value.truncate(value.trim_end_matches(is_space).len());
        }
        Ok(self.ini)
    }
}

/// The section a stripped line names: everything up to the last closing bracket, and at least one character.
fn header(line: &str) -> Option<&str> {
    let inner = line.strip_prefix('[')?;
    let end = inner.rfind(']')?;
    (end > 0).then(|| &inner[..end])
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn get(text: &str, section: &str, option: &str) -> Option<String> {
        Ini::parse(text, "f").unwrap().get(section, option).map(str::to_owned)
    }

    #[test]
    fn continuation_lines_and_comments() {
        let text = "[html]\ntitle=a\n# x\n  b\n;x\n  #y\n\n  c ;z\n\nnext: 1\n";
        assert_eq!(get(text, "html", "title").unwrap(), "a\nb\n\nc ;z");
        assert_eq!(get(text, "html", "next").unwrap(), "1");
        assert_eq!(get("[a]\n  k = v\n    w\n  x = y\n", "a", "k").unwrap(), "v\nw");
        assert_eq!(get("[a]\nK = v = w : x\r\n  y\r\n", "a", "k").unwrap(), "v = w : x\ny");
    }

    #[test]
    fn headers_reach_to_the_last_bracket() {
        assert!(Ini::parse("[a] b\n", "f").unwrap().has_section("a"));
        assert!(Ini::parse("[a]]\n", "f").unwrap().has_section("a]"));
        assert!(Ini::parse(" [ a ]\n", "f").unwrap().has_section(" a "));
    }

    #[test]
    fn defaults_belong_to_every_section() {
        let ini = Ini::parse("[a]\nx=1\n[DEFAULT]\nx=2\ny=3\n", "f").unwrap();
        assert_eq!((ini.get("a", "x"), ini.get("a", "y"), ini.get("b", "y")), (Some("1"), Some("3"), None));
        assert_eq!(ini.options("a"), ["x", "y"]);
    }

    #[test]
    fn errors_are_pythons() {
        for (text, message) in [
            (
                "[run]\nbranch\nx y\n",
                "Source contains parsing errors: 'f'\n\t[line  2]: 'branch\\n'\n\t[line  3]: 'x y\\n'",
            ),
            ("b=1\n", "File contains no section headers.\nfile: 'f', line: 1\n'b=1\\n'"),
            ("[]\n", "File contains no section headers.\nfile: 'f', line: 1\n'[]\\n'"),
            ("[r]\n[r]\n", "While reading from 'f' [line  2]: section 'r' already exists"),
            ("[r]\na=1\nA:2", "While reading from 'f' [line  3]: option 'a' in section 'r' already exists"),
            ("[r]\n = 1\n", "Source contains parsing errors: 'f'\n\t[line  2]: ' = 1\\n'"),
        ] {
            assert_eq!(Ini::parse(text, "f").unwrap_err(), message);
        }
    }
}

//! Sections of a `tox.ini` or `setup.cfg`, with the place of every line.

use crate::source::Span;

/// One line of a value, without the space around it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) span: Span,
}

#[derive(Debug)]
pub(super) struct Section {
    pub(super) name: String,
    /// Options in the order of the file, names in lower case.
    pub(super) options: Vec<(String, Vec<Line>)>,
}

/// The sections of a file. What is neither section, option nor continued value is passed over.
pub(super) fn parse(text: &str) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    let mut at = 0;
    for raw in text.split_inclusive('\n') {
        let start = at;
        at += raw.len();
        let content = raw.trim_end();
        let trimmed = content.trim_start();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        let indent = content.len() - trimmed.len();
        let line = |offset: usize, text: &str| {
            let lead = text.len() - text.trim_start().len();
            let text = text.trim();
            let from = start + offset + lead;
            Line { text: text.to_owned(), span: Span::new(from, from + text.len()) }
        };
        if indent > 0 {
            if let Some((_, lines)) = sections.last_mut().and_then(|section| section.options.last_mut()) {
                lines.push(line(0, content));
            }
        } else if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            sections.push(Section { name: name.0.trim().to_owned(), options: Vec::new() });
        } else if let Some(split) = content.find(['=', ':'])
            && let Some(section) = sections.last_mut()
        {
            let value = line(split + 1, &content[split + 1..]);
            let lines = if value.text.is_empty() { Vec::new() } else { vec![value] };
            section.options.push((content[..split].trim().to_lowercase(), lines));
        }
    }
    sections
}

impl Section {
    pub(super) fn get(&self, name: &str) -> Option<&[Line]> {
        self.options.iter().rev().find(|(key, _)| key == name).map(|(_, lines)| lines.as_slice())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_places() {
        let text = "# c\n[testenv:a]\ncommands =\n  # no\n  pytest {posargs}\n  coverage xml\ndeps=x\n";
        let sections = parse(text);
        let lines = sections[0].get("commands").expect("there");
        assert_eq!(
            lines.iter().map(|l| &text[l.span.start..l.span.end]).collect::<Vec<_>>(),
            ["pytest {posargs}", "coverage xml"]
        );
        assert_eq!(sections[0].get("deps").expect("there")[0].text, "x");
    }
}

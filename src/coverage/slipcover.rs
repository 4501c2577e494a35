//! slipcover's JSON: reading, merging as `slipcover --merge` does, and writing it equal to slipcover's.

use std::collections::{BTreeSet, HashMap};
use std::fmt::{self, Write};

use serde::de::{self, Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::merge::union;
use super::recorded::MAX_LINE;
use super::{LineSet, Problem};

/// A jump between lines; 0 as the end is the exit.
pub type Branch = (i32, i32);

/// One JSON of slipcover.
#[derive(Debug, Clone, PartialEq)]
pub struct Slipcover {
    /// Where it was read from, for messages.
    pub name: String,
    /// `meta` as it stands.
    pub meta: Map<String, Value>,
    /// By path as recorded, in the order of the JSON.
    pub files: Vec<(String, SlipFile)>,
    /// The top-level entries in order; those of ours have no value here.
    layout: Vec<(String, Option<Value>)>,
}

/// The measurements of one file. Nothing is both executed and missing after a merge.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlipFile {
    /// Executed physical lines.
    pub executed_lines: LineSet,
    /// Lines that were not executed.
    pub missing_lines: LineSet,
    /// Executed branches, ascending.
    pub executed_branches: Vec<Branch>,
    /// Branches that were not taken, ascending.
    pub missing_branches: Vec<Branch>,
}

/// What a summary counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Summary {
    /// Executed lines.
    pub covered_lines: usize,
    /// Lines that were not.
    pub missing_lines: usize,
    /// Taken branches and those that were not, if branches were measured.
    pub branches: Option<(usize, usize)>,
}

impl Summary {
    /// The percentage of lines and branches, unrounded; 100 when there are none.
    pub fn percent(self) -> f64 {
        let (taken, not_taken) = self.branches.unwrap_or_default();
        let covered = self.covered_lines + taken;
        let all = covered + self.missing_lines + not_taken;
        #[expect(clippy::cast_precision_loss, reason = "fewer than 2^52 lines")]
        if all == 0 { 100.0 } else { 100.0 * covered as f64 / all as f64 }
    }

    /// The percentage as slipcover shows it: to the nearest integer, halves to the even one.
    pub fn percent_display(self) -> String {
        format!("{:.0}", self.percent().round_ties_even())
    }

    /// Adds the counts of another.
    pub fn add(&mut self, other: Self) {
        self.covered_lines += other.covered_lines;
        self.missing_lines += other.missing_lines;
        if let Some((taken, not_taken)) = other.branches {
            let (own_taken, own_not) = self.branches.unwrap_or_default();
            self.branches = Some((own_taken + taken, own_not + not_taken));
        }
    }
}

impl SlipFile {
    /// The counts of this file.
    pub fn summary(&self, branches: bool) -> Summary {
        Summary {
            covered_lines: self.executed_lines.len(),
            missing_lines: self.missing_lines.len(),
            branches: branches.then_some((self.executed_branches.len(), self.missing_branches.len())),
        }
    }

    fn merge(&mut self, other: &Self, branches: bool) {
        self.executed_lines.union_with(&other.executed_lines);
        self.missing_lines.union_with(&other.missing_lines);
        self.missing_lines.subtract(&self.executed_lines);
        if branches {
            for (own, other) in [
                (&mut self.executed_branches, &other.executed_branches),
                (&mut self.missing_branches, &other.missing_branches),
            ] {
                union(own, other);
            }
            let executed = &self.executed_branches;
            self.missing_branches.retain(|branch| executed.binary_search(branch).is_err());
        }
    }
}

/// JSON files that do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SlipcoverError {
    /// The first has branches, another has not.
    #[error("`{without}` was measured without branches, but `{with}` with: slipcover cannot merge them in this order")]
    BranchesMissing {
        /// The first file.
        with: String,
        /// The one without.
        without: String,
    },
    /// Nothing to merge.
    #[error("there is no slipcover data to merge")]
    Nothing,
}

impl Slipcover {
    /// Reads the JSON; `name` is for messages.
    ///
    /// # Errors
    /// Says what is not as slipcover writes it.
    pub fn parse(name: &str, json: &[u8]) -> Result<Self, Problem> {
        if json.is_empty() {
            return Err(Problem::Empty);
        }
        let mut data: Self = serde_json::from_slice(json).map_err(|error| {
            if error.is_eof() {
                Problem::Damaged(format!("its JSON ends too early ({error})"))
            } else {
                Problem::NotSlipcover(error.to_string())
            }
        })?;
        name.clone_into(&mut data.name);
        match data.meta.get("software") {
            Some(Value::String(software)) if software == "slipcover" => {}
            Some(other) => return Err(Problem::NotSlipcover(format!("its `meta.software` is {other}"))),
            None => return Err(Problem::NotSlipcover("it has no `meta.software`".to_owned())),
        }
        if data.meta.get("show_contexts").is_some_and(|value| value == &Value::Bool(true)) {
            return Err(Problem::NotSlipcover("it has contexts, which slipcover itself cannot merge".to_owned()));
        }
        Ok(data)
    }

    /// Whether branches were measured.
    pub fn has_branches(&self) -> bool {
        match self.meta.get("branch_coverage") {
            Some(Value::Bool(has)) => *has,
            Some(Value::Number(number)) => number.as_f64() != Some(0.0),
            _ => false,
        }
    }

    /// The counts of all files.
    pub fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        for (_, file) in &self.files {
            summary.add(file.summary(self.has_branches()));
        }
        summary
    }

    /// The JSON as slipcover writes it.
    pub fn to_json(&self) -> String {
        let branches = self.has_branches();
        let mut out = String::with_capacity(1 << 16);
        out.push('{');
        let summary = (!self.layout.iter().any(|(key, _)| key == "summary")).then_some(("summary".to_owned(), None));
        for (at, (key, value)) in self.layout.iter().chain(&summary).enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            write_text(&mut out, key);
            out.push_str(": ");
            match (key.as_str(), value) {
                (_, Some(value)) => write_value(&mut out, value),
                ("meta", None) => write_map(&mut out, &self.meta),
                ("files", None) => self.write_files(&mut out, branches),
                (_, None) => write_summary(&mut out, self.summary(), branches, !self.files.is_empty(), true),
            }
        }
        out.push('}');
        out
    }

    fn write_files(&self, out: &mut String, branches: bool) {
        out.push('{');
        for (at, (path, file)) in self.files.iter().enumerate() {
            if at > 0 {
                out.push_str(", ");
            }
            write_text(out, path);
            out.push_str(": {\"executed_lines\": ");
            write_list(out, file.executed_lines.iter(), |out, line| write_number(out, i64::from(line)));
            out.push_str(", \"missing_lines\": ");
            write_list(out, file.missing_lines.iter(), |out, line| write_number(out, i64::from(line)));
            if branches {
                out.push_str(", \"executed_branches\": ");
                write_list(out, file.executed_branches.iter().copied(), write_branch);
                out.push_str(", \"missing_branches\": ");
                write_list(out, file.missing_branches.iter().copied(), write_branch);
            }
            out.push_str(", \"summary\": ");
            write_summary(out, file.summary(branches), branches, true, false);
            out.push('}');
        }
        out.push('}');
    }
}

/// What `slipcover --merge` writes for one file: what is in it, whatever that is, in the spelling of Python's `json.dump`.
///
/// # Errors
/// Says where it is not JSON.
pub fn rewritten(json: &[u8]) -> Result<String, Problem> {
    let value: Value = serde_json::from_slice(json).map_err(|error| Problem::Damaged(error.to_string()))?;
    let mut out = String::with_capacity(json.len());
    write_value(&mut out, &value);
    Ok(out)
}

/// Whether merging drops branches: slipcover does so when the first file has none but another has.
pub fn drops_branches(parts: &[Slipcover]) -> bool {
    parts.first().is_some_and(|first| !first.has_branches()) && parts.iter().any(Slipcover::has_branches)
}

/// Merges as `slipcover --merge` does: `meta` is the first file's, a path is written in its shortest spelling, and files
/// stand in the order they first appear. `real_path` tells which spellings are one file.
///
/// # Errors
/// Without anything to merge, or when the first has branches and another has not.
pub fn merge(parts: Vec<Slipcover>, real_path: &dyn Fn(&str) -> String) -> Result<Slipcover, SlipcoverError> {
    let mut parts = parts.into_iter();
    let Some(mut first) = parts.next() else { return Err(SlipcoverError::Nothing) };
    if parts.len() == 0 {
        return Ok(first);
    }
    let branches = first.has_branches();
    let mut merged: Vec<(String, SlipFile)> = Vec::new();
    let mut by_spelling: HashMap<String, usize> = HashMap::new();
    let mut by_file: HashMap<String, usize> = HashMap::new();
    let mut add = |files: Vec<(String, SlipFile)>| {
        for (path, mut file) in files {
            let at = *by_spelling
                .entry(path.clone())
                .or_insert_with(|| *by_file.entry(real_path(&path)).or_insert(merged.len()));
            if at == merged.len() {
                if !branches {
                    file.executed_branches.clear();
                    file.missing_branches.clear();
                }
                let own = SlipFile::default();
                file.merge(&own, branches);
                merged.push((path, file));
                continue;
            }
            let (spelling, own) = &mut merged[at];
            own.merge(&file, branches);
            if (path.chars().count(), &path) < (spelling.chars().count(), &*spelling) {
                *spelling = path;
            }
        }
    };
    add(std::mem::take(&mut first.files));
    for part in parts {
        if branches && !part.has_branches() {
            return Err(SlipcoverError::BranchesMissing { with: first.name, without: part.name });
        }
        add(part.files);
    }
    first.files = merged;
    Ok(first)
}

// Writing, as Python's `json.dump` does.

fn write_list<T>(out: &mut String, items: impl Iterator<Item = T>, mut write: impl FnMut(&mut String, T)) {
    out.push('[');
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write(out, item);
    }
    out.push(']');
}

fn write_branch(out: &mut String, branch: Branch) {
    out.push('[');
    write_number(out, i64::from(branch.0));
    out.push_str(", ");
    write_number(out, i64::from(branch.1));
    out.push(']');
}

fn write_number(out: &mut String, number: i64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + u8::try_from(rest % 10).unwrap_or_default();
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        out.push('-');
    }
    out.extend(digits[at..].iter().map(|&digit| char::from(digit)));
}

fn write_summary(out: &mut String, summary: Summary, branches: bool, counts: bool, display: bool) {
    out.push('{');
    // Sums over no files have no entries in slipcover.
    if counts {
        let _ =
            write!(out, "\"covered_lines\": {}, \"missing_lines\": {}, ", summary.covered_lines, summary.missing_lines);
        if branches {
            let (taken, not_taken) = summary.branches.unwrap_or_default();
            let _ = write!(out, "\"covered_branches\": {taken}, \"missing_branches\": {not_taken}, ");
        }
    }
    out.push_str("\"percent_covered\": ");
    write_float(out, summary.percent());
    if display {
        let _ = write!(out, ", \"percent_covered_display\": \"{}\"", summary.percent_display());
    }
    out.push('}');
}

/// A number as Python's `repr` has it.
fn write_float(out: &mut String, number: f64) {
    if number != 0.0 && number.abs() < 1e-4 {
        let text = format!("{number:e}");
        let (digits, exponent) = text.split_once("e-").unwrap_or((&text, "0"));
        let _ = write!(out, "{digits}e-{exponent:0>2}");
    } else {
        let _ = write!(out, "{number:?}");
    }
}

fn write_map(out: &mut String, map: &Map<String, Value>) {
    out.push('{');
    for (at, (key, value)) in map.iter().enumerate() {
        if at > 0 {
            out.push_str(", ");
        }
        write_text(out, key);
        out.push_str(": ");
        write_value(out, value);
    }
    out.push('}');
}

fn write_value(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => write_text(out, text),
        Value::Array(items) => write_list(out, items.iter(), write_value),
        Value::Object(map) => write_map(out, map),
        Value::Number(number) if number.is_f64() => write_float(out, number.as_f64().unwrap_or_default()),
        other => out.push_str(&other.to_string()),
    }
}

/// A text in ASCII.
fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            ' '..='~' => out.push(char),
            _ => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
        }
    }
    out.push('"');
}

// Reading. By hand where the JSON is large: the files and their lines.

impl<'de> Deserialize<'de> for Slipcover {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Document;
        impl<'de> Visitor<'de> for Document {
            type Value = Slipcover;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object with `meta` and `files`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Slipcover, A::Error> {
                let (mut meta, mut files, mut layout) = (None, None, Vec::new());
                while let Some(key) = map.next_key::<String>()? {
                    let value = match key.as_str() {
                        "meta" => {
                            meta = Some(map.next_value()?);
                            None
                        }
                        "files" => {
                            files = Some(map.next_value::<Files>()?.0);
                            None
                        }
                        "summary" => {
                            map.next_value::<IgnoredAny>()?;
                            None
                        }
                        _ => Some(map.next_value()?),
                    };
                    layout.push((key, value));
                }
                Ok(Slipcover {
                    name: String::new(),
                    meta: meta.ok_or_else(|| de::Error::missing_field("meta"))?,
                    files: files.ok_or_else(|| de::Error::missing_field("files"))?,
                    layout,
                })
            }
        }
        deserializer.deserialize_map(Document)
    }
}

struct Files(Vec<(String, SlipFile)>);

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;
        impl<'de> Visitor<'de> for Entries {
            type Value = Files;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of files")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                let mut seen = BTreeSet::new();
                while let Some((path, raw)) = map.next_entry::<String, RawFile>()? {
                    if !seen.insert(path.clone()) {
                        return Err(de::Error::custom(format_args!("`{path}` is there twice")));
                    }
                    files.push((
                        path,
                        SlipFile {
                            executed_lines: raw.executed_lines.0,
                            missing_lines: raw.missing_lines.0,
                            executed_branches: raw.executed_branches.0,
                            missing_branches: raw.missing_branches.0,
                        },
                    ));
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_map(Entries)
    }
}

#[derive(serde::Deserialize)]
#[serde(default)]
#[derive(Default)]
struct RawFile {
    executed_lines: Lines,
    missing_lines: Lines,
    executed_branches: Branches,
    missing_branches: Branches,
}

#[derive(Default)]
struct Lines(LineSet);

impl<'de> Deserialize<'de> for Lines {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Numbers;
        impl<'de> Visitor<'de> for Numbers {
            type Value = Lines;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of line numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Lines, A::Error> {
                let mut lines = LineSet::new();
                while let Some(line) = list.next_element()? {
                    if line >= MAX_LINE {
                        return Err(de::Error::custom(format_args!("{line} is no line number")));
                    }
                    lines.insert(line);
                }
                Ok(Lines(lines))
            }
        }
        deserializer.deserialize_seq(Numbers)
    }
}

#[derive(Default)]
struct Branches(Vec<Branch>);

impl<'de> Deserialize<'de> for Branches {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut branches = Vec::<Branch>::deserialize(deserializer)?;
        branches.sort_unstable();
        branches.dedup();
        Ok(Self(branches))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "it is how a test fails")]
mod tests {
    use super::*;

    fn document(branches: bool, files: &str) -> Slipcover {
        let json = format!(
            r#"{{"meta": {{"software": "slipcover", "version": "1.1.0", "branch_coverage": {branches}}}, "files": {{{files}}}}}"#
        );
        Slipcover::parse("part", json.as_bytes()).unwrap()
    }

    #[test]
    fn merges_as_slipcover_does() {
        let parts = vec![
            document(
                true,
                r#""./b.py": {"executed_lines": [3, 1], "missing_lines": [2], "executed_branches": [[5, 0]], "missing_branches": [[1, 3]]}"#,
            ),
            document(
                true,
                r#""c.py": {"executed_lines": [], "missing_lines": []}, "b.py": {"executed_lines": [2], "missing_lines": [9], "executed_branches": [[1, 3]], "missing_branches": [[7, 8], [5, 0]]}"#,
            ),
        ];
        let merged = merge(parts, &|path| path.trim_start_matches("./").to_owned()).unwrap();
        assert_eq!(
            merged.to_json(),
            concat!(
                r#"{"meta": {"software": "slipcover", "version": "1.1.0", "branch_coverage": true}, "files": {"#,
                r#""b.py": {"executed_lines": [1, 2, 3], "missing_lines": [9], "executed_branches": [[1, 3], [5, 0]], "#,
                r#""missing_branches": [[7, 8]], "summary": {"covered_lines": 3, "missing_lines": 1, "covered_branches": 2, "#,
                r#""missing_branches": 1, "percent_covered": 71.42857142857143}}, "#,
                r#""c.py": {"executed_lines": [], "missing_lines": [], "executed_branches": [], "missing_branches": [], "#,
                r#""summary": {"covered_lines": 0, "missing_lines": 0, "covered_branches": 0, "missing_branches": 0, "#,
                r#""percent_covered": 100.0}}}, "summary": {"covered_lines": 3, "missing_lines": 1, "covered_branches": 2, "#,
                r#""missing_branches": 1, "percent_covered": 71.42857142857143, "percent_covered_display": "71"}}"#,
            )
        );
    }

    #[test]
    fn one_file_is_written_as_it_is() {
        let json = r#"{"meta":{"software":"slipcover","x":null},"files":{"ä":{"executed_lines":[3,1]}},"summary":{"percent_covered":0.00001,"of":93.54838709677419}}"#;
        assert_eq!(
            rewritten(json.as_bytes()).unwrap(),
            r#"{"meta": {"software": "slipcover", "x": null}, "files": {"\u00e4": {"executed_lines": [3, 1]}}, "summary": {"percent_covered": 1e-05, "of": 93.54838709677419}}"#
        );
        assert!(rewritten(b"{").is_err());
    }

    #[test]
    fn branches_depend_on_the_first() {
        let with = document(true, r#""a.py": {"executed_lines": [1], "executed_branches": [[1, 2]]}"#);
        let without = document(false, r#""a.py": {"executed_lines": [2]}"#);
        assert!(drops_branches(&[without.clone(), with.clone()]));
        let merged = merge(vec![without.clone(), with.clone()], &str::to_owned).unwrap();
        assert_eq!(merged.summary(), Summary { covered_lines: 2, missing_lines: 0, branches: None });
        assert!(merge(vec![with, without], &str::to_owned).is_err());
    }

    #[test]
    fn says_what_is_not_slipcovers() {
        let problem = |json: &str| Slipcover::parse("x", json.as_bytes()).unwrap_err();
        assert!(matches!(problem(""), Problem::Empty));
        assert!(matches!(problem(r#"{"meta": {"software": "sl"#), Problem::Damaged(_)));
        assert!(matches!(problem(r#"{"meta": {"format": 3}, "files": {}}"#), Problem::NotSlipcover(_)));
        assert!(matches!(problem(r#"{"files": {}}"#), Problem::NotSlipcover(_)));
        assert!(matches!(problem("[1]"), Problem::NotSlipcover(_)));
        let line = r#"{"meta": {"software": "slipcover"}, "files": {"a": {"executed_lines": [4000000000]}}}"#;
        assert!(problem(line).to_string().contains("is no line number"));
    }

    #[test]
    fn numbers_and_texts_are_pythons() {
        let mut out = String::new();
        write_text(&mut out, "ä\u{1F600}\"\n\u{7f}");
        for number in [100.0, 100.0 / 3.0, 1.5e-5, 0.0] {
            out.push(' ');
            write_float(&mut out, number);
        }
        assert_eq!(out, "\"\\u00e4\\ud83d\\ude00\\\"\\n\\u007f\" 100.0 33.333333333333336 1.5e-05 0.0");
        assert_eq!(Summary { covered_lines: 1, missing_lines: 7, branches: None }.percent_display(), "12");
    }
}

//! TOML files as coverage.py reads them: tables and keys in the order of the file, real types.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::python::repr;

/// A TOML value, with tables in the order of the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// True or false.
    Boolean(bool),
    /// A date, a time or both, as written.
    Datetime(String),
    /// A list.
    Array(Vec<Self>),
    /// A table.
    Table(Table),
}

/// Keys and values in the order of the file.
pub type Table = Vec<(String, Value)>;

/// Parses `text`; the error says where it stands.
pub fn parse(text: &str) -> Result<Table, String> {
    if text.starts_with('\u{feff}') {
        return Err("Invalid statement (at line 1, column 1)".to_owned());
    }
    match DeTable::parse(text) {
        Ok(table) => table_value(table.get_ref()),
        Err(error) => Err(located(text, error.message(), error.span().map(|span| span.start))),
    }
}

/// The entry of a table.
pub fn get<'t>(table: &'t Table, key: &str) -> Option<&'t Value> {
    table.iter().find(|(name, _)| name == key).map(|(_, value)| value)
}

fn located(text: &str, message: &str, offset: Option<usize>) -> String {
    let message = message.lines().collect::<Vec<_>>().join("; ");
    let Some(before) = offset.and_then(|offset| text.get(..offset)) else { return message };
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    format!("{message} (at line {line}, column {column})")
}

fn table_value(table: &DeTable<'_>) -> Result<Table, String> {
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    entries.into_iter().map(|(key, value)| Ok((key.get_ref().to_string(), plain(value)?))).collect()
}

fn plain(value: &Spanned<DeValue<'_>>) -> Result<Value, String> {
    Ok(match value.get_ref() {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(number) => Value::Integer(
            i64::from_str_radix(number.as_str(), number.radix())
                .map_err(|_| format!("The number {} is too large", number.as_str()))?,
        ),
        DeValue::Float(number) => {
            Value::Float(number.as_str().parse().map_err(|_| format!("Invalid number {}", number.as_str()))?)
        }
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(value) => Value::Datetime(value.to_string()),
        DeValue::Array(items) => Value::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        DeValue::Table(table) => Value::Table(table_value(table)?),
    })
}

impl Value {
    /// The value as Python prints it in a message; dates as they were written.
    pub fn repr(&self) -> String {
        match self {
            Self::Text(text) => repr(text),
            Self::Integer(number) => number.to_string(),
            Self::Float(number) => float_repr(*number),
            Self::Boolean(value) => if *value { "True" } else { "False" }.to_owned(),
            Self::Datetime(value) => value.clone(),
            Self::Array(items) => format!("[{}]", items.iter().map(Self::repr).collect::<Vec<_>>().join(", ")),
            Self::Table(table) => {
                let entry = |(key, value): &(String, Self)| format!("{}: {}", repr(key), value.repr());
                format!("{{{}}}", table.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
        }
    }
}

/// `repr()` of a float.
fn float_repr(number: f64) -> String {
    if number.is_nan() {
        return "nan".to_owned();
    }
    let text = format!("{number:?}");
    match text.split_once('e') {
        // Python writes the exponent with a sign and two digits.
        Some((digits, exponent)) => match exponent.strip_prefix('-') {
            Some(exponent) => format!("{digits}e-{exponent:0>2}"),
            None => format!("{digits}e+{exponent:0>2}"),
        },
        None => text,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_the_order_of_the_file() {
        let table = parse("z = 1\n[b]\ny = 2\na.c = 1\n[a]\nx = 3\n[b.q]\n").unwrap();
        let names: Vec<_> = table.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["z", "b", "a"]);
        let Some(Value::Table(b)) = get(&table, "b") else { panic!("b is a table") };
        assert_eq!(b.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["y", "a", "q"]);
    }

    #[test]
    fn values_print_as_in_python() {
        let table = parse("a = [1, \"a'b\", true, 1.50, {x = 1e16}, -inf, 0x1F, 1e-7, 1_0]\n").unwrap();
        assert_eq!(table[0].1.repr(), "[1, \"a'b\", True, 1.5, {'x': 1e+16}, -inf, 31, 1e-07, 10]");
    }

    #[test]
    fn an_error_has_a_place() {
        assert!(parse("[a]\nb = \n").unwrap_err().contains("(at line 2, column "));
        assert_eq!(parse("\u{feff}a = 1").unwrap_err(), "Invalid statement (at line 1, column 1)");
    }
}

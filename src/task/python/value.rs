//! What is known of a value in a Python file.

/// A value, as far as it is known.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// A text, or a path.
    Str(String),
    /// A text of which only parts are known; the rest is spelled as in the source.
    Part(String),
    /// A list, tuple or set.
    List(Vec<Self>),
    /// In a list: any number of unknown elements.
    Splat,
    /// A dictionary; an unknown key stands for any number of entries.
    Dict(Vec<(Self, Self)>),
    /// A function of the file, by index.
    Function(usize),
    /// A module, a member of one, or a builtin by its dotted name; `@session` is the session of nox.
    Dotted(String),
    Unknown,
}

impl Value {
    pub(crate) fn text(text: impl Into<String>) -> Self {
        Self::Str(text.into())
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// The elements, when every one of them is there.
    pub(crate) fn elements(&self) -> Option<&[Self]> {
        match self {
            Self::List(items) if !items.contains(&Self::Splat) => Some(items),
            _ => None,
        }
    }

    /// The texts of a list of texts, or the one text.
    pub(crate) fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Str(text) => Some(vec![text.clone()]),
            other => other.elements()?.iter().map(|item| item.as_str().map(str::to_owned)).collect(),
        }
    }

    /// Python's truth, when it is known.
    pub(crate) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Int(value) => Some(*value != 0),
            Self::Str(text) => Some(!text.is_empty()),
            Self::Part(_) | Self::Unknown | Self::Splat | Self::Dotted(_) => None,
            Self::Function(_) => Some(true),
            Self::List(items) if items.iter().any(|item| *item != Self::Splat) => Some(true),
            Self::List(items) => items.is_empty().then_some(false),
            Self::Dict(items) => Some(!items.is_empty()).filter(|_| !items.iter().any(|(k, _)| *k == Self::Unknown)),
        }
    }

    /// Whether it is known to the last part.
    pub(crate) fn is_known(&self) -> bool {
        match self {
            Self::Unknown | Self::Part(_) | Self::Splat | Self::Dotted(_) => false,
            Self::List(items) => items.iter().all(Self::is_known),
            Self::Dict(items) => items.iter().all(|(key, value)| key.is_known() && value.is_known()),
            _ => true,
        }
    }

    /// What both possibilities have in common.
    pub(crate) fn merge(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::List(a), Self::List(b)) => {
                let mut common: Vec<_> =
                    a.into_iter().zip(b).take_while(|(a, b)| a == b && *a != Self::Splat).map(|(a, _)| a).collect();
                common.push(Self::Splat);
                Self::List(common)
            }
            _ => Self::Unknown,
        }
    }

    /// As it stands in a text: `f"{value}"`.
    pub(crate) fn display(&self) -> Option<String> {
        Some(match self {
            Self::Str(text) => text.clone(),
            Self::Int(value) => value.to_string(),
            Self::Bool(value) => if *value { "True" } else { "False" }.to_owned(),
            Self::None => "None".to_owned(),
            _ => return None,
        })
    }

    /// `repr()` of it.
    pub(crate) fn repr(&self) -> Option<String> {
        match self {
            Self::Str(text) if text.contains(['\'', '\\', '\n']) => None,
            Self::Str(text) => Some(format!("'{text}'")),
            other => other.display(),
        }
    }
}

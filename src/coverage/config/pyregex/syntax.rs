//! What a regex means: its tree, its flags and how long its matches are.

/// Python's flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Flags(u8);

impl Flags {
    pub(super) const IGNORE_CASE: Self = Self(1);
    pub(super) const MULTILINE: Self = Self(2);
    pub(super) const DOT_ALL: Self = Self(4);
    pub(super) const VERBOSE: Self = Self(8);
    pub(super) const ASCII: Self = Self(16);
    pub(super) const UNICODE: Self = Self(32);
    pub(super) const TYPES: Self = Self(48);

    pub(super) fn has(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub(super) fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub(super) fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(super) fn letter(c: char) -> Option<Self> {
        Some(match c {
            'i' => Self::IGNORE_CASE,
            'm' => Self::MULTILINE,
            's' => Self::DOT_ALL,
            'x' => Self::VERBOSE,
            'a' => Self::ASCII,
            'u' => Self::UNICODE,
            _ => return None,
        })
    }
}

/// A class of characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    Digit,
    Space,
    Word,
}

/// A member of a set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Char(u32),
    Range(u32, u32),
    Class(Class, bool),
}

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum At {
    /// `^`
    Begin,
    /// `$`
    End,
    /// `\A`
    TextBegin,
    /// `\Z`
    TextEnd,
    /// `\b`
    Boundary,
    /// `\B`
    NoBoundary,
}

/// How a repetition tries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Greed {
    Greedy,
    Lazy,
    Possessive,
}

/// A part of a regex, with the flags in force where they matter.
#[derive(Debug, Clone)]
pub(super) enum Node {
    Set { negated: bool, items: Vec<Item>, flags: Flags },
    Any(Flags),
    At(At, Flags),
    Group { capture: bool, body: Box<Self> },
    Look { behind: bool, negated: bool, body: Box<Self> },
    Atomic(Box<Self>),
    Repeat { body: Box<Self>, min: u32, max: Option<u32>, greed: Greed },
    Backref { group: u32, flags: Flags, width: Width },
    Condition { group: u32, open: bool, yes: Box<Self>, no: Option<Box<Self>> },
    Sequence(Vec<Self>),
    Alternatives(Vec<Self>),
}

/// The least and the greatest length of a match, in characters.
pub(super) type Width = (u64, u64);

const MAX: u64 = u32::MAX as u64;

impl Node {
    pub(super) fn width(&self) -> Width {
        match self {
            Self::Set { .. } | Self::Any(_) => (1, 1),
            Self::At(..) | Self::Look { .. } => (0, 0),
            Self::Group { body, .. } | Self::Atomic(body) => body.width(),
            Self::Repeat { body, min, max, .. } => {
                let (low, high) = body.width();
                let most = max.map_or(MAX, u64::from);
                (low.saturating_mul(u64::from(*min)).min(MAX), high.saturating_mul(most).min(MAX))
            }
            Self::Backref { width, .. } => *width,
            Self::Condition { yes, no, .. } => {
                let ((a, b), (c, d)) = (yes.width(), no.as_ref().map_or((0, 0), |no| no.width()));
                (a.min(c), b.max(d))
            }
            Self::Sequence(nodes) => nodes
                .iter()
                .map(Self::width)
                .fold((0, 0), |sum, width| ((sum.0 + width.0).min(MAX), (sum.1 + width.1).min(MAX))),
            Self::Alternatives(nodes) => {
                let widths = nodes.iter().map(Self::width);
                widths.reduce(|sum, width| (sum.0.min(width.0), sum.1.max(width.1))).unwrap_or((0, 0))
            }
        }
    }
}

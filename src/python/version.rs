//! The Python versions whose compilers coverage.py's results follow.

use std::fmt;

/// A version of CPython that can run coverage.py 7.17: which lines have code depends on its compiler.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "each is the version of the same number")]
pub enum PythonVersion {
    V3_11,
    V3_12,
    V3_13,
    V3_14,
}

impl PythonVersion {
    /// All, oldest first.
    pub const ALL: [Self; 4] = [Self::V3_11, Self::V3_12, Self::V3_13, Self::V3_14];

    /// The number behind `3.`.
    pub fn minor(self) -> u8 {
        match self {
            Self::V3_11 => 11,
            Self::V3_12 => 12,
            Self::V3_13 => 13,
            Self::V3_14 => 14,
        }
    }

    /// Reads `3.13`, `3.13.1`, `python3.13`; versions outside 3.11 to 3.14 give `None`.
    pub fn parse(text: &str) -> Option<Self> {
        let minor =
            text.trim().trim_start_matches("python").strip_prefix("3.")?.split('.').next()?.parse::<u8>().ok()?;
        Self::ALL.into_iter().find(|version| version.minor() == minor)
    }
}

impl fmt::Display for PythonVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "3.{}", self.minor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_people_write_them() {
        assert_eq!(PythonVersion::parse("3.13.1"), Some(PythonVersion::V3_13));
        assert_eq!(PythonVersion::parse("python3.11"), Some(PythonVersion::V3_11));
        assert_eq!(PythonVersion::parse("3.9"), None);
        assert_eq!(PythonVersion::V3_14.to_string(), "3.14");
    }
}

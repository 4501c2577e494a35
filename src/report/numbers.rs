//! Percentages: computing them, showing them, and holding them against a limit, to the digit as coverage.py does.

use std::ops::AddAssign;

use super::model::{Numbers, Report};
use super::options::ReportError;

impl Numbers {
    /// Executed statements.
    pub fn executed(&self) -> u32 {
        self.statements.saturating_sub(self.missing)
    }

    /// Branch exits that were taken. Below zero only for a region with a branch to an excluded line outside it, which coverage.py
    /// counts as missing but not as an exit.
    pub fn executed_branches(&self) -> i64 {
        i64::from(self.branches) - i64::from(self.missing_branches)
    }

    /// The share of statements and branch exits that were executed.
    pub fn percent(&self) -> f64 {
        let executed_branches = f64::from(self.branches) - f64::from(self.missing_branches);
        percent(f64::from(self.executed()) + executed_branches, f64::from(self.statements) + f64::from(self.branches))
    }

    /// The share of statements that were executed.
    pub fn percent_statements(&self) -> f64 {
        percent(f64::from(self.executed()), f64::from(self.statements))
    }

    /// The share of branch exits that were taken.
    pub fn percent_branches(&self) -> f64 {
        percent(f64::from(self.branches) - f64::from(self.missing_branches), f64::from(self.branches))
    }
}

impl AddAssign for Numbers {
    fn add_assign(&mut self, other: Self) {
        self.files += other.files;
        self.statements += other.statements;
        self.excluded += other.excluded;
        self.missing += other.missing;
        self.branches += other.branches;
        self.partial_branches += other.partial_branches;
        self.missing_branches += other.missing_branches;
    }
}

/// The reports that coverage.py holds against `fail_under`: their totals differ where there is nothing to count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judged {
    /// The text, markdown and total reports: nothing to count is 100 %.
    Text,
    /// The JSON, LCOV and HTML reports: no statements are 0 %.
    Data,
    /// The XML report: nothing to count is 0 %, and with `skip_empty` files without statements are left out.
    Xml {
        /// Whether such files are left out.
        skip_empty: bool,
    },
}

impl Report {
    /// The total that coverage.py holds against `fail_under` after this report.
    pub fn total(&self, judged: Judged) -> f64 {
        match judged {
            Judged::Text => self.totals.percent(),
            Judged::Data if self.totals.statements == 0 => 0.0,
            Judged::Data => self.totals.percent(),
            Judged::Xml { skip_empty } => {
                let mut sum = Numbers::default();
                for file in self.files.iter().filter(|file| !skip_empty || file.numbers.statements > 0) {
                    sum += file.numbers;
                }
                if sum.statements + sum.branches == 0 { 0.0 } else { sum.percent() }
            }
        }
    }
}

fn percent(part: f64, whole: f64) -> f64 {
    if whole > 0.0 { 100.0 * part / whole } else { 100.0 }
}

/// A percentage as shown: rounded half to even, but nothing above 0 shows as 0 and nothing below 100 as 100.
pub fn display(percent: f64, precision: usize) -> String {
    let step = 1.0 / 10f64.powi(i32::try_from(precision).unwrap_or(i32::MAX));
    let shown = if 0.0 < percent && percent < step {
        step
    } else if 100.0 - step < percent && percent < 100.0 {
        100.0 - step
    } else {
        round(percent, precision)
    };
    format!("{shown:.precision$}")
}

/// The nearest number with so many decimals; half goes to even. Decided on the exact binary value, as Python's `round` does.
pub fn round(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

/// Whether a total misses the limit: `Some` holds what coverage.py then says. A limit of 100 takes exactly 100; any other is held
/// against the total rounded to `precision`, or to as many decimals as the limit has if these are more.
pub fn fail_under(total: f64, limit: f64, precision: usize) -> Result<Option<String>, ReportError> {
    if !(0.0..=100.0).contains(&limit) {
        return Err(ReportError::FailUnder(python_float(limit)));
    }
    let decimals = precision.max(limit.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len()));
    let exactly_100 = limit >= 100.0;
    let failed = if exactly_100 { total < 100.0 } else { round(total, decimals) < limit };
    Ok(failed.then(|| {
        let shown = if exactly_100 { display(total, decimals) } else { format!("{total:.decimals$}") };
        format!("Coverage failure: total of {shown} is less than fail-under={limit:.decimals$}")
    }))
}

/// A float as Python's `repr` writes it.
pub(super) fn python_float(value: f64) -> String {
    if !value.is_finite() {
        return if value.is_nan() {
            "nan"
        } else if value > 0.0 {
            "inf"
        } else {
            "-inf"
        }
        .to_owned();
    }
    if value == 0.0 || (1e-4..1e16).contains(&value.abs()) {
        return format!("{value:?}");
    }
    let text = format!("{value:e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, digits) = exponent.strip_prefix('-').map_or(('+', exponent), |digits| ('-', digits));
    format!("{mantissa}e{sign}{digits:0>2}")
}

/// A number with four significant digits, without trailing zeros, as `%.4g` writes it.
pub(super) fn four_digits(value: f64) -> String {
    let text = format!("{value:.3e}");
    let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.split_once('.') {
        Some(_) => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        None => text.to_owned(),
    };
    if value == 0.0 {
        "0".to_owned()
    } else if (-4..4).contains(&exponent) {
        let decimals = usize::try_from(3 - exponent).unwrap_or(0);
        trim(&format!("{value:.decimals$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(mantissa), exponent.abs())
    }
}

/// A count; beyond four milliards it stops counting.
pub(super) fn count(items: usize) -> u32 {
    u32::try_from(items).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_never_reaches_0_or_100() {
        for (value, precision, shown) in [
            (0.0, 0, "0"),
            (0.001, 0, "1"),
            (0.5, 0, "1"),
            (1.5, 0, "2"),
            (2.5, 0, "2"),
            (99.0, 0, "99"),
            (99.4, 0, "99"),
            (99.995, 0, "99"),
            (99.995, 1, "99.9"),
            (99.995, 2, "99.99"),
            (99.995, 3, "99.995"),
            (99.9951, 2, "99.99"),
            (96.996, 2, "97.00"),
            (0.125, 2, "0.12"),
            (0.375, 2, "0.38"),
            (100.0, 4, "100.0000"),
        ] {
            assert_eq!(display(value, precision), shown, "{value} to {precision}");
        }
    }

    #[test]
    fn the_gate() {
        let gate = |total, limit, precision| fail_under(total, limit, precision).expect("a valid limit");
        assert_eq!(gate(100.0, 100.0, 0), None);
        assert_eq!(
            gate(99.995, 100.0, 0).as_deref(),
            Some("Coverage failure: total of 99 is less than fail-under=100")
        );
        assert_eq!(
            gate(99.995, 100.0, 2).as_deref(),
            Some("Coverage failure: total of 99.99 is less than fail-under=100.00")
        );
        assert_eq!(gate(96.996, 97.0, 0), None);
        assert_eq!(gate(96.996, 97.0, 2), None);
        assert_eq!(
            gate(96.996, 97.0, 3).as_deref(),
            Some("Coverage failure: total of 96.996 is less than fail-under=97.000")
        );
        assert_eq!(
            gate(96.4, 96.5, 0).as_deref(),
            Some("Coverage failure: total of 96.4 is less than fail-under=96.5")
        );
        assert_eq!(gate(96.46, 96.5, 0), None);
        assert_eq!(gate(0.0, 0.0, 0), None);
        let message = |limit| fail_under(50.0, limit, 0).expect_err("an invalid limit").to_string();
        assert_eq!(message(101.0), "fail_under=101.0 is invalid. Must be between 0 and 100.");
        assert_eq!(message(f64::NAN), "fail_under=nan is invalid. Must be between 0 and 100.");
    }

    #[test]
    fn floats_as_python_writes_them() {
        for (value, text) in [
            (85.714_285_714_285_71, "85.71428571428571"),
            (100.0, "100.0"),
            (0.0, "0.0"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (1e16, "1e+16"),
        ] {
            assert_eq!(python_float(value), text);
        }
        for (value, text) in [
            (1.0, "1"),
            (0.5, "0.5"),
            (2.0 / 3.0, "0.6667"),
            (0.0001, "0.0001"),
            (0.000_012_5, "1.25e-05"),
            (0.99996, "1"),
        ] {
            assert_eq!(four_digits(value), text);
        }
    }
}

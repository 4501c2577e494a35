//! Percentages without rounding: what the gate compares, and what a baseline that was rounded may have been.

use std::cmp::Ordering;

use crate::report::Numbers;

/// Most digits of a count and most decimals of a percentage that are read from a text. With them, and with counts of a
/// [`Numbers`], no product below leaves an `i128`.
const MOST_DIGITS: usize = 10;
const MOST_DECIMALS: usize = 6;

/// How much of something is covered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Share {
    /// What is covered.
    pub covered: u64,
    /// All there is; zero counts as covered completely.
    pub total: u64,
}

impl Share {
    /// Statements and branch exits together, as coverage.py's total counts them.
    pub fn all(numbers: &Numbers) -> Self {
        let (lines, branches) = (Self::lines(numbers), Self::branches(numbers));
        Self { covered: lines.covered + branches.covered, total: lines.total + branches.total }
    }

    /// Statements.
    pub fn lines(numbers: &Numbers) -> Self {
        Self { covered: numbers.executed().into(), total: numbers.statements.into() }
    }

    /// Branch exits.
    pub fn branches(numbers: &Numbers) -> Self {
        Self { covered: u64::try_from(numbers.executed_branches()).unwrap_or(0), total: u64::from(numbers.branches) }
    }

    /// What is not covered.
    pub fn missing(self) -> u64 {
        self.total.saturating_sub(self.covered)
    }

    /// In percent.
    pub fn percent(self) -> Percent {
        if self.total == 0 {
            return Percent::whole(100);
        }
        Percent { numerator: 100 * i128::from(self.covered), denominator: self.total.into() }
    }

    /// Reads `5453/5689`.
    pub fn parse(text: &str) -> Option<Self> {
        let count = |text: &str| -> Option<u64> {
            let digits =
                !text.is_empty() && text.len() <= MOST_DIGITS && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let (covered, total) = text.split_once('/')?;
        let share = Self { covered: count(covered)?, total: count(total)? };
        (share.covered <= share.total).then_some(share)
    }
}

/// An exact number of percentage points: a fraction with a positive denominator.
#[derive(Debug, Clone, Copy)]
pub struct Percent {
    numerator: i128,
    denominator: i128,
}

impl Percent {
    /// So many whole points.
    pub const fn whole(points: i128) -> Self {
        Self { numerator: points, denominator: 1 }
    }

    /// Reads a decimal of at most three digits and six decimals, without a sign: `97`, `97.84`.
    pub fn parse(text: &str) -> Option<Self> {
        let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = (1..=3).contains(&whole.len()) && decimals.len() <= MOST_DECIMALS;
        if !fits || !digits(whole) || !digits(decimals) || text.ends_with('.') {
            return None;
        }
        Some(Self { numerator: format!("{whole}{decimals}").parse().ok()?, denominator: power(decimals.len()) })
    }

    /// The difference.
    #[must_use]
    pub fn minus(self, other: Self) -> Self {
        Self {
            numerator: self.numerator * other.denominator - other.numerator * self.denominator,
            denominator: self.denominator * other.denominator,
        }
    }

    /// Whether it is below zero, zero or above.
    pub fn sign(self) -> Ordering {
        self.numerator.cmp(&0)
    }

    /// With so many decimals and a sign: `+0.23`, `-1.20`, `±0.00`. Half goes to even; what is not zero does not show as zero.
    pub fn signed(self, decimals: usize) -> String {
        let scale = power(decimals.min(MOST_DECIMALS));
        let (numerator, denominator) = (self.numerator.abs() * scale, self.denominator);
        let (floor, rest) = (numerator / denominator, numerator % denominator);
        let up = match (rest * 2).cmp(&denominator) {
            Ordering::Less => 0,
            Ordering::Equal => floor % 2,
            Ordering::Greater => 1,
        };
        let units = (floor + up).max(i128::from(self.numerator != 0));
        let sign = match self.sign() {
            Ordering::Less => '-',
            Ordering::Equal => '±',
            Ordering::Greater => '+',
        };
        let decimals = decimals.min(MOST_DECIMALS);
        if decimals == 0 {
            return format!("{sign}{units}");
        }
        format!("{sign}{}.{:0>decimals$}", units / scale, units % scale)
    }
}

impl PartialEq for Percent {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Percent {}

impl PartialOrd for Percent {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Percent {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.numerator * other.denominator).cmp(&(other.numerator * self.denominator))
    }
}

fn power(decimals: usize) -> i128 {
    10i128.pow(u32::try_from(decimals).unwrap_or(0))
}

/// The total of an earlier run, as its commit status tells it.
///
/// A rounded percentage alone stands for every total that would have been shown so. A change is only said to be one, and held
/// against a limit, by as much as it is whichever of these was true: rounding never makes a drop. With the counts the total is
/// exact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaselineTotal {
    /// The percentage as shown: `97.84`.
    pub shown: String,
    /// Lines, if the status has them.
    pub lines: Option<Share>,
    /// Branches, if the status has them.
    pub branches: Option<Share>,
}

impl BaselineTotal {
    /// Reads a percentage as a run of `ci-lint` shows it.
    pub fn parse(shown: &str) -> Option<Self> {
        let percent = Percent::parse(shown)?;
        (percent <= Percent::whole(100)).then(|| Self { shown: shown.to_owned(), lines: None, branches: None })
    }

    /// Adds the counts, unless they are not those of the percentage.
    #[must_use]
    pub fn with_counts(mut self, lines: Share, branches: Option<Share>) -> Self {
        let sum = branches.map_or(lines, |branches| Share {
            covered: lines.covered + branches.covered,
            total: lines.total + branches.total,
        });
        let exact = sum.percent();
        if self.least() <= exact && exact <= self.most() {
            (self.lines, self.branches) = (Some(lines), branches);
        }
        self
    }

    /// The exact total, if the counts are known.
    pub fn exact(&self) -> Option<Percent> {
        let (lines, branches) = (self.lines?, self.branches.unwrap_or_default());
        let sum = Share { covered: lines.covered + branches.covered, total: lines.total + branches.total };
        Some(sum.percent())
    }

    /// The least total that would have been shown so.
    pub fn least(&self) -> Percent {
        self.exact().unwrap_or_else(|| self.bound(-1))
    }

    /// The greatest.
    pub fn most(&self) -> Percent {
        self.exact().unwrap_or_else(|| self.bound(1))
    }

    /// Digits behind the point.
    fn decimals(&self) -> usize {
        self.shown.split_once('.').map_or(0, |(_, decimals)| decimals.len())
    }

    /// Half a step away from what is shown. 0 and 100 are exact: nothing else is shown as these, so the steps next to them stand
    /// for everything up to them.
    fn bound(&self, direction: i128) -> Percent {
        let Some(shown) = Percent::parse(&self.shown) else { return Percent::whole(0) };
        let scale = power(self.decimals());
        let units = shown.numerator;
        let (zero, hundred) = (0, 100 * scale);
        let doubled = match units {
            _ if units == zero || units == hundred => units * 2,
            _ if direction < 0 && units == zero + 1 => zero * 2,
            _ if direction > 0 && units == hundred - 1 => hundred * 2,
            _ => units * 2 + direction,
        };
        Percent { numerator: doubled, denominator: scale * 2 }
    }

    /// How far `total` lies above; zero where rounding may be all there is.
    pub fn change(&self, total: Percent) -> Percent {
        let (least, most) = (total.minus(self.most()), total.minus(self.least()));
        if least.sign().is_le() && most.sign().is_ge() && self.exact().is_none() {
            return Percent::whole(0);
        }
        match (self.exact(), Percent::parse(&self.shown)) {
            (Some(exact), _) => total.minus(exact),
            (None, Some(shown)) => total.minus(shown),
            (None, None) => Percent::whole(0),
        }
    }

    /// Whether `total` is less, whatever rounding did.
    pub fn fell(&self, total: Percent) -> bool {
        self.change(total).sign().is_lt()
    }

    /// Whether `total` is less by more than `limit`, whatever rounding did.
    pub fn fell_by_more(&self, total: Percent, limit: Percent) -> bool {
        self.least().minus(total) > limit
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::report::display;

    fn share(covered: u64, total: u64) -> Share {
        Share { covered, total }
    }

    #[test]
    fn texts_are_read_strictly() {
        for bad in ["", ".", "1.", "-1", "+1", "1e2", "1000", "1.1234567", "1,5", " 1", "١"] {
            assert!(Percent::parse(bad).is_none(), "{bad}");
        }
        assert_eq!(Percent::parse("97.50"), Percent::parse("97.5"));
        assert!(Percent::parse("97.51") > Percent::parse("97.5"));
        assert_eq!(Share::parse("11/18"), Some(share(11, 18)));
        for bad in ["", "1", "/", "1/", "/1", "2/1", "1/12345678901", "-1/1", "1/1/1"] {
            assert_eq!(Share::parse(bad), None, "{bad}");
        }
        assert!(BaselineTotal::parse("100.01").is_none());
    }

    #[test]
    fn a_change_is_shown_with_its_sign() {
        let change = |now: Share, then: Share| now.percent().minus(then.percent()).signed(2);
        assert_eq!(change(share(5453, 5689), share(5521, 5689)), "-1.20");
        assert_eq!(change(share(1, 2), share(1, 2)), "±0.00");
        assert_eq!(change(share(500_000, 1_000_000), share(500_001, 1_000_000)), "-0.01");
        assert_eq!(change(share(1, 1), share(0, 1)), "+100.00");
        assert_eq!(Percent::parse("0.5").map(|p| p.signed(0)).as_deref(), Some("+1"), "not zero, so not shown as zero");
        assert_eq!(Percent::parse("2.5").map(|p| p.signed(0)).as_deref(), Some("+2"));
    }

    #[test]
    fn counts_that_belong_to_another_percentage_are_left_out() {
        let total = BaselineTotal::parse("95.85").expect("a percentage");
        assert!(total.clone().with_counts(share(4249, 4407), Some(share(1204, 1282))).exact().is_some());
        assert!(total.with_counts(share(1, 2), None).exact().is_none());
    }

    #[test]
    fn shown_ends_are_exact() {
        let bounds = |text: &str| {
            let total = BaselineTotal::parse(text).expect("a percentage");
            (total.least(), total.most())
        };
        let percent = |text: &str| Percent::parse(text).expect("a percentage");
        assert_eq!(bounds("100.00"), (percent("100"), percent("100")));
        assert_eq!(bounds("99.99"), (percent("99.985"), percent("100")));
        assert_eq!(bounds("0.01"), (percent("0"), percent("0.015")));
        assert_eq!(bounds("0"), (percent("0"), percent("0")));
        assert_eq!(bounds("97"), (percent("96.5"), percent("97.5")));
    }

    proptest! {
        /// The same total, read back from what was shown of it, is no change, whatever the decimals.
        #[test]
        fn rounding_never_makes_a_drop(total in 1u64..200_000, part in 0.0f64..=1.0, decimals in 0usize..5) {
            #[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let covered = (total as f64 * part) as u64;
            let share = share(covered.min(total), total);
            #[expect(clippy::cast_precision_loss)]
            let shown = display(100.0 * share.covered as f64 / total as f64, decimals);
            let baseline = BaselineTotal::parse(&shown).expect("a percentage");
            prop_assert!(!baseline.fell(share.percent()), "{shown}");
            prop_assert!(!baseline.fell_by_more(share.percent(), Percent::whole(0)), "{shown}");
            prop_assert_eq!(baseline.change(share.percent()).sign(), Ordering::Equal);
            let exact = baseline.with_counts(share, None);
            prop_assert_eq!(exact.exact(), Some(share.percent()));
        }

        #[test]
        fn nothing_overflows(a in any::<u32>(), b in any::<u32>(), c in 0u64..10_000_000_000, d in 0u64..10_000_000_000) {
            let now = share(a.min(b).into(), a.max(b).into()).percent();
            let then = share(c.min(d), c.max(d)).percent();
            let change = now.minus(then);
            let limit = Percent::parse("999.999999").expect("a percentage");
            prop_assert!(change < limit);
            prop_assert!(!change.signed(6).is_empty());
            prop_assert_eq!(change.sign(), now.cmp(&then));
        }
    }
}

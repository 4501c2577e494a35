//! Judging: is there enough coverage, and how much is lacking?
//!
//! Pure. The percentage and the comparison with a limit are those of `coverage report` ([`report::fail_under`]); what is lacking
//! is found by asking the same comparison again with more lines covered. A drop is compared in exact fractions.

use super::exact::{BaselineTotal, Percent, Share};
use crate::coverage::glob::{Case, GlobMatcher};
use crate::report::{self, Numbers};

/// What is asked of the coverage.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Limits {
    /// The least total in percent; 0 asks nothing.
    pub fail_under: f64,
    /// The most percentage points that the total may lie below the baseline.
    pub max_drop: Option<f64>,
    /// The least coverage of the files that match a pattern.
    pub paths: Vec<PathLimit>,
    /// Which of them are only told, never failed.
    pub informational: Informational,
}

/// `GLOB=PERCENT`.
#[derive(Debug, Clone, PartialEq)]
pub struct PathLimit {
    /// A pattern as in coverage.py's `include`: `src/app/*` is everything below, `*.py` is in any folder.
    pub glob: String,
    /// The least coverage in percent.
    pub percent: f64,
}

/// The limits that are only told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is the limit of the same name")]
pub struct Informational {
    pub fail_under: bool,
    pub max_drop: bool,
    pub paths: bool,
}

/// How a percentage is held against a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rounding {
    /// coverage.py rounds to `[report] precision` first.
    Coverage {
        /// Digits behind the point.
        precision: usize,
    },
    /// slipcover does not round.
    Slipcover,
}

/// What there is to judge.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// The sum over all files.
    pub totals: &'a Numbers,
    /// Each file: its name as reports show it, and its counts.
    pub files: &'a [(&'a str, Numbers)],
    /// The total to hold the new one against, if one is known.
    pub baseline: Option<&'a BaselineTotal>,
    /// Whether all data that was expected came. If not, nothing is judged.
    pub complete: bool,
    /// Whose rounding applies.
    pub rounding: Rounding,
}

/// The end of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Every limit that counts is kept.
    Passed,
    /// One is not.
    Failed,
    /// Data is missing: figures are for information.
    NotJudged,
}

impl Verdict {
    /// `passed`, `failed` or `not-judged`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotJudged => "not-judged",
        }
    }
}

/// Which limit a [`Gate`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rule {
    /// The least total.
    FailUnder,
    /// The most that the total may fall.
    MaxDrop,
    /// The least coverage of the files that match this pattern.
    Path(String),
}

/// How one limit fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It is kept.
    Kept,
    /// It is not: so many more lines or branches, of those there are, have to be covered.
    Missed {
        /// At least one.
        needed: u64,
    },
    /// No file matches the pattern. A limit that holds nothing is not kept.
    NoFiles,
    /// There is no baseline to compare with. Not held against the change.
    NoBaseline,
}

/// One limit and how it fared.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// Which one.
    pub rule: Rule,
    /// The limit, in percent or percentage points, as the user wrote it: `97`, `0.5`.
    pub limit: String,
    /// Whether it is only told.
    pub informational: bool,
    /// How it fared; with data missing, how it would have.
    pub outcome: Outcome,
    /// The counts behind it.
    pub numbers: Numbers,
    /// Digits behind the point that show the figure on its side of the limit.
    pub decimals: usize,
    /// The limit is kept only because coverage.py rounds before it compares.
    pub by_rounding: bool,
}

impl Gate {
    /// The limit is not kept and counts.
    pub fn fails(&self) -> bool {
        !self.informational && matches!(self.outcome, Outcome::Missed { .. } | Outcome::NoFiles)
    }
}

/// Everything there is to say about the limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// The end of it.
    pub verdict: Verdict,
    /// Each limit: the total, the drop, then paths as given.
    pub gates: Vec<Gate>,
    /// What coverage.py says where the total misses the limit; people search logs for it. Empty unless that gate fails.
    pub message: Option<String>,
}

impl Judgement {
    /// The first limit that fails, and how many others do.
    pub fn first_failure(&self) -> Option<(&Gate, usize)> {
        let mut failing = self.gates.iter().filter(|gate| gate.fails());
        let first = failing.next()?;
        Some((first, failing.count()))
    }

    /// The gate of the total.
    pub fn fail_under(&self) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.rule == Rule::FailUnder)
    }

    /// The gate of the drop.
    pub fn max_drop(&self) -> Option<&Gate> {
        self.gates.iter().find(|gate| gate.rule == Rule::MaxDrop)
    }
}

/// A limit that means nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LimitError(String);

impl Limits {
    /// Reads `GLOB=PERCENT`.
    ///
    /// # Errors
    /// Says which part is wrong and what it should look like.
    pub fn path(text: &str) -> Result<PathLimit, LimitError> {
        let wrong = |what: &str| LimitError(format!("path gate `{text}`: {what}, as in `src/app/*=90`"));
        let (glob, percent) = text.rsplit_once('=').ok_or_else(|| wrong("give a pattern, `=` and a percentage"))?;
        let (glob, percent) = (glob.trim(), percent.trim());
        if glob.is_empty() {
            return Err(wrong("the pattern is missing"));
        }
        GlobMatcher::new(&[glob], Case::Sensitive).map_err(|error| wrong(&error.to_string()))?;
        let percent = percent.strip_suffix('%').unwrap_or(percent).trim_end();
        let percent = percent
            .parse()
            .ok()
            .filter(|percent| (0.0..=100.0).contains(percent))
            .ok_or_else(|| wrong("the percentage must be between 0 and 100"))?;
        Ok(PathLimit { glob: glob.to_owned(), percent })
    }
}

/// Holds what was measured against the limits.
///
/// # Errors
/// A limit is no percentage.
pub fn judge(limits: &Limits, measured: &Measured) -> Result<Judgement, LimitError> {
    let mut gates = Vec::new();
    let mut message = None;
    if limits.fail_under != 0.0 {
        let limit = Least::new(limits.fail_under, measured.rounding)?;
        let gate = limit.gate(Rule::FailUnder, *measured.totals, limits.informational.fail_under);
        if gate.fails() && measured.complete {
            message = limit.missed(&Share::all(measured.totals));
        }
        gates.push(gate);
    }
    if let Some(limit) = limits.max_drop {
        gates.push(drop_gate(limit, limits.informational.max_drop, measured)?);
    }
    for path in &limits.paths {
        let limit = Least::new(path.percent, measured.rounding)?;
        let matcher = GlobMatcher::new(&[&path.glob], Case::Sensitive)
            .map_err(|error| LimitError(format!("path gate `{}`: {error}", path.glob)))?;
        let mut numbers = Numbers::default();
        for (_, file) in measured.files.iter().filter(|(name, _)| matcher.matches(name)) {
            numbers += *file;
        }
        let mut gate = limit.gate(Rule::Path(path.glob.clone()), numbers, limits.informational.paths);
        if numbers.files == 0 {
            gate.outcome = Outcome::NoFiles;
        }
        gates.push(gate);
    }
    let verdict = if !measured.complete {
        Verdict::NotJudged
    } else if gates.iter().any(Gate::fails) {
        Verdict::Failed
    } else {
        Verdict::Passed
    };
    Ok(Judgement { verdict, gates, message })
}

/// A least percentage and the way to compare with it.
struct Least {
    limit: f64,
    rounding: Rounding,
}

impl Least {
    fn new(limit: f64, rounding: Rounding) -> Result<Self, LimitError> {
        report::fail_under(100.0, limit, 0).map_err(|error| LimitError(error.to_string()))?;
        Ok(Self { limit, rounding })
    }

    /// What is said if `share` is too little.
    fn missed(&self, share: &Share) -> Option<String> {
        let percent = percent(share);
        match self.rounding {
            // The limit was checked by `new`.
            Rounding::Coverage { precision } => report::fail_under(percent, self.limit, precision).ok().flatten(),
            Rounding::Slipcover => (percent < self.limit)
                .then(|| format!("Coverage failure: total of {percent:.2} is less than fail-under={}", self.limit)),
        }
    }

    fn gate(&self, rule: Rule, numbers: Numbers, informational: bool) -> Gate {
        let share = Share::all(&numbers);
        let outcome = match least_more(share, |share| self.missed(share).is_none()) {
            0 => Outcome::Kept,
            needed => Outcome::Missed { needed },
        };
        let by_rounding = outcome == Outcome::Kept && percent(&share) < self.limit;
        let precision = match self.rounding {
            Rounding::Coverage { precision } => precision,
            Rounding::Slipcover => 0,
        };
        let decimals = decimals(self.limit).max(precision).max(2);
        Gate { rule, limit: self.limit.to_string(), informational, outcome, numbers, decimals, by_rounding }
    }
}

fn drop_gate(limit: f64, informational: bool, measured: &Measured) -> Result<Gate, LimitError> {
    let text = limit.to_string();
    let points = Percent::parse(&text).filter(|points| *points <= Percent::whole(100)).ok_or_else(|| {
        LimitError(format!("max-drop={text} is invalid. Must be between 0 and 100, with at most six decimals."))
    })?;
    let outcome = match measured.baseline {
        None => Outcome::NoBaseline,
        Some(baseline) => {
            let kept = |share: &Share| !baseline.fell_by_more(share.percent(), points);
            match least_more(Share::all(measured.totals), kept) {
                0 => Outcome::Kept,
                needed => Outcome::Missed { needed },
            }
        }
    };
    Ok(Gate {
        rule: Rule::MaxDrop,
        decimals: decimals(limit).max(2),
        limit: text,
        informational,
        outcome,
        numbers: *measured.totals,
        by_rounding: false,
    })
}

/// The least number of more covered items with which `kept` holds. More coverage never breaks a limit, so the halves of the
/// range can be told apart.
fn least_more(share: Share, kept: impl Fn(&Share) -> bool) -> u64 {
    let (mut low, mut high) = (0, share.missing());
    while low < high {
        let middle = low + (high - low) / 2;
        if kept(&Share { covered: share.covered + middle, ..share }) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

/// As [`Numbers::percent`] computes it, to the last bit.
#[expect(clippy::cast_precision_loss, reason = "counts are sums of two 32-bit numbers")]
fn percent(share: &Share) -> f64 {
    if share.total == 0 { 100.0 } else { 100.0 * share.covered as f64 / share.total as f64 }
}

/// Digits behind the point of a limit.
fn decimals(limit: f64) -> usize {
    limit.to_string().split_once('.').map_or(0, |(_, decimals)| decimals.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const COVERAGE: Rounding = Rounding::Coverage { precision: 2 };

    fn numbers(covered: u32, statements: u32) -> Numbers {
        Numbers { files: 1, statements, missing: statements - covered, ..Numbers::default() }
    }

    fn branches(lines: (u32, u32), branches: (u32, u32)) -> Numbers {
        Numbers { branches: branches.1, missing_branches: branches.1 - branches.0, ..numbers(lines.0, lines.1) }
    }

    fn measured(totals: &Numbers) -> Measured<'_> {
        Measured { totals, files: &[], baseline: None, complete: true, rounding: COVERAGE }
    }

    fn least(fail_under: f64) -> Limits {
        Limits { fail_under, ..Limits::default() }
    }

    fn drop(points: f64) -> Limits {
        Limits { max_drop: Some(points), ..Limits::default() }
    }

    fn outcome(limits: &Limits, measured: &Measured) -> Outcome {
        judge(limits, measured).expect("valid limits").gates[0].outcome
    }

    #[test]
    fn what_is_lacking_counts_lines_and_branches() {
        let totals = branches((4249, 4407), (1204, 1282));
        let judged = judge(&least(97.0), &measured(&totals)).expect("valid limits");
        assert_eq!(judged.verdict, Verdict::Failed);
        assert_eq!(judged.gates[0].outcome, Outcome::Missed { needed: 66 });
        assert_eq!(judged.message.as_deref(), Some("Coverage failure: total of 95.85 is less than fail-under=97.00"));
        let enough = branches((4249, 4407), (1270, 1282));
        assert_eq!(outcome(&least(97.0), &measured(&enough)), Outcome::Kept);
        let nearly = branches((4249, 4407), (1269, 1282));
        assert_eq!(outcome(&least(97.0), &measured(&nearly)), Outcome::Missed { needed: 1 });
    }

    #[test]
    fn rounding_is_coverage_pys() {
        let totals = numbers(966, 1000);
        let whole = Measured { rounding: Rounding::Coverage { precision: 0 }, ..measured(&totals) };
        let judged = judge(&least(97.0), &whole).expect("valid limits");
        assert!(judged.gates[0].by_rounding, "96.6 is 97 for coverage.py");
        assert_eq!(judged.verdict, Verdict::Passed);
        assert_eq!(outcome(&least(97.0), &measured(&totals)), Outcome::Missed { needed: 4 });
        let slipcover = Measured { rounding: Rounding::Slipcover, ..measured(&totals) };
        assert_eq!(outcome(&least(96.65), &slipcover), Outcome::Missed { needed: 1 });
        assert_eq!(outcome(&least(100.0), &whole), Outcome::Missed { needed: 34 });
    }

    #[test]
    fn missing_data_is_never_judged() {
        let totals = numbers(10, 100);
        for limits in [least(97.0), least(5.0), drop(0.0), Limits::default()] {
            let judged = judge(&limits, &Measured { complete: false, ..measured(&totals) }).expect("valid limits");
            assert_eq!((judged.verdict, judged.message), (Verdict::NotJudged, None));
        }
    }

    #[test]
    fn informational_limits_are_told_and_do_not_fail() {
        let totals = numbers(90, 100);
        let mut limits = least(97.0);
        limits.informational.fail_under = true;
        let judged = judge(&limits, &measured(&totals)).expect("valid limits");
        assert_eq!(judged.verdict, Verdict::Passed);
        assert_eq!(judged.gates[0].outcome, Outcome::Missed { needed: 7 });
        assert_eq!(judged.message, None);
        limits.max_drop = Some(0.0);
        limits.informational = Informational { max_drop: true, ..Informational::default() };
        assert_eq!(judge(&limits, &measured(&totals)).expect("valid limits").verdict, Verdict::Failed);
    }

    #[test]
    fn a_drop_is_compared_exactly() {
        let then = BaselineTotal::parse("97.84").expect("a percentage");
        let with = |totals: &Numbers, points: f64| {
            outcome(&drop(points), &Measured { baseline: Some(&then), ..measured(totals) })
        };
        // The least that can have been shown as 97.84 is 97.835.
        assert_eq!(with(&numbers(97_835, 100_000), 0.0), Outcome::Kept, "rounding may be all there is");
        assert_eq!(with(&numbers(97_834, 100_000), 0.0), Outcome::Missed { needed: 1 });
        assert_eq!(with(&numbers(97_335, 100_000), 0.5), Outcome::Kept);
        assert_eq!(with(&numbers(97_330, 100_000), 0.5), Outcome::Missed { needed: 5 });
        let exact = then.clone().with_counts(Share { covered: 97_842, total: 100_000 }, None);
        let with = |totals: &Numbers, points: f64| {
            outcome(&drop(points), &Measured { baseline: Some(&exact), ..measured(totals) })
        };
        assert_eq!(with(&numbers(97_842, 100_000), 0.0), Outcome::Kept);
        assert_eq!(with(&numbers(97_841, 100_000), 0.0), Outcome::Missed { needed: 1 });
        assert_eq!(with(&numbers(97_742, 100_000), 0.1), Outcome::Kept, "exactly the limit");
        assert_eq!(outcome(&drop(0.1), &measured(&numbers(1, 100_000))), Outcome::NoBaseline);
    }

    #[test]
    fn no_baseline_fails_nothing() {
        let totals = numbers(1, 100);
        assert_eq!(judge(&drop(0.0), &measured(&totals)).expect("valid limits").verdict, Verdict::Passed);
    }

    #[test]
    fn paths_have_limits_of_their_own() {
        let totals = numbers(95, 110);
        let files = [
            ("src/app/a.py", numbers(80, 90)),
            ("src/app/deep/b.py", numbers(5, 10)),
            ("src/other.py", numbers(10, 10)),
        ];
        let paths = ["src/app/*=90", "src/other.py = 100%", "other.py=100", "nothing/*=1"];
        let paths = paths.map(|text| Limits::path(text).expect("valid")).to_vec();
        let limits = Limits { paths, ..Limits::default() };
        let judged = judge(&limits, &Measured { files: &files, ..measured(&totals) }).expect("valid limits");
        let outcomes: Vec<Outcome> = judged.gates.iter().map(|gate| gate.outcome).collect();
        assert_eq!(outcomes, [Outcome::Missed { needed: 5 }, Outcome::Kept, Outcome::Kept, Outcome::NoFiles]);
        assert_eq!(judged.verdict, Verdict::Failed);
        assert_eq!(judged.first_failure().map(|(gate, others)| (gate.rule.clone(), others)), {
            Some((Rule::Path("src/app/*".to_owned()), 1))
        });
    }

    #[test]
    fn wrong_limits_say_how_to_write_them() {
        let path = |text: &str| Limits::path(text).expect_err("wrong").to_string();
        assert_eq!(path("src"), "path gate `src`: give a pattern, `=` and a percentage, as in `src/app/*=90`");
        assert_eq!(path("=9"), "path gate `=9`: the pattern is missing, as in `src/app/*=90`");
        assert_eq!(path("a=101"), "path gate `a=101`: the percentage must be between 0 and 100, as in `src/app/*=90`");
        assert!(path("a=NaN").contains("between 0 and 100"));
        assert!(path("a**b/c=1").contains("can't include"));
        let totals = numbers(1, 1);
        for limits in [least(101.0), least(-1.0), least(f64::NAN), drop(101.0), drop(-0.1), drop(f64::NAN)] {
            let error = judge(&limits, &measured(&totals)).expect_err("no percentage").to_string();
            assert!(error.contains("Must be between 0 and 100"), "{error}");
        }
    }

    proptest! {
        /// What is said to be lacking is enough, and one less is not.
        #[test]
        fn the_need_is_exact(
            statements in 1u32..50_000, exits in 0u32..20_000, part in 0.0f64..=1.0, limit in 0.01f64..=100.0,
            precision in 0usize..4, slipcover in any::<bool>(), places in 0usize..3,
        ) {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            let of = |all: u32| (f64::from(all) * part) as u32;
            let limit: f64 = format!("{limit:.places$}").parse().expect("a number");
            prop_assume!(limit > 0.0);
            let rounding = if slipcover { Rounding::Slipcover } else { Rounding::Coverage { precision } };
            let totals = branches((of(statements), statements), (of(exits), exits));
            let gate = judge(&least(limit), &Measured { rounding, ..measured(&totals) }).expect("valid").gates.remove(0);
            let kept = |more: u64| {
                let share = Share::all(&totals);
                #[expect(clippy::cast_precision_loss)]
                let percent = 100.0 * (share.covered + more) as f64 / share.total as f64;
                match rounding {
                    Rounding::Slipcover => percent >= limit,
                    Rounding::Coverage { precision } => {
                        report::fail_under(percent, limit, precision).expect("valid").is_none()
                    }
                }
            };
            match gate.outcome {
                Outcome::Kept => prop_assert!(kept(0)),
                Outcome::Missed { needed } => prop_assert!(kept(needed) && !kept(needed - 1)),
                other => prop_assert!(false, "{other:?}"),
            }
        }
    }
}

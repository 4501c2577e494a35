//! The time that reports carry.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970; `SOURCE_DATE_EPOCH` (seconds) makes reports reproducible.
pub(super) fn now_ms() -> u64 {
    let fixed = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse::<u64>().ok());
    fixed.map_or_else(
        || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| u64::try_from(time.as_millis()).unwrap_or(0)),
        |seconds| seconds * 1000,
    )
}

/// A time in ISO form, UTC: `2026-11-20T21:16:05.123000`. coverage.py writes local time without a zone.
pub(super) fn iso(ms: u64) -> String {
    let (seconds, micros) = (ms / 1000, ms % 1000 * 1000);
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}{fraction}", rest / 3600, rest / 60 % 60, rest % 60)
}

/// Year, month and day of a day counted from 1 January 1970, by counting 400-year cycles from 1 March of year 0.
fn date(days: u64) -> (u64, u64, u64) {
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_right_across_leap_years() {
        for (ms, text) in [
            (0, "1970-01-01T00:00:00"),
            (951_782_400_000, "2000-02-29T00:00:00"),
            (1_709_164_800_123, "2024-02-29T00:00:00.123000"),
            (1_795_209_365_000, "2026-11-20T21:16:05"),
            (4_107_542_399_000, "2100-02-28T23:59:59"),
        ] {
            assert_eq!(iso(ms), text);
        }
    }
}

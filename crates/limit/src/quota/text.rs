//! Quotas as text: `limit/window` or `limit/window burst n`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use super::{Quota, QuotaError};

/// The longest text that can be a quota, in bytes.
const MAX_TEXT: usize = 80;

/// Units from the longest to the shortest: milliseconds and names, the first of which is shown.
const UNITS: [(u64, &[&str]); 5] = [
    (86_400_000, &["d", "day", "days"]),
    (3_600_000, &["h", "hour", "hours"]),
    (60_000, &["min", "m", "mins", "minute", "minutes"]),
    (1_000, &["s", "sec", "secs", "second", "seconds"]),
    (1, &["ms"]),
];

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let form = || QuotaError::Form(excerpt(text));
        if text.len() > MAX_TEXT {
            return Err(form());
        }
        let (limit, rest) = text.split_once('/').ok_or_else(form)?;
        let (window, burst) = match rest.split_once("burst") {
            Some((window, burst)) => (window, Some(number(burst)?)),
            None => (rest, None),
        };
        if limit.trim().is_empty() || window.trim().is_empty() {
            return Err(form());
        }
        Self::new(number(limit)?, parse_window(window.trim())?, burst)
    }
}

fn excerpt(text: &str) -> String {
    text.chars().take(40).collect()
}

fn number(text: &str) -> Result<u64, QuotaError> {
    let digits = text.trim();
    let unsigned = !digits.starts_with('+');
    digits.parse().ok().filter(|_| unsigned).ok_or_else(|| QuotaError::NotANumber(excerpt(digits)))
}

fn parse_window(text: &str) -> Result<Duration, QuotaError> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let count = match text.strip_suffix(unit).unwrap_or(text) {
        "" => 1,
        digits => number(digits)?,
    };
    let unit = unit.trim();
    let millis = UNITS
        .iter()
        .find(|(_, names)| names.contains(&unit))
        .map(|(millis, _)| *millis)
        .ok_or_else(|| QuotaError::UnknownUnit(excerpt(unit)))?;
    count.checked_mul(millis).map(Duration::from_millis).ok_or(QuotaError::WindowTooLong)
}

impl fmt::Display for Quota {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/", self.limit())?;
        let window = self.window_ns() / 1_000_000;
        let fitting = UNITS.iter().find(|(unit, _)| window.is_multiple_of(*unit));
        if let Some((millis, [name, ..])) = fitting {
            match window / millis {
                1 => f.write_str(name)?,
                count => write!(f, "{count}{name}")?,
            }
        }
        match self.burst() {
            Some(burst) => write!(f, " burst {burst}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotas_read_as_people_write_them() {
        let cases = [
            ("60/min", 60, 60_000, None, "60/min"),
            ("1000/h", 1000, 3_600_000, None, "1000/h"),
            ("100/3600s", 100, 3_600_000, None, "100/h"),
            ("100/s burst 1000", 100, 1_000, Some(1000), "100/s burst 1000"),
            ("10/s burst 100", 10, 1_000, Some(100), "10/s burst 100"),
            (" 5 / 15 min ", 5, 900_000, None, "5/15min"),
            ("5/15m", 5, 900_000, None, "5/15min"),
            ("7/sec", 7, 1_000, None, "7/s"),
            ("7/hour", 7, 3_600_000, None, "7/h"),
            ("7/day", 7, 86_400_000, None, "7/d"),
            ("7/48h", 7, 172_800_000, None, "7/2d"),
            ("7/90s", 7, 90_000, None, "7/90s"),
            ("7/250ms", 7, 250, None, "7/250ms"),
        ];
        for (text, limit, millis, burst, shown) in cases {
            let quota: Quota = text.parse().unwrap();
            assert_eq!(quota.limit(), limit, "{text}");
            assert_eq!(quota.window(), Duration::from_millis(millis), "{text}");
            assert_eq!(quota.burst(), burst, "{text}");
            assert_eq!(quota.to_string(), shown, "{text}");
        }
    }

    #[test]
    fn other_text_is_refused_with_a_hint() {
        let cases = [
            ("", "is not a quota"),
            ("60", "is not a quota"),
            ("/min", "is not a quota"),
            ("60/", "is not a quota"),
            ("60/burst 5", "is not a quota"),
            ("-1/min", "`-1` is not a number"),
            ("+1/min", "`+1` is not a number"),
            ("1.5/min", "`1.5` is not a number"),
            ("60/min burst", "`` is not a number"),
            ("60/min burst -5", "`-5` is not a number"),
            ("99999999999999999999/s", "is not a number"),
            ("60/fortnight", "`fortnight` is not a unit of time: use `ms`"),
            ("60/-5s", "`-5s` is not a unit"),
            ("60/3600", "`` is not a unit"),
            ("60/1.5h", "`.5h` is not a unit"),
            ("0/min", "quota of 0"),
            ("1/min burst 0", "burst of 0"),
            ("1/0s", "above zero"),
            ("1/367d", "at most `366d`"),
            ("1/9999999999999999d", "at most `366d`"),
            ("1000000000001/s", "at most 1000000000000"),
        ];
        for (text, expected) in cases {
            let error = text.parse::<Quota>().unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
        let hostile = "9".repeat(1_000_000);
        assert!(hostile.parse::<Quota>().unwrap_err().to_string().len() < 200);
    }

    #[test]
    fn a_fraction_of_a_millisecond_is_no_window() {
        assert_eq!(Quota::new(1, Duration::from_micros(1_500), None), Err(QuotaError::NoWindow));
    }

    proptest! {
        #[test]
        fn a_quota_survives_its_text(
            limit in 1..=Quota::MAX_LIMIT,
            millis in 1_u64..=31_622_400_000,
            burst in proptest::option::of(1..=Quota::MAX_LIMIT),
        ) {
            let quota = Quota::new(limit, Duration::from_millis(millis), burst).unwrap();
            prop_assert_eq!(quota.to_string().parse(), Ok(quota));
        }

        #[test]
        fn no_text_panics(text in "[ 0-9a-z/+.-]{0,90}|.{0,90}") {
            let _: Result<Quota, _> = text.parse();
        }
    }
}

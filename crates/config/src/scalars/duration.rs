//! Lengths of time.

use std::time::Duration;

use toml::Value;

use super::{is_not, split_unit};
use crate::nearest::shown;
use crate::{Complaint, Scalar};

/// Units from the largest down, in nanoseconds: the first that divides a duration shows it.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

/// A hundred years: longer ones are a mistake, and could overflow sums of times.
const MAX: Duration = Duration::from_secs(36_500 * 86_400);

/// A number and a unit: `250ms`, `30s`, `5m`, `1h`, `1d`.
impl Scalar for Duration {
    const KIND: &'static str = "duration";
    const EXAMPLE: &'static str = "30s";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = match value {
            Value::Integer(number) => &number.to_string(),
            Value::String(text) => text,
            _ => return Err(Complaint::mismatch::<Self>(value)),
        };
        match split_unit(text) {
            Some((number, "")) => Err(Complaint::new(
                format!("the duration `{number}` has no unit"),
                format!("write `{number}s` for seconds; units are ms, s, m, h, d"),
            )),
            Some((number, unit)) => in_unit(number, unit).ok_or_else(|| not_a_duration(text)),
            None => Err(not_a_duration(text)),
        }
        .and_then(
            |duration| {
                if duration > MAX { Err(too_long(text)) } else { Ok(duration) }
            },
        )
    }

    fn show(&self) -> Value {
        let nanos = self.as_nanos();
        let fits = |unit: &&(&str, u128)| nanos != 0 && nanos.is_multiple_of(unit.1);
        let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("s", 1));
        Value::String(format!("{}{unit}", nanos.checked_div(size).unwrap_or(nanos)))
    }
}

fn in_unit(number: u64, unit: &str) -> Option<Duration> {
    let (_, size) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let nanos = u128::from(number).checked_mul(*size)?;
    let whole = u64::try_from(nanos.checked_div(1_000_000_000)?).ok()?;
    let rest = u32::try_from(nanos.checked_rem(1_000_000_000)?).ok()?;
    Some(Duration::new(whole, rest))
}

fn not_a_duration(text: &str) -> Complaint {
    let hint = "write a number and a unit (ms, s, m, h, d), for example 30s";
    Complaint::new(is_not(text, "a duration"), hint)
}

fn too_long(text: &str) -> Complaint {
    Complaint::new(format!("`{}` is too long", shown(text)), "write at most 36500d")
}

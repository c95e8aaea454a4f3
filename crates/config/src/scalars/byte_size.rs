//! Sizes in bytes.

use std::fmt;

use toml::Value;

use super::{is_not, split_unit};
use crate::{Complaint, Scalar};

/// Units from the largest down, binary before decimal: the first that divides a size shows it.
const UNITS: [(&str, u64); 9] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("TB", 1_000_000_000_000),
    ("GB", 1_000_000_000),
    ("MB", 1_000_000),
    ("KB", 1_000),
    ("B", 1),
];

const HINT: &str = "write a number and a unit (B, KB, MB, GB, KiB, MiB, GiB), for example 64KiB";

/// A number of bytes, written `64KiB`, `200MB` or as a plain number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ByteSize(pub u64);

impl fmt::Display for ByteSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fits = |unit: &&(&str, u64)| self.0 != 0 && self.0.is_multiple_of(unit.1);
        let (unit, size) = UNITS.iter().find(fits).copied().unwrap_or(("B", 1));
        write!(f, "{}{unit}", self.0.checked_div(size).unwrap_or(self.0))
    }
}

impl Scalar for ByteSize {
    const KIND: &'static str = "size";
    const EXAMPLE: &'static str = "64KiB";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let text = match value {
            Value::Integer(number) => &number.to_string(),
            Value::String(text) => text,
            _ => return Err(Complaint::mismatch::<Self>(value)),
        };
        let size = split_unit(text).and_then(|(number, unit)| {
            let unit = if unit.is_empty() { "B" } else { unit };
            let known = UNITS.iter().find(|(name, _)| name.eq_ignore_ascii_case(unit))?;
            number.checked_mul(known.1)
        });
        size.map(Self).ok_or_else(|| Complaint::new(is_not(text, "a size"), HINT))
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

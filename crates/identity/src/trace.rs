//! Who ended something, when and why.

use mantlet_types::Timestamp;

use crate::UserId;

/// The most characters of a reason that are kept.
const MAX_WHY: usize = 500;

/// The trace that the end of a credential leaves: it is never deleted with it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trace {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: UserId,
    /// Why, for people: one line, cut at 500 characters.
    pub why: String,
}

impl Trace {
    /// A trace; line breaks and other control characters of `why` become spaces.
    #[must_use]
    pub fn new(at: Timestamp, by: &UserId, why: &str) -> Self {
        let clean = |c: char| if c.is_control() { ' ' } else { c };
        Self { at, by: by.clone(), why: why.chars().take(MAX_WHY).map(clean).collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_short_line() {
        let by = UserId::parse("admin").unwrap();
        let why = format!("leaked\r\nforged line {}", "x".repeat(1000));
        let trace = Trace::new(Timestamp::UNIX_EPOCH, &by, &why);
        assert!(trace.why.starts_with("leaked  forged line"));
        assert_eq!(trace.why.chars().count(), MAX_WHY);
    }
}

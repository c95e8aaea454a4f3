//! Arithmetic with times that cannot overflow.

use std::time::Duration;

use mantlet_types::Timestamp;

/// The moment `by` after `at`; the last representable one when that overflows.
pub(crate) fn after(at: Timestamp, by: Duration) -> Timestamp {
    at.checked_add(by).unwrap_or(Timestamp::MAX)
}

/// How long ago `earlier` was at `now`; zero when it lies ahead.
pub(crate) fn since(now: Timestamp, earlier: Timestamp) -> Duration {
    Duration::try_from(now.duration_since(earlier)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_stay_within_bounds() {
        let second = Duration::from_secs(1);
        assert_eq!(after(Timestamp::MAX, second), Timestamp::MAX);
        assert_eq!(after(Timestamp::UNIX_EPOCH, Duration::MAX), Timestamp::MAX);
        assert_eq!(since(Timestamp::UNIX_EPOCH, Timestamp::MAX), Duration::ZERO);
        assert_eq!(since(after(Timestamp::UNIX_EPOCH, second), Timestamp::UNIX_EPOCH), second);
    }
}

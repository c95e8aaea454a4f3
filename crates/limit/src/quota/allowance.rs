//! A quota that can be: numbers within bounds.

use std::num::NonZeroU32;
use std::time::Duration;

use super::QuotaError;

/// How much is allowed in how long. Always valid: limit, window and burst are above zero and within
/// bounds that keep the arithmetic exact.
///
/// As text: `"60/min"`, `"1000/h"`, `"100/3600s"`, `"100/s burst 1000"`. Units are `ms`, `s`, `min`,
/// `h`, `d` and their long forms, with an optional number before them. Without `burst` it is a
/// sliding window, with `burst` a token bucket that holds `burst` and refills at `limit / window`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Quota {
    limit: u64,
    window_ns: u64,
    burst: Option<u64>,
}

impl Quota {
    /// The largest limit and the largest burst.
    pub const MAX_LIMIT: u64 = 1_000_000_000_000;
    /// The longest window: 366 days.
    pub const MAX_WINDOW: Duration = Duration::from_secs(366 * 86_400);

    /// `limit` units in each `window`; with `burst`, up to that many at once after a rest.
    ///
    /// # Errors
    /// [`QuotaError`] when a number is zero or too large, or the window is not whole milliseconds.
    pub fn new(limit: u64, window: Duration, burst: Option<u64>) -> Result<Self, QuotaError> {
        in_bounds(limit, QuotaError::ZeroLimit)?;
        if let Some(burst) = burst {
            in_bounds(burst, QuotaError::ZeroBurst)?;
        }
        if window.is_zero() || !window.subsec_nanos().is_multiple_of(1_000_000) {
            return Err(QuotaError::NoWindow);
        }
        if window > Self::MAX_WINDOW {
            return Err(QuotaError::WindowTooLong);
        }
        let window_ns = u64::try_from(window.as_nanos()).map_err(|_| QuotaError::WindowTooLong)?;
        Ok(Self { limit, window_ns, burst })
    }

    /// A bucket that holds `burst` and refills at `limit` a second. Numbers this small are always
    /// within bounds, so this cannot fail.
    #[must_use]
    pub const fn per_second(limit: NonZeroU32, burst: NonZeroU32) -> Self {
        Self {
            limit: limit.get() as u64,
            window_ns: 1_000_000_000,
            burst: Some(burst.get() as u64),
        }
    }

    /// Units granted in each window.
    #[must_use]
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// The length of the window, whole milliseconds.
    #[must_use]
    pub const fn window(&self) -> Duration {
        Duration::from_nanos(self.window_ns)
    }

    /// The size of the bucket; `None` means a sliding window.
    #[must_use]
    pub const fn burst(&self) -> Option<u64> {
        self.burst
    }

    /// The most that can be taken at once after a rest: the burst, else the limit.
    #[must_use]
    pub const fn capacity(&self) -> u64 {
        match self.burst {
            Some(burst) => burst,
            None => self.limit,
        }
    }

    pub(crate) const fn window_ns(&self) -> u64 {
        self.window_ns
    }

    /// A number that tells this quota from others, so that a cell is not read under rules it was
    /// not written under (after a reload, say). A clash is harmless: cells bear being misread.
    pub(crate) fn tag(&self) -> u32 {
        let burst = self.burst.map_or(0, |burst| burst.wrapping_mul(2) | 1);
        let mixed = self
            .limit
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .wrapping_add(self.window_ns)
            .wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
            .wrapping_add(burst)
            .wrapping_mul(0x1656_67B1_9E37_79F9);
        u32::try_from(mixed >> 32).unwrap_or(0)
    }
}

fn in_bounds(number: u64, zero: QuotaError) -> Result<(), QuotaError> {
    match number {
        0 => Err(zero),
        1..=Quota::MAX_LIMIT => Ok(()),
        _ => Err(QuotaError::TooLarge(number)),
    }
}

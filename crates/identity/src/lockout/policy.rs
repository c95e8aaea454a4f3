//! The numbers of the lockout.

use std::time::Duration;

use mantlet_limit::{Quota, QuotaError};

/// How many failures are borne, and what comes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockoutPolicy {
    /// Attempts of one address at one account; whole again after a success.
    pub per_pair: Quota,
    /// Failures of one address (IPv6 by /64) at any accounts.
    pub per_address: Quota,
    /// Failures of one network (IPv4 /24, IPv6 /48) at any accounts.
    pub per_network: Quota,
    /// Attempts at one account from sources that it does not know, after which something else must
    /// be shown first; whole again after a success. NIST SP 800-63B allows at most a hundred.
    pub per_account: Quota,
    /// Attempts at one account's second factor, by whoever knows the password.
    pub per_factor: Quota,
    /// From how many such attempts on each is slowed down.
    pub delay_from: u64,
    /// The first delay; each further attempt doubles it.
    pub first_delay: Duration,
    /// The longest delay.
    pub max_delay: Duration,
}

impl LockoutPolicy {
    /// Five in five minutes for a pair, 50 failures in a quarter of an hour for an address and 300
    /// for its network, a hundred a day for an account, ten in a quarter of an hour for its second
    /// factor; delays from the sixth attempt on, from a quarter of a second to eight.
    ///
    /// # Errors
    /// Never: the numbers are within their bounds.
    pub fn standard() -> Result<Self, QuotaError> {
        let minute = Duration::from_secs(60);
        Ok(Self {
            per_pair: Quota::new(5, 5 * minute, None)?,
            per_address: Quota::new(50, 15 * minute, None)?,
            per_network: Quota::new(300, 15 * minute, None)?,
            per_account: Quota::new(100, 24 * 60 * minute, None)?,
            per_factor: Quota::new(10, 15 * minute, None)?,
            delay_from: 5,
            first_delay: Duration::from_millis(250),
            max_delay: Duration::from_secs(8),
        })
    }

    /// The delay of an attempt when `used` were made before it.
    pub(super) fn delay(&self, used: u64) -> Duration {
        let Some(over) = used.checked_sub(self.delay_from) else {
            return Duration::ZERO;
        };
        let factor = 1_u32.checked_shl(u32::try_from(over).unwrap_or(u32::MAX)).unwrap_or(u32::MAX);
        self.first_delay.saturating_mul(factor).min(self.max_delay)
    }
}

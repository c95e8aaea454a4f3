//! What a take came to.

use std::time::Duration;

use crate::algorithm::Decision;
use crate::quota::Quota;

/// What a take over several quotas came to. The numbers are those of the binding quota: the one
/// that makes the caller wait longest when refused, the one with the least left when allowed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outcome {
    /// Whether every quota allows it. When not, nothing was taken from any of them.
    pub allowed: bool,
    /// The cost is more than the binding quota can ever give: waiting does not help.
    pub too_large: bool,
    /// Which of several asks the binding quota belongs to; 0 for a take of one key.
    pub ask: usize,
    /// The position of the binding quota in the list of its ask.
    pub quota: usize,
    /// The most that the binding quota gives at once ([`Quota::capacity`]).
    pub limit: u64,
    /// Units left in the binding quota after this take.
    pub remaining: u64,
    /// How long until the binding quota is whole again if nothing more is taken.
    pub reset_after: Duration,
    /// How long to wait until the same take would be allowed by every quota; zero when allowed.
    /// When `too_large`, the window of the binding quota, for want of a true answer.
    pub retry_after: Duration,
    /// How full the fullest of the quotas was before this take, 0 to 1.
    pub usage_before: f64,
    /// How full the fullest of the quotas is after this take, 0 to 1.
    pub usage: f64,
}

impl Outcome {
    /// Whether this take brought the fullest quota from below `share` (0 to 1) to it or above.
    /// True once for each way up: never when refused, never for a cost of zero.
    #[must_use]
    pub fn crossed(&self, share: f64) -> bool {
        self.allowed && self.usage_before < share && self.usage >= share
    }

    /// What the quota at position `index` alone says.
    #[must_use]
    pub fn of(index: usize, quota: &Quota, decision: &Decision) -> Self {
        Self {
            allowed: decision.allowed,
            too_large: decision.too_large,
            ask: 0,
            quota: index,
            limit: quota.capacity(),
            remaining: decision.remaining,
            reset_after: decision.reset_after,
            retry_after: decision.retry_after,
            usage_before: usage(quota, decision.available),
            usage: usage(quota, decision.remaining),
        }
    }

    /// This outcome and that of one more quota, together: refused when one refuses.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let (binding, slack) = if other.binds_more(&self) { (other, self) } else { (self, other) };
        let usage_before = binding.usage_before.max(slack.usage_before);
        Self {
            usage_before,
            // Nothing is taken from any quota when one refuses.
            usage: if binding.allowed { binding.usage.max(slack.usage) } else { usage_before },
            ..binding
        }
    }

    fn binds_more(&self, other: &Self) -> bool {
        if self.allowed != other.allowed {
            return other.allowed;
        }
        if self.allowed {
            return (self.remaining, other.reset_after) < (other.remaining, self.reset_after);
        }
        (self.too_large, self.retry_after) > (other.too_large, other.retry_after)
    }
}

/// Quotas are at most 10^12, far below 2^53: the conversion is exact, and so a share written as a
/// decimal compares exactly.
fn usage(quota: &Quota, left: u64) -> f64 {
    let capacity = quota.capacity();
    capacity.saturating_sub(left) as f64 / capacity as f64
}

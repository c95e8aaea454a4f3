//! Settings of the limit guard.

use std::num::NonZeroU32;

use mantlet_config::{Complaint, Scalar, Value, choice, section};
use mantlet_limit::{Quota, QuotaError};

use crate::pipeline::{Fail, Mode};

choice! {
    /// On which answers the client is told how much is left.
    pub enum Announce {
        /// On refusals.
        OnRefusal => "on-refusal",
        /// On every answer.
        Always => "always",
    }
}

section! {
    /// Limits the rate of requests.
    pub struct LimitSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the counters cannot be reached.
        pub fail: Fail = Fail::Open,
        /// Quotas for each client address, IPv6 by /64; all of them hold.
        pub per_address: Vec<QuotaSetting> = vec![QuotaSetting::generous()],
        /// On which answers clients are told how much is left.
        pub announce: Announce = Announce::OnRefusal,
    }
}

/// A quota in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaSetting(pub Quota);

impl QuotaSetting {
    /// Room for any browser and most programs: a burst of 1,000, then 100 a second.
    fn generous() -> Self {
        Self(Quota::per_second(
            NonZeroU32::MIN.saturating_add(99),
            NonZeroU32::MIN.saturating_add(999),
        ))
    }
}

impl Scalar for QuotaSetting {
    const KIND: &'static str = "quota";
    const EXAMPLE: &'static str = "60/min";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write `60/min`, `1000/h`, or `100/s burst 1000`";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a quota", hint))?;
        text.parse().map(Self).map_err(|error: QuotaError| {
            // The error names the text and, behind the last colon, says how to write it.
            let error = error.to_string();
            let (message, advice) = error.rsplit_once(": ").unwrap_or((&error, hint));
            Complaint::new(message, advice)
        })
    }

    fn show(&self) -> Value {
        Value::String(self.0.to_string())
    }
}

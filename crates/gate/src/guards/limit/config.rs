//! Settings of the limit guard.

use std::num::NonZeroU32;

use mantlet_config::{Complaint, Reader, Scalar, Value, choice, section};
use mantlet_limit::{MAX_QUOTAS, Quota, QuotaError};

use crate::guards::FieldName;
use crate::pipeline::{Fail, Mode};

/// The most that one request may cost, and the most that may run at once.
const MOST: u32 = 1_000_000;

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
    /// Limits the rate of requests, and how many run at once.
    pub struct LimitSection {
        /// What the guard may do.
        pub mode: Mode = Mode::Enforce,
        /// What happens when the counters cannot be reached.
        pub fail: Fail = Fail::Open,
        /// Quotas for each client address, IPv6 by /64; all of them hold.
        pub per_address: Vec<QuotaSetting> = vec![QuotaSetting::generous()],
        /// Quotas for each network of clients, of the sizes below.
        pub per_network: Vec<QuotaSetting> = Vec::new(),
        /// How many bits of an IPv4 address make its network.
        pub network_v4: u16 = 24,
        /// How many bits of an IPv6 address make its network.
        pub network_v6: u16 = 48,
        /// Quotas for all clients of a route together. A route that inherits them counts for itself.
        pub per_route: Vec<QuotaSetting> = Vec::new(),
        /// Quotas for each value of the header that `header` names, for requests that have it.
        pub per_header: Vec<QuotaSetting> = Vec::new(),
        /// The header whose values `per_header` counts, for example that of an API key. Values are
        /// kept as keyed hashes only.
        pub header: Option<FieldName> = None,
        /// How many units a request takes from each quota.
        pub cost: u32 = 1,
        /// How many requests of one client address may run at once, IPv6 by /64. A WebSocket
        /// counts for as long as it is open.
        pub concurrent_per_address: Option<u32> = None,
        /// How many requests of a route may run at once.
        pub concurrent_per_route: Option<u32> = None,
        /// On which answers clients are told how much is left.
        pub announce: Announce = Announce::OnRefusal,
    }
}

impl LimitSection {
    /// Finds what the types cannot say; the settings are at `key`.
    pub fn check(&self, key: &str, reader: &mut Reader<'_>) {
        reader.expect_range(&format!("{key}.network_v4"), &self.network_v4, &(8..=32));
        reader.expect_range(&format!("{key}.network_v6"), &self.network_v6, &(16..=64));
        reader.expect_range(&format!("{key}.cost"), &self.cost, &(1..=MOST));
        for (name, most) in [
            ("concurrent_per_address", self.concurrent_per_address),
            ("concurrent_per_route", self.concurrent_per_route),
        ] {
            if let Some(most) = most {
                reader.expect_range(&format!("{key}.{name}"), &most, &(1..=MOST));
            }
        }
        for (name, quotas) in [
            ("per_address", &self.per_address),
            ("per_network", &self.per_network),
            ("per_route", &self.per_route),
            ("per_header", &self.per_header),
        ] {
            self.check_quotas(&format!("{key}.{name}"), quotas, reader);
        }
        self.check_header(key, reader);
    }

    fn check_quotas(&self, key: &str, quotas: &[QuotaSetting], reader: &mut Reader<'_>) {
        if quotas.len() > MAX_QUOTAS {
            let message = format!("{} quotas are more than {MAX_QUOTAS}", quotas.len());
            reader.error(key, message, "keep the ones that bind");
        }
        let is_short = |quota: &&QuotaSetting| quota.0.capacity() < u64::from(self.cost);
        if let Some(short) = quotas.iter().find(is_short) {
            let message = format!("a request that costs {} never fits in `{}`", self.cost, short.0);
            reader.error(key, message, "allow more at once, or lower `cost`");
        }
    }

    fn check_header(&self, key: &str, reader: &mut Reader<'_>) {
        let header = format!("{key}.header");
        match &self.header {
            Some(name) if name.is_any() => {
                reader.error(&header, "`*` is not a header", "name one, for example `X-API-Key`");
            }
            Some(_) if self.per_header.is_empty() => {
                reader.warn(&header, "without `per_header` this has no effect", "add quotas there");
            }
            None if !self.per_header.is_empty() => {
                let hint = "name it in `header`, for example header = \"X-API-Key\"";
                reader.error(&format!("{key}.per_header"), "no header is named to count by", hint);
            }
            _ => {}
        }
        let default = Self::default();
        let sizes = [
            ("network_v4", self.network_v4 != default.network_v4),
            ("network_v6", self.network_v6 != default.network_v6),
        ];
        for (size, _) in sizes.iter().filter(|(_, is_chosen)| *is_chosen) {
            if self.per_network.is_empty() {
                let message = "without `per_network` this has no effect";
                reader.warn(&format!("{key}.{size}"), message, "add quotas there");
            }
        }
    }
}

/// A quota in the configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct QuotaSetting(pub Quota);

impl QuotaSetting {
    /// Room for any browser and most programs: a burst of 1,000, then 100 a second.
    pub(crate) fn generous() -> Self {
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

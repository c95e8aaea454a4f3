//! Settings of penalties.

use std::time::Duration;

use mantlet_config::{Cidr, Reader, Scalar, Value, section};
use mantlet_limit::MAX_QUOTAS;

use super::OffenceSection;
use crate::guards::limit::QuotaSetting;
use crate::pipeline::Mode;

/// The longest block, and the longest time for which blocks are remembered.
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
/// The most steps of escalation.
const MOST_STEPS: usize = 20;

section! {
    /// Blocks clients that keep being refused, or keep asking too fast.
    pub struct PenaltySection {
        /// Whether blocks are set. In `observe` mode their events tell what would be.
        pub mode: Mode = Mode::Observe,
        /// Each request of an address beyond one of these is a strike, IPv6 by /64.
        pub rates: Vec<QuotaSetting> = quotas("1000/min"),
        /// So many strikes in so long lead to a block of the address.
        pub strikes: Vec<QuotaSetting> = quotas("10/15min"),
        /// So many strikes of all addresses of a network lead to a block of the network. Empty:
        /// networks are never blocked.
        pub network_strikes: Vec<QuotaSetting> = Vec::new(),
        /// How many bits of an IPv4 address make its network.
        pub network_v4: u16 = 24,
        /// How many bits of an IPv6 address make its network.
        pub network_v6: u16 = 48,
        /// How many strikes each kind of refusal is; kinds that are not here are none.
        pub offences: Vec<OffenceSection> = OffenceSection::usual(),
        /// How long the first block lasts, the second, and so on; the last one stays.
        pub blocks: Vec<Duration> = [60, 300, 3600].map(Duration::from_secs).into(),
        /// For how long blocks are remembered, so that the next one is longer.
        pub memory: Duration = Duration::from_secs(86_400),
        /// Networks that are never blocked this way, besides `guards.blocklist.allow` and
        /// `client.trusted_proxies`.
        pub spare: Vec<Cidr> = Vec::new(),
    }
}

fn quotas(text: &str) -> Vec<QuotaSetting> {
    QuotaSetting::parse(&Value::String(text.to_owned())).into_iter().collect()
}

impl PenaltySection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        reader.expect_range("penalty.network_v4", &self.network_v4, &(8..=32));
        reader.expect_range("penalty.network_v6", &self.network_v6, &(16..=64));
        OffenceSection::check(&self.offences, "penalty.offences", reader);
        for (name, quotas) in [
            ("rates", &self.rates),
            ("strikes", &self.strikes),
            ("network_strikes", &self.network_strikes),
        ] {
            if quotas.len() > MAX_QUOTAS {
                let message = format!("{} quotas are more than {MAX_QUOTAS}", quotas.len());
                reader.error(&format!("penalty.{name}"), message, "keep the ones that bind");
            }
        }
        if self.mode != Mode::Off && self.strikes.is_empty() && self.network_strikes.is_empty() {
            let hint = "write for example strikes = \"10/15min\", or mode = \"off\"";
            reader.error("penalty.strikes", "without strikes nobody is ever blocked", hint);
        }
        self.check_blocks(reader);
    }

    fn check_blocks(&self, reader: &mut Reader<'_>) {
        let key = "penalty.blocks";
        if self.blocks.is_empty() || self.blocks.len() > MOST_STEPS {
            let message = format!("{} steps are out of range", self.blocks.len());
            reader.error(key, message, format!("write 1 to {MOST_STEPS} durations"));
        }
        let is_odd = |length: &Duration| *length < Duration::from_secs(1) || *length > LONGEST;
        if self.blocks.iter().any(is_odd) {
            reader.error(key, "a block lasts 1s to 366d", "choose a duration between");
        }
        if !self.blocks.is_sorted() {
            reader.error(key, "a later block is shorter", "write the shortest first");
        }
        if self.memory > LONGEST
            || self.memory.is_zero()
            || !self.memory.subsec_nanos().is_multiple_of(1_000_000)
        {
            reader.error("penalty.memory", "the time is out of range", "choose 1ms to 366d");
        }
    }
}

//! The settings of penalties, prepared; part of a configuration and replaced with it.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use mantlet_config::Cidr;
use mantlet_limit::Quota;
use mantlet_types::Reason;

use super::{OffenceSection, PenaltySection};
use crate::guards::limit::QuotaSetting;
use crate::pipeline::Mode;

/// Bits of an IPv6 address that one customer holds at least.
const CUSTOMER_V6: u8 = 64;

/// What leads to a penalty, and how long it lasts.
#[derive(Debug)]
pub(crate) struct PenaltyRules {
    pub(super) mode: Mode,
    pub(super) rates: Vec<Quota>,
    pub(super) strikes: Vec<Quota>,
    pub(super) network_strikes: Vec<Quota>,
    pub(super) network: (u8, u8),
    weights: HashMap<&'static str, u32>,
    blocks: Vec<Duration>,
    /// One unit for each step of escalation.
    pub(super) steps: Option<Quota>,
    spared: Vec<Cidr>,
}

impl PenaltyRules {
    /// Prepares the settings; `spared` are the networks that other sections spare.
    pub(crate) fn new(section: &PenaltySection, spared: impl Iterator<Item = Cidr>) -> Self {
        let quotas = |list: &[QuotaSetting]| list.iter().map(|setting| setting.0).collect();
        let bits = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
        let count = u64::try_from(section.blocks.len()).unwrap_or(1).max(1);
        Self {
            mode: section.mode,
            rates: quotas(&section.rates),
            strikes: quotas(&section.strikes),
            network_strikes: quotas(&section.network_strikes),
            network: (bits(section.network_v4), bits(section.network_v6)),
            weights: OffenceSection::weights(&section.offences),
            blocks: section.blocks.clone(),
            steps: Quota::new(count, section.memory, None).ok(),
            spared: section.spare.iter().copied().chain(spared).collect(),
        }
    }

    /// How many strikes a refusal is.
    pub(super) fn weight(&self, reason: &Reason) -> u32 {
        self.weights.get(reason.code).copied().unwrap_or(0)
    }

    /// Whether nobody in `network` may be blocked, because some of it is spared.
    pub(super) fn is_spared(&self, network: IpNet) -> bool {
        self.spared.iter().any(|spared| {
            let spared = spared.network();
            spared.contains(&network) || network.contains(&spared)
        })
    }

    /// How long the block lasts after `before` earlier ones.
    pub(super) fn length(&self, before: usize) -> Duration {
        let last = self.blocks.last().copied().unwrap_or_default();
        self.blocks.get(before).copied().unwrap_or(last)
    }

    /// What is blocked for an address alone.
    pub(super) fn own(address: IpAddr) -> Option<IpNet> {
        network(address, 32, CUSTOMER_V6)
    }

    /// The network around an address.
    pub(super) fn around(&self, address: IpAddr) -> Option<IpNet> {
        let (v4, v6) = self.network;
        network(address, v4, v6)
    }
}

fn network(address: IpAddr, v4: u8, v6: u8) -> Option<IpNet> {
    Some(match address.to_canonical() {
        IpAddr::V4(address) => Ipv4Net::new(address, v4).ok()?.trunc().into(),
        IpAddr::V6(address) => Ipv6Net::new(address, v6).ok()?.trunc().into(),
    })
}

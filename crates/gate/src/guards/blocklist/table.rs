//! Networks by address: one look-up for each prefix length in use, however many networks.

use std::collections::HashMap;
use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

/// A set of networks with something about each.
#[derive(Debug, Clone)]
pub(super) struct Table<T> {
    entries: HashMap<IpNet, T>,
    /// The prefix lengths in use, longest first.
    lengths_v4: Vec<u8>,
    lengths_v6: Vec<u8>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { entries: HashMap::new(), lengths_v4: Vec::new(), lengths_v6: Vec::new() }
    }
}

impl<T> FromIterator<(IpNet, T)> for Table<T> {
    fn from_iter<I: IntoIterator<Item = (IpNet, T)>>(entries: I) -> Self {
        let entries: HashMap<IpNet, T> =
            entries.into_iter().map(|(network, about)| (network.trunc(), about)).collect();
        let (mut lengths_v4, mut lengths_v6) = (Vec::new(), Vec::new());
        for network in entries.keys() {
            match network {
                IpNet::V4(network) => lengths_v4.push(network.prefix_len()),
                IpNet::V6(network) => lengths_v6.push(network.prefix_len()),
            }
        }
        for lengths in [&mut lengths_v4, &mut lengths_v6] {
            lengths.sort_unstable_by(|one, two| two.cmp(one));
            lengths.dedup();
        }
        Self { entries, lengths_v4, lengths_v6 }
    }
}

impl<T> Table<T> {
    /// The smallest network that holds `address` and counts.
    pub(super) fn find(&self, address: IpAddr, counts: impl Fn(&T) -> bool) -> Option<(IpNet, &T)> {
        if self.entries.is_empty() {
            return None;
        }
        let lengths = if address.is_ipv4() { &self.lengths_v4 } else { &self.lengths_v6 };
        lengths.iter().find_map(|length| {
            let network = network(address, *length)?;
            let about = self.entries.get(&network).filter(|about| counts(about))?;
            Some((network, about))
        })
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&IpNet, &T)> {
        self.entries.iter()
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

fn network(address: IpAddr, length: u8) -> Option<IpNet> {
    Some(match address {
        IpAddr::V4(address) => IpNet::V4(Ipv4Net::new(address, length).ok()?.trunc()),
        IpAddr::V6(address) => IpNet::V6(Ipv6Net::new(address, length).ok()?.trunc()),
    })
}

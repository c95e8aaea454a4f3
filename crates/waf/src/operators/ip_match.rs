//! `@ipMatch` and `@ipMatchFromFile`: addresses in networks.

use std::net::IpAddr;
use std::str;

use ipnet::IpNet;

use crate::seclang::problem::Fault;

/// How many networks one rule may have.
const NETWORKS_LIMIT: usize = 100_000;

/// Networks of both families.
#[derive(Debug, Clone)]
pub(crate) struct IpMatch {
    networks: Box<[IpNet]>,
}

impl IpMatch {
    /// Addresses and networks with commas, white space or line ends between them; `#` begins a
    /// comment.
    pub(crate) fn parse(text: &str) -> Result<Self, Fault> {
        let uncommented = text.lines().map(|line| line.split('#').next().unwrap_or_default());
        let networks = uncommented
            .flat_map(|line| line.split([',', ' ', '\t']))
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(network)
            .collect::<Result<Vec<_>, _>>()?;
        if networks.len() > NETWORKS_LIMIT {
            return Err(Fault::new(format!(
                "{} networks are more than the limit of {NETWORKS_LIMIT}",
                networks.len()
            )));
        }
        Ok(Self { networks: networks.into() })
    }

    /// Whether the value is an address in one of the networks.
    pub(super) fn contains(&self, value: &[u8]) -> bool {
        let address = str::from_utf8(value).ok().and_then(|text| text.parse::<IpAddr>().ok());
        address.is_some_and(|address| {
            // An IPv4 address in IPv6 clothes is the IPv4 address.
            let address = address.to_canonical();
            self.networks.iter().any(|network| network.contains(&address))
        })
    }
}

fn network(text: &str) -> Result<IpNet, Fault> {
    let whole = text.parse::<IpNet>().ok().map(canonical);
    let single = || text.parse::<IpAddr>().ok().map(|address| IpNet::from(address.to_canonical()));
    whole.or_else(single).ok_or_else(|| {
        Fault::new(format!("`{text}` is neither an address nor a network"))
            .hint("write `192.0.2.1` or `2001:db8::/32`")
    })
}

/// The IPv4 network of one that is written as IPv6.
fn canonical(network: IpNet) -> IpNet {
    let IpAddr::V4(address) = network.addr().to_canonical() else { return network };
    let prefix = network.prefix_len().checked_sub(if network.addr().is_ipv6() { 96 } else { 0 });
    let mapped = prefix.and_then(|prefix| IpNet::new(address.into(), prefix).ok());
    mapped.unwrap_or(network)
}

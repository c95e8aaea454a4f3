//! Networks.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::{IpNet, Ipv4Net};
use toml::Value;

use super::is_not;
use crate::nearest::shown;
use crate::{Complaint, Scalar};

/// A network in CIDR notation, `10.0.0.0/8`; a single address is a network of full length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

impl Cidr {
    /// Whether `address` lies in the network. IPv4 addresses mapped into IPv6 count as IPv4.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }

    /// The network; its host bits are zero.
    #[must_use]
    pub const fn network(&self) -> IpNet {
        self.0
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Cidr {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let network: Option<IpNet> =
            text.parse().ok().or_else(|| text.parse().ok().map(|address: IpAddr| address.into()));
        let Some(network) = network else {
            let hint = "write an address or a network, for example 10.0.0.0/8";
            return Err(Complaint::new(is_not(text, "a network"), hint));
        };
        if network.trunc() != network {
            let message = format!("`{}` has bits behind its prefix", shown(text));
            return Err(Complaint::new(message, format!("write `{}`", network.trunc())));
        }
        Ok(Self(unmapped(network)))
    }
}

/// Networks of IPv4 addresses mapped into IPv6 as what they mean.
fn unmapped(network: IpNet) -> IpNet {
    let as_v4 = || {
        let IpAddr::V4(address) = network.addr().to_canonical() else {
            return None;
        };
        Ipv4Net::new(address, network.prefix_len().checked_sub(96)?).ok()
    };
    match network {
        IpNet::V4(_) => network,
        IpNet::V6(_) => as_v4().map_or(network, IpNet::V4),
    }
}

impl Scalar for Cidr {
    const KIND: &'static str = "network";
    const EXAMPLE: &'static str = "10.0.0.0/8";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

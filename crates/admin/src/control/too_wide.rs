//! Networks that hardly anybody means to block.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;
use mantlet_config::Cidr;

use super::ControlError;

/// The shortest prefixes that pass: a block of a regional registry is a /8 or a /12.
const SHORTEST_V4: u8 = 8;
const SHORTEST_V6: u8 = 12;

/// Refuses a network that would shut out nearly everyone, this machine or the proxies in front.
/// A single address says what is meant, unless it is that of a proxy.
///
/// # Errors
/// [`ControlError`] with what would be shut out.
pub(super) fn check(network: IpNet, proxies: &[Cidr]) -> Result<(), ControlError> {
    let (shortest, own) = match network {
        IpNet::V4(_) => (SHORTEST_V4, IpAddr::V4(Ipv4Addr::LOCALHOST)),
        IpNet::V6(_) => (SHORTEST_V6, IpAddr::V6(Ipv6Addr::LOCALHOST)),
    };
    let is_wide = network.prefix_len() < network.max_prefix_len();
    let proxy = proxies.iter().find(|proxy| {
        let proxy = proxy.network();
        network.contains(&proxy) || proxy.contains(&network)
    });
    let what = if network.prefix_len() == 0 {
        "everyone".to_owned()
    } else if network.prefix_len() < shortest {
        "a large part of the internet".to_owned()
    } else if let Some(proxy) = proxy {
        format!("proxies of `[client] trusted_proxies` (`{proxy}`)")
    } else if is_wide && network.contains(&own) {
        format!("this machine itself (`{own}`): its health checks, and proxies that run on it")
    } else {
        return Ok(());
    };
    let message = format!("`{network}` would shut out {what}");
    Err(ControlError::new(message, "block a smaller network, or add `--force`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_meant_passes_and_what_shuts_out_everyone_does_not() {
        let proxies: Vec<Cidr> =
            ["10.1.0.0/16", "2001:db8::7"].map(|it| it.parse().unwrap()).into();
        for (network, what) in [
            ("0.0.0.0/0", Some("everyone")),
            ("::/0", Some("everyone")),
            ("0.0.0.0/1", Some("a large part")),
            ("2000::/3", Some("a large part")),
            ("10.0.0.0/8", Some("`10.1.0.0/16`")),
            ("10.1.2.3/32", Some("`10.1.0.0/16`")),
            ("2001:db8::/32", Some("`2001:db8::7/128`")),
            ("127.0.0.0/8", Some("this machine")),
            ("::/96", Some("this machine")),
            ("127.0.0.1/32", None),
            ("127.0.7.0/24", None),
            ("11.0.0.0/8", None),
            ("203.0.113.0/24", None),
            ("2a00::/12", None),
        ] {
            let refused = check(network.parse().unwrap(), &proxies).err();
            let text = refused.map(|error| error.to_string());
            match (what, &text) {
                (Some(what), Some(text)) => assert!(text.contains(what), "{network}: {text}"),
                (what, text) => assert_eq!(what.is_none(), text.is_none(), "{network}: {text:?}"),
            }
        }
    }
}

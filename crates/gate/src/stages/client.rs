//! Who asks: the true client address and the scheme seen from outside.
//!
//! Forwarding headers are believed only when the connection comes from a listed proxy, and then
//! read from the right: every hop that is itself a listed proxy is stepped over, the first that is
//! not is the client. Everything further left is the client's own claim. Loopback is nothing
//! special: behind another proxy on the same machine everyone is loopback.

use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};

use http::{HeaderMap, HeaderName, HeaderValue};
use mantlet_config::{Cidr, Reader, choice, section};

use crate::pipeline::{Client, Scheme};

/// The most hops that are read; the list is cut on the left, where only claims stand.
const MAX_HOPS: usize = 32;

const FORWARDED: HeaderName = http::header::FORWARDED;
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

choice! {
    /// The header in which trusted proxies name the client; the others are always removed.
    pub enum ForwardingHeader {
        /// `X-Forwarded-For`, a list of addresses.
        XForwardedFor => "x-forwarded-for",
        /// `Forwarded`, RFC 7239.
        Forwarded => "forwarded",
        /// `X-Real-IP`, one address.
        XRealIp => "x-real-ip",
    }
}

section! {
    /// Who the client is when other proxies stand in front.
    pub struct ClientSection {
        /// Networks of the proxies in front of Mantlet whose forwarding headers are believed.
        /// Empty: nobody's.
        pub trusted_proxies: Vec<Cidr> = Vec::new(),
        /// The header in which they name the client.
        pub header: ForwardingHeader = ForwardingHeader::XForwardedFor,
    }
}

impl ClientSection {
    /// Finds what the types cannot say.
    pub fn check(&self, reader: &mut Reader<'_>) {
        let everyone = |network: &&Cidr| network.network().prefix_len() == 0;
        for network in self.trusted_proxies.iter().filter(everyone) {
            let message = format!("`{network}` trusts everyone: any client may choose its address");
            let hint = "name the addresses of the proxies in front of Mantlet";
            reader.warn("client.trusted_proxies", message, hint);
        }
    }
}

/// The client stage, prepared from its section.
#[derive(Debug)]
pub struct ClientStage {
    trusted: Vec<Cidr>,
    header: ForwardingHeader,
    has_warned: AtomicBool,
}

impl ClientStage {
    /// Prepares the stage.
    #[must_use]
    pub fn new(section: &ClientSection) -> Self {
        Self {
            trusted: section.trusted_proxies.clone(),
            header: section.header,
            has_warned: AtomicBool::new(false),
        }
    }

    /// Whether `address` is that of a listed proxy.
    pub(crate) fn is_trusted(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The client as the connection alone shows it.
    #[must_use]
    pub fn of_connection(peer: SocketAddr, is_tls: bool) -> Client {
        let address = peer.ip().to_canonical();
        let scheme = if is_tls { Scheme::Https } else { Scheme::Http };
        Client { peer, address, address_text: header_of(address), scheme }
    }

    /// The client behind the connection, from `headers` where the peer is a trusted proxy.
    #[must_use]
    pub fn resolve(&self, connection: &Client, headers: &HeaderMap) -> Client {
        let mut client = connection.clone();
        if self.trusted.is_empty() || !self.is_trusted(client.address) {
            return client;
        }
        let address = self.walk(client.address, headers);
        if address != client.address {
            client.address_text = header_of(address);
            client.address = address;
        }
        if let Some(scheme) = self.scheme(headers) {
            client.scheme = scheme;
        }
        client
    }

    /// Whether this request carries forwarding headers that are being ignored, the first time
    /// that happens: the operator is told once, before limits hit everyone behind that proxy.
    #[must_use]
    pub fn should_warn(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        if self.has_warned.load(Ordering::Relaxed) {
            return false;
        }
        let is_forwarded = headers.contains_key(X_FORWARDED_FOR) || headers.contains_key(FORWARDED);
        is_forwarded
            && !self.is_trusted(peer.to_canonical())
            && !self.has_warned.swap(true, Ordering::Relaxed)
    }

    fn walk(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut address = peer;
        for hop in self.hops(headers).into_iter().rev() {
            // A hop that is no address ends what can be known.
            let Some(next) = hop else { break };
            address = next;
            if !self.is_trusted(address) {
                break;
            }
        }
        address
    }

    /// The hops that proxies wrote, left to right.
    fn hops(&self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        let name = match self.header {
            ForwardingHeader::XForwardedFor => X_FORWARDED_FOR,
            ForwardingHeader::Forwarded => FORWARDED,
            ForwardingHeader::XRealIp => X_REAL_IP,
        };
        let elements: Vec<&str> = headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap_or("?"))
            .flat_map(|value| value.split(','))
            .collect();
        let first = elements.len().saturating_sub(MAX_HOPS);
        elements.into_iter().skip(first).map(|element| self.hop(element)).collect()
    }

    fn hop(&self, element: &str) -> Option<IpAddr> {
        match self.header {
            ForwardingHeader::Forwarded => parse_address(forwarded_parameter(element, "for")?),
            _ => parse_address(element.trim()),
        }
    }

    fn scheme(&self, headers: &HeaderMap) -> Option<Scheme> {
        let text = match self.header {
            ForwardingHeader::Forwarded => {
                let last = headers.get_all(FORWARDED).iter().next_back()?.to_str().ok()?;
                forwarded_parameter(last.rsplit(',').next()?, "proto")?
            }
            _ => {
                let last = headers.get_all(X_FORWARDED_PROTO).iter().next_back()?;
                last.to_str().ok()?.rsplit(',').next()?.trim()
            }
        };
        match text {
            text if text.eq_ignore_ascii_case("https") => Some(Scheme::Https),
            text if text.eq_ignore_ascii_case("http") => Some(Scheme::Http),
            _ => None,
        }
    }
}

/// The value of one parameter of a `Forwarded` element, quotes removed.
fn forwarded_parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"'))
    })
}

/// An address as proxies write it: `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn parse_address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    let address = bare
        .parse::<IpAddr>()
        .or_else(|_| text.parse::<SocketAddr>().map(|socket| socket.ip()))
        .ok()?;
    Some(address.to_canonical())
}

fn header_of(address: IpAddr) -> HeaderValue {
    HeaderValue::from_str(&address.to_string()).unwrap_or_else(|_| HeaderValue::from_static(""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stage(trusted: &[&str], header: ForwardingHeader) -> ClientStage {
        let trusted_proxies = trusted.iter().map(|text| text.parse().unwrap()).collect();
        ClientStage::new(&ClientSection { trusted_proxies, header })
    }

    fn resolve(stage: &ClientStage, peer: &str, headers: &[(&'static str, &str)]) -> Client {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_str(value).unwrap());
        }
        let connection = ClientStage::of_connection(peer.parse().unwrap(), false);
        stage.resolve(&connection, &map)
    }

    #[test]
    fn samo_d49_forwarding_headers_of_strangers_are_claims() {
        let stage = stage(&["10.0.0.0/8"], ForwardingHeader::XForwardedFor);
        let client = resolve(
            &stage,
            "192.0.2.7:1",
            &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")],
        );
        assert_eq!(client.address.to_string(), "192.0.2.7");
        assert_eq!(client.scheme, Scheme::Http);
    }

    #[test]
    fn the_first_hop_from_the_right_that_is_not_a_proxy_is_the_client() {
        let stage = stage(&["10.0.0.0/8", "2001:db8::/32"], ForwardingHeader::XForwardedFor);
        for (list, expected) in [
            ("203.0.113.9", "203.0.113.9"),
            ("198.51.100.1, 203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("203.0.113.9:4711, [2001:db8::5]:80", "203.0.113.9"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("203.0.113.9, nonsense, 10.0.0.2", "10.0.0.2"),
            ("", "10.0.0.1"),
        ] {
            let client = resolve(&stage, "10.0.0.1:1", &[("x-forwarded-for", list)]);
            assert_eq!(client.address.to_string(), expected, "{list}");
        }
    }

    #[test]
    fn only_the_configured_header_is_read() {
        let stage = stage(&["10.0.0.0/8"], ForwardingHeader::Forwarded);
        let client = resolve(
            &stage,
            "10.0.0.1:1",
            &[
                ("x-forwarded-for", "198.51.100.1"),
                (
                    "forwarded",
                    "for=192.0.2.60;proto=http;by=203.0.113.43, for=\"[2001:db8::17]:4711\";proto=https",
                ),
            ],
        );
        assert_eq!(client.address.to_string(), "2001:db8::17");
        assert_eq!(client.scheme, Scheme::Https);
    }

    #[test]
    fn scientific_site_behind_a_proxy_is_told_once() {
        let stage = stage(&[], ForwardingHeader::XForwardedFor);
        let mut headers = HeaderMap::new();
        headers.insert(X_FORWARDED_FOR, HeaderValue::from_static("192.0.2.1"));
        let peer = "127.0.0.1".parse().unwrap();
        assert!(stage.should_warn(peer, &headers));
        assert!(!stage.should_warn(peer, &headers));
    }
}

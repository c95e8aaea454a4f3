//! What a host reaches, however it is spelt.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::detect::bytes::{at, is_any, part, tail};

/// Ends of names that only lead inside.
const INNER: &[&[u8]] = &[
    b".localhost",
    b".docker.internal",
    b".containers.internal",
    b".cluster.local",
    b".svc",
    b".consul",
    b".internal",
    b".intranet",
    b".corp",
    b".lan",
    b".home.arpa",
    b".localdomain",
];

/// Names without a dot that stand for the services of an installation.
const SERVICES: &[&str] = &[
    "internal",
    "intranet",
    "kubernetes",
    "kubernetes.default",
    "consul",
    "vault",
    "etcd",
    "redis",
    "memcached",
    "elasticsearch",
    "rancher-metadata",
    "docker",
    "jenkins",
    "rabbitmq",
    "mongodb",
    "postgres",
    "mysql",
    "backend",
];

/// Ends of names whose owners let anybody choose what they resolve to, or listen for look-ups.
const RESOLVERS: &[&[u8]] = &[
    b".nip.io",
    b".sslip.io",
    b".xip.io",
    b".localtest.me",
    b".lvh.me",
    b".vcap.me",
    b"localtest.me",
    b"lvh.me",
    b".burpcollaborator.net",
    b".oastify.com",
    b".interact.sh",
    b".oast.fun",
    b".oast.pro",
    b".oast.live",
    b".oast.site",
];

/// What `host`, with or without a port, reaches.
pub(super) fn reach(host: &[u8]) -> Option<(u8, &'static str)> {
    let unescaped: Vec<u8> =
        host.iter().copied().filter(|b| *b != b'\\').map(|b| b.to_ascii_lowercase()).collect();
    let host = unescaped.as_slice();
    let (name, _) = split_port(host);
    let name = name.strip_suffix(b".").unwrap_or(name);
    if is_any(
        name,
        &[
            "metadata",
            "metadata.google.internal",
            "instance-data",
            "metadata.packet.net",
            "metadata.azure.internal",
            "instance-data.ec2.internal",
        ],
    ) || name.ends_with(b".metadata.google.internal")
    {
        return Some((90, "the metadata of a cloud"));
    }
    if is_any(
        name,
        &[
            "localhost",
            "localhost4",
            "localhost6",
            "localhost.localdomain",
            "localhost4.localdomain4",
            "localhost6.localdomain6",
            "ip6-localhost",
            "ip6-loopback",
            "ipv6-localhost",
            "loopback",
            "kubernetes.default.svc",
        ],
    ) || INNER.iter().any(|suffix| name.ends_with(suffix))
    {
        return Some((66, "an address only the server can reach"));
    }
    if is_any(name, SERVICES) {
        return Some((62, "an address only the server can reach"));
    }
    if RESOLVERS.iter().any(|suffix| name.ends_with(suffix)) {
        return Some((62, "a name made to resolve to an inner address"));
    }
    if let Some(ip) = address(name) {
        return judge_ip(ip.0, ip.1);
    }
    None
}

pub(super) fn split_port(host: &[u8]) -> (&[u8], &[u8]) {
    if at(host, 0) == b'[' {
        let end = memchr::memchr(b']', host).unwrap_or(host.len());
        return (part(host, 0, end + 1), tail(host, end + 1));
    }
    // A bare IPv6 address has several colons.
    if memchr::memchr_iter(b':', host).count() > 1 {
        return (host, &[]);
    }
    match memchr::memchr(b':', host) {
        Some(colon) => (part(host, 0, colon), tail(host, colon + 1)),
        None => (host, &[]),
    }
}

/// The address `name` stands for in any notation, and whether the notation hides it.
pub(super) fn address(name: &[u8]) -> Option<(IpAddr, bool)> {
    let text = std::str::from_utf8(name).ok()?;
    if let Some(inner) = text.strip_prefix('[') {
        let inner = inner.strip_suffix(']')?;
        let inner = inner.split('%').next()?;
        return inner.parse::<Ipv6Addr>().ok().map(|ip| (IpAddr::V6(ip), false));
    }
    if let Ok(ip) = text.parse::<IpAddr>() {
        return Some((ip, false));
    }
    loose_v4(text).map(|ip| (IpAddr::V4(ip), true))
}

/// The notations of `inet_aton`: fewer parts, octal, hexadecimal.
fn loose_v4(text: &str) -> Option<Ipv4Addr> {
    let parts = text.split('.').map(number).collect::<Option<Vec<u64>>>()?;
    let (last, heads) = parts.split_last()?;
    if heads.len() > 3 || heads.iter().any(|part| *part > 0xffff_ffff) {
        return None;
    }
    let mut value = 0_u64;
    for head in heads {
        value = value << 8 | (head & 0xff);
    }
    let bits = 8 * (4 - u32::try_from(heads.len()).ok()?);
    let value = value << bits | (last & ((1_u64 << bits) - 1));
    u32::try_from(value & 0xffff_ffff).ok().map(Ipv4Addr::from)
}

fn number(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 16 {
        return None;
    }
    if let Some(hex) = text.strip_prefix("0x") {
        return u64::from_str_radix(hex, 16).ok();
    }
    match text.strip_prefix('0') {
        Some(octal) if !octal.is_empty() => u64::from_str_radix(octal, 8).ok(),
        _ => text.parse().ok(),
    }
}

fn judge_ip(ip: IpAddr, hidden: bool) -> Option<(u8, &'static str)> {
    let inner = "an address only the server can reach";
    let v4 = match ip {
        IpAddr::V4(ip) => Some(ip),
        IpAddr::V6(ip) => ip.to_ipv4_mapped().or_else(|| embedded(ip)),
    };
    let mapped = matches!(ip, IpAddr::V6(_)) && v4.is_some();
    let odd = hidden || mapped;
    if let Some(v4) = v4 {
        let [a, b, c, d] = v4.octets();
        return match () {
            () if (a, b) == (169, 254) => Some((92, "the metadata of a cloud")),
            () if [a, b, c, d] == [100, 100, 100, 200] || [a, b, c, d] == [192, 0, 0, 192] => {
                Some((90, "the metadata of a cloud"))
            }
            () if odd && (v4.is_loopback() || v4.is_private() || v4.is_unspecified()) => {
                Some((84, inner))
            }
            () if v4.is_loopback() || v4.is_unspecified() => Some((70, inner)),
            () if v4.is_private() || v4.is_multicast() || v4.is_broadcast() => Some((62, inner)),
            // Shared between carriers (RFC 6598), and for benchmarks (RFC 2544).
            () if a == 100 && b & 0xc0 == 64 || a == 198 && b & 0xfe == 18 => Some((62, inner)),
            () if odd => Some((62, "an address spelt to be misread")),
            () => None,
        };
    }
    let IpAddr::V6(v6) = ip else { return None };
    let first = v6.segments().first().copied().unwrap_or(0);
    match () {
        () if v6 == Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254) => {
            Some((92, "the metadata of a cloud"))
        }
        () if v6.is_loopback() || v6.is_unspecified() => Some((74, inner)),
        () if first & 0xffc0 == 0xfe80 || first & 0xfe00 == 0xfc00 => Some((66, inner)),
        () => None,
    }
}

/// `::169.254.169.254`, and the prefixes of translators.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let compatible =
        segments.iter().take(6).all(|s| *s == 0) && segments.get(6).is_some_and(|s| *s != 0);
    let shifted = segments.iter().take(4).all(|s| *s == 0) && segments.get(4) == Some(&0xffff);
    let translated = segments.first() == Some(&0x64) && segments.get(1) == Some(&0xff9b);
    let tail = |at: usize| segments.get(at).copied().unwrap_or(0).to_be_bytes();
    let ([a, b], [c, d]) = (tail(6), tail(7));
    (compatible || shifted || translated).then(|| Ipv4Addr::new(a, b, c, d))
}

//! Whom a limit counts.

use std::fmt;
use std::net::IpAddr;

use mantlet_types::Rng;
use siphasher::sip128::SipHasher24;

/// Whom a limit counts: a policy and, within it, an address, a number or a text.
///
/// Sixteen bytes: the policy (3), the kind (1) and the content (12). Addresses and
/// numbers stand in it as they are, so that no two share a key; texts are hashed under a secret, so
/// that nobody can choose two that do.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key([u8; 16]);

/// How many policies are told apart; a larger number means the same as what it leaves behind when
/// it is divided by this one.
pub const POLICIES: u32 = 1 << 24;

/// The kinds of content; part of what remote stores hold, so numbers are never reused.
#[derive(Clone, Copy)]
enum Kind {
    Policy = 0,
    Ipv4 = 4,
    Ipv6 = 6,
    Number = 10,
    Text = 11,
    Network4 = 14,
    Network6 = 16,
}

impl Key {
    /// One count for all of a policy.
    #[must_use]
    pub fn of_policy(policy: u32) -> Self {
        Self::new(policy, Kind::Policy, [])
    }

    /// An address: IPv4 whole, IPv6 by its /64 (one customer holds at least that much), IPv4 written
    /// as IPv6 (`::ffff:192.0.2.1`) as the IPv4 address that it is.
    #[must_use]
    pub fn of_address(policy: u32, address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self::new(policy, Kind::Ipv4, v4.octets()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, e, f, g, h, ..] = v6.octets();
                Self::new(policy, Kind::Ipv6, [a, b, c, d, e, f, g, h])
            }
        }
    }

    /// The network of an address: its first `v4` bits (at most 32), of an IPv6 address its first `v6`
    /// (at most 64).
    #[must_use]
    pub fn of_network(policy: u32, address: IpAddr, v4: u8, v6: u8) -> Self {
        match address.to_canonical() {
            IpAddr::V4(address) => {
                let rest = u32::MAX.checked_shr(u32::from(v4)).unwrap_or(0);
                Self::new(policy, Kind::Network4, (address.to_bits() & !rest).to_be_bytes())
            }
            IpAddr::V6(address) => {
                let high = u64::try_from(address.to_bits() >> 64).unwrap_or(0);
                let rest = u64::MAX.checked_shr(u32::from(v6)).unwrap_or(0);
                Self::new(policy, Kind::Network6, (high & !rest).to_be_bytes())
            }
        }
    }

    /// A number of ours: the id of a route, a plan, a row.
    #[must_use]
    pub fn of_number(policy: u32, number: u64) -> Self {
        Self::new(policy, Kind::Number, number.to_be_bytes())
    }

    /// The key as bytes, for a remote store.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    fn new<const N: usize>(policy: u32, kind: Kind, content: [u8; N]) -> Self {
        let mut bytes = [0; 16];
        let [_, high, middle, low] = policy.to_be_bytes();
        let head = [high, middle, low, kind.byte()].into_iter();
        for (place, byte) in bytes.iter_mut().zip(head.chain(content)) {
            *place = byte;
        }
        Self(bytes)
    }
}

impl Kind {
    const fn byte(self) -> u8 {
        self as u8
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({:032x})", u128::from_be_bytes(self.0))
    }
}

/// Makes keys of texts that others choose (user names, API keys, headers): SipHash-2-4 under a
/// secret, 96 bits of it.
#[derive(Clone)]
pub struct KeyHasher(SipHasher24);

impl KeyHasher {
    /// A hasher with a fresh secret: its keys mean nothing to another process.
    #[must_use]
    pub fn new(rng: &dyn Rng) -> Self {
        let mut secret = [0; 16];
        rng.fill(&mut secret);
        Self::from_secret(&secret)
    }

    /// A hasher with a secret that all nodes share, for counters that all nodes share.
    #[must_use]
    pub fn from_secret(secret: &[u8; 16]) -> Self {
        Self(SipHasher24::new_with_key(secret))
    }

    /// The key of `text` under a policy. Bytes are taken as they are: bring names into one case
    /// and form first.
    #[must_use]
    pub fn of_text(&self, policy: u32, text: impl AsRef<[u8]>) -> Key {
        let hash = self.0.hash(text.as_ref());
        let [a, b, c, d, e, f, g, h, i, j, k, l, ..] = hash.as_bytes();
        Key::new(policy, Kind::Text, [a, b, c, d, e, f, g, h, i, j, k, l])
    }
}

impl fmt::Debug for KeyHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyHasher([secret])")
    }
}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;

    use super::*;

    fn address(policy: u32, text: &str) -> Key {
        Key::of_address(policy, text.parse().unwrap())
    }

    #[test]
    fn an_address_is_known_in_every_spelling() {
        let same = [
            ("192.0.2.1", "::ffff:192.0.2.1"),
            ("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"),
            ("2001:db8::", "2001:0db8:0:0::9"),
        ];
        for (one, other) in same {
            assert_eq!(address(1, one), address(1, other), "{one} {other}");
        }
    }

    #[test]
    fn a_network_is_what_its_addresses_share() {
        let network = |text: &str, v4, v6| Key::of_network(1, text.parse().unwrap(), v4, v6);
        for (one, other, v4, v6, expected) in [
            ("192.0.2.1", "192.0.2.254", 24, 48, true),
            ("192.0.2.1", "::ffff:192.0.2.2", 24, 48, true),
            ("192.0.2.1", "192.0.3.1", 24, 48, false),
            ("192.0.2.1", "192.0.2.2", 32, 48, false),
            ("192.0.2.1", "203.0.113.1", 0, 48, true),
            ("2001:db8:1:1::1", "2001:db8:1:ffff::1", 24, 48, true),
            ("2001:db8:1::1", "2001:db8:2::1", 24, 48, false),
            ("2001:db8:1:1::1", "2001:db8:1:2::1", 24, 64, false),
            ("0.0.0.0", "::", 24, 48, false),
        ] {
            assert_eq!(network(one, v4, v6) == network(other, v4, v6), expected, "{one} {other}");
        }
        assert_ne!(network("192.0.2.0", 32, 64), address(1, "192.0.2.0"));
    }

    #[test]
    fn different_subjects_never_share_a_key() {
        let hasher = KeyHasher::from_secret(&[7; 16]);
        let keys = [
            Key::of_policy(1),
            Key::of_policy(2),
            Key::of_policy(1 + (1 << 16)),
            Key::of_policy(POLICIES - 1),
            Key::of_policy(1 << 8),
            address(1, "192.0.2.1"),
            address(2, "192.0.2.1"),
            address(1, "192.0.2.2"),
            address(1, "2001:db8:1:2::1"),
            address(1, "2001:db8:1:3::1"),
            address(1, "c000:201::"),
            Key::of_number(1, 0),
            Key::of_number(1, 0xc000_0201_0000_0000),
            hasher.of_text(1, ""),
            hasher.of_text(1, "alice"),
            hasher.of_text(2, "alice"),
            hasher.of_text(1, "bob"),
        ];
        for (place, key) in keys.iter().enumerate() {
            assert_eq!(keys.iter().position(|other| other == key), Some(place));
        }
    }

    #[test]
    fn the_key_of_a_text_depends_on_the_secret_only() {
        let (one, other) = (KeyHasher::new(&SystemRng), KeyHasher::new(&SystemRng));
        assert_ne!(one.of_text(1, "alice"), other.of_text(1, "alice"));
        assert_eq!(one.of_text(1, "alice"), one.clone().of_text(1, b"alice"));
        assert_eq!(format!("{one:?}"), "KeyHasher([secret])");
    }
}

//! Public keys of authenticators (COSE, RFC 9053) and the signatures made with them, as WebAuthn has
//! them: ES256, EdDSA and RS256, of which one belongs to a key for good.

use std::fmt;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1, ParsedPublicKey};

use crate::cbor::{Item, Reader};
use crate::jws::VerifyingKey;

/// The most members of a key; those we speak have four or five.
const MAX_MEMBERS: u64 = 16;

/// The algorithms that we speak, by their numbers in COSE, the one we like best first.
pub const ALGORITHMS: [i64; 3] = [ES256, EDDSA, RS256];

const ES256: i64 = -7;
const EDDSA: i64 = -8;
const RS256: i64 = -257;

/// A public key of an authenticator.
#[derive(Clone)]
pub struct CoseKey(Check);

#[derive(Clone)]
enum Check {
    /// Its signatures are DER, unlike those of tokens.
    Es256(ParsedPublicKey),
    /// As tokens have it.
    Token(Box<VerifyingKey>),
}

impl CoseKey {
    /// The key at the start of `bytes`, and how many of them it takes. `None` for what is no key, for
    /// one of a kind or an algorithm that we do not speak, and for a weak one.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<(Self, usize)> {
        let mut reader = Reader::new(bytes);
        let members = Members::read(&mut reader)?;
        let length = bytes.len().checked_sub(reader.rest().len())?;
        let key = match (members.integer(1)?, members.integer(3)?) {
            (2, ES256) if members.integer(-1) == Some(1) => p256(&members)?,
            (1, EDDSA) if members.integer(-1) == Some(6) => {
                let point: &[u8; 32] = members.bytes(-2)?.try_into().ok()?;
                token(VerifyingKey::ed25519(point).ok()?)
            }
            (3, RS256) => token(VerifyingKey::rsa(members.bytes(-1)?, members.bytes(-2)?).ok()?),
            _ => return None,
        };
        Some((Self(key), length))
    }

    /// Whether `signature` is that of `message`.
    #[must_use]
    pub fn has_signed(&self, message: &[u8], signature: &[u8]) -> bool {
        match &self.0 {
            Check::Es256(key) => key.verify_sig(message, signature).is_ok(),
            Check::Token(key) => key.has_signed(message, signature),
        }
    }
}

fn token(key: VerifyingKey) -> Check {
    Check::Token(Box::new(key))
}

fn p256(members: &Members<'_>) -> Option<Check> {
    let (x, y): (&[u8; 32], &[u8; 32]) =
        (members.bytes(-2)?.try_into().ok()?, members.bytes(-3)?.try_into().ok()?);
    let point = [&[4], x.as_slice(), y].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, point).ok().map(Check::Es256)
}

impl fmt::Debug for CoseKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.0 {
            Check::Es256(_) => "CoseKey(ES256)",
            Check::Token(_) => "CoseKey(as tokens)",
        })
    }
}

/// The members of a key, each once.
struct Members<'a>(Vec<(i64, Item<'a>)>);

impl<'a> Members<'a> {
    fn read(reader: &mut Reader<'a>) -> Option<Self> {
        let Item::Map(length @ 1..=MAX_MEMBERS) = reader.item()? else { return None };
        let mut members: Vec<(i64, Item<'a>)> = Vec::new();
        for _ in 0..length {
            let Item::Integer(label) = reader.item()? else { return None };
            let value = reader.item()?;
            let is_plain = matches!(value, Item::Integer(_) | Item::Bytes(_));
            if !is_plain || members.iter().any(|(own, _)| *own == label) {
                return None;
            }
            members.push((label, value));
        }
        Some(Self(members))
    }

    fn find(&self, label: i64) -> Option<Item<'a>> {
        self.0.iter().find(|(own, _)| *own == label).map(|(_, value)| *value)
    }

    fn integer(&self, label: i64) -> Option<i64> {
        match self.find(label)? {
            Item::Integer(number) => Some(number),
            _ => None,
        }
    }

    fn bytes(&self, label: i64) -> Option<&'a [u8]> {
        match self.find(label)? {
            Item::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _,
    };
    use proptest::prelude::*;

    use super::*;

    /// An ES256 key with these members behind its kind, algorithm and curve.
    fn es256(x: &[u8], y: &[u8]) -> Vec<u8> {
        [
            &[0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21, 0x58, 0x20][..],
            x,
            &[0x22, 0x58, 0x20],
            y,
        ]
        .concat()
    }

    #[test]
    fn the_algorithm_belongs_to_the_key() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let bytes = es256(&point[1..33], &point[33..]);
        let (key, length) = CoseKey::parse(&[&bytes[..], b"more"].concat()).unwrap();
        assert_eq!(length, bytes.len());
        let mut signature = pair.sign(&SystemRandom::new(), b"message").unwrap().as_ref().to_vec();
        assert!(key.has_signed(b"message", &signature));
        assert!(!key.has_signed(b"massage", &signature));
        let last = signature.len() - 1;
        signature[last] ^= 1;
        assert!(!key.has_signed(b"message", &signature));
        assert!(!key.has_signed(b"message", &[]));
    }

    #[test]
    fn ed25519_keys_check_their_signatures() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let head = [0xa4, 0x01, 0x01, 0x03, 0x27, 0x20, 0x06, 0x21, 0x58, 0x20];
        let bytes = [&head[..], pair.public_key().as_ref()].concat();
        let (key, _) = CoseKey::parse(&bytes).unwrap();
        assert!(key.has_signed(b"message", pair.sign(b"message").as_ref()));
        assert!(!key.has_signed(b"other", pair.sign(b"message").as_ref()));
    }

    #[test]
    fn what_is_no_key_of_ours_is_refused() {
        let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
        let point = pair.public_key().as_ref();
        let fine = es256(&point[1..33], &point[33..]);
        for cut in 0..fine.len() {
            assert!(CoseKey::parse(&fine[..cut]).is_none(), "{cut}");
        }
        let with = |place: usize, byte: u8| {
            let mut bytes = fine.clone();
            bytes[place] = byte;
            bytes
        };
        for (bytes, why) in [
            (with(2, 0x01), "another kind"),
            (with(4, 0x27), "another algorithm"),
            (with(6, 0x02), "another curve"),
            (with(3, 0x01), "a member twice"),
            (es256(&[1; 32], &[1; 32]), "no point of the curve"),
        ] {
            assert!(CoseKey::parse(&bytes).is_none(), "{why}");
        }
        let weak = [
            &[0xa4, 0x01, 0x03, 0x03, 0x39, 0x01, 0x00, 0x20, 0x58, 0x40][..],
            &[0xff; 64],
            &[0x21, 0x43, 1, 0, 1],
        ]
        .concat();
        assert!(CoseKey::parse(&weak).is_none(), "512 bits");
    }

    proptest! {
        #[test]
        fn no_bytes_end_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = CoseKey::parse(&bytes);
        }
    }
}

//! Hashes that other libraries made: read once, at the next sign-in, and replaced by ours.

use std::num::NonZeroU32;

use aws_lc_rs::pbkdf2;
use subtle::ConstantTimeEq as _;

use crate::sha256;
use crate::text::{from_base64, from_hex};

/// The most rounds of PBKDF2 that are run; Django and werkzeug are at about a million.
const ROUND_LIMIT: u32 = 10_000_000;

/// The most memory of scrypt, in bytes.
const SCRYPT_LIMIT: u64 = 512 * 1024 * 1024;

/// The highest cost of bcrypt: about ten seconds.
const BCRYPT_LIMIT: u32 = 17;

/// A hash that is not ours.
pub(super) enum Foreign<'a> {
    /// PBKDF2 with HMAC.
    Pbkdf2 { algorithm: pbkdf2::Algorithm, rounds: NonZeroU32, salt: &'a [u8], output: Vec<u8> },
    /// scrypt (RFC 7914).
    Scrypt { params: scrypt::Params, salt: Vec<u8>, output: Vec<u8> },
    /// bcrypt of the password itself.
    Bcrypt(&'a str),
    /// bcrypt of the password's SHA-256 digest in hexadecimal, as Django makes it.
    BcryptOfSha256(&'a str),
}

impl<'a> Foreign<'a> {
    /// Reads a hash; `None` for kinds that are not known, and for what costs too much.
    pub(super) fn parse(text: &'a str) -> Option<Self> {
        if let Some(hash) = text.strip_prefix("bcrypt_sha256$") {
            return bcrypt_of(hash).map(Self::BcryptOfSha256);
        }
        if let Some(hash) = text.strip_prefix("bcrypt$") {
            return bcrypt_of(hash).map(Self::Bcrypt);
        }
        if text.starts_with("$2") {
            return bcrypt_of(text).map(Self::Bcrypt);
        }
        let fields: Vec<&str> = text.split('$').collect();
        match *fields.as_slice() {
            // werkzeug: method:parameters$salt$hex
            [method, salt, output] => Self::parse_werkzeug(method, salt, from_hex(output)?),
            // Django: algorithm$rounds$salt$base64
            ["scrypt", n, salt, r, p, output] => {
                let params = scrypt_params(n, r, p)?;
                let salt = salt.as_bytes().to_vec();
                Some(Self::Scrypt { params, salt, output: output_of(from_base64(output)?)? })
            }
            [algorithm, rounds, salt, output] => {
                let algorithm = pbkdf2_by(algorithm.strip_prefix("pbkdf2_")?)?;
                let rounds = rounds_of(rounds)?;
                let output = output_of(from_base64(output)?)?;
                Some(Self::Pbkdf2 { algorithm, rounds, salt: salt.as_bytes(), output })
            }
            _ => None,
        }
    }

    fn parse_werkzeug(method: &'a str, salt: &'a str, output: Vec<u8>) -> Option<Self> {
        let output = output_of(output)?;
        let parts: Vec<&str> = method.split(':').collect();
        match *parts.as_slice() {
            ["pbkdf2", digest, rounds] => {
                let (algorithm, rounds) = (pbkdf2_by(digest)?, rounds_of(rounds)?);
                Some(Self::Pbkdf2 { algorithm, rounds, salt: salt.as_bytes(), output })
            }
            ["scrypt", n, r, p] => {
                let params = scrypt_params(n, r, p)?;
                Some(Self::Scrypt { params, salt: salt.as_bytes().to_vec(), output })
            }
            _ => None,
        }
    }

    /// Whether this is the hash of `password`; `None` when it cannot be computed.
    pub(super) fn is_of(&self, password: &[u8]) -> Option<bool> {
        match self {
            Self::Pbkdf2 { algorithm, rounds, salt, output } => {
                Some(pbkdf2::verify(*algorithm, *rounds, salt, password, output).is_ok())
            }
            Self::Scrypt { params, salt, output } => {
                let mut found = vec![0; output.len()];
                scrypt::scrypt(password, salt, params, &mut found).ok()?;
                Some(found.ct_eq(output).into())
            }
            Self::Bcrypt(hash) => bcrypt::verify(password, hash).ok(),
            Self::BcryptOfSha256(hash) => {
                let digest = sha256(password);
                let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                bcrypt::verify(hex, hash).ok()
            }
        }
    }
}

/// The hash itself, where it is one of bcrypt at a cost that is run.
fn bcrypt_of(hash: &str) -> Option<&str> {
    let mut fields = hash.strip_prefix("$2")?.split('$');
    let is_known = matches!(fields.next()?, "a" | "b" | "y" | "x");
    let cost: u32 = fields.next()?.parse().ok()?;
    let is_whole = hash.len() == 60 && (4..=BCRYPT_LIMIT).contains(&cost);
    (is_known && is_whole).then_some(hash)
}

fn pbkdf2_by(digest: &str) -> Option<pbkdf2::Algorithm> {
    match digest {
        "sha1" => Some(pbkdf2::PBKDF2_HMAC_SHA1),
        "sha256" => Some(pbkdf2::PBKDF2_HMAC_SHA256),
        "sha384" => Some(pbkdf2::PBKDF2_HMAC_SHA384),
        "sha512" => Some(pbkdf2::PBKDF2_HMAC_SHA512),
        _ => None,
    }
}

fn rounds_of(text: &str) -> Option<NonZeroU32> {
    text.parse().ok().filter(|rounds| *rounds <= ROUND_LIMIT).and_then(NonZeroU32::new)
}

/// An output long enough to mean anything.
fn output_of(bytes: Vec<u8>) -> Option<Vec<u8>> {
    (16..=128).contains(&bytes.len()).then_some(bytes)
}

fn scrypt_params(n: &str, r: &str, p: &str) -> Option<scrypt::Params> {
    let (n, r, p): (u64, u32, u32) = (n.parse().ok()?, r.parse().ok()?, p.parse().ok()?);
    let memory = n.saturating_mul(u64::from(r)).saturating_mul(128);
    if !n.is_power_of_two() || memory.saturating_mul(u64::from(p)) > SCRYPT_LIMIT {
        return None;
    }
    scrypt::Params::new(u8::try_from(n.trailing_zeros()).ok()?, r, p).ok()
}

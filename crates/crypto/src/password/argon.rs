//! Argon2 as PHC strings.

use argon2::{Algorithm, Argon2, Params, Version};
use subtle::ConstantTimeEq as _;

use crate::text::from_base64;

/// The most memory of a hash that is read, in KiB; OWASP's heaviest advice is a tenth of it.
const MEMORY_LIMIT: u32 = 512 * 1024;

/// The most memory times passes of a hash that is read, in KiB.
const WORK_LIMIT: u64 = 2 * 1024 * 1024;

/// What Argon2id costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over it.
    pub passes: u32,
    /// Lanes.
    pub lanes: u32,
}

impl Default for Cost {
    /// OWASP's stated minimum: 19 MiB, two passes.
    fn default() -> Self {
        Self { memory_kib: 19_456, passes: 2, lanes: 1 }
    }
}

/// A parsed hash.
#[derive(Debug)]
pub(super) struct Hash {
    algorithm: Algorithm,
    version: Version,
    cost: Cost,
    salt: Vec<u8>,
    output: Vec<u8>,
}

/// The hash of `password` as a PHC string.
pub(super) fn hash(password: &[u8], salt: &[u8], cost: Cost) -> Option<String> {
    let mut output = [0; 32];
    run(Algorithm::Argon2id, Version::V0x13, cost, salt, password, &mut output)?;
    let unpadded = |bytes: &[u8]| crate::text::to_base64(bytes).trim_end_matches('=').to_owned();
    let Cost { memory_kib, passes, lanes } = cost;
    let (salt, output) = (unpadded(salt), unpadded(&output));
    Some(format!("$argon2id$v=19$m={memory_kib},t={passes},p={lanes}${salt}${output}"))
}

/// 32 bytes that stand for `passphrase`.
pub(crate) fn derive_key(passphrase: &[u8], salt: &[u8; 16]) -> Option<[u8; 32]> {
    let cost = Cost { memory_kib: 64 * 1024, passes: 3, lanes: 1 };
    let mut key = [0; 32];
    run(Algorithm::Argon2id, Version::V0x13, cost, salt, passphrase, &mut key)?;
    Some(key)
}

impl Hash {
    /// Reads a PHC string of any Argon2; `None` for anything else, and for what costs too much.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix('$')?.split('$');
        let algorithm = match fields.next()? {
            "argon2id" => Algorithm::Argon2id,
            "argon2i" => Algorithm::Argon2i,
            "argon2d" => Algorithm::Argon2d,
            _ => return None,
        };
        let mut field = fields.next()?;
        let version = match field.strip_prefix("v=") {
            Some("19") => Version::V0x13,
            Some("16") => Version::V0x10,
            Some(_) => return None,
            None => Version::V0x10,
        };
        if field.starts_with("v=") {
            field = fields.next()?;
        }
        let cost = parse_cost(field)?;
        let (salt, output) = (from_base64(fields.next()?)?, from_base64(fields.next()?)?);
        let is_whole = fields.next().is_none() && (16..=64).contains(&output.len());
        is_whole.then_some(Self { algorithm, version, cost, salt, output })
    }

    /// Whether this is the hash of `password`; `None` when it cannot be computed.
    pub(super) fn is_of(&self, password: &[u8]) -> Option<bool> {
        let mut output = vec![0; self.output.len()];
        run(self.algorithm, self.version, self.cost, &self.salt, password, &mut output)?;
        Some(output.ct_eq(&self.output).into())
    }

    /// Whether a new hash of `cost` would be harder to break.
    pub(super) fn is_weaker_than(&self, cost: Cost) -> bool {
        self.algorithm != Algorithm::Argon2id
            || self.version != Version::V0x13
            || self.output.len() < 32
            || self.cost.memory_kib < cost.memory_kib
            || self.cost.passes < cost.passes
    }
}

fn parse_cost(text: &str) -> Option<Cost> {
    let mut cost = Cost { memory_kib: 0, passes: 0, lanes: 0 };
    for setting in text.split(',') {
        let (name, value) = setting.split_once('=')?;
        let value = value.parse().ok()?;
        match name {
            "m" => cost.memory_kib = value,
            "t" => cost.passes = value,
            "p" => cost.lanes = value,
            _ => return None,
        }
    }
    let work = u64::from(cost.memory_kib).saturating_mul(u64::from(cost.passes));
    (cost.memory_kib <= MEMORY_LIMIT && work <= WORK_LIMIT && cost.passes > 0).then_some(cost)
}

fn run(
    algorithm: Algorithm,
    version: Version,
    cost: Cost,
    salt: &[u8],
    password: &[u8],
    output: &mut [u8],
) -> Option<()> {
    let size = Some(output.len());
    let params = Params::new(cost.memory_kib, cost.passes, cost.lanes, size).ok()?;
    Argon2::new(algorithm, version, params).hash_password_into(password, salt, output).ok()
}

//! What an authenticator says (WebAuthn, section 6.1), and the new key in it.

use mantlet_crypto::cbor::{Item, Reader};
use mantlet_crypto::cose::CoseKey;
use mantlet_crypto::sha256;

use super::{PasskeyError, PasskeyId, Site};

/// The longest answer that is read, in bytes.
const MAX_LEN: usize = 8192;

const PRESENT: u8 = 1;
const VERIFIED: u8 = 1 << 2;
const MAY_BE_SHARED: u8 = 1 << 3;
const IS_SHARED: u8 = 1 << 4;
const HAS_KEY: u8 = 1 << 6;
const HAS_EXTENSIONS: u8 = 1 << 7;

const MALFORMED: PasskeyError = PasskeyError::Malformed("authenticator data");

/// What an authenticator says.
#[derive(Debug)]
pub(super) struct Said<'a> {
    /// The hash of the host that it signs for.
    host: &'a [u8],
    flags: u8,
    /// How often it was used; 0 where it does not count.
    pub(super) counter: u32,
    /// The new passkey, where one was made.
    pub(super) made: Option<Made<'a>>,
}

/// A new passkey.
#[derive(Debug)]
pub(super) struct Made<'a> {
    pub(super) id: PasskeyId,
    /// Its public key (COSE), which can be used.
    pub(super) key: &'a [u8],
}

impl<'a> Said<'a> {
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, PasskeyError> {
        let read = || {
            let (host, rest) = bytes.split_at_checked(32)?;
            let (&[flags], rest) = rest.split_first_chunk::<1>()?;
            let (counter, rest) = rest.split_first_chunk::<4>()?;
            Some((host, flags, u32::from_be_bytes(*counter), rest))
        };
        let fits = bytes.len() <= MAX_LEN;
        let (host, flags, counter, rest) = read().filter(|_| fits).ok_or(MALFORMED)?;
        let (made, rest) = match flags & HAS_KEY {
            0 => (None, rest),
            _ => made(rest).map(|(made, rest)| (Some(made), rest))?,
        };
        let mut reader = Reader::new(rest);
        if flags & HAS_EXTENSIONS != 0 {
            let is_map = matches!(Reader::new(rest).item(), Some(Item::Map(_)));
            reader.skip().filter(|()| is_map).ok_or(MALFORMED)?;
        }
        // What is shared now must be such that it can be.
        let is_odd = flags & (IS_SHARED | MAY_BE_SHARED) == IS_SHARED;
        if !reader.rest().is_empty() || is_odd {
            return Err(MALFORMED);
        }
        Ok(Self { host, flags, counter, made })
    }

    /// Whether it was said for this site by somebody who was there, and who is known to the
    /// authenticator where `is_verified` asks for that.
    pub(super) fn check(&self, site: &Site, is_verified: bool) -> Result<(), PasskeyError> {
        if self.host != sha256(site.host.as_bytes()) {
            return Err(PasskeyError::Site);
        }
        let wanted = if is_verified { PRESENT | VERIFIED } else { PRESENT };
        if self.flags & wanted == wanted { Ok(()) } else { Err(PasskeyError::Unverified) }
    }

    /// Whether the owner's devices may share the key.
    pub(super) const fn may_be_shared(&self) -> bool {
        self.flags & MAY_BE_SHARED != 0
    }
}

/// The new passkey at the start, and what follows it.
fn made(bytes: &[u8]) -> Result<(Made<'_>, &[u8]), PasskeyError> {
    let read = || {
        // The model of the authenticator, which is nobody's business here.
        let (_, rest) = bytes.split_first_chunk::<16>()?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (id, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        Some((PasskeyId::of(id)?, rest))
    };
    let (id, rest) = read().ok_or(MALFORMED)?;
    let (_, length) = CoseKey::parse(rest).ok_or(PasskeyError::Key)?;
    let (key, rest) = rest.split_at_checked(length).ok_or(PasskeyError::Key)?;
    Ok((Made { id, key }, rest))
}

/// What the authenticator says, within the object in which a new passkey comes. Who made the
/// authenticator is not looked at.
pub(super) fn within_attestation(object: &[u8]) -> Result<&[u8], PasskeyError> {
    let malformed = PasskeyError::Malformed("attestation object");
    if object.len() > MAX_LEN {
        return Err(malformed);
    }
    let read = || {
        let mut reader = Reader::new(object);
        let Item::Map(members @ 1..=8) = reader.item()? else { return None };
        let mut found = None;
        for _ in 0..members {
            let Item::Text(name) = reader.item()? else { return None };
            if name != "authData" {
                reader.skip()?;
                continue;
            }
            let Item::Bytes(bytes) = reader.item()? else { return None };
            if found.replace(bytes).is_some() {
                return None;
            }
        }
        found.filter(|_| reader.rest().is_empty())
    };
    read().ok_or(malformed)
}

//! What is kept of a key.

use std::net::IpAddr;

use ipnet::IpNet;
use mantlet_crypto::{KeyId, MacKeys, TAG_SIZE};
use mantlet_types::Timestamp;

use super::text::PresentedKey;
use super::{ApiKeyId, ApiKeyRefusal, Scopes};
use crate::{Trace, UserId};

/// A key without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiKeyRecord {
    /// The public part.
    pub id: ApiKeyId,
    /// The environment the key is for.
    pub environment: String,
    /// Whom the key acts for.
    pub owner: UserId,
    /// What its owner calls it.
    pub label: String,
    /// What it may do. The owner's own permissions bound it further at every request.
    pub scopes: Scopes,
    /// From where it may be used; empty means from anywhere.
    pub networks: Vec<IpNet>,
    /// Who issued it.
    pub issued_by: UserId,
    /// When it was issued.
    pub created: Timestamp,
    /// When it ends; fixed at issue, never moved by use or rotation.
    pub expires: Timestamp,
    /// Its secrets, oldest first; several while a rotation's grace lasts.
    pub versions: Vec<SecretVersion>,
    /// Counts rotations, so that two at once do not both succeed.
    pub revision: u32,
    /// When it was last used, to within the policy's `touch_every`; `None` means never.
    pub last_used: Option<Timestamp>,
    /// Who revoked it; `None` while it is in force. Never removed again.
    pub revoked: Option<Trace>,
}

/// One secret of a key, as a keyed hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretVersion {
    /// Counts up from 1.
    pub number: u32,
    /// The key of the ring that made the hash.
    pub key: KeyId,
    /// HMAC-SHA-256 of id and secret.
    pub tag: [u8; TAG_SIZE],
    /// When it was made.
    pub created: Timestamp,
    /// When it ends; `None` means with the key.
    pub until: Option<Timestamp>,
}

impl ApiKeyRecord {
    /// Whether the key can still be used by somebody, somewhere.
    #[must_use]
    pub fn is_in_force(&self, now: Timestamp) -> bool {
        self.revoked.is_none() && now < self.expires
    }

    /// Whether it may be used from `address`.
    #[must_use]
    pub fn admits(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.networks.is_empty() || self.networks.iter().any(|net| net.contains(&address))
    }

    /// When the key, or the next of its secrets, ends by itself.
    pub(crate) fn next_end(&self, now: Timestamp) -> Timestamp {
        let secrets = self.versions.iter().filter_map(|version| version.until);
        secrets.filter(|until| *until > now).fold(self.expires, Timestamp::min)
    }

    /// Checks `presented` against this record, which must be the one of its id. Needs no store: this
    /// is what runs on every request. The answer is the number of the secret that was used.
    ///
    /// # Errors
    /// [`ApiKeyRefusal`]. A wrong secret is told before anything else, so that only who holds the
    /// secret learns whether the key was revoked.
    pub fn check(
        &self,
        presented: &PresentedKey<'_>,
        keys: &MacKeys,
        address: IpAddr,
        now: Timestamp,
    ) -> Result<u32, ApiKeyRefusal> {
        let version = self.version_of(presented, keys, now)?;
        if let Some(trace) = &self.revoked {
            return Err(ApiKeyRefusal::Revoked { at: trace.at });
        }
        if now >= self.expires {
            return Err(ApiKeyRefusal::Expired { at: self.expires });
        }
        if !self.admits(address) {
            return Err(ApiKeyRefusal::Network { address: address.to_canonical() });
        }
        Ok(version)
    }

    /// The secret that was presented. Every one is compared, and each in constant time.
    fn version_of(
        &self,
        presented: &PresentedKey<'_>,
        keys: &MacKeys,
        now: Timestamp,
    ) -> Result<u32, ApiKeyRefusal> {
        if presented.id() != self.id || presented.environment() != self.environment {
            return Err(ApiKeyRefusal::Secret);
        }
        let mut found = Err(ApiKeyRefusal::Secret);
        for version in &self.versions {
            let key = keys.find(version.key);
            if key.is_some_and(|key| key.has_tagged(presented.hashed(), &version.tag)) {
                found = match version.until {
                    Some(until) if now >= until => Err(ApiKeyRefusal::Replaced { at: until }),
                    _ => Ok(version.number),
                };
            }
        }
        found
    }
}

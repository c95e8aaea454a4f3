//! Keys, what they are for, and what they may do.

use std::fmt;
use std::time::SystemTime;

use mantlet_types::Rng;

use super::RingError;
use crate::Key;

/// The most keys of a ring.
pub(super) const MAX_KEYS: usize = 10_000;

/// The most characters of a purpose.
const MAX_PURPOSE: usize = 64;

/// Which key of a ring. Counted up, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId(pub u32);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "k{}", self.0)
    }
}

/// What a key may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyState {
    /// Known and not used yet, so that others can learn of it first.
    Pending,
    /// Makes new things; one for each purpose.
    Active,
    /// Opens and verifies what it made, makes nothing new.
    Retiring,
    /// Does nothing; its bytes are gone.
    Revoked,
}

/// One key, without its bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KeyView<'a> {
    /// Its name in the ring.
    pub id: KeyId,
    /// What it is for.
    pub purpose: &'a str,
    /// What it may do.
    pub state: KeyState,
    /// When it was made.
    pub created: SystemTime,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) id: KeyId,
    pub(super) purpose: String,
    pub(super) state: KeyState,
    pub(super) created: SystemTime,
    /// `None` once revoked.
    pub(super) key: Option<Key>,
}

/// Keys with versions and states.
#[derive(Debug, Clone, Default)]
pub struct KeyRing {
    /// In the order of their ids.
    pub(super) entries: Vec<Entry>,
    /// The last id given.
    pub(super) last: u32,
}

impl KeyRing {
    /// A ring without keys.
    #[must_use]
    pub const fn new() -> Self {
        Self { entries: Vec::new(), last: 0 }
    }

    /// Every key, oldest first.
    pub fn keys(&self) -> impl Iterator<Item = KeyView<'_>> {
        self.entries.iter().map(Entry::view)
    }

    /// The key that makes new things for `purpose`; `None` while it has none.
    #[must_use]
    pub fn active(&self, purpose: &str) -> Option<(KeyId, &Key)> {
        let is_active =
            |entry: &&Entry| entry.purpose == purpose && entry.state == KeyState::Active;
        let entry = self.entries.iter().find(is_active)?;
        Some((entry.id, entry.key.as_ref()?))
    }

    /// The key `id` for reading what it made for `purpose`; `None` when it is unknown, is for
    /// something else, or was revoked.
    #[must_use]
    pub fn find(&self, purpose: &str, id: KeyId) -> Option<&Key> {
        let entry = self.entries.iter().find(|entry| entry.id == id)?;
        if entry.purpose == purpose { entry.key.as_ref() } else { None }
    }

    /// Adds a pending key.
    ///
    /// # Errors
    /// [`RingError::Full`], or [`RingError::BadPurpose`] for one that is no plain word.
    pub fn add(
        &mut self,
        purpose: &str,
        now: SystemTime,
        rng: &dyn Rng,
    ) -> Result<KeyId, RingError> {
        check_purpose(purpose)?;
        let last = self.last.checked_add(1).filter(|_| self.entries.len() < MAX_KEYS);
        let id = KeyId(last.ok_or(RingError::Full)?);
        self.last = id.0;
        self.entries.push(Entry {
            id,
            purpose: purpose.to_owned(),
            state: KeyState::Pending,
            created: now,
            key: Some(Key::generate(rng)),
        });
        Ok(id)
    }

    /// Makes the pending key `id` the active one of its purpose; the one before retires.
    ///
    /// # Errors
    /// [`RingError::Unknown`], or [`RingError::NotNow`] when it is not pending.
    pub fn activate(&mut self, id: KeyId) -> Result<(), RingError> {
        let entry = self.entry(id)?;
        if entry.state != KeyState::Pending {
            return Err(RingError::NotNow { id, state: entry.state });
        }
        let purpose = entry.purpose.clone();
        for entry in self.entries.iter_mut().filter(|entry| entry.purpose == purpose) {
            if entry.state == KeyState::Active {
                entry.state = KeyState::Retiring;
            }
            if entry.id == id {
                entry.state = KeyState::Active;
            }
        }
        Ok(())
    }

    /// Adds a key for `purpose` and makes it the active one.
    ///
    /// # Errors
    /// As [`KeyRing::add`].
    pub fn rotate(
        &mut self,
        purpose: &str,
        now: SystemTime,
        rng: &dyn Rng,
    ) -> Result<KeyId, RingError> {
        let id = self.add(purpose, now, rng)?;
        self.activate(id)?;
        Ok(id)
    }

    /// Ends a key for good: its bytes are gone, and so is what it sealed.
    ///
    /// # Errors
    /// [`RingError::Unknown`], or [`RingError::NotNow`] for the active one: its purpose needs
    /// another first.
    pub fn revoke(&mut self, id: KeyId) -> Result<(), RingError> {
        let entry = self.entry(id)?;
        if entry.state == KeyState::Active {
            return Err(RingError::NotNow { id, state: entry.state });
        }
        entry.state = KeyState::Revoked;
        entry.key = None;
        Ok(())
    }

    fn entry(&mut self, id: KeyId) -> Result<&mut Entry, RingError> {
        self.entries.iter_mut().find(|entry| entry.id == id).ok_or(RingError::Unknown { id })
    }
}

impl Entry {
    fn view(&self) -> KeyView<'_> {
        KeyView { id: self.id, purpose: &self.purpose, state: self.state, created: self.created }
    }
}

pub(super) fn check_purpose(purpose: &str) -> Result<(), RingError> {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=MAX_PURPOSE).contains(&purpose.len()) && purpose.bytes().all(is_plain) {
        return Ok(());
    }
    Err(RingError::BadPurpose { purpose: purpose.chars().take(MAX_PURPOSE).collect() })
}

#[cfg(test)]
mod tests {
    use mantlet_types::SystemRng;

    use super::*;

    fn states(ring: &KeyRing) -> Vec<(u32, KeyState)> {
        ring.keys().map(|key| (key.id.0, key.state)).collect()
    }

    #[test]
    fn a_new_key_takes_over_and_the_old_one_still_opens() {
        let mut ring = KeyRing::new();
        assert!(ring.active("session").is_none());
        let first = ring.rotate("session", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        let other = ring.rotate("api-key", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        let second = ring.rotate("session", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        assert_eq!(ring.active("session").unwrap().0, second);
        assert_eq!(ring.active("api-key").unwrap().0, other);
        assert!(ring.find("session", first).is_some());
        assert!(ring.find("session", other).is_none(), "of another purpose");
        let expected = [(1, KeyState::Retiring), (2, KeyState::Active), (3, KeyState::Active)];
        assert_eq!(states(&ring), expected);
    }

    #[test]
    fn a_revoked_key_is_gone_and_the_active_one_cannot_be_revoked() {
        let mut ring = KeyRing::new();
        let first = ring.rotate("a", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        assert!(matches!(ring.revoke(first), Err(RingError::NotNow { .. })));
        ring.rotate("a", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        ring.revoke(first).unwrap();
        ring.revoke(first).unwrap();
        assert!(ring.find("a", first).is_none());
        assert!(matches!(ring.activate(first), Err(RingError::NotNow { .. })));
        assert!(matches!(ring.revoke(KeyId(9)), Err(RingError::Unknown { .. })));
    }

    #[test]
    fn purposes_are_plain_words() {
        let mut ring = KeyRing::new();
        for purpose in ["", "A", "a b", "a\n", &"a".repeat(65)] {
            let error = ring.add(purpose, SystemTime::UNIX_EPOCH, &SystemRng);
            assert!(matches!(error, Err(RingError::BadPurpose { .. })), "{purpose}");
        }
        assert_eq!(ring.keys().count(), 0);
    }
}

//! Keys prepared for many tags: the check of a credential on every request.

use std::fmt;

use aws_lc_rs::hmac;

use crate::{Key, KeyId, KeyRing, KeyState, TAG_SIZE};

/// A key that makes and checks tags (HMAC-SHA-256), with the work that belongs to the key alone done
/// in advance. The same tags as those of [`Key::tag`] of the key it was made from.
#[derive(Clone)]
pub struct MacKey(hmac::Key);

impl MacKey {
    /// Prepares `key`.
    #[must_use]
    pub fn new(key: &Key) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.expose()))
    }

    /// Proof that `message` was seen by somebody with this key.
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; TAG_SIZE] {
        let mut tag = [0; TAG_SIZE];
        for (to, from) in tag.iter_mut().zip(hmac::sign(&self.0, message).as_ref()) {
            *to = *from;
        }
        tag
    }

    /// Whether `tag` is that of `message`, in time that says nothing of where it differs.
    #[must_use]
    pub fn has_tagged(&self, message: &[u8], tag: &[u8; TAG_SIZE]) -> bool {
        hmac::verify(&self.0, message, tag).is_ok()
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey([secret])")
    }
}

/// The keys of a ring for one purpose, prepared: the active one makes tags, that one and the
/// retiring ones check them.
#[derive(Debug, Clone)]
pub struct MacKeys {
    active: KeyId,
    /// A handful, newest first.
    keys: Vec<(KeyId, MacKey)>,
}

impl MacKeys {
    /// The keys of `ring` for `purpose`; `None` when none of them is active.
    #[must_use]
    pub fn of_ring(ring: &KeyRing, purpose: &str) -> Option<Self> {
        let (active, _) = ring.active(purpose)?;
        let mut keys: Vec<(KeyId, MacKey)> = ring
            .keys()
            .filter(|view| view.purpose == purpose && view.state != KeyState::Pending)
            .filter_map(|view| Some((view.id, MacKey::new(ring.find(purpose, view.id)?))))
            .collect();
        keys.reverse();
        Some(Self { active, keys })
    }

    /// The key that makes new tags, and its name.
    #[must_use]
    pub fn active(&self) -> Option<(KeyId, &MacKey)> {
        Some((self.active, self.find(self.active)?))
    }

    /// The key `id`; `None` when it is unknown or was revoked.
    #[must_use]
    pub fn find(&self, id: KeyId) -> Option<&MacKey> {
        self.keys.iter().find(|(own, _)| *own == id).map(|(_, key)| key)
    }
}

#[cfg(test)]
mod tests {
    use std::time::SystemTime;

    use mantlet_types::SystemRng;

    use super::*;

    #[test]
    fn a_prepared_key_makes_the_tags_of_the_key() {
        let key = Key::generate(&SystemRng);
        let prepared = MacKey::new(&key);
        assert_eq!(prepared.tag(b"message"), key.tag(b"message"));
        assert!(prepared.has_tagged(b"message", &key.tag(b"message")));
        assert!(!prepared.has_tagged(b"messagf", &key.tag(b"message")));
        assert_eq!(format!("{prepared:?}"), "MacKey([secret])");
    }

    #[test]
    fn a_revoked_key_checks_nothing_and_a_pending_one_makes_nothing() {
        let mut ring = KeyRing::new();
        assert!(MacKeys::of_ring(&ring, "a").is_none());
        let first = ring.rotate("a", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        let second = ring.rotate("a", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        let pending = ring.add("a", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        ring.rotate("b", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        let keys = MacKeys::of_ring(&ring, "a").unwrap();
        assert_eq!(keys.active().unwrap().0, second);
        assert!(keys.find(first).is_some() && keys.find(pending).is_none());
        ring.revoke(first).unwrap();
        assert!(MacKeys::of_ring(&ring, "a").unwrap().find(first).is_none());
    }
}

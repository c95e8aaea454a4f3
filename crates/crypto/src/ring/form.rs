//! A key ring as text: every key sealed on its own, the whole under one tag.

use std::time::{Duration, SystemTime};

use mantlet_types::Rng;
use serde::{Deserialize, Serialize};

use super::keys::{Entry, MAX_KEYS, check_purpose};
use super::{KeyId, KeyRing, KeyState, RingError};
use crate::text::{from_base64, to_base64};
use crate::{Key, RootKey, open, seal};

const FORMAT: &str = "mantlet-key-ring-1";

/// What the tag covers.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    format: String,
    /// The fingerprint of the root key.
    root: String,
    last: u32,
    keys: Vec<Line>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    id: u32,
    purpose: String,
    state: KeyState,
    /// Milliseconds since 1970.
    created: u64,
    /// Base64; absent once revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    sealed: Option<String>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Tagged {
    /// The body as JSON text: exactly what was tagged.
    ring: String,
    /// Base64 of the tag.
    tag: String,
}

/// The ring as text that only `root` can read.
pub(super) fn write(ring: &KeyRing, root: &RootKey, rng: &dyn Rng) -> Result<Vec<u8>, RingError> {
    let wrapping = root.derive("key-ring-wrapping");
    let keys = ring.entries.iter().map(|entry| Line {
        id: entry.id.0,
        purpose: entry.purpose.clone(),
        state: entry.state,
        created: millis(entry.created),
        sealed: entry.key.as_ref().map(|key| {
            to_base64(&seal(&wrapping, &context(entry.id, &entry.purpose), key.expose(), rng))
        }),
    });
    let body = Body {
        format: FORMAT.to_owned(),
        root: root.fingerprint(),
        last: ring.last,
        keys: keys.collect(),
    };
    let text = serde_json::to_string(&body).map_err(|_| RingError::Damaged)?;
    let tag = to_base64(&root.derive("key-ring-tag").tag(text.as_bytes()));
    let mut bytes =
        serde_json::to_vec_pretty(&Tagged { ring: text, tag }).map_err(|_| RingError::Damaged)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// The ring that [`write()`] was given.
pub(super) fn read(bytes: &[u8], root: &RootKey) -> Result<KeyRing, RingError> {
    let damaged = |_| RingError::Damaged;
    let tagged: Tagged = serde_json::from_slice(bytes).map_err(damaged)?;
    let body: Body = serde_json::from_str(&tagged.ring).map_err(damaged)?;
    let found = root.fingerprint();
    if body.root != found {
        return Err(RingError::WrongRoot { expected: body.root, found });
    }
    let tag = from_base64(&tagged.tag).ok_or(RingError::Damaged)?;
    let is_ours = root.derive("key-ring-tag").has_tagged(tagged.ring.as_bytes(), &tag);
    if !is_ours || body.format != FORMAT || body.keys.len() > MAX_KEYS {
        return Err(RingError::Damaged);
    }
    let wrapping = root.derive("key-ring-wrapping");
    let entries = body.keys.into_iter().map(|line| line.open(&wrapping));
    Ok(KeyRing { entries: entries.collect::<Result<_, _>>()?, last: body.last })
}

impl Line {
    fn open(self, wrapping: &Key) -> Result<Entry, RingError> {
        check_purpose(&self.purpose)?;
        let id = KeyId(self.id);
        let unsealed = |text: String| {
            let sealed = from_base64(&text)?;
            let bytes = open(wrapping, &context(id, &self.purpose), &sealed).ok()?;
            bytes.try_into().ok().map(Key::from_bytes)
        };
        let key = match self.sealed {
            Some(text) => Some(unsealed(text).ok_or(RingError::Damaged)?),
            None => None,
        };
        if key.is_none() != (self.state == KeyState::Revoked) {
            return Err(RingError::Damaged);
        }
        let created = SystemTime::UNIX_EPOCH.checked_add(Duration::from_millis(self.created));
        let created = created.ok_or(RingError::Damaged)?;
        Ok(Entry { id, purpose: self.purpose, state: self.state, created, key })
    }
}

fn context(id: KeyId, purpose: &str) -> Vec<u8> {
    format!("key-ring/{purpose}/{id}").into_bytes()
}

fn millis(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use mantlet_types::{Secret, SystemRng};

    use super::*;

    fn root(text: &str) -> RootKey {
        RootKey::parse(&Secret::new(text.to_owned())).unwrap()
    }

    fn ring() -> KeyRing {
        let mut ring = KeyRing::new();
        let first = ring.rotate("session", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        ring.rotate("session", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        ring.add("api-key", SystemTime::UNIX_EPOCH, &SystemRng).unwrap();
        ring.revoke(first).unwrap();
        ring
    }

    const ROOT: &str = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";
    const OTHER: &str = "8f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

    #[test]
    fn a_ring_survives_its_text_and_its_keys_are_not_in_it() {
        let ring = ring();
        let text = write(&ring, &root(ROOT), &SystemRng).unwrap();
        let again = read(&text, &root(ROOT)).unwrap();
        assert_eq!(ring.keys().collect::<Vec<_>>(), again.keys().collect::<Vec<_>>());
        let (id, key) = ring.active("session").unwrap();
        assert_eq!(again.find("session", id).unwrap().expose(), key.expose());
        assert_eq!(again.last, 3, "no id is given twice");
        let text = String::from_utf8(text).unwrap();
        assert!(!text.contains(&to_base64(key.expose())));
    }

    #[test]
    fn another_root_key_is_told_from_damage() {
        let text = write(&ring(), &root(ROOT), &SystemRng).unwrap();
        assert!(matches!(read(&text, &root(OTHER)), Err(RingError::WrongRoot { .. })));
        for at in (0..text.len()).step_by(7) {
            let mut changed = text.clone();
            changed[at] ^= 1;
            let ring = read(&changed, &root(ROOT));
            // Only what the tag does not see, white space between the two, may change.
            let is_space = text[at].is_ascii_whitespace() || changed[at].is_ascii_whitespace();
            assert!(ring.is_err() || is_space, "byte {at}");
        }
        assert!(matches!(read(b"", &root(ROOT)), Err(RingError::Damaged)));
    }
}

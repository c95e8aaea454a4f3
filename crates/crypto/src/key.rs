//! 256-bit keys, and what one key can do by itself.

use std::fmt;

use aws_lc_rs::{digest, hmac};
use mantlet_types::{Rng, Secret};

/// Size of a tag of [`Key::tag`], in bytes.
pub const TAG_SIZE: usize = 32;

/// 256 bits that nobody else knows. Overwritten when dropped, never printed.
#[derive(Clone)]
pub struct Key(Secret<[u8; 32]>);

impl Key {
    /// A new key.
    #[must_use]
    pub fn generate(rng: &dyn Rng) -> Self {
        let mut bytes = [0; 32];
        rng.fill(&mut bytes);
        Self::from_bytes(bytes)
    }

    /// The key with these bytes, which must be uniformly random or derived from such.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Secret::new(bytes))
    }

    /// The bytes, for libraries that do their own cryptography with them.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        self.0.expose()
    }

    /// The key for one purpose: what is made with it says nothing about this key or about the key
    /// for any other `purpose` or `context`. HKDF-Expand with SHA-256 (RFC 5869, section 2.3), the
    /// extraction left out as section 3.3 allows for keys that are uniformly random.
    #[must_use]
    pub fn derive(&self, purpose: &str, context: &[u8]) -> Self {
        let mut signing = hmac::Context::with_key(&self.for_hmac());
        for part in [b"mantlet v1 " as &[u8], purpose.as_bytes(), b"\0", context, b"\x01"] {
            signing.update(part);
        }
        Self::from_bytes(sized(signing.sign().as_ref()))
    }

    /// Proof that `message` was seen by somebody with this key: HMAC-SHA-256 (RFC 2104).
    #[must_use]
    pub fn tag(&self, message: &[u8]) -> [u8; TAG_SIZE] {
        sized(hmac::sign(&self.for_hmac(), message).as_ref())
    }

    /// Whether `tag` is that of `message`, in time that says nothing of where it differs. A tag
    /// that was cut off never is.
    #[must_use]
    pub fn has_tagged(&self, message: &[u8], tag: &[u8]) -> bool {
        hmac::verify(&self.for_hmac(), message, tag).is_ok()
    }

    fn for_hmac(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.expose())
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key([secret])")
    }
}

/// The SHA-256 digest of `message` (FIPS 180-4).
#[must_use]
pub fn sha256(message: &[u8]) -> [u8; 32] {
    sized(digest::digest(&digest::SHA256, message).as_ref())
}

/// The SHA-256 digest of a message that comes in pieces.
#[derive(Clone)]
pub struct Sha256(digest::Context);

impl Sha256 {
    /// The digest of nothing so far.
    #[must_use]
    pub fn new() -> Self {
        Self(digest::Context::new(&digest::SHA256))
    }

    /// Adds a piece.
    pub fn update(&mut self, piece: &[u8]) {
        self.0.update(piece);
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> [u8; 32] {
        sized(self.0.finish().as_ref())
    }
}

impl Default for Sha256 {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sha256").finish_non_exhaustive()
    }
}

/// The SHA-1 digest of the concatenated `parts` (FIPS 180-4), where a protocol prescribes it, as the
/// handshake of WebSockets does. It protects nothing: texts with the same digest can be made.
#[must_use]
pub fn legacy_sha1(parts: &[&[u8]]) -> [u8; 20] {
    let mut context = digest::Context::new(&digest::SHA1_FOR_LEGACY_USE_ONLY);
    for part in parts {
        context.update(part);
    }
    sized(context.finish().as_ref())
}

/// The bytes of a digest or tag of that size.
fn sized<const N: usize>(bytes: &[u8]) -> [u8; N] {
    let mut array = [0; N];
    for (to, from) in array.iter_mut().zip(bytes) {
        *to = *from;
    }
    array
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn tags_and_digests_are_the_standard_ones() {
        // RFC 4231, test case 6 has a longer key; this is `openssl dgst -sha256 -mac HMAC`.
        let key = Key::from_bytes([0x0b; 32]);
        let tag = key.tag(b"Hi There");
        assert_eq!(hex(&tag), "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
        assert_eq!(
            hex(&sha256(b"abc")),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        let mut pieces = Sha256::new();
        pieces.update(b"a");
        pieces.update(b"bc");
        assert_eq!(pieces.finish(), sha256(b"abc"));
        assert_eq!(hex(&legacy_sha1(&[b"a", b"bc"])), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    #[test]
    fn only_the_whole_tag_of_the_same_message_and_key_counts() {
        let (key, other) = (Key::from_bytes([1; 32]), Key::from_bytes([2; 32]));
        let tag = key.tag(b"message");
        assert!(key.has_tagged(b"message", &tag));
        assert!(!key.has_tagged(b"messagf", &tag));
        assert!(!other.has_tagged(b"message", &tag));
        assert!(!key.has_tagged(b"message", &tag[..31]));
        assert!(!key.has_tagged(b"message", b""));
    }

    #[test]
    fn purposes_and_contexts_are_kept_apart() {
        let key = Key::from_bytes([1; 32]);
        let derived = [
            key.derive("a", b""),
            key.derive("a", b"b"),
            key.derive("ab", b""),
            key.derive("b", b"a"),
            key.clone(),
        ];
        for (at, one) in derived.iter().enumerate() {
            let others = derived.iter().enumerate().filter(|(other, _)| *other != at);
            assert!(others.into_iter().all(|(_, other)| one.expose() != other.expose()));
        }
        assert_eq!(key.derive("a", b"b").expose(), key.derive("a", b"b").expose());
    }

    #[test]
    fn a_key_has_no_printable_form() {
        assert_eq!(format!("{:?}", Key::from_bytes([7; 32])), "Key([secret])");
    }
}

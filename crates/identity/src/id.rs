//! Whom records belong to.

use std::fmt;
use std::sync::Arc;

/// The id of a user or of a program that acts for itself. Never reused, never shown to others as a
/// secret, never an e-mail address that changes. 1 to 128 bytes of printable text.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(Arc<str>);

impl UserId {
    /// The longest id, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The id that `text` is.
    ///
    /// # Errors
    /// [`BadUserId`] for empty and long text, and for control characters or white space.
    pub fn parse(text: &str) -> Result<Self, BadUserId> {
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace();
        if (1..=Self::MAX_LEN).contains(&text.len()) && text.chars().all(is_plain) {
            return Ok(Self(text.into()));
        }
        Err(BadUserId)
    }

    /// The id of somebody whom only an issuer outside knows: `space:name`. No account of ours has one
    /// like it, for their names hold no colon.
    ///
    /// # Errors
    /// As [`UserId::parse`]; and for characters that change how a name looks without being seen.
    pub fn outside(space: &str, name: &str) -> Result<Self, BadUserId> {
        let is_seen = !name.is_empty() && !name.chars().any(is_invisible);
        if is_seen { Self::parse(&format!("{space}:{name}")) } else { Err(BadUserId) }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Characters that change how a name looks or reads without being seen.
pub(crate) const fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserId({:?})", self.as_str())
    }
}

/// The text is no user id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadUserId;

impl fmt::Display for BadUserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a user id: use 1 to 128 bytes without spaces and control characters")
    }
}

impl std::error::Error for BadUserId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_printable_text_without_spaces() {
        for text in ["a", "alice@example.org", "dienst-7", "ünïcode", &"a".repeat(128)] {
            assert_eq!(UserId::parse(text).unwrap().as_str(), text);
        }
        for text in ["", " ", "a b", "a\n", "a\0", "a\u{85}", &"a".repeat(129)] {
            assert_eq!(UserId::parse(text), Err(BadUserId), "{text:?}");
        }
    }
}

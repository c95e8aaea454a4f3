//! What is kept of an account.

use std::fmt;

use mantlet_types::Timestamp;
use unicode_normalization::UnicodeNormalization as _;

use crate::UserId;
use crate::id::is_invisible;

/// A name that people sign in with, in its one form: normalised (NFKC) and in lower case, so that no
/// two accounts differ by a spelling that looks the same. 1 to 128 bytes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountName(String);

impl AccountName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 128;

    /// The name that `text` means.
    ///
    /// # Errors
    /// [`BadAccountName`] for empty and long text, and for control characters or white space inside.
    pub fn parse(text: &str) -> Result<Self, BadAccountName> {
        let text = text.trim();
        if text.len() > Self::MAX_LEN {
            return Err(BadAccountName);
        }
        let name = text.nfkc().collect::<String>().to_lowercase().nfkc().collect::<String>();
        let is_plain = |c: char| !c.is_control() && !c.is_whitespace() && !is_invisible(c);
        if (1..=Self::MAX_LEN).contains(&name.len()) && name.chars().all(is_plain) {
            return Ok(Self(name));
        }
        Err(BadAccountName)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no name of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadAccountName;

impl fmt::Display for BadAccountName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a name: use 1 to 128 bytes of visible characters without spaces")
    }
}

impl std::error::Error for BadAccountName {}

/// An account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its id, which never changes.
    pub id: UserId,
    /// The name that its owner signs in with.
    pub name: AccountName,
    /// The hash of its password (a PHC string, or one of an application before us); `None` for
    /// accounts that cannot sign in with a password.
    pub password: Option<PasswordHash>,
    /// Its roles, by name.
    pub roles: Vec<String>,
    /// Whether it may sign in at all.
    pub is_active: bool,
    /// Whether a second factor is asked for.
    pub has_second_factor: bool,
    /// When it was created.
    pub created: Timestamp,
    /// The last successful sign-in; `None` means never.
    pub last_signin: Option<Timestamp>,
    /// Everything issued up to then no longer counts; `None` means nothing was ended.
    pub not_before: Option<Timestamp>,
}

/// The hash of a password. Not printed: it is what guessing starts from.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// A hash as text.
    #[must_use]
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text, for comparing and storing.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash([secret])")
    }
}

/// What an account may at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// Whether it may act at all.
    pub is_active: bool,
    /// Its roles, by name.
    pub roles: Vec<String>,
    /// Everything issued up to then no longer counts.
    pub not_before: Option<Timestamp>,
}

impl Account {
    /// What the account may at the moment.
    #[must_use]
    pub fn standing(&self) -> Standing {
        let (is_active, not_before) = (self.is_active, self.not_before);
        Standing { is_active, roles: self.roles.clone(), not_before }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_the_same_are_the_same() {
        let name = |text: &str| AccountName::parse(text).unwrap();
        for (one, other) in [
            ("Alice", "alice"),
            (" alice ", "alice"),
            ("ａｌｉｃｅ", "alice"),
            ("A\u{308}nne", "änne"),
            ("STRASSE", "strasse"),
        ] {
            assert_eq!(name(one), name(other), "{one}");
        }
        assert_ne!(name("alice"), name("alicé"));
    }

    #[test]
    fn what_cannot_be_seen_is_no_name() {
        for text in
            ["", " ", "a b", "a\u{200b}b", "a\u{202e}b", "a\0", &"a".repeat(129), "\u{feff}"]
        {
            assert_eq!(AccountName::parse(text), Err(BadAccountName), "{text:?}");
        }
    }
}

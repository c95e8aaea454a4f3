//! Where letters to people go.

use std::fmt;

/// An address of e-mail as most servers take it (RFC 5321, without quoted parts and without
/// addresses of networks): at most 254 bytes of ASCII.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmailAddress(String);

impl EmailAddress {
    /// The address that `text` is.
    ///
    /// # Errors
    /// [`BadEmail`].
    pub fn parse(text: &str) -> Result<Self, BadEmail> {
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let is_atom =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
        let is_local = !local.is_empty()
            && local.len() <= 64
            && local.split('.').all(|part| !part.is_empty() && part.bytes().all(is_atom));
        let is_label = |label: &str| {
            let is_plain = label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (1..=63).contains(&label.len())
                && is_plain
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_domain = domain.split('.').all(is_label);
        if text.len() <= 254 && is_local && is_domain {
            Ok(Self(text.to_owned()))
        } else {
            Err(BadEmail)
        }
    }

    /// The address as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadEmail;

impl fmt::Display for BadEmail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not an address of e-mail: write it as `alice@example.org`")
    }
}

impl std::error::Error for BadEmail {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_cannot_bring_a_line_or_another_address_along() {
        for text in ["alice@example.org", "a.b+c@localhost", "o'neil@x-y.example"] {
            assert_eq!(EmailAddress::parse(text).unwrap().as_str(), text);
        }
        for text in [
            "",
            "@",
            "alice",
            "alice@",
            "@example.org",
            "a@b@c",
            "a b@example.org",
            "alice@example.org\r\nBcc: eve@example.org",
            "alice@example.org,eve@example.org",
            "Alice <alice@example.org>",
            "\"a b\"@example.org",
            "alice@[127.0.0.1]",
            ".a@example.org",
            "a..b@example.org",
            "a@-x.org",
            "a@x..org",
            "ä@example.org",
            &format!("{}@example.org", "a".repeat(65)),
            &format!("a@{}", "x.".repeat(130)),
        ] {
            assert_eq!(EmailAddress::parse(text), Err(BadEmail), "{text:?}");
        }
    }
}

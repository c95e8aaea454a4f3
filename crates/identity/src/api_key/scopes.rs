//! What a key may do.

use std::collections::BTreeSet;
use std::fmt;

/// The most scopes of one key.
const MAX_SCOPES: usize = 64;

/// The longest scope, in bytes.
const MAX_LEN: usize = 64;

/// A set of scopes: names of permissions, such as `read_metrics`. Empty means none at all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Scopes(BTreeSet<Box<str>>);

impl Scopes {
    /// The set of `names`.
    ///
    /// # Errors
    /// [`BadScope`] for a name that is no word of letters, digits and `_ . : -`, and for more than
    /// 64 of them.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, BadScope> {
        let mut scopes = BTreeSet::new();
        for name in names {
            let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"_.:-".contains(&b);
            if !(1..=MAX_LEN).contains(&name.len()) || !name.bytes().all(is_plain) {
                return Err(BadScope::Name(name.chars().take(MAX_LEN).collect()));
            }
            scopes.insert(name.into());
            if scopes.len() > MAX_SCOPES {
                return Err(BadScope::TooMany);
            }
        }
        Ok(Self(scopes))
    }

    /// Whether `name` is in the set.
    #[must_use]
    pub fn holds(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// The names in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }
}

/// What a key may not be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadScope {
    /// The name is no plain word.
    Name(String),
    /// There are too many.
    TooMany,
}

impl fmt::Display for BadScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(
                f,
                "`{}` is no scope: use letters, digits, `_`, `.`, `:` and `-`, at most {MAX_LEN}",
                name.escape_debug()
            ),
            Self::TooMany => write!(f, "a key has at most {MAX_SCOPES} scopes"),
        }
    }
}

impl std::error::Error for BadScope {}

/// What somebody holds, and may therefore pass on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Grants {
    /// These permissions alone.
    Only(Scopes),
    /// Everything: the command line of the operator.
    All,
}

impl Grants {
    /// Those of `wanted` that are not held.
    #[must_use]
    pub fn missing<'a>(&self, wanted: &'a Scopes) -> Vec<&'a str> {
        match self {
            Self::All => Vec::new(),
            Self::Only(held) => wanted.iter().filter(|name| !held.holds(name)).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_a_plain_word() {
        assert!(Scopes::new(["read_metrics", "projects:read", "a.b-c"]).is_ok());
        for name in ["", "a b", "a\n", "*", "ä", &"a".repeat(65)] {
            assert!(matches!(Scopes::new([name]), Err(BadScope::Name(_))), "{name:?}");
        }
        let many: Vec<String> = (0..65).map(|number| format!("s{number}")).collect();
        let many = Scopes::new(many.iter().map(String::as_str));
        assert_eq!(many, Err(BadScope::TooMany));
    }
}

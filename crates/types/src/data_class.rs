//! How sensitive data is.

use std::fmt;

/// How sensitive data is, from least to most. What is not known counts as the most sensitive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum DataClass {
    /// For everybody.
    Public,
    /// For everybody who is signed in.
    Internal,
    /// For those who belong to it.
    Confidential,
    /// For those who belong to it and were approved one by one.
    #[default]
    Restricted,
}

impl DataClass {
    /// The class of this name; [`DataClass::Restricted`] for every other text, so that a typing
    /// error never opens anything.
    #[must_use]
    pub fn parse_or_restricted(name: &str) -> Self {
        Self::parse(name).unwrap_or_default()
    }

    /// The class of this name; `None` for every other text: for configuration, where a typing error
    /// is to be told.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        [Self::Public, Self::Internal, Self::Confidential, Self::Restricted]
            .into_iter()
            .find(|class| class.as_str() == name)
    }

    /// The name used in logs and the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Internal => "internal",
            Self::Confidential => "confidential",
            Self::Restricted => "restricted",
        }
    }
}

impl fmt::Display for DataClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sci_d19_what_is_not_known_is_restricted() {
        for class in ["public", "internal", "confidential", "restricted"] {
            assert_eq!(DataClass::parse_or_restricted(class).as_str(), class);
        }
        for class in ["", "Public", "public ", "open", "secret"] {
            assert_eq!(DataClass::parse_or_restricted(class), DataClass::Restricted, "{class}");
            assert_eq!(DataClass::parse(class), None, "{class}");
        }
        assert!(DataClass::Public < DataClass::Internal);
        assert!(DataClass::Confidential < DataClass::Restricted);
    }
}

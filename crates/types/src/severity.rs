//! How much an event matters.

use std::fmt;

/// How much an event matters to the person on call, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Ordinary life.
    Info,
    /// Worth a look when several come together: an odd request, a limit nearly reached.
    Low,
    /// Something was refused or failed.
    Medium,
    /// Someone should look today.
    High,
    /// Someone should look now.
    Critical,
}

impl Severity {
    /// The name used in logs, metrics and the configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

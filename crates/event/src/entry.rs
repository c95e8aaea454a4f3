//! What an entry of the catalogue says about its events.

use mantlet_types::Severity;

/// One kind of event. All of them are in [`crate::catalogue`].
#[derive(Debug, PartialEq, Eq)]
pub struct Entry {
    /// Stable dotted name: folder, noun, past verb (`limit.request.refused`).
    pub name: &'static str,
    /// The word of the OWASP Logging Vocabulary for it, so that foreign alert rules fit
    /// (`excess_rate_limit_exceeded`); where the vocabulary has none, the name with underscores.
    pub code: &'static str,
    /// How much it matters unless the event says otherwise.
    pub severity: Severity,
    /// Which stream carries it.
    pub stream: Stream,
    /// What happened, one sentence for the reference documentation.
    pub summary: &'static str,
}

/// Who reads an event, and with it how it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// A guard or a fixed stage refused a request, or would have.
    Decision,
    /// One per request or long-lived connection, whatever became of it.
    Access,
    /// The process itself: start, stop, trouble.
    System,
    /// What administrators did; also kept durably.
    Audit,
}

impl Stream {
    /// Every stream, in declaration order.
    pub const ALL: [Self; 4] = [Self::Decision, Self::Access, Self::System, Self::Audit];

    /// The name used in the configuration and the documentation.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decision => "decision",
            Self::Access => "access",
            Self::System => "system",
            Self::Audit => "audit",
        }
    }

    const fn bit(self) -> u8 {
        match self {
            Self::Decision => 1,
            Self::Access => 2,
            Self::System => 4,
            Self::Audit => 8,
        }
    }
}

/// A set of streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Streams(u8);

impl Streams {
    /// No stream.
    pub const NONE: Self = Self(0);
    /// Every stream.
    pub const ALL: Self = Self(15);

    /// This set and `stream`.
    #[must_use]
    pub const fn with(self, stream: Stream) -> Self {
        Self(self.0 | stream.bit())
    }

    /// This set without `stream`.
    #[must_use]
    pub const fn without(self, stream: Stream) -> Self {
        Self(self.0 & !stream.bit())
    }

    /// Whether `stream` is in this set.
    #[must_use]
    pub const fn contains(self, stream: Stream) -> bool {
        self.0 & stream.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_what_was_put_in() {
        assert!(Stream::ALL.iter().all(|s| Streams::ALL.contains(*s)));
        assert!(!Stream::ALL.iter().any(|s| Streams::NONE.contains(*s)));
        let set = Streams::ALL.without(Stream::Access);
        assert!(!set.contains(Stream::Access) && set.contains(Stream::Audit));
        assert_eq!(set.with(Stream::Access), Streams::ALL);
    }
}

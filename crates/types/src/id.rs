//! Names for things.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use uuid::{Builder, Uuid};

use crate::Rng;

/// The id of one request: a UUID version 7 (RFC 9562), so that ids sort by time and a log can be
/// searched from the right end. It appears in `X-Request-Id`, every event and every refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

impl RequestId {
    /// The length of the rendered id in bytes.
    pub const TEXT_LEN: usize = 36;

    /// A new id for a request that arrived at `at`.
    #[must_use]
    pub fn new(at: Timestamp, rng: &dyn Rng) -> Self {
        let mut random = [0_u8; 10];
        rng.fill(&mut random);
        let millis = u64::try_from(at.as_millisecond()).unwrap_or(0);
        Self(Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }

    /// Renders the id into `buffer` without allocating.
    pub fn encode(self, buffer: &mut [u8; Self::TEXT_LEN]) -> &str {
        self.0.hyphenated().encode_lower(buffer)
    }

    /// The id as sixteen bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// The text is not a request id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ParseRequestIdError;

impl fmt::Display for ParseRequestIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "not a request id: expected 36 characters like 019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44",
        )
    }
}

impl std::error::Error for ParseRequestIdError {}

impl FromStr for RequestId {
    type Err = ParseRequestIdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != Self::TEXT_LEN {
            return Err(ParseRequestIdError);
        }
        Uuid::try_parse(text).map(Self).map_err(|_| ParseRequestIdError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SystemRng;

    #[test]
    fn an_id_survives_its_text() {
        let id = RequestId::new(Timestamp::UNIX_EPOCH, &SystemRng);
        assert_eq!(id.to_string().parse(), Ok(id));
        assert_eq!(id.encode(&mut [0; RequestId::TEXT_LEN]), id.to_string());
    }

    #[test]
    fn ids_sort_by_time() {
        let early = RequestId::new(Timestamp::from_millisecond(1_000).unwrap(), &SystemRng);
        let late = RequestId::new(Timestamp::from_millisecond(1_001).unwrap(), &SystemRng);
        assert!(early < late);
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["", "x", "019a9f2e3c417d109a520c8e5e3b7f44", &"g".repeat(36)] {
            assert_eq!(text.parse::<RequestId>(), Err(ParseRequestIdError), "{text}");
        }
    }
}

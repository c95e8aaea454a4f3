//! W3C Trace Context, level 1.

use http::{HeaderMap, HeaderName};
use mantlet_types::Rng;

/// The `traceparent` header.
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Where this exchange stands in a distributed trace: a caller's trace is continued when its
/// `traceparent` is well formed, else a new one begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceContext {
    trace: [u8; 16],
    span: [u8; 8],
    flags: u8,
}

impl TraceContext {
    /// Bytes of a `traceparent`.
    pub const TEXT_LEN: usize = 55;

    /// The trace that `headers` ask to continue, or a new one; our span is always new.
    #[must_use]
    pub fn accept(headers: &HeaderMap, rng: &dyn Rng) -> Self {
        let mut fresh = [0_u8; 24];
        rng.fill(&mut fresh);
        let (mut trace, mut span) = ([0; 16], [0; 8]);
        trace.copy_from_slice(fresh.first_chunk::<16>().unwrap_or(&[1; 16]));
        span.copy_from_slice(fresh.last_chunk::<8>().unwrap_or(&[1; 8]));
        let mut parents = headers.get_all(TRACEPARENT).iter();
        let parent = parents.next().filter(|_| parents.next().is_none());
        match parent.and_then(|value| Self::parse(value.as_bytes())) {
            Some(parent) => Self { trace: parent.trace, span, flags: parent.flags },
            None => Self { trace, span, flags: 0 },
        }
    }

    fn parse(value: &[u8]) -> Option<Self> {
        let mut fields = value.split(|byte| *byte == b'-');
        let (version, trace) = (fields.next()?, fields.next()?);
        let (span, flags) = (fields.next()?, fields.next()?);
        let [version] = hex::<1>(version)?;
        let (trace, span, [flags]) = (hex::<16>(trace)?, hex::<8>(span)?, hex::<1>(flags)?);
        let has_more = fields.next().is_some();
        let is_valid =
            version != 0xff && !(version == 0 && has_more) && trace != [0; 16] && span != [0; 8];
        // Only the "sampled" flag has a meaning that we may pass on.
        is_valid.then_some(Self { trace, span, flags: flags & 1 })
    }

    /// The header value for the next hop.
    #[must_use]
    pub fn encode(self) -> [u8; Self::TEXT_LEN] {
        let mut text = [b'-'; Self::TEXT_LEN];
        let mut rest = &mut text[..];
        for part in [&[0][..], &self.trace, &self.span, &[self.flags]] {
            let Some((digits, more)) = rest.split_at_mut_checked(part.len() * 2) else { break };
            write_hex(part, digits);
            // The dash that stands there.
            rest = more.get_mut(1..).unwrap_or_default();
        }
        text
    }

    /// The trace id as 32 lower-case hex digits.
    #[must_use]
    pub fn trace_id(self) -> String {
        let mut digits = [0; 32];
        write_hex(&self.trace, &mut digits);
        digits.map(char::from).iter().collect()
    }
}

fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    if text.len() != N * 2 {
        return None;
    }
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let [high, low] = pair else { return None };
        *byte = (digit(*high)? << 4) | digit(*low)?;
    }
    Some(out)
}

const fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

fn write_hex(bytes: &[u8], digits: &mut [u8]) {
    let digit = |nibble: u8| nibble + if nibble < 10 { b'0' } else { b'a' - 10 };
    for (byte, pair) in bytes.iter().zip(digits.chunks_exact_mut(2)) {
        if let [high, low] = pair {
            (*high, *low) = (digit(byte >> 4), digit(byte & 15));
        }
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use mantlet_types::SystemRng;

    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn accept(values: &[&'static str]) -> TraceContext {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(TRACEPARENT, HeaderValue::from_static(value));
        }
        TraceContext::accept(&headers, &SystemRng)
    }

    #[test]
    fn a_valid_trace_is_continued_with_a_new_span() {
        let context = accept(&[PARENT]);
        assert_eq!(context.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let text = String::from_utf8(context.encode().to_vec()).unwrap();
        assert!(text.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-") && text.ends_with("-01"));
        assert!(!text.contains("00f067aa0ba902b7"));
    }

    #[test]
    fn a_malformed_trace_is_replaced() {
        let zeros = "00-00000000000000000000000000000000-00f067aa0ba902b7-01";
        let upper = "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01";
        let long = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x";
        let version = "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        for values in [&[zeros][..], &[upper], &[long], &[version], &["", ""], &[PARENT, PARENT]] {
            let id = accept(values).trace_id();
            assert_ne!(id, "4bf92f3577b34da6a3ce929d0e0e4736", "{values:?}");
            assert_eq!(id.len(), 32);
        }
    }
}

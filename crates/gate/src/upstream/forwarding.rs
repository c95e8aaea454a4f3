//! What the application is told of a request: who asked and how, in our words only.
//!
//! They are written as they are sent, beside the table of headers: seven more entries in a table cost
//! more than the rest of a head.

use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};
use mantlet_types::RequestId;

use super::X_REQUEST_ID;
use crate::pipeline::{Exchange, TraceContext};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const X_REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Who asked, how, and for what. It stands in for every header of the names that it uses.
#[derive(Debug)]
pub(super) struct Forwarding {
    address: HeaderValue,
    scheme: &'static str,
    authority: HeaderValue,
    id: RequestId,
    trace: TraceContext,
}

impl Forwarding {
    /// What is said of this request.
    pub(super) fn of(exchange: &Exchange) -> Self {
        Self {
            address: exchange.client.address_text.clone(),
            scheme: exchange.client.scheme.as_str(),
            // The host that was decided on, whatever became of the field since.
            authority: exchange.authority.clone(),
            id: exchange.id,
            trace: exchange.trace,
        }
    }

    /// The host that is asked, with its port.
    pub(super) const fn authority(&self) -> &HeaderValue {
        &self.authority
    }

    /// Shows each field to `see`, `Host` first.
    fn each(&self, mut see: impl FnMut(&HeaderName, &[u8])) {
        see(&header::HOST, self.authority.as_bytes());
        see(&X_FORWARDED_FOR, self.address.as_bytes());
        see(&X_REAL_IP, self.address.as_bytes());
        see(&X_FORWARDED_PROTO, self.scheme.as_bytes());
        see(&X_FORWARDED_HOST, self.authority.as_bytes());
        see(&X_REQUEST_ID, self.id.encode(&mut [0; RequestId::TEXT_LEN]).as_bytes());
        see(&TRACEPARENT, &self.trace.encode());
    }

    /// Whether a header of this name is one of ours.
    pub(super) fn stands_for(name: &HeaderName) -> bool {
        // Few names begin as ours do: no comparison for the others.
        let name = name.as_str();
        matches!(name.as_bytes(), [b'h' | b't' | b'x', ..])
            && matches!(
                name,
                "host"
                    | "traceparent"
                    | "x-forwarded-for"
                    | "x-forwarded-host"
                    | "x-forwarded-proto"
                    | "x-real-ip"
                    | "x-request-id"
            )
    }

    /// Writes every field as a line of HTTP/1.1.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        self.each(|name, value| {
            for piece in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
                out.extend_from_slice(piece);
            }
        });
    }

    /// Puts every field into a table, in place of those of the same names.
    pub(super) fn insert_into(&self, headers: &mut HeaderMap) {
        self.each(|name, value| {
            // All of them are made of what a header may hold.
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.insert(name, value);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_say_the_same() {
        let forwarding = Forwarding::of(&crate::pipeline::sample::exchange());
        let mut headers = HeaderMap::new();
        forwarding.insert_into(&mut headers);
        assert_eq!(headers.len(), 7);
        let mut text = Vec::new();
        forwarding.write(&mut text);
        let text = String::from_utf8(text).unwrap();
        assert_eq!(text.lines().count(), 7);
        for (name, value) in &headers {
            assert!(text.contains(&format!("{name}: {}\r\n", value.to_str().unwrap())), "{name}");
            assert!(Forwarding::stands_for(name), "{name}");
        }
    }

    #[test]
    fn what_stands_for_nothing_stays() {
        for name in ["accept", "hosts", "x-forwarded-user", "tracestate", "x-request-ids"] {
            assert!(!Forwarding::stands_for(&HeaderName::from_static(name)), "{name}");
        }
    }
}

//! A header of either version, as a pure function over the bytes that have come so far.

use std::fmt;
use std::net::SocketAddr;

use super::{version_one, version_two};

/// What the first bytes of a connection say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Parsed {
    /// More bytes must come; no header can be complete with fewer than so many in all.
    Open(usize),
    /// A header of so many bytes.
    Whole(Header, usize),
}

/// Whose connection it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Header {
    /// It was passed on for this client.
    Proxied(SocketAddr),
    /// It is the balancer's own (a health check), or of a kind without addresses.
    Own,
}

/// Bytes that are no PROXY header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Invalid(pub(super) &'static str);

impl fmt::Display for Invalid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// Reads the header that `bytes` begin with.
pub(super) fn parse(bytes: &[u8]) -> Result<Parsed, Invalid> {
    if version_one::may_begin(bytes) {
        version_one::parse(bytes)
    } else if version_two::may_begin(bytes) {
        version_two::parse(bytes)
    } else {
        Err(Invalid("does not begin with a PROXY header"))
    }
}

/// What must hold for all bytes, for the fuzzer: a header is read the same however it comes in
/// pieces, and nothing behind it counts.
///
/// # Panics
/// When it does not hold.
pub(crate) fn fuzz(bytes: &[u8]) {
    let Ok(Parsed::Whole(header, length)) = parse(bytes) else { return };
    for split in 0..length {
        let open = parse(bytes.get(..split).unwrap_or_default());
        let is_open = matches!(open, Ok(Parsed::Open(least)) if split < least && least <= length);
        assert!(is_open, "{split} of {length}: {open:?}");
    }
    let alone = parse(bytes.get(..length).unwrap_or_default());
    assert_eq!(alone, Ok(Parsed::Whole(header, length)));
}

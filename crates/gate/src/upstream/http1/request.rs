//! The head of a request as bytes.

use http::{HeaderMap, HeaderName, header};

use crate::upstream::Outgoing;
use crate::upstream::forwarding::Forwarding;

/// Whether `target` may stand in a request line: no white space, no control bytes, no fragment.
pub(in crate::upstream) fn is_target(target: &str) -> bool {
    let is_fine = |byte: u8| byte > b' ' && byte != 0x7f && byte != b'#';
    target.starts_with('/') && target.bytes().fold(true, |all, byte| all & is_fine(byte))
}

/// Writes the head of a request to `out`: `Host` first, then what else we say of it, then every
/// other header as it is. `base` is the path that the server's address ends in.
pub(in crate::upstream) fn write_head(out: &mut Vec<u8>, base: &str, outgoing: &Outgoing) {
    for piece in [outgoing.method.as_str(), " ", base, &outgoing.target, " HTTP/1.1\r\n"] {
        out.extend_from_slice(piece.as_bytes());
    }
    match &outgoing.forwarding {
        Some(forwarding) => forwarding.write(out),
        None => write_host(out, &outgoing.headers),
    }
    let is_ours = |name: &HeaderName| match outgoing.forwarding {
        Some(_) => Forwarding::stands_for(name),
        None => name == header::HOST,
    };
    let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
    for (name, value) in &outgoing.headers {
        if is_ours(name) {
            continue;
        }
        put(name.as_str().as_bytes());
        put(b": ");
        put(value.as_bytes());
        put(b"\r\n");
    }
}

fn write_host(out: &mut Vec<u8>, headers: &HeaderMap) {
    if let Some(host) = headers.get(header::HOST) {
        for piece in [b"host: ", host.as_bytes(), b"\r\n"] {
            out.extend_from_slice(piece);
        }
    }
}

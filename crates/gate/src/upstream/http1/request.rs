//! The head of a request as bytes.

use http::{HeaderMap, Method, header};

/// Whether `target` may stand in a request line: no white space, no control bytes, no fragment.
pub(in crate::upstream) fn is_target(target: &str) -> bool {
    let is_fine = |byte: u8| byte > b' ' && byte != 0x7f && byte != b'#';
    target.starts_with('/') && target.bytes().fold(true, |all, byte| all & is_fine(byte))
}

/// Writes the head of a request to `out`: `Host` first, then every header as it is.
pub(in crate::upstream) fn write_head(
    out: &mut Vec<u8>,
    method: &Method,
    (base, target): (&str, &str),
    headers: &HeaderMap,
) {
    let mut put = |bytes: &[u8]| out.extend_from_slice(bytes);
    put(method.as_str().as_bytes());
    put(b" ");
    put(base.as_bytes());
    put(target.as_bytes());
    put(b" HTTP/1.1\r\n");
    if let Some(host) = headers.get(header::HOST) {
        put(b"host: ");
        put(host.as_bytes());
        put(b"\r\n");
    }
    for (name, value) in headers {
        if name == header::HOST {
            continue;
        }
        put(name.as_str().as_bytes());
        put(b": ");
        put(value.as_bytes());
        put(b"\r\n");
    }
}

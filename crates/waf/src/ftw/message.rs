//! Reads a request as the test server of the rule set does: Apache httpd in its strict mode.

/// A request that the server takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Message {
    pub(super) method: Vec<u8>,
    pub(super) target: Vec<u8>,
    pub(super) protocol: Vec<u8>,
    pub(super) headers: Vec<(Vec<u8>, Vec<u8>)>,
    pub(super) body: Vec<u8>,
}

/// How the server ends a request that it does not take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It answers 400.
    BadRequest,
    /// It closes the connection, or answers nothing that is HTTP.
    Closed,
}

impl Message {
    /// Reads a request.
    pub(super) fn read(raw: &[u8]) -> Result<Self, Refusal> {
        let end = memchr::memmem::find(raw, b"\r\n\r\n").ok_or(Refusal::BadRequest)?;
        let head = raw.get(..end).unwrap_or_default();
        let rest = raw.get(end + 4..).unwrap_or_default();
        let mut lines = split_lines(head).into_iter();
        let (method, target, protocol) = request_line(lines.next().unwrap_or_default())?;
        let mut headers = read_headers(lines)?;
        check_host(&headers, &protocol)?;
        let chunked = value(&headers, b"transfer-encoding")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"chunked"));
        if chunked {
            // A length beside chunks means nothing, and goes.
            headers.retain(|(name, _)| !name.eq_ignore_ascii_case(b"content-length"));
        }
        let body = if chunked { dechunk(rest)? } else { sized(rest, &headers)? };
        Ok(Self { method, target, protocol, headers, body })
    }
}

fn split_lines(head: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut rest = head;
    while let Some(end) = memchr::memmem::find(rest, b"\r\n") {
        lines.push(rest.get(..end).unwrap_or_default());
        rest = rest.get(end + 2..).unwrap_or_default();
    }
    lines.push(rest);
    lines
}

type RequestLine = (Vec<u8>, Vec<u8>, Vec<u8>);

fn request_line(line: &[u8]) -> Result<RequestLine, Refusal> {
    let mut parts = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target), Some(protocol), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Refusal::BadRequest);
    };
    if protocol.is_empty() {
        return Err(Refusal::Closed);
    }
    let is_token = !method.is_empty() && method.iter().all(|byte| is_token(*byte));
    if !is_token || !is_target(method, target) || !is_protocol(protocol) {
        return Err(Refusal::BadRequest);
    }
    Ok((method.to_vec(), target.to_vec(), protocol.to_vec()))
}

const fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// A path, an absolute URI, `*`, or for `CONNECT` a host with its port; never a fragment.
fn is_target(method: &[u8], target: &[u8]) -> bool {
    if target.contains(&b'#') || target.iter().any(u8::is_ascii_control) {
        return false;
    }
    if method == b"CONNECT" {
        let port = memchr::memrchr(b':', target).and_then(|colon| target.get(colon + 1..));
        return port.is_some_and(|port| !port.is_empty() && port.iter().all(u8::is_ascii_digit));
    }
    target.starts_with(b"/") || target == b"*" || memchr::memmem::find(target, b"://").is_some()
}

/// `HTTP/x` or `HTTP/x.y`, 1.0 and later.
fn is_protocol(protocol: &[u8]) -> bool {
    match protocol.strip_prefix(b"HTTP/") {
        Some([b'1'..=b'9']) => true,
        Some([b'1'..=b'9', b'.', minor]) => minor.is_ascii_digit(),
        _ => false,
    }
}

type Headers = Vec<(Vec<u8>, Vec<u8>)>;

/// Fields of one name are joined, as httpd joins them.
fn read_headers<'a>(lines: impl Iterator<Item = &'a [u8]>) -> Result<Headers, Refusal> {
    let mut headers: Headers = Vec::new();
    for line in lines {
        let colon = memchr::memchr(b':', line).ok_or(Refusal::BadRequest)?;
        let name = line.get(..colon).unwrap_or_default();
        let text = line.get(colon + 1..).unwrap_or_default().trim_ascii();
        let is_name = !name.is_empty() && name.iter().all(|byte| is_token(*byte));
        if !is_name || text.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')) {
            return Err(Refusal::BadRequest);
        }
        match headers.iter_mut().find(|(known, _)| known.eq_ignore_ascii_case(name)) {
            Some((_, known)) => {
                known.extend_from_slice(b", ");
                known.extend_from_slice(text);
            }
            None => headers.push((name.to_vec(), text.to_vec())),
        }
    }
    Ok(headers)
}

fn value<'a>(headers: &'a Headers, name: &[u8]) -> Option<&'a [u8]> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_slice())
}

/// A host has to be there since HTTP/1.1, and has to be one when it is.
fn check_host(headers: &Headers, protocol: &[u8]) -> Result<(), Refusal> {
    let host = value(headers, b"host").unwrap_or_default();
    let needed = protocol != b"HTTP/1.0";
    let valid = host
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]~!$&'()*+,;=".contains(byte));
    if (needed && host.is_empty() && value(headers, b"host").is_some()) || !valid {
        return Err(Refusal::BadRequest);
    }
    Ok(())
}

fn sized(rest: &[u8], headers: &Headers) -> Result<Vec<u8>, Refusal> {
    let Some(length) = value(headers, b"content-length") else { return Ok(Vec::new()) };
    if length.is_empty() || !length.iter().all(u8::is_ascii_digit) {
        return Err(Refusal::BadRequest);
    }
    let length =
        std::str::from_utf8(length).ok().and_then(|text| text.parse().ok()).unwrap_or(usize::MAX);
    Ok(rest.get(..length).unwrap_or(rest).to_vec())
}

fn dechunk(mut rest: &[u8]) -> Result<Vec<u8>, Refusal> {
    let mut body = Vec::new();
    loop {
        let end = memchr::memmem::find(rest, b"\r\n").ok_or(Refusal::BadRequest)?;
        let digits =
            rest.get(..end).and_then(|line| std::str::from_utf8(line).ok()).unwrap_or_default();
        let size = usize::from_str_radix(digits.trim(), 16).map_err(|_| Refusal::BadRequest)?;
        rest = rest.get(end + 2..).unwrap_or_default();
        if size == 0 {
            return Ok(body);
        }
        body.extend_from_slice(rest.get(..size).ok_or(Refusal::BadRequest)?);
        rest = rest.get(size + 2..).ok_or(Refusal::BadRequest)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_server_refuses_is_refused() {
        for raw in [
            " GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET /#f HTTP/1.1\r\nHost: a\r\n\r\n",
            "GET / HTTP/0.9\r\nHost: a\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a%00\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1x\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: a\r\nX: a\rb\r\n\r\n",
        ] {
            assert_eq!(Message::read(raw.as_bytes()), Err(Refusal::BadRequest), "{raw}");
        }
    }

    #[test]
    fn chunks_are_put_together_and_the_length_beside_them_goes() {
        let raw = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n";
        let message = Message::read(raw).unwrap();
        assert_eq!(message.body, b"abc");
        assert_eq!(message.headers.len(), 2);
    }
}

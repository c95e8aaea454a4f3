//! The chunked transfer coding (RFC 9112, section 7.1), as its receiver sees it.

use super::Headers;

/// What the bytes received so far amount to.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Chunked {
    /// The body goes on; these are its bytes so far.
    Partial(Vec<u8>),
    /// The body has ended.
    Done {
        /// Its bytes.
        body: Vec<u8>,
        /// The fields after it.
        trailers: Headers,
        /// How many bytes it took on the wire.
        used: usize,
    },
    /// This is not the chunked coding.
    Garbage,
}

/// Decodes what it can of `bytes`.
pub(crate) fn decode(bytes: &[u8]) -> Chunked {
    let (mut at, mut body) = (0, Vec::new());
    loop {
        let Some(line) = line_at(bytes, at) else {
            return Chunked::Partial(body);
        };
        let Some(size) = size(&bytes[at..line]) else {
            return Chunked::Garbage;
        };
        at = line + 2;
        if size == 0 {
            return trailers(bytes, at, body);
        }
        let available = bytes.len().saturating_sub(at).min(size);
        body.extend_from_slice(&bytes[at..at + available]);
        let Some(ending) = bytes.get(at + size..at + size + 2) else {
            return Chunked::Partial(body);
        };
        if ending != b"\r\n" {
            return Chunked::Garbage;
        }
        at += size + 2;
    }
}

fn trailers(bytes: &[u8], start: usize, body: Vec<u8>) -> Chunked {
    let mut at = start;
    while let Some(line) = line_at(bytes, at) {
        if line == at {
            return match Headers::parse(&bytes[start..line]) {
                Some(trailers) => Chunked::Done { body, trailers, used: line + 2 },
                None => Chunked::Garbage,
            };
        }
        at = line + 2;
    }
    Chunked::Partial(body)
}

/// Where the line that starts at `start` ends.
fn line_at(bytes: &[u8], start: usize) -> Option<usize> {
    let rest = bytes.get(start..)?;
    rest.windows(2).position(|pair| pair == b"\r\n").map(|length| start + length)
}

/// The size in a chunk's first line, extensions left aside; at most 1 GiB.
fn size(line: &[u8]) -> Option<usize> {
    let text = std::str::from_utf8(line).ok()?;
    let digits = text.split(';').next()?.trim_end();
    usize::from_str_radix(digits, 16).ok().filter(|size| *size <= 1 << 30)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_with_trailers_ends_where_it_ends() {
        let bytes = b"3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: 1\r\n\r\nrest";
        let Chunked::Done { body, trailers, used } = decode(bytes) else {
            panic!("not done");
        };
        assert_eq!((body.as_slice(), trailers.get("t")), (b"abcde".as_slice(), Some("1")));
        assert_eq!(&bytes[used..], b"rest");
    }

    #[test]
    fn every_start_of_a_body_is_partial() {
        let bytes = b"3\r\nabc\r\n0\r\n\r\n";
        for end in 0..bytes.len() {
            assert!(matches!(decode(&bytes[..end]), Chunked::Partial(_)), "{end}");
        }
    }

    #[test]
    fn other_bytes_are_garbage() {
        for bytes in ["x\r\n", "3\r\nabcde\r\n", "0\r\nno colon\r\n\r\n"] {
            assert_eq!(decode(bytes.as_bytes()), Chunked::Garbage, "{bytes}");
        }
    }
}

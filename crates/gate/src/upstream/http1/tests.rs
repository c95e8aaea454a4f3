use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use bytes::Bytes;
use http::{Method, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use proptest::prelude::*;
use tokio::task::coop::consume_budget;

use super::exchange::read_all;
use super::{Asked, Connection, Limits, exchange};
use crate::stages::body::BodyMemory;
use crate::upstream::stream::Stream;
use crate::upstream::{Rules, Upstream, UpstreamBody, UpstreamSection};

const LIMITS: Limits = Limits { head: 1024, header_count: 8 };

/// Status and body of an answer that arrives in pieces of every small size, and whole.
fn read(text: &str) -> Result<(u16, String, bool), &'static str> {
    let read = |size| {
        let read = read_all(text.as_bytes(), size, &LIMITS).map_err(|fault| fault.0)?;
        let (status, _, body, is_whole) = read.ok_or("open")?;
        Ok((status.as_u16(), String::from_utf8(body).unwrap(), is_whole))
    };
    let whole = read(text.len().max(1));
    for size in 1..8 {
        assert_eq!(read(size), whole, "{text:?} in pieces of {size}");
    }
    whole
}

#[test]
fn bodies_end_where_their_framing_says() {
    let many = "x: 1\r\n".repeat(7);
    for (text, expected) in [
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", (200, "ok", true)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no", (200, "o", false)),
        ("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", (200, "", true)),
        ("HTTP/1.1 299 \r\ncontent-length:\t3 \r\n\r\nabcdef", (299, "abc", true)),
        ("HTTP/1.0 404 Not Found\r\n\r\nto the end", (404, "to the end", true)),
        ("HTTP/1.1 204 No Content\r\n\r\nnot a body", (204, "", true)),
        ("HTTP/1.1 304 \u{fc}\r\nContent-Length: 7\r\n\r\n", (304, "", true)),
        (
            "HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx",
            (200, "x", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n",
            (200, "abc0123456789", true),
        ),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=b\r\nx\r\n0 \r\nT: 1\r\nU: 2\r\n\r\n",
            (200, "x", true),
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", (200, "ab", false)),
        (&format!("HTTP/1.1 200 OK\r\n{many}Content-Length: 1\r\n\r\n1"), (200, "1", true)),
    ] {
        let (status, body, is_whole) = expected;
        assert_eq!(read(text), Ok((status, body.to_owned(), is_whole)), "{text:?}");
    }
}

#[test]
fn chunks_that_are_padded_are_no_flood() {
    let padded = "5         \r\nhello\r\n".repeat(5000);
    let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{padded}0\r\n\r\n");
    let (_, _, body, is_whole) = read_all(text.as_bytes(), 1000, &LIMITS).unwrap().unwrap();
    assert!(is_whole && body == "hello".repeat(5000).into_bytes());
    let swollen = format!("1;{}\r\nx\r\n", "x".repeat(200)).repeat(500);
    let text = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{swollen}0\r\n\r\n");
    assert!(read_all(text.as_bytes(), 1000, &LIMITS).is_err());
}

#[tokio::test]
async fn a_body_of_which_nothing_went_out_is_given_back_whole() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let stream = std::net::TcpStream::connect(server).unwrap();
    drop(listener.accept().await.unwrap());
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    stream.set_nonblocking(true).unwrap();
    let stream = Stream::Tcp(tokio::net::TcpStream::from_std(stream).unwrap());
    let rules = Arc::new(Rules::new(&UpstreamSection::default()));
    let address = format!("http://{server}").parse().unwrap();
    let upstream = Upstream::new(&address, Arc::clone(&rules), None, 1);
    let connection = Connection::new(stream, Some(server), upstream.open().unwrap());
    let mut share = BodyMemory::new(100).share();
    assert!(share.grow(4));
    let asked = Asked {
        method: &Method::POST,
        body: UpstreamBody::held(Bytes::from_static(b"body"), share),
        signs_in: false,
        limits: LIMITS,
        answer_within: rules.response_timeout,
        pause: rules.idle_timeout,
    };
    let failure = exchange(connection, asked).await.unwrap_err();
    let body = failure.unsent.unwrap();
    assert!(failure.is_gone && !body.is_empty() && !body.is_end_stream());
    assert_eq!(body.size_hint().exact(), Some(4));
    assert_eq!(body.collect().await.unwrap().to_bytes(), "body");
}

#[tokio::test]
async fn a_closed_connection_is_seen_however_much_its_task_has_done() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let server = listener.local_addr().unwrap();
    let stream = tokio::net::TcpStream::connect(server).await.unwrap();
    drop(listener.accept().await.unwrap());
    stream.readable().await.unwrap();
    let rules = Arc::new(Rules::new(&UpstreamSection::default()));
    let address = format!("http://{server}").parse().unwrap();
    let upstream = Upstream::new(&address, rules, None, 1);
    let stream = Stream::Tcp(stream);
    let mut connection = Connection::new(stream, Some(server), upstream.open().unwrap());
    // From here to the end in one turn: with the next one there would be more to spend.
    let mut cx = Context::from_waker(Waker::noop());
    assert!((0..1000).any(|_| pin!(consume_budget()).poll(&mut cx).is_pending()));
    assert!(!connection.is_quiet());
}

#[test]
fn what_could_be_read_in_two_ways_is_no_answer() {
    let (many, long) = ("x: 1\r\n".repeat(9), "x".repeat(1024));
    let flood = "HTTP/1.1 100 Continue\r\n\r\n".repeat(17);
    let huge = format!("1;{}\r\nx\r\n0\r\n\r\n", "x".repeat(17_000));
    for (head, body, expected) in [
        ("HTTP/1.1 200 OK\nContent-Length: 1\r\n\r\n", "x", "CRLF"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\n\r\n", "x", "CRLF"),
        ("\r\nHTTP/1.1 200 OK\r\n\r\n", "", "empty line"),
        ("HTTP/2.0 200 OK\r\n\r\n", "", "status line"),
        ("HTTP/1.1  200 OK\r\n\r\n", "", "number"),
        ("HTTP/1.1 20 OK\r\n\r\n", "", "number"),
        ("HTTP/1.1 2000\r\n\r\n", "", "oddly"),
        ("HTTP/1.1 099 OK\r\n\r\n", "", "number"),
        ("HTTP/1.1 200 O\u{1}K\r\n\r\n", "", "oddly"),
        ("HTTP/1.1 200 OK\r\n Folded: 1\r\n\r\n", "", "name"),
        ("HTTP/1.1 200 OK\r\nA: 1\r\n b\r\n\r\n", "", "colon"),
        ("HTTP/1.1 200 OK\r\nA: 1\r\n b: 2\r\n\r\n", "", "name"),
        ("HTTP/1.1 200 OK\r\nA : 1\r\n\r\n", "", "name"),
        ("HTTP/1.1 200 OK\r\n: 1\r\n\r\n", "", "name"),
        ("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n", "", "colon"),
        ("HTTP/1.1 200 OK\r\nA: \u{0}\r\n\r\n", "", "value"),
        ("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n", "", "value"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "ab", "one length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "a", "one length"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1, 1\r\n\r\n", "a", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\n", "a", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n", "a", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551616\r\n\r\n", "a", "no number"),
        ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "a", "both"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", "", "coding"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n", "", "coding"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "",
            "coding",
        ),
        ("HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "", "HTTP/1.0"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "\r\n", "without a size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "-1\r\n", "without a size"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\nx", "does not end"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nxx\r\n", "does not end"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "1\r\nx\n0\r\n", "does not end"),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            "00000000000000001\r\n",
            "too long",
        ),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\nA\u{0}: b\r\n", "end"),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", &huge, "extensions"),
        (&format!("HTTP/1.1 200 OK\r\n{many}\r\n"), "", "header_count"),
        (&format!("HTTP/1.1 200 OK\r\nX: {long}\r\n\r\n"), "", "head_limit"),
        (&flood, "", "informational"),
        ("HTTP/1.1 200 OK\r\nContent-Le", "", "open"),
        ("", "", "open"),
    ] {
        let text = format!("{head}{body}");
        let fault = read(&text).expect_err(&text);
        assert!(fault.contains(expected), "{text:?}: {fault}");
    }
}

/// An answer as it is meant, and as it is written.
#[derive(Debug, Clone)]
struct Meant {
    status: u16,
    fields: Vec<(String, String)>,
    chunks: Vec<Vec<u8>>,
    is_chunked: bool,
}

impl Meant {
    fn written(&self) -> Vec<u8> {
        let mut bytes = format!("HTTP/1.1 {} Meant\r\n", self.status).into_bytes();
        for (name, value) in &self.fields {
            bytes.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        if !self.is_chunked {
            let body = self.chunks.concat();
            bytes.extend_from_slice(format!("Content-Length: {}\r\n\r\n", body.len()).as_bytes());
            bytes.extend_from_slice(&body);
            return bytes;
        }
        bytes.extend_from_slice(b"Transfer-Encoding: chunked\r\n\r\n");
        for chunk in &self.chunks {
            bytes.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
            bytes.extend_from_slice(chunk);
            bytes.extend_from_slice(b"\r\n");
        }
        bytes.extend_from_slice(b"0\r\n\r\n");
        bytes
    }
}

fn meant() -> impl Strategy<Value = Meant> {
    let field = ("X-[A-Za-z0-9-]{1,12}", "[!-~]([ -~]{0,20}[!-~])?");
    let chunk = prop::collection::vec(any::<u8>(), 1..40);
    (
        200_u16..600,
        prop::collection::vec(field, 0..6),
        prop::collection::vec(chunk, 0..5),
        any::<bool>(),
    )
        .prop_filter("204 and 304 have no body", |(status, ..)| !matches!(status, 204 | 304))
        .prop_map(|(status, fields, chunks, is_chunked)| Meant {
            status,
            fields,
            chunks,
            is_chunked,
        })
}

/// The status of a head, and its names with values.
type Fields = (u16, Vec<(String, Vec<u8>)>);

/// What httparse makes of a head: status, and names with values.
fn reference(bytes: &[u8]) -> Option<Fields> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    response.parse(bytes).ok().filter(httparse::Status::is_complete)?;
    let fields = response
        .headers
        .iter()
        .map(|field| (field.name.to_ascii_lowercase(), field.value.trim_ascii().to_vec()));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    Some((response.code?, fields))
}

fn ours(bytes: &[u8]) -> Option<Fields> {
    let (status, headers, ..) = read_all(bytes, bytes.len().max(1), &LIMITS).ok()??;
    let fields = headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let mut fields: Vec<_> = fields.collect();
    fields.sort();
    Some((status.as_u16(), fields))
}

proptest! {
    #[test]
    fn what_was_meant_is_what_is_read(meant in meant(), size in 1_usize..60) {
        let read = read_all(&meant.written(), size, &LIMITS).unwrap().unwrap();
        prop_assert_eq!(read.0, StatusCode::from_u16(meant.status).unwrap());
        prop_assert_eq!(read.1.len(), meant.fields.len() + 1);
        prop_assert_eq!((read.2, read.3), (meant.chunks.concat(), true));
        let written = meant.written();
        prop_assert_eq!(ours(&written), reference(&written));
    }

    #[test]
    fn a_head_that_is_accepted_means_to_others_what_it_means_to_us(
        meant in meant(),
        place in any::<prop::sample::Index>(),
        byte in prop_oneof![any::<u8>(), Just(b'\r'), Just(b'\n'), Just(b':'), Just(b' ')],
        is_inserted in any::<bool>(),
    ) {
        let mut bytes = meant.written();
        let at = place.index(bytes.len());
        if is_inserted { bytes.insert(at, byte) } else { bytes[at] = byte }
        if let Some(read) = ours(&bytes) {
            prop_assert_eq!(Some(read), reference(&bytes), "{:?}", String::from_utf8_lossy(&bytes));
        }
        super::fuzz(&bytes);
    }

    #[test]
    fn any_bytes_mean_the_same_in_any_pieces(bytes in any::<Vec<u8>>()) {
        super::fuzz(&bytes);
    }
}

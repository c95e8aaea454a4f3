//! How the fake upstream answers.

use std::time::Duration;

/// What the fake upstream does with a request once it has read it.
#[derive(Debug, Clone)]
pub enum Answer {
    /// A response with `Content-Length`.
    Full {
        /// The status code.
        status: u16,
        /// Further header fields.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// A response in chunks, flushed one by one; also for event streams.
    Chunked {
        /// The status code.
        status: u16,
        /// Further header fields.
        headers: Vec<(String, String)>,
        /// The chunks; empty ones are not sent.
        chunks: Vec<Vec<u8>>,
        /// The wait before each chunk but the first.
        pause: Duration,
        /// The fields after the body.
        trailers: Vec<(String, String)>,
    },
    /// These bytes, then the connection is closed.
    Raw(Vec<u8>),
    /// Nothing: the connection stays open until the other side ends it.
    Silence,
    /// Nothing: the connection is closed.
    Hangup,
    /// 200 with a JSON object: `method`, `target`, `headers` (a list of pairs), `body`.
    Echo,
    /// 101 to a WebSocket; every message goes back as it came, pings are answered, a close frame
    /// too. The request's body is the frames as they came.
    WebSocketEcho,
    /// As that, with further header fields in the handshake and these bytes after it.
    WebSocket {
        /// Further header fields.
        headers: Vec<(String, String)>,
        /// What is sent first.
        first: Vec<u8>,
    },
    /// First these bytes (informational responses), then, after the wait, the answer.
    After(Vec<u8>, Duration, Box<Self>),
}

impl Answer {
    /// 200 with a plain text.
    #[must_use]
    pub fn ok(text: &str) -> Self {
        Self::of(200, "text/plain; charset=utf-8", text)
    }

    /// 200 with a page.
    #[must_use]
    pub fn html(text: &str) -> Self {
        Self::of(200, "text/html; charset=utf-8", text)
    }

    /// 200 with a JSON text.
    #[must_use]
    pub fn json(text: &str) -> Self {
        Self::of(200, "application/json", text)
    }

    /// An empty response.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Full { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A response with a body of this media type.
    #[must_use]
    pub fn of(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        Self::Full { status, headers, body: body.into() }
    }

    /// 200 in these chunks, `pause` apart.
    #[must_use]
    pub fn chunked(chunks: &[&str], pause: Duration) -> Self {
        Self::in_chunks("text/plain; charset=utf-8", chunks.iter().map(|c| (*c).into()), pause)
    }

    /// 200 with an event stream: each text is the data of one event, `pause` apart.
    #[must_use]
    pub fn events(data: &[&str], pause: Duration) -> Self {
        let chunks = data.iter().map(|text| format!("data: {text}\n\n").into_bytes());
        Self::in_chunks("text/event-stream", chunks, pause)
    }

    fn in_chunks(media_type: &str, chunks: impl Iterator<Item = Vec<u8>>, pause: Duration) -> Self {
        let headers = vec![("Content-Type".to_owned(), media_type.to_owned())];
        Self::Chunked {
            status: 200,
            headers,
            chunks: chunks.collect(),
            pause,
            trailers: Vec::new(),
        }
    }

    /// 200 that announces `announced` bytes, sends `sent` and closes the connection.
    #[must_use]
    pub fn cut_short(announced: usize, sent: &str) -> Self {
        Self::Raw(format!("HTTP/1.1 200 OK\r\nContent-Length: {announced}\r\n\r\n{sent}").into())
    }

    /// Bytes that are no HTTP.
    #[must_use]
    pub fn garbage() -> Self {
        Self::Raw(b"\x00\x01 this is not HTTP\r\n\r\n".to_vec())
    }

    /// This answer after `103 Early Hints`.
    #[must_use]
    pub fn after_early_hints(self) -> Self {
        let hints = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n".to_vec();
        Self::After(hints, Duration::ZERO, Box::new(self))
    }

    /// This answer after a wait.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self::After(Vec::new(), wait, Box::new(self))
    }

    /// This answer with one more header field, where it has any.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.add_header(name, value);
        self
    }

    fn add_header(&mut self, name: &str, value: &str) {
        match self {
            Self::Full { headers, .. } | Self::Chunked { headers, .. } => {
                headers.push((name.to_owned(), value.to_owned()));
            }
            Self::After(_, _, then) => then.add_header(name, value),
            _ => {}
        }
    }
}

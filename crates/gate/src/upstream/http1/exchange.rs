//! One request out and the head of its answer in, both at the same time: an application may answer
//! before it has read all, and must not be kept from that.

use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use http::{HeaderMap, Method, StatusCode};

use super::connection::Connection;
use super::fault::Fault;
use super::framing::{Framing, Piece};
use super::head::{self, Head, parse};
use super::{Limits, Streaming};
use crate::edge::wire::{HeadEnd, Kind, find_head_end};
use crate::http1::{Length, SendError, Sending, intake};
use crate::upstream::stream::RawStream;
use crate::upstream::{BodyError, UpstreamBody, UpstreamError};

/// Most informational answers before the one that counts.
const MAX_INTERIM: u8 = 16;

/// A request whose head has been written to the buffer of its connection.
#[derive(Debug)]
pub(in crate::upstream) struct Asked<'a> {
    pub(in crate::upstream) method: &'a Method,
    pub(in crate::upstream) body: UpstreamBody,
    /// Whether it may sign the connection in, which is not used again then.
    pub(in crate::upstream) signs_in: bool,
    pub(in crate::upstream) limits: Limits,
    /// How long nothing may happen until the answer begins.
    pub(in crate::upstream) answer_within: Duration,
    /// How long nothing may happen inside the answer.
    pub(in crate::upstream) pause: Duration,
}

/// What came back.
#[derive(Debug)]
pub(in crate::upstream) struct Answer {
    pub(in crate::upstream) status: StatusCode,
    pub(in crate::upstream) headers: HeaderMap,
    pub(in crate::upstream) body: Body,
}

/// What follows the head.
#[derive(Debug)]
pub(in crate::upstream) enum Body {
    /// All of it has come; with the connection, where it can be used again.
    Whole(bytes::Bytes, Option<Box<Connection>>),
    /// It is still coming.
    Coming(Box<Streaming>),
    /// No HTTP any more.
    Raw(RawStream),
}

/// An exchange that failed before there was an answer.
#[derive(Debug)]
pub(in crate::upstream) struct Failure {
    pub(in crate::upstream) error: UpstreamError,
    /// Whether the connection was gone before a byte of an answer came.
    pub(in crate::upstream) is_gone: bool,
    /// The body, when not a byte of the request was written.
    pub(in crate::upstream) unsent: Option<Box<UpstreamBody>>,
}

/// Sends the request and waits for the head of its answer.
pub(in crate::upstream) async fn exchange(
    mut connection: Box<Connection>,
    asked: Asked<'_>,
) -> Result<Answer, Failure> {
    let length = length_of(&asked);
    let head = std::mem::take(&mut connection.head);
    let mut sending = Some(Sending::new(head, asked.body, length));
    let mut reading = Reading { limits: asked.limits, searched: 0, interim: 0 };
    connection.moved();
    let within = asked.answer_within;
    let waited =
        poll_fn(|cx| poll_head(&mut connection, &mut sending, &mut reading, within, cx)).await;
    // The time inside the answer counts from here.
    connection.moved();
    match waited {
        Ok(mut head) => {
            head.is_last |= asked.signs_in;
            answer(connection, sending, head, *asked.method == Method::HEAD, asked.pause)
        }
        Err(Ended::At(is_gone, error)) => {
            let untouched = sending.filter(|sending| is_gone && sending.total() == 0);
            let unsent = untouched.map(|sending| {
                let (mut body, piece) = sending.into_body();
                body.put_back(piece);
                Box::new(body)
            });
            Err(Failure { error, is_gone, unsent })
        }
    }
}

fn length_of(asked: &Asked<'_>) -> Length {
    use http_body::Body as _;
    if asked.body.is_empty() {
        let may_expect = matches!(*asked.method, Method::POST | Method::PUT | Method::PATCH);
        return if may_expect { Length::Known(0) } else { Length::Said };
    }
    asked.body.size_hint().exact().map_or(Length::Unknown, Length::Known)
}

/// How an exchange ended without an answer: whether the connection is gone, and the error.
enum Ended {
    At(bool, UpstreamError),
}

impl Ended {
    fn invalid(fault: impl std::fmt::Display) -> Self {
        Self::At(false, UpstreamError::Invalid(fault.to_string()))
    }
}

fn poll_head(
    connection: &mut Connection,
    sending: &mut Option<Sending<UpstreamBody>>,
    reading: &mut Reading,
    within: Duration,
    cx: &mut Context<'_>,
) -> Poll<Result<Head, Ended>> {
    let mut broken = None;
    if let Some(request) = sending {
        match poll_send(connection, request, cx) {
            Poll::Ready(Ok(())) => {
                connection.head = sending.take().map(Sending::into_head).unwrap_or_default();
                connection.head.clear();
            }
            Poll::Ready(Err(SendError::Body(error))) => {
                return Poll::Ready(Err(Ended::invalid(error)));
            }
            // What the application has said before it closed is still there to be read.
            Poll::Ready(Err(SendError::Connection(error))) => broken = Some(error),
            Poll::Pending => {}
        }
    }
    loop {
        let before = reading.interim;
        if let Some(head) = reading.look(&mut connection.input).map_err(Ended::invalid)? {
            return Poll::Ready(Ok(head));
        }
        // Only what is complete shows that the application goes on: a head may not trickle.
        if reading.interim != before {
            connection.moved();
        }
        match connection.poll_fill(cx) {
            Poll::Ready(Ok(1..)) => {}
            Poll::Ready(end) => {
                let is_gone = connection.input.is_empty() && reading.interim == 0;
                return Poll::Ready(Err(Ended::At(is_gone, closed(end.err().or(broken), is_gone))));
            }
            Poll::Pending => match broken {
                Some(error) => {
                    let is_gone = connection.input.is_empty() && reading.interim == 0;
                    return Poll::Ready(Err(Ended::At(is_gone, closed(Some(error), is_gone))));
                }
                None if connection.poll_quiet(cx, within).is_ready() => {
                    return Poll::Ready(Err(Ended::At(false, UpstreamError::Timeout("answer"))));
                }
                None => return Poll::Pending,
            },
        }
    }
}

/// Writes on, and notes that something went out.
pub(super) fn poll_send(
    connection: &mut Connection,
    sending: &mut Sending<UpstreamBody>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), SendError>> {
    let before = sending.total();
    let polled = sending.poll(&mut connection.stream, cx);
    if sending.total() != before {
        connection.moved();
    }
    polled
}

fn closed(error: Option<io::Error>, is_gone: bool) -> UpstreamError {
    let place = if is_gone { "before its answer" } else { "inside the head of its answer" };
    UpstreamError::Invalid(match error {
        Some(error) => format!("closed {place}: {error}"),
        None => format!("closed {place}"),
    })
}

/// The answer of a head, with what follows it.
fn answer(
    mut connection: Box<Connection>,
    sending: Option<Sending<UpstreamBody>>,
    head: Head,
    is_head: bool,
    pause: Duration,
) -> Result<Answer, Failure> {
    let failed = |fault: Fault| Failure {
        error: UpstreamError::Invalid(fault.to_string()),
        is_gone: false,
        unsent: None,
    };
    let Head { status, headers, announced, is_last } = head;
    let answer = |body| Ok(Answer { status, headers, body });
    if status == StatusCode::SWITCHING_PROTOCOLS {
        return answer(Body::Raw(connection.into_raw()));
    }
    let mut framing = announced.framing(status).map_err(failed)?;
    let is_bodiless = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if (is_head && !announced.is_nothing()) || (is_bodiless && announced.is_something()) {
        // A body that was announced and must not come may come all the same, however late: the next
        // client would take it for its own answer. This connection is not used again.
        return answer(Body::Whole(bytes::Bytes::new(), None));
    }
    let is_reusable = !is_last && sending.is_none();
    let first = match framing.left() {
        Some(length) if length <= connection.input.len() as u64 => {
            framing.next(&mut connection.input).map_err(failed)?
        }
        _ => {
            let state = Streaming::new(connection, sending, framing, is_reusable, pause);
            return answer(Body::Coming(Box::new(state)));
        }
    };
    let whole = if let Piece::Data(data) = first { data } else { bytes::Bytes::new() };
    let kept = is_reusable.then_some(connection);
    answer(Body::Whole(whole, kept))
}

/// The head of an answer that is being read.
#[derive(Debug)]
struct Reading {
    limits: Limits,
    /// The search for the end of the head goes on here.
    searched: usize,
    interim: u8,
}

impl Reading {
    /// Takes the head off `input` once it is complete; informational ones are passed over.
    fn look(&mut self, input: &mut BytesMut) -> Result<Option<Head>, Fault> {
        while !input.is_empty() {
            if !head::may_begin(input) {
                return Err(head::NO_STATUS_LINE);
            }
            let end = match find_head_end(input, self.searched, self.limits.head) {
                Ok(HeadEnd::At(end)) => end,
                Ok(HeadEnd::Open(searched)) => {
                    self.searched = searched;
                    return Ok(None);
                }
                Ok(HeadEnd::EmptyLine) => return Err(Fault("an empty line before the head")),
                Err(Kind::BareLineFeed) => {
                    return Err(Fault("a line that does not end in CRLF"));
                }
                Err(_) => return Err(Fault("a head longer than `[upstream] head_limit`")),
            };
            self.searched = 0;
            let head = parse(&intake::split_head(input, end), &self.limits)?;
            if !head.status.is_informational() || head.status == StatusCode::SWITCHING_PROTOCOLS {
                return Ok(Some(head));
            }
            self.interim = self.interim.saturating_add(1);
            if self.interim > MAX_INTERIM {
                return Err(Fault("too many informational answers"));
            }
        }
        Ok(None)
    }
}

/// An answer that was read: status, headers, body, and whether that is all of it.
pub(super) type Read = (StatusCode, HeaderMap, Vec<u8>, bool);

/// What an answer comes to that arrives in pieces of `size` bytes; `None` when its head is not
/// complete. For the fuzzer and for tests.
pub(super) fn read_all(data: &[u8], size: usize, limits: &Limits) -> Result<Option<Read>, Fault> {
    let mut reading = Reading { limits: *limits, searched: 0, interim: 0 };
    let (mut input, mut pieces) = (BytesMut::new(), data.chunks(size));
    let head = loop {
        if let Some(head) = reading.look(&mut input)? {
            break head;
        }
        let Some(piece) = pieces.next() else { return Ok(None) };
        input.extend_from_slice(piece);
    };
    let (mut framing, mut body) = (head.announced.framing(head.status)?, Vec::new());
    loop {
        match framing.next(&mut input)? {
            Piece::Data(data) => body.extend_from_slice(&data),
            Piece::End => return Ok(Some((head.status, head.headers, body, true))),
            Piece::More => {
                let Some(piece) = pieces.next() else {
                    let is_whole = matches!(framing, Framing::UntilClose);
                    return Ok(Some((head.status, head.headers, body, is_whole)));
                };
                input.extend_from_slice(piece);
            }
        }
    }
}

/// A body that broke off, in the words of whoever waits for it.
pub(super) fn broke_off(why: impl std::fmt::Display) -> BodyError {
    BodyError(format!("the answer broke off: {why}"))
}

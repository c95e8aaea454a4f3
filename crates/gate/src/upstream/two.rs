//! HTTP/2 towards the application: one connection of a worker carries many requests.

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use http::header::{HOST, TE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use mantlet_event::{Events, task};

use super::server::Open;
use super::stream::Stream;
use super::{BodyWatch, Outgoing, Upstream, UpstreamBody, UpstreamError};
use crate::pipeline::declares_grpc;

/// The time for an answer is counted in this many ticks.
const ANSWER_TICKS: u32 = 4;

/// How often a connection in use is asked whether the other side is there, and how long that may
/// take.
const PING: (Duration, Duration) = (Duration::from_secs(30), Duration::from_secs(20));

/// How much of one answer may wait for a client that reads slowly, in bytes.
const STREAM_WINDOW: u32 = 64 * 1024;

/// The connection's own window is as large as can be: what waits is bounded by the streams, and one
/// client that does not read must not hold up the others.
const CONNECTION_WINDOW: u32 = 0x7fff_ffff;

/// A connection on which requests can be sent, as many at a time as the server allows.
pub(super) type Sender = SendRequest<UpstreamBody>;

/// Begins HTTP/2 on a new connection, which its own task drives until it ends.
pub(super) async fn begin(
    stream: Stream,
    open: Open,
    upstream: &Upstream,
    events: &Events,
) -> Result<Sender, UpstreamError> {
    let header_list = u32::try_from(upstream.rules.head_limit).unwrap_or(u32::MAX);
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(header_list)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .keep_alive_interval(PING.0)
        .keep_alive_timeout(PING.1)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|error| UpstreamError::Invalid(describe(&error)))?;
    task::spawn(events, "upstream connection", async move {
        // How it ended is reported by whoever waits for an answer on it.
        let _ = connection.await;
        drop(open);
    });
    Ok(sender)
}

/// A request that failed.
pub(super) struct Failure {
    pub(super) error: UpstreamError,
    /// The body, when the server has done nothing with the request.
    pub(super) unsent: Option<Box<UpstreamBody>>,
    pub(super) cause: Cause,
}

/// What a failure says about the connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    /// It was closed before the request could be sent on it.
    Closed,
    /// The server takes no more requests on it, and has not looked at this one: a `GOAWAY` that
    /// leaves it out (RFC 9113 section 6.8).
    Leaving,
    /// The server has refused the request unseen: `REFUSED_STREAM` (RFC 9113 section 8.7).
    Refused,
    /// Anything else: the server may have acted on the request.
    Other,
}

impl Cause {
    fn of(error: &hyper::Error, is_unsent: bool) -> Self {
        let cause = std::error::Error::source(error);
        match cause.and_then(|cause| cause.downcast_ref::<h2::Error>()) {
            _ if is_unsent => Self::Closed,
            Some(error) if error.is_remote() && error.is_go_away() => Self::Leaving,
            Some(error)
                if error.is_remote() && error.reason() == Some(h2::Reason::REFUSED_STREAM) =>
            {
                Self::Refused
            }
            _ => Self::Other,
        }
    }
}

/// Sends a request and waits for the head of its answer.
pub(super) async fn exchange(
    sender: &mut Sender,
    upstream: &Upstream,
    outgoing: &Outgoing,
    body: UpstreamBody,
) -> Result<Response<Incoming>, Failure> {
    let failed = |error| Failure { error, unsent: None, cause: Cause::Other };
    let invalid = || failed(UpstreamError::Invalid("no request target".into()));
    let uri = uri(upstream, outgoing).ok_or_else(invalid)?;
    let (watch, copy) = (body.watch(), body.copy());
    let mut request = Request::new(body);
    *request.method_mut() = outgoing.method.clone();
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = outgoing.headers.clone();
    if let Some(forwarding) = &outgoing.forwarding {
        forwarding.insert_into(request.headers_mut());
    }
    // The authority says it.
    request.headers_mut().remove(HOST);
    request.headers_mut().remove(TE);
    if declares_grpc(request.headers()) {
        // Its servers refuse clients that would not get the status behind the messages.
        request.headers_mut().insert(TE, HeaderValue::from_static("trailers"));
    }
    match in_time(upstream.rules.response_timeout, &watch, sender.try_send_request(request)).await {
        Some(Ok(response)) if response.headers().len() > upstream.rules.header_count => {
            let why = "more header lines than `[upstream] header_count` allows";
            Err(failed(UpstreamError::Invalid(why.into())))
        }
        Some(Ok(response)) => Ok(response),
        Some(Err(mut error)) => {
            let unsent = error.take_message().map(Request::into_body);
            let cause = Cause::of(error.error(), unsent.is_some());
            let unseen = if cause == Cause::Other { None } else { unsent.or(copy) };
            let error = watch.explain(UpstreamError::Invalid(describe(error.error())));
            Err(Failure { error, unsent: unseen.map(Box::new), cause })
        }
        None => Err(failed(UpstreamError::Timeout("answer"))),
    }
}

fn uri(upstream: &Upstream, outgoing: &Outgoing) -> Option<Uri> {
    let authority = Authority::try_from(outgoing.authority()?.as_bytes()).ok()?;
    let target = format!("{}{}", upstream.address.base(), outgoing.target);
    let scheme = if upstream.address.is_tls() { Scheme::HTTPS } else { Scheme::HTTP };
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = Some(PathAndQuery::try_from(target).ok()?);
    Uri::from_parts(parts).ok()
}

/// What `answer` comes to, unless it takes longer than `limit` from the last time that the request
/// body went on: a long upload is no slow application. To within a quarter of that time.
async fn in_time<T>(
    limit: Duration,
    watch: &BodyWatch,
    answer: impl Future<Output = T>,
) -> Option<T> {
    let mut answer = pin!(answer);
    let (mut quiet_ticks, mut sent) = (0, watch.bytes());
    while quiet_ticks < ANSWER_TICKS {
        if let Ok(answer) = tokio::time::timeout(limit / ANSWER_TICKS, answer.as_mut()).await {
            return Some(answer);
        }
        quiet_ticks = if sent == watch.bytes() { quiet_ticks.saturating_add(1) } else { 0 };
        sent = watch.bytes();
    }
    None
}

fn describe(error: &hyper::Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

//! A body that comes over HTTP/2, from either side.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;

use super::BodyError;

/// The next frame; `None` at the end, which the other side has said itself.
///
/// The library takes a reset with `NO_ERROR` for an end, wherever it comes (RFC 9113 section 8.1
/// allows it behind a whole body alone): half a body would pass for a whole one.
pub(crate) fn poll_two(
    body: &mut Incoming,
    cx: &mut Context<'_>,
) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
    let frame = ready!(Pin::new(&mut *body).poll_frame(cx));
    Poll::Ready(match frame {
        None if !body.is_end_stream() => Some(Err(BodyError("reset before its end".into()))),
        frame => frame.map(|frame| frame.map_err(|error| BodyError(error.to_string()))),
    })
}

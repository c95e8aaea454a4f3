//! A request body on its way in, read from the connection by whoever passes it on.

use std::fmt;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;

use crate::http1::Pipe;
use crate::upstream::BodyError;

/// Where the bytes of a body come from: the connection, shared with whoever writes the answer.
pub(super) trait Source: Send + Sync {
    /// The next piece of the body of request `number`; `None` at the end.
    fn poll_body(
        &self,
        cx: &mut Context<'_>,
        number: u64,
    ) -> Poll<Option<Result<Bytes, BodyError>>>;

    /// What has come of that body, in a pipe; `None` where it comes as a piece.
    fn pipe(&self, cx: &mut Context<'_>, number: u64) -> Option<Pipe>;

    /// Nobody wants the rest of the body of request `number`.
    fn abandon(&self, number: u64);
}

/// The body of one request.
pub(crate) struct Body {
    source: Arc<dyn Source>,
    /// Which request of the connection it belongs to.
    number: u64,
    /// How much is still to come; `None` when nobody knows.
    left: Option<u64>,
    is_over: bool,
}

impl Body {
    pub(super) const fn new(source: Arc<dyn Source>, number: u64, left: Option<u64>) -> Self {
        Self { source, number, left, is_over: false }
    }

    /// The next piece; `None` at the end.
    pub(in crate::edge) fn poll(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        let piece = ready!(self.source.poll_body(cx, self.number));
        match &piece {
            Some(Ok(data)) => self.came(data.len()),
            Some(Err(_)) | None => self.is_over = true,
        }
        Poll::Ready(piece)
    }

    /// What has come, in a pipe; `None` where it comes as a piece.
    pub(in crate::edge) fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe> {
        let pipe = self.source.pipe(cx, self.number).filter(|_| !self.is_over)?;
        self.came(pipe.held());
        Some(pipe)
    }

    fn came(&mut self, size: usize) {
        self.left = self.left.map(|left| left.saturating_sub(size as u64));
        self.is_over = self.left == Some(0);
    }

    pub(in crate::edge) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// How much is still to come; `None` when nobody knows.
    pub(in crate::edge) const fn left(&self) -> Option<u64> {
        self.left
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if !self.is_over {
            self.source.abandon(self.number);
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { left, is_over, .. } = self;
        f.debug_struct("Body").field("left", left).field("is_over", is_over).finish_non_exhaustive()
    }
}

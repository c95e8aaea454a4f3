//! The client's side of a connection: what comes is taken apart here, and nowhere else.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::edge::wire::{Body, Head, Heads, Piece, Rules, Violation, WireControl};
use crate::http1::{Carrier, Pipe, intake};
use crate::upstream::BodyError;

/// How much is read at once where nothing is expected, in bytes.
const GLANCE: usize = 512;

/// What a client is told that waits to be asked for its body (RFC 9110 section 10.1.1).
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A connection, and what has been read from it and not yet used.
#[derive(Debug)]
pub(super) struct Socket<S> {
    pub(super) stream: S,
    input: BytesMut,
    heads: Heads,
    /// Requests that have come.
    count: u64,
    /// What is still to come of the running request's body.
    body: Option<Body>,
    /// Nobody wants the rest of it.
    is_abandoned: bool,
    /// So many bytes of it were dropped.
    dropped: u64,
    /// What is to be written before the body is read.
    invitation: &'static [u8],
    /// The answer has begun: an invitation would stand in the middle of it.
    is_answered: bool,
    /// What follows cannot be understood, or nothing follows.
    is_over: bool,
    control: WireControl,
}

/// What a client wants next.
#[derive(Debug)]
pub(super) enum Asked {
    /// An answer to this request.
    Request(Head),
    /// Something that is no request.
    Refused(Violation),
    /// Nothing more: it has gone.
    Nothing,
}

impl<S> Socket<S> {
    /// A connection from which `first` has been read already.
    pub(super) fn new(stream: S, first: Bytes, control: WireControl) -> Self {
        Self {
            stream,
            input: BytesMut::from(first),
            heads: Heads::default(),
            count: 0,
            body: None,
            is_abandoned: false,
            dropped: 0,
            invitation: b"",
            is_answered: false,
            is_over: false,
            control,
        }
    }

    /// Whether something of a request has come.
    pub(super) fn is_asked(&self) -> bool {
        !self.input.is_empty()
    }

    /// Whether part of the running request's body is still to come.
    pub(super) const fn has_rest(&self) -> bool {
        self.body.is_some()
    }

    /// Whether another request can follow: the framing holds, and what is left of the body will
    /// come, and can be dropped within the limit as far as is known.
    pub(super) fn may_go_on(&self, limit: u64) -> bool {
        let is_invited = self.invitation.len() < CONTINUE.len();
        let may_end = !self.is_abandoned || (is_invited && !self.is_too_much(limit));
        !self.is_over && (self.body.is_none() || may_end)
    }

    /// Whether more of a body that nobody wants has come or will come than `limit`.
    pub(super) fn is_too_much(&self, limit: u64) -> bool {
        let left = self.body.as_ref().and_then(Body::left).unwrap_or(0);
        self.is_abandoned && self.dropped.saturating_add(left) > limit
    }

    /// How many requests have come: the number of the running one.
    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    /// Nobody wants the rest of the body of request `number`.
    pub(super) const fn abandon(&mut self, number: u64) {
        if self.count == number {
            self.is_abandoned = true;
        }
    }

    /// The head that has begun did not come in time.
    pub(super) fn late(&mut self) -> Violation {
        self.is_over = true;
        Violation::late(&self.input)
    }

    /// Whether the client may still be sending what nobody reads.
    pub(super) fn may_come_more(&self) -> bool {
        self.is_over || self.has_rest() || self.is_asked()
    }

    /// Gives up the memory for what is read; to be called when nothing is asked.
    pub(super) fn rest(&mut self) {
        if self.input.is_empty() {
            self.input = BytesMut::new();
        }
    }

    /// Leaves HTTP: the connection, and what has been read from it.
    pub(super) fn into_parts(self) -> (S, Bytes) {
        (self.stream, self.input.freeze())
    }
}

impl<S: AsyncRead + Carrier + Unpin> Socket<S> {
    /// The next request. Whatever is left of the one before must have been read or dropped.
    pub(super) fn poll_asked(&mut self, cx: &mut Context<'_>, rules: &Rules) -> Poll<Asked> {
        loop {
            match self.heads.next(&mut self.input, rules) {
                Ok(Some(head)) => {
                    self.begin(&head);
                    return Poll::Ready(Asked::Request(head));
                }
                Ok(None) => {}
                Err(violation) => {
                    self.is_over = true;
                    return Poll::Ready(Asked::Refused(violation));
                }
            }
            // Who left in the middle of a head waits for no answer.
            match ready!(self.poll_fill(cx)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(Asked::Nothing),
            }
        }
    }

    const fn begin(&mut self, head: &Head) {
        self.count = self.count.saturating_add(1);
        self.body = head.body;
        self.is_abandoned = false;
        self.dropped = 0;
        self.is_answered = false;
        self.invitation = if head.expects_continue { CONTINUE } else { b"" };
    }

    /// Reads more; ready with the number of bytes, 0 at the end.
    fn poll_fill(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        intake::poll_fill(&mut self.stream, cx, &mut self.input)
    }

    /// Waits for the first byte of a request without holding memory for it; `false` when there will
    /// be none.
    pub(super) fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        self.poll_glance(cx).map(|count| count > 0)
    }

    /// Reads a little; ready with how much, 0 at the end and after an error.
    fn poll_glance(&mut self, cx: &mut Context<'_>) -> Poll<usize> {
        let mut space = [const { MaybeUninit::uninit() }; GLANCE];
        let mut buffer = ReadBuf::uninit(&mut space);
        match ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer)) {
            Ok(()) => {
                self.input.extend_from_slice(buffer.filled());
                Poll::Ready(buffer.filled().len())
            }
            Err(_) => Poll::Ready(0),
        }
    }

    /// What is to be seen of the client while its request is answered: ready when it has gone. A
    /// body that nobody wants is dropped as it comes, up to `limit` bytes.
    pub(super) fn poll_aside(&mut self, cx: &mut Context<'_>, limit: u64) -> Poll<()> {
        if self.body.is_some() {
            if self.is_abandoned && self.poll_drop(cx, limit) == Poll::Ready(false) {
                self.is_over = true;
            }
            return Poll::Pending;
        }
        // Of what follows, no more is held than this.
        if self.is_over || !self.input.is_empty() {
            return Poll::Pending;
        }
        match ready!(self.poll_glance(cx)) {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    }

    /// Reads and drops what is left of the body, up to `limit` bytes in all; whether its end was
    /// reached.
    pub(super) fn poll_drop(&mut self, cx: &mut Context<'_>, limit: u64) -> Poll<bool> {
        loop {
            if self.is_over {
                return Poll::Ready(false);
            }
            let Some(body) = &mut self.body else { return Poll::Ready(true) };
            match body.next(&mut self.input) {
                Ok(Piece::Data(data)) => {
                    self.dropped = self.dropped.saturating_add(data.len() as u64);
                    if self.dropped > limit {
                        return Poll::Ready(false);
                    }
                    continue;
                }
                Ok(Piece::End) => {
                    self.body = None;
                    continue;
                }
                Ok(Piece::More) => {}
                Err(_) => return Poll::Ready(false),
            }
            match ready!(self.poll_fill(cx)) {
                Ok(1..) => {}
                Ok(0) | Err(_) => return Poll::Ready(false),
            }
        }
    }

    /// Reads and drops whatever comes, up to `limit` bytes in all; ready at the end.
    pub(super) fn poll_drop_all(&mut self, cx: &mut Context<'_>, limit: u64) -> Poll<()> {
        self.dropped = self.dropped.saturating_add(self.input.len() as u64);
        self.input.clear();
        while self.dropped <= limit {
            match ready!(self.poll_fill(cx)) {
                Ok(count @ 1..) => {
                    self.dropped = self.dropped.saturating_add(count as u64);
                    self.input.clear();
                }
                Ok(0) | Err(_) => break,
            }
        }
        Poll::Ready(())
    }
}

impl<S: AsyncRead + AsyncWrite + Carrier + Unpin> Socket<S> {
    /// The next piece of the body of request `number`; `None` at its end. An error once the request
    /// is answered: whoever passes its body on may outlive it.
    pub(super) fn poll_body(
        &mut self,
        cx: &mut Context<'_>,
        number: u64,
    ) -> Poll<Option<Result<Bytes, BodyError>>> {
        if self.is_over || self.is_abandoned || self.count != number {
            return Poll::Ready(Some(Err(BodyError("the connection is over".into()))));
        }
        if !self.is_answered
            && !self.invitation.is_empty()
            && let Err(error) = ready!(self.poll_invite(cx))
        {
            return Poll::Ready(Some(Err(self.broken(&error))));
        }
        loop {
            let Some(body) = &mut self.body else { return Poll::Ready(None) };
            match body.next(&mut self.input) {
                Ok(Piece::Data(data)) => {
                    if body.left() == Some(0) {
                        self.body = None;
                    }
                    return Poll::Ready(Some(Ok(data)));
                }
                Ok(Piece::End) => {
                    self.body = None;
                    return Poll::Ready(None);
                }
                Ok(Piece::More) => {}
                Err(violation) => {
                    let error = self.broken(&violation);
                    self.control.record(violation);
                    return Poll::Ready(Some(Err(error)));
                }
            }
            match ready!(self.poll_fill(cx)) {
                Ok(0) => return Poll::Ready(Some(Err(self.broken(&"closed inside the body")))),
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(self.broken(&error)))),
            }
        }
    }

    /// What has come of the body of request `number`, in a pipe; `None` where it is to be read, or
    /// [`Self::poll_body`] has more to say.
    pub(super) fn pipe(&mut self, cx: &mut Context<'_>, number: u64) -> Option<Pipe> {
        let is_read_from = self.count == number && !self.is_over && !self.is_abandoned;
        let is_next = self.input.is_empty() && (self.is_answered || self.invitation.is_empty());
        let Some(Body::Length(left)) = self.body.as_mut().filter(|_| is_read_from && is_next)
        else {
            return None;
        };
        let pipe = self.stream.fill(cx, *left)?;
        *left = left.saturating_sub(pipe.held() as u64);
        if *left == 0 {
            self.body = None;
        }
        Some(pipe)
    }

    fn broken(&mut self, why: &dyn std::fmt::Display) -> BodyError {
        self.is_over = true;
        BodyError(why.to_string())
    }

    /// Writes what is left of the invitation.
    pub(super) fn poll_invite(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.invitation.is_empty() {
            let count = ready!(Pin::new(&mut self.stream).poll_write(cx, self.invitation))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.invitation = self.invitation.get(count..).unwrap_or_default();
        }
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    /// What must be out before the answer begins: the rest of an invitation that has begun.
    pub(super) fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if (1..CONTINUE.len()).contains(&self.invitation.len()) {
            return self.poll_invite(cx);
        }
        self.is_answered = true;
        Poll::Ready(Ok(()))
    }
}

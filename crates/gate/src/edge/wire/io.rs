//! The filter as a stream: reads from the socket, gives out only what may pass.

mod write;

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use ::bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::Rules;
use super::control::WireControl;
use super::held::Held;
use super::scan::{Next, Scanner};
use super::timer::{Expired, Timer, Waiting};
use super::violation::{Fault, Kind, Violation, WireError};

/// The request the server gets in place of one that was refused.
pub(super) const STAND_IN: &[u8] =
    b"GET / HTTP/1.1\r\nhost: invalid\r\nconnection: close\r\nmantlet-wire-violation: 1\r\n\r\n";

/// How much is read at once while a head is open, in bytes.
const HELD_READ: usize = 2048;

/// The filter around the stream `S`. Reads are filtered, writes go through untouched.
///
/// Holds at most one open head (below [`Rules::head_limit`]) and what one read brought with it.
/// Must be polled within a Tokio runtime with time enabled.
#[derive(Debug)]
pub struct WireIo<S> {
    inner: S,
    rules: Arc<Rules>,
    control: WireControl,
    scanner: Scanner,
    mode: Mode,
    held: Held,
    timer: Timer,
    /// Whether something was written that may not be out yet.
    is_unflushed: bool,
}

/// What the read side does next, once the bytes that may pass are given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Filters requests.
    Http,
    /// Waits for the handler to say whether the connection leaves HTTP.
    Paused,
    /// Passes everything.
    Raw,
    /// Gives out the stand-in from this offset, and then nothing.
    Refused(usize),
    /// Fails every read.
    Broken,
    /// Is at the end, by our decision.
    Closed,
    /// Has said its last word and drops what still comes; so many bytes so far.
    Lingering(usize),
}

/// Whether a step has answered the reader, or another step must.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Answered,
    Again,
}

impl<S> WireIo<S> {
    /// A filter around `inner`. `prefilled` are bytes already read from it; `control` is the
    /// handle that the handler of this connection holds too.
    pub fn new(inner: S, prefilled: Bytes, rules: Arc<Rules>, control: WireControl) -> Self {
        Self {
            inner,
            rules,
            control,
            scanner: Scanner::default(),
            mode: Mode::Http,
            held: Held::new(prefilled),
            timer: Timer::default(),
            is_unflushed: false,
        }
    }

    /// How many requests have passed, when all of them are answered and sent, nothing of another
    /// one has come and the connection speaks HTTP; `None` otherwise. Whoever reads from the
    /// filter then holds nothing of the connection.
    pub fn settled(&self) -> Option<u64> {
        let heads = self.scanner.heads();
        let is_settled = self.mode == Mode::Http
            && self.scanner.is_at_head()
            && self.held.is_empty()
            && !self.is_unflushed
            && self.control.finished() == heads;
        is_settled.then_some(heads)
    }

    /// The stream underneath.
    pub const fn get_ref(&self) -> &S {
        &self.inner
    }

    #[cfg(test)]
    pub(super) fn held_len(&self) -> usize {
        self.held.bytes().len()
    }

    /// Marks what was judged: the first `ready` held bytes may pass, `next` stands behind them.
    fn follow(&mut self, ready: usize, next: Next) {
        match next {
            Next::More | Next::Open => self.held.mark(ready, 0, false),
            Next::EmptyLine => self.held.mark(ready, 2, true),
            Next::Pause => {
                self.held.mark(ready, 0, true);
                self.control.pause();
                self.mode = Mode::Paused;
            }
            Next::Refuse(violation) => self.end(ready, violation, Mode::Refused(0)),
            Next::Break(violation) => self.end(ready, violation, Mode::Broken),
        }
    }

    fn end(&mut self, ready: usize, violation: Violation, mode: Mode) {
        self.held.mark(ready, 0, false);
        self.held.keep_ready();
        self.control.record(violation);
        self.mode = mode;
    }

    fn broken(&self) -> io::Error {
        match self.control.violation() {
            Some(violation) => {
                io::Error::new(io::ErrorKind::InvalidData, WireError(violation.clone()))
            }
            None => io::ErrorKind::InvalidData.into(),
        }
    }

    /// The deadlines, looked at only when there is nothing to read.
    fn wait(&mut self, cx: &mut Context<'_>) -> Poll<Step> {
        if !self.scanner.is_at_head() {
            return Poll::Pending;
        }
        let waiting = Waiting {
            has_open_head: !self.held.is_empty(),
            heads: self.scanner.heads(),
            finished: self.control.finished(),
        };
        match self.timer.expired(cx, waiting, &self.rules) {
            None => Poll::Pending,
            Some(Expired::Idle) => {
                self.control.idle();
                self.mode = Mode::Closed;
                Poll::Ready(Step::Answered)
            }
            Some(Expired::Head) => {
                let violation = Fault::new(Kind::HeadTimeout, &[]).report(self.held.bytes());
                self.end(0, violation, Mode::Refused(0));
                Poll::Ready(Step::Again)
            }
        }
    }

    fn give_stand_in(&mut self, sent: usize, buf: &mut ReadBuf<'_>) -> Poll<Step> {
        let rest = STAND_IN.get(sent..).unwrap_or_default();
        let count = rest.len().min(buf.remaining());
        if count == 0 {
            // Not the end of the stream: the server would give up the answer it is working on.
            // It closes by itself, since the stand-in asks it to.
            return Poll::Pending;
        }
        buf.put_slice(rest.get(..count).unwrap_or_default());
        self.mode = Mode::Refused(sent.saturating_add(count));
        Poll::Ready(Step::Answered)
    }

    fn leave_pause(&mut self, cx: &Context<'_>) -> Poll<Step> {
        if ready!(self.control.poll_open(cx)) {
            self.held.pass_all();
            self.mode = Mode::Raw;
        } else {
            self.mode = Mode::Http;
        }
        Poll::Ready(Step::Again)
    }
}

impl<S: AsyncRead + Unpin> WireIo<S> {
    /// Waits for the next byte of a connection on which nothing is asked, without holding memory
    /// for it. `false` when the client has gone or the idle time is over.
    pub fn poll_rest(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        let mut scratch = [0; HELD_READ];
        let mut buf = ReadBuf::new(&mut scratch);
        match Pin::new(&mut self.inner).poll_read(cx, &mut buf) {
            Poll::Pending => self.wait(cx).map(|_| false),
            Poll::Ready(outcome) => {
                let came = buf.filled();
                let is_asked = outcome.is_ok() && !came.is_empty();
                self.timer.note_activity();
                self.held.push(came);
                self.held.mark(0, 0, is_asked);
                Poll::Ready(is_asked)
            }
        }
    }

    fn step(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Step>> {
        match self.mode {
            Mode::Http => self.filter(cx, buf),
            Mode::Paused => self.leave_pause(cx).map(Ok),
            Mode::Raw => Pin::new(&mut self.inner).poll_read(cx, buf).map_ok(|()| Step::Answered),
            Mode::Refused(sent) => self.give_stand_in(sent, buf).map(Ok),
            Mode::Broken => Poll::Ready(Err(self.broken())),
            Mode::Closed | Mode::Lingering(_) => Poll::Ready(Ok(Step::Answered)),
        }
    }

    fn filter(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<Step>> {
        if self.held.is_fresh() {
            let scan = self.scanner.scan(self.held.bytes(), &self.rules);
            self.follow(scan.pass, scan.next);
            return Poll::Ready(Ok(Step::Again));
        }
        if self.held.is_empty() { self.read_in_place(cx, buf) } else { self.read_behind_held(cx) }
    }

    /// The common way: what is read into the reader's own buffer may stay there.
    fn read_in_place(
        &mut self,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Step>> {
        let start = buf.filled().len();
        match Pin::new(&mut self.inner).poll_read(cx, buf) {
            Poll::Pending => return self.wait(cx).map(Ok),
            Poll::Ready(outcome) => outcome?,
        }
        let came = buf.filled().get(start..).unwrap_or_default();
        if came.is_empty() {
            return Poll::Ready(Ok(Step::Answered));
        }
        self.timer.note_activity();
        let scan = self.scanner.scan(came, &self.rules);
        self.held.push(came.get(scan.pass..).unwrap_or_default());
        self.follow(0, scan.next);
        buf.set_filled(start.saturating_add(scan.pass));
        Poll::Ready(Ok(match scan.pass {
            0 => Step::Again,
            _ => Step::Answered,
        }))
    }

    /// The slow way: a head is open, and its rest is read behind it.
    fn read_behind_held(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Step>> {
        let inner = Pin::new(&mut self.inner);
        let (outcome, came) = self.held.read_more(HELD_READ, |buf| inner.poll_read(cx, buf));
        match outcome {
            Poll::Pending => return self.wait(cx).map(Ok),
            Poll::Ready(outcome) => outcome?,
        }
        if came == 0 {
            // The client left in the middle of a head: nobody waits for an answer.
            self.mode = Mode::Closed;
            return Poll::Ready(Ok(Step::Answered));
        }
        self.timer.note_activity();
        let scan = self.scanner.scan(self.held.bytes(), &self.rules);
        self.follow(scan.pass, scan.next);
        Poll::Ready(Ok(Step::Again))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WireIo<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        loop {
            if buf.remaining() == 0 || this.held.give(buf) {
                return Poll::Ready(Ok(()));
            }
            if ready!(this.step(cx, buf))? == Step::Answered {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

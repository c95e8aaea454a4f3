//! One direction: reads, judges, passes on. Frames go out as they came, byte for byte, and as soon
//! as they came, unless guards look at the message; an idle direction holds no buffer.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::{Buf as _, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::frame::{Head, Opcode, Sender};
use super::judge::Judge;
use super::message::Held;
use super::outlet::Outlet;
use super::relay::Session;
use super::scanner::{Next, Scanner};
use super::{Ending, PING};

/// How much is read at once, in bytes; on the stack, so that it costs nothing while waiting.
const READ: usize = 16 * 1024;

/// One direction of a WebSocket.
pub(super) struct Pump<'a, R, W> {
    pub(super) sender: Sender,
    pub(super) from: R,
    pub(super) to: &'a Outlet<W>,
    pub(super) scanner: Scanner,
    pub(super) judge: Judge,
    /// Came and not yet gone out.
    pub(super) buffer: BytesMut,
    /// Bytes at the beginning of the buffer that may go out.
    pub(super) ready: usize,
    pub(super) session: &'a Session,
    /// Bytes that came from either side.
    pub(super) activity: &'a AtomicU64,
    /// How long a message that is held may pause.
    pub(super) patience: Duration,
}

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Pump<'_, R, W> {
    /// Passes frames until a close frame has been passed.
    ///
    /// # Errors
    /// The [`Ending`] when something is wrong, or one of the sides is gone.
    pub(super) async fn run(&mut self) -> Result<(), Ending> {
        loop {
            let rest = self.buffer.get(self.ready..).unwrap_or_default();
            match self.scanner.next(rest).map_err(|ending| self.judge.blame(ending))? {
                Next::More => {
                    self.flush().await?;
                    self.read().await?;
                }
                Next::Control(head) => {
                    self.control(&head).await?;
                    if head.opcode == Opcode::Close {
                        return self.flush().await;
                    }
                }
                Next::Data(head) => {
                    let begun = self.judge.begin(&head);
                    begun.map_err(|ending| self.judge.blame(ending))?;
                    self.pass(head.size).await?;
                }
                Next::Payload(count, is_last) => self.payload(count, is_last).await?,
            }
        }
    }

    async fn payload(&mut self, count: usize, is_last: bool) -> Result<(), Ending> {
        let end = self.ready.saturating_add(count);
        let piece = self.buffer.get(self.ready..end).unwrap_or_default();
        let read = self.judge.read(piece);
        read.map_err(|ending| self.judge.blame(ending))?;
        self.pass(count).await?;
        if !is_last {
            return Ok(());
        }
        match self.judge.end().map_err(|ending| self.judge.blame(ending))? {
            Some(held) => self.release(&held).await,
            None => Ok(()),
        }
    }

    /// The next `count` bytes may go out, or are held back with their message.
    async fn pass(&mut self, count: usize) -> Result<(), Ending> {
        if !self.judge.is_holding() {
            self.ready = self.ready.saturating_add(count);
            return Ok(());
        }
        self.flush().await?;
        let bytes = self.buffer.split_to(count.min(self.buffer.len()));
        self.judge.hold(&bytes)
    }

    /// Shows a held message to the guards; it goes out when they pass it.
    async fn release(&mut self, held: &Held) -> Result<(), Ending> {
        // The judge has seen that it is UTF-8.
        let text = std::str::from_utf8(&held.text).unwrap_or_default();
        self.session.inspect(text).await?;
        self.flush().await?;
        self.to.pass(&held.wire, true).await.map_err(|_| self.receiver_gone())
    }

    async fn control(&mut self, head: &Head) -> Result<(), Ending> {
        let size = head.size.saturating_add(usize::try_from(head.length).unwrap_or(0));
        let start = self.ready.saturating_add(head.size);
        let end = self.ready.saturating_add(size);
        let mut payload = self.buffer.get(start..end).unwrap_or_default().to_vec();
        if let Some(mask) = head.mask {
            super::mask::apply(&mut payload, mask, 0);
        }
        let judged = self.judge.control(head, &payload);
        judged.map_err(|ending| self.judge.blame(ending))?;
        if self.sender == Sender::Client && head.opcode == Opcode::Pong && payload == PING {
            // The answer to a ping of ours is nobody else's business.
            self.flush().await?;
            self.buffer.advance(size.min(self.buffer.len()));
        } else {
            self.ready = self.ready.saturating_add(size);
        }
        Ok(())
    }

    /// Writes what may go out.
    async fn flush(&mut self) -> Result<(), Ending> {
        if self.ready > 0 {
            let bytes = self.buffer.split_to(self.ready.min(self.buffer.len()));
            self.ready = 0;
            let is_whole = self.judge.is_holding() || self.scanner.is_between_frames();
            self.to.pass(&bytes, is_whole).await.map_err(|_| self.receiver_gone())?;
        }
        if self.buffer.is_empty() {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }

    async fn read(&mut self) -> Result<(), Ending> {
        let gone = self.sender_gone();
        let read = read_some(&mut self.from, &mut self.buffer);
        let count = if self.judge.is_holding() {
            let read = tokio::time::timeout(self.patience, read).await;
            read.map_err(|_| Ending::MessageTimeout)?
        } else {
            read.await
        };
        match count {
            Ok(count @ 1..) => {
                self.activity.fetch_add(count as u64, Ordering::Relaxed);
                Ok(())
            }
            Ok(0) | Err(_) => Err(gone),
        }
    }

    const fn sender_gone(&self) -> Ending {
        match self.sender {
            Sender::Client => Ending::ClientGone,
            Sender::Server => Ending::ApplicationGone,
        }
    }

    const fn receiver_gone(&self) -> Ending {
        match self.sender {
            Sender::Client => Ending::ApplicationGone,
            Sender::Server => Ending::ClientGone,
        }
    }
}

/// Appends what there is to read, at most [`READ`] bytes; zero at the end.
pub(super) async fn read_some(
    from: &mut (impl AsyncRead + Unpin),
    buffer: &mut BytesMut,
) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut space = [MaybeUninit::uninit(); READ];
        let mut read = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *from).poll_read(cx, &mut read))?;
        buffer.extend_from_slice(read.filled());
        Poll::Ready(Ok(read.filled().len()))
    })
    .await
}

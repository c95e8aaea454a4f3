//! Bytes that nobody looks at, on their way from one connection to another: the kernel moves them
//! through a pipe and copies none (`splice(2)`).
//!
//! A pipe is lent for the moment in which something is in it. So a thread needs one, save where a
//! receiver takes nothing: then what was read for it waits in its pipe, as it would in memory.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::Body;
use rustix::io::retry_on_intr;
use rustix::pipe::{PipeFlags, SpliceFlags};
use tokio::io::Interest;
use tokio::net::TcpStream;

use crate::upstream::BodyError;

/// Below this, in bytes, a copy costs less than the two calls of the system and what the kernel does
/// for each page.
const LEAST: u64 = 48 * 1024;

/// The room that a pipe is to have, in bytes. The system may grant less.
const ROOM: usize = 256 * 1024;

/// Most pipes of a thread, each two descriptors. Where more receivers stand still, what is for the
/// others is copied.
const MOST: usize = 64;

/// Most pipes that a thread keeps though nothing is in them.
const SPARE: usize = 4;

thread_local! {
    static SPARES: RefCell<Vec<Ends>> = const { RefCell::new(Vec::new()) };
    static OPEN: Cell<usize> = const { Cell::new(0) };
}

/// A pipe in use. Dropped with something in it, it is closed; else another may have it.
#[derive(Debug)]
pub(crate) struct Pipe {
    /// `None` only while it is given back.
    ends: Option<Ends>,
    held: usize,
}

#[derive(Debug)]
struct Ends {
    read: OwnedFd,
    write: OwnedFd,
}

impl Pipe {
    /// What has come on `socket`, up to `most` bytes of it; `None` where nothing has, where a copy is
    /// better, and where no pipe is to be had. Nothing is lost then: it is still there to be read.
    pub(crate) fn filled(cx: &mut Context<'_>, socket: &TcpStream, most: u64) -> Option<Self> {
        if most < LEAST || !matches!(socket.poll_read_ready(cx), Poll::Ready(Ok(()))) {
            return None;
        }
        let ends = SPARES.with_borrow_mut(Vec::pop).or_else(Ends::open)?;
        let mut pipe = Self { ends: Some(ends), held: 0 };
        let most = usize::try_from(most).unwrap_or(ROOM).min(ROOM);
        // The pipe is empty: if nothing can be moved, nothing has come.
        let write = &pipe.ends.as_ref()?.write;
        pipe.held = socket.try_io(Interest::READABLE, || splice(socket, write, most)).ok()?;
        (pipe.held > 0).then_some(pipe)
    }

    /// How many bytes are in it.
    pub(crate) const fn held(&self) -> usize {
        self.held
    }

    /// Moves what is in it to `socket`; ready with how many bytes could be moved.
    ///
    /// # Errors
    /// Those of the socket.
    pub(crate) fn poll_drain(
        &mut self,
        cx: &mut Context<'_>,
        socket: &TcpStream,
    ) -> Poll<io::Result<usize>> {
        let Some(Ends { read, .. }) = &self.ends else { return Poll::Ready(Ok(0)) };
        loop {
            ready!(socket.poll_write_ready(cx))?;
            // Something is in the pipe: if nothing can be moved, the socket takes nothing.
            let move_on = || splice(read, socket, self.held);
            match socket.try_io(Interest::WRITABLE, move_on) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                moved => {
                    let count = moved?;
                    self.held = self.held.saturating_sub(count);
                    return Poll::Ready(Ok(count));
                }
            }
        }
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        let Some(ends) = self.ends.take_if(|_| self.held == 0) else { return };
        // A thread that ends has no place for it any more.
        let _ = SPARES.try_with(|spares| {
            let mut spares = spares.borrow_mut();
            if spares.len() < SPARE {
                spares.push(ends);
            }
        });
    }
}

impl Ends {
    fn open() -> Option<Self> {
        let is_free = OPEN.get() < MOST;
        let (read, write) = is_free
            .then(|| rustix::pipe::pipe_with(PipeFlags::NONBLOCK | PipeFlags::CLOEXEC).ok())
            .flatten()?;
        // Less room than asked for is no error: it takes more turns.
        let _ = rustix::pipe::fcntl_setpipe_size(&write, ROOM);
        OPEN.set(OPEN.get().saturating_add(1));
        Some(Self { read, write })
    }
}

impl Drop for Ends {
    fn drop(&mut self) {
        let _ = OPEN.try_with(|open| open.set(open.get().saturating_sub(1)));
    }
}

fn splice(from: impl AsFd, to: impl AsFd, most: usize) -> io::Result<usize> {
    let flags = SpliceFlags::MOVE | SpliceFlags::NONBLOCK;
    Ok(retry_on_intr(|| rustix::pipe::splice(&from, None, &to, None, most, flags))?)
}

/// What carries the bytes of a connection, and may let the kernel move them.
pub(crate) trait Carrier {
    /// Whether what is sent stands on a socket as it is: then `poll_drain` may be called.
    fn is_bare(&self) -> bool {
        false
    }

    /// What has come, as [`Pipe::filled`] has it.
    fn fill(&self, _cx: &mut Context<'_>, _most: u64) -> Option<Pipe> {
        None
    }

    /// Sends what is in `pipe`, as [`Pipe::poll_drain`] does.
    ///
    /// # Errors
    /// Those of the connection.
    fn poll_drain(&mut self, _cx: &mut Context<'_>, _pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(io::ErrorKind::Unsupported.into()))
    }
}

impl Carrier for TcpStream {
    fn is_bare(&self) -> bool {
        true
    }

    fn fill(&self, cx: &mut Context<'_>, most: u64) -> Option<Pipe> {
        Pipe::filled(cx, self, most)
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        pipe.poll_drain(cx, self)
    }
}

#[cfg(test)]
impl Carrier for tokio::io::DuplexStream {}

/// A body that may come in a pipe.
pub(crate) trait Piped: Body<Data = Bytes, Error = BodyError> + Unpin {
    /// What has come of it and nobody looks at, in a pipe. `None` where nothing has, and where it
    /// comes as a frame.
    fn pipe(&mut self, cx: &mut Context<'_>) -> Option<Pipe>;
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Two ends of a connection.
    async fn pair() -> (TcpStream, TcpStream) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let near = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        (near, listener.accept().await.unwrap().0)
    }

    fn bytes(size: usize) -> Vec<u8> {
        (0..=250).cycle().take(size).collect()
    }

    /// What has come on `socket`, once something has.
    async fn filled(socket: &TcpStream, most: u64) -> Pipe {
        loop {
            socket.readable().await.unwrap();
            let pipe = poll_fn(|cx| Poll::Ready(Pipe::filled(cx, socket, most))).await;
            if let Some(pipe) = pipe {
                return pipe;
            }
        }
    }

    #[tokio::test]
    async fn what_is_moved_is_what_came_and_no_more_than_was_asked_for() {
        let ((mut from, near), (mut out, mut to)) = (pair().await, pair().await);
        let (body, next) = (bytes(600_000), b"GET / HTTP/1.1\r\n");
        let sent = [&body[..], next].concat();
        let sending = async { from.write_all(&sent).await.unwrap() };
        let moving = async {
            let mut left = body.len() as u64;
            while left > 0 {
                near.readable().await.unwrap();
                let Some(mut pipe) = poll_fn(|cx| Poll::Ready(Pipe::filled(cx, &near, left))).await
                else {
                    let most = usize::try_from(left).unwrap().min(1000);
                    let mut piece = vec![0; most];
                    if let Ok(count) = near.try_read(&mut piece) {
                        out.write_all(&piece[..count]).await.unwrap();
                        left -= count as u64;
                    }
                    continue;
                };
                left -= pipe.held() as u64;
                while pipe.held() > 0 {
                    poll_fn(|cx| pipe.poll_drain(cx, &out)).await.unwrap();
                }
            }
        };
        let mut got = vec![0; body.len()];
        let reading = async { to.read_exact(&mut got).await.unwrap() };
        tokio::join!(sending, moving, reading);
        assert!(got == body);
        let mut rest = vec![0; next.len()];
        near.readable().await.unwrap();
        assert_eq!(near.try_read(&mut rest).unwrap(), next.len());
        assert_eq!(rest, next);
    }

    #[tokio::test]
    async fn where_nothing_has_come_or_little_is_to_come_there_is_no_pipe() {
        let (mut from, near) = pair().await;
        let filled = async |most| poll_fn(|cx| Poll::Ready(Pipe::filled(cx, &near, most))).await;
        assert!(filled(LEAST).await.is_none());
        from.write_all(b"x").await.unwrap();
        near.readable().await.unwrap();
        assert!(filled(LEAST - 1).await.is_none());
        assert_eq!(filled(LEAST).await.unwrap().held(), 1);
        drop(from);
        near.readable().await.unwrap();
        // The end is still there to be read.
        assert!(filled(LEAST).await.is_none());
        assert_eq!(near.try_read(&mut [0; 8]).unwrap(), 0);
    }

    #[tokio::test]
    async fn an_empty_pipe_is_used_again_and_one_with_something_in_it_never() {
        let ((mut from, near), (out, mut to)) = (pair().await, pair().await);
        from.write_all(&bytes(100)).await.unwrap();
        drop(filled(&near, LEAST).await);
        assert_eq!((SPARES.with_borrow(Vec::len), OPEN.get()), (0, 0));
        for _ in 0..3 {
            from.write_all(&bytes(100)).await.unwrap();
            let mut pipe = filled(&near, LEAST).await;
            assert_eq!(poll_fn(|cx| pipe.poll_drain(cx, &out)).await.unwrap(), 100);
            drop(pipe);
            assert_eq!((SPARES.with_borrow(Vec::len), OPEN.get()), (1, 1));
        }
        let mut got = vec![0; 300];
        to.read_exact(&mut got).await.unwrap();
        assert_eq!(got, [bytes(100), bytes(100), bytes(100)].concat());
    }

    #[tokio::test]
    async fn a_thread_has_so_many_pipes_and_then_none() {
        let (mut from, near) = pair().await;
        let mut pipes = Vec::new();
        for _ in 0..MOST {
            from.write_all(b"x").await.unwrap();
            pipes.push(filled(&near, LEAST).await);
        }
        from.write_all(b"y").await.unwrap();
        near.readable().await.unwrap();
        assert!(poll_fn(|cx| Poll::Ready(Pipe::filled(cx, &near, LEAST))).await.is_none());
        pipes.clear();
        assert_eq!(filled(&near, LEAST).await.held(), 1);
    }

    #[tokio::test]
    async fn a_receiver_that_takes_nothing_is_waited_for_and_one_that_is_gone_is_an_error() {
        let ((from, near), (out, to)) = (pair().await, pair().await);
        let mut pipe = loop {
            from.writable().await.unwrap();
            let _ = from.try_write(&bytes(100_000));
            let mut pipe = filled(&near, u64::MAX).await;
            let drained = poll_fn(|cx| Poll::Ready(pipe.poll_drain(cx, &out))).await;
            if drained.is_pending() || pipe.held() > 0 {
                break pipe;
            }
        };
        while poll_fn(|cx| Poll::Ready(pipe.poll_drain(cx, &out))).await.is_ready() {}
        drop(to);
        let ended = async {
            while pipe.held() > 0 {
                poll_fn(|cx| pipe.poll_drain(cx, &out)).await?;
            }
            io::Result::Ok(())
        };
        assert!(ended.await.is_err());
    }
}

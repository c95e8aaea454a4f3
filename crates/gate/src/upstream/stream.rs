//! The bytes of one connection to a server, whatever carries them.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustix::net::{RecvFlags, recv};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::server::{Lease, Open};
use crate::http1::{Carrier, Left, Pipe};

/// What carries the bytes.
#[derive(Debug)]
pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Tls(Box<tokio_rustls::client::TlsStream<TcpStream>>),
}

impl Stream {
    /// Whether the system knows of nothing to read and of no end. True under TLS, which has
    /// messages of its own to read.
    pub(super) fn is_silent(&self) -> bool {
        let mut byte = [0; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        let peeked = match self {
            Self::Tcp(stream) => recv(stream, &mut byte, flags),
            Self::Unix(stream) => recv(stream, &mut byte, flags),
            Self::Tls(_) => return true,
        };
        peeked.is_err_and(|error| error == rustix::io::Errno::AGAIN)
    }
}

/// Calls the same function of whatever carries the bytes.
macro_rules! carried {
    ($stream:expr, $carrier:ident => $call:expr) => {
        match $stream.get_mut() {
            Stream::Tcp(stream) => {
                let $carrier = Pin::new(stream);
                $call
            }
            Stream::Unix(stream) => {
                let $carrier = Pin::new(stream);
                $call
            }
            Stream::Tls(stream) => {
                let $carrier = Pin::new(&mut **stream);
                $call
            }
        }
    };
}

impl Carrier for Stream {
    fn is_bare(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    fn fill(&self, cx: &mut Context<'_>, most: u64) -> Option<Pipe> {
        match self {
            Self::Tcp(stream) => stream.fill(cx, most),
            Self::Unix(_) | Self::Tls(_) => None,
        }
    }

    fn poll_drain(&mut self, cx: &mut Context<'_>, pipe: &mut Pipe) -> Poll<io::Result<usize>> {
        match self {
            Self::Tcp(stream) => stream.poll_drain(cx, pipe),
            Self::Unix(_) | Self::Tls(_) => Poll::Ready(Err(io::ErrorKind::Unsupported.into())),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        carried!(self, stream => stream.poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        carried!(self, stream => stream.poll_write(cx, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        carried!(self, stream => stream.poll_write_vectored(cx, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        carried!(self, stream => stream.poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        carried!(self, stream => stream.poll_shutdown(cx))
    }
}

/// The application's side of a connection that has left HTTP. It is counted for as long as it is
/// open, and its server is busy with it all the time.
pub(crate) type RawStream = Left<Stream, (Open, Option<Lease>)>;

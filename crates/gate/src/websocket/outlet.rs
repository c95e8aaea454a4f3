//! One side's receiving end: what is written there, and whether a frame of ours may come between.

use std::io;

use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio::sync::Mutex;

/// Where frames go out to one side.
#[derive(Debug)]
pub(super) struct Outlet<W>(Mutex<Out<W>>);

#[derive(Debug)]
struct Out<W> {
    io: W,
    /// Only whole frames have been written so far.
    is_whole: bool,
}

impl<W: AsyncWrite + Unpin> Outlet<W> {
    pub(super) fn new(io: W) -> Self {
        Self(Mutex::new(Out { io, is_whole: true }))
    }

    /// Writes bytes of the other side; `is_whole` says whether they end with a frame.
    pub(super) async fn pass(&self, bytes: &[u8], is_whole: bool) -> io::Result<()> {
        let mut out = self.0.lock().await;
        // Until it is all written; whoever gives up in between leaves it so.
        out.is_whole = false;
        out.io.write_all(bytes).await?;
        out.io.flush().await?;
        out.is_whole = is_whole;
        Ok(())
    }

    /// Writes a frame of ours, unless the other side's is open: `false` then.
    pub(super) async fn interject(&self, frame: &[u8]) -> io::Result<bool> {
        if !self.0.lock().await.is_whole {
            return Ok(false);
        }
        self.pass(frame, true).await.map(|()| true)
    }

    /// Ends the stream.
    pub(super) async fn end(&self) {
        // A side that is gone already needs no end.
        let _ = self.0.lock().await.io.shutdown().await;
    }
}

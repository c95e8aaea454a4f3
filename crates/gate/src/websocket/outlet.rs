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
        self.0.lock().await.write(bytes, is_whole).await
    }

    /// Writes a frame of ours, unless the other side's is open: `false` then.
    pub(super) async fn interject(&self, frame: &[u8]) -> io::Result<bool> {
        // Held from the look to the last byte: the other side's next frame may begin otherwise.
        let mut out = self.0.lock().await;
        if !out.is_whole {
            return Ok(false);
        }
        out.write(frame, true).await.map(|()| true)
    }

    /// Ends the stream.
    pub(super) async fn end(&self) {
        // A side that is gone already needs no end.
        let _ = self.0.lock().await.io.shutdown().await;
    }
}

impl<W: AsyncWrite + Unpin> Out<W> {
    async fn write(&mut self, bytes: &[u8], is_whole: bool) -> io::Result<()> {
        // Until it is all written; whoever gives up in between leaves it so.
        self.is_whole = false;
        self.io.write_all(bytes).await?;
        self.io.flush().await?;
        self.is_whole = is_whole;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures_util::FutureExt as _;
    use tokio::io::AsyncReadExt as _;

    use super::*;

    #[tokio::test]
    async fn a_frame_of_ours_never_comes_inside_another_one() {
        let (near, mut far) = tokio::io::duplex(4);
        let outlet = Outlet::new(near);
        // One frame waits for a slow reader, a ping is due, and the next frame has begun to come.
        let mut first = pin!(outlet.pass(b"[first]", true));
        let mut ping = pin!(outlet.interject(b"(ping)"));
        let mut second = pin!(outlet.pass(b"[second ", false));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(ping.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        let writing = async {
            let (first, second, ping) = tokio::join!(biased; first, second, ping);
            first.unwrap();
            second.unwrap();
            outlet.pass(b"ends]", true).await.unwrap();
            outlet.end().await;
            ping.unwrap()
        };
        let mut text = String::new();
        let (is_written, read) = tokio::join!(writing, far.read_to_string(&mut text));
        read.unwrap();
        let expected =
            if is_written { "[first](ping)[second ends]" } else { "[first][second ends]" };
        assert_eq!(text, expected);
    }
}

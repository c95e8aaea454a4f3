//! The filter is tested as a whole: bytes in, bytes or a violation out.

mod body;
mod heads;
mod pauses;
mod server;
mod splits;
mod timing;

use std::collections::VecDeque;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use ::bytes::Bytes;
use tokio::io::{AsyncRead, ReadBuf};

use super::{Kind, Rules, WireControl, WireIo};

fn rules() -> Rules {
    Rules {
        head_limit: 1024,
        target_limit: 256,
        header_count_limit: 16,
        head_timeout: Duration::from_secs(10),
        idle_timeout: Duration::from_secs(60),
    }
}

/// A socket that delivers these segments, one a read, and then the end.
#[derive(Debug)]
struct Segments(VecDeque<Vec<u8>>);

impl Segments {
    fn whole(bytes: &[u8]) -> Self {
        Self(VecDeque::from([bytes.to_vec()]))
    }

    fn of_size(bytes: &[u8], size: usize) -> Self {
        Self(bytes.chunks(size).map(<[u8]>::to_vec).collect())
    }
}

impl AsyncRead for Segments {
    fn poll_read(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(mut segment) = this.0.pop_front() {
            let rest = segment.split_off(segment.len().min(buf.remaining()));
            buf.put_slice(&segment);
            if !rest.is_empty() {
                this.0.push_front(rest);
            }
        }
        Poll::Ready(Ok(()))
    }
}

/// How a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Clean,
    Refused(Kind),
    Broken(Kind),
    Paused,
}

/// What the reader behind the filter saw, the stand-in for a refused head left out.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Seen {
    passed: Vec<u8>,
    end: End,
}

/// Reads everything the filter lets pass from `socket`, in reads of at most `read_size` bytes.
fn read_all(socket: Segments, read_size: usize) -> Seen {
    let control = WireControl::new();
    let filter = WireIo::new(socket, Bytes::new(), Arc::new(rules()), control.clone());
    read_from(filter, &control, read_size)
}

fn read_from(mut filter: WireIo<Segments>, control: &WireControl, read_size: usize) -> Seen {
    let mut passed = Vec::new();
    let kind = || control.violation().map(super::Violation::kind);
    loop {
        let mut space = vec![0; read_size];
        let mut buf = ReadBuf::new(&mut space);
        let mut cx = Context::from_waker(Waker::noop());
        let end = match Pin::new(&mut filter).poll_read(&mut cx, &mut buf) {
            Poll::Ready(Ok(())) if !buf.filled().is_empty() => {
                passed.extend_from_slice(buf.filled());
                continue;
            }
            Poll::Ready(Ok(())) => End::Clean,
            Poll::Ready(Err(error)) => {
                assert_eq!(error.kind(), io::ErrorKind::InvalidData);
                End::Broken(kind().unwrap())
            }
            Poll::Pending => kind().map_or(End::Paused, End::Refused),
        };
        if let End::Refused(_) = end {
            let stand_in = passed.len() - super::io::STAND_IN.len();
            assert_eq!(passed.split_off(stand_in), super::io::STAND_IN);
        }
        return Seen { passed, end };
    }
}

/// Reads the stream in one piece, byte by byte, and with a small reader; all must agree.
fn seen(bytes: &[u8]) -> Seen {
    let whole = read_all(Segments::whole(bytes), 8192);
    assert_eq!(whole, read_all(Segments::of_size(bytes, 1), 8192), "byte by byte");
    assert_eq!(whole, read_all(Segments::of_size(bytes, 7), 5), "small reads");
    whole
}

#[track_caller]
fn passes(bytes: impl AsRef<[u8]>) {
    let bytes = bytes.as_ref();
    let seen = seen(bytes);
    assert_eq!(seen.end, End::Clean, "`{}`", bytes.escape_ascii());
    assert_eq!(seen.passed, bytes);
}

#[track_caller]
fn is_refused(bytes: impl AsRef<[u8]>, kind: Kind) {
    let bytes = bytes.as_ref();
    let seen = seen(bytes);
    assert_eq!(seen.end, End::Refused(kind), "`{}`", bytes.escape_ascii());
    assert_eq!(seen.passed, b"", "nothing of a refused head passes");
}

//! What comes from a connection, read through memory that all connections of a thread share.
//!
//! A read has room for a long body, whoever it is of, and finds it where the one before left it: in
//! the cache of the processor. A connection keeps no such memory for itself. What is short is copied
//! out of it; what is long leaves with it, and the thread takes another block if the next read comes
//! before those bytes are gone. So a connection holds one block at most, and only while the other
//! side takes nothing.

use std::cell::RefCell;
use std::future::Future as _;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll};

use bytes::{Buf as _, BufMut as _, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The room for a read, in bytes: a body of 64 KiB with its head, and more, so that the read which
/// takes all of it does not fill the room, and none has to be tried in vain.
const BLOCK: usize = 72 * 1024;

/// What is no longer than this, in bytes, is copied.
const SHORT: usize = 8 * 1024;

/// What a connection keeps at least for what is copied, in bytes: several short messages, so that
/// most need no memory of their own.
const KEPT: usize = 4 * 1024;

thread_local! {
    static SPARE: RefCell<Option<BytesMut>> = const { RefCell::new(None) };
}

/// Reads more behind what is in `input`; ready with the number of bytes, 0 at the end.
pub(crate) fn poll_fill(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    input: &mut BytesMut,
) -> Poll<io::Result<usize>> {
    let mut block = SPARE.take().unwrap_or_default();
    block.reserve(BLOCK);
    let read = pin!(stream.read_buf(&mut (&mut block).limit(BLOCK))).poll(cx);
    if input.is_empty() && block.len() > SHORT {
        *input = block.split();
    } else if !block.is_empty() {
        if input.capacity().saturating_sub(input.len()) < block.len() {
            input.reserve(block.len().max(KEPT));
        }
        input.extend_from_slice(&block);
        block.clear();
    }
    SPARE.set(Some(block));
    read
}

/// Takes `size` bytes off `input`, which has as many.
pub(crate) fn split(input: &mut BytesMut, size: usize) -> Bytes {
    let bytes = input.split_to(size).freeze();
    let_go(input);
    bytes
}

/// The same of a head, which is kept for longer than what follows it: it does not hold the memory of
/// a long body.
pub(crate) fn split_head(input: &mut BytesMut, size: usize) -> Bytes {
    if input.len() <= SHORT {
        return split(input, size);
    }
    let head = Bytes::copy_from_slice(input.get(..size).unwrap_or_default());
    input.advance(head.len());
    let_go(input);
    head
}

/// Lets go of memory that is used up.
pub(crate) fn let_go(input: &mut BytesMut) {
    if input.capacity() == 0 {
        *input = BytesMut::new();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    async fn fill(mut from: &[u8], input: &mut BytesMut) -> usize {
        poll_fn(|cx| poll_fill(&mut from, cx, input)).await.unwrap()
    }

    #[tokio::test]
    async fn what_is_read_is_what_came_whether_it_is_copied_or_not() {
        let long: Vec<u8> = (0..=255).cycle().take(BLOCK + 100).collect();
        for size in [0, 1, SHORT, SHORT + 1, BLOCK, BLOCK + 100] {
            let mut input = BytesMut::new();
            let came = size.min(BLOCK);
            assert_eq!(fill(&long[..size], &mut input).await, came);
            assert_eq!(input, long[..came]);
            let head = split_head(&mut input, came.min(30));
            // What comes next changes nothing of what is held.
            assert_eq!(fill(&[b'x'; 2 * SHORT], &mut input).await, 2 * SHORT);
            let rest = split(&mut input, came.saturating_sub(30));
            assert_eq!([head, rest].concat(), long[..came]);
            assert_eq!(input, [b'x'; 2 * SHORT][..]);
        }
    }

    #[tokio::test]
    async fn long_bodies_that_are_gone_leave_their_memory_to_the_next() {
        let (long, mut places) = (vec![7; SHORT * 8], Vec::new());
        let mut heads = Vec::new();
        for _ in 0..3 {
            let mut input = BytesMut::new();
            fill(&long, &mut input).await;
            heads.push(split_head(&mut input, 100));
            let left = input.len();
            places.push(split(&mut input, left).as_ptr());
            assert_eq!(input.capacity(), 0);
        }
        assert_eq!(places, [places[0]; 3]);
    }

    #[tokio::test]
    async fn bytes_that_are_held_are_never_written_over() {
        let (mut held, mut inputs) = (Vec::new(), Vec::new());
        for byte in 0..8_u8 {
            let mut input = BytesMut::new();
            fill(&vec![byte; SHORT * 4], &mut input).await;
            held.push(split(&mut input, SHORT * 3));
            inputs.push(input);
        }
        for (byte, (held, input)) in (0..8_u8).zip(held.iter().zip(inputs)) {
            assert!(held.iter().chain(&input).all(|it| *it == byte));
        }
    }
}

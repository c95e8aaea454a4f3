//! Bytes that are read but not yet given out.

use ::bytes::{Buf, Bytes, BytesMut};
use tokio::io::ReadBuf;

/// A short queue: bytes that may pass, bytes to drop, and the start of what comes next.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: BytesMut,
    /// So many bytes, from the front, may pass.
    ready: usize,
    /// So many bytes behind those are to be dropped.
    skip: usize,
    /// Whether the rest has not been judged yet.
    is_fresh: bool,
}

impl Held {
    pub(super) fn new(bytes: Bytes) -> Self {
        Self { is_fresh: !bytes.is_empty(), bytes: BytesMut::from(bytes), ..Self::default() }
    }

    /// Gives out what may pass; `false` when there is nothing to give.
    pub(super) fn give(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        if self.bytes.is_empty() {
            return false;
        }
        let count = self.ready.min(buf.remaining());
        buf.put_slice(self.bytes.get(..count).unwrap_or_default());
        self.ready = self.ready.saturating_sub(count);
        self.drop_front(count);
        if self.ready == 0 {
            let skip = std::mem::take(&mut self.skip);
            self.drop_front(skip);
        }
        count > 0
    }

    /// Marks the first `ready` bytes as passed, the next `skip` as dropped and the rest as to be
    /// judged, or not yet.
    pub(super) const fn mark(&mut self, ready: usize, skip: usize, is_fresh: bool) {
        self.ready = ready;
        self.skip = skip;
        self.is_fresh = is_fresh;
    }

    /// Lets everything pass.
    pub(super) fn pass_all(&mut self) {
        self.mark(self.bytes.len(), 0, false);
    }

    /// Forgets everything but the bytes that may pass.
    pub(super) fn keep_ready(&mut self) {
        self.bytes.truncate(self.ready);
        self.mark(self.ready, 0, false);
    }

    /// Reads behind the held bytes, through `read`, which fills a buffer of `count` bytes.
    /// Returns what `read` returned and how many bytes came.
    pub(super) fn read_more<T>(
        &mut self,
        count: usize,
        read: impl FnOnce(&mut ReadBuf<'_>) -> T,
    ) -> (T, usize) {
        let before = self.bytes.len();
        self.bytes.resize(before.saturating_add(count), 0);
        let mut buf = ReadBuf::new(self.bytes.get_mut(before..).unwrap_or_default());
        let outcome = read(&mut buf);
        let came = buf.filled().len();
        self.bytes.truncate(before.saturating_add(came));
        (outcome, came)
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(super) const fn is_fresh(&self) -> bool {
        self.is_fresh
    }

    fn drop_front(&mut self, count: usize) {
        self.bytes.advance(count.min(self.bytes.len()));
        if self.bytes.is_empty() {
            // An idle connection keeps no buffer.
            self.bytes = BytesMut::new();
        }
    }
}

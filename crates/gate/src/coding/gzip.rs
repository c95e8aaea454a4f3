//! Writing gzip.

use flate2::{Compress, Compression, Crc, FlushCompress, Status};

use super::{CodingError, STEP};

/// The head of every body: deflate, no name, no time, no system (RFC 1952 section 2.3).
const HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
const FAILED: CodingError = CodingError("compressing failed");

/// Compresses a body while it streams.
#[derive(Debug)]
pub struct Gzip {
    inner: Compress,
    checksum: Crc,
    has_begun: bool,
    /// Whether something was taken that no flush has brought out.
    is_pending: bool,
}

impl Gzip {
    /// A compressor for one body.
    #[must_use]
    pub fn new() -> Self {
        let inner = Compress::new(Compression::fast(), false);
        Self { inner, checksum: Crc::new(), has_begun: false, is_pending: false }
    }

    /// Takes all of `data`.
    ///
    /// # Errors
    /// [`CodingError`] when the library fails.
    pub fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<(), CodingError> {
        if data.is_empty() {
            return Ok(());
        }
        self.begin(out);
        self.checksum.update(data);
        self.is_pending = true;
        let start = self.inner.total_in();
        loop {
            let taken = usize::try_from(self.inner.total_in().saturating_sub(start));
            let rest = taken.ok().and_then(|taken| data.get(taken..)).unwrap_or_default();
            if rest.is_empty() {
                return Ok(());
            }
            out.reserve(STEP);
            self.inner.compress_vec(rest, out, FlushCompress::None).map_err(|_| FAILED)?;
        }
    }

    /// Appends all that was taken, so that the client can read it.
    ///
    /// # Errors
    /// As [`Gzip::push`].
    pub fn flush(&mut self, out: &mut Vec<u8>) -> Result<(), CodingError> {
        if !std::mem::take(&mut self.is_pending) {
            return Ok(());
        }
        loop {
            out.reserve(STEP);
            self.inner.compress_vec(&[], out, FlushCompress::Sync).map_err(|_| FAILED)?;
            if out.len() < out.capacity() {
                return Ok(());
            }
        }
    }

    /// Ends the body.
    ///
    /// # Errors
    /// As [`Gzip::push`].
    pub fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), CodingError> {
        self.begin(out);
        loop {
            out.reserve(STEP);
            let status = self.inner.compress_vec(&[], out, FlushCompress::Finish);
            if status.map_err(|_| FAILED)? == Status::StreamEnd {
                break;
            }
        }
        out.extend_from_slice(&self.checksum.sum().to_le_bytes());
        out.extend_from_slice(&self.checksum.amount().to_le_bytes());
        Ok(())
    }

    fn begin(&mut self, out: &mut Vec<u8>) {
        if !std::mem::replace(&mut self.has_begun, true) {
            out.extend_from_slice(&HEAD);
        }
    }
}

impl Default for Gzip {
    fn default() -> Self {
        Self::new()
    }
}

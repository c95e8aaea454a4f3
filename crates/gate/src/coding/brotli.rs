//! Brotli.

use std::fmt;

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};

use super::{CodingError, STEP};

type State = BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>;

pub(super) struct Brotli {
    state: State,
    has_begun: bool,
    is_done: bool,
}

impl fmt::Debug for Brotli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Brotli").field("is_done", &self.is_done).finish_non_exhaustive()
    }
}

impl Default for Brotli {
    fn default() -> Self {
        // Windows of at most 16 MiB: larger ones are not the coding of HTTP.
        let state = State::new_strict(
            StandardAlloc::default(),
            StandardAlloc::default(),
            StandardAlloc::default(),
        );
        Self { state, has_begun: false, is_done: false }
    }
}

impl Brotli {
    pub(super) fn step(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, CodingError> {
        if self.is_done {
            return Ok(data.len());
        }
        self.has_begun |= !data.is_empty();
        let start = out.len();
        out.resize(start.saturating_add(STEP), 0);
        let (mut left, mut taken) = (data.len(), 0);
        let (mut room, mut written, mut total) = (STEP, 0, 0);
        let result = BrotliDecompressStream(
            &mut left,
            &mut taken,
            data,
            &mut room,
            &mut written,
            out.get_mut(start..).unwrap_or_default(),
            &mut total,
            &mut self.state,
        );
        out.truncate(start.saturating_add(written));
        match result {
            BrotliResult::ResultFailure => {
                return Err(CodingError("the body is not compressed as it says"));
            }
            BrotliResult::ResultSuccess => self.is_done = true,
            BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => {}
        }
        Ok(taken)
    }

    pub(super) const fn is_whole(&self) -> bool {
        self.is_done || !self.has_begun
    }
}

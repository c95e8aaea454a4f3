//! Looking at a page without changing it.

use super::Inline;
use crate::coding::{Coding, Decoder};
use crate::pipeline::{BodyFilter, GuardError};

/// The most of a page that is looked at, in bytes.
const MOST: usize = 8 * 1024 * 1024;

/// Passes a page on as it is, and shows a decoded copy to [`Inline`].
#[derive(Debug)]
pub(in super::super) struct Watch {
    /// `None` when the copy cannot be read, or is larger than what is looked at.
    copy: Option<(Decoder, Inline)>,
    left: usize,
}

impl Watch {
    pub(in super::super) fn new(coding: Coding, inline: Inline) -> Self {
        Self { copy: Some((Decoder::new(coding), inline)), left: MOST }
    }

    /// Shows what `data` says; `None` when there is nothing more to look at.
    fn look(&mut self, mut data: &[u8]) -> Option<()> {
        let (decoder, inline) = self.copy.as_mut()?;
        loop {
            let mut text = Vec::new();
            let taken = decoder.step(data, &mut text).ok()?;
            inline.look(&text);
            self.left = self.left.checked_sub(text.len())?;
            data = data.get(taken..).unwrap_or_default();
            if data.is_empty() && text.is_empty() {
                return Some(());
            }
            if taken == 0 && text.is_empty() {
                return None;
            }
        }
    }
}

impl BodyFilter for Watch {
    fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, GuardError> {
        out.extend_from_slice(data);
        if self.look(data).is_none() {
            self.copy = None;
        }
        Ok(data.len())
    }

    fn flush(&mut self, _out: &mut Vec<u8>) -> Result<bool, GuardError> {
        Ok(false)
    }

    fn finish(&mut self, _out: &mut Vec<u8>) -> Result<(), GuardError> {
        Ok(())
    }
}

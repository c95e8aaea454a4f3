//! The steps of one body, in order.

use super::replace::Replace;
use super::{Inline, Placeholder, Stamp};
use crate::coding::{Coding, CodingError, Decoder, Gzip};
use crate::pipeline::{BodyFilter, GuardError};

/// What is done to one body.
#[derive(Debug)]
pub(in super::super) struct Steps {
    /// How it comes.
    pub(in super::super) coding: Coding,
    /// What stands where a nonce goes, and what goes there.
    pub(in super::super) replace: Option<(Placeholder, Vec<u8>)>,
    /// Writes the nonce into every script tag.
    pub(in super::super) stamp: Option<Stamp>,
    /// Notes the hashes of inline scripts and styles.
    pub(in super::super) inline: Option<Inline>,
    /// Whether it goes out compressed.
    pub(in super::super) is_compressed: bool,
}

/// Carries the steps out while the body streams.
#[derive(Debug)]
pub(in super::super) struct PageFilter {
    decoder: Decoder,
    inline: Option<Inline>,
    replace: Option<Replace>,
    stamp: Option<Stamp>,
    encoder: Option<Gzip>,
}

impl PageFilter {
    pub(in super::super) fn new(steps: Steps) -> Self {
        let Steps { coding, replace, stamp, inline, is_compressed } = steps;
        Self {
            decoder: Decoder::new(coding),
            inline,
            replace: replace.map(|(placeholder, by)| Replace::new(placeholder, by)),
            stamp,
            encoder: is_compressed.then(Gzip::new),
        }
    }

    /// Takes decoded text through the rest of the steps.
    fn pass(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), GuardError> {
        if let Some(inline) = &mut self.inline {
            inline.look(text);
        }
        match &mut self.replace {
            Some(replace) => {
                let mut replaced = Vec::with_capacity(text.len());
                replace.push(text, &mut replaced);
                self.send(&replaced, out)
            }
            None => self.send(text, out),
        }
    }

    fn send(&mut self, text: &[u8], out: &mut Vec<u8>) -> Result<(), GuardError> {
        let mut stamped = Vec::new();
        let text = match &mut self.stamp {
            Some(stamp) => {
                stamp.push(text, &mut stamped)?;
                &stamped
            }
            None => text,
        };
        match &mut self.encoder {
            Some(encoder) => encoder.push(text, out).map_err(failed),
            None => {
                out.extend_from_slice(text);
                Ok(())
            }
        }
    }
}

fn failed(error: CodingError) -> GuardError {
    GuardError(error.to_string())
}

impl BodyFilter for PageFilter {
    fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, GuardError> {
        let before = out.len();
        loop {
            let mut text = Vec::new();
            let taken = self.decoder.step(data, &mut text).map_err(failed)?;
            self.pass(&text, out)?;
            // What came of it may be held back as a whole.
            if taken > 0 || out.len() > before || text.is_empty() {
                return Ok(taken);
            }
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) -> Result<bool, GuardError> {
        let mut text = Vec::new();
        self.decoder.step(&[], &mut text).map_err(failed)?;
        let has_more = !text.is_empty();
        self.pass(&text, out)?;
        if !has_more && let Some(encoder) = &mut self.encoder {
            encoder.flush(out).map_err(failed)?;
        }
        Ok(has_more)
    }

    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), GuardError> {
        self.decoder.finish().map_err(failed)?;
        let mut rest = Vec::new();
        if let Some(replace) = &mut self.replace {
            replace.finish(&mut rest);
        }
        self.send(&rest, out)?;
        if let Some(stamp) = &mut self.stamp {
            let mut stamped = Vec::new();
            stamp.finish(&mut stamped)?;
            match &mut self.encoder {
                Some(encoder) => encoder.push(&stamped, out).map_err(failed)?,
                None => out.append(&mut stamped),
            }
        }
        match &mut self.encoder {
            Some(encoder) => encoder.finish(out).map_err(failed),
            None => Ok(()),
        }
    }
}

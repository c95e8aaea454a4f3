//! Decoded bytes that know where they came from.

use std::ops::Range;

use crate::detect::finding::Layer;

/// A value after some decoding.
#[derive(Debug, Clone)]
pub(in crate::detect) struct Text {
    /// The bytes as they read now.
    pub(in crate::detect) bytes: Vec<u8>,
    /// For each byte, where it began in the original, and at last where the original ended. Empty
    /// means: nothing was decoded.
    origin: Vec<u32>,
    /// What was decoded, outermost first.
    pub(in crate::detect) layers: Vec<Layer>,
}

impl Text {
    /// The value as it was given.
    pub(in crate::detect) fn original(bytes: &[u8]) -> Self {
        Self { bytes: bytes.to_vec(), origin: Vec::new(), layers: Vec::new() }
    }

    /// An empty text to decode this one into.
    pub(super) fn builder(&self) -> Builder<'_> {
        Builder {
            source: self,
            bytes: Vec::with_capacity(self.bytes.len()),
            origin: Vec::with_capacity(self.bytes.len() + 1),
        }
    }

    /// The text after `layer` was taken off too.
    pub(in crate::detect) fn with_layer(mut self, outer: &Self, layer: Layer) -> Self {
        self.layers = outer.layers.iter().copied().chain([layer]).collect();
        self
    }

    /// The stretch of the original that `span` came from.
    pub(in crate::detect) fn in_original(
        &self,
        span: &Range<usize>,
        length: usize,
    ) -> Range<usize> {
        let place = |at: usize| match self.origin.get(at) {
            Some(&origin) => usize::try_from(origin).unwrap_or(length),
            None if self.origin.is_empty() => at,
            None => length,
        };
        let start = place(span.start).min(length);
        start..place(span.end).clamp(start, length)
    }

    fn origin_of(&self, at: usize) -> u32 {
        let plain = || u32::try_from(at).unwrap_or(u32::MAX);
        self.origin.get(at).or_else(|| self.origin.last()).copied().unwrap_or_else(plain)
    }
}

/// A text under construction.
#[derive(Debug)]
pub(super) struct Builder<'a> {
    source: &'a Text,
    bytes: Vec<u8>,
    origin: Vec<u32>,
}

impl Builder<'_> {
    /// Adds `byte`, which stands for what begins at `from` in the source.
    pub(super) fn push(&mut self, byte: u8, from: usize) {
        self.bytes.push(byte);
        self.origin.push(self.source.origin_of(from));
    }

    /// Adds the character `code`, which stands for what begins at `from` in the source. What is no
    /// character becomes its low byte, as careless decoders do.
    pub(super) fn push_code(&mut self, code: u32, from: usize) {
        match char::from_u32(code).filter(|_| code > 0xff) {
            Some(character) => {
                let mut buffer = [0; 4];
                for byte in character.encode_utf8(&mut buffer).bytes() {
                    self.push(byte, from);
                }
            }
            None => self.push(u8::try_from(code & 0xff).unwrap_or(0), from),
        }
    }

    /// The finished text.
    pub(super) fn finish(mut self) -> Text {
        self.origin.push(self.source.origin_of(self.source.bytes.len()));
        Text { bytes: self.bytes, origin: self.origin, layers: Vec::new() }
    }
}

//! Reading compressed messages (RFC 7692), only so far as the limits go.

use flate2::{Decompress, FlushDecompress, Status};

use super::Ending;

/// What a sender leaves out at the end of a message (RFC 7692 section 7.2.2).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// How much is inflated at once, in bytes.
const STEP: usize = 4096;
/// Up to this many bytes no ratio is looked at: tables of zeros and empty pictures are very regular
/// too, and so much is bounded anyway.
const RATIO_FROM: u64 = 1024 * 1024;

/// How much a message may grow.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// Most bytes of the inflated message.
    pub(super) size: u64,
    /// Most bytes for each byte that came.
    pub(super) ratio: u64,
}

/// Inflates one message.
pub(super) struct Inflate {
    state: Decompress,
    came: u64,
    made: u64,
}

impl std::fmt::Debug for Inflate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Inflate").field("came", &self.came).field("made", &self.made).finish()
    }
}

impl Inflate {
    /// At the beginning of a message; nothing of earlier ones is known.
    pub(super) fn new() -> Self {
        Self { state: Decompress::new(false), came: 0, made: 0 }
    }

    /// Inflates one more piece; `sink` gets what it says, in pieces.
    ///
    /// # Errors
    /// When the piece cannot be read, the message grows beyond `bounds`, or `sink` says so.
    pub(super) fn push(
        &mut self,
        piece: &[u8],
        bounds: Bounds,
        sink: &mut impl FnMut(&[u8]) -> Result<(), Ending>,
    ) -> Result<(), Ending> {
        self.came = self.came.saturating_add(piece.len() as u64);
        self.run(piece, bounds, sink)
    }

    /// The end of the message.
    ///
    /// # Errors
    /// As [`Inflate::push`].
    pub(super) fn finish(
        &mut self,
        bounds: Bounds,
        sink: &mut impl FnMut(&[u8]) -> Result<(), Ending>,
    ) -> Result<(), Ending> {
        self.run(&TAIL, bounds, sink)
    }

    fn run(
        &mut self,
        mut piece: &[u8],
        bounds: Bounds,
        sink: &mut impl FnMut(&[u8]) -> Result<(), Ending>,
    ) -> Result<(), Ending> {
        let mut space = [0; STEP];
        loop {
            let before = (self.state.total_in(), self.state.total_out());
            let status = self.state.decompress(piece, &mut space, FlushDecompress::None);
            let status = status.map_err(|_| Ending::InvalidData("invalid compression"))?;
            let delta = |now: u64, before: u64| usize::try_from(now.saturating_sub(before));
            let used = delta(self.state.total_in(), before.0).unwrap_or(0);
            let made = delta(self.state.total_out(), before.1).unwrap_or(0);
            self.made = self.made.saturating_add(made as u64);
            self.bound(bounds)?;
            sink(space.get(..made).unwrap_or_default())?;
            piece = piece.get(used..).unwrap_or_default();
            if status == Status::StreamEnd {
                // A sender may end its stream with each message (RFC 7692 section 7.2.3.4).
                self.state.reset(false);
            }
            let is_stuck = used == 0 && made == 0;
            if is_stuck && !piece.is_empty() {
                return Err(Ending::InvalidData("invalid compression"));
            }
            if is_stuck || (piece.is_empty() && made < STEP) {
                return Ok(());
            }
        }
    }

    fn bound(&self, bounds: Bounds) -> Result<(), Ending> {
        if self.made > bounds.size {
            return Err(Ending::TooLarge("websocket.message_limit"));
        }
        if self.made > RATIO_FROM && self.made > self.came.saturating_mul(bounds.ratio) {
            return Err(Ending::TooLarge("websocket.inflation_ratio"));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    const BOUNDS: Bounds = Bounds { size: 1_000_000, ratio: 100 };

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut state = Compress::new(Compression::default(), false);
        let mut coded = Vec::with_capacity(text.len() + 1024);
        state.compress_vec(text, &mut coded, FlushCompress::Sync).unwrap();
        assert!(coded.ends_with(&TAIL));
        coded.truncate(coded.len() - TAIL.len());
        coded
    }

    fn inflate(coded: &[u8], size: usize, bounds: Bounds) -> Result<Vec<u8>, Ending> {
        let (mut message, mut text) = (Inflate::new(), Vec::new());
        let mut sink = |piece: &[u8]| {
            text.extend_from_slice(piece);
            Ok(())
        };
        for piece in coded.chunks(size) {
            message.push(piece, bounds, &mut sink)?;
        }
        message.finish(bounds, &mut sink)?;
        Ok(text)
    }

    #[test]
    fn messages_are_read_however_they_are_cut() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|n| (n % 251).to_be_bytes()).collect();
        let coded = deflate(&text);
        for size in [1, 7, 4096, coded.len()] {
            assert!(inflate(&coded, size, BOUNDS).unwrap() == text, "pieces of {size}");
        }
        assert_eq!(inflate(&deflate(b""), 9, BOUNDS).unwrap(), b"");
        // RFC 7692 section 7.2.3.1 and 7.2.3.4.
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let ended = [0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00];
        assert_eq!(inflate(&hello, 3, BOUNDS).unwrap(), b"Hello");
        assert_eq!(inflate(&ended, 3, BOUNDS).unwrap(), b"Hello");
    }

    #[test]
    fn a_bomb_is_never_inflated_beyond_its_bounds() {
        let bomb = deflate(&vec![0; 50_000_000]);
        let mut seen = 0;
        let mut sink = |piece: &[u8]| {
            seen += piece.len();
            Ok(())
        };
        let large = Bounds { size: 1_000_000, ratio: 10_000 };
        let ending = Inflate::new().push(&bomb, large, &mut sink).unwrap_err();
        assert_eq!(ending, Ending::TooLarge("websocket.message_limit"));
        assert!(seen <= 1_000_000, "{seen}");
        let dense = Bounds { size: 100_000_000, ratio: 100 };
        let ending = inflate(&bomb, 4096, dense).unwrap_err();
        assert_eq!(ending, Ending::TooLarge("websocket.inflation_ratio"));
    }

    #[test]
    fn what_is_no_compression_is_told() {
        let ending = inflate(&[0xff, 0xff, 0xff, 0xff], 4, BOUNDS).unwrap_err();
        assert_eq!(ending, Ending::InvalidData("invalid compression"));
    }
}

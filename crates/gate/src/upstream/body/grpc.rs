//! The framing of gRPC: messages, each behind a flag and a length
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>). They stream by without being
//! kept, so what claims to be such a stream has to be one to its end.

/// The flag, and four bytes of length.
const PREFIX: usize = 5;

/// How far a stream of messages has come.
#[derive(Debug, Default)]
pub(super) struct Messages {
    /// Bytes of the present prefix that have come.
    prefix: usize,
    /// The length so far, and then what is missing of the message.
    missing: u64,
}

impl Messages {
    /// Takes the next piece of the stream, of which at most `most` bytes follow from its start on.
    /// False: no stream of messages goes on so.
    pub(super) fn take(&mut self, mut piece: &[u8], most: u64) -> bool {
        let mut most = most;
        while let Some((first, rest)) = piece.split_first() {
            if self.prefix == PREFIX {
                let taken = piece.len().min(usize::try_from(self.missing).unwrap_or(usize::MAX));
                piece = piece.get(taken..).unwrap_or_default();
                self.advance(taken as u64);
                most = most.saturating_sub(taken as u64);
                continue;
            }
            match self.prefix {
                // Compressed or not.
                0 if *first > 1 => return false,
                0 => self.missing = 0,
                _ => self.missing = self.missing << 8 | u64::from(*first),
            }
            self.prefix += 1;
            most = most.saturating_sub(1);
            piece = rest;
            if self.prefix == PREFIX && self.missing > most {
                return false;
            }
            self.advance(0);
        }
        true
    }

    /// Whether the stream may end here.
    pub(super) const fn is_whole(&self) -> bool {
        self.prefix == 0
    }

    /// So much of the message came; the next prefix begins where it ends.
    const fn advance(&mut self, taken: u64) {
        if self.prefix == PREFIX {
            self.missing = self.missing.saturating_sub(taken);
            if self.missing == 0 {
                self.prefix = 0;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ends_well(body: &[u8], piece: usize) -> bool {
        let mut messages = Messages::default();
        let mut left = 1_000;
        body.chunks(piece).all(|piece| {
            let goes_on = messages.take(piece, left);
            left -= piece.len() as u64;
            goes_on
        }) && messages.is_whole()
    }

    #[test]
    fn messages_are_followed_to_the_end_however_they_are_cut() {
        let cases: [(&[u8], bool); 12] = [
            (b"", true),
            (b"\0\0\0\0\0", true),
            (b"\0\0\0\0\x03abc", true),
            (b"\0\0\0\0\x03abc\x01\0\0\0\x02\x1f\x8b\0\0\0\0\0", true),
            (b"\0\0\0\0\x03ab", false),
            (b"\0\0\0", false),
            (b"\0\0\0\0\x03abcd", false),
            (b"\0\0\0\0\x03abc\x02\0\0\0\0", false),
            (b"{\"id\":1}", false),
            (b"\0{\"id\":1}", false),
            (b"\x01a=1&b=2", false),
            (b"\0\0\0\x04\0too long", false),
        ];
        for (body, expected) in cases {
            for piece in 1..=body.len().max(1) {
                assert_eq!(ends_well(body, piece), expected, "{body:?} in pieces of {piece}");
            }
        }
    }
}

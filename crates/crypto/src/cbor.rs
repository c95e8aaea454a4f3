//! CBOR (RFC 8949) as authenticators write it: the canonical form of CTAP 2. Definite lengths, the
//! shortest spelling of every number, little nesting; everything else is refused. Reading allocates
//! nothing, however much a length promises.

/// The deepest nesting that is skipped over: what CTAP 2 allows.
const MAX_DEPTH: usize = 4;

/// One item; of lists and maps its head, which says how many entries follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A whole number, where it fits.
    Integer(i64),
    /// A string of bytes.
    Bytes(&'a [u8]),
    /// A text.
    Text(&'a str),
    /// A list of so many items.
    List(u64),
    /// A map of so many pairs.
    Map(u64),
    /// `false`, `true` or `null`.
    Simple,
}

/// Reads items one after another.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// Reads `bytes`, which need not end with the last item that is wanted.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// What was not read yet.
    #[must_use]
    pub const fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// The next item; `None` for the end, and for what is not in the canonical form.
    pub fn item(&mut self) -> Option<Item<'a>> {
        let first = *self.take(1)?.first()?;
        let (kind, number) = (first >> 5, self.number(first & 0x1f)?);
        match kind {
            0 => i64::try_from(number).ok().map(Item::Integer),
            1 => i64::try_from(number).ok().map(|number| Item::Integer(-1 - number)),
            2 => self.take(usize::try_from(number).ok()?).map(Item::Bytes),
            3 => {
                let bytes = self.take(usize::try_from(number).ok()?)?;
                str::from_utf8(bytes).ok().map(Item::Text)
            }
            4 => Some(Item::List(number)),
            5 => Some(Item::Map(number)),
            7 if matches!(first, 0xf4..=0xf6) => Some(Item::Simple),
            _ => None,
        }
    }

    /// Passes over one item with all that belongs to it.
    pub fn skip(&mut self) -> Option<()> {
        self.skip_within(MAX_DEPTH)
    }

    fn skip_within(&mut self, depth: usize) -> Option<()> {
        let entries = match self.item()? {
            Item::List(length) => length,
            Item::Map(length) => length.checked_mul(2)?,
            _ => return Some(()),
        };
        let depth = depth.checked_sub(1)?;
        // However many are promised, each takes a byte at least.
        (0..entries).try_for_each(|_| self.skip_within(depth))
    }

    /// The number of an item's head, in its shortest spelling.
    fn number(&mut self, short: u8) -> Option<u64> {
        let (size, floor) = match short {
            0..=23 => return Some(u64::from(short)),
            24 => (1, 24),
            25 => (2, 0x100),
            26 => (4, 0x1_0000),
            27 => (8, 0x1_0000_0000),
            _ => return None,
        };
        let digits = self.take(size)?;
        let number = digits.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
        (number >= floor).then_some(number)
    }

    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn items_are_read_in_their_one_spelling() {
        for (bytes, item) in [
            (&[0x17][..], Item::Integer(23)),
            (&[0x18, 24], Item::Integer(24)),
            (&[0x39, 0x01, 0x00], Item::Integer(-257)),
            (&[0x26], Item::Integer(-7)),
            (&[0x43, 1, 2, 3], Item::Bytes(&[1, 2, 3])),
            (&[0x64, b'n', b'o', b'n', b'e'], Item::Text("none")),
            (&[0x82], Item::List(2)),
            (&[0xa5], Item::Map(5)),
            (&[0xf5], Item::Simple),
        ] {
            assert_eq!(Reader::new(bytes).item(), Some(item), "{bytes:x?}");
        }
        for bytes in [
            &[][..],
            &[0x18, 23],
            &[0x19, 0, 0xff],
            &[0x1b, 0xff, 0, 0, 0, 0, 0, 0, 0],
            &[0x5f],
            &[0x44, 1, 2],
            &[0x61, 0xff],
            &[0xc0, 0x00],
            &[0xf9, 0, 0],
            &[0xff],
        ] {
            assert_eq!(Reader::new(bytes).item(), None, "{bytes:x?}");
        }
    }

    #[test]
    fn what_is_skipped_is_bounded() {
        let mut fine = Reader::new(&[0xa1, 0x01, 0x82, 0x01, 0x41, 0x00, 0x07]);
        assert_eq!((fine.skip(), fine.rest()), (Some(()), &[0x07][..]));
        assert_eq!(Reader::new(&[0x81; 64]).skip(), None, "deeper than CTAP 2 allows");
        let promise = [0xbb, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(Reader::new(&promise).skip(), None);
    }

    proptest! {
        #[test]
        fn no_bytes_end_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut reader = Reader::new(&bytes);
            while reader.skip().is_some() {}
            prop_assert!(reader.rest().len() <= bytes.len());
        }
    }
}

//! Sets of bytes as 256 bits.

/// From this length on a table of flags pays.
const TABLE_PAYS_BYTES: usize = 128;

/// A set of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub(crate) struct ByteSet([u64; 4]);

impl ByteSet {
    /// The set of these bytes.
    pub(crate) const fn of(mut bytes: &[u8]) -> Self {
        let mut set = Self([0; 4]);
        while let [first, rest @ ..] = bytes {
            set = set.with(*first);
            bytes = rest;
        }
        set
    }

    /// The bytes from `first` to `last`.
    pub(crate) const fn range(first: u8, last: u8) -> Self {
        let mut set = Self([0; 4]).with(first);
        let mut byte = first;
        while byte < last {
            byte += 1;
            set = set.with(byte);
        }
        set
    }

    /// Every byte.
    pub(crate) const fn all() -> Self {
        Self([u64::MAX; 4])
    }

    /// ASCII capitals.
    pub(crate) const fn upper() -> Self {
        Self::range(b'A', b'Z')
    }

    /// ASCII small letters.
    pub(crate) const fn lower() -> Self {
        Self::range(b'a', b'z')
    }

    /// Bytes above 127.
    pub(crate) const fn high() -> Self {
        Self::range(0x80, 0xff)
    }

    /// White space and the non-breaking space of Latin-1.
    pub(crate) const fn wide_space() -> Self {
        Self::of(&[9, 10, 11, 12, 13, 32, 0xa0])
    }

    /// ASCII letters and digits.
    pub(crate) const fn alphanumeric() -> Self {
        Self::upper().and(Self::lower()).and(Self::range(b'0', b'9'))
    }

    /// What is neither an ASCII letter nor a digit.
    pub(crate) const fn not_alphanumeric() -> Self {
        Self::alphanumeric().but()
    }

    /// The bytes that are not in the set.
    pub(crate) const fn but(self) -> Self {
        let Self([a, b, c, d]) = self;
        Self([!a, !b, !c, !d])
    }

    /// The bytes of either set.
    pub(crate) const fn and(self, other: Self) -> Self {
        let (Self([a, b, c, d]), Self([e, f, g, h])) = (self, other);
        Self([a | e, b | f, c | g, d | h])
    }

    const fn with(self, byte: u8) -> Self {
        let Self([mut a, mut b, mut c, mut d]) = self;
        let bit = 1_u64 << (byte & 63);
        match byte >> 6 {
            0 => a |= bit,
            1 => b |= bit,
            2 => c |= bit,
            _ => d |= bit,
        }
        Self([a, b, c, d])
    }

    /// The bytes that occur in `text`.
    pub(crate) fn in_text(text: &[u8]) -> Self {
        if text.len() <= TABLE_PAYS_BYTES {
            let mut words = [0; 4];
            for byte in text {
                if let Some(word) = words.get_mut(usize::from(byte >> 6)) {
                    *word |= 1 << (byte & 63);
                }
            }
            return Self(words);
        }
        // A table of flags is filled faster than bits are set: no byte waits for the one before.
        let mut seen = [false; 256];
        for byte in text {
            if let Some(flag) = seen.get_mut(usize::from(*byte)) {
                *flag = true;
            }
        }
        let mut words = [0; 4];
        for (word, flags) in words.iter_mut().zip(seen.chunks_exact(64)) {
            *word = flags.iter().rev().fold(0, |bits, flag| bits << 1 | u64::from(*flag));
        }
        Self(words)
    }

    /// Whether the set has no byte.
    pub(crate) const fn is_empty(self) -> bool {
        matches!(self.0, [0, 0, 0, 0])
    }

    /// The bytes of the set.
    pub(crate) fn bytes(self) -> impl Iterator<Item = u8> {
        self.0.into_iter().zip([0_u8, 64, 128, 192]).flat_map(|(word, first)| {
            let mut rest = word;
            std::iter::from_fn(move || {
                let lowest = u8::try_from(rest.trailing_zeros()).ok().filter(|bit| *bit < 64)?;
                rest &= rest - 1;
                Some(first + lowest)
            })
        })
    }

    /// Whether the sets have a byte in common.
    pub(crate) const fn meets(self, other: Self) -> bool {
        let (Self([a, b, c, d]), Self([e, f, g, h])) = (self, other);
        (a & e) | (b & f) | (c & g) | (d & h) != 0
    }

    /// Whether `byte` is in the set.
    pub(crate) const fn has(self, byte: u8) -> bool {
        self.meets(Self([0; 4]).with(byte))
    }

    /// Whether all bytes are in `other` too.
    pub(crate) const fn is_within(self, other: Self) -> bool {
        let (Self([a, b, c, d]), Self([e, f, g, h])) = (self, other);
        (a & !e) | (b & !f) | (c & !g) | (d & !h) == 0
    }
}

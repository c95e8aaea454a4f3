//! How much to read from a connection at once.

/// At first, in bytes: a head and a short body.
const FIRST: usize = 8 * 1024;

/// At most, while a long body comes as fast as it is read: one of 64 KiB with its head.
const LARGEST: usize = 72 * 1024;

/// Follows what comes: a connection that brings much at once is read in large pieces.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ReadSize(usize);

impl Default for ReadSize {
    fn default() -> Self {
        Self(FIRST)
    }
}

impl ReadSize {
    /// The room to read into, where `left` more bytes are expected; `None` when nobody knows.
    ///
    /// One byte more than what is expected: a read that does not fill its room has taken all there
    /// is, and none has to be tried in vain.
    pub(crate) fn room(self, left: Option<u64>) -> usize {
        let left = left.map_or(0, |left| usize::try_from(left).unwrap_or(usize::MAX));
        left.saturating_add(1).max(self.0).min(LARGEST)
    }

    /// Whether more than usual is read at once.
    pub(crate) const fn is_large(self) -> bool {
        self.0 > FIRST
    }

    /// So many bytes came into a room of this size.
    pub(crate) fn note(&mut self, room: usize, count: usize) {
        let next = if count >= room { room.saturating_mul(2) } else { count.next_power_of_two() };
        self.0 = next.clamp(FIRST, LARGEST);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_room_follows_what_comes_within_bounds() {
        let mut size = ReadSize::default();
        for (left, count, expected) in [
            (None, FIRST, FIRST),
            (None, 2 * FIRST, 2 * FIRST),
            (Some(57_000), 57_000, 57_001),
            (None, 65_536, 65_536),
            (None, 65_800, LARGEST),
            (Some(u64::MAX), LARGEST, LARGEST),
            (None, 300, LARGEST),
            (None, 300, FIRST),
        ] {
            let room = size.room(left);
            assert_eq!(room, expected);
            size.note(room, count);
        }
    }
}

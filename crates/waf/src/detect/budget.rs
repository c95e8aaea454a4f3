//! The work one request may cause.

/// A bound on work. One unit is about one byte that one detector or decoder looks at, a few
/// nanoseconds. What is left never grows.
#[derive(Debug, Clone)]
pub struct Budget {
    left: u32,
    exhausted_by: Option<&'static str>,
}

impl Budget {
    /// What a request gets unless its owner says otherwise.
    pub const ORDINARY: u32 = 1_200_000;

    /// What each byte of a body adds: every reading of it, and a few encodings.
    const UNITS_A_BYTE: usize = 32;

    /// A budget of `units`.
    #[must_use]
    pub fn new(units: u32) -> Self {
        Self { left: units, exhausted_by: None }
    }

    /// The budget of a request, or of its body, that is `bytes` long.
    #[must_use]
    pub fn for_bytes(bytes: usize) -> Self {
        let more = u32::try_from(bytes.saturating_mul(Self::UNITS_A_BYTE)).unwrap_or(u32::MAX);
        Self::new(Self::ORDINARY.saturating_add(more))
    }

    /// The units that are left.
    #[must_use]
    pub fn left(&self) -> u32 {
        self.left
    }

    /// The part that wanted more than was left; `None` while nothing had to be left out.
    #[must_use]
    pub fn exhausted_by(&self) -> Option<&'static str> {
        self.exhausted_by
    }

    /// Takes `units` for `part`; false, and nothing more is done, when they are not there.
    pub(crate) fn spend(&mut self, units: usize, part: &'static str) -> bool {
        let units = u32::try_from(units).unwrap_or(u32::MAX);
        match self.left.checked_sub(units) {
            Some(left) if self.exhausted_by.is_none() => {
                self.left = left;
                true
            }
            _ => {
                self.exhausted_by.get_or_insert(part);
                self.left = 0;
                false
            }
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self::new(Self::ORDINARY)
    }
}

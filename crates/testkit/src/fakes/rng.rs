//! Randomness that repeats.

use std::sync::Mutex;

use mantlet_types::Rng;

use crate::lock;

/// A generator (SplitMix64) that yields the same bytes for the same seed, for tests that must
/// repeat. Anyone can predict it.
#[derive(Debug)]
pub struct SeededRng(Mutex<u64>);

impl SeededRng {
    /// A generator that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Rng for SeededRng {
    fn fill(&self, out: &mut [u8]) {
        let mut state = lock(&self.0);
        for chunk in out.chunks_mut(8) {
            let bytes = next(&mut state).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}

const fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draw(rng: &SeededRng) -> [u8; 13] {
        let mut out = [0; 13];
        rng.fill(&mut out);
        out
    }

    #[test]
    fn the_same_seed_repeats_and_draws_differ() {
        let (one, two) = (SeededRng::new(7), SeededRng::new(7));
        let first = draw(&one);
        assert_eq!(first, draw(&two));
        assert_ne!(first, draw(&one));
        assert_ne!(first, draw(&SeededRng::new(8)));
    }
}

//! Randomness as an argument.

use std::fmt::Debug;

use rand::Rng as _;

/// Where random bytes come from. Production passes [`SystemRng`]; tests pass a seeded one.
pub trait Rng: Debug + Send + Sync {
    /// Fills `out` with bytes that an attacker can neither predict nor influence.
    fn fill(&self, out: &mut [u8]);
}

/// A cryptographically secure generator for each thread, seeded and reseeded from the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRng;

impl Rng for SystemRng {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that names the thread's generator"
    )]
    fn fill(&self, out: &mut [u8]) {
        rand::rng().fill_bytes(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_draws_differ() {
        let (mut one, mut two) = ([0_u8; 32], [0_u8; 32]);
        SystemRng.fill(&mut one);
        SystemRng.fill(&mut two);
        assert_ne!(one, two);
    }
}

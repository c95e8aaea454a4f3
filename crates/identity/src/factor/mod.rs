//! Second factors: codes of a clock (TOTP, RFC 6238) and recovery codes.
//!
//! The secret of a clock is kept sealed with a key of the ring (purpose [`PURPOSE`]), bound to its
//! user; recovery codes are kept as keyed hashes (purpose [`RECOVERY_PURPOSE`]). A code counts once:
//! the step that was used, and the recovery code, are used up in the same act that accepts them.
//! Guessing is the lockout's business: ask [`crate::lockout::Lockout::factor`] before each code.

mod base32;
mod recovery;
mod service;
mod store;
mod totp;

pub use recovery::RecoveryCodes;
pub use service::{FactorError, SecondFactors};
pub use store::{FactorStore, TotpRecord};
pub use totp::{TotpPolicy, TotpSecret};

/// The purpose of the ring's keys that seal secrets of clocks.
pub const PURPOSE: &str = "totp";

/// The purpose of the ring's keys under which recovery codes are hashed.
pub const RECOVERY_PURPOSE: &str = "recovery-code";

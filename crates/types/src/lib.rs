//! What every room of Mantlet shares and nothing more: ids, time and randomness as arguments,
//! secrets that cannot be printed, reasons for a refusal, classes of data, and the traits through which lower
//! layers reach upper ones (blocking, revocation, letters).
//!
//! Layer 0: this crate knows no other crate of the house, no I/O and no server.

mod blocking;
mod clock;
mod data_class;
mod id;
mod post;
mod reason;
mod revocation;
mod rng;
mod secret;
mod severity;

pub use blocking::{Block, BlockError, Blocking};
pub use clock::{Clock, Monotonic, SystemClock};
pub use data_class::DataClass;
pub use id::{ParseRequestIdError, RequestId};
pub use jiff::Timestamp;
pub use post::{Letter, Post};
pub use reason::Reason;
pub use revocation::{Revocation, Subject};
pub use rng::{Rng, SystemRng};
pub use secret::Secret;
pub use severity::Severity;

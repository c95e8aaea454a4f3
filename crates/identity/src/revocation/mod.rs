//! Ending credentials before their time, so that every request notices.
//!
//! A gate that verifies a token or a session once and remembers it asks the [`RevocationIndex`] at
//! each request: two look-ups in memory. What this process ends is in the index at once. What
//! another process ends reaches it by [`Revocations::refresh`], which reads what the store learnt
//! since the last time; whoever runs it twice a second keeps the promise of one second. When it has
//! not run for longer than that, the index says [`Standing::Unsure`] instead of an old answer, and
//! the caller asks the store or refuses.

mod index;
mod service;

pub use index::{Ended, RevocationIndex, Standing, What};
pub use service::{RevocationEntry, RevocationStore, Revocations};

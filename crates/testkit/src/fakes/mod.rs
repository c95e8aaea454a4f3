//! Fakes for the traits of the lower layers, one file each.

mod blocking;
mod captured_events;
mod clock;
mod counters;
mod revocation;
mod rng;

pub use blocking::FakeBlocking;
pub use captured_events::CapturedEvents;
pub use clock::FakeClock;
pub use counters::{FakeCounters, Take};
pub use revocation::FakeRevocation;
pub use rng::SeededRng;

//! What slows the guessing of passwords down, without letting a stranger lock the owner out.
//!
//! | who fails | what happens |
//! |---|---|
//! | one address at one account | after a few failures that pair waits, nobody else |
//! | one address, or its network, at any accounts | after some more it waits at all of them |
//! | many addresses at one account | every attempt from a source that the account does not know is slowed down, more with each failure, up to a bound; after very many it must show something else first (a second factor, a link by mail) |
//! | the owner, from a device that signed in before | none of that: only the pair counts |
//!
//! Nothing depends on whether the account exists. All counts are limits over
//! [`mantlet_limit::Counters`], bounded there, and kept apart by policies of their own.

mod device;
mod guard;
mod policy;

pub use device::{DeviceProof, PURPOSE};
pub use guard::{Attempt, Lockout, Source, Verdict};
pub use policy::LockoutPolicy;

//! Penalties: clients that keep being refused, or keep asking too fast, are blocked for a while.
//!
//! An observer beside the runner, not a guard: it sees what became of each request and changes
//! nothing about it. Refusals of chosen kinds and requests beyond a rate are **strikes**; strikes are
//! forgotten with time. Too many within the time lead to a **block** of the address (IPv6 by /64) or
//! of its network, each one longer than the one before. Networks that the operator spares are never
//! blocked, nor are trusted proxies.
//!
//! ```text
//! way ── refused? too fast? ──▶ Ledger (counters, bounded) ──▶ Enforcer ──▶ Blocking, Revocation, events
//! ```
//! Strikes live in the counters of limits, so a flood of other addresses neither makes memory grow
//! nor makes an offender be forgotten. Blocks are set off the request's way: they are written to disk.

mod config;
mod enforcer;
mod ledger;
mod offence;
mod rules;
#[cfg(test)]
mod tests;

pub use config::PenaltySection;
pub use enforcer::{Enforcer, PenaltyQueue};
pub use ledger::Ledger;
pub use offence::{OffenceSection, ReasonCode};
pub(crate) use rules::PenaltyRules;

//! Limits the rate of requests of each user and each API key, wherever they come from.
//!
//! **Protects against** one user, or one key that runs wild, taking the application from the others.
//!
//! **Looks at** who asks, as the guard `identity` established it: a user counts once, whatever they
//! show and from whatever address. Requests of nobody are the business of the guard `limit`.
//!
//! **Verdicts**: refused with `rate-limited` (429) and the fields of the guard `limit`.
//!
//! **Settings**: `mode`, `fail`, `per_user`, `plans`, `per_key`. On where some path asks for an
//! identity.
//!
//! **Example**
//! ```toml
//! [guards.quota]
//! per_user = ["60/min", "1000/h"]
//! plans = ["gold: 1000/min", "gold: 20000/h", "silver: 300/min"]
//! per_key = ["100/s burst 200"]
//! ```

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use config::{PlanSetting, QuotaSection};

use super::{Services, limit};
use crate::pipeline::Guard;

pub(super) fn build(section: &QuotaSection, services: &Services) -> Arc<dyn Guard> {
    limit::for_users(section, services)
}

//! Limits the rate of requests, and how many run at once.
//!
//! **Protects against** floods, scraping and guessing: one client cannot take the application from
//! the others.
//!
//! **Looks at** the client's address as the client stage established it (IPv6 by /64), its network,
//! the route, and the value of one header where that is asked for. Several quotas hold at once: a
//! request that one of them refuses takes from none. A client that changes the header still has one
//! address.
//!
//! **Verdicts**: refused with `rate-limited` or `too-many-at-once` (429), or with `route-busy` (503)
//! when what all clients of a route share is used up; with `Retry-After`, the `RateLimit` and
//! `RateLimit-Policy` fields and the problem types of draft-ietf-httpapi-ratelimit-headers-10. One
//! event in each window when four fifths are used.
//!
//! **Settings**: `mode`, `fail`, `per_address`, `per_network` with `network_v4` and `network_v6`,
//! `per_route`, `per_header` with `header`, `cost`, `concurrent_per_address`,
//! `concurrent_per_route`, `announce`.
//!
//! **Example**
//! ```toml
//! [guards.limit]
//! per_address = ["60/min", "1000/h"]
//!
//! [[routes]]
//! path = "/api/predict"
//! [routes.guards.limit]
//! per_header = ["100/s burst 200"]
//! header = "X-API-Key"
//! concurrent_per_route = 8
//! ```

mod concurrent;
mod config;
mod fields;
mod judge;
mod problem;
mod scope;
mod take;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderValue;
use mantlet_limit::{Counters, KeyHasher, Outcome};
use mantlet_types::Clock;

pub use config::{Announce, LimitSection, QuotaSetting};

use super::Services;
use super::quota::QuotaSection;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer,
    Inspection, Stages,
};

#[derive(Debug)]
struct Limit {
    scopes: Vec<scope::Scope>,
    concurrent: concurrent::Concurrent,
    cost: u32,
    /// What is allowed, in the words of the field; `None` where that depends on who asks.
    policy_field: Option<HeaderValue>,
    announce: Announce,
    /// Whether the client's address is all that is counted by.
    is_by_address: bool,
    counters: Arc<dyn Counters>,
    hasher: KeyHasher,
    clock: Arc<dyn Clock>,
}

/// What is left, for the answer.
#[derive(Debug, Clone, Copy)]
struct Remaining(Outcome);

pub(super) fn build(section: &LimitSection, services: &Services) -> Arc<dyn Guard> {
    let scopes = scope::Scope::all(section, services);
    Arc::new(Limit {
        policy_field: Some(fields::policy(&scopes)),
        scopes,
        concurrent: concurrent::Concurrent::new(section),
        cost: section.cost,
        announce: section.announce,
        is_by_address: true,
        counters: Arc::clone(&services.counters),
        hasher: services.hasher.clone(),
        clock: Arc::clone(&services.clock),
    })
}

/// A limit that counts by who asks, for the guard `quota`.
pub(super) fn for_users(section: &QuotaSection, services: &Services) -> Arc<dyn Guard> {
    Arc::new(Limit {
        policy_field: None,
        scopes: scope::Scope::of_users(section, services),
        concurrent: concurrent::Concurrent::new(&LimitSection::default()),
        cost: 1,
        announce: Announce::OnRefusal,
        is_by_address: false,
        counters: Arc::clone(&services.counters),
        hasher: services.hasher.clone(),
        clock: Arc::clone(&services.clock),
    })
}

impl Guard for Limit {
    fn stages(&self) -> Stages {
        let request = !self.scopes.is_empty() || self.concurrent.is_configured();
        let answer = !self.scopes.is_empty() && self.announce == Announce::Always;
        Stages { request, address: request && self.is_by_address, answer, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        self.take(exchange)
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        _head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        let Some(Remaining(outcome)) = exchange.facts.lookup() else {
            return Ok(AnswerVerdict::Pass);
        };
        let [policy, state] = self.announcement(exchange, outcome);
        Ok(AnswerVerdict::Edit(Edits::from(vec![
            HeaderEdit::Set(policy.0, policy.1),
            HeaderEdit::Set(state.0, state.1),
        ])))
    }
}

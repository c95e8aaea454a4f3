//! Limits the rate of requests by client address.
//!
//! **Protects against** floods, scraping and guessing: one client cannot take the application from
//! the others.
//!
//! **Looks at** the client's address as the client stage established it (IPv6 by /64), nothing a
//! client can choose. Several quotas hold at once.
//!
//! **Verdicts**: refused with `rate-limited` (429, `Retry-After`, `RateLimit` and
//! `RateLimit-Policy` fields of draft-ietf-httpapi-ratelimit-headers-10) when any quota is used
//! up; a refused request takes from none of them. One event when four fifths are used.
//!
//! **Settings**: `mode`, `fail`, `per_address`, `announce`.
//!
//! **Example**
//! ```toml
//! [guards.limit]
//! per_address = ["60/min", "1000/h"]
//! ```

mod config;
mod fields;
mod judge;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderValue;
use mantlet_limit::{Counters, Key, Outcome, Quota, Taken};
use mantlet_types::Clock;

pub use config::{Announce, LimitSection, QuotaSetting};

use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer,
    Inspection, Stages,
};

#[derive(Debug)]
struct Limit {
    policy: u16,
    quotas: Vec<Quota>,
    policy_field: HeaderValue,
    announce: Announce,
    counters: Arc<dyn Counters>,
    clock: Arc<dyn Clock>,
}

/// What is left, for the answer.
#[derive(Debug, Clone, Copy)]
struct Remaining(Outcome);

pub(super) fn build(section: &LimitSection, services: &Services) -> Arc<dyn Guard> {
    let quotas: Vec<Quota> = section.per_address.iter().map(|setting| setting.0).collect();
    Arc::new(Limit {
        policy: services.next_policy(),
        policy_field: fields::policy(&quotas),
        quotas,
        announce: section.announce,
        counters: Arc::clone(&services.counters),
        clock: Arc::clone(&services.clock),
    })
}

impl Guard for Limit {
    fn stages(&self) -> Stages {
        let request = !self.quotas.is_empty();
        let answer = request && self.announce == Announce::Always;
        Stages { request, address: request, answer, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let key = Key::of_address(self.policy, exchange.client.address);
        // In memory the answer is there at once and nothing is allocated.
        match self.counters.take(&key, &self.quotas, 1, self.clock.monotonic()) {
            Taken::Ready(outcome) => Inspection::Ready(self.judge(exchange, outcome)),
            Taken::Pending(_) => Inspection::pending(async move {
                let taken = self.counters.take(&key, &self.quotas, 1, self.clock.monotonic());
                self.judge(exchange, taken.await)
            }),
        }
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
        let [policy, state] = self.announcement(outcome);
        Ok(AnswerVerdict::Edit(Edits::from(vec![
            HeaderEdit::Set(policy.0, policy.1),
            HeaderEdit::Set(state.0, state.1),
        ])))
    }
}

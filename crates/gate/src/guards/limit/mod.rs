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
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use mantlet_event::{Event, catalogue, field, reasons};
use mantlet_limit::{Counters, CountersError, Key, Outcome, Quota, Taken};
use mantlet_types::Clock;

pub use config::{Announce, LimitSection, QuotaSetting};

use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Changes, Denial, Edits, Exchange, Guard, GuardError, HeaderEdit,
    HeldAnswer, Inspection, Stages, Verdict,
};

/// The share of a quota at which the operator is warned.
const WARN_SHARE: f64 = 0.8;

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
        Stages { request, answer: request && self.announce == Announce::Always, body: false }
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

impl Limit {
    fn judge(
        &self,
        exchange: &Exchange,
        outcome: Result<Outcome, CountersError>,
    ) -> Result<Verdict, GuardError> {
        let outcome = outcome.map_err(|error| GuardError(error.to_string()))?;
        if !outcome.allowed {
            return Ok(self.refuse(&outcome).into());
        }
        let is_near = outcome.crossed(WARN_SHARE);
        if !is_near && self.announce == Announce::OnRefusal {
            return Ok(Verdict::Pass);
        }
        let mut changes = Changes::default();
        changes.facts.state(Remaining(outcome));
        if is_near {
            changes.notes.push(self.warning(exchange, &outcome));
        }
        Ok(Verdict::PassWith(Box::new(changes)))
    }

    fn refuse(&self, outcome: &Outcome) -> Denial {
        let seconds = fields::seconds_up(outcome.retry_after);
        let [policy, state] = self.announcement(outcome);
        Denial::new(&reasons::RATE_LIMITED)
            .evidence(format!("quota {}", self.quota_text(outcome)))
            .header(RETRY_AFTER, HeaderValue::from(seconds))
            .header(policy.0, policy.1)
            .header(state.0, state.1)
            .member("retry_after", i64::try_from(seconds).unwrap_or(i64::MAX))
    }

    fn announcement(&self, outcome: &Outcome) -> [(http::HeaderName, HeaderValue); 2] {
        let state = fields::state(&self.quota_text(outcome), outcome);
        [(fields::RATE_LIMIT_POLICY, self.policy_field.clone()), (fields::RATE_LIMIT, state)]
    }

    fn quota_text(&self, outcome: &Outcome) -> String {
        self.quotas.get(outcome.quota).map(ToString::to_string).unwrap_or_default()
    }

    fn warning(&self, exchange: &Exchange, outcome: &Outcome) -> Event {
        Event::new(&catalogue::LIMIT_QUOTA_WARNED)
            .request(exchange.id)
            .text(field::GUARD, "limit")
            .text(field::CLIENT, exchange.client.address.to_string())
            .text(field::LIMIT, self.quota_text(outcome))
    }
}

//! From what the counters say to what the guard says.

use std::sync::Arc;

use http::{HeaderName, HeaderValue};
use mantlet_event::{Event, catalogue, field, reasons};
use mantlet_limit::{Ask, CountersError, Key, Outcome, Permit, Quota, Taken};

use super::config::Announce;
use super::problem::{QUOTA_EXCEEDED, REDUCED_CAPACITY, told};
use super::scope::Scope;
use super::{Limit, Remaining, fields};
use crate::pipeline::{Changes, Denial, Exchange, GuardError, Verdict};

/// The share of a quota at which the operator is warned.
const WARN_SHARE: f64 = 0.8;

impl Limit {
    /// One key for each scope whose subject the request has.
    pub(super) fn asks(&self, exchange: &Exchange) -> Vec<Ask<'_>> {
        let ask = |scope: &Scope| scope.key(exchange, &self.hasher);
        let asks = self.scopes.iter().filter_map(|scope| Some((ask(scope)?, &scope.quotas)));
        asks.map(|(key, quotas)| Ask { key, quotas }).collect()
    }

    /// What the guard says once the counters have answered. `warned` is what they say about one more
    /// warning, where the client is near its limit.
    pub(super) fn judge(
        &self,
        exchange: &Exchange,
        outcome: &Outcome,
        may_warn: bool,
        permits: Vec<Arc<Permit>>,
    ) -> Verdict {
        if !outcome.allowed {
            return self.refuse(exchange, outcome).into();
        }
        if !may_warn && permits.is_empty() && self.announce == Announce::OnRefusal {
            return Verdict::Pass;
        }
        let mut changes = Changes { permits, ..Changes::default() };
        if self.announce == Announce::Always {
            changes.facts.state(Remaining(*outcome));
        }
        if may_warn {
            changes.notes.push(self.warning(exchange, outcome));
        }
        Verdict::PassWith(Box::new(changes))
    }

    /// The question whether a warning is due: near the limit, once in each window.
    pub(super) fn warning_key(
        &self,
        exchange: &Exchange,
        outcome: &Outcome,
    ) -> Option<(Key, [Quota; 1])> {
        if !outcome.crossed(WARN_SHARE) {
            return None;
        }
        let scope = self.asked(exchange, outcome)?;
        let (key, quota) = scope.warning(outcome.quota, exchange, &self.hasher)?;
        Some((key, [quota]))
    }

    fn refuse(&self, exchange: &Exchange, outcome: &Outcome) -> Denial {
        let name = self.quota_text(exchange, outcome);
        let is_shared = self.asked(exchange, outcome).is_some_and(Scope::is_shared);
        let (reason, kind) = if is_shared {
            (&reasons::ROUTE_BUSY, REDUCED_CAPACITY)
        } else {
            (&reasons::RATE_LIMITED, QUOTA_EXCEEDED)
        };
        let [policy, state] = self.announcement(exchange, outcome);
        let denial = Denial::new(reason).evidence(format!("quota {name}")).kind(kind);
        told(denial, &name, fields::seconds_up(outcome.retry_after))
            .header(policy.0, policy.1)
            .header(state.0, state.1)
    }

    pub(super) fn announcement(
        &self,
        exchange: &Exchange,
        outcome: &Outcome,
    ) -> [(HeaderName, HeaderValue); 2] {
        let state = fields::state(&self.quota_text(exchange, outcome), outcome);
        let policy = self.policy_field.clone();
        let policy = policy.unwrap_or_else(|| fields::policy(self.applying(exchange)));
        [(fields::RATE_LIMIT_POLICY, policy), (fields::RATE_LIMIT, state)]
    }

    /// The scopes whose subject the request has, in the order in which the counters are asked.
    fn applying<'a>(&'a self, exchange: &'a Exchange) -> impl Iterator<Item = &'a Scope> {
        self.scopes.iter().filter(|scope| scope.key(exchange, &self.hasher).is_some())
    }

    /// The scope that an outcome is about.
    fn asked<'a>(&'a self, exchange: &'a Exchange, outcome: &Outcome) -> Option<&'a Scope> {
        self.applying(exchange).nth(outcome.ask)
    }

    fn quota_text(&self, exchange: &Exchange, outcome: &Outcome) -> String {
        let scope = self.asked(exchange, outcome);
        let named = scope.and_then(|scope| Some(scope.name(scope.quotas.get(outcome.quota)?)));
        named.unwrap_or_default()
    }

    fn warning(&self, exchange: &Exchange, outcome: &Outcome) -> Event {
        Event::new(&catalogue::LIMIT_QUOTA_WARNED)
            .request(exchange.id)
            .text(field::GUARD, "limit")
            .text(field::CLIENT, exchange.client.address.to_string())
            .text(field::ROUTE, exchange.route.to_string())
            .text(field::LIMIT, self.quota_text(exchange, outcome))
    }
}

/// The answer, where it is there already.
pub(super) fn ready(taken: Taken<'_>) -> Option<Result<Outcome, CountersError>> {
    match taken {
        Taken::Ready(outcome) => Some(outcome),
        Taken::Pending(_) => None,
    }
}

pub(super) fn failed(error: &CountersError) -> GuardError {
    GuardError(error.to_string())
}

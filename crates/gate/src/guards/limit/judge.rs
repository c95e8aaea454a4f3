//! From what the counters say to what the guard says.

use http::header::RETRY_AFTER;
use http::{HeaderName, HeaderValue};
use mantlet_event::{Event, catalogue, field, reasons};
use mantlet_limit::{CountersError, Outcome};

use super::config::Announce;
use super::{Limit, Remaining, fields};
use crate::pipeline::{Changes, Denial, Exchange, GuardError, Verdict};

/// The share of a quota at which the operator is warned.
const WARN_SHARE: f64 = 0.8;

impl Limit {
    pub(super) fn judge(
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

    pub(super) fn announcement(&self, outcome: &Outcome) -> [(HeaderName, HeaderValue); 2] {
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

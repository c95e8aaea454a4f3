//! Asking the counters: at once where they are in memory, else later.

use std::sync::Arc;

use mantlet_limit::{Ask, Outcome, Permit};
use mantlet_types::Monotonic;

use super::Limit;
use super::judge::{failed, ready};
use crate::pipeline::{Exchange, GuardError, Inspection, Verdict};

impl Limit {
    /// What runs first: a place that is refused takes from no quota, and a quota that refuses gives
    /// the place back.
    pub(super) fn take<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let permits = match self.concurrent.admit(exchange, &self.hasher) {
            Ok(permits) => permits,
            Err(refusal) => return Inspection::Ready(refusal.map(Into::into)),
        };
        let now = self.clock.monotonic();
        // The usual case allocates nothing: one scope, counters in memory.
        if let [only] = &*self.scopes
            && let Some(key) = only.key(exchange, &self.hasher)
        {
            let Some(taken) = ready(self.counters.take(&key, &only.quotas, self.cost, now)) else {
                return self.later(exchange, permits, now);
            };
            return match taken {
                Ok(outcome) => self.conclude(exchange, outcome, permits, now),
                Err(error) => Inspection::Ready(Err(failed(&error))),
            };
        }
        let asks = self.asks(exchange);
        if asks.is_empty() {
            return Inspection::ready(without_quota(permits));
        }
        match ready(self.counters.take_all(&asks, self.cost, now)) {
            Some(Ok(outcome)) => self.conclude(exchange, outcome, permits, now),
            Some(Err(error)) => Inspection::Ready(Err(failed(&error))),
            None => self.later(exchange, permits, now),
        }
    }

    /// What follows from an outcome that is there: perhaps one more question, about a warning.
    fn conclude<'a>(
        &'a self,
        exchange: &'a Exchange,
        outcome: Outcome,
        permits: Vec<Arc<Permit>>,
        now: Monotonic,
    ) -> Inspection<'a> {
        let may_warn = match self.warning_key(exchange, &outcome) {
            None => false,
            // A store that answered once and now does not is no reason to keep a warning back.
            Some((key, quota)) => ready(self.counters.take(&key, &quota, 1, now))
                .is_none_or(|taken| taken.is_ok_and(|warning| warning.allowed)),
        };
        Inspection::ready(self.judge(exchange, &outcome, may_warn, permits))
    }

    /// The same with a store that takes its time.
    fn later<'a>(
        &'a self,
        exchange: &'a Exchange,
        permits: Vec<Arc<Permit>>,
        now: Monotonic,
    ) -> Inspection<'a> {
        Inspection::pending(async move {
            let outcome = self.ask_all(&self.asks(exchange), now).await?;
            let may_warn = match self.warning_key(exchange, &outcome) {
                None => false,
                Some((key, quota)) => {
                    let warning = self.counters.take(&key, &quota, 1, now).await;
                    warning.is_ok_and(|warning| warning.allowed)
                }
            };
            Ok(self.judge(exchange, &outcome, may_warn, permits))
        })
    }

    async fn ask_all(&self, asks: &[Ask<'_>], now: Monotonic) -> Result<Outcome, GuardError> {
        self.counters.take_all(asks, self.cost, now).await.map_err(|error| failed(&error))
    }
}

/// A request that no quota counts keeps what it holds.
fn without_quota(permits: Vec<Arc<Permit>>) -> Verdict {
    if permits.is_empty() {
        return Verdict::Pass;
    }
    Verdict::PassWith(Box::new(crate::pipeline::Changes { permits, ..Default::default() }))
}

//! Counters that answer what the test says.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mantlet_limit::{Ask, Counters, CountersError, Key, Outcome, Quota, Taken};
use mantlet_types::Monotonic;

use crate::lock;

/// Counters that give the scripted answers one after another, then allow everything, and keep
/// what they were asked.
#[derive(Debug, Default)]
pub struct FakeCounters {
    script: Mutex<VecDeque<Result<Outcome, CountersError>>>,
    takes: Mutex<Vec<Take>>,
    forgotten: Mutex<Vec<[u8; 16]>>,
    is_remote: AtomicBool,
}

/// One question that the counters were asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Take {
    /// The bytes of the key.
    pub key: [u8; 16],
    /// The quotas asked.
    pub quotas: Vec<Quota>,
    /// The units to take; zero for a peek.
    pub cost: u32,
    /// The time that came with the question.
    pub now: Monotonic,
}

impl FakeCounters {
    /// Counters that allow everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Counters that give `answers` first.
    #[must_use]
    pub fn scripted(answers: impl IntoIterator<Item = Result<Outcome, CountersError>>) -> Self {
        let fake = Self::default();
        lock(&fake.script).extend(answers);
        fake
    }

    /// From now on answers come through a future, as from a remote store.
    #[must_use]
    pub fn remote(self) -> Self {
        self.is_remote.store(true, Ordering::Relaxed);
        self
    }

    /// The answer of a quota of 100 with `remaining` units left.
    #[must_use]
    pub fn allowed(remaining: u64) -> Outcome {
        Outcome {
            allowed: true,
            too_large: false,
            ask: 0,
            quota: 0,
            limit: 100,
            remaining,
            reset_after: Duration::from_secs(60),
            retry_after: Duration::ZERO,
            usage_before: 0.0,
            usage: 0.0,
        }
    }

    /// The answer of an exhausted quota of 100 that has room again after `retry_after`.
    #[must_use]
    pub fn refused(retry_after: Duration) -> Outcome {
        Outcome {
            allowed: false,
            retry_after,
            reset_after: retry_after,
            usage_before: 1.0,
            usage: 1.0,
            ..Self::allowed(0)
        }
    }

    /// The failure of a store that cannot be reached.
    #[must_use]
    pub fn unavailable() -> CountersError {
        CountersError::Unavailable("scripted".to_owned())
    }

    /// Every question so far, in order.
    #[must_use]
    pub fn takes(&self) -> Vec<Take> {
        lock(&self.takes).clone()
    }

    /// The bytes of every key that was to be forgotten, in order.
    #[must_use]
    pub fn forgotten(&self) -> Vec<[u8; 16]> {
        lock(&self.forgotten).clone()
    }
}

impl FakeCounters {
    /// The next answer of the script to `takes`; from a remote store once it is waited for.
    fn answer(&self, takes: Vec<Take>) -> Taken<'_> {
        let take = move || {
            lock(&self.takes).extend(takes);
            lock(&self.script).pop_front().unwrap_or_else(|| Ok(Self::allowed(99)))
        };
        if self.is_remote.load(Ordering::Relaxed) {
            Taken::Pending(Box::pin(async move { take() }))
        } else {
            Taken::Ready(take())
        }
    }
}

impl Counters for FakeCounters {
    fn take<'a>(
        &'a self,
        key: &'a Key,
        quotas: &'a [Quota],
        cost: u32,
        now: Monotonic,
    ) -> Taken<'a> {
        self.answer(vec![Take { key: *key.as_bytes(), quotas: quotas.to_vec(), cost, now }])
    }

    fn take_all<'a>(&'a self, asks: &'a [Ask<'a>], cost: u32, now: Monotonic) -> Taken<'a> {
        let take = |ask: &Ask<'_>| Take {
            key: *ask.key.as_bytes(),
            quotas: ask.quotas.to_vec(),
            cost,
            now,
        };
        self.answer(asks.iter().map(take).collect())
    }

    fn forget(&self, key: &Key) {
        lock(&self.forgotten).push(*key.as_bytes());
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn the_script_comes_first_and_then_all_is_allowed() {
        let refused = FakeCounters::refused(Duration::from_secs(1));
        let counters = FakeCounters::scripted([Ok(refused), Err(FakeCounters::unavailable())]);
        let key = Key::of_address(1, Ipv4Addr::LOCALHOST.into());
        let quotas: [Quota; 1] = ["1/s".parse().unwrap()];
        let ask = || match counters.take(&key, &quotas, 1, Monotonic::default()) {
            Taken::Ready(answer) => answer.map(|outcome| outcome.allowed),
            Taken::Pending(_) => panic!("not remote"),
        };
        assert_eq!([ask(), ask(), ask()], [Ok(false), Err(FakeCounters::unavailable()), Ok(true)]);
        assert_eq!((counters.takes().len(), counters.takes()[0].cost), (3, 1));
        counters.forget(&key);
        assert_eq!(counters.forgotten(), [*key.as_bytes()]);
    }
}

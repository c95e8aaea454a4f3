//! How much is answered, and how many wrong credentials are looked at.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use http::HeaderValue;
use http::header::RETRY_AFTER;
use mantlet_event::{Metrics, reasons};
use mantlet_limit::{Key, KeyHasher, MemoryCounters, Outcome, Quota};
use mantlet_types::{Clock, Rng};

use super::ApiSection;
use super::problem::Problem;

/// How many counts are remembered.
const COUNTERS: usize = 20_000;

/// What is counted.
#[derive(Debug, Clone, Copy)]
enum Policy {
    Address = 1,
    Credential = 2,
    Failures = 3,
}

/// Counts of requests and of wrong credentials; they outlive a change of the configuration.
#[derive(Debug)]
pub(super) struct Limits {
    counters: MemoryCounters,
    hasher: KeyHasher,
}

impl Limits {
    pub(super) fn new(metrics: &Metrics, rng: &dyn Rng) -> Self {
        let lost = metrics.limit_counter("admin.api.counters");
        let counters = MemoryCounters::new(COUNTERS).on_eviction(move || lost.add_one());
        Self { counters, hasher: KeyHasher::new(rng) }
    }

    /// One more request of this address.
    pub(super) fn of_address(
        &self,
        section: &ApiSection,
        address: IpAddr,
        clock: &dyn Clock,
    ) -> Result<(), Problem> {
        let key = Key::of_address(Policy::Address as u32, address);
        self.take(key, per_second(section.rate_per_address), clock)
    }

    /// One more request with this credential.
    pub(super) fn of_credential(
        &self,
        section: &ApiSection,
        mark: &[u8; 16],
        clock: &dyn Clock,
    ) -> Result<(), Problem> {
        let key = self.hasher.of_text(Policy::Credential as u32, mark);
        self.take(key, per_second(section.rate), clock)
    }

    /// One more wrong credential of this address. Right ones are never held up by it: others may
    /// ask from the same address.
    pub(super) fn failed(
        &self,
        section: &ApiSection,
        address: IpAddr,
        clock: &dyn Clock,
    ) -> Result<(), Problem> {
        let key = Key::of_address(Policy::Failures as u32, address);
        self.take(key, failures(section), clock)
    }

    fn take(&self, key: Key, quota: Quota, clock: &dyn Clock) -> Result<(), Problem> {
        let outcome = self.counters.take_now(&key, &[quota], 1, clock.monotonic());
        outcome.map_or_else(|_| Err(Problem::new(&reasons::API_BUSY)), |it| allowed(&it))
    }
}

fn allowed(outcome: &Outcome) -> Result<(), Problem> {
    if outcome.allowed {
        return Ok(());
    }
    let seconds = outcome.retry_after.as_secs().saturating_add(1);
    Err(Problem::new(&reasons::API_RATE).header(RETRY_AFTER, HeaderValue::from(seconds)))
}

/// So many a second, and as many again at once.
fn per_second(rate: u32) -> Quota {
    let rate = NonZeroU32::new(rate).unwrap_or(NonZeroU32::MIN);
    Quota::per_second(rate, rate)
}

/// So many in a minute.
fn failures(section: &ApiSection) -> Quota {
    let number = section.failures_per_address;
    let quota = Quota::new(u64::from(number), Duration::from_secs(60), None);
    quota.unwrap_or_else(|_| per_second(1))
}

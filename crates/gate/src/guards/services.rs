//! What guards are built from, besides their settings.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mantlet_config::{Environment, SecretRef, Sources};
use mantlet_event::Metrics;
use mantlet_limit::{Counters, KeyHasher, MemoryCounters};
use mantlet_types::{Blocking, Clock, Rng};
use mantlet_waf::CollectionStore;

use super::blocklist::Blocklist;
use super::csp;
use super::waf::{AuditLogs, Collections};
use crate::identity::Identities;

/// How many policies guards may have; the numbers above are those of penalties.
pub(crate) const GUARD_POLICIES: u32 = mantlet_limit::POLICIES - 16;

/// What guards are built from, besides their settings.
#[derive(Debug)]
pub struct Services {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// The state of limits.
    pub counters: Arc<dyn Counters>,
    /// The list of blocked networks.
    pub blocking: Arc<dyn Blocking>,
    /// Randomness.
    pub rng: Arc<dyn Rng>,
    /// Where secrets are kept.
    pub sources: Sources,
    /// The data folder, where certificates of our own are kept.
    pub data: PathBuf,
    /// Makes keys of texts that clients choose.
    pub hasher: KeyHasher,
    /// What browsers report about policies.
    pub reports: Arc<csp::Reports>,
    /// What WAF rules remember of addresses, sessions and users.
    pub collections: Arc<dyn CollectionStore>,
    /// The audit logs that WAF rules ask for.
    pub audit_logs: Arc<AuditLogs>,
    /// Who there is, where something asks for it.
    pub identities: Identities,
    policies: AtomicU32,
}

impl Services {
    /// The services of one process, without secrets, and with reports that end with it.
    #[must_use]
    pub fn new(
        clock: Arc<dyn Clock>,
        rng: Arc<dyn Rng>,
        counters: Arc<dyn Counters>,
        blocking: Arc<dyn Blocking>,
    ) -> Self {
        let reports = csp::Reports::in_memory(Arc::clone(&clock), Metrics::new());
        Self {
            clock,
            counters,
            blocking,
            hasher: KeyHasher::new(&*rng),
            rng,
            sources: Sources::new(&Environment::default()),
            data: PathBuf::from("."),
            reports: Arc::new(reports),
            collections: Collections::shared(&Metrics::new()),
            audit_logs: Arc::default(),
            identities: Identities::default(),
            policies: AtomicU32::new(0),
        }
    }

    /// Services without a server: what guards learn goes with them.
    #[must_use]
    pub fn detached(clock: Arc<dyn Clock>, rng: Arc<dyn Rng>) -> Self {
        let blocking = Arc::new(Blocklist::in_memory(Arc::clone(&clock)));
        Self::new(clock, rng, Arc::new(MemoryCounters::new(0)), blocking)
    }

    /// The same, with secrets from `sources`; without this only files are looked into.
    #[must_use]
    pub fn with_sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// The same, with what is kept on disk in the folder `data`.
    #[must_use]
    pub fn with_data(self, data: PathBuf) -> Self {
        Self { data, ..self }
    }

    /// The same, counting in `metrics` what finds no room among what WAF rules remember.
    #[must_use]
    pub fn with_metrics(self, metrics: &Metrics) -> Self {
        Self { collections: Collections::shared(metrics), ..self }
    }

    /// The same, with audit logs that are written; without this none is.
    #[must_use]
    pub fn with_audit_logs(self, audit_logs: AuditLogs) -> Self {
        Self { audit_logs: Arc::new(audit_logs), ..self }
    }

    /// The same, with reports that are kept.
    #[must_use]
    pub fn with_reports(self, reports: Arc<csp::Reports>) -> Self {
        Self { reports, ..self }
    }

    /// What tells secrets from those that were there before, and says nothing of them: a keyed hash
    /// of each, empty for none.
    pub(crate) fn fingerprint<'a>(&self, secrets: impl Iterator<Item = &'a SecretRef>) -> String {
        let hash = |reference| {
            let secret = self.sources.resolve(reference, 0).ok()?;
            Some(format!("{:?}", self.hasher.of_text(0, secret.expose())))
        };
        secrets.map(|reference| hash(reference).unwrap_or_default()).collect()
    }

    /// A number for one more limit policy, so that policies do not share counters. They begin anew
    /// after so many changed policies that the counters of the first are long gone, below those of
    /// penalties.
    pub(crate) fn next_policy(&self) -> u32 {
        self.policies.fetch_add(1, Ordering::Relaxed) % GUARD_POLICIES
    }
}

#[cfg(test)]
mod tests {
    use mantlet_testkit::{FakeBlocking, FakeClock, FakeCounters};
    use mantlet_types::SystemRng;

    use super::*;

    #[test]
    fn policies_never_reach_the_numbers_of_penalties() {
        let clock = FakeClock::new().shared();
        let blocking = Arc::new(FakeBlocking::new(Arc::clone(&clock)));
        let counters = Arc::new(FakeCounters::new());
        let services = Services::new(clock, Arc::new(SystemRng), counters, blocking);
        services.policies.store(GUARD_POLICIES - 1, Ordering::Relaxed);
        assert_eq!([(); 3].map(|()| services.next_policy()), [GUARD_POLICIES - 1, 0, 1]);
    }
}

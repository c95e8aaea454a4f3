//! By what requests are counted: each scope has its subject, its quotas and its numbers.

use std::time::Duration;

use http::HeaderName;
use mantlet_limit::{Key, KeyHasher, Quota};

use super::LimitSection;
use crate::guards::Services;
use crate::identity::Identified;
use crate::pipeline::Exchange;

/// What a scope counts by.
#[derive(Debug, Clone)]
enum Subject {
    Address,
    Network { v4: u8, v6: u8 },
    Route,
    Header(HeaderName),
    User,
}

/// Quotas for each of the same kind of subject.
#[derive(Debug)]
pub(super) struct Scope {
    subject: Subject,
    pub(super) quotas: Vec<Quota>,
    policy: u32,
    /// For each quota the numbers under which its warnings are counted, and one a window.
    warnings: Vec<(u32, Quota)>,
}

impl Scope {
    /// The scopes that have quotas. Subjects that a request may lack come last.
    pub(super) fn all(section: &LimitSection, services: &Services) -> Vec<Self> {
        let bits = |number: u16| u8::try_from(number).unwrap_or(u8::MAX);
        let network =
            Subject::Network { v4: bits(section.network_v4), v6: bits(section.network_v6) };
        let header =
            section.header.clone().map(|name| (Subject::Header(name.0), &section.per_header));
        let scopes = [
            (Subject::Address, &section.per_address),
            (network, &section.per_network),
            (Subject::Route, &section.per_route),
        ];
        let scopes = scopes.into_iter().chain(header).filter(|(_, quotas)| !quotas.is_empty());
        scopes.map(|(subject, quotas)| Self::new(subject, quotas, services)).collect()
    }

    /// The scope that counts by who asks; none without quotas.
    pub(super) fn of_users(quotas: &[super::QuotaSetting], services: &Services) -> Vec<Self> {
        let quotas = Some(quotas).filter(|quotas| !quotas.is_empty());
        quotas.map(|quotas| Self::new(Subject::User, quotas, services)).into_iter().collect()
    }

    fn new(subject: Subject, quotas: &[super::QuotaSetting], services: &Services) -> Self {
        let quotas: Vec<Quota> = quotas.iter().map(|setting| setting.0).collect();
        let warning = |quota| (services.next_policy(), once_a_window(quota));
        let warnings = quotas.iter().map(warning).collect();
        Self { subject, policy: services.next_policy(), warnings, quotas }
    }

    /// Whom this request counts for; `None` when it lacks the subject.
    pub(super) fn key(&self, exchange: &Exchange, hasher: &KeyHasher) -> Option<Key> {
        self.key_under(self.policy, exchange, hasher)
    }

    /// Under what a warning about a quota is counted, and how often there may be one.
    pub(super) fn warning(
        &self,
        index: usize,
        exchange: &Exchange,
        hasher: &KeyHasher,
    ) -> Option<(Key, Quota)> {
        let (policy, quota) = self.warnings.get(index)?;
        Some((self.key_under(*policy, exchange, hasher)?, *quota))
    }

    fn key_under(&self, policy: u32, exchange: &Exchange, hasher: &KeyHasher) -> Option<Key> {
        let address = exchange.client.address;
        Some(match &self.subject {
            Subject::Address => Key::of_address(policy, address),
            Subject::Network { v4, v6 } => Key::of_network(policy, address, *v4, *v6),
            Subject::Route => hasher.of_text(policy, exchange.route.as_bytes()),
            Subject::Header(name) => hasher.of_text(policy, exchange.headers.get(name)?.as_bytes()),
            Subject::User => hasher.of_text(policy, exchange.facts.lookup::<Identified>()?.user()),
        })
    }

    /// The name of a quota in header fields and events: the quota itself, after what it is for where
    /// that is not the address.
    pub(super) fn name(&self, quota: &Quota) -> String {
        match self.subject {
            Subject::Address => quota.to_string(),
            Subject::Network { .. } => format!("network {quota}"),
            Subject::Route => format!("route {quota}"),
            Subject::Header(_) => format!("header {quota}"),
            Subject::User => format!("user {quota}"),
        }
    }

    /// Whether all clients share its quotas.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.subject, Subject::Route)
    }
}

/// One in the time that an empty quota takes to be whole again.
fn once_a_window(quota: &Quota) -> Quota {
    let burst = quota.burst().unwrap_or(0);
    let refill_ms = quota.window().as_millis() * u128::from(burst) / u128::from(quota.limit());
    let refill = Duration::from_millis(u64::try_from(refill_ms).unwrap_or(u64::MAX));
    let window = refill.max(quota.window()).min(Quota::MAX_WINDOW);
    Quota::new(1, window, None).unwrap_or(*quota)
}

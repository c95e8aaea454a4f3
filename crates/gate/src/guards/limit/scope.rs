//! By what requests are counted: each scope has its subject, its quotas and its numbers.

use std::sync::Arc;
use std::time::Duration;

use http::HeaderName;
use mantlet_identity::directory::Way;
use mantlet_limit::{Key, KeyHasher, Quota};

use super::LimitSection;
use crate::guards::Services;
use crate::guards::quota::QuotaSection;
use crate::identity::Identified;
use crate::pipeline::Exchange;

/// What a scope counts by.
#[derive(Debug, Clone)]
enum Subject {
    Address,
    Network {
        v4: u8,
        v6: u8,
    },
    Route,
    Header(HeaderName),
    /// The user, where none of their roles has a plan.
    User {
        planned: Arc<[String]>,
    },
    /// The user, where this is the first of the roles with a plan that they have.
    Plan {
        planned: Arc<[String]>,
        role: usize,
    },
    /// The API key.
    Key,
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
    /// The scopes that have quotas.
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

    /// The scopes that count by who asks; of those that count users one alone applies to a request.
    pub(super) fn of_users(section: &QuotaSection, services: &Services) -> Vec<Self> {
        let planned: Arc<[String]> = section.planned_roles().into();
        let plans = (0..planned.len()).map(|role| {
            let quotas = planned.get(role).map(|role| section.plan(role)).unwrap_or_default();
            (Subject::Plan { planned: Arc::clone(&planned), role }, quotas)
        });
        let users = (Subject::User { planned: Arc::clone(&planned) }, section.per_user.clone());
        let keys = (Subject::Key, section.per_key.clone());
        let scopes = plans.chain([users, keys]).filter(|(_, quotas)| !quotas.is_empty());
        scopes.map(|(subject, quotas)| Self::new(subject, &quotas, services)).collect()
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
            Subject::User { planned } => {
                let who = exchange.facts.lookup::<Identified>()?;
                plan_of(who, planned).is_none().then(|| hasher.of_text(policy, who.user()))?
            }
            Subject::Plan { planned, role } => {
                let who = exchange.facts.lookup::<Identified>()?;
                let is_theirs = plan_of(who, planned) == Some(*role);
                is_theirs.then(|| hasher.of_text(policy, who.user()))?
            }
            Subject::Key => match &exchange.facts.lookup::<Identified>()?.caller.way {
                Way::ApiKey(key) => hasher.of_text(policy, key.id.to_string()),
                Way::Session(_) | Way::Token(_) | Way::Ticket(_) | Way::Certificate => return None,
            },
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
            Subject::User { .. } | Subject::Plan { .. } => format!("user {quota}"),
            Subject::Key => format!("key {quota}"),
        }
    }

    /// Whether all clients share its quotas.
    pub(super) const fn is_shared(&self) -> bool {
        matches!(self.subject, Subject::Route)
    }
}

/// The first of the roles with a plan that somebody has.
fn plan_of(who: &Identified, planned: &[String]) -> Option<usize> {
    planned.iter().position(|role| who.caller.standing.roles.contains(role))
}

/// One in the time that an empty quota takes to be whole again.
fn once_a_window(quota: &Quota) -> Quota {
    let burst = quota.burst().unwrap_or(0);
    let refill_ms = quota.window().as_millis() * u128::from(burst) / u128::from(quota.limit());
    let refill = Duration::from_millis(u64::try_from(refill_ms).unwrap_or(u64::MAX));
    let window = refill.max(quota.window()).min(Quota::MAX_WINDOW);
    Quota::new(1, window, None).unwrap_or(*quota)
}

//! From the configuration to what serves requests. Resolving finds every problem and needs nothing
//! but the configuration, so that `mantlet check` and the server use the same code; building
//! starts from what was resolved and only fails for what is outside (a folder that is gone).

mod build;
mod check;
mod found;
mod resolve;
#[cfg(test)]
pub(crate) mod tests;

pub use build::BuildError;
use build::Builder;
pub use found::FoundRule;
pub(crate) use resolve::Place;
pub use resolve::{Resolved, Settings, resolve};

use std::sync::Arc;
use std::time::Duration;

use mantlet_access::{Roles, SharedPolicies};
use mantlet_event::Metrics;

use crate::edge::{ConnectionRules, TlsFront};
use crate::guards::csp::Reports;
use crate::guards::{GuardCache, RuleFile, Services};
use crate::identity::{Rule, Vouch};
use crate::pages::Pages;
use crate::penalty::PenaltyRules;
use crate::pipeline::{Mode, Plan};
use crate::stages::client::ClientStage;
use crate::stages::https::Outside;
use crate::stages::hygiene::{HygieneStage, NormalPath};
use crate::stages::route::Router;
use crate::upstream::{Group, Pace, Upstreams};
use crate::way::files::Files;
use crate::websocket::{SocketCache, Sockets};

/// Everything that serves requests, built from one configuration; never changed, only replaced.
#[derive(Debug)]
pub struct Live {
    pub(crate) hygiene: HygieneStage,
    pub(crate) client: ClientStage,
    pub(crate) outside: Outside,
    /// What leads to a penalty.
    pub(crate) penalty: PenaltyRules,
    pub(crate) router: Router<Arc<Target>>,
    /// Where requests end that no route is for; asks the global guards.
    pub(crate) fallback: Arc<Target>,
    /// Where browsers report violations of policies; `None` where nobody asks for it.
    pub(crate) reports: Option<Arc<Target>>,
    /// Where people sign in; `None` where nothing asks for an identity.
    pub(crate) pages: Option<Arc<Target>>,
    /// Tells the application who asks.
    pub(crate) vouch: Option<Vouch>,
    /// Who is asked what requests are about; `None` where nobody is.
    pub(crate) facts: Option<Arc<Group>>,
    /// The roles that names of requirements come from.
    pub roles: Arc<Roles>,
    /// The policies that requirements ask; `None` where there are none.
    pub policies: Option<SharedPolicies>,
    /// Every server that requests are sent to.
    pub upstreams: Upstreams,
    guards: GuardCache,
    sockets: SocketCache,
    /// What holds for connections that are accepted now.
    pub(crate) connections: ConnectionRules,
    /// How fast request bodies must come.
    pub(crate) body_pace: Pace,
    /// How long requests may take to end when the server stops.
    pub(crate) drain: Duration,
    /// The rule files that were read.
    rule_files: Vec<RuleFile>,
}

/// What happens to the requests of one place.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) plan: Plan,
    pub(crate) sockets: Arc<Sockets>,
    pub(crate) step: Step,
    pub(crate) is_upload: bool,
    /// Whether its answers take data out of the application.
    pub(crate) is_export: bool,
    /// Whether it is for programs; `None` when each request is to be judged for itself.
    pub(crate) is_api: Option<bool>,
    pub(crate) body_limit: u64,
    /// What it asks for; `None` where nothing asks for an identity anywhere.
    pub(crate) rule: Option<Arc<Rule>>,
    /// Whom assertions are for that are sent there.
    pub(crate) audience: Arc<str>,
}

impl Target {
    /// Whether two readings of a path are about the same thing.
    pub(crate) fn says_the_same(&self, [one, other]: [&NormalPath<'_>; 2]) -> bool {
        let Some(rule) = self.rule.as_ref().filter(|rule| rule.thing.has_parameters()) else {
            return true;
        };
        rule.thing.values(one) == rule.thing.values(other)
    }
}

/// What a target does once the guards have passed a request.
#[derive(Debug)]
pub(crate) enum Step {
    Forward(Arc<Group>),
    Files(Files),
    Redirect(String),
    Deny,
    /// No route says what to do.
    Nothing,
    /// Browsers report violations here.
    Reports(Arc<Reports>),
    /// People sign in here.
    Pages(Arc<Pages>),
}

impl Live {
    /// Builds what was resolved, next to `before`, which goes on serving until it is replaced. What
    /// both configurations say alike goes over with its state: guards and their counters, servers
    /// and their connections.
    ///
    /// # Errors
    /// [`BuildError`] when a folder of static files, a certificate, a secret or an audit log cannot be
    /// used.
    /// Nothing has changed then.
    pub fn build(
        resolved: Resolved,
        services: &Services,
        metrics: &Metrics,
        before: Option<&Self>,
    ) -> Result<Self, BuildError> {
        let mut builder = Builder {
            services,
            metrics,
            before: before.map(|before| &before.guards),
            cache: GuardCache::default(),
            sockets: SocketCache::default(),
            sockets_before: before.map(|before| &before.sockets),
            upstreams: Upstreams::new(
                &resolved.upstream,
                resolved.server.worker_count(),
                before.map(|before| &before.upstreams),
            ),
            has_reports: false,
            audience: resolved.identity.assertion.audience.as_deref().map(Arc::from),
            passkeys: resolved.identity.passkeys.clone(),
            providers: resolved.identity.providers.clone(),
        };
        let fallback = Arc::new(builder.target(&resolved.fallback)?);
        let router = resolved.router.try_map(|place| builder.target(&place).map(Arc::new))?;
        let open = resolved.fallback.rule.is_some().then(|| Arc::new(resolved.asked.open()));
        let reports = builder.reports(&resolved.fallback, open.as_ref())?;
        let pages = builder.pages(&resolved.fallback, open)?;
        let facts = resolved.facts.as_ref().filter(|_| pages.is_some());
        let facts = facts.map(|url| builder.upstreams.group(std::slice::from_ref(url)));
        let facts = facts.transpose().map_err(BuildError::UpstreamTls)?;
        let directory = services.identities.directory().filter(|_| pages.is_some());
        let vouch = directory.map(|it| Vouch::new(&resolved.identity, Arc::clone(it)));
        Ok(Self {
            hygiene: HygieneStage::new(&resolved.hygiene, resolved.limits),
            client: ClientStage::new(&resolved.client),
            outside: resolved.outside,
            penalty: resolved.penalty,
            router,
            fallback,
            reports,
            pages,
            vouch,
            facts,
            roles: resolved.asked.roles,
            policies: resolved.asked.policies,
            upstreams: builder.upstreams.complete(),
            guards: builder.cache,
            sockets: builder.sockets,
            connections: ConnectionRules::build(
                &resolved.server,
                services,
                before.map(|before| &before.connections),
            )
            .map_err(BuildError::Tls)?,
            body_pace: resolved.server.body_pace(),
            drain: resolved.server.drain,
            rule_files: resolved.rule_files,
        })
    }

    /// The files of WAF rules that this was built from.
    #[must_use]
    pub fn rule_files(&self) -> &[RuleFile] {
        &self.rule_files
    }

    /// How HTTPS is spoken; `None` where nothing listens for it.
    #[must_use]
    pub fn tls(&self) -> Option<&Arc<TlsFront>> {
        self.connections.tls.as_ref()
    }

    /// Name and mode of every guard that is asked where no route says otherwise.
    pub fn summary(&self) -> impl Iterator<Item = (&'static str, Mode)> {
        self.fallback.plan.summary()
    }
}

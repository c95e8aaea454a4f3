//! One question: everything that is known of a request, put before what its path asks for.

use mantlet_access::{
    Action, Approval, Decision, Facts, Membership, Principal, Requirement, decide,
};
use mantlet_identity::directory::{Caller, Directory};
use mantlet_types::DataClass;

use crate::identity::{Identified, NamedValue, Rule, Source, Told};
use crate::pipeline::{Exchange, GuardError};

/// Everything that is known of a request.
pub(super) struct Question<'a> {
    exchange: &'a Exchange,
    rule: &'a Rule,
    requirement: &'a Requirement,
    caller: Option<&'a Identified>,
    principal: Option<Principal>,
    values: Vec<NamedValue>,
}

impl<'a> Question<'a> {
    pub(super) fn new(
        exchange: &'a Exchange,
        rule: &'a Rule,
        requirement: &'a Requirement,
    ) -> Self {
        let caller = exchange.facts.lookup::<Identified>();
        let principal = caller.map(|caller| caller.principal(&rule.roles));
        let values = rule.thing.values(&exchange.path);
        Self { exchange, rule, requirement, caller, principal, values }
    }

    /// Whom the application has to be asked through; `None` where the answer changes nothing.
    pub(super) fn source(&self) -> Option<&'a Source> {
        let is_told = |fact: &&str| !self.rule.thing.has(fact);
        let needs = match &self.principal {
            // Without an identity, only what everybody may see can be seen.
            None => self.requirement.asks_for(DataClass::Public).0,
            Some(_) => self.requirement.has_class() || self.requirement.facts().iter().any(is_told),
        };
        self.exchange.facts.lookup::<Source>().filter(|_| needs)
    }

    /// Decides, with what the application told and what was approved.
    pub(super) fn decide(&self, told: Option<&Told>, approvals: &[Approval]) -> Decision {
        let mut values: Vec<(&str, &str)> =
            self.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        values.extend(told.into_iter().flat_map(Told::values));
        let name = self.rule.thing.name(&self.values);
        let mut facts = Facts {
            values: &values,
            resource: told.and_then(Told::resource).or(name.as_deref()),
            class: told.and_then(Told::class),
            membership: Membership::None,
            action: action(self.exchange),
            approvals,
            authenticated: self.session().map(|session| session.created),
            has_second_factor: self.session().is_some_and(|session| session.has_second_factor),
        };
        if let Some(who) = &self.principal {
            // Whoever a path names as its owner belongs to it, too.
            let is_owner = facts.value("owner") == Some(who.id());
            let told = told.map_or(Membership::None, |told| told.membership(who.id()));
            facts.membership = if is_owner { Membership::Write } else { told };
        }
        decide(self.requirement, self.principal.as_ref(), &facts, self.exchange.at)
    }

    /// The approvals of who asks that are in force.
    pub(super) async fn approvals(
        &self,
        directory: &Directory,
    ) -> Result<Vec<Approval>, GuardError> {
        let Some(caller) = self.caller else { return Ok(Vec::new()) };
        let store = &directory.repositories.approvals;
        let found = store.in_force(&caller.0.user, self.exchange.at).await;
        let found = found.map_err(|error| GuardError(error.to_string()))?;
        Ok(found.into_iter().map(approval).collect())
    }

    fn session(&self) -> Option<&'a mantlet_identity::session::Session> {
        let caller: &'a Caller = &self.caller?.0;
        caller.session().map(AsRef::as_ref)
    }

    /// Whether what was told may ask for an approval.
    pub(super) fn may_be_restricted(&self, told: Option<&Told>) -> bool {
        let class = told.and_then(Told::class).unwrap_or_default();
        let (is_told, is_named) = self.requirement.asks_for(DataClass::Restricted);
        self.principal.is_some() && (is_named || (is_told && class == DataClass::Restricted))
    }
}

/// An approval of the store, as decisions take it.
fn approval(kept: mantlet_identity::approval::Approval) -> Approval {
    let what = kept.what;
    Approval {
        principal: what.user.as_str().to_owned(),
        resource: what.resource,
        action: if what.may_write { Action::Write } else { Action::Read },
        by: what.given.by.as_str().to_owned(),
        at: what.given.at,
        until: what.until,
    }
}

/// What a request does: a WebSocket can do anything.
fn action(exchange: &Exchange) -> Action {
    use http::Method;
    let is_reading = matches!(exchange.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if is_reading && !exchange.is_websocket { Action::Read } else { Action::Write }
}

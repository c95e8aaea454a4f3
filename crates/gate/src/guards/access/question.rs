//! One question: everything that is known of a request, put before what its path asks for.

use std::sync::{Arc, Mutex};

use mantlet_access::{
    Action, Approval, Consulted, Decision, Facts, Inquiry, Membership, Policies, Principal,
    Requirement, Ruling, Scene, decide,
};
use mantlet_identity::directory::{Caller, Directory, Way};
use mantlet_types::DataClass;

use crate::identity::{Identified, NamedValue, Rule, Source, Told};
use crate::pipeline::{Exchange, GuardError};

/// Everything that is known of a request.
pub(super) struct Question<'a> {
    exchange: &'a Exchange,
    rule: &'a Rule,
    requirement: &'a Requirement,
    caller: Option<&'a Identified>,
    principal: Option<Arc<Principal>>,
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
        let source = self.exchange.facts.lookup::<Source>()?;
        let is_told = |fact: &&str| !self.rule.thing.has(fact);
        let needs = match &self.principal {
            // Without an identity, only what everybody may see can be seen.
            None => self.requirement.asks_for(DataClass::Public).0,
            Some(_) => {
                self.requirement.has_class()
                    || self.requirement.has_policy()
                    || self.requirement.facts().iter().any(is_told)
            }
        };
        needs.then_some(source)
    }

    /// Decides, with what the application told and what was approved.
    pub(super) fn decide(&self, told: Option<&Told>, approvals: &[Approval]) -> Decided {
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
            consulted: None,
        };
        if let Some(who) = &self.principal {
            // Whoever a path names as its owner belongs to it, too.
            let is_owner = facts.value("owner") == Some(who.id());
            let told = told.map_or(Membership::None, |told| told.membership(who.id()));
            facts.membership = if is_owner { Membership::Write } else { told };
        }
        match &self.rule.policies {
            Some(policies) => self.consult(&*policies.0, facts),
            None => Decided { decision: self.decide_by(&facts), rulings: Vec::new() },
        }
    }

    fn decide_by(&self, facts: &Facts<'_>) -> Decision {
        decide(self.requirement, self.principal.as_deref(), facts, self.exchange.at)
    }

    /// Decides where the path asks policies, too.
    fn consult(&self, policies: &dyn Policies, facts: Facts<'_>) -> Decided {
        let noted = Noted { policies, rulings: Mutex::default() };
        let scopes = self.caller.and_then(|caller| caller.caller.scopes());
        let claims: Vec<(&str, &str)> = match self.caller.map(|caller| &caller.caller.way) {
            Some(Way::Token(token)) => {
                let text = |(name, value): (&'a String, &'a serde_json::Value)| {
                    Some((name.as_str(), value.as_str()?))
                };
                token.claims.iter().filter_map(text).collect()
            }
            _ => Vec::new(),
        };
        let scene = Scene {
            method: self.exchange.method.as_str(),
            host: &self.exchange.host,
            path: self.exchange.path.as_str(),
            route: &self.exchange.route,
            client: Some(self.exchange.client.address),
            kind: self.caller.map_or("", |caller| caller.caller.way.as_str()),
            scopes: scopes.as_deref(),
            claims: &claims,
        };
        let consulted = Consulted { policies: &noted, scene: &scene, roles: &self.rule.roles };
        let decision = self.decide_by(&Facts { consulted: Some(consulted), ..facts });
        let rulings = noted.rulings.into_inner().unwrap_or_default();
        Decided { decision, rulings }
    }

    /// The approvals of who asks that are in force.
    pub(super) async fn approvals(
        &self,
        directory: &Directory,
    ) -> Result<Vec<Approval>, GuardError> {
        let Some(caller) = self.caller else { return Ok(Vec::new()) };
        let store = &directory.repositories.approvals;
        let found = store.in_force(&caller.caller.user, self.exchange.at).await;
        let found = found.map_err(|error| GuardError(error.to_string()))?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    fn session(&self) -> Option<&'a mantlet_identity::session::Session> {
        let caller: &'a Caller = &self.caller?.caller;
        caller.session().map(AsRef::as_ref)
    }

    /// Whether what was told may ask for an approval.
    pub(super) fn may_be_restricted(&self, told: Option<&Told>) -> bool {
        let class = told.and_then(Told::class).unwrap_or_default();
        let (is_told, is_named) = self.requirement.asks_for(DataClass::Restricted);
        self.principal.is_some() && (is_named || (is_told && class == DataClass::Restricted))
    }
}

/// A decision, and what policies said on the way to it.
pub(super) struct Decided {
    pub(super) decision: Decision,
    pub(super) rulings: Vec<Ruling>,
}

/// Policies whose words are kept for the record.
#[derive(Debug)]
struct Noted<'a> {
    policies: &'a dyn Policies,
    rulings: Mutex<Vec<Ruling>>,
}

impl Policies for Noted<'_> {
    fn judge(&self, inquiry: &Inquiry<'_>) -> Ruling {
        let ruling = self.policies.judge(inquiry);
        if let Ok(mut rulings) = self.rulings.lock()
            && !rulings.contains(&ruling)
        {
            rulings.push(ruling.clone());
        }
        ruling
    }

    fn ids(&self) -> Vec<String> {
        self.policies.ids()
    }

    fn has_action(&self, action: &str) -> bool {
        self.policies.has_action(action)
    }
}

/// What a request does: a WebSocket can do anything.
fn action(exchange: &Exchange) -> Action {
    use http::Method;
    let is_reading = matches!(exchange.method, Method::GET | Method::HEAD | Method::OPTIONS);
    if is_reading && !exchange.is_websocket { Action::Read } else { Action::Write }
}

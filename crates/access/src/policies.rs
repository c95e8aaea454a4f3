//! Policies written in a language of their own, as far as decisions need to know them.

use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use mantlet_types::Timestamp;

use crate::{Facts, Principal, Roles};

/// Policies that can be asked. The same question has the same answer: what they need is in it.
pub trait Policies: Debug + Send + Sync {
    /// Whether somebody may do `inquiry.action`.
    fn judge(&self, inquiry: &Inquiry<'_>) -> Ruling;

    /// The ids of all policies, in the order of their files.
    fn ids(&self) -> Vec<String>;

    /// Whether this is an action that policies can be asked about.
    fn has_action(&self, action: &str) -> bool;
}

/// Policies that several configurations and threads share: the same when they were loaded together.
#[derive(Debug, Clone)]
pub struct SharedPolicies(pub Arc<dyn Policies>);

impl PartialEq for SharedPolicies {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for SharedPolicies {}

/// One question to policies.
#[derive(Debug, Clone, Copy)]
pub struct Inquiry<'a> {
    /// What is to be done, without its type: `export` for `Action::"export"`.
    pub action: &'a str,
    /// Who.
    pub principal: &'a Principal,
    /// What about.
    pub facts: &'a Facts<'a>,
    /// Under what circumstances.
    pub scene: &'a Scene<'a>,
    /// The table that the principal's roles come from.
    pub roles: &'a Roles,
    /// When.
    pub now: Timestamp,
}

/// The circumstances of a request, as the gate saw them. What is not known is empty or `None`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Scene<'a> {
    /// The method.
    pub method: &'a str,
    /// The host, lower case, without the port.
    pub host: &'a str,
    /// The path in its normal form.
    pub path: &'a str,
    /// The pattern of the route.
    pub route: &'a str,
    /// The client's address.
    pub client: Option<IpAddr>,
    /// How they proved who they are: `session`, `api-key`, `token`, `ticket` or `mtls`.
    pub kind: &'a str,
    /// What their credential bounds them to; `None` when it bounds them to nothing.
    pub scopes: Option<&'a [&'a str]>,
    /// What the issuer of their token says of them, by name: texts alone.
    pub claims: &'a [(&'a str, &'a str)],
}

/// Whom a requirement asks that names an action: a part of [`Facts`].
#[derive(Debug, Clone, Copy)]
pub struct Consulted<'a> {
    /// The policies.
    pub policies: &'a dyn Policies,
    /// Under what circumstances.
    pub scene: &'a Scene<'a>,
    /// The table that the principal's roles come from.
    pub roles: &'a Roles,
}

impl Consulted<'_> {
    /// What the policies say of an action.
    #[must_use]
    pub fn judge(
        &self,
        action: &str,
        principal: &Principal,
        facts: &Facts<'_>,
        now: Timestamp,
    ) -> Ruling {
        let Self { policies, scene, roles } = *self;
        policies.judge(&Inquiry { action, principal, facts, scene, roles, now })
    }
}

/// What policies say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ruling {
    /// Whether they may. Without a policy that permits, they may not; a policy that forbids wins
    /// over those that permit; where a policy could not be evaluated, they may not.
    pub is_allowed: bool,
    /// The ids of the policies that decided, in alphabetical order; empty when none applied.
    pub policies: Vec<String>,
    /// What could not be evaluated, and why: for the operator.
    pub errors: Vec<String>,
}

impl Ruling {
    /// The ruling in words, for the operator.
    #[must_use]
    pub fn describe(&self) -> String {
        if !self.errors.is_empty() {
            return format!("a policy failed: {}", self.errors.join("; "));
        }
        match (self.is_allowed, self.policies.is_empty()) {
            (true, _) => format!("permitted by `{}`", self.policies.join("`, `")),
            (false, true) => "no policy permits it".to_owned(),
            (false, false) => format!("forbidden by `{}`", self.policies.join("`, `")),
        }
    }
}

/// Asks with policies that are evaluated once for each action of one request and each sign-in that is
/// supposed, however often they are asked. Nothing else that they are told may differ in between.
pub(crate) fn asking_once<T>(facts: &Facts<'_>, then: impl FnOnce(&Facts<'_>) -> T) -> T {
    let Some(consulted) = facts.consulted else { return then(facts) };
    let asked = Asked { policies: consulted.policies, said: Mutex::default() };
    then(&Facts { consulted: Some(Consulted { policies: &asked, ..consulted }), ..*facts })
}

/// Policies, and what they said of one request.
#[derive(Debug)]
struct Asked<'a> {
    policies: &'a dyn Policies,
    said: Mutex<Vec<(Subject, Ruling)>>,
}

/// An action, and the sign-in that is supposed.
type Subject = (String, (Option<Timestamp>, bool));

impl Policies for Asked<'_> {
    fn judge(&self, inquiry: &Inquiry<'_>) -> Ruling {
        let Inquiry { action, facts, .. } = inquiry;
        let sign_in = (facts.authenticated, facts.has_second_factor);
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        let found = said.iter().find(|((own, supposed), _)| own == action && *supposed == sign_in);
        if let Some((_, ruling)) = found {
            return ruling.clone();
        }
        let ruling = self.policies.judge(inquiry);
        said.push((((*action).to_owned(), sign_in), ruling.clone()));
        ruling
    }

    fn ids(&self) -> Vec<String> {
        self.policies.ids()
    }

    fn has_action(&self, action: &str) -> bool {
        self.policies.has_action(action)
    }
}

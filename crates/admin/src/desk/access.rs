//! Whether somebody may, and why; and who may what.

use std::collections::BTreeMap;
use std::time::Duration;

use mantlet_access::{
    Action, Approval, Consulted, Explanation, Facts, Finding, Membership, Met, Principal,
    Requirement, Scene, UserView, explain, review,
};
use mantlet_identity::UserId;
use mantlet_identity::account::AccountName;
use mantlet_types::{DataClass, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::unknown_user;
use super::{Desk, DeskError, Kind};

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Whether somebody may.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Who; `None` for somebody who is not signed in.
    #[serde(default)]
    pub subject: Option<String>,
    /// What is asked for, as routes say it.
    pub require: String,
    /// What their credential bounds them to, where it does.
    #[serde(default)]
    pub scopes: Option<Vec<String>>,
    /// What it is about.
    #[serde(default)]
    pub facts: AskedFacts,
}

/// What a question is about: as the application knows it.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AskedFacts {
    /// Values by name.
    pub values: BTreeMap<String, String>,
    /// The name of the thing.
    pub resource: Option<String>,
    /// How sensitive it is; what is no class is restricted.
    pub class: Option<String>,
    /// `none`, `read` or `write`.
    pub membership: Option<String>,
    /// `read` or `write`.
    pub action: Option<String>,
}

impl Desk {
    /// Whether somebody may, and why.
    ///
    /// # Errors
    /// [`DeskError`] for a question that makes no sense, and when the store does not answer.
    pub async fn authorize(&self, question: &Question) -> Result<Value, DeskError> {
        let requirement = Requirement::parse(&question.require, &self.roles)
            .map_err(|error| DeskError::invalid(error.to_string(), "see `GET /v1/roles`"))?;
        self.know_actions(&requirement)?;
        let principal = match &question.subject {
            None => None,
            Some(name) => match self.principal(name, question.scopes.as_deref()).await? {
                Some(principal) => Some(principal),
                None => return Ok(gone(name)),
            },
        };
        let asked = &question.facts;
        let now = self.directory.clock.now();
        let approvals = match &principal {
            Some(who) => self.approvals(&UserId::parse(who.id())?, now).await?,
            None => Vec::new(),
        };
        let values: Vec<(&str, &str)> =
            asked.values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let facts = Facts {
            values: &values,
            resource: asked.resource.as_deref(),
            class: asked.class.as_deref().map(DataClass::parse_or_restricted),
            membership: match asked.membership.as_deref() {
                Some("read") => Membership::Read,
                Some("write") => Membership::Write,
                _ => Membership::None,
            },
            action: match asked.action.as_deref() {
                Some("read") => Action::Read,
                _ => Action::Write,
            },
            approvals: &approvals,
            ..Facts::default()
        };
        let scopes: Option<Vec<&str>> =
            question.scopes.as_ref().map(|scopes| scopes.iter().map(String::as_str).collect());
        let scene = Scene { scopes: scopes.as_deref(), ..Scene::default() };
        let facts = Facts { consulted: self.consulted(&scene), ..facts };
        Ok(told(&explain(&requirement, principal.as_ref(), &facts, now, &self.roles)))
    }

    /// The policies in force, about a request of which this is known.
    fn consulted<'a>(&'a self, scene: &'a Scene<'a>) -> Option<Consulted<'a>> {
        let policies = &*self.policies.as_ref()?.0;
        Some(Consulted { policies, scene, roles: &self.roles })
    }

    /// Refuses a question about an action that the policies know nothing of: it is a typing error.
    fn know_actions(&self, requirement: &Requirement) -> Result<(), DeskError> {
        let is_known = |action: &str| match &self.policies {
            Some(policies) => policies.0.has_action(action),
            None => false,
        };
        match requirement.actions().into_iter().find(|action| !is_known(action)) {
            None => Ok(()),
            Some(action) => Err(DeskError::invalid(
                format!("no policy is asked about `{}`", action.escape_debug()),
                "name it in `[access.cedar] actions`, beside the policies",
            )),
        }
    }

    /// Who may what, of at most `most` accounts after one; and what somebody should look at.
    ///
    /// # Errors
    /// [`DeskError`] when the store does not answer.
    pub async fn review(
        &self,
        after: Option<&str>,
        most: usize,
        dormant_days: u64,
    ) -> Result<Value, DeskError> {
        let after = after.map(AccountName::parse).transpose()?;
        let asked = most.saturating_add(1);
        let mut accounts = self.directory.accounts.list(after.as_ref(), asked).await?;
        let is_more = accounts.len() > most;
        accounts.truncate(most);
        let next = accounts.last().filter(|_| is_more).map(|it| it.name.as_str().to_owned());
        let views: Vec<UserView> = accounts
            .into_iter()
            .map(|account| UserView {
                id: account.id.as_str().to_owned(),
                roles: account.roles,
                is_active: account.is_active,
                last_signin: account.last_signin,
                created: account.created,
            })
            .collect();
        let dormant = Duration::from_secs(dormant_days.saturating_mul(DAY));
        let reviewed = review(&self.roles, &views, &[], dormant, self.directory.clock.now());
        let users: Vec<Value> = reviewed
            .users
            .iter()
            .map(|user| {
                let permissions = user.permissions.iter().map(|(name, grants)| {
                    let by: Vec<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
                    json!({ "name": name, "by": by })
                });
                let permissions: Vec<Value> = permissions.collect();
                let findings: Vec<String> = user.findings.iter().map(finding).collect();
                json!({ "name": user.id, "permissions": permissions, "findings": findings })
            })
            .collect();
        Ok(json!({ "users": users, "unused_roles": reviewed.unused_roles, "next": next }))
    }

    /// What somebody was approved for that is in force.
    pub(super) async fn approvals(
        &self,
        user: &UserId,
        now: Timestamp,
    ) -> Result<Vec<Approval>, DeskError> {
        let found = self.directory.repositories.approvals.in_force(user, now).await?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Who an account is now.
    ///
    /// # Errors
    /// [`DeskError`] when there is none, it is locked, or the store does not answer.
    pub(super) async fn open_account(&self, name: &str) -> Result<Principal, DeskError> {
        if let Some(principal) = self.principal(name, None).await? {
            return Ok(principal);
        }
        let parsed = AccountName::parse(name).map_err(|_| unknown_user(name))?;
        if self.directory.accounts.find(&parsed).await?.is_none() {
            return Err(unknown_user(name));
        }
        let message = format!("the account `{}` is locked", name.escape_debug());
        let hint = "it may nothing; `mantlet user unlock` opens it";
        Err(DeskError::new(Kind::Conflict, message, hint))
    }

    /// Who an account is now; `None` when there is none that may anything.
    async fn principal(
        &self,
        name: &str,
        scopes: Option<&[String]>,
    ) -> Result<Option<Principal>, DeskError> {
        let parsed = AccountName::parse(name).ok();
        let Some(id) = parsed.and_then(|name| UserId::parse(name.as_str()).ok()) else {
            return Ok(None);
        };
        let standing = self.directory.standing(&id).await?;
        let Some(standing) = standing.filter(|standing| standing.is_active) else {
            return Ok(None);
        };
        let scopes: Option<Vec<&str>> =
            scopes.map(|scopes| scopes.iter().map(String::as_str).collect());
        let names = standing.roles.iter().map(String::as_str);
        Ok(Some(self.roles.principal(id.as_str(), names, scopes.as_deref())))
    }
}

/// Nobody of this name may anything: there is none, or they are locked.
fn gone(name: &str) -> Value {
    json!({
        "allowed": false,
        "decision": "forbidden",
        "reasons": [{
            "depth": 0,
            "asked": "an account that is open",
            "met": false,
            "why": format!("there is no open account `{}`", name.escape_debug()),
        }],
    })
}

pub(super) fn told(explanation: &Explanation) -> Value {
    let steps = explanation.steps.iter().map(|step| {
        let why = match &step.met {
            Met::Granted(grants) => {
                let roles: Vec<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
                format!("given by `{}`", roles.join("`, `"))
            }
            Met::By(what) => what.clone(),
            Met::Missing(what) => format!("missing: {what}"),
        };
        json!({ "depth": step.depth, "asked": step.asked, "met": step.met.is_met(), "why": why })
    });
    let decision = match explanation.decision {
        mantlet_access::Decision::Allowed => "allowed",
        mantlet_access::Decision::SignInFirst => "sign-in-first",
        mantlet_access::Decision::SignInAgain => "sign-in-again",
        mantlet_access::Decision::Forbidden => "forbidden",
    };
    json!({
        "allowed": explanation.decision.is_allowed(),
        "decision": decision,
        "reasons": steps.collect::<Vec<_>>(),
    })
}

fn finding(finding: &Finding) -> String {
    match finding {
        Finding::Dormant { days } => format!("has not signed in for {days} days"),
        Finding::ClosedWithRoles => "is locked and keeps its roles".to_owned(),
        Finding::UnknownRole(role) => format!("has the role `{role}`, which is none of the table"),
        Finding::HoldsEverything => "has every permission that there is".to_owned(),
        Finding::Redundant { role, by } => format!("has `{role}`, which `{by}` includes"),
    }
}

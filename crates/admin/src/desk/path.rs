//! What a path asks for, and whether somebody may.

use std::collections::BTreeMap;
use std::net::IpAddr;

use mantlet_access::{
    Action, Approval, Consulted, Facts, Membership, Principal, Requirement, Roles, Scene,
    SharedPolicies, explain,
};
use mantlet_identity::UserId;
use mantlet_types::{DataClass, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::told;
use super::{Desk, DeskError};

/// What a path asks for, by the configuration in force.
#[derive(Debug, Clone)]
pub struct PathRule {
    /// The route it comes to; `-` for none.
    pub route: String,
    /// What is asked for; `None` for a path that is open.
    pub requirement: Option<Requirement>,
    /// The parameters of the path, by name.
    pub values: Vec<(String, String)>,
    /// What approvals call the thing; `None` where no route says so.
    pub resource: Option<String>,
}

impl PathRule {
    /// What is told of a path that is open; `None` for one that asks for something.
    #[must_use]
    pub fn told_if_open(&self) -> Option<Value> {
        self.requirement.is_none().then(|| {
            json!({
                "route": self.route, "asks": null, "allowed": true, "decision": "allowed",
                "reasons": [], "why": "open to everybody", "known": {},
            })
        })
    }
}

/// A question about a path, and what is supposed that only a request or the application says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathQuestion {
    /// The path, as a client sends it.
    pub path: String,
    /// The method.
    pub method: String,
    /// The host that is asked for.
    pub host: String,
    /// Whether this account may; `None` for somebody who is not signed in.
    #[serde(default)]
    pub user: Option<String>,
    /// The client's address, where policies look at it; `None` for an unknown one.
    #[serde(default)]
    pub client: Option<IpAddr>,
    /// What the application would tell of the thing: `class`, `resource` and others by name.
    #[serde(default)]
    pub facts: Vec<(String, String)>,
    /// `read` or `write`: what the account could do as a member of the thing; `None` for nothing.
    #[serde(default)]
    pub member: Option<String>,
}

impl PathQuestion {
    fn fact(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The parameters of the path, and what is supposed besides.
    fn values<'a>(&'a self, path: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
        let others = self.facts.iter().filter(|(name, _)| name != "class" && name != "resource");
        let all = path.iter().chain(others);
        all.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    const fn action(&self) -> Action {
        match self.method.as_bytes() {
            b"GET" | b"HEAD" | b"OPTIONS" => Action::Read,
            _ => Action::Write,
        }
    }
}

/// What `rule` asks of somebody, as they come with a session that has just begun, and whether they
/// may: `{"route","asks","allowed","decision","reasons","why","known"}`. `who`: with what they were
/// approved for; `None` for somebody who is not signed in.
#[must_use]
pub fn explain_path(
    question: &PathQuestion,
    rule: &PathRule,
    who: Option<(&Principal, &[Approval])>,
    (roles, policies): (&Roles, Option<&SharedPolicies>),
    now: Timestamp,
) -> Value {
    let route = rule.route.as_str();
    let Some(requirement) = &rule.requirement else {
        return rule.told_if_open().unwrap_or_default();
    };
    let values = question.values(&rule.values);
    let resource = question.fact("resource").or(rule.resource.as_deref());
    let (principal, approvals) = who.map_or((None, &[][..]), |(who, had)| (Some(who), had));
    let scene = Scene {
        method: &question.method,
        host: &question.host,
        path: &question.path,
        route,
        kind: "session",
        client: question.client,
        ..Scene::default()
    };
    let mut facts = Facts {
        values: &values,
        resource,
        class: question.fact("class").map(DataClass::parse_or_restricted),
        membership: match question.member.as_deref() {
            Some("read") => Membership::Read,
            Some("write") => Membership::Write,
            _ => Membership::None,
        },
        action: question.action(),
        approvals,
        authenticated: Some(now),
        has_second_factor: false,
        consulted: policies.map(|all| Consulted { policies: &*all.0, scene: &scene, roles }),
    };
    if principal.is_some_and(|who| facts.value("owner") == Some(who.id())) {
        facts.membership = Membership::Write;
    }
    let explained = explain(requirement, principal, &facts, now, roles);
    let approved = approvals
        .iter()
        .map(|Approval { resource, by, until, .. }| format!("{resource} until {until}, by {by}"));
    let known = json!({
        "facts": values.iter().copied().collect::<BTreeMap<_, _>>(),
        "resource": resource,
        "approvals": approved.collect::<Vec<_>>(),
    });
    let mut said = told(&explained);
    if let Value::Object(said) = &mut said {
        said.insert("route".to_owned(), Value::from(route));
        said.insert("asks".to_owned(), Value::from(requirement.describe(roles)));
        said.insert("why".to_owned(), Value::from(explained.to_string().trim_end()));
        said.insert("known".to_owned(), known);
    }
    said
}

impl Desk {
    /// What a path asks for, and whether somebody may: see [`explain_path`].
    ///
    /// # Errors
    /// [`DeskError`] when there is no such account, or the store does not answer.
    pub async fn explain_path(
        &self,
        rule: &PathRule,
        question: &PathQuestion,
    ) -> Result<Value, DeskError> {
        let now = self.directory.clock.now();
        let tables = (&*self.roles, self.policies.as_ref());
        let Some(name) = question.user.as_deref() else {
            return Ok(explain_path(question, rule, None, tables, now));
        };
        let principal = self.open_account(name).await?;
        let approvals = self.approvals(&UserId::parse(principal.id())?, now).await?;
        Ok(explain_path(question, rule, Some((&principal, &approvals)), tables, now))
    }
}

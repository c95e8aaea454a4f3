//! `mantlet access explain`: what a path asks for, and whether somebody may.

use std::collections::BTreeMap;

use mantlet_access::{Action, Approval, Consulted, Facts, Membership, Principal, Scene, explain};
use mantlet_admin::desk::{Ask, approval_of};
use mantlet_types::{Clock as _, DataClass, SystemClock};
use serde_json::{Value as Json, json};

use super::approvals;
use crate::cli::ServerFlags;
use crate::cli::access::ExplainFlags;
use crate::cli::identity::DeskFlags;
use crate::commands::{Failure, Outcome, desk};
use crate::config::{Need, read};
use crate::output;

pub(super) fn execute(asked: ExplainFlags) -> Result<Outcome, Failure> {
    let ExplainFlags { path, user, method, host, client, facts, member, flags, require_login } =
        asked;
    let supposed = Supposed::read(&facts, member.as_deref())?;
    let place = flags.place.clone();
    let server = ServerFlags { place, require_login, ..ServerFlags::default() };
    let Some(ready) = read(&server, Need::Nothing).ready() else { return Ok(Outcome::Unusable) };
    let found = ready.resolved.rule_at(&host, &path, &method)?;
    let Some(requirement) = found.rule.as_ref().and_then(|rule| rule.access.requirement()) else {
        tell(&flags, &found.route, "nothing", None, "open to everybody");
        if !ready.resolved.asked.is_anywhere() {
            output::note(
                "no path asks for an identity by this configuration; of a server that was started with --require-login, ask with --require-login",
            );
        }
        return Ok(Outcome::Fine);
    };
    let roles = &ready.resolved.asked.roles;
    let principal = match &user {
        Some(name) => match principal_of(name, &flags, roles)? {
            Some(principal) => Some(principal),
            None => return Ok(Outcome::Unusable),
        },
        None => None,
    };
    let approvals = match &user {
        Some(name) => approvals::all(&flags.place, Some(name))?.unwrap_or_default(),
        None => Vec::new(),
    };
    let approvals: Vec<_> = approvals.iter().filter_map(approval_of).collect();
    let now = SystemClock::new().now();
    let values = supposed.values(&found.values);
    let resource = supposed.text("resource").or(found.resource.as_deref());
    let is_reading = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let mut facts = Facts {
        values: &values,
        resource,
        class: supposed.text("class").map(DataClass::parse_or_restricted),
        membership: supposed.membership,
        action: if is_reading { Action::Read } else { Action::Write },
        approvals: &approvals,
        // As somebody who has just signed in.
        authenticated: Some(now),
        has_second_factor: false,
        consulted: None,
    };
    let scene = Scene {
        method: &method,
        host: &host,
        path: &path,
        route: &found.route,
        kind: "session",
        client,
        ..Scene::default()
    };
    let policies = ready.resolved.asked.policies.as_ref();
    facts.consulted =
        policies.map(|policies| Consulted { policies: &*policies.0, scene: &scene, roles });
    if principal.as_ref().is_some_and(|who| facts.value("owner") == Some(who.id())) {
        facts.membership = Membership::Write;
    }
    let explained = explain(requirement, principal.as_ref(), &facts, now, roles);
    let is_allowed = explained.decision.is_allowed();
    let (asked, why) = (requirement.describe(roles), explained.to_string());
    let known = json!({
        "resource": resource,
        "facts": values.iter().copied().collect::<BTreeMap<_, _>>(),
        "approvals": approvals.iter().map(told).collect::<Vec<_>>(),
    });
    tell(&flags, &found.route, &asked, Some((is_allowed, known)), why.trim_end());
    Ok(if is_allowed { Outcome::Fine } else { Outcome::Findings })
}

/// What is supposed that only the application knows.
struct Supposed {
    facts: Vec<(String, String)>,
    membership: Membership,
}

impl Supposed {
    fn read(facts: &[String], member: Option<&str>) -> Result<Self, Failure> {
        let split = |text: &String| match text.split_once('=') {
            Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
            None => Err(format!(
                "--fact: `{}` has no value\n  hint: write for example --fact class=confidential",
                text.escape_debug()
            )),
        };
        let facts = facts.iter().map(split).collect::<Result<_, _>>()?;
        let membership = match member {
            Some("read") => Membership::Read,
            Some(_) => Membership::Write,
            None => Membership::None,
        };
        Ok(Self { facts, membership })
    }

    fn text(&self, name: &str) -> Option<&str> {
        self.facts.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The values of the path, and what is supposed besides.
    fn values<'a>(&'a self, path: &'a [(String, String)]) -> Vec<(&'a str, &'a str)> {
        let others = self.facts.iter().filter(|(name, _)| name != "class" && name != "resource");
        let all = path.iter().chain(others);
        all.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }
}

/// An approval, for people.
fn told(approval: &Approval) -> String {
    let Approval { resource, by, until, .. } = approval;
    format!("{resource} until {until}, by {by}")
}

/// Who an account is, by its roles now.
fn principal_of(
    name: &str,
    flags: &DeskFlags,
    roles: &mantlet_access::Roles,
) -> Result<Option<Principal>, Failure> {
    let ask = Ask::UserShow { name: name.to_owned() };
    let Some(user) = desk::ask(flags.place.clone(), ask)? else { return Ok(None) };
    if user.get("locked") == Some(&Json::Bool(true)) {
        return Err(format!(
            "the account `{name}` is locked\n  hint: it may nothing; `mantlet user unlock` opens it"
        )
        .into());
    }
    let names = user.get("roles").and_then(Json::as_array).into_iter().flatten();
    let names = names.filter_map(Json::as_str);
    let id = user.get("name").and_then(Json::as_str).unwrap_or(name);
    Ok(Some(roles.principal(id, names, None)))
}

fn tell(flags: &DeskFlags, route: &str, asked: &str, came: Option<(bool, Json)>, why: &str) {
    let (is_allowed, known) = came.unwrap_or_else(|| (true, json!({})));
    if flags.json {
        let answer = json!({
            "route": route,
            "asks": asked,
            "allowed": is_allowed,
            "why": why,
            "known": known,
        });
        return output::say(&answer.to_string());
    }
    output::say(&format!("route {route} asks for {asked}"));
    let facts = known.get("facts").and_then(Json::as_object).into_iter().flatten();
    for (name, value) in facts {
        output::say(&format!("  known: {name} is `{}`", value.as_str().unwrap_or_default()));
    }
    if let Some(resource) = known.get("resource").and_then(Json::as_str) {
        output::say(&format!("  known: this is `{resource}`"));
    }
    for approval in known.get("approvals").and_then(Json::as_array).into_iter().flatten() {
        output::say(&format!("  approved: {}", approval.as_str().unwrap_or_default()));
    }
    output::say(why);
}

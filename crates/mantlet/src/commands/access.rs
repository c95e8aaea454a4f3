//! `mantlet access explain`: what a path asks for, and whether somebody may.

use mantlet_access::{Action, Facts, Principal, explain};
use mantlet_admin::desk::Ask;
use mantlet_types::{Clock as _, SystemClock};
use serde_json::{Value as Json, json};

use super::{Failure, Outcome, desk};
use crate::cli::ServerFlags;
use crate::cli::identity::{AccessCommand, DeskFlags};
use crate::config::{Need, read};
use crate::output;

pub(super) fn execute(command: AccessCommand) -> Result<Outcome, Failure> {
    let AccessCommand::Explain { path, user, method, host, flags, require_login } = command;
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
    let is_reading = matches!(method.as_str(), "GET" | "HEAD" | "OPTIONS");
    let action = if is_reading { Action::Read } else { Action::Write };
    let facts = Facts { action, ..Facts::default() };
    let now = SystemClock::new().now();
    let explained = explain(requirement, principal.as_ref(), &facts, now, roles);
    let is_allowed = explained.decision.is_allowed();
    let (asked, why) = (requirement.describe(roles), explained.to_string());
    tell(&flags, &found.route, &asked, Some(is_allowed), why.trim_end());
    Ok(if is_allowed { Outcome::Fine } else { Outcome::Findings })
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

fn tell(flags: &DeskFlags, route: &str, asked: &str, is_allowed: Option<bool>, why: &str) {
    if flags.json {
        let answer = json!({
            "route": route,
            "asks": asked,
            "allowed": is_allowed.unwrap_or(true),
            "why": why,
        });
        return output::say(&answer.to_string());
    }
    output::say(&format!("route {route} asks for {asked}"));
    output::say(why);
}

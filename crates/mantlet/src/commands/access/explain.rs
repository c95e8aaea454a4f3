//! `mantlet access explain`: what a path asks for, and whether somebody may.

use mantlet_access::Principal;
use mantlet_admin::control::{Client, Command};
use mantlet_admin::desk::{Ask, PathQuestion, approval_of, explain_path};
use mantlet_types::{Clock as _, SystemClock};
use serde_json::Value as Json;

use super::approvals;
use crate::cli::ServerFlags;
use crate::cli::access::ExplainFlags;
use crate::cli::identity::DeskFlags;
use crate::commands::desk::text;
use crate::commands::{Failure, Outcome, data_folder, desk};
use crate::config::{Need, read};
use crate::output;
use crate::service::path_rule;

pub(super) fn execute(asked: ExplainFlags) -> Result<Outcome, Failure> {
    let ExplainFlags { path, user, method, host, client, facts, member, flags, require_login } =
        asked;
    let facts = facts.iter().map(|text| fact(text)).collect::<Result<_, _>>()?;
    let question = PathQuestion { path, method, host, user, client, facts, member };
    let Some(said) = answer(&question, &flags, require_login)? else {
        return Ok(Outcome::Unusable);
    };
    if flags.json {
        output::say(&said.to_string());
    } else {
        tell(&said);
    }
    let is_allowed = said.get("allowed") == Some(&Json::Bool(true));
    Ok(if is_allowed { Outcome::Fine } else { Outcome::Findings })
}

/// What the server says that runs, or what one would with this configuration; `None` when it
/// cannot be used. `is_supposed`: as if it ran with `--require-login`.
fn answer(
    question: &PathQuestion,
    flags: &DeskFlags,
    is_supposed: bool,
) -> Result<Option<Json>, Failure> {
    let place = flags.place.clone();
    if !is_supposed {
        let Some(data) = data_folder(place.clone()) else { return Ok(None) };
        if let Some(mut client) = Client::connect(&data)? {
            return Ok(Some(client.request(&Command::AccessExplain(question.clone()))?));
        }
    }
    let server = ServerFlags { place, require_login: is_supposed, ..ServerFlags::default() };
    let Some(ready) = read(&server, Need::Nothing).ready() else { return Ok(None) };
    let asked = &ready.resolved.asked;
    let PathQuestion { host, path, method, .. } = question;
    let rule = path_rule(ready.resolved.rule_at(host, path, method)?);
    if !asked.is_anywhere() {
        output::note(
            "no server runs here, and no path asks for an identity by this configuration; for a server that is started with --require-login, ask with --require-login",
        );
    }
    let now = SystemClock::new().now();
    let tables = (&*asked.roles, asked.policies.as_ref());
    let Some(name) = question.user.as_deref().filter(|_| rule.requirement.is_some()) else {
        return Ok(Some(explain_path(question, &rule, None, tables, now)));
    };
    let Some(principal) = principal_of(name, flags, &asked.roles)? else { return Ok(None) };
    let approvals = approvals::all(&flags.place, Some(name))?.unwrap_or_default();
    let approvals: Vec<_> = approvals.iter().filter_map(approval_of).collect();
    let who = Some((&principal, approvals.as_slice()));
    Ok(Some(explain_path(question, &rule, who, tables, now)))
}

fn fact(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned())),
        None => Err(format!(
            "--fact: `{}` has no value\n  hint: write for example --fact class=confidential",
            text.escape_debug()
        )),
    }
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

fn tell(said: &Json) {
    let asks = said.get("asks").and_then(Json::as_str).unwrap_or("nothing");
    output::say(&format!("route {} asks for {asks}", text(said, "route")));
    let known = said.get("known");
    let known = |name: &str| known.and_then(|known| known.get(name));
    for (name, value) in known("facts").and_then(Json::as_object).into_iter().flatten() {
        output::say(&format!("  known: {name} is `{}`", value.as_str().unwrap_or_default()));
    }
    if let Some(resource) = known("resource").and_then(Json::as_str) {
        output::say(&format!("  known: this is `{resource}`"));
    }
    for approval in known("approvals").and_then(Json::as_array).into_iter().flatten() {
        output::say(&format!("  approved: {}", approval.as_str().unwrap_or_default()));
    }
    output::say(text(said, "why"));
}

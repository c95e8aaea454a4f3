//! `mantlet access review`: who may what, and what somebody should look at.

use std::time::Duration;

use mantlet_access::{Finding, Reviewed, ReviewedUser, UserView, review};
use mantlet_admin::desk::{Ask, approval_of};
use mantlet_types::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value as Json, json};

use super::approvals;
use crate::cli::identity::DeskFlags;
use crate::cli::{PlaceFlags, ServerFlags};
use crate::commands::desk::{self, entries, seconds, text};
use crate::commands::{Failure, Outcome};
use crate::config::{Need, read};
use crate::output;

pub(super) fn execute(dormant: &str, csv: bool, flags: &DeskFlags) -> Result<Outcome, Failure> {
    let dormant = Duration::from_secs(seconds("--dormant", dormant)?);
    let place = flags.place.clone();
    let server = ServerFlags { place, ..ServerFlags::default() };
    let Some(ready) = read(&server, Need::Nothing).ready() else { return Ok(Outcome::Unusable) };
    let Some(users) = users(&flags.place)? else { return Ok(Outcome::Unusable) };
    let Some(kept) = approvals::all(&flags.place, None)? else { return Ok(Outcome::Unusable) };
    let kept: Vec<_> = kept.iter().filter_map(approval_of).collect();
    let (roles, now) = (&ready.resolved.asked.roles, SystemClock::new().now());
    let reviewed = review(roles, &users, &kept, dormant, now);
    let policies = ready.resolved.asked.policies.as_ref();
    let policies = policies.map(|policies| policies.0.ids()).unwrap_or_default();
    match (flags.json, csv) {
        (true, _) => {
            let mut said = as_json(&reviewed, &users, &kept, now);
            if let Json::Object(said) = &mut said {
                said.insert("policies".to_owned(), json!(policies));
            }
            output::say(&said.to_string());
        }
        (false, true) => as_csv(&reviewed, &users),
        (false, false) => {
            as_text(&reviewed, &users, now);
            if !policies.is_empty() {
                output::say(&format!(
                    "policies that decide besides, per request: {}; ask `mantlet access explain PATH --user NAME`",
                    policies.join(", ")
                ));
            }
        }
    }
    let is_clean = reviewed.users.iter().all(|user| user.findings.is_empty())
        && reviewed.void_approvals.is_empty();
    Ok(if is_clean { Outcome::Fine } else { Outcome::Findings })
}

/// Every account; `None` when the configuration cannot be used.
fn users(place: &PlaceFlags) -> Result<Option<Vec<UserView>>, Failure> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let ask = Ask::UserList { after: after.take(), most: None };
        let Some(page) = desk::ask(place.clone(), ask)? else { return Ok(None) };
        all.extend(entries(&page, "users").iter().map(view));
        after = all.last().map(|user: &UserView| user.id.clone());
        if page.get("more") != Some(&Json::Bool(true)) {
            return Ok(Some(all));
        }
    }
}

fn view(user: &Json) -> UserView {
    let roles = user.get("roles").and_then(Json::as_array).into_iter().flatten();
    UserView {
        id: text(user, "name").to_owned(),
        roles: roles.filter_map(Json::as_str).map(str::to_owned).collect(),
        is_active: user.get("locked") != Some(&Json::Bool(true)),
        last_signin: text(user, "last_sign_in").parse().ok(),
        created: text(user, "created").parse().unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

fn told(finding: &Finding) -> String {
    match finding {
        Finding::Dormant { days } => format!("has not signed in for {days} days"),
        Finding::ClosedWithRoles => "is locked and keeps its roles".to_owned(),
        Finding::UnknownRole(role) => format!("has the role `{role}`, which is not in the table"),
        Finding::HoldsEverything => "has every permission there is".to_owned(),
        Finding::Redundant { role, by } => format!("has `{role}`, which `{by}` includes"),
    }
}

/// A user of the review with what is known of the account.
fn pairs<'a>(
    reviewed: &'a Reviewed,
    users: &'a [UserView],
) -> impl Iterator<Item = (&'a ReviewedUser, &'a UserView)> {
    reviewed.users.iter().zip(users)
}

fn permissions(user: &ReviewedUser) -> Vec<&str> {
    user.permissions.iter().map(|(name, _)| name.as_str()).collect()
}

fn as_text(reviewed: &Reviewed, users: &[UserView], now: Timestamp) {
    for (user, view) in pairs(reviewed, users) {
        let state = if view.is_active { "open" } else { "locked" };
        let last = view.last_signin.map_or_else(|| "never".to_owned(), |at| at.to_string());
        output::say(&format!("{} ({state}), roles {}", user.id, or_none(&view.roles.join(", "))));
        output::say(&format!("  may {}", or_none(&permissions(user).join(", "))));
        output::say(&format!("  last sign-in {last}"));
        for finding in &user.findings {
            output::say(&format!("  look: {}", told(finding)));
        }
    }
    if !reviewed.unused_roles.is_empty() {
        output::say(&format!("roles that nobody has: {}", reviewed.unused_roles.join(", ")));
    }
    for it in &reviewed.void_approvals {
        let over = if it.until <= now { "is over" } else { "was given to oneself" };
        output::say(&format!(
            "approval of {} for {} {over}: {}",
            it.principal, it.resource, it.until
        ));
    }
}

fn or_none(text: &str) -> &str {
    if text.is_empty() { "none" } else { text }
}

fn as_json(
    reviewed: &Reviewed,
    users: &[UserView],
    kept: &[mantlet_access::Approval],
    now: Timestamp,
) -> Json {
    let shown = |it: &mantlet_access::Approval| {
        json!({
            "user": it.principal,
            "resource": it.resource,
            "by": it.by,
            "until": it.until.to_string(),
        })
    };
    let in_force = kept.iter().filter(|it| now < it.until).map(shown);
    let users = pairs(reviewed, users).map(|(user, view)| {
        let grants = user.permissions.iter().map(|(permission, grants)| {
            let through: Vec<&str> = grants.iter().map(|grant| grant.role.as_str()).collect();
            json!({ "permission": permission, "by": through })
        });
        json!({
            "user": user.id,
            "roles": view.roles,
            "locked": !view.is_active,
            "last_sign_in": view.last_signin.map(|at| at.to_string()),
            "may": grants.collect::<Vec<_>>(),
            "findings": user.findings.iter().map(told).collect::<Vec<_>>(),
        })
    });
    json!({
        "at": now.to_string(),
        "users": users.collect::<Vec<_>>(),
        "unused_roles": reviewed.unused_roles,
        "approvals": in_force.collect::<Vec<_>>(),
        "void_approvals": reviewed.void_approvals.iter().map(shown).collect::<Vec<_>>(),
    })
}

/// One line a user (RFC 4180).
fn as_csv(reviewed: &Reviewed, users: &[UserView]) {
    output::say("user,state,roles,permissions,last_sign_in,findings");
    for (user, view) in pairs(reviewed, users) {
        let findings: Vec<String> = user.findings.iter().map(told).collect();
        let fields = [
            user.id.clone(),
            if view.is_active { "open" } else { "locked" }.to_owned(),
            view.roles.join(" "),
            permissions(user).join(" "),
            view.last_signin.map(|at| at.to_string()).unwrap_or_default(),
            findings.join("; "),
        ];
        output::say(&fields.map(|field| quoted(&field)).join(","));
    }
}

/// A field that no reader takes for two, and no table program for a formula.
fn quoted(field: &str) -> String {
    let guard = if field.starts_with(['=', '+', '-', '@']) { "'" } else { "" };
    format!("\"{guard}{}\"", field.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn a_name_is_no_formula_and_no_second_field() {
        for (field, expected) in [
            ("alice", "\"alice\""),
            ("=1+1", "\"'=1+1\""),
            ("@x", "\"'@x\""),
            ("a\",\"b", "\"a\"\",\"\"b\""),
        ] {
            assert_eq!(quoted(field), expected);
        }
    }
}

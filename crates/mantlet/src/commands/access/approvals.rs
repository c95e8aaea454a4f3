//! `mantlet access approve`, `approvals` and `withdraw`.

use mantlet_admin::desk::{Ask, NewGrant};
use serde_json::{Value as Json, json};

use crate::cli::PlaceFlags;
use crate::cli::access::ApproveFlags;
use crate::cli::identity::DeskFlags;
use crate::commands::desk::{self, entries, seconds, text};
use crate::commands::{Failure, Outcome};
use crate::output;

pub(super) fn approve(wish: ApproveFlags) -> Result<Outcome, Failure> {
    let ApproveFlags { user, resource, until, write, by, why, flags } = wish;
    let seconds = seconds("--until", &until)?;
    let grant = NewGrant { user, resource, may_write: write, seconds, by, why };
    desk::answer(flags, Ask::AccessApprove { grant }, |given| {
        let number = given.get("number").and_then(Json::as_u64).unwrap_or(0);
        let (user, resource) = (text(given, "user"), text(given, "resource"));
        let (by, until) = (text(given, "by"), text(given, "until"));
        output::say(&format!("approval {number}: {user} for {resource} until {until}, by {by}"));
    })
}

pub(super) fn list(user: Option<&str>, flags: &DeskFlags) -> Result<Outcome, Failure> {
    let Some(all) = all(&flags.place, user)? else { return Ok(Outcome::Unusable) };
    if flags.json {
        output::say(&json!({ "approvals": all }).to_string());
        return Ok(Outcome::Fine);
    }
    for it in &all {
        let number = it.get("number").and_then(Json::as_u64).unwrap_or(0);
        let (state, user, resource) = (text(it, "state"), text(it, "user"), text(it, "resource"));
        let may = if it.get("may_write") == Some(&Json::Bool(true)) { "write" } else { "read" };
        let (until, by, why) = (text(it, "until"), text(it, "by"), text(it, "why"));
        output::say(&format!(
            "{number:>4}  {state:<9} {user:<16} {may:<5} {resource:<24} until {until}  by {by}  {why}"
        ));
    }
    Ok(Outcome::Fine)
}

pub(super) fn withdraw(number: u64, why: String, flags: DeskFlags) -> Result<Outcome, Failure> {
    desk::answer(flags, Ask::AccessWithdraw { number, why }, |_| {
        output::say(&format!("withdrew approval {number}"));
    })
}

/// Every approval, or those of one account; `None` when the configuration cannot be used.
pub(super) fn all(place: &PlaceFlags, user: Option<&str>) -> Result<Option<Vec<Json>>, Failure> {
    let (mut all, mut after) = (Vec::new(), 0);
    loop {
        let ask = Ask::AccessApprovals { user: user.map(str::to_owned), after, most: None };
        let Some(page) = desk::ask(place.clone(), ask)? else { return Ok(None) };
        all.extend(entries(&page, "approvals").iter().cloned());
        after = page.get("last").and_then(Json::as_u64).unwrap_or(u64::MAX);
        if page.get("more") != Some(&Json::Bool(true)) {
            return Ok(Some(all));
        }
    }
}

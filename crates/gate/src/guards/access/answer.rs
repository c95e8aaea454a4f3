//! From a decision to what the client is told.

use http::HeaderValue;
use http::header::{LOCATION, WWW_AUTHENTICATE};
use mantlet_access::{Decision, Requirement, Ruling};
use mantlet_event::reasons;

use super::question::Decided;
use super::sign_in;
use crate::identity::{Identified, Lapsed, Rule};
use crate::pipeline::{Denial, Exchange, Verdict};

/// What a program is told that shows nothing (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"mantlet\"");

/// What a program is told whose key or token allows too little.
const TOO_LITTLE: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"mantlet\", error=\"insufficient_scope\"");

/// The verdict that a decision comes to.
pub(super) fn verdict(
    exchange: &Exchange,
    requirement: &Requirement,
    decided: &Decided,
) -> Verdict {
    match decided.decision {
        Decision::Allowed => Verdict::Pass,
        Decision::SignInFirst => sign_in_first(exchange).into(),
        Decision::SignInAgain => sign_in_again(exchange, requirement).into(),
        Decision::Forbidden => forbidden(exchange, requirement, &decided.rulings).into(),
    }
}

/// A browser that opens a page goes to the sign-in page and comes back; others are told.
fn sign_in_first(exchange: &Exchange) -> Denial {
    let denial = Denial::new(&reasons::SIGN_IN_REQUIRED);
    let denial = match exchange.facts.lookup::<Lapsed>() {
        Some(Lapsed(why)) => denial.evidence(format!("{why} session")),
        None => denial,
    };
    match sign_in::page_for(exchange, "") {
        Some(location) => denial.status(303).header(LOCATION, location),
        None => denial.header(WWW_AUTHENTICATE, CHALLENGE),
    }
}

/// The same for somebody who is signed in, and has to prove it anew.
fn sign_in_again(exchange: &Exchange, requirement: &Requirement) -> Denial {
    let denial = Denial::new(&reasons::SIGN_IN_AGAIN);
    let (window, asks_for_factor) = requirement.freshness();
    let query = if asks_for_factor { "again=factor" } else { "again=1" };
    if let Some(location) = sign_in::page_for(exchange, query) {
        return denial.status(303).header(LOCATION, location);
    }
    let age = window.map(|window| format!(", max_age={}", window.as_secs())).unwrap_or_default();
    let challenge =
        format!("Bearer realm=\"mantlet\", error=\"insufficient_user_authentication\"{age}");
    match HeaderValue::from_str(&challenge) {
        Ok(challenge) => denial.header(WWW_AUTHENTICATE, challenge),
        Err(_) => denial.header(WWW_AUTHENTICATE, CHALLENGE),
    }
}

fn forbidden(exchange: &Exchange, requirement: &Requirement, rulings: &[Ruling]) -> Denial {
    if let Some(failed) = rulings.iter().find(|ruling| !ruling.errors.is_empty()) {
        return Denial::new(&reasons::POLICY_FAILED).evidence(failed.describe());
    }
    let caller = exchange.facts.lookup::<Identified>();
    let roles = exchange.facts.lookup::<Rule>().map(|rule| &rule.roles);
    let refusing = rulings.iter().filter(|ruling| !ruling.is_allowed);
    let said: String = refusing.map(|ruling| format!("; {}", ruling.describe())).collect();
    let asked = roles.map(|roles| requirement.describe(roles)).unwrap_or_default();
    let denial =
        Denial::new(&reasons::ACCESS_FORBIDDEN).evidence(format!("asked for {asked}{said}"));
    let is_bounded = caller.is_some_and(|who| who.caller.scopes().is_some());
    if is_bounded { denial.header(WWW_AUTHENTICATE, TOO_LITTLE) } else { denial }
}

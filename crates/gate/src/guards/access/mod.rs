//! Lets through who may: what the route asks for, decided by roles, permissions and data classes.
//!
//! **Protects against** requests of people and programs that are not signed in, and of those that
//! may not what they ask for. Once a path anywhere asks for an identity, every path that no rule
//! opens is closed; a narrower route keeps what the wider ones ask for and adds its own, unless it
//! says `require = "none"`.
//!
//! **Looks at** who asks, as the guard `identity` established it, and at `require` of the routes
//! that the path lies in. Data of the classes confidential and restricted asks for belonging to it,
//! which the gate does not know: such paths are closed here.
//!
//! **Verdicts**: refused with `sign-in-required` when nobody is signed in: a browser that opens a
//! page is sent to the sign-in page (303), everybody else gets 401 with `WWW-Authenticate` (RFC
//! 6750). Refused with `access-forbidden` (403) when who asks is known and may not.
//!
//! **Settings**: `mode` (`enforce` alone), `dangerous_mode` with `why`; what is asked for stands in
//! `[access]` and in `require` of `[[routes]]`. It always fails closed.
//!
//! **Example**
//! ```toml
//! [access]
//! require = "login"
//! profile = "research"
//!
//! [[routes]]
//! path = "/admin/*"
//! require = { permission = "admin_users" }
//!
//! [[routes]]
//! path = "/about"
//! require = "none"
//! ```

mod config;
mod sign_in;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::{LOCATION, WWW_AUTHENTICATE};
use http::{HeaderValue, Method};
use mantlet_access::{Action, Decision, Facts, decide};
use mantlet_event::reasons;

pub use config::AccessGuardSection;
pub(crate) use sign_in::Next;

use super::Services;
use crate::identity::{Identified, Lapsed, Rule};
use crate::pipeline::{Denial, Exchange, Guard, Inspection, Stages, Verdict};

/// What a program is told that shows nothing (RFC 6750, section 3).
const CHALLENGE: HeaderValue = HeaderValue::from_static("Bearer realm=\"mantlet\"");

/// What a program is told whose key or token allows too little.
const TOO_LITTLE: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"mantlet\", error=\"insufficient_scope\"");

#[derive(Debug)]
struct AccessGuard;

pub(super) fn build(_section: &AccessGuardSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(AccessGuard)
}

impl Guard for AccessGuard {
    fn stages(&self) -> Stages {
        Stages { request: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let Some(rule) = exchange.facts.lookup::<Rule>() else {
            return Inspection::failed("what the path asks for is not known");
        };
        let Some(requirement) = rule.access.requirement() else {
            return Inspection::ready(Verdict::Pass);
        };
        let caller = exchange.facts.lookup::<Identified>();
        let principal = caller.map(|caller| caller.principal(&rule.roles));
        let is_reading = matches!(exchange.method, Method::GET | Method::HEAD | Method::OPTIONS);
        let action =
            if is_reading && !exchange.is_websocket { Action::Read } else { Action::Write };
        let facts = Facts { action, ..Facts::default() };
        Inspection::ready(match decide(requirement, principal.as_ref(), &facts, exchange.at) {
            Decision::Allowed => Verdict::Pass,
            Decision::SignInFirst => sign_in_first(exchange).into(),
            Decision::Forbidden => {
                let asked = requirement.describe(&rule.roles);
                let denial = Denial::new(&reasons::ACCESS_FORBIDDEN);
                forbidden(denial.evidence(format!("asked for {asked}")), caller).into()
            }
        })
    }
}

/// A browser that opens a page goes to the sign-in page and comes back; others are told.
fn sign_in_first(exchange: &Exchange) -> Denial {
    let denial = Denial::new(&reasons::SIGN_IN_REQUIRED);
    let denial = match exchange.facts.lookup::<Lapsed>() {
        Some(Lapsed(why)) => denial.evidence(format!("{why} session")),
        None => denial,
    };
    match sign_in::page_for(exchange) {
        Some(location) => denial.status(303).header(LOCATION, location),
        None => denial.header(WWW_AUTHENTICATE, CHALLENGE),
    }
}

fn forbidden(denial: Denial, caller: Option<&Identified>) -> Denial {
    let is_bounded = caller.is_some_and(|caller| caller.0.scopes().is_some());
    if is_bounded { denial.header(WWW_AUTHENTICATE, TOO_LITTLE) } else { denial }
}

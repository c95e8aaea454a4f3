//! Who may ask what.

use http::{HeaderValue, Method};
use mantlet_event::reasons;

use super::{Cors, Judged, Unlisted, preflight};
use crate::pipeline::{AllowedOrigin, Changes, ClaimedOrigin, Denial, Exchange, Verdict};

impl Cors {
    /// What `Access-Control-Allow-Origin` says to a page; `None` when it is not listed.
    fn allow_origin(&self, claimed: &ClaimedOrigin) -> Option<HeaderValue> {
        if self.allows_any {
            return Some(HeaderValue::from_static("*"));
        }
        match claimed {
            ClaimedOrigin::Page(page) => {
                self.origins.iter().find(|origin| *origin == page.as_str()).cloned()
            }
            ClaimedOrigin::Null if self.section.dangerous_null_origin => {
                Some(HeaderValue::from_static("null"))
            }
            _ => None,
        }
    }

    /// What the answer to a page says; `None` when its origin or its method is not listed.
    pub(super) fn grant(
        &self,
        exchange: &Exchange,
        claimed: &ClaimedOrigin,
    ) -> Option<HeaderValue> {
        let is_listed = self.section.methods.iter().any(|listed| listed.0 == exchange.method);
        // Asking what a resource can do needs no permission of its own.
        let is_listed = is_listed || exchange.method == Method::OPTIONS;
        self.allow_origin(claimed).filter(|_| is_listed)
    }

    pub(super) fn judge(&self, exchange: &Exchange) -> Verdict {
        let claimed = ClaimedOrigin::of(&exchange.headers);
        if !is_foreign(exchange, &claimed) {
            return Verdict::Pass;
        }
        if let Some(asked) = preflight::asked(exchange) {
            return match self.allow_origin(&claimed) {
                Some(origin) => self.preflight.answer(&origin, &asked),
                None => refuse(&claimed).into(),
            };
        }
        let grant = self.grant(exchange, &claimed);
        if grant.is_none() && self.section.unlisted == Unlisted::Refuse {
            return refuse(&claimed).into();
        }
        let mut changes = Changes::default();
        if grant.is_some() {
            let with_credentials = self.section.credentials;
            changes.facts.state(AllowedOrigin { with_credentials });
        }
        changes.facts.state(Judged(grant));
        Verdict::PassWith(Box::new(changes))
    }
}

/// Whether a page of another origin asks.
pub(super) fn is_foreign(exchange: &Exchange, claimed: &ClaimedOrigin) -> bool {
    match claimed {
        ClaimedOrigin::Nothing => false,
        ClaimedOrigin::Page(page) => !exchange.is_own_origin(page),
        ClaimedOrigin::Null | ClaimedOrigin::Unreadable => true,
    }
}

fn refuse(claimed: &ClaimedOrigin) -> Denial {
    let shown = match claimed {
        ClaimedOrigin::Page(page) => page.as_str(),
        ClaimedOrigin::Null => "null",
        ClaimedOrigin::Nothing | ClaimedOrigin::Unreadable => "not an origin",
    };
    Denial::new(&reasons::CORS_ORIGIN).evidence(format!("origin {shown}"))
}

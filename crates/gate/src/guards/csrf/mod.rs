//! Refuses what pages of other sites make a user's browser do (cross-site request forgery).
//!
//! **Protects against** pages of strangers that send forms, scripts or WebSockets to the
//! application with the cookies of the user who is looking at them.
//!
//! **Looks at** requests with other methods than `GET`, `HEAD` and `OPTIONS`, and at WebSocket
//! handshakes. The browser says where they come from, and pages cannot change that: first
//! `Sec-Fetch-Site`, else `Origin`, else `Referer`, the last two against scheme, host and port that
//! the client asked for. Requests without any of them are not from a page and pass.
//!
//! **Verdicts**: refused with `cross-site-request` (403) when the page is of another origin that is
//! not trusted, or hides its origin (`Origin: null`). No cookie, no token and no change in the
//! application is needed.
//!
//! **Settings**: `mode` (`enforce` alone), `trusted_origins`, `same_site`, `dangerous_mode` with
//! `why`. It always fails closed.
//!
//! **Example**
//! ```toml
//! [guards.csrf]
//! trusted_origins = ["https://editor.example.org"]
//!
//! [[routes]]
//! path = "/legacy/*"
//! [routes.guards.csrf]
//! dangerous_mode = "off"
//! why = "the old form is posted from partners' sites and changes nothing"
//! ```

mod config;
mod source;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::Method;
use mantlet_config::WebOrigin;
use mantlet_event::reasons;

pub use config::{CsrfSection, SameSite};
use source::{Page, Source};

use super::Services;
use crate::pipeline::{
    AllowedOrigin, ClaimedOrigin, Denial, Exchange, Guard, Inspection, Stages, Verdict,
};

#[derive(Debug)]
struct Csrf {
    trusted: Vec<WebOrigin>,
    same_site: SameSite,
}

pub(super) fn build(section: &CsrfSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Csrf { trusted: section.trusted_origins.clone(), same_site: section.same_site })
}

impl Guard for Csrf {
    fn stages(&self) -> Stages {
        Stages { request: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let is_safe = matches!(exchange.method, Method::GET | Method::HEAD | Method::OPTIONS);
        if (is_safe && !exchange.is_websocket) || self.is_allowed(exchange) {
            return Inspection::ready(Verdict::Pass);
        }
        let evidence = source::evidence(exchange);
        Inspection::ready(Denial::new(&reasons::CROSS_SITE_REQUEST).evidence(evidence).into())
    }
}

impl Csrf {
    fn is_allowed(&self, exchange: &Exchange) -> bool {
        if is_listed_by_cors(exchange) || self.is_trusted(exchange) {
            return true;
        }
        match source::of(&exchange.headers) {
            Source::NotABrowser => true,
            Source::SaidBy(page) => match page {
                Page::Ours => true,
                Page::SameSite => self.same_site == SameSite::Allow,
                Page::Foreign => false,
                Page::At(origin) => {
                    exchange.is_own_origin(&origin) || self.trusted.contains(&origin)
                }
            },
        }
    }

    fn is_trusted(&self, exchange: &Exchange) -> bool {
        let is_listed = |claimed: &ClaimedOrigin| matches!(claimed, ClaimedOrigin::Page(page) if self.trusted.contains(page));
        !self.trusted.is_empty() && is_listed(&ClaimedOrigin::of(&exchange.headers))
    }
}

/// Whether the origin is one that another guard lists, and uses no more than it may: where
/// credentials are not allowed, a request that carries some is a forgery like any other.
fn is_listed_by_cors(exchange: &Exchange) -> bool {
    let credentials = [http::header::COOKIE, http::header::AUTHORIZATION];
    let has_credentials = || credentials.iter().any(|name| exchange.headers.contains_key(name));
    let listed = exchange.facts.lookup::<AllowedOrigin>();
    listed.is_some_and(|listed| listed.with_credentials || !has_credentials())
}

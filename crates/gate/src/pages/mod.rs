//! Our own pages under `/.mantlet/`: signing in, the second factor, signing out, and what people
//! look after themselves (password, second factor, sessions, keys).
//!
//! Rendered here, without scripts, under a policy that allows nothing but their one style sheet.
//! Every form is bound to who asked for it; beside that the guard `csrf` looks at where it comes
//! from, and cookies do not come with requests of other sites.

mod answer;
mod discovery;
mod failure;
mod form;
mod html;
mod jwks;
mod password;
mod profile;
mod second_factor;
mod sign_in;
mod sign_out;
mod token;
mod visit;

pub(crate) use answer::Page;

use std::sync::Arc;

use http::{HeaderValue, Method};
use mantlet_access::Roles;
use mantlet_identity::directory::Directory;

use crate::edge::RequestBody;
use crate::pipeline::Exchange;
use crate::way::{Answer, Worker};
use failure::Failure;
use form::Form;
use visit::Visit;

/// The folder of our pages.
pub(crate) const ROOT: &str = "/.mantlet/";
/// Where people sign in.
pub(crate) const SIGN_IN: &str = "/.mantlet/sign-in";
/// Where they show their second factor.
pub(crate) const SECOND_FACTOR: &str = "/.mantlet/second-factor";
/// Where they sign out.
pub(crate) const SIGN_OUT: &str = "/.mantlet/sign-out";
/// Where they look after their account.
pub(crate) const PROFILE: &str = "/.mantlet/profile";
/// The public keys of assertions and tokens.
pub(crate) const JWKS: &str = "/.mantlet/jwks.json";

/// Where programs get new tokens for refresh tokens.
pub(crate) const TOKEN: &str = "/.mantlet/token";
/// Where programs revoke tokens.
pub(crate) const REVOKE: &str = "/.mantlet/revoke";
/// What programs need to know of us, under the names of two standards.
const DISCOVERY: [&str; 2] = [
    "/.mantlet/.well-known/openid-configuration",
    "/.mantlet/.well-known/oauth-authorization-server",
];

/// Whether a path is one of our pages.
pub(crate) fn is_page(path: &str) -> bool {
    let below = path.strip_prefix(PROFILE);
    matches!(path, SIGN_IN | SECOND_FACTOR | SIGN_OUT | JWKS | TOKEN | REVOKE)
        || DISCOVERY.contains(&path)
        || below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// What the pages are made from.
#[derive(Debug)]
pub(crate) struct Pages {
    directory: Arc<Directory>,
    roles: Arc<Roles>,
    /// The policy of every page.
    policy: HeaderValue,
}

impl Pages {
    /// Pages over a directory; `roles` are what keys can be issued for.
    pub(crate) fn new(directory: Arc<Directory>, roles: Arc<Roles>) -> Self {
        Self { directory, roles, policy: html::policy() }
    }
}

impl Worker {
    /// Answers a request for one of our pages.
    pub(crate) async fn page(
        &self,
        pages: &Pages,
        exchange: &Exchange,
        body: RequestBody,
    ) -> Answer {
        let path = exchange.path.match_key();
        let method = match exchange.method {
            Method::HEAD => Method::GET,
            ref other => other.clone(),
        };
        if path == JWKS && method == Method::GET {
            return Ok(jwks::answer(pages, &exchange.method));
        }
        if DISCOVERY.contains(&path) && method == Method::GET {
            return Ok(discovery::answer(pages, exchange));
        }
        if matches!(path, TOKEN | REVOKE) && method == Method::POST {
            let form = match form::read(exchange, body).await {
                Ok(form) => form,
                Err(failure) => return failure.settle(),
            };
            let visit = Visit::new(pages, exchange, &self.gate.events, form);
            return token::answer(&visit, path == TOKEN).await;
        }
        let form = match method {
            Method::POST => form::read(exchange, body).await,
            _ => Ok(Form::default()),
        };
        let answered = match form {
            Ok(form) => {
                let visit = Visit::new(pages, exchange, &self.gate.events, form);
                dispatch(&visit, &method, path).await
            }
            Err(failure) => Err(failure),
        };
        match answered {
            Ok(page) => Ok(page.into_response(&pages.policy, &exchange.method)),
            Err(failure) => failure.settle(),
        }
    }
}

/// One line for each page and form.
async fn dispatch(visit: &Visit<'_>, method: &Method, path: &str) -> Result<Page, Failure> {
    match (method.as_str(), path) {
        ("GET", SIGN_IN) => sign_in::show(visit),
        ("POST", SIGN_IN) => sign_in::take(visit).await,
        ("GET", SECOND_FACTOR) => second_factor::show(visit),
        ("POST", SECOND_FACTOR) => second_factor::take(visit).await,
        ("GET", SIGN_OUT) => sign_out::show(visit),
        ("POST", SIGN_OUT) => sign_out::take(visit).await,
        ("GET", PROFILE) => profile::show(visit).await,
        ("POST", "/.mantlet/profile/password") => password::take(visit).await,
        ("POST", "/.mantlet/profile/totp") => profile::factor::begin(visit).await,
        ("POST", "/.mantlet/profile/totp/confirm") => profile::factor::confirm(visit).await,
        ("POST", "/.mantlet/profile/totp/remove") => profile::factor::remove(visit).await,
        ("POST", "/.mantlet/profile/sessions/end") => profile::sessions::end(visit).await,
        ("POST", "/.mantlet/profile/keys/issue") => profile::keys::issue(visit).await,
        ("POST", "/.mantlet/profile/keys/revoke") => profile::keys::revoke(visit).await,
        ("GET" | "POST", _) => Err(Failure::NotHere),
        _ => Err(Failure::Method),
    }
}

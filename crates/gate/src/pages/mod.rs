//! Our own pages under `/.mantlet/`: signing in, the second factor, signing out, and what people
//! look after themselves (password, second factor, sessions, keys).
//!
//! Rendered here, under a policy that allows nothing but their one style sheet, and on pages that ask
//! for a passkey one script. Everything but passkeys works without it.
//! Every form is bound to who asked for it; beside that the guard `csrf` looks at where it comes
//! from, and cookies do not come with requests of other sites.

mod answer;
mod discovery;
mod dispatch;
mod failure;
mod form;
mod html;
mod jwks;
mod passkey;
mod password;
mod paths;
mod profile;
mod provider;
mod reset;
mod second_factor;
mod set_password;
mod sign_in;
mod sign_out;
mod token;
mod visit;

pub(crate) use answer::Page;
pub(crate) use paths::{
    JWKS, PASSKEY, PROFILE, PROVIDER, RESET, REVOKE, ROOT, SCRIPT, SECOND_FACTOR,
    SECOND_FACTOR_PASSKEY, SET_PASSWORD, SIGN_IN, SIGN_OUT, TOKEN, is_page,
};

use std::sync::Arc;

use http::Method;
use mantlet_access::Roles;
use mantlet_event::Events;
use mantlet_identity::directory::Directory;

use crate::edge::RequestBody;
use crate::identity::{PasskeysSection, Provider};
use crate::pipeline::Exchange;
use crate::upstream::Pool;
use crate::way::{Answer, Worker};
use dispatch::dispatch;
use form::Form;
use paths::DISCOVERY;
use visit::Visit;

/// What the pages are made from.
#[derive(Debug)]
pub(crate) struct Pages {
    directory: Arc<Directory>,
    roles: Arc<Roles>,
    passkeys: PasskeysSection,
    providers: Vec<Arc<Provider>>,
}

impl Pages {
    /// Pages over a directory; `roles` are what keys can be issued for.
    pub(crate) const fn new(
        directory: Arc<Directory>,
        roles: Arc<Roles>,
        passkeys: PasskeysSection,
        providers: Vec<Arc<Provider>>,
    ) -> Self {
        Self { directory, roles, passkeys, providers }
    }
}

impl Worker {
    /// What pages tell and ask others with.
    fn means(&self) -> (&Events, &Pool) {
        (&self.gate.events, self.pool())
    }

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
        if path == SCRIPT && method == Method::GET {
            return Ok(passkey::script(&exchange.method));
        }
        if DISCOVERY.contains(&path) && method == Method::GET {
            return Ok(discovery::answer(pages, exchange));
        }
        if matches!(path, TOKEN | REVOKE) && method == Method::POST {
            let form = match form::read(exchange, body).await {
                Ok(form) => form,
                Err(failure) => return failure.settle(),
            };
            let visit = Visit::new(pages, exchange, self.means(), form);
            return token::answer(&visit, path == TOKEN).await;
        }
        let form = match method {
            Method::POST => form::read(exchange, body).await,
            _ => Ok(Form::default()),
        };
        let answered = match form {
            Ok(form) => {
                let visit = Visit::new(pages, exchange, self.means(), form);
                dispatch(&visit, &method, path).await
            }
            Err(failure) => Err(failure),
        };
        match answered {
            Ok(page) => Ok(page.into_response(&exchange.method)),
            Err(failure) => failure.settle(),
        }
    }
}

//! Establishes who asks: by the cookie of a session, an API key or a signed token.
//!
//! **Protects against** forged, stolen and outlived credentials, and against requests that claim two
//! identities at once.
//!
//! **Looks at** our session cookie, `Authorization: Bearer` and `X-API-Key`. What is not ours (the
//! application's own keys and tokens) goes on as it came. A credential that was verified a moment ago
//! is remembered; that it was revoked meanwhile is noticed within a second.
//!
//! **Verdicts**: with one credential in order the request goes on as its owner's, without the
//! credential: the application never sees it, nor can it set a cookie under our names; its answer is
//! marked `private` where it says nothing of caches. A session that has ended makes the request nobody's,
//! so that its owner can sign in again. Refused with `invalid-credential` (401) for a key or token that
//! does not count, with `ambiguous-credentials` (401) for more than one credential of ours. When the
//! store cannot answer, the request is refused (503).
//!
//! **Settings**: `mode` (`enforce` alone), `dangerous_mode` with `why`. On where some path asks for
//! an identity; it always fails closed.
//!
//! **Example**
//! ```toml
//! [access]
//! require = "login"
//!
//! [[routes]]
//! path = "/partner-hook"
//! require = "none"
//! [routes.guards.identity]
//! dangerous_mode = "off"
//! why = "the partner signs its calls with a token of its own, whose issuer is called as ours"
//! ```

mod config;
mod presented;
#[cfg(test)]
mod tests;

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::header::{AUTHORIZATION, CACHE_CONTROL, COOKIE, SET_COOKIE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue};
use mantlet_event::reasons;
use mantlet_identity::directory::{Caller, CallerRefusal, Directory};

pub use config::IdentityGuardSection;
use presented::{Kind, Presented};

use super::Services;
use crate::identity::cookies;
use crate::identity::{Identified, Lapsed};
use crate::pages;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Changes, Denial, Edits, Exchange, Guard, GuardError, HeaderEdit,
    HeldAnswer, Inspection, Origin, Stages, Verdict,
};

/// The header of API keys.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// What a program is told whose credential does not count (RFC 6750, section 3.1).
const INVALID: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"mantlet\", error=\"invalid_token\"");

#[derive(Debug)]
struct Identity {
    /// `None` where nothing opened one: then nobody can be told apart, and everything is refused.
    directory: Option<Arc<Directory>>,
}

pub(super) fn build(_section: &IdentityGuardSection, services: &Services) -> Arc<dyn Guard> {
    Arc::new(Identity { directory: services.identities.directory().cloned() })
}

impl Guard for Identity {
    fn stages(&self) -> Stages {
        Stages { request: true, answer: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let Some(directory) = &self.directory else {
            return Inspection::failed("there is no directory of users");
        };
        let issuer = directory.verifier.policy().issuer.as_deref().unwrap_or_default();
        let presented = Presented::of(exchange, issuer);
        if presented.is_none() {
            return Inspection::ready(pass(exchange, &presented, Changes::default()));
        }
        let mut verifying = Box::pin(verify(directory, exchange, presented));
        // What is remembered answers at once and needs no timer.
        match verifying.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(verdict) => Inspection::Ready(verdict),
            Poll::Pending => Inspection::Pending(verifying as Pin<Box<_>>),
        }
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        if head.origin == Origin::Gate {
            return Ok(AnswerVerdict::Pass);
        }
        let mut edits = Vec::new();
        let fields = || head.headers.get_all(SET_COOKIE).iter();
        if fields().any(cookies::sets_ours) {
            // A session that the application could set would be one that it has seen.
            edits.push(HeaderEdit::Remove(SET_COOKIE));
            let others = fields().filter(|field| !cookies::sets_ours(field));
            edits.extend(others.map(|field| HeaderEdit::Append(SET_COOKIE, field.clone())));
        }
        let is_for_one = exchange.facts.lookup::<Identified>().is_some();
        if is_for_one && !head.headers.contains_key(CACHE_CONTROL) {
            // The application does not see the credential, so it cannot know whom its answer is for.
            edits.push(HeaderEdit::Set(CACHE_CONTROL, HeaderValue::from_static("private")));
        }
        if edits.is_empty() {
            return Ok(AnswerVerdict::Pass);
        }
        Ok(AnswerVerdict::Edit(Edits::from(edits)))
    }
}

async fn verify(
    directory: &Directory,
    exchange: &Exchange,
    presented: Presented,
) -> Result<Verdict, GuardError> {
    let Some((kind, credential)) = presented.only() else {
        let evidence = format!("{} credentials", presented.count());
        return Ok(refused(Denial::new(&reasons::AMBIGUOUS_CREDENTIALS).evidence(evidence)));
    };
    match directory.verify(credential, exchange.client.address).await {
        Ok(caller) => Ok(accepted(exchange, &presented, caller)),
        Err(refusal) if refusal.is_failure() => Err(GuardError(refusal.to_string())),
        Err(refusal) if kind == Kind::Session => {
            let mut changes = Changes::default();
            changes.facts.state(Lapsed(refusal.code()));
            Ok(pass(exchange, &presented, changes))
        }
        Err(refusal) => Ok(refused(invalid(kind, &refusal))),
    }
}

fn accepted(exchange: &Exchange, presented: &Presented, caller: Caller) -> Verdict {
    let mut changes = Changes::default();
    changes.facts.state(Identified(Arc::new(caller)));
    pass(exchange, presented, changes)
}

fn invalid(kind: Kind, refusal: &CallerRefusal) -> Denial {
    let evidence = format!("{} {}", refusal.code(), kind.as_str());
    Denial::new(&reasons::INVALID_CREDENTIAL).evidence(evidence)
}

fn refused(denial: Denial) -> Verdict {
    denial.header(WWW_AUTHENTICATE, INVALID).into()
}

/// The request goes on, without what is ours.
fn pass(exchange: &Exchange, presented: &Presented, mut changes: Changes) -> Verdict {
    let headers = &mut changes.headers;
    if presented.is_in_authorization {
        headers.push(HeaderEdit::Remove(AUTHORIZATION));
    }
    if presented.is_in_key_header {
        headers.push(HeaderEdit::Remove(X_API_KEY));
    }
    // Our own pages need them, and no application sees those requests.
    let is_page = pages::is_page(exchange.path.match_key());
    if !is_page && cookies::has_ours(&exchange.headers) {
        headers.push(HeaderEdit::Remove(COOKIE));
        let others = cookies::without_ours(&exchange.headers).into_iter();
        headers.extend(others.map(|field| HeaderEdit::Append(COOKIE, field)));
    }
    if headers.is_empty() && changes.facts.is_empty() {
        return Verdict::Pass;
    }
    Verdict::PassWith(Box::new(changes))
}

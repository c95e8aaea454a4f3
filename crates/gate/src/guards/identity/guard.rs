//! Verifies what a request presents, and takes it out of the request.

use std::future::Future as _;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::HeaderValue;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, COOKIE, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE, WWW_AUTHENTICATE,
};
use mantlet_event::reasons;
use mantlet_identity::directory::{Caller, CallerRefusal, Directory};

use super::X_API_KEY;
use super::config::IdentityGuardSection;
use super::presented::{Kind, Presented};
use crate::guards::Services;
use crate::identity::cookies;
use crate::identity::{Identified, Lapsed};
use crate::pages;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Changes, Denial, Edits, Exchange, Guard, GuardError, HeaderEdit,
    HeldAnswer, Inspection, Origin, Stages, Verdict,
};

/// What a program is told whose credential does not count (RFC 6750, section 3.1).
const INVALID: HeaderValue =
    HeaderValue::from_static("Bearer realm=\"mantlet\", error=\"invalid_token\"");

#[derive(Debug)]
pub(super) struct Identity {
    /// `None` where nothing opened one: then nobody can be told apart, and everything is refused.
    pub(super) directory: Option<Arc<Directory>>,
}

pub(in crate::guards) fn build(
    _section: &IdentityGuardSection,
    services: &Services,
) -> Arc<dyn Guard> {
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
        let presented = Presented::of(exchange, &|token| directory.checks(token));
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
pub(super) fn pass(exchange: &Exchange, presented: &Presented, mut changes: Changes) -> Verdict {
    let headers = &mut changes.headers;
    if presented.is_in_authorization {
        headers.push(HeaderEdit::Remove(AUTHORIZATION));
    }
    if presented.is_in_key_header {
        headers.push(HeaderEdit::Remove(X_API_KEY));
    }
    if let Some(others) = &presented.other_protocols {
        headers.push(HeaderEdit::Remove(SEC_WEBSOCKET_PROTOCOL));
        headers.extend(others.clone().map(|it| HeaderEdit::Append(SEC_WEBSOCKET_PROTOCOL, it)));
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

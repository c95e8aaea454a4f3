//! Verifies what a request presents, and takes it out of the request.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll, Waker};

use http::HeaderValue;
use http::header::{
    AUTHORIZATION, CACHE_CONTROL, COOKIE, SEC_WEBSOCKET_PROTOCOL, SET_COOKIE, WWW_AUTHENTICATE,
};
use mantlet_event::reasons;
use mantlet_identity::directory::{self, CallerRefusal, Callers, Directory};

use super::X_API_KEY;
use super::certificate;
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

/// How many callers are remembered, each for a moment; of the others, those used last are.
const REMEMBERED: usize = 10_000;

/// What answers get that are for one person alone, and that say nothing of caches.
static FOR_ONE: LazyLock<Edits> = LazyLock::new(|| {
    Edits::from(vec![HeaderEdit::Set(CACHE_CONTROL, HeaderValue::from_static("private"))])
});

#[derive(Debug)]
pub(super) struct Identity {
    /// `None` where nothing opened one: then nobody can be told apart, and everything is refused.
    directory: Option<Arc<Directory>>,
    /// Who was verified a moment ago.
    callers: Callers<Arc<Identified>>,
}

pub(in crate::guards) fn build(
    _section: &IdentityGuardSection,
    services: &Services,
) -> Arc<dyn Guard> {
    Arc::new(Identity::new(services.identities.directory().cloned()))
}

impl Identity {
    pub(super) fn new(directory: Option<Arc<Directory>>) -> Self {
        Self { directory, callers: Callers::new(REMEMBERED, directory::HOLDS) }
    }

    /// Who showed this a moment ago, where nothing has changed since.
    fn find(
        &self,
        directory: &Directory,
        exchange: &Exchange,
        presented: &Presented<'_>,
    ) -> Option<Arc<Identified>> {
        let (_, credential) = presented.only()?;
        let who = self.callers.find(&credential.shown()?, exchange.started)?;
        let now = (exchange.at, exchange.started);
        directory.counts_again(&who.caller, exchange.client.address, now).then_some(who)
    }

    async fn verify(
        &self,
        directory: &Directory,
        exchange: &Exchange,
        presented: Presented<'_>,
    ) -> Result<Verdict, GuardError> {
        let Some((kind, credential)) = presented.only() else {
            let evidence = format!("{} credentials", presented.count());
            return Ok(refused(Denial::new(&reasons::AMBIGUOUS_CREDENTIALS).evidence(evidence)));
        };
        match directory.verify(credential, exchange.client.address).await {
            Ok(caller) => {
                let who = Arc::new(Identified::new(Arc::new(caller)));
                if let Some(shown) = credential.shown() {
                    self.callers.insert(shown, Arc::clone(&who), exchange.started);
                }
                Ok(accepted(exchange, &presented, who))
            }
            Err(refusal) if refusal.is_failure() => Err(GuardError(refusal.to_string())),
            Err(refusal) if kind == Kind::Session => {
                let mut changes = Changes::default();
                changes.facts.state(Lapsed(refusal.code()));
                Ok(pass(exchange, &presented, changes))
            }
            Err(refusal) => Ok(refused(invalid(kind, &refusal))),
        }
    }
}

impl Guard for Identity {
    fn stages(&self) -> Stages {
        Stages { request: true, answer: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let Some(directory) = &self.directory else {
            return Inspection::failed("there is no directory of users");
        };
        let mut presented = Presented::of(exchange);
        let find = |presented: &Presented<'_>| self.find(directory, exchange, presented);
        let who = find(&presented).or_else(|| {
            let is_another = presented.settle(|token| directory.checks(token));
            is_another.then(|| find(&presented)).flatten()
        });
        if let Some(who) = who {
            return Inspection::ready(accepted(exchange, &presented, who));
        }
        if !presented.is_none() {
            return at_once(Box::pin(self.verify(directory, exchange, presented)));
        }
        match certificate::of(directory, exchange) {
            Some(shown) => {
                at_once(Box::pin(certificate::verify(directory, exchange, Arc::clone(shown))))
            }
            None => Inspection::ready(pass(exchange, &presented, Changes::default())),
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
        let fields = || head.headers.get_all(SET_COOKIE).iter();
        // A session that the application could set would be one that it has seen.
        let has_ours = fields().any(cookies::sets_ours);
        // The application does not see the credential, so it cannot know whom its answer is for.
        let is_for_one = exchange.facts.lookup::<Identified>().is_some();
        let is_private = is_for_one && !head.headers.contains_key(CACHE_CONTROL);
        if !has_ours {
            let pass = || AnswerVerdict::Pass;
            return Ok(if is_private { AnswerVerdict::Edit(FOR_ONE.clone()) } else { pass() });
        }
        let mut edits = vec![HeaderEdit::Remove(SET_COOKIE)];
        let others = fields().filter(|field| !cookies::sets_ours(field));
        edits.extend(others.map(|field| HeaderEdit::Append(SET_COOKIE, field.clone())));
        if is_private {
            edits.push(HeaderEdit::Set(CACHE_CONTROL, HeaderValue::from_static("private")));
        }
        Ok(AnswerVerdict::Edit(Edits::from(edits)))
    }
}

/// What is remembered answers at once and needs no timer.
fn at_once<'a, F>(mut verifying: Pin<Box<F>>) -> Inspection<'a>
where
    F: Future<Output = Result<Verdict, GuardError>> + Send + 'a,
{
    match verifying.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(verdict) => Inspection::Ready(verdict),
        Poll::Pending => Inspection::Pending(verifying),
    }
}

pub(super) fn accepted(
    exchange: &Exchange,
    presented: &Presented<'_>,
    who: Arc<Identified>,
) -> Verdict {
    let mut changes = Changes::default();
    changes.facts.share(who);
    pass(exchange, presented, changes)
}

fn invalid(kind: Kind, refusal: &CallerRefusal) -> Denial {
    let evidence = format!("{} {}", refusal.code(), kind.as_str());
    Denial::new(&reasons::INVALID_CREDENTIAL).evidence(evidence)
}

pub(super) fn refused(denial: Denial) -> Verdict {
    denial.header(WWW_AUTHENTICATE, INVALID).into()
}

/// The request goes on, without what is ours.
pub(super) fn pass(
    exchange: &Exchange,
    presented: &Presented<'_>,
    mut changes: Changes,
) -> Verdict {
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
    let (has_ours, has_others) = presented.cookies;
    // Our own pages need them, and no application sees those requests.
    if has_ours && !pages::is_page(exchange.path.match_key()) {
        headers.push(HeaderEdit::Remove(COOKIE));
        if has_others {
            let others = cookies::without_ours(&exchange.headers).into_iter();
            headers.extend(others.map(|field| HeaderEdit::Append(COOKIE, field)));
        }
    }
    if headers.is_empty() && changes.facts.is_empty() {
        return Verdict::Pass;
    }
    Verdict::PassWith(Box::new(changes))
}

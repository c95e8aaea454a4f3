//! One transaction: its phases, and what came of each.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use mantlet_waf::{Outcome, Transaction};

use super::{RouteRules, report};
use crate::coding;
use crate::guards::waf::config::Doubt;
use crate::guards::waf::denial;
use crate::pipeline::{AnswerHead, Denial, Exchange, HeldAnswer};

/// A transaction on its way, kept with its request.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<Progress>>);

/// How far a transaction has come.
enum Progress {
    /// The request is looked at.
    Request(Box<Transaction>),
    /// So is the head of its answer.
    AnswerHead(Box<Transaction>),
    /// Nothing is left to look at, and nothing is kept.
    Over,
}

impl fmt::Debug for Watch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watch")
    }
}

/// What is next for an answer.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing.
    Pass,
    /// Up to so many bytes of the body are wanted.
    Hold(usize),
    /// It is withheld.
    Withhold(Box<Denial>),
}

/// What an exhausted budget comes to, and whether what rules do is only told.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) over_budget: Doubt,
    pub(crate) is_observed: bool,
}

impl Watch {
    /// Phase 1, and phase 2 where no body will follow.
    ///
    /// # Errors
    /// The refusal that rules or budgets come to.
    pub(crate) fn head(
        rules: &RouteRules,
        exchange: &Exchange,
        has_body: bool,
        terms: Terms,
    ) -> Result<Self, Box<Denial>> {
        let mut transaction = Box::new(rules.begin(exchange));
        let outcome = transaction.request_headers_done();
        judge(&transaction, outcome, terms)?;
        if !has_body {
            request_over(&mut transaction, terms)?;
        }
        Ok(Self(Arc::new(Mutex::new(Progress::Request(transaction)))))
    }

    /// Phase 2 over a body that has been unpacked.
    ///
    /// # Errors
    /// As [`Watch::head`].
    pub(crate) fn body(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        terms: Terms,
    ) -> Result<(), Box<Denial>> {
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Progress::Request(transaction) = &mut *progress else { return Ok(()) };
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_multipart = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
        if matches!(first, Some(b'{' | b'[')) && !is_multipart {
            transaction.body_looks_like_json();
        }
        match transaction.request_body(body) {
            Outcome::Pass => request_over(transaction, terms),
            outcome => judge(transaction, outcome, terms),
        }
    }

    /// Phases 3 to 5, as far as there is something to look at.
    pub(crate) fn answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
        (rules, duration, terms): (&RouteRules, Duration, Terms),
    ) -> Next {
        let limit = rules.rules().settings().response_body_limit;
        let mut progress = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (mut transaction, judged) = match (mem::replace(&mut *progress, Progress::Over), held) {
            (Progress::Over, _) => return Next::Pass,
            (Progress::Request(mut transaction), _) => {
                let outcome = answer_head(&mut transaction, head);
                let mut judged = judge(&transaction, outcome, terms);
                if judged.is_ok()
                    && may_be_held(exchange, head)
                    && transaction.wants_response_body()
                {
                    *progress = Progress::AnswerHead(transaction);
                    return Next::Hold(limit.saturating_add(1));
                }
                if judged.is_ok() {
                    let outcome = transaction.response_body_done();
                    judged = judge(&transaction, outcome, terms);
                }
                (transaction, judged)
            }
            (Progress::AnswerHead(transaction), None) => {
                *progress = Progress::AnswerHead(transaction);
                return Next::Hold(limit.saturating_add(1));
            }
            (Progress::AnswerHead(mut transaction), Some(held)) => {
                let outcome = answer_body(&mut transaction, head, held, limit);
                let judged = judge(&transaction, outcome, terms);
                (transaction, judged)
            }
        };
        // What rules do after the answer, they do to collections alone.
        let _ = transaction.finish(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        judged.map_or_else(Next::Withhold, |()| Next::Pass)
    }
}

/// Phase 2; arguments that nobody has read are a budget that is exhausted.
fn request_over(transaction: &mut Transaction, terms: Terms) -> Result<(), Box<Denial>> {
    let outcome = transaction.request_body_done();
    judge(transaction, outcome, terms)?;
    if transaction.is_cut_short() && terms.over_budget == Doubt::Refuse {
        let denial = denial::of_budget("arguments", "SecArgumentsLimit");
        return Err(Box::new(denial.observed(terms.is_observed)));
    }
    Ok(())
}

fn answer_head(transaction: &mut Transaction, head: &AnswerHead<'_>) -> Outcome {
    transaction.response_line(b"HTTP/1.1", head.status.as_u16());
    for (name, value) in head.headers {
        transaction.response_header(name.as_str().as_bytes(), value.as_bytes());
    }
    transaction.response_headers_done()
}

fn answer_body(
    transaction: &mut Transaction,
    head: &AnswerHead<'_>,
    held: HeldAnswer<'_>,
    limit: usize,
) -> Outcome {
    let body = coding::beginning(head.headers, held.bytes, limit.saturating_add(1));
    match transaction.response_body(&body) {
        Outcome::Pass => transaction.response_body_done(),
        other => other,
    }
}

/// Answers that go on as long as they are wanted are never held, whatever their rules say.
fn may_be_held(exchange: &Exchange, head: &AnswerHead<'_>) -> bool {
    let kind = head.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes()).unwrap_or_default();
    let is_stream = kind.starts_with(b"text/event-stream") || head.status.is_informational();
    exchange.method != Method::HEAD && !is_stream
}

fn judge(transaction: &Transaction, outcome: Outcome, terms: Terms) -> Result<(), Box<Denial>> {
    let denial = match outcome {
        Outcome::Pass => None,
        Outcome::Interrupted(interruption) => Some(report::of_rules(transaction, &interruption)),
        Outcome::OverBudget(budget) => report::of_budget(budget, terms.over_budget),
    };
    match denial {
        None => Ok(()),
        Some(denial) => Err(Box::new(denial.observed(terms.is_observed))),
    }
}

//! One transaction: its phases, and what came of each.

use std::fmt;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Method};
use mantlet_types::{Clock, Monotonic};
use mantlet_waf::{Outcome, Transaction};

use super::{RouteRules, report};
use crate::coding;
use crate::guards::waf::audit::AuditLog;
use crate::guards::waf::config::Doubt;
use crate::guards::waf::denial;
use crate::pipeline::{AnswerHead, Denial, Exchange, HeldAnswer, Origin};

/// The status in the record of a request whose client went away before there was an answer; it is
/// never sent. The number is the field's habit.
const CLIENT_GONE: u16 = 499;

/// A transaction on its way, kept with its request.
#[derive(Clone)]
pub(crate) struct Watch(Arc<Mutex<Course>>);

/// A transaction from its first phase to its last, which runs whatever becomes of the request.
struct Course {
    progress: Progress,
    /// Whether phase 2 has run.
    is_request_over: bool,
    /// Whether a refusal was said. Who asks on shows that nothing was carried out.
    is_denied: bool,
    /// The status of the answer that was looked at last.
    status: Option<u16>,
    audit: Option<Arc<AuditLog>>,
    clock: Arc<dyn Clock>,
    started: Monotonic,
}

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
    /// Phase 1, and phase 2 where no body will follow; and the refusal that rules or budgets come to.
    pub(crate) fn head(
        rules: &RouteRules,
        exchange: &Exchange,
        has_body: bool,
        terms: Terms,
    ) -> (Self, Result<(), Box<Denial>>) {
        let mut transaction = Box::new(rules.begin(exchange));
        let outcome = transaction.request_headers_done();
        let mut judged = judge(&transaction, outcome, terms);
        let is_request_over = !has_body && (judged.is_ok() || terms.is_observed);
        if is_request_over {
            let over = request_over(&mut transaction, terms);
            judged = judged.and(over);
        }
        let course = Course {
            progress: Progress::Request(transaction),
            is_request_over,
            is_denied: judged.is_err(),
            status: None,
            audit: rules.audit().cloned(),
            clock: Arc::clone(rules.clock()),
            started: exchange.started,
        };
        (Self(Arc::new(Mutex::new(course))), judged)
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Phase 2 over a body that has been unpacked.
    ///
    /// # Errors
    /// The refusal that rules or budgets come to.
    pub(crate) fn body(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        terms: Terms,
    ) -> Result<(), Box<Denial>> {
        let mut course = self.course();
        course.go_on(false);
        let Progress::Request(transaction) = &mut course.progress else { return Ok(()) };
        let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
        let is_multipart = headers
            .get(CONTENT_TYPE)
            .is_some_and(|kind| kind.as_bytes().to_ascii_lowercase().starts_with(b"multipart/"));
        if matches!(first, Some(b'{' | b'[')) && !is_multipart {
            transaction.body_looks_like_json();
        }
        let judged = match transaction.request_body(body) {
            Outcome::Pass => request_over(transaction, terms),
            outcome => judge(transaction, outcome, terms),
        };
        course.is_request_over = true;
        course.is_denied |= judged.is_err();
        judged
    }

    /// Phases 3 and 4, as far as the application answers and there is something to look at; with the
    /// last of them, or an answer of our own, phase 5.
    pub(crate) fn answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
        terms: Terms,
    ) -> Next {
        let mut course = self.course();
        course.status = Some(head.status.as_u16());
        // What is said on a WebSocket is for the detectors.
        if head.origin == Origin::Gate || exchange.is_websocket {
            course.end();
            return Next::Pass;
        }
        course.go_on(true);
        let next = course.look(exchange, head, held, terms);
        match &next {
            Next::Pass => course.end(),
            // It ends with what is sent in the place of the answer.
            Next::Withhold(_) => course.is_denied = true,
            Next::Hold(_) => {}
        }
        next
    }
}

impl Course {
    /// What is asked about after a refusal was not refused: rules only watch from then on.
    fn go_on(&mut self, is_answered: bool) {
        if !mem::take(&mut self.is_denied) {
            return;
        }
        if let Progress::Request(transaction) | Progress::AnswerHead(transaction) =
            &mut self.progress
        {
            transaction.only_watch();
            if is_answered && !mem::replace(&mut self.is_request_over, true) {
                // What it comes to was told.
                let _ = transaction.request_body_done();
            }
        }
    }

    fn look(
        &mut self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
        terms: Terms,
    ) -> Next {
        let (transaction, next) = match (mem::replace(&mut self.progress, Progress::Over), held) {
            (Progress::Over, _) => return Next::Pass,
            (Progress::Request(mut transaction), _) => {
                let outcome = answer_head(&mut transaction, head);
                let mut judged = judge(&transaction, outcome, terms);
                let holds = may_be_held(exchange, head) && transaction.wants_response_body();
                if judged.is_ok() && !holds {
                    let outcome = transaction.response_body_done();
                    judged = judge(&transaction, outcome, terms);
                }
                let next = match judged {
                    Err(denial) => Next::Withhold(denial),
                    Ok(()) if holds => hold(&transaction),
                    Ok(()) => Next::Pass,
                };
                (transaction, next)
            }
            (Progress::AnswerHead(transaction), None) => {
                let next = hold(&transaction);
                (transaction, next)
            }
            (Progress::AnswerHead(mut transaction), Some(held)) => {
                let outcome = answer_body(&mut transaction, head, held);
                let judged = judge(&transaction, outcome, terms);
                (transaction, judged.map_or_else(Next::Withhold, |()| Next::Pass))
            }
        };
        self.progress = Progress::AnswerHead(transaction);
        next
    }

    /// Phase 5, and the record where one is wanted.
    fn end(&mut self) {
        let (Progress::Request(mut transaction) | Progress::AnswerHead(mut transaction)) =
            mem::replace(&mut self.progress, Progress::Over)
        else {
            return;
        };
        transaction.answered_with(self.status.unwrap_or(CLIENT_GONE));
        let duration = self.clock.monotonic().since(self.started);
        // What rules do after the answer, they do to collections and to the record alone.
        let _ = transaction.finish(u64::try_from(duration.as_millis()).unwrap_or(u64::MAX));
        if let Some(log) = &self.audit
            && let Some(record) = transaction.audit_record()
        {
            log.accept(record);
        }
    }
}

/// A request whose client went away is over, too.
impl Drop for Course {
    fn drop(&mut self) {
        self.end();
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

/// As much of the body as rules look at, and a byte that says whether there is more.
fn hold(transaction: &Transaction) -> Next {
    Next::Hold(transaction.response_body_limit().saturating_add(1))
}

fn answer_body(
    transaction: &mut Transaction,
    head: &AnswerHead<'_>,
    held: HeldAnswer<'_>,
) -> Outcome {
    let limit = transaction.response_body_limit();
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

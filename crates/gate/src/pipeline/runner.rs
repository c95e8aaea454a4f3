//! The one place where verdicts become actions.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Response, StatusCode};
use mantlet_event::{Entry, Event, Events, Metrics, Value, catalogue, field, reasons};
use mantlet_types::Severity;

use crate::identity::Identified;

use super::guard::{AnswerHead, HeldAnswer, Inspection, Origin};
use super::{
    AnswerVerdict, BodyFilter, Changes, Denial, Exchange, Fail, Finding, FindingSource, Guard,
    GuardError, Mode, Plan, PlannedGuard, Verdict, WouldRefuse,
};

/// Asks guards and carries out what they say: mode, budget, fail mode, event, metric.
#[derive(Debug, Clone)]
pub struct Runner {
    events: Events,
    metrics: Metrics,
}

/// A request or an answer that was stopped.
#[derive(Debug)]
pub enum Refusal {
    /// Refused; the event is out, the answer is yet to be rendered.
    Denied(Box<Denial>),
    /// A guard answered in the application's place.
    Answered(Box<Response<Bytes>>),
}

/// What is to be done with an answer after the guards have seen its head.
#[derive(Debug)]
pub enum AfterAnswer {
    /// It goes out, its body through these filters, in order.
    Send(Vec<Box<dyn BodyFilter>>),
    /// Up to this many bytes of its body are to be held and shown to the guards.
    Hold(usize),
    /// It is withheld.
    Refuse(Box<Denial>),
}

impl Runner {
    /// A runner that reports to `events` and `metrics`.
    #[must_use]
    pub const fn new(events: Events, metrics: Metrics) -> Self {
        Self { events, metrics }
    }

    /// Asks every guard about the head of a request, in order, until one stops it.
    ///
    /// # Errors
    /// [`Refusal`] when a guard in enforce mode stopped the request, or failed closed.
    pub async fn inspect(&self, plan: &Plan, exchange: &mut Exchange) -> Result<(), Refusal> {
        for planned in plan.at_request() {
            let mut outcome = ask(planned, plan.budget, |guard| guard.inspect(exchange)).await;
            if let Ok(Verdict::Deny(denial)) = &mut outcome {
                exchange.facts.merge(denial.take_memory());
            }
            if let Some(changes) = self.settle(planned, plan, exchange, outcome)? {
                changes.apply(exchange);
            }
        }
        Ok(())
    }

    /// Asks the guards that need the client's address only, about a request that is refused anyway.
    ///
    /// # Errors
    /// As [`Runner::inspect`].
    pub async fn inspect_address(&self, plan: &Plan, exchange: &Exchange) -> Result<(), Refusal> {
        for planned in plan.at_address() {
            let outcome = ask(planned, plan.budget, |guard| guard.inspect(exchange)).await;
            self.settle(planned, plan, exchange, outcome)?;
        }
        Ok(())
    }

    /// Whether some guard wants to see the body of this request.
    #[must_use]
    pub fn wants_body(&self, plan: &Plan, exchange: &Exchange) -> bool {
        plan.at_body().any(|planned| {
            // A guard that cannot even say is asked later, where its fail mode decides.
            catch_unwind(AssertUnwindSafe(|| planned.guard.wants_body(exchange))).unwrap_or(true)
        })
    }

    /// Asks every guard that wants it about the whole body of a request.
    ///
    /// # Errors
    /// As [`Runner::inspect`].
    pub async fn inspect_body(
        &self,
        plan: &Plan,
        exchange: &mut Exchange,
        body: &[u8],
    ) -> Result<(), Refusal> {
        for planned in plan.at_body() {
            let outcome = ask(planned, plan.budget, |guard| {
                if guard.wants_body(exchange) {
                    guard.inspect_body(exchange, body)
                } else {
                    Inspection::ready(Verdict::Pass)
                }
            })
            .await;
            if let Some(changes) = self.settle(planned, plan, exchange, outcome)? {
                changes.apply(exchange);
            }
        }
        Ok(())
    }

    /// Asks every guard that wants it about one text message of a WebSocket.
    ///
    /// # Errors
    /// As [`Runner::inspect`].
    pub async fn inspect_message(
        &self,
        plan: &Plan,
        exchange: &Exchange,
        text: &str,
    ) -> Result<(), Refusal> {
        for planned in plan.at_message() {
            let outcome =
                ask(planned, plan.budget, |guard| guard.inspect_message(exchange, text)).await;
            self.settle(planned, plan, exchange, outcome)?;
        }
        Ok(())
    }

    /// Asks every guard about an answer, in order, and applies what they change. With `held` they
    /// are shown the beginning of the body; then none can ask to hold again. Once a guard has asked
    /// to hold, nothing more is changed: all are asked again, and must find what was sent.
    pub fn inspect_answer(
        &self,
        plan: &Plan,
        exchange: &Exchange,
        head: (StatusCode, &mut HeaderMap, Origin),
        held: Option<HeldAnswer<'_>>,
    ) -> AfterAnswer {
        let (status, headers, origin) = head;
        let (mut hold, mut filters) = (0, Vec::new());
        for planned in plan.at_answer() {
            let head = AnswerHead { status, headers, origin };
            let outcome = catch_unwind(AssertUnwindSafe(|| {
                planned.guard.inspect_answer(exchange, &head, held)
            }))
            .unwrap_or_else(|_| Err(GuardError("panicked".into())));
            let is_enforced = planned.mode == Mode::Enforce;
            let may_change = is_enforced && hold == 0;
            match outcome {
                Ok(AnswerVerdict::Pass) => {}
                Ok(AnswerVerdict::Edit(edits)) if may_change => edits.apply(headers),
                Ok(AnswerVerdict::Filter(edits, filter)) if may_change => {
                    edits.apply(headers);
                    filters.push(filter);
                }
                Ok(AnswerVerdict::Edit(_) | AnswerVerdict::Filter(..)) => {}
                Ok(AnswerVerdict::Hold(limit)) if held.is_none() => hold = hold.max(limit),
                Ok(AnswerVerdict::Hold(_)) => {}
                Ok(AnswerVerdict::Withhold(denial)) => {
                    self.report(planned, plan, exchange, &denial);
                    if is_enforced && !denial.is_observed() {
                        return AfterAnswer::Refuse(denial);
                    }
                }
                Err(error) => {
                    if let Some(denial) = self.fail(planned, plan, exchange, error) {
                        return AfterAnswer::Refuse(denial);
                    }
                }
            }
        }
        if hold > 0 { AfterAnswer::Hold(hold) } else { AfterAnswer::Send(filters) }
    }

    /// Turns one outcome into "go on, with these changes" or "stop".
    fn settle(
        &self,
        planned: &PlannedGuard,
        plan: &Plan,
        exchange: &Exchange,
        outcome: Result<Verdict, GuardError>,
    ) -> Result<Option<Box<Changes>>, Refusal> {
        let is_enforced = planned.mode == Mode::Enforce;
        match outcome {
            Ok(Verdict::Pass) => Ok(None),
            Ok(Verdict::PassWith(mut changes)) => {
                changes.notes.drain(..).for_each(|note| self.events.emit(note));
                if is_enforced { Ok(Some(changes)) } else { Ok(changes.observed().map(Box::new)) }
            }
            Ok(Verdict::Deny(denial)) => {
                self.report(planned, plan, exchange, &denial);
                let is_carried_out = is_enforced && !denial.is_observed();
                if is_carried_out {
                    return Err(Refusal::Denied(denial));
                }
                let mut changes = Changes::default();
                changes.memory.state(WouldRefuse(denial.reason));
                Ok(Some(Box::new(changes)))
            }
            Ok(Verdict::Answer(answer)) => {
                self.count(planned, "answer");
                if is_enforced { Err(Refusal::Answered(answer)) } else { Ok(None) }
            }
            Err(error) => match self.fail(planned, plan, exchange, error) {
                Some(denial) => Err(Refusal::Denied(denial)),
                None => Ok(None),
            },
        }
    }

    fn count(&self, planned: &PlannedGuard, verdict: &'static str) {
        self.metrics.verdict(planned.spec.name, planned.mode.as_str(), verdict).add_one();
    }

    /// One event and one metric for a refusal, carried out or only observed.
    fn report(&self, planned: &PlannedGuard, plan: &Plan, exchange: &Exchange, denial: &Denial) {
        self.count(planned, "deny");
        if let Some(limit) = denial.limit() {
            self.metrics.limit_reached(limit);
        }
        if let Some(finding) = denial.findings().first() {
            self.metrics.attack_found(match finding.source {
                FindingSource::Detector(class) => Ok(class),
                FindingSource::Rule(id) => Err(id),
            });
        }
        let sketch = Sketch::of(exchange, &plan.route);
        let mut event = sketch.refusal(planned.spec.refused, planned.spec.name, denial);
        let mode = if denial.is_observed() { Mode::Observe } else { planned.mode };
        if mode == Mode::Observe {
            event = event.severity(Severity::Info);
        }
        self.events.emit(event.text(field::MODE, mode.as_str()));
    }

    /// A guard failed: its fail mode decides, except that an observing guard never stops anything.
    fn fail(
        &self,
        planned: &PlannedGuard,
        plan: &Plan,
        exchange: &Exchange,
        error: GuardError,
    ) -> Option<Box<Denial>> {
        self.count(planned, "fail");
        let denial = Denial::new(&reasons::GUARD_FAILED).evidence(error.0);
        let sketch = Sketch::of(exchange, &plan.route);
        let event = sketch.refusal(&catalogue::GUARD_INSPECTION_FAILED, planned.spec.name, &denial);
        let is_closed = planned.fail == Fail::Closed && planned.mode == Mode::Enforce;
        let fail = if is_closed { Fail::Closed } else { Fail::Open };
        self.events
            .emit(event.text(field::MODE, planned.mode.as_str()).text(field::FAIL, fail.as_str()));
        is_closed.then(|| Box::new(denial))
    }

    /// Reports a refusal by one of the fixed stages, which have no mode.
    pub fn report_stage(
        &self,
        entry: &'static Entry,
        stage: &'static str,
        sketch: &Sketch<'_>,
        denial: &Denial,
    ) {
        self.metrics.verdict(stage, Mode::Enforce.as_str(), "deny").add_one();
        let event = sketch.refusal(entry, stage, denial);
        self.events.emit(event.text(field::MODE, Mode::Enforce.as_str()));
    }
}

/// Asks one guard within this budget; a panic or a late answer is a failure of the guard.
pub(crate) async fn ask<'a>(
    planned: &'a PlannedGuard,
    budget: Duration,
    question: impl FnOnce(&'a dyn Guard) -> Inspection<'a>,
) -> Result<Verdict, GuardError> {
    let asked = catch_unwind(AssertUnwindSafe(|| question(&*planned.guard)));
    match asked {
        Ok(Inspection::Ready(outcome)) => outcome,
        Ok(Inspection::Pending(future)) => {
            let caught = futures_util::FutureExt::catch_unwind(AssertUnwindSafe(future));
            match tokio::time::timeout(budget, caught).await {
                Ok(Ok(outcome)) => outcome,
                Ok(Err(_)) => Err(GuardError("panicked".into())),
                Err(_) => Err(GuardError(format!("no verdict within {budget:?}"))),
            }
        }
        Err(_) => Err(GuardError("panicked".into())),
    }
}

/// What is known about a request when it is reported, however early it was stopped.
#[derive(Debug, Clone, Copy)]
pub struct Sketch<'a> {
    /// The request's id.
    pub id: mantlet_types::RequestId,
    /// Who asks.
    pub client: std::net::IpAddr,
    /// The other end of the connection.
    pub peer: std::net::SocketAddr,
    /// The method; empty when unknown.
    pub method: &'a str,
    /// The host; empty when unknown.
    pub host: &'a str,
    /// The path; empty when unknown.
    pub path: &'a str,
    /// The route's pattern; empty when none was chosen.
    pub route: &'a str,
    /// Who asks, once their credential was verified; empty for nobody.
    pub user: &'a str,
}

impl<'a> Sketch<'a> {
    /// The sketch of a whole exchange.
    #[must_use]
    pub fn of(exchange: &'a Exchange, route: &'a str) -> Self {
        Self {
            id: exchange.id,
            client: exchange.client.address,
            peer: exchange.client.peer,
            method: exchange.method.as_str(),
            host: exchange.host.as_str(),
            path: exchange.shown_path(),
            route,
            user: exchange.facts.lookup::<Identified>().map_or("", Identified::user),
        }
    }

    fn refusal(&self, entry: &'static Entry, guard: &'static str, denial: &Denial) -> Event {
        let mut event = Event::new(entry)
            .request(self.id)
            .text(field::GUARD, guard)
            .text(field::REASON, denial.reason.code)
            .number(field::STATUS, i64::from(denial.shown_status()))
            .text(field::CLIENT, self.client.to_string())
            .text(field::PEER, self.peer.to_string());
        let known = [
            (field::METHOD, self.method),
            (field::HOST, self.host),
            (field::PATH, self.path),
            (field::ROUTE, self.route),
            (field::USER, self.user),
        ];
        for (name, value) in known.into_iter().filter(|(_, value)| !value.is_empty()) {
            event = event.text(name, value.to_owned());
        }
        if let Some(evidence) = &denial.evidence {
            event = event.text(field::EVIDENCE, evidence.clone());
        }
        event = Finding::tell(denial.findings(), event);
        for (name, value) in &denial.members {
            event = match value {
                Value::Text(text) => event.text(name, text.clone()),
                Value::Number(number) => event.number(name, *number),
                Value::Float(number) => event.float(name, *number),
                Value::Flag(flag) => event.flag(name, *flag),
            };
        }
        event.text(field::HINT, denial.reason.hint)
    }
}

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use mantlet_event::{Events, Metrics, Recent, Value, catalogue, field, reasons};
use mantlet_types::SystemClock;

use super::sample::exchange;
use super::*;

/// What a fake guard says.
#[derive(Debug, Clone, Copy)]
enum Says {
    Pass,
    Deny,
    Learn,
    Answer,
    Error,
    Panic,
    Never,
    HoldThenWithhold,
}

#[derive(Debug)]
struct Fake(Says);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Learnt(&'static str);

impl Guard for Fake {
    fn stages(&self) -> Stages {
        Stages { request: true, address: true, body: true, message: true, answer: true }
    }

    fn wants_body(&self, _exchange: &Exchange) -> bool {
        true
    }

    fn inspect<'a>(&'a self, _exchange: &'a Exchange) -> Inspection<'a> {
        match self.0 {
            Says::Pass | Says::HoldThenWithhold => Inspection::ready(Verdict::Pass),
            Says::Deny => Inspection::ready(Denial::new(&reasons::ROUTE_DENIED).into()),
            Says::Answer => Inspection::ready(Verdict::Answer(Box::new(Response::new(
                Bytes::from_static(b"mine"),
            )))),
            Says::Learn => {
                let mut changes = Changes::default();
                changes.facts.state(Learnt("fact"));
                changes.headers.push(HeaderEdit::Set(
                    HeaderName::from_static("x-learnt"),
                    HeaderValue::from_static("1"),
                ));
                Inspection::ready(Verdict::PassWith(Box::new(changes)))
            }
            Says::Error => Inspection::failed("backend is down"),
            Says::Panic => panic!("guard defect"),
            Says::Never => Inspection::pending(std::future::pending()),
        }
    }

    fn inspect_body<'a>(&'a self, exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        if body == b"bad" { self.inspect(exchange) } else { Inspection::ready(Verdict::Pass) }
    }

    fn inspect_answer(
        &self,
        _exchange: &Exchange,
        _head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        match (self.0, held) {
            (Says::HoldThenWithhold, None) => Ok(AnswerVerdict::Hold(16)),
            (Says::HoldThenWithhold, Some(held)) if held.bytes == b"leak" => {
                Ok(AnswerVerdict::Withhold(Box::new(Denial::new(&reasons::INTERNALS_WITHHELD))))
            }
            (Says::Learn, _) => Ok(AnswerVerdict::Edit(Edits::from(vec![HeaderEdit::Remove(
                HeaderName::from_static("server"),
            )]))),
            (Says::Error, _) => Err(GuardError("backend is down".into())),
            (Says::Panic, _) => panic!("guard defect"),
            _ => Ok(AnswerVerdict::Pass),
        }
    }
}

static SPEC: Spec = Spec { name: "fake", refused: &catalogue::GATEWAY_REQUEST_REFUSED };

struct Bench {
    runner: Runner,
    plan: Plan,
    recent: Arc<Recent>,
    metrics: Metrics,
}

fn bench(guards: &[(Says, Mode, Fail)]) -> Bench {
    let recent = Recent::new(64);
    let clock = Arc::new(SystemClock::new());
    let events = Events::builder(clock).sink(Box::new(Arc::clone(&recent))).build();
    let metrics = Metrics::new();
    let planned = guards
        .iter()
        .filter_map(|(says, mode, fail)| {
            PlannedGuard::new(&SPEC, Arc::new(Fake(*says)), *mode, *fail)
        })
        .collect();
    let plan = Plan::new("/x".into(), metrics.route("/x"), Duration::from_millis(20), planned);
    Bench { runner: Runner::new(events, metrics.clone()), plan, recent, metrics }
}

/// The outcome of one guard as one word, and the events it led to: name, guard, reason, mode.
async fn outcome(says: Says, mode: Mode, fail: Fail) -> (String, Vec<String>) {
    let bench = bench(&[(says, mode, fail)]);
    let mut exchange = exchange();
    let word = match bench.runner.inspect(&bench.plan, &mut exchange).await {
        Ok(()) if exchange.facts.lookup::<Learnt>().is_some() => "passed with changes".into(),
        Ok(()) => "passed".into(),
        Err(Refusal::Denied(denial)) => denial.reason.code.into(),
        Err(Refusal::Answered(answer)) => format!("answered {}", answer.body().len()),
    };
    let text = |event: &mantlet_event::Event, name: &str| {
        event.lookup(name).and_then(Value::as_text).unwrap_or("-").to_owned()
    };
    let events = bench.recent.latest(8);
    let events = events.iter().map(|record| {
        let event = record.event();
        let [reason, mode] = [field::REASON, field::MODE].map(|name| text(event, name));
        format!("{} {reason} {mode}", event.entry().name)
    });
    (word, events.collect())
}

#[tokio::test]
async fn every_verdict_in_every_mode_leads_to_one_action_and_one_event() {
    use Fail::{Closed, Open};
    use Mode::{Enforce, Observe, Off};
    let refused = |mode: &str| vec![format!("gateway.request.refused route-denied {mode}")];
    let failed = |mode: &str| vec![format!("guard.inspection.failed guard-failed {mode}")];
    for (says, mode, fail, word, events) in [
        (Says::Pass, Enforce, Closed, "passed", vec![]),
        (Says::Deny, Enforce, Closed, "route-denied", refused("enforce")),
        (Says::Deny, Observe, Closed, "passed", refused("observe")),
        (Says::Deny, Off, Closed, "passed", vec![]),
        (Says::Learn, Enforce, Closed, "passed with changes", vec![]),
        (Says::Learn, Observe, Closed, "passed", vec![]),
        (Says::Answer, Enforce, Closed, "answered 4", vec![]),
        (Says::Answer, Observe, Closed, "passed", vec![]),
        (Says::Error, Enforce, Closed, "guard-failed", failed("enforce")),
        (Says::Error, Enforce, Open, "passed", failed("enforce")),
        (Says::Error, Observe, Closed, "passed", failed("observe")),
        (Says::Panic, Enforce, Closed, "guard-failed", failed("enforce")),
        (Says::Panic, Enforce, Open, "passed", failed("enforce")),
        (Says::Never, Enforce, Closed, "guard-failed", failed("enforce")),
        (Says::Never, Enforce, Open, "passed", failed("enforce")),
    ] {
        assert_eq!(
            outcome(says, mode, fail).await,
            (word.into(), events),
            "{says:?} {mode:?} {fail:?}"
        );
    }
}

#[tokio::test]
async fn the_first_refusal_ends_the_way_and_changes_reach_later_guards() {
    let all = |says| (says, Mode::Enforce, Fail::Closed);
    let bench = bench(&[all(Says::Learn), all(Says::Deny), all(Says::Panic)]);
    let mut exchange = exchange();
    let refusal = bench.runner.inspect(&bench.plan, &mut exchange).await;
    assert!(matches!(refusal, Err(Refusal::Denied(_))));
    assert_eq!(exchange.headers.get("x-learnt").unwrap(), "1");
    assert_eq!(bench.recent.latest(8).len(), 1);
    assert!(bench.metrics.render().contains("verdict=\"deny\""));
}

#[tokio::test]
async fn bodies_are_shown_to_the_guards_that_want_them() {
    let bench = bench(&[(Says::Deny, Mode::Enforce, Fail::Closed)]);
    let mut exchange = exchange();
    assert!(bench.runner.wants_body(&bench.plan, &exchange));
    assert!(bench.runner.inspect_body(&bench.plan, &mut exchange, b"good").await.is_ok());
    assert!(bench.runner.inspect_body(&bench.plan, &mut exchange, b"bad").await.is_err());
}

fn answer(bench: &Bench, held: Option<&[u8]>) -> (AfterAnswer, HeaderMap) {
    let mut headers = HeaderMap::new();
    headers.insert("server", HeaderValue::from_static("x"));
    let held = held.map(|bytes| HeldAnswer { bytes, is_complete: true });
    let head = (StatusCode::OK, &mut headers, Origin::Upstream);
    let after = bench.runner.inspect_answer(&bench.plan, &exchange(), head, held);
    (after, headers)
}

#[test]
fn an_answer_can_be_held_and_withheld() {
    let enforced = bench(&[(Says::HoldThenWithhold, Mode::Enforce, Fail::Closed)]);
    assert!(matches!(answer(&enforced, None).0, AfterAnswer::Hold(16)));
    assert!(matches!(answer(&enforced, Some(b"leak")).0, AfterAnswer::Refuse(_)));
    assert!(matches!(answer(&enforced, Some(b"fine")).0, AfterAnswer::Send(_)));
    let observed = bench(&[(Says::HoldThenWithhold, Mode::Observe, Fail::Closed)]);
    assert!(matches!(answer(&observed, Some(b"leak")).0, AfterAnswer::Send(_)));
    assert_eq!(observed.recent.latest(8).len(), 1);
}

#[test]
fn an_answer_guard_that_fails_is_under_its_fail_mode() {
    for says in [Says::Error, Says::Panic] {
        let closed = bench(&[(says, Mode::Enforce, Fail::Closed)]);
        assert!(matches!(answer(&closed, None).0, AfterAnswer::Refuse(_)));
        let open = bench(&[(says, Mode::Enforce, Fail::Open)]);
        assert!(matches!(answer(&open, None).0, AfterAnswer::Send(_)));
    }
}

#[test]
fn header_edits_are_applied_only_when_enforced() {
    let enforced = bench(&[(Says::Learn, Mode::Enforce, Fail::Closed)]);
    assert!(answer(&enforced, None).1.get("server").is_none());
    let observed = bench(&[(Says::Learn, Mode::Observe, Fail::Closed)]);
    assert!(answer(&observed, None).1.get("server").is_some());
}

#[test]
fn the_order_of_guards_names_each_once() {
    let names: Vec<_> = crate::guards::ORDER.iter().map(|slot| slot.spec.name).collect();
    let unique: std::collections::BTreeSet<_> = names.iter().collect();
    assert_eq!(unique.len(), names.len(), "{names:?}");
}

//! Every regression case of the Core Rule Set as bytes on the wire: through the stages of the gate,
//! its rules, and a back end that answers what a case asks it to.
//!
//! Two gates: a rule of our own at the end of the phases of the request, or of the answer, refuses
//! everything, so that the event of each request names every rule that matched before it.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, Received, TempFolder, poll_until, shared, wire,
};
use mantlet_waf::ftw::{Cases, Sent};
use serde_json::Value;

use super::common::PATIENCE;

/// What the rule set's own tests are run with.
const SETTINGS: &str = r#"
SecResponseBodyAccess On
SecResponseBodyMimeType text/plain text/html text/xml application/json
SecAction "id:101,phase:1,nolog,pass,ctl:ruleRemoveById=910000,\
  setvar:tx.crs_validate_utf8_encoding=1,setvar:tx.arg_name_length=100,setvar:tx.arg_length=400,\
  setvar:tx.total_arg_length=64000,setvar:tx.max_num_args=255,setvar:tx.max_file_size=64100,\
  setvar:tx.combined_file_sizes=65535,setvar:tx.inbound_anomaly_score_threshold=100000,\
  setvar:tx.outbound_anomaly_score_threshold=100000"
"#;

/// How many requests are on their way at once.
const AT_ONCE: usize = 4;

/// Cases that end in another way here, each with its reason.
const ELSEWISE: [(&str, &[&str]); 8] = [
    (
        "a gate is no forward proxy: CONNECT and targets that name another host are refused",
        &["920100-4", "920100-6", "920300-3", "920290-2"],
    ),
    ("`*` is no path of a route", &["920100-3", "920300-2"]),
    (
        "a target holds no byte that RFC 3986 leaves out of it",
        &["920100-7", "930120-10", "930120-11", "932230-1", "949110-5"],
    ),
    ("a path is UTF-8, and `%2F` in it is refused", &["920271-6", "932380-6"]),
    (
        "framing and version are one and valid",
        &["920181-1", "920180-4", "920210-5", "920430-4", "920620-1"],
    ),
    (
        "a target with a host is taken apart, and the fields of its connection end at the gate",
        &["920100-16", "920210-2", "920210-3", "920210-4", "920210-6", "920210-7"],
    ),
    (
        "a path has one form, and no field of a proxy is believed or passed on",
        &["931131-2", "933100-91"],
    ),
    (
        "thresholds are out of reach here, for other rules to be seen",
        &["949110-4", "959100-1", "980170-1", "980170-2"],
    ),
];

/// Why the stages before the guards refuse requests.
const BEFORE_THE_RULES: [&str; 5] =
    ["ambiguous-framing", "invalid-host", "invalid-path", "malformed-request", "no-route"];

#[test]
fn every_regression_case_gives_its_rules_through_the_wire() {
    let Some(shared) = shared("waf-guard") else { return };
    let crs = shared.join("data/crs");
    let cases = Cases::load(&crs.join("tests"), None).unwrap();
    let all: Vec<Sent> = cases.sent().collect();
    assert!(all.len() >= 4900, "{}", all.len());
    let upstream = FakeUpstream::start(reflect);
    let (answers, requests) = all.into_iter().partition::<Vec<_>, _>(is_about_answers);
    let mut wrong = judge(&start(&crs, 2, &upstream), &requests);
    wrong.extend(judge(&start(&crs, 4, &upstream), &answers));
    let known: Vec<&str> = ELSEWISE.iter().flat_map(|(_, cases)| cases.iter().copied()).collect();
    let stale: Vec<_> =
        known.iter().filter(|id| !wrong.iter().any(|(case, _)| case == *id)).collect();
    assert!(stale.is_empty(), "these do what they should by now: {stale:?}");
    wrong.retain(|(case, _)| !known.contains(&case.as_str()));
    let mut reasons = BTreeMap::<&str, Vec<&str>>::new();
    for (case, reason) in &wrong {
        reasons.entry(reason).or_default().push(case);
    }
    for (reason, cases) in &reasons {
        println!("{} {reason}: {}", cases.len(), cases.join(" "));
    }
    assert!(wrong.is_empty());
}

/// Rules of the families 950 to 959 and 980 look at answers.
fn is_about_answers(case: &Sent) -> bool {
    let all = || case.expected.iter().chain(&case.unexpected);
    all().any(|rule| matches!(rule / 1000, 950..=959 | 980))
}

/// A gate whose rules refuse everything at the end of `phase`.
fn start(crs: &Path, phase: u8, upstream: &FakeUpstream) -> MantletProcess {
    let folder = TempFolder::new();
    let first = folder.write("first.conf", SETTINGS);
    let last = format!("SecAction \"id:102,phase:{phase},deny,log\"\n");
    let last = folder.write("last.conf", &last);
    let config = format!(
        "[guards.waf]\nparanoia = 4\nrules = [{:?}, {crs:?}, {:?}]\n[guards.limit]\nmode = \"off\"\n[guards.csrf]\ndangerous_mode = \"observe\"\nwhy = \"cases with fields of other sites\"\n[log]\nrefusals = 0\n",
        first, last
    );
    super::common::gate(upstream, &config)
}

/// Sends the cases and says which did not do what they should.
fn judge(gate: &MantletProcess, cases: &[Sent]) -> Vec<(String, String)> {
    let next = AtomicUsize::new(0);
    let answered = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let answer = wire::send_raw(gate.address(), &case.bytes);
                    let response = answer.responses().pop();
                    let id = response.as_ref().and_then(|it| it.header("X-Request-Id"));
                    let id = id.unwrap_or_default().to_owned();
                    answered.lock().unwrap().push((case, response.map(|it| it.status), id));
                }
            });
        }
    });
    let answered = answered.into_inner().unwrap();
    let events = events(gate, answered.iter().filter(|(_, status, _)| status.is_some()).count());
    let verdict = |(case, status, id): &(&Sent, Option<u16>, String)| {
        let outcome = outcome(case, *status, events.get(id));
        outcome.err().map(|reason| (case.id.clone(), reason))
    };
    answered.iter().filter_map(verdict).collect()
}

/// The refusals by their requests, once there are `count`.
fn events(gate: &MantletProcess, count: usize) -> HashMap<String, Value> {
    let read = || -> HashMap<String, Value> {
        let refusals = gate.events().into_iter().filter(is_refusal);
        let id = |event: &Value| event["request_id"].as_str().unwrap_or_default().to_owned();
        refusals.map(|event| (id(&event), event)).collect()
    };
    let _ = poll_until(PATIENCE, || (read().len() >= count).then_some(()));
    read()
}

/// Not of the guard against other sites' requests, which only observes here.
fn is_refusal(event: &Value) -> bool {
    event["reason"].as_str().is_some_and(|reason| reason != "cross-site-request")
}

/// What a case should not have done.
fn outcome(case: &Sent, status: Option<u16>, event: Option<&Value>) -> Result<(), String> {
    let Some(event) = event else { return Err(format!("no event, status {status:?}")) };
    let reason = event["reason"].as_str().unwrap_or_default();
    let ids = event["rule_ids"].as_str().unwrap_or_default();
    let ids: Vec<u64> = ids.split_whitespace().filter_map(|id| id.parse().ok()).collect();
    if BEFORE_THE_RULES.contains(&reason) {
        // An attack that is refused sooner is refused.
        let is_wanted = !case.expected.is_empty() || case.status == Some(400);
        return if is_wanted { Ok(()) } else { Err(format!("refused: {reason}")) };
    }
    if let Some(id) = case.expected.iter().find(|id| !ids.contains(id)) {
        return Err(format!("{id} did not match: {reason} {ids:?}"));
    }
    match case.unexpected.iter().find(|id| ids.contains(id)) {
        Some(id) => Err(format!("{id} matched")),
        None => Ok(()),
    }
}

/// The back end of the rule set's tests: what `POST /reflect` asks for.
fn reflect(request: &Received) -> Answer {
    if request.method != "POST" || !request.target.starts_with("/reflect") {
        return Answer::ok("");
    }
    let asked: Value = serde_json::from_slice(&request.body).unwrap_or_default();
    let text = |name: &str| asked.get(name).and_then(Value::as_str).unwrap_or_default();
    let body = match text("encodedBody") {
        "" => text("body").as_bytes().to_vec(),
        encoded => base64::engine::general_purpose::STANDARD.decode(encoded).unwrap_or_default(),
    };
    let status =
        asked.get("status").and_then(Value::as_u64).and_then(|status| u16::try_from(status).ok());
    let headers = asked.get("headers").and_then(Value::as_object);
    let kind = headers
        .and_then(|all| all.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type")));
    let kind = kind.and_then(|(_, value)| value.as_str()).unwrap_or("text/html");
    let mut answer = Answer::of(status.unwrap_or(200), kind, body);
    for (name, value) in headers.into_iter().flatten() {
        if !name.eq_ignore_ascii_case("content-type") {
            answer = answer.header(name, value.as_str().unwrap_or_default());
        }
    }
    answer
}

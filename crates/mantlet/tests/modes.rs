//! What the three modes make of each guard, set for all routes and for one.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;

use mantlet_testkit::wire::{Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};
use serde_json::Value;

use common::{assert_refused, gate};

/// How one guard is provoked.
struct Provocation {
    guard: &'static str,
    /// Its settings, apart from the mode.
    settings: &'static str,
    /// The rest of the configuration.
    config: &'static str,
    /// What follows the path in the request.
    request: &'static str,
    answer: Answer,
    /// Sent so often; the last answer counts.
    repeat: usize,
    /// Whether the guard has acted on this answer.
    acted: fn(&Response) -> bool,
    /// The reason in the log; `None` for a guard that only changes answers.
    reason: Option<&'static str>,
}

const PLAIN: &str = " HTTP/1.1\r\nHost: a\r\n\r\n";

fn provocation(guard: &'static str) -> Provocation {
    Provocation {
        guard,
        settings: "",
        config: "",
        request: PLAIN,
        answer: Answer::ok("ok"),
        repeat: 1,
        acted: |response| response.status >= 400,
        reason: None,
    }
}

/// Asserts what the three modes do, set for all routes and then set otherwise for one.
fn assert_modes(provocation: &Provocation) {
    for mode in ["off", "observe", "enforce"] {
        let routes: String = ["off", "observe", "enforce"]
            .map(|other| {
                format!(
                    "[[routes]]\npath = \"/{other}/*\"\n[routes.guards.{}]\nmode = \"{other}\"\n",
                    provocation.guard
                )
            })
            .concat();
        let Provocation { guard, settings, config, .. } = provocation;
        let config = format!("{config}\n[guards.{guard}]\nmode = \"{mode}\"\n{settings}\n{routes}");
        let upstream = FakeUpstream::answering(provocation.answer.clone());
        let mut gate = gate(&upstream, &config);
        let paths =
            [("/", mode), ("/off/x", "off"), ("/observe/x", "observe"), ("/enforce/x", "enforce")];
        let answers = paths.map(|(path, mode)| (path, mode, provoke(&gate, provocation, path)));
        if let (Some(reason), Some((.., response))) = (provocation.reason, answers.last()) {
            assert_refused(&gate, response, (response.status, reason), guard);
        }
        gate.stop();
        let events = gate.events();
        for (path, expected, response) in &answers {
            let about = format!("{guard} is {mode}, {path} has {expected}");
            let has_acted = (provocation.acted)(response);
            assert_eq!(has_acted, *expected == "enforce", "{about}: {}", response.text());
            let logged = logged(&events, response, guard);
            let reason = provocation.reason.filter(|_| *expected != "off");
            let wanted: Vec<_> = reason
                .map(|reason| (reason.to_owned(), (*expected).to_owned()))
                .into_iter()
                .collect();
            assert_eq!(logged, wanted, "{about}");
        }
    }
}

fn provoke(gate: &MantletProcess, provocation: &Provocation, path: &str) -> Response {
    let method = if provocation.request.contains("Content-Length") { "POST" } else { "GET" };
    let request = format!("{method} {path}{}", provocation.request);
    let mut connection = Connection::open(gate.address()).unwrap();
    let send = |_| {
        connection.write(request.as_bytes()).unwrap();
        connection.read_response().unwrap()
    };
    (0..provocation.repeat).map(send).last().unwrap()
}

/// Reason and mode of what `guard` said of this answer's request.
fn logged(events: &[Value], response: &Response, guard: &str) -> Vec<(String, String)> {
    let id = response.header("x-request-id").unwrap();
    let is_meant = |event: &&Value| event["request_id"] == id && event["guard"] == guard;
    let word = |event: &Value, key: &str| event[key].as_str().unwrap_or_default().to_owned();
    events
        .iter()
        .filter(is_meant)
        .map(|event| (word(event, "reason"), word(event, "mode")))
        .collect()
}

#[test]
fn modes_of_blocklist() {
    let settings = "block = [\"127.0.0.0/8\"]";
    let reason = Some("address-blocked");
    assert_modes(&Provocation { settings, reason, ..provocation("blocklist") });
}

#[test]
fn modes_of_limit() {
    let settings = "per_address = [\"1/h\"]";
    assert_modes(&Provocation {
        settings,
        repeat: 3,
        reason: Some("rate-limited"),
        ..provocation("limit")
    });
}

#[test]
fn modes_of_cors() {
    let settings = "origins = [\"https://page.example\"]\nunlisted = \"refuse\"";
    let request = " HTTP/1.1\r\nHost: a\r\nOrigin: https://evil.example\r\n\r\n";
    let reason = Some("cors-origin");
    assert_modes(&Provocation { settings, request, reason, ..provocation("cors") });
}

#[test]
fn modes_of_json() {
    let request =
        " HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 6\r\n\r\n[[[]]]";
    let reason = Some("json-too-deep");
    assert_modes(&Provocation { settings: "depth = 2", request, reason, ..provocation("json") });
}

#[test]
fn modes_of_errors() {
    let trace = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 3, in index\nValueError: x\n";
    let acted = |response: &Response| !response.text().contains("/srv/app.py");
    let answer = Answer::of(500, "text/plain", trace);
    assert_modes(&Provocation {
        answer,
        acted,
        reason: Some("internals-withheld"),
        ..provocation("errors")
    });
}

#[test]
fn modes_of_cookies() {
    let config = "[client]\ntrusted_proxies = [\"127.0.0.1\"]";
    let request =
        " HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 198.51.100.1\r\nX-Forwarded-Proto: https\r\n\r\n";
    let answer = Answer::ok("ok").header("Set-Cookie", "sid=1");
    let acted = |response: &Response| response.header("set-cookie").unwrap().contains("HttpOnly");
    assert_modes(&Provocation { config, request, answer, acted, ..provocation("cookies") });
}

#[test]
fn modes_of_headers() {
    let acted = |response: &Response| response.headers.contains("x-content-type-options");
    assert_modes(&Provocation { acted, ..provocation("headers") });
}

//! `mantlet explain`: why a request was refused, and what would let it pass.

use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, Finished, MantletProcess, TempFolder};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);
const TRACE: &str = "Traceback (most recent call last):\n  File \"/srv/app.py\", line 1, in f\n";

/// An application that fails with its insides showing under `/crash`.
fn application() -> FakeUpstream {
    FakeUpstream::start(|request| match request.target.as_str() {
        target if target.starts_with("/crash") => Answer::of(500, "text/plain", TRACE),
        _ => Answer::ok("fine"),
    })
}

fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).start()
}

/// A guard that refuses: its configuration, the request, and the answer when it is let through.
struct Case {
    guard: &'static str,
    config: &'static str,
    method: &'static str,
    path: &'static str,
    /// A path that the exception for `path` must not reach.
    other: &'static str,
    body: &'static str,
    refused: (u16, &'static str),
    passed: u16,
}

const CASES: [Case; 4] = [
    Case {
        guard: "blocklist",
        config: "[guards.blocklist]\nblock = [\"127.0.0.0/8\"]\n",
        method: "GET",
        path: "/page/a%20b",
        other: "/other",
        body: "",
        refused: (403, "address-blocked"),
        passed: 200,
    },
    Case {
        guard: "limit",
        config: "[guards.limit]\nper_address = [\"1/h\"]\n",
        method: "GET",
        path: "/",
        other: "/other",
        body: "",
        refused: (429, "rate-limited"),
        passed: 200,
    },
    Case {
        guard: "json",
        config: "[guards.json]\ndepth = 2\n",
        method: "POST",
        path: "/api/items/",
        other: "/other",
        body: "[[[1]]]",
        refused: (400, "json-too-deep"),
        passed: 200,
    },
    Case {
        guard: "errors",
        config: "[[routes]]\npath = \"/crash/*\"\n[routes.guards.errors]\nmode = \"enforce\"\n",
        method: "GET",
        path: "/crash",
        other: "/crash/x",
        body: "",
        refused: (500, "internals-withheld"),
        passed: 500,
    },
];

impl Case {
    /// The last of two requests of this kind: what the first one uses up is missed by the second.
    fn ask(&self, gate: &MantletProcess) -> Response {
        let headers = [("Content-Type", "application/json")];
        let body = self.body.as_bytes();
        let ask = || wire::request(gate.address(), self.method, self.path, &headers, body);
        let _ = ask();
        ask()
    }
}

fn explain(gate: &MantletProcess, id: &str) -> Finished {
    let explained = gate.command(&["explain", id]);
    assert_eq!(explained.code, Some(0), "{explained:#?}");
    explained
}

/// The configuration at the end of an explanation.
fn snippet(explanation: &str) -> String {
    let lines = explanation.lines().skip_while(|line| line.trim() != "[[routes]]");
    lines.map(|line| line.trim().to_owned() + "\n").collect()
}

#[test]
fn the_exception_that_is_shown_lets_the_same_request_pass_and_no_other() {
    for case in CASES {
        let upstream = application();
        let strict = gate(&upstream, case.config);
        let refusal = case.ask(&strict);
        let (status, reason) = case.refused;
        assert_eq!(refusal.status, status, "{}: {refusal:?}", case.guard);
        let id = refusal.header("x-request-id").unwrap();
        let told = explain(&strict, id).stdout;
        for part in [case.guard, reason, "evidence ", "hint ", "127.0.0.1", case.method] {
            assert!(told.contains(part), "{part}: {told}");
        }
        let exception = snippet(&told);
        let lenient = gate(&upstream, &format!("{}{exception}", case.config));
        let passed = case.ask(&lenient);
        assert_eq!(passed.status, case.passed, "{}: {exception}", case.guard);
        assert!(!passed.text().contains(reason), "{}: {passed:?}", case.guard);
        let is_watched = |event: &Value| event["reason"] == reason && event["mode"] == "observe";
        let _ = lenient.wait_for_event(is_watched, PATIENCE);
        let other = Case { path: case.other, ..case }.ask(&lenient);
        assert_eq!(other.status, status, "{}: {exception}", case.guard);
    }
}

#[test]
fn no_exception_is_offered_where_none_would_be_narrow() {
    let upstream = application();
    let gate = gate(&upstream, "[guards.blocklist]\nblock = [\"127.0.0.0/8\"]\n");
    for path in ["/*", "/admin/*", "/token=k7Qz0vN4bUe1Rt9w/x"] {
        let refusal = wire::get(gate.address(), path, &[]);
        assert_eq!(refusal.status, 403);
        let told = explain(&gate, refusal.header("x-request-id").unwrap()).stdout;
        assert!(told.contains("address-blocked") && !told.contains("[[routes]]"), "{told}");
    }
    // A path without a meaning cannot be written into a route, whoever asked for it.
    let malformed = wire::get(gate.address(), "/..%2f", &[]);
    let told = explain(&gate, malformed.header("x-request-id").unwrap()).stdout;
    assert!(told.contains("address-blocked") && !told.contains("[[routes]]"), "{told}");
    let open = self::gate(&upstream, "");
    let malformed = wire::get(open.address(), "/..%2f", &[]);
    let told = explain(&open, malformed.header("x-request-id").unwrap()).stdout;
    assert!(told.contains("invalid-path") && !told.contains("[[routes]]"), "{told}");
}

#[test]
fn a_stopped_and_a_restarted_server_still_explain_from_the_log() {
    let folder = TempFolder::new();
    let upstream = application();
    let start = || {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        builder.upstream(&upstream.url()).data(folder.path().join("data")).start()
    };
    let mut first = start();
    let refusal = wire::get(first.address(), "/crash", &[]);
    let page = wire::get(first.address(), "/page", &[]);
    let [refused, answered] =
        [&refusal, &page].map(|response| response.header("x-request-id").unwrap().to_owned());
    let while_it_ran = explain(&first, &refused).stdout;
    let first_record = while_it_ran.split("\n\n").next().unwrap();
    assert_eq!(first.stop().code, Some(0));
    for is_running in [false, true] {
        let _second = is_running.then(start);
        let told = explain(&first, &refused).stdout;
        assert!(told.starts_with(first_record), "{told}");
        assert!(told.contains("internals-withheld"), "{told}");
        let told = explain(&first, &answered).stdout;
        assert!(told.contains("gateway.request.completed") && told.contains("/page"), "{told}");
    }
}

#[test]
fn an_unknown_id_is_a_finding_and_a_malformed_one_unusable() {
    let folder = TempFolder::new();
    let upstream = application();
    let mut gate = gate(&upstream, "");
    let id = wire::get(gate.address(), "/crash", &[]).header("x-request-id").unwrap().to_owned();
    let unknown = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44";
    for is_running in [true, false] {
        for (id, code, told) in [
            (unknown, 1, "no record of request"),
            ("019a9f2e", 2, "not a request id"),
            ("../../etc/passwd", 2, "not a request id"),
            ("", 2, "not a request id"),
        ] {
            let end = gate.command(&["explain", id]);
            assert_eq!(end.code, Some(code), "{id}: {end:#?}");
            assert!(end.stderr.contains(told) && end.stdout.is_empty(), "{id}: {end:#?}");
        }
        assert_eq!(gate.command(&["explain", &id.to_uppercase()]).code, Some(0), "any case");
        if is_running {
            gate.stop();
        }
    }
    let path = folder.path().join("nothing").display().to_string();
    let end = mantlet_testkit::run_program(
        env!("CARGO_BIN_EXE_mantlet"),
        &["explain", unknown, "--data", &path],
        PATIENCE,
    );
    assert_eq!(end.code, Some(1), "a folder without a log has no records: {end:#?}");
}

#[test]
fn records_can_be_had_as_json_lines() {
    let upstream = application();
    let mut gate = gate(&upstream, "");
    let id = wire::get(gate.address(), "/crash", &[]).header("x-request-id").unwrap().to_owned();
    gate.stop();
    let end = gate.command(&["explain", "--json", &id]);
    let records: Vec<Value> =
        end.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let names: Vec<&Value> = records.iter().map(|record| &record["event.name"]).collect();
    assert_eq!(names, ["errors.answer.replaced", "gateway.request.completed"]);
    assert!(records.iter().all(|record| record["request_id"] == *id), "{records:#?}");
}

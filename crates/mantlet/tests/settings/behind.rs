//! Settings of how servers behind the gate are talked to, each shown to act.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, free_address, poll_until};
use serde_json::Value;

use super::common::{PATIENCE, gate};

/// The binary in front of these servers.
fn gate_of(servers: &[String], config: &str) -> MantletProcess {
    let list: Vec<String> = servers.iter().map(|server| format!("{server:?}")).collect();
    let config = format!("{config}\n[[routes]]\npath = \"/*\"\nupstream = [{}]\n", list.join(", "));
    MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).config(&config).start()
}

/// Waits until this has happened to the server at `url`.
fn wait_for(gate: &MantletProcess, name: &str, url: &str) {
    let is_meant = |event: &Value| event["event.name"] == name && event["upstream.address"] == url;
    let _ = gate.wait_for_event(is_meant, PATIENCE);
}

#[test]
fn a_pause_inside_an_answer_is_as_long_as_is_said() {
    let answer = Answer::chunked(&["one", "two"], Duration::from_millis(1200));
    let upstream = FakeUpstream::answering(answer);
    for (setting, is_whole) in [("", true), ("idle_timeout = \"200ms\"\n", false)] {
        let gate = gate(&upstream, &format!("[upstream]\n{setting}"));
        let answer = wire::get(gate.address(), "/", &[]);
        assert_eq!((answer.status, answer.is_complete), (200, is_whole), "{setting}: {answer:?}");
    }
}

#[test]
fn a_request_that_reached_no_server_is_tried_on_others_as_often_as_is_said() {
    let good = FakeUpstream::answering(Answer::ok("good"));
    let gone = format!("http://{}", free_address());
    let health = "[upstream.health]\nfailures = 0\n[upstream.breaker]\nfailures = 0\n";
    for (setting, is_tried) in [("", true), ("retries = 0\n", false)] {
        let config = format!("[upstream]\n{setting}{health}");
        let gate = gate_of(&[gone.clone(), good.url()], &config);
        let statuses: Vec<u16> =
            (0..10).map(|_| wire::get(gate.address(), "/", &[]).status).collect();
        assert_eq!(!statuses.contains(&502), is_tried, "{setting}: {statuses:?}");
        assert!(statuses.contains(&200), "{setting}: {statuses:?}");
    }
}

/// A server whose answers to questions after its health are numbered, and come out as `script` says:
/// well or not; the last one stays.
fn scripted(script: &'static [bool]) -> (FakeUpstream, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let server = FakeUpstream::start(move |request| {
        if request.target != "/health" {
            return Answer::ok("x");
        }
        let number = counted.fetch_add(1, Ordering::SeqCst);
        let is_well = script.get(number).or_else(|| script.last()).copied().unwrap_or_default();
        Answer::status(if is_well { 204 } else { 500 })
    });
    (server, count)
}

#[test]
fn so_many_answers_about_health_in_a_row_take_a_server_out_and_bring_it_back() {
    const BRIEF: &[bool] = &[false, true];
    const BACK: &[bool] = &[false, false, false, true, true, false];
    let other = FakeUpstream::answering(Answer::ok("x"));
    for (setting, script, [is_out, is_back]) in [
        ("", BRIEF, [false, false]),
        ("unhealthy = 1\n", BRIEF, [true, true]),
        ("", BACK, [true, true]),
        ("healthy = 3\n", BACK, [true, false]),
    ] {
        let (server, asked) = scripted(script);
        let config =
            format!("[upstream.health]\npath = \"/health\"\ninterval = \"100ms\"\n{setting}");
        let gate = gate_of(&[server.url(), other.url()], &config);
        let is_over = || (asked.load(Ordering::SeqCst) > script.len() + 4).then_some(());
        assert!(poll_until(PATIENCE, is_over).is_some(), "{setting}");
        for (name, has_happened) in
            [("upstream.server.ejected", is_out), ("upstream.server.returned", is_back)]
        {
            if has_happened {
                wait_for(&gate, name, &server.url());
            }
            let events = gate.events();
            let is_there = events.iter().any(|event| event["event.name"] == name);
            assert_eq!(is_there, has_happened, "{setting} {name}: {events:#?}");
        }
    }
}

#[test]
fn an_answer_about_health_may_take_as_long_as_is_said() {
    let other = FakeUpstream::answering(Answer::ok("x"));
    let health = "path = \"/health\"\ninterval = \"100ms\"\nunhealthy = 1\n";
    for (setting, is_out) in [("", false), ("timeout = \"100ms\"\n", true)] {
        let slow = FakeUpstream::start(|request| {
            let wait = if request.target == "/health" { 600 } else { 0 };
            Answer::ok("x").after(Duration::from_millis(wait))
        });
        let config = format!("[upstream.health]\n{health}{setting}");
        let gate = gate_of(&[slow.url(), other.url()], &config);
        if is_out {
            wait_for(&gate, "upstream.server.ejected", &slow.url());
        } else {
            let _ = slow.wait_for(3, PATIENCE);
            let events = gate.events();
            let is_out = |event: &Value| event["event.name"] == "upstream.server.ejected";
            assert!(!events.iter().any(is_out), "{events:#?}");
        }
    }
}

#[test]
fn failures_count_together_within_the_time_that_is_said() {
    let gone = format!("http://{}", free_address());
    for (setting, last) in [("", 503), ("window = \"1s\"\n", 502)] {
        let config = format!("[upstream.breaker]\nminimum = 4\n{setting}");
        let gate = gate_of(std::slice::from_ref(&gone), &config);
        let ask = || wire::get(gate.address(), "/", &[]).status;
        assert_eq!([ask(), ask(), ask()], [502; 3], "{setting}");
        thread::sleep(Duration::from_millis(2500));
        assert_eq!([ask(), ask()], [502, last], "{setting}");
    }
}

#[test]
fn the_header_that_names_the_client_is_the_one_that_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let block = "[guards.blocklist]\nblock = [\"198.51.100.7\"]\n";
    let headers = [
        ("X-Forwarded-For", "198.51.100.7"),
        ("Forwarded", "for=198.51.100.7"),
        ("X-Real-IP", "198.51.100.7"),
    ];
    for (setting, expected) in [
        ("", [403, 200, 200]),
        ("header = \"forwarded\"\n", [200, 403, 200]),
        ("header = \"x-real-ip\"\n", [200, 200, 403]),
    ] {
        let config = format!("[client]\ntrusted_proxies = [\"127.0.0.1\"]\n{setting}{block}");
        let gate = gate(&upstream, &config);
        let statuses = headers.map(|header| wire::get(gate.address(), "/", &[header]).status);
        assert_eq!(statuses, expected, "{setting}");
    }
}

#[test]
fn a_server_that_stops_waits_for_requests_as_long_as_is_said() {
    for (setting, is_answered) in [("", true), ("drain = \"100ms\"\n", false)] {
        let upstream = FakeUpstream::answering(Answer::ok("x").after(Duration::from_millis(1500)));
        let mut gate = gate(&upstream, &format!("[server]\n{setting}"));
        let mut waiting = wire::Connection::open(gate.address()).unwrap();
        waiting.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        let _ = upstream.wait_for(1, PATIENCE);
        let _ = gate.stop();
        let status = waiting.read_response().map_or(0, |answer| answer.status);
        assert_eq!(status == 200, is_answered, "{setting}: {status}");
    }
}

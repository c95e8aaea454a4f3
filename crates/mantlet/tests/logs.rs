//! What the real binary writes down, and what it never writes.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::fs;
use std::net::SocketAddr;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, free_address};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(10);
const FILES: [&str; 3] = ["log/events.jsonl", "log/access.jsonl", "audit/audit.jsonl"];
const BLOCK: &str = "[guards.blocklist]\nblock = [\"127.0.7.0/24\"]\n";

fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).start()
}

/// Everything that was written, on disk and to standard error.
fn written(gate: &MantletProcess) -> String {
    let read = |name| fs::read_to_string(gate.data().join(name)).unwrap_or_default();
    FILES.map(read).concat() + &gate.stderr()
}

// covers: ETSM-26, YMERA-25 (binary)
#[test]
fn etsm_d21_ymera_d24_a_request_is_one_structured_line_with_the_clients_own_address() {
    let upstream = FakeUpstream::answering(Answer::of(418, "text/plain", "teapot"));
    let gate = gate(&upstream, "[client]\ntrusted_proxies = [\"127.0.0.1/32\"]\n");
    let headers =
        [("User-Agent", "probe/1.0 \"x\""), ("X-Forwarded-For", "198.51.100.1, 203.0.113.9")];
    let answer = wire::request(gate.address(), "POST", "/api//items?page=2", &headers, b"12345");
    let id = answer.header("x-request-id").unwrap();
    let line = gate.wait_for_access(|line| line["request_id"] == id, PATIENCE);
    for (key, expected) in [
        ("event.name", Value::from("gateway.request.completed")),
        ("severity", "info".into()),
        ("source.ip", "203.0.113.9".into()),
        ("http.request.method", "POST".into()),
        ("url.domain", "127.0.0.1".into()),
        ("url.path", "/api/items".into()),
        ("route", "/*".into()),
        ("http.version", "1.1".into()),
        ("http.response.status_code", 418.into()),
        ("http.request.body.bytes", 5.into()),
        ("http.response.body.bytes", 6.into()),
        ("event.outcome", "complete".into()),
        ("user_agent.original", "probe/1.0 \"x\"".into()),
    ] {
        assert_eq!(line[key], expected, "{key}: {line:#}");
    }
    assert!(line["event.duration_ms"].as_f64().unwrap() > 0.0, "{line:#}");
    assert_utc(&line);
    assert_eq!(line["trace.id"].as_str().unwrap().len(), 32);
    assert_eq!(gate.access().len(), 1, "one request, one line");
}

#[test]
fn a_flood_of_refusals_is_counted_and_the_metrics_are_exact() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate(&upstream, &format!("[log]\nrefusals = 3\n{BLOCK}"));
    for host in 1..=8 {
        let mut client = Connection::open_from([127, 0, 7, host].into(), gate.address()).unwrap();
        client.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        assert_eq!(client.read_response().unwrap().status, 403);
    }
    let refused = "blocklist.request.refused";
    assert_eq!(gate.metric(&format!("mantlet_events_total{{name=\"{refused}\"}}")), 8);
    assert_eq!(gate.stop().code, Some(0));
    let events = gate.events();
    assert_eq!(events.iter().filter(|event| event["event.name"] == refused).count(), 3);
    let summaries: Vec<_> =
        events.iter().filter(|event| event["event.name"] == "log.refusal.suppressed").collect();
    assert_eq!(summaries.len(), 1, "{events:#?}");
    for (key, expected) in [
        ("reason", Value::from("address-blocked")),
        ("network", "127.0.7.0/24".into()),
        ("count", 5.into()),
    ] {
        assert_eq!(summaries[0][key], expected, "{key}");
    }
    assert_eq!(gate.access().len(), 8, "the access log has all of them");
}

/// `2026-01-01T00:00:00.000Z`
fn assert_utc(line: &Value) {
    let at = line["at"].as_str().unwrap();
    assert!(at.len() == 24 && at.as_bytes()[10] == b'T' && at.ends_with('Z'), "{at}");
}

// covers: ETSM-24, ETSM-25, SAMO-32, SAMO-33 (binary)
#[test]
fn a_refusal_is_an_event_that_says_who_what_and_why() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, BLOCK);
    let mut client = Connection::open_from([127, 0, 7, 1].into(), gate.address()).unwrap();
    client.write(&wire::render(gate.address(), "GET", "/page", &[], b"")).unwrap();
    let refusal = client.read_response().unwrap();
    let id = refusal.header("x-request-id").unwrap();
    let event = gate.wait_for_refusal(id, PATIENCE);
    for (key, expected) in [
        ("event.name", "blocklist.request.refused"),
        ("event.code", "authz_fail"),
        ("severity", "medium"),
        ("guard", "blocklist"),
        ("mode", "enforce"),
        ("reason", "address-blocked"),
        ("source.ip", "127.0.7.1"),
        ("http.request.method", "GET"),
        ("url.path", "/page"),
    ] {
        assert_eq!(event[key], expected, "{key}: {event:#}");
    }
    assert!(event["evidence"].as_str().unwrap().contains("127.0.7.0/24"), "{event:#}");
    assert!(event["hint"].as_str().unwrap().contains("mantlet block remove"), "{event:#}");
    assert_eq!(event["http.response.status_code"], 403);
    assert_utc(&event);
}

#[test]
fn no_access_log_is_written_when_none_is_wanted() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate(&upstream, "[log]\naccess = false\n");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    assert_eq!(wire::get(gate.address(), "/..%2f", &[]).status, 400);
    gate.stop();
    assert!(!gate.data().join("log/access.jsonl").exists());
    assert!(gate.events().iter().any(|event| event["reason"] == "invalid-path"));
    let told = written(&gate);
    assert!(!told.contains("gateway.request.completed"), "{told}");
}

#[test]
fn etsm_d20_full_log_files_are_put_aside_and_only_as_many_kept_as_wanted() {
    let upstream = FakeUpstream::answering(Answer::status(204));
    let mut gate = gate(&upstream, "[log]\nrotate = \"64KiB\"\nkeep = 2\n");
    let mut connection = Connection::open(gate.address()).unwrap();
    for number in 0..800 {
        let path = format!("/{number:04}/{}", "x".repeat(100));
        connection.write(&wire::render(gate.address(), "GET", &path, &[], b"")).unwrap();
        assert_eq!(connection.read_response().unwrap().status, 204);
    }
    gate.stop();
    let folder = gate.data().join("log");
    let mut names: Vec<String> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.starts_with("access"))
        .collect();
    names.sort();
    assert_eq!(names, ["access.jsonl", "access.jsonl.1", "access.jsonl.2"]);
    let texts = ["access.jsonl.2", "access.jsonl.1", "access.jsonl"]
        .map(|name| fs::read_to_string(folder.join(name)).unwrap());
    assert!(texts.iter().all(|text| text.len() <= 64 * 1024 && text.ends_with('\n')));
    let all = texts.concat();
    let lines = all.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let numbers: Vec<u32> = lines.map(|line| number(&line)).collect();
    let expected: Vec<u32> = (800 - u32::try_from(numbers.len()).unwrap()..800).collect();
    assert_eq!(numbers, expected, "the newest, none missing, none twice");
}

/// The number with which the path begins.
fn number(line: &Value) -> u32 {
    line["url.path"].as_str().unwrap().split('/').nth(1).unwrap().parse().unwrap()
}

// covers: ELITE-19 (binary)
#[test]
fn standard_error_carries_the_same_events_as_json_lines_unless_told_otherwise() {
    for (setting, is_json, is_text) in
        [("auto", true, false), ("text", false, true), ("off", false, false)]
    {
        let upstream = FakeUpstream::answering(Answer::ok("x"));
        let mut gate = gate(&upstream, &format!("[log]\nterminal = \"{setting}\"\n"));
        let refusal = wire::get(gate.address(), "/..%2f", &[]);
        let id = refusal.header("x-request-id").unwrap();
        gate.stop();
        let told = gate.stderr();
        let lines = told.lines().filter(|line| line.starts_with('{'));
        let json: Vec<Value> = lines.map(|line| serde_json::from_str(line).unwrap()).collect();
        let expected = if is_json { gate.events() } else { Vec::new() };
        assert_eq!(json, expected, "{setting}: {told}");
        let has_text = told.lines().any(|line| !line.starts_with('{') && line.contains(id));
        assert_eq!(has_text, is_text, "{setting}: {told}");
    }
}

/// Answers of every kind: from the application, of a guard, of a stage, of what is not HTTP.
#[test]
fn every_answer_has_the_request_id_of_its_log_line_and_never_the_clients_own() {
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/ws" => Answer::WebSocketEcho,
        "/own" => Answer::ok("x").header("X-Request-Id", "the-applications"),
        _ => Answer::status(404),
    });
    let folder = TempFolder::new();
    folder.write("static/page.txt", "x");
    let dead = free_address();
    let config = format!(
        "{BLOCK}[[routes]]\npath = \"/static/*\"\nstatic = {:?}\n[[routes]]\npath = \"/dead\"\nupstream = [\"http://{dead}\"]\n[[routes]]\npath = \"/no\"\ndeny = true\n[[routes]]\npath = \"/old\"\nredirect = \"/new\"\n",
        folder.path()
    );
    let gate = gate(&upstream, &config);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (start, more, status) in [
        ("GET /own HTTP/1.1", "", 200),
        ("GET /missing HTTP/1.1", "", 404),
        ("HEAD /own HTTP/1.1", "", 200),
        ("GET /static/page.txt HTTP/1.1", "", 200),
        ("GET /static/none HTTP/1.1", "", 404),
        ("GET /dead HTTP/1.1", "", 502),
        ("GET /no HTTP/1.1", "", 403),
        ("GET /old HTTP/1.1", "", 308),
        ("GET /..%2f HTTP/1.1", "", 400),
        ("GET /.mantlet/x HTTP/1.1", "", 404),
        ("TRACE / HTTP/1.1", "", 501),
        ("GET / HTTP/1.1", "Content-Length: 1\r\nContent-Length: 2\r\n", 400),
        ("GET / HTTP/1.1", "Bad Header: x\r\n", 400),
        ("GET /ws HTTP/1.1", upgrade, 101),
    ] {
        let id = ask(gate.address(), start, more, status);
        let line = gate.wait_for_access(|line| line["request_id"] == *id, PATIENCE);
        if status != 101 {
            assert_eq!(line["http.response.status_code"], status, "{start}: {line:#}");
        }
        let seen = upstream.requests().pop().filter(|_| matches!(status, 200 | 404 | 101));
        if let Some(seen) = seen.filter(|seen| start.contains(&*seen.target)) {
            assert_eq!(seen.headers.get_all("x-request-id"), [&id], "{start}");
        }
    }
}

/// Sends one request with an id of the client's own; the id of the answer.
fn ask(address: SocketAddr, start: &str, more: &str, status: u16) -> String {
    let head = format!("{start}\r\nHost: x\r\nX-Request-Id: the-clients\r\n{more}\r\n");
    let mut connection = Connection::open(address).unwrap();
    connection.write(head.as_bytes()).unwrap();
    let method = start.split(' ').next().unwrap();
    let answer = connection.read_response_to(method).unwrap();
    assert_eq!(answer.status, status, "{start}: {answer:?}");
    let ids = answer.headers.get_all("x-request-id");
    assert!(ids.len() == 1 && ids[0].len() == 36, "{start}: {ids:?}");
    ids[0].to_owned()
}

#[test]
fn a_callers_trace_is_continued_with_a_span_of_our_own() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, "");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    for (number, sent) in [parent, "00-rubbish-01"].into_iter().enumerate() {
        let headers = [("traceparent", sent), ("tracestate", "vendor=1")];
        let answer = wire::get(gate.address(), "/", &headers);
        let seen = upstream.wait_for(number + 1, PATIENCE)[number].clone();
        let passed = seen.headers.get_all("traceparent");
        assert_eq!(passed.len(), 1, "{}", seen.head());
        let [version, trace, span, flags] = passed[0].split('-').collect::<Vec<_>>()[..] else {
            panic!("{passed:?}");
        };
        assert_eq!((version, trace.len(), span.len(), flags.len()), ("00", 32, 16, 2));
        assert_eq!(trace == "4bf92f3577b34da6a3ce929d0e0e4736", sent == parent, "{passed:?}");
        assert_ne!(span, "00f067aa0ba902b7");
        let id = answer.header("x-request-id").unwrap();
        let line = gate.wait_for_access(|line| line["request_id"] == id, PATIENCE);
        assert_eq!(line["trace.id"], trace);
    }
}

//! Applications that misbehave, and connections to them.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection, Ending};
use mantlet_testkit::{Answer, FakeUpstream, free_address, poll_until};

use common::{PATIENCE, assert_refused, gate};

const INVALID: (u16, &str) = (502, "upstream-invalid");

fn raw(text: &str) -> Answer {
    Answer::Raw(text.as_bytes().to_vec())
}

fn start(answer: Answer, config: &str) -> (FakeUpstream, mantlet_testkit::MantletProcess) {
    let upstream = FakeUpstream::answering(answer);
    let gate = gate(&upstream, config);
    (upstream, gate)
}

#[test]
fn an_application_that_never_answers_is_given_up_in_time() {
    let (_upstream, gate) = start(Answer::Silence, "[upstream]\nresponse_timeout = \"600ms\"\n");
    for (method, body) in [("GET", ""), ("POST", "text"), ("POST", "[1]")] {
        let begun = Instant::now();
        let kind = if body == "[1]" { "application/json" } else { "text/plain" };
        let headers = [("Content-Type", kind)];
        let response = wire::request(gate.address(), method, "/", &headers, body.as_bytes());
        assert_refused(&gate, &response, (504, "upstream-timeout"), method);
        let took = begun.elapsed();
        assert!(took > Duration::from_millis(500) && took < Duration::from_secs(3), "{took:?}");
    }
}

/// A server that begins its answer and then sends a byte now and then, for as long as it may.
fn trickling() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]);
        let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        for _ in 0..1000 {
            if sent.is_err() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
            sent = stream.write_all(b"x");
        }
    });
    address
}

#[test]
fn a_head_that_trickles_does_not_put_off_the_time_for_the_answer() {
    let config = format!(
        "[upstream]\nresponse_timeout = \"600ms\"\n[[routes]]\npath = \"/*\"\nupstream = \"http://{}\"\n",
        trickling()
    );
    let binary = env!("CARGO_BIN_EXE_mantlet");
    let gate = mantlet_testkit::MantletProcess::builder(binary).config(&config).start();
    let response = wire::get(gate.address(), "/", &[]);
    assert_refused(&gate, &response, (504, "upstream-timeout"), "trickles");
}

#[test]
fn what_is_no_answer_becomes_502() {
    let many: String = (0..2000).map(|n| format!("X-{n}: 1\r\n")).collect();
    let long = "x".repeat(2_000_000);
    for (name, answer) in [
        ("hangs up", Answer::Hangup),
        ("garbage", Answer::garbage()),
        ("nothing but a line", Answer::Raw(b"HTTP/1.1 200".to_vec())),
        ("half a head", Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Le".to_vec())),
        ("a bad status", Answer::Raw(b"HTTP/1.1 99999 OK\r\n\r\n".to_vec())),
        ("two lengths", Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab".to_vec())),
        ("one length twice", raw("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na")),
        ("length and coding", raw("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")),
        ("another coding", raw("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")),
        ("lines without CR", raw("HTTP/1.1 200 OK\nContent-Length: 1\n\na")),
        ("a folded line", raw("HTTP/1.1 200 OK\r\nA: 1\r\n b\r\nContent-Length: 1\r\n\r\na")),
        ("a space before the colon", raw("HTTP/1.1 200 OK\r\nContent-Length : 1\r\n\r\na")),
        ("a carriage return in a value", raw("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n")),
        ("hints without end", Answer::Raw(b"HTTP/1.1 100 Continue\r\n\r\n".repeat(1000))),
        ("257 headers", Answer::Raw(format!("HTTP/1.1 200 OK\r\n{}\r\n", "X: 1\r\n".repeat(257)).into_bytes())),
        ("a header without colon", Answer::Raw(b"HTTP/1.1 200 OK\r\nnonsense\r\n\r\n".to_vec())),
        ("a large head", Answer::Raw(format!("HTTP/1.1 200 OK\r\nX: {long}\r\n\r\n").into_bytes())),
        ("many headers", Answer::Raw(format!("HTTP/1.1 200 OK\r\n{many}\r\n").into_bytes())),
        ("switches unasked", Answer::Raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n".to_vec())),
    ] {
        let (_upstream, gate) = start(answer, "");
        let response = wire::get(gate.address(), "/", &[]);
        assert_refused(&gate, &response, INVALID, name);
        assert!(!gate.stderr().contains("panic"), "{name}: {}", gate.stderr());
        assert_eq!(wire::get(gate.admin(), "/livez", &[]).status, 200, "{name}");
    }
}

#[test]
fn an_answer_may_have_many_headers_and_the_limit_is_a_setting() {
    let lines: String = (0..255).map(|n| format!("X-{n}: 1\r\n")).collect();
    let answer = raw(&format!("HTTP/1.1 200 OK\r\n{lines}Content-Length: 2\r\n\r\nok"));
    let (upstream, gate_of_many) = start(answer, "");
    let response = wire::get(gate_of_many.address(), "/", &[]);
    assert_eq!((response.status, response.text().as_str()), (200, "ok"));
    assert_eq!(response.header("x-254"), Some("1"));
    for limit in ["header_count = 255", "head_limit = \"1KiB\""] {
        let gate = gate(&upstream, &format!("[upstream]\n{limit}\n"));
        let response = wire::get(gate.address(), "/", &[]);
        let event = assert_refused(&gate, &response, INVALID, limit);
        let key = limit.split(' ').next().unwrap();
        assert!(event["evidence"].to_string().contains(key), "{limit}: {event:#}");
    }
}

/// A server that answers every request with `first` and then, at once or later, with bytes nobody
/// asked for; it never closes a connection. Counts how often it has done so.
fn talkative(first: &'static [u8], later: Option<Duration>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind(free_address()).unwrap();
    let (address, count) = (listener.local_addr().unwrap(), Arc::<AtomicUsize>::default());
    let injected = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison";
    let counted = Arc::clone(&count);
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, counted) = (stream.unwrap(), Arc::clone(&counted));
            thread::spawn(move || {
                while let Ok(1..) = stream.read(&mut [0; 4096]) {
                    let _ = match later {
                        None => stream.write_all(&[first, injected].concat()),
                        Some(wait) => stream.write_all(first).and_then(|()| {
                            thread::sleep(wait);
                            stream.write_all(injected)
                        }),
                    };
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    (address, count)
}

#[test]
fn what_nobody_asked_for_reaches_nobody() {
    let whole = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    let empty = b"HTTP/1.1 204 No Content\r\n\r\n";
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n";
    for first in [&whole[..], empty, chunked] {
        for later in [None, Some(Duration::ZERO), Some(Duration::from_millis(5))] {
            let (address, count) = talkative(first, later);
            let builder = mantlet_testkit::MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
            let config = "[server]\nworkers = 1\n";
            let gate = builder.upstream(&format!("http://{address}")).config(config).start();
            for (turn, method) in ["GET", "POST", "GET", "POST", "GET"].iter().enumerate() {
                // What came late lies on the kept connection by now.
                let is_there = || (count.load(Ordering::SeqCst) >= turn).then_some(());
                poll_until(PATIENCE, is_there).expect("the server goes on");
                let response = wire::request(gate.address(), method, "/", &[], b"");
                assert!(!response.text().contains("poison"), "{later:?} {method}: {response:?}");
                assert!(matches!(response.status, 200 | 204), "{later:?} {method}: {response:?}");
            }
        }
    }
}

#[test]
fn an_application_that_is_not_there_is_named_unreachable_and_found_when_it_comes() {
    let address = free_address();
    let builder = mantlet_testkit::MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&format!("http://{address}")).start();
    let response = wire::get(gate.address(), "/", &[]);
    assert!(!response.text().contains(&address.port().to_string()), "{}", response.text());
    assert_refused(&gate, &response, (502, "upstream-unreachable"), "nobody listens");
    let listener = TcpListener::bind(address).unwrap();
    let answering = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 4096]).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
    });
    assert_eq!(wire::get(gate.address(), "/", &[]).text(), "ok");
    answering.join().unwrap();
}

#[test]
fn an_answer_that_breaks_off_is_never_shown_as_whole() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec();
    for answer in [Answer::cut_short(100, "hello"), Answer::Raw(chunked)] {
        let (_upstream, mut gate) = start(answer, "");
        let answer = wire::send_raw(gate.address(), b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
        let response = &answer.responses()[0];
        assert!(response.status != 200 || !response.is_complete, "{}", answer.text());
        assert!(!answer.text().ends_with("0\r\n\r\n"), "{}", answer.text());
        assert!(matches!(answer.ending, Ending::Closed | Ending::Reset), "{answer:?}");
        gate.stop();
        assert_eq!(gate.access()[0]["event.outcome"], "aborted", "{:#?}", gate.access());
    }
}

#[test]
fn a_connection_that_the_application_has_closed_costs_no_request() {
    // Says nothing of closing, and closes: what servers do with connections they find idle.
    let answer = Answer::Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_vec());
    let (upstream, gate) = start(answer, "");
    let mut connection = Connection::open(gate.address()).unwrap();
    let request = wire::render(gate.address(), "GET", "/", &[], b"");
    for turn in 0..200 {
        connection.write(&request).unwrap();
        let response = connection.read_response().unwrap();
        assert_eq!(response.status, 200, "request {turn}: {response:?}");
        // Now before the close has been noticed, now after.
        thread::sleep(Duration::from_micros(turn % 7 * 100));
    }
    assert_eq!(upstream.requests().len(), 200, "no request came twice");
}

#[test]
fn answers_never_reach_another_client() {
    let (upstream, gate) = start(Answer::Echo, "");
    let address = gate.address();
    thread::scope(|scope| {
        for client in 0..50 {
            scope.spawn(move || {
                let mut connection = Connection::open(address).unwrap();
                for turn in 0..20 {
                    let token = format!("{client}-{turn}");
                    let (method, body) =
                        if turn % 2 == 0 { ("GET", "") } else { ("POST", token.as_str()) };
                    let path = format!("/{token}");
                    let request = wire::render(
                        address,
                        method,
                        &path,
                        &[("X-Token", &token)],
                        body.as_bytes(),
                    );
                    connection.write(&request).unwrap();
                    let response = connection.read_response().unwrap();
                    let echo = response.json();
                    assert_eq!((response.status, &echo["target"]), (200, &path.clone().into()));
                    assert_eq!(echo["body"], body);
                    assert!(
                        echo["headers"].to_string().contains(&format!("[\"x-token\",\"{token}\"]")),
                        "{echo}"
                    );
                }
            });
        }
    });
    assert_eq!(upstream.requests().len(), 1000);
    assert!(upstream.faults().is_empty(), "{:?}", upstream.faults());
    assert!(upstream.connections() <= 100, "{} connections", upstream.connections());
}

#[test]
fn connections_are_kept_for_the_next_request() {
    let (upstream, gate) = start(Answer::ok("ok"), "[server]\nworkers = 1\n");
    for _ in 0..30 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
        assert_eq!(wire::request(gate.address(), "POST", "/", &[], b"x").status, 200);
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn after_head_a_connection_is_kept_where_no_body_can_follow_and_else_not() {
    for (text, connections) in [("", 1), ("12345", 2)] {
        let (upstream, gate) = start(Answer::ok(text), "[server]\nworkers = 1\n");
        let head = wire::request(gate.address(), "HEAD", "/", &[], b"");
        assert_eq!(
            (head.status, head.header("content-length").unwrap()),
            (200, &*text.len().to_string())
        );
        assert_eq!(wire::get(gate.address(), "/", &[]).text(), text);
        assert_eq!(upstream.connections(), connections, "`{text}`");
    }
}

#[test]
fn answers_without_a_body_stay_so_and_hints_do_not_confuse() {
    for (answer, status) in [
        (Answer::status(204), 204),
        (Answer::status(304), 304),
        (Answer::ok("").after_early_hints(), 200),
        (Answer::status(204).after_early_hints(), 204),
    ] {
        let (_upstream, gate) = start(answer, "");
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n".repeat(2);
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        let finals: Vec<u16> =
            answer.statuses().into_iter().filter(|status| *status >= 200).collect();
        assert_eq!(finals, [status, status], "{}", answer.text());
        assert!(answer.rest().is_empty(), "{}", answer.text());
        assert!(!answer.text().contains("chunked"), "{}", answer.text());
        let lengths = answer.responses()[0].headers.get_all("content-length").concat();
        assert!(status != 204 || lengths.is_empty(), "{}", answer.text());
    }
}

#[test]
fn over_the_most_connections_requests_are_refused_and_then_served_again() {
    let upstream = FakeUpstream::start(|request| {
        let wait = if request.target == "/slow" { 1500 } else { 0 };
        Answer::ok("ok").after(Duration::from_millis(wait))
    });
    let gate = gate(&upstream, "[server]\nworkers = 1\n[upstream]\nmax_connections = 1\n");
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(&wire::render(gate.address(), "GET", "/slow", &[], b"")).unwrap();
    let _ = upstream.wait_for(1, PATIENCE);
    let refused = wire::get(gate.address(), "/", &[]);
    assert_refused(&gate, &refused, (503, "upstream-saturated"), "the second at a time");
    assert_eq!(slow.read_response().unwrap().status, 200);
    for _ in 0..5 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "one after another");
    }
    assert_eq!(upstream.connections(), 1);
}

#[test]
fn a_refusal_of_an_upload_that_comes_early_arrives() {
    let early = Answer::Raw(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno".to_vec());
    let upstream = FakeUpstream::answering_early(early);
    let gate = gate(&upstream, "[[routes]]\npath = \"/*\"\nupload = true\n");
    let mut connection = Connection::open(gate.address()).unwrap();
    connection
        .write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\nbeginning")
        .unwrap();
    let response = connection.read_response().unwrap();
    assert_eq!((response.status, response.text().as_str()), (403, "no"));
}

#[test]
fn an_unfinished_upload_holds_up_nobody_elses_request() {
    let listener = TcpListener::bind(free_address()).unwrap();
    let address = listener.local_addr().unwrap();
    // Answers each head at once and keeps the connection, the body still on its way.
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                let mut seen = Vec::new();
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer) {
                    seen.extend_from_slice(&buffer[..count]);
                    if seen.windows(4).any(|four| four == b"\r\n\r\n") {
                        seen.clear();
                        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                    }
                }
            });
        }
    });
    let config = "[server]\nworkers = 1\n[[routes]]\npath = \"/*\"\nupload = true\n";
    let builder = mantlet_testkit::MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&format!("http://{address}")).config(config).start();
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nbeginning").unwrap();
    assert_eq!(slow.read_response().unwrap().status, 200);
    let begun = Instant::now();
    for _ in 0..20 {
        let _ = slow.write(b"x");
        assert_eq!(wire::get(gate.address(), "/", &[]).text(), "ok");
    }
    assert!(begun.elapsed() < Duration::from_secs(3), "took {:?}", begun.elapsed());
}

#[test]
fn a_connection_that_answered_head_is_not_used_for_the_next_client() {
    let (upstream, gate) = start(Answer::ok("what HEAD must not have"), "[server]\nworkers = 1\n");
    for method in ["HEAD", "GET", "HEAD", "GET"] {
        let response = wire::request(gate.address(), method, "/", &[], b"");
        assert_eq!(response.status, 200, "{method}");
    }
    let used: Vec<usize> = upstream.requests().iter().map(|request| request.connection).collect();
    // A body that comes after all would be the next request's answer.
    assert!(used.windows(2).step_by(2).all(|pair| pair.first() != pair.last()), "{used:?}");
}

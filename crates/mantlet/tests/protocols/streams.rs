//! HTTP/2 clients that ask and take nothing, stop in the middle, or flood.

use std::time::{Duration, Instant};

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, Received, poll_until};

use crate::common::{PATIENCE, gate};
use crate::frames::{CONTINUATION, Client, HEADERS, Outcome, RST_STREAM, block, frame};

const GET: [(&str, &str); 4] =
    [(":method", "GET"), (":scheme", "http"), (":authority", "a"), (":path", "/large")];
const SEND: &str = "mantlet_limit_reached_total{limit=\"server.send_timeout\"}";
const HEAD: &str = "mantlet_limit_reached_total{limit=\"server.head_timeout\"}";
const FLOOD: &str = "mantlet_limit_reached_total{limit=\"http2.flood\"}";
const DATA: u8 = 0;
const PING: u8 = 6;
const SETTINGS: u8 = 4;
const WINDOW_UPDATE: u8 = 8;

fn start(size: usize, server: &str) -> (FakeUpstream, MantletProcess) {
    let body = "x".repeat(size);
    let upstream = FakeUpstream::start(move |request| match request.target.as_str() {
        "/large" => Answer::ok(&body),
        "/late" => Answer::ok("late").after(Duration::from_secs(3)),
        _ => Answer::ok("ok"),
    });
    let gate = gate(&upstream, &format!("[server]\n{server}\n"));
    (upstream, gate)
}

fn await_count(gate: &MantletProcess, series: &str, count: u64) {
    let is_there = || (gate.metric(series) >= count).then_some(());
    poll_until(PATIENCE, is_there).unwrap_or_else(|| panic!("{series}: {}", gate.metrics()));
}

/// A window of so many bytes for every stream.
fn initial_window(size: u32) -> Vec<u8> {
    let mut setting = 4_u16.to_be_bytes().to_vec();
    setting.extend(size.to_be_bytes());
    frame(SETTINGS, 0, 0, &setting)
}

#[test]
fn a_client_that_answers_pings_and_takes_nothing_loses_its_stream_and_no_more() {
    let (upstream, gate) = start(1_000_000, "send_timeout = \"700ms\"");
    let mut client = Client::open(gate.address());
    client.request(1, &GET, b"");
    // The window of 65,535 bytes is never opened. Other streams do go on meanwhile.
    let begun = Instant::now();
    let mut small = GET;
    small[3] = (":path", "/small");
    assert_eq!(client.outcome(1), Outcome::Reset);
    assert!(begun.elapsed() > Duration::from_millis(600), "{:?}", begun.elapsed());
    await_count(&gate, SEND, 1);
    let entry = gate.wait_for_access(|entry| entry["url.path"] == "/large", PATIENCE);
    assert_eq!(entry["event.outcome"], "aborted", "{entry:#}");
    // The connection goes on, with its window opened again.
    client.write(&frame(WINDOW_UPDATE, 0, 0, &100_000_u32.to_be_bytes()));
    client.request(3, &small, b"");
    assert_eq!(client.outcome(3), Outcome::Answered("ok".to_owned()));
    let open = || (upstream.open_connections() <= 1).then_some(());
    poll_until(PATIENCE, open).expect("the application's connection is given up");
}

#[test]
fn small_answers_that_nobody_takes_do_not_hold_the_connection_for_ever() {
    let (_upstream, gate) = start(4000, "send_timeout = \"700ms\"");
    for window in [0, 1, 100] {
        let before = gate.metric(SEND);
        let mut client = Client::open(gate.address());
        client.write(&initial_window(window));
        client.request(1, &GET, b"");
        assert!(matches!(client.outcome(1), Outcome::Reset | Outcome::Ended), "{window}");
        await_count(&gate, SEND, before + 1);
    }
}

#[test]
fn an_application_that_is_slow_is_not_the_clients_fault() {
    let (_upstream, gate) = start(10, "send_timeout = \"500ms\"\nhead_timeout = \"500ms\"");
    let mut client = Client::open(gate.address());
    let mut late = GET;
    late[3] = (":path", "/late");
    client.request(1, &late, b"");
    assert_eq!(client.outcome(1), Outcome::Answered("late".to_owned()));
    assert_eq!(gate.metric(SEND), 0);
}

#[test]
fn a_slow_client_that_goes_on_is_served_to_the_end() {
    let (_upstream, gate) = start(200_000, "send_timeout = \"1s\"");
    let mut client = Client::open(gate.address());
    client.request(1, &GET, b"");
    // A little room at a time, far more often than the limit asks for, and for longer than it.
    let opener = std::thread::scope(|scope| {
        let mut writing = client.second_hand();
        let opening = scope.spawn(move || {
            for _ in 0..20 {
                std::thread::sleep(Duration::from_millis(150));
                for stream in [0, 1_u32] {
                    let more = 10_000_u32.to_be_bytes();
                    writing.write(&frame(WINDOW_UPDATE, 0, stream, &more));
                }
            }
        });
        let outcome = client.outcome(1);
        opening.join().unwrap();
        outcome
    });
    let Outcome::Answered(body) = opener else { panic!("{opener:?}") };
    assert_eq!(body.len(), 200_000);
    assert_eq!(gate.metric(SEND), 0);
}

/// The end of a stream that a client resets without an error is no end of a body: what has come of an
/// upload must not pass for all of it.
#[test]
fn half_a_body_never_passes_for_a_whole_one() {
    let (upstream, gate) = start(10, "[[routes]]\npath = \"/upload\"\nupload = true");
    for path in ["/upload", "/held"] {
        let mut client = Client::open(gate.address());
        client.request(1, &GET, b"");
        assert!(matches!(client.outcome(1), Outcome::Answered(_)));
        let mut post = GET;
        (post[0], post[3]) = ((":method", "POST"), (":path", path));
        let json = [("content-type", "application/json")];
        client.write(&frame(HEADERS, 4, 3, &block(&[&post[..], &json].concat())));
        client.write(&frame(DATA, 0, 3, b"[1]"));
        // Until what is passed on as it comes has been.
        std::thread::sleep(Duration::from_millis(300));
        client.write(&frame(RST_STREAM, 0, 3, &[0; 4]));
        client.request(5, &GET, b"");
        assert!(matches!(client.outcome(5), Outcome::Answered(_)), "the connection goes on");
        let entry = gate.wait_for_access(|entry| entry["url.path"] == path, PATIENCE);
        assert_eq!(entry["event.outcome"], "aborted", "{entry:#}");
    }
    let is_whole = |request: &Received| request.method == "POST" && request.is_complete;
    assert!(!upstream.requests().iter().any(is_whole), "{:#?}", upstream.requests());
}

#[test]
fn half_a_head_ends_the_connection_in_time() {
    let (upstream, gate) = start(10, "head_timeout = \"500ms\"");
    let head = frame(HEADERS, 5, 3, &block(&GET));
    for (part, count) in [(frame(HEADERS, 1, 3, &block(&GET)), 1), (head[..12].to_vec(), 2)] {
        let mut client = Client::open(gate.address());
        // Settings are settled first: an acknowledgement within a head would be an error.
        client.request(1, &GET, b"");
        assert!(matches!(client.outcome(1), Outcome::Answered(_)));
        client.write(&part);
        assert_eq!(client.outcome(3), Outcome::Ended);
        await_count(&gate, HEAD, count);
    }
    assert_eq!(upstream.requests().len(), 2);
}

#[test]
fn floods_of_cheap_frames_end_the_connection_and_are_counted() {
    let (_upstream, gate) = start(10, "");
    let flood = |one: Vec<u8>| {
        let mut client = Client::open(gate.address());
        let many = one.repeat(500);
        let sent = (0..200).take_while(|_| client.write(&many)).count();
        (client.outcome(1), sent)
    };
    let pings = frame(PING, 0, 0, &[0; 8]);
    let settings = frame(SETTINGS, 0, 0, &[]);
    let priorities = frame(2, 0, 1, &[0, 0, 0, 0, 1]);
    // A head in pieces without end or content.
    let mut pieces = frame(HEADERS, 0, 1, &[]);
    pieces.extend(frame(CONTINUATION, 0, 1, &[]).repeat(99));
    for (count, one) in [(1, pings), (2, settings), (3, priorities), (4, pieces)] {
        let (outcome, sent) = flood(one);
        assert_eq!(outcome, Outcome::Ended, "after {sent}");
        await_count(&gate, FLOOD, count);
    }
    // Streams that are opened and given up.
    let mut client = Client::open(gate.address());
    for stream in (0..20_000_u32).map(|n| n * 2 + 1) {
        let mut bytes = frame(HEADERS, 5, stream, &block(&GET));
        bytes.extend(frame(3, 0, stream, &8_u32.to_be_bytes()));
        if !client.write(&bytes) {
            break;
        }
    }
    assert_eq!(client.outcome(u32::MAX >> 1), Outcome::Ended);
    await_count(&gate, FLOOD, 5);
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "others go on");
}

#[test]
fn a_head_over_the_limit_is_refused_by_us_and_counted() {
    let (upstream, gate) = start(10, "head_limit = \"2KiB\"");
    let mut client = Client::open(gate.address());
    let long = "y".repeat(120);
    let names: Vec<String> = (0..20).map(|n| format!("x-{n}")).collect();
    let mut fields = GET.to_vec();
    fields.extend(names.iter().map(|name| (name.as_str(), long.as_str())));
    client.request(1, &fields, b"");
    let outcome = client.outcome(1);
    let is_told = matches!(&outcome, Outcome::Answered(text) if text.contains("head-too-large"));
    assert!(is_told, "{outcome:?}");
    await_count(&gate, "mantlet_limit_reached_total{limit=\"server.head_limit\"}", 1);
    assert!(upstream.is_untouched());
}

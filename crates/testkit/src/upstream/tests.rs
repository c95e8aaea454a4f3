use std::time::Duration;

use super::*;
use crate::wire::{self, Connection, Frame, WebSocket};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn what_reaches_it_is_recorded_exactly() {
    let upstream = FakeUpstream::answering(Answer::ok("fine"));
    let sent = b"POST /a?b HTTP/1.1\r\nhOsT: x\r\nContent-Length: 3\r\n\r\nabc";
    let answer = wire::send_raw(upstream.address(), sent);
    assert_eq!(answer.responses()[0].text(), "fine");
    let [request] = &*upstream.requests() else { panic!("not one request") };
    assert_eq!(request.head(), "POST /a?b HTTP/1.1\r\nhOsT: x\r\nContent-Length: 3\r\n\r\n");
    assert_eq!((request.method.as_str(), request.target.as_str()), ("POST", "/a?b"));
    assert_eq!((request.text().as_str(), request.header("host")), ("abc", Some("x")));
}

#[test]
fn a_chunked_body_is_decoded_and_echoed() {
    let upstream = FakeUpstream::answering(Answer::Echo);
    let headers = [("Transfer-Encoding", "chunked")];
    let body = b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n";
    let echo = wire::request(upstream.address(), "PUT", "/x", &headers, body).json();
    assert_eq!((&echo["body"], &echo["method"]), (&"abc".into(), &"PUT".into()));
}

#[test]
fn each_kind_of_answer_is_what_it_says() {
    let upstream = FakeUpstream::scripted([
        Answer::chunked(&["a", "b"], SHORT),
        Answer::events(&["one", "two"], SHORT),
        Answer::json("{}").header("X-Extra", "1").after_early_hints(),
        Answer::cut_short(10, "half"),
        Answer::garbage(),
        Answer::Hangup,
    ]);
    let ask = || wire::send_raw(upstream.address(), b"GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!(ask().responses()[0].text(), "ab");
    assert_eq!(ask().responses()[0].text(), "data: one\n\ndata: two\n\n");
    let hinted = ask();
    assert_eq!(hinted.statuses(), [103, 200]);
    assert_eq!(hinted.responses()[1].header("x-extra"), Some("1"));
    assert!(!ask().responses()[0].is_complete);
    let garbage = ask();
    assert_eq!((garbage.statuses(), garbage.ending), (vec![], wire::Ending::Closed));
    assert!(ask().bytes.is_empty());
    assert_eq!(ask().statuses(), [500]);
}

#[test]
fn a_websocket_echoes_messages_and_records_what_came() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let mut socket = WebSocket::open(upstream.address(), "/ws", &[]).unwrap();
    for (sent, answered) in [
        (Frame::text("hello"), Frame::text("hello").unmasked()),
        (Frame::new(0x89, "x"), Frame::new(0x8a, "x").unmasked()),
        (Frame::close(1000), Frame::close(1000).unmasked()),
    ] {
        socket.send(&sent).unwrap();
        assert_eq!(socket.read().unwrap(), answered);
    }
    let frames = Frame::parse_all(&upstream.requests()[0].body);
    assert_eq!(frames[0], Frame::text("hello"));
    assert_eq!(frames.last().unwrap().close_code(), Some(1000));
}

#[test]
fn silence_keeps_the_connection_open() {
    let upstream = FakeUpstream::answering(Answer::Silence);
    let sent = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    let answer = wire::send_raw_within(upstream.address(), sent, Duration::from_millis(50));
    assert_eq!(answer.ending, wire::Ending::TimedOut);
    assert_eq!(upstream.requests().len(), 1);
}

#[test]
fn an_early_answer_comes_before_the_body() {
    let upstream = FakeUpstream::answering_early(Answer::status(413));
    let sent = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n";
    assert_eq!(wire::send_raw(upstream.address(), sent).statuses(), [413]);
    assert!(!upstream.requests()[0].is_complete);
}

#[test]
fn two_requests_on_one_connection_are_counted_as_such() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut connection = Connection::open(upstream.address()).unwrap();
    connection
        .write(b"GET /1 HTTP/1.1\r\nHost: x\r\n\r\nGET /2 HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);
    assert_eq!(connection.read_response().unwrap().status, 200);
    let requests = upstream.wait_for(2, Duration::from_secs(5));
    assert_eq!((requests[1].connection, upstream.connections()), (0, 1));
}

#[test]
fn what_is_no_request_is_a_fault() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    assert!(upstream.is_untouched());
    assert!(wire::send_raw(upstream.address(), b"nonsense\r\n\r\n").bytes.is_empty());
    assert!(!upstream.is_untouched() && upstream.requests().is_empty());
}

#[test]
#[cfg(target_os = "linux")]
fn a_client_may_have_another_loopback_address() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let client = Connection::open_from([127, 0, 0, 9].into(), upstream.address()).unwrap();
    assert_eq!(client.local_address().unwrap().ip().to_string(), "127.0.0.9");
}

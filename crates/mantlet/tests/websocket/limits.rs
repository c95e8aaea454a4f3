//! Every cap, reached.

use std::time::Duration;

use mantlet_testkit::wire::{Connection, Frame, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream};

use super::common::{PATIENCE, assert_refused};
use super::{SHORT, assert_closed, assert_limit, behind, echo, open, received, try_open};

// covers: ELITE-D04 (binary)
#[test]
fn every_cap_on_what_a_client_sends_closes_with_its_code() {
    let text = |count: usize| vec![Frame::text("x"); count];
    let ping = |count: usize| vec![Frame::new(0x89, ""); count];
    let fragments = |size: usize, count: usize| {
        let mut all = vec![Frame::new(0x02, vec![0; size])];
        all.extend(vec![Frame::new(0x00, vec![0; size]); count]);
        all
    };
    for (key, value, frames, code, reason) in [
        ("frame_limit", "1000", vec![Frame::binary([0; 1001])], 1009, "websocket-too-large"),
        ("frame_limit", "1000", vec![Frame::new(0x81, [b'x'; 1001])], 1009, "websocket-too-large"),
        ("message_limit", "1500", fragments(1000, 1), 1009, "websocket-too-large"),
        (
            "message_limit",
            "1500",
            vec![Frame::new(0x81, [b'x'; 1501])],
            1009,
            "websocket-too-large",
        ),
        ("message_rate", "\"1/min burst 5\"", text(6), 1008, "websocket-rate"),
        ("message_rate", "\"1/min burst 5\"", fragments(0, 10), 1008, "websocket-rate"),
        ("control_rate", "\"1/min burst 5\"", ping(6), 1008, "websocket-rate"),
    ] {
        let (upstream, gate) = echo(&format!("[websocket]\n{key} = {value}\n"));
        let mut socket = open(&gate);
        for frame in &frames {
            // The gate may close before the last one is out.
            let _ = socket.send(frame);
        }
        let event = assert_closed(&gate, &upstream, &mut socket, (code, reason), key);
        assert_eq!(event["evidence"], format!("websocket.{key}"), "{event:#}");
        assert_eq!(event["websocket.close_code"], code, "{event:#}");
        assert_limit(&gate, &format!("websocket.{key}"));
    }
}

#[test]
fn a_client_within_the_caps_is_not_disturbed() {
    let config = "[websocket]\nframe_limit = 1000\nmessage_limit = 1500\nmessage_rate = \"1/min burst 5\"\ncontrol_rate = \"1/min burst 2\"\n";
    let (_upstream, gate) = echo(config);
    let mut socket = open(&gate);
    for frame in [
        Frame::binary([0; 1000]),
        Frame::text("x"),
        Frame::new(0x89, "p"),
        // Large fragments of one message count once.
        Frame::new(0x02, [0; 500]),
        Frame::new(0x00, [0; 500]),
        Frame::new(0x80, [0; 500]),
    ] {
        socket.send(&frame).unwrap();
        let _ = socket.read().unwrap();
    }
    socket.send(&Frame::close(1000)).unwrap();
    assert_eq!(socket.read_close().unwrap(), Some(1000));
}

#[test]
fn silence_and_old_age_end_a_websocket() {
    for key in ["idle_timeout", "lifetime"] {
        let (upstream, gate) = echo(&format!("[websocket]\n{key} = \"300ms\"\n"));
        let mut socket = open(&gate);
        assert_closed(&gate, &upstream, &mut socket, (1001, "websocket-time"), key);
        assert_limit(&gate, &format!("websocket.{key}"));
    }
}

#[test]
fn a_lively_websocket_outlives_its_idle_time() {
    let (_upstream, gate) = echo("[websocket]\nidle_timeout = \"2s\"\n");
    let mut socket = open(&gate);
    for _ in 0..25 {
        socket.send(&Frame::text("x")).unwrap();
        let _ = socket.read().unwrap();
        std::thread::sleep(SHORT);
    }
}

#[test]
fn pings_keep_a_silent_client_that_answers_and_nobody_else_hears_of_them() {
    let config = "[websocket]\nidle_timeout = \"3s\"\nping_interval = \"100ms\"\n";
    let (upstream, gate) = echo(config);
    let (mut answers, mut silent) = (open(&gate), open(&gate));
    for _ in 0..70 {
        let ping = answers.read().unwrap();
        assert_eq!((ping.first, ping.is_masked), (0x89, false));
        answers.send(&Frame::new(0x8a, ping.payload)).unwrap();
    }
    assert_eq!(silent.read_close().unwrap(), Some(1001));
    answers.send(&Frame::text("still here")).unwrap();
    while answers.read().unwrap().first != 0x81 {}
    let forwarded = received(&upstream).iter().filter(|frame| frame.first == 0x8a).count();
    assert_eq!(forwarded, 0);
}

#[test]
fn websockets_of_one_address_and_of_one_route_are_bounded() {
    for (key, limit) in [("max_connections_per_address", 2), ("max_connections", 2)] {
        let (_upstream, gate) = echo(&format!("[websocket]\n{key} = {limit}\n"));
        let held: Vec<WebSocket> = (0..limit).map(|_| open(&gate)).collect();
        let refused = try_open(&gate, &[]).unwrap_err();
        let event = assert_refused(&gate, &refused, (503, "too-many-connections"), key);
        assert_eq!(event["evidence"], format!("websocket.{key}"));
        assert_limit(&gate, &format!("websocket.{key}"));
        let other = Connection::open_from([127, 0, 0, 2].into(), gate.address()).unwrap();
        let other = WebSocket::over(other, gate.address(), "/ws", &[]);
        assert_eq!(other.is_ok(), key != "max_connections", "{key} from another address");
        drop((held, other));
        let is_free = || try_open(&gate, &[]).ok();
        assert!(mantlet_testkit::poll_until(PATIENCE, is_free).is_some(), "{key}");
    }
}

#[test]
fn a_large_message_of_the_application_is_stopped_where_that_is_asked_for() {
    let first = Frame::binary([0; 2000]).unmasked().bytes();
    let answer = Answer::WebSocket { headers: Vec::new(), first };
    let (_upstream, gate) = behind(answer.clone(), "");
    assert_eq!(open(&gate).read().unwrap().payload.len(), 2000);
    let (upstream, gate) = behind(answer, "[websocket]\nanswer_limit = 1000\n");
    let mut socket = open(&gate);
    assert_eq!(socket.read_close().unwrap(), Some(1011));
    assert_eq!(super::told(&upstream), Some(1002));
}

/// Bytes of a large frame reach the application before its last byte is sent; only what guards are
/// to see is kept back.
#[test]
fn large_frames_stream_and_messages_for_guards_are_whole() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = super::common::gate(&upstream, "");
    for (first, is_streamed) in [(0x82, true), (0x81, false)] {
        upstream.clear();
        let mut socket = open(&gate);
        let bytes = Frame::new(first, vec![b'x'; 500_000]).bytes();
        let (start, rest) = bytes.split_at(250_000);
        socket.connection.write(start).unwrap();
        let came = || upstream.requests().first().map_or(0, |request| request.body.len());
        let patience = if is_streamed { PATIENCE } else { Duration::from_millis(500) };
        let is_there = || (came() > 100_000).then_some(());
        let seen = mantlet_testkit::poll_until(patience, is_there).is_some();
        assert_eq!(seen, is_streamed, "{first:x}: {}", came());
        socket.connection.write(rest).unwrap();
        assert_eq!(socket.read().unwrap().payload.len(), 500_000);
    }
}

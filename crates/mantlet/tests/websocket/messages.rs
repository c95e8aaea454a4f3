//! What guards see of text messages.

use mantlet_testkit::wire::Frame;

use super::{assert_closed, assert_limit, echo, open, received};

fn deep(levels: usize) -> String {
    "[".repeat(levels) + &"]".repeat(levels)
}

#[test]
fn a_message_that_a_guard_refuses_closes_with_1008_and_does_not_reach_the_application() {
    let (upstream, gate) = echo("[guards.json]\ndepth = 8\n");
    for frames in [
        vec![Frame::text(&deep(9))],
        vec![Frame::new(0x01, "[[[["), Frame::new(0x80, "[[[[[")],
        vec![Frame::text(&format!(" \n{}", deep(9)))],
    ] {
        upstream.clear();
        let mut socket = open(&gate);
        for text in ["hello", "[[1]]", &deep(8), "[ no json"] {
            socket.send(&Frame::text(text)).unwrap();
            assert_eq!(socket.read().unwrap(), Frame::text(text).unmasked());
        }
        for frame in &frames {
            socket.send(frame).unwrap();
        }
        let event =
            assert_closed(&gate, &upstream, &mut socket, (1008, "json-too-deep"), "deep json");
        assert_eq!((&event["guard"], &event["mode"]), (&"json".into(), &"enforce".into()));
        assert_eq!(received(&upstream).len(), 5, "four messages and a close frame");
    }
}

#[test]
fn a_guard_that_observes_lets_the_message_pass_and_says_so() {
    let (_upstream, gate) = echo("[guards.json]\ndepth = 8\nmode = \"observe\"\n");
    let mut socket = open(&gate);
    socket.send(&Frame::text(&deep(9))).unwrap();
    assert_eq!(socket.read().unwrap(), Frame::text(&deep(9)).unmasked());
    let is_seen = |event: &serde_json::Value| event["reason"] == "json-too-deep";
    assert_eq!(gate.wait_for_event(is_seen, super::PATIENCE)["mode"], "observe");
}

#[test]
fn messages_that_guards_wait_for_have_bounded_memory_and_time() {
    let (upstream, gate) = echo("[server]\nbody_memory = 1024\n");
    let mut socket = open(&gate);
    socket.send(&Frame::new(0x81, [b'x'; 2000])).unwrap();
    let expected = (1013, "body-memory-exhausted");
    assert_closed(&gate, &upstream, &mut socket, expected, "memory");
    assert_limit(&gate, "server.body_memory");
    let (upstream, gate) = echo("[server]\nbody_timeout = \"300ms\"\n");
    let mut socket = open(&gate);
    socket.send(&Frame::new(0x01, "the beginning of a message")).unwrap();
    assert_closed(&gate, &upstream, &mut socket, (1008, "body-timeout"), "pause");
    assert_limit(&gate, "server.body_timeout");
}

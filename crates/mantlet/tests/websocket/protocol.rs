//! Frames that RFC 6455 does not allow, from either side, through the wire.

use mantlet_testkit::Answer;
use mantlet_testkit::wire::Frame;

use super::{assert_closed, behind, echo, open, received, told};

#[test]
fn broken_frames_of_a_client_never_reach_the_application() {
    let (reason, text) = ("websocket-protocol", "websocket-data");
    for (about, bytes, expected) in [
        ("unmasked", Frame::text("x").unmasked().bytes(), (1002, reason)),
        ("reserved bits", Frame::new(0xb1, "x").bytes(), (1002, reason)),
        ("compression that was not agreed on", Frame::new(0xc1, "x").bytes(), (1002, reason)),
        ("reserved opcode", Frame::new(0x83, "x").bytes(), (1002, reason)),
        ("a ping in fragments", Frame::new(0x09, "x").bytes(), (1002, reason)),
        ("a long ping", Frame::new(0x89, [0; 126]).bytes(), (1002, reason)),
        ("nothing to continue", Frame::new(0x80, "x").bytes(), (1002, reason)),
        ("a close code that may not be sent", Frame::close(1006).bytes(), (1002, reason)),
        (
            "a length above 63 bits",
            vec![0x82, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4],
            (1002, reason),
        ),
        ("text that is none", Frame::new(0x81, [0xff]).bytes(), (1007, text)),
        ("a cut character", Frame::new(0x81, [0xe2, 0x82]).bytes(), (1007, text)),
    ] {
        let (upstream, gate) = echo("");
        let mut socket = open(&gate);
        socket.connection.write(&bytes).unwrap();
        assert_closed(&gate, &upstream, &mut socket, expected, about);
        assert_eq!(received(&upstream).len(), 1, "{about}: only our close frame");
    }
}

#[test]
fn broken_frames_of_the_application_never_reach_the_client() {
    for (about, bytes) in [
        ("masked", Frame::text("x").bytes()),
        ("reserved opcode", Frame::new(0x83, "x").unmasked().bytes()),
        ("compression that was not agreed on", Frame::new(0xc1, "x").unmasked().bytes()),
        ("text that is none", Frame::new(0x81, [0xff]).unmasked().bytes()),
    ] {
        let answer = Answer::WebSocket { headers: Vec::new(), first: bytes };
        let (upstream, gate) = behind(answer, "");
        let mut socket = open(&gate);
        let frame = socket.read().unwrap();
        assert_eq!(frame.close_code(), Some(1011), "{about}: {frame:?}");
        assert_eq!(told(&upstream), Some(1002), "{about}");
        let is_recorded = |event: &serde_json::Value| event["reason"] == "websocket-application";
        let _ = gate.wait_for_event(is_recorded, super::PATIENCE);
    }
}

#[test]
fn fragments_with_control_frames_between_them_pass_in_order() {
    let (upstream, gate) = echo("");
    for (first, text) in [(0x02, false), (0x01, true)] {
        upstream.clear();
        let mut socket = open(&gate);
        let sent = [
            Frame::new(first, "one "),
            Frame::new(0x89, "ping"),
            Frame::new(0x00, ""),
            Frame::new(0x80, "two"),
        ];
        for frame in &sent {
            socket.send(frame).unwrap();
        }
        let answers: Vec<Frame> = (0..4).map(|_| socket.read().unwrap()).collect();
        let pong = answers.iter().position(|frame| frame.first == 0x8a).unwrap();
        let data: Vec<u8> = answers.iter().filter(|f| f.first != 0x8a).map(|f| f.first).collect();
        assert_eq!(data, [first, 0x00, 0x80], "text: {text}");
        // A text waits for the guards, a ping never does.
        assert_eq!(pong, usize::from(!text), "{answers:?}");
    }
}

#[test]
fn a_close_and_its_code_pass_and_end_the_connection() {
    let (upstream, gate) = echo("");
    for frame in [Frame::close(1000), Frame::close(4321), Frame::new(0x88, "")] {
        upstream.clear();
        let mut socket = open(&gate);
        socket.send(&frame).unwrap();
        assert_eq!(socket.read().unwrap(), frame.clone().unmasked());
        assert!(socket.connection.is_closed_within(super::PATIENCE));
        let id = socket.response.header("x-request-id").unwrap().to_owned();
        let ended = |line: &serde_json::Value| {
            line["request_id"] == *id && line["event.name"] == "upgrade.connection.ended"
        };
        assert_eq!(gate.wait_for_access(ended, super::PATIENCE)["message"], "closed");
    }
}

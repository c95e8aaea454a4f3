//! permessage-deflate: negotiated strictly, and bounded.

use flate2::{Compress, Compression, FlushCompress};
use mantlet_testkit::Answer;
use mantlet_testkit::wire::{Frame, WebSocket};

use super::common::assert_refused;
use super::{assert_closed, assert_limit, behind, received, try_open};

const EXTENSION: &str = "Sec-WebSocket-Extensions";

/// A message as RFC 7692 compresses it.
fn deflate(text: &[u8]) -> Vec<u8> {
    let mut state = Compress::new(Compression::default(), false);
    let mut coded = Vec::with_capacity(text.len() + 1024);
    state.compress_vec(text, &mut coded, FlushCompress::Sync).unwrap();
    coded.truncate(coded.len() - 4);
    coded
}

/// An application that agrees to this.
fn agreeing(extension: &str) -> Answer {
    let headers = vec![(EXTENSION.to_owned(), extension.to_owned())];
    Answer::WebSocket { headers, first: Vec::new() }
}

fn open(gate: &mantlet_testkit::MantletProcess) -> WebSocket {
    try_open(gate, &[(EXTENSION, "permessage-deflate")]).unwrap()
}

#[test]
fn only_what_the_gate_can_read_is_negotiated() {
    let offer = "x-webkit-deflate-frame, permessage-deflate; client_max_window_bits, permessage-deflate; x=1";
    let asked = |config: &str| {
        let (upstream, gate) = behind(Answer::WebSocketEcho, config);
        let socket = try_open(&gate, &[(EXTENSION, offer)]).unwrap();
        assert_eq!(socket.response.header(EXTENSION), None);
        upstream.requests()[0].header(EXTENSION).map(str::to_owned)
    };
    let expected = "permessage-deflate; client_max_window_bits";
    assert_eq!(asked("").as_deref(), Some(expected));
    assert_eq!(asked("[websocket]\ncompression = \"off\"\n"), None);
    let (_upstream, gate) = behind(agreeing("permessage-deflate; server_max_window_bits=12"), "");
    let told = open(&gate).response.header(EXTENSION).unwrap().to_owned();
    assert!(told.contains("client_no_context_takeover"), "{told}");
    for answer in ["permessage-deflate", "x-other", "permessage-deflate; client_max_window_bits=9"]
    {
        let (_upstream, gate) = behind(agreeing(answer), "");
        let offered: &[(&str, &str)] = match answer {
            "permessage-deflate" => &[],
            _ => &[(EXTENSION, "permessage-deflate")],
        };
        let refused = try_open(&gate, offered).unwrap_err();
        assert_refused(&gate, &refused, (502, "upstream-invalid"), answer);
    }
}

#[test]
fn compressed_messages_pass_as_they_are_and_are_read_on_the_way() {
    let (upstream, gate) = behind(agreeing("permessage-deflate"), "[guards.json]\ndepth = 8\n");
    let mut socket = open(&gate);
    for text in [&b"{\"a\":1}"[..], b"", &[b'x'; 5000]] {
        let frame = Frame::new(0xc1, deflate(text));
        socket.send(&frame).unwrap();
        assert_eq!(socket.read().unwrap(), frame.unmasked());
    }
    let nested = deflate(b"[[[[[[[[[[[[]]]]]]]]]]]]");
    socket.send(&Frame::new(0xc1, nested)).unwrap();
    assert_closed(&gate, &upstream, &mut socket, (1008, "json-too-deep"), "deep and compressed");
    for (payload, about) in [(deflate(&[0xff]), "no text"), (vec![0xff; 9], "no compression")] {
        upstream.clear();
        let mut socket = open(&gate);
        socket.send(&Frame::new(0xc1, payload)).unwrap();
        assert_closed(&gate, &upstream, &mut socket, (1007, "websocket-data"), about);
    }
}

#[test]
fn a_large_and_very_regular_message_is_no_bomb() {
    let (_upstream, gate) = behind(agreeing("permessage-deflate"), "");
    let mut socket = open(&gate);
    let text = deflate(&b"0,".repeat(300_000));
    assert!(text.len() < 3000, "{}", text.len());
    let frame = Frame::new(0xc1, text);
    socket.send(&frame).unwrap();
    assert_eq!(socket.read().unwrap(), frame.unmasked());
}

// covers: ELITE-D04 (binary)
#[test]
fn a_bomb_ends_where_its_bounds_are() {
    let bomb = deflate(&vec![b' '; 30_000_000]);
    assert!(bomb.len() < 40_000, "{}", bomb.len());
    for (config, limit) in [
        ("inflation_ratio = 2000", "message_limit"),
        ("message_limit = \"100MB\"", "inflation_ratio"),
    ] {
        for first in [0xc1, 0xc2] {
            let config = format!("[websocket]\n{config}\n");
            let (upstream, gate) = behind(agreeing("permessage-deflate"), &config);
            let mut socket = open(&gate);
            socket.send(&Frame::new(first, bomb.clone())).unwrap();
            let expected = (1009, "websocket-too-large");
            assert_closed_or_cut(&gate, &upstream, &mut socket, expected, limit);
            assert_limit(&gate, &format!("websocket.{limit}"));
        }
    }
}

/// As [`assert_closed`]; when a part of a binary frame has been passed on already, the application
/// can be told only by the end of the connection.
fn assert_closed_or_cut(
    gate: &mantlet_testkit::MantletProcess,
    upstream: &mantlet_testkit::FakeUpstream,
    socket: &mut WebSocket,
    (code, reason): (u16, &str),
    about: &str,
) {
    assert_eq!(socket.read_close().unwrap(), Some(code), "{about}");
    let event = gate.wait_for_event(|event| event["reason"] == reason, super::PATIENCE);
    assert_eq!(event["evidence"], format!("websocket.{about}"));
    let is_over = || (upstream.open_connections() == 0).then_some(());
    assert!(mantlet_testkit::poll_until(super::PATIENCE, is_over).is_some(), "{about}");
    assert!(received(upstream).iter().all(|frame| frame.first == 0x88), "no whole message");
}

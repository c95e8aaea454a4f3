//! WebSockets end with the right to them.

use std::time::{Duration, Instant};

use mantlet_testkit::wire::{Frame, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use super::{add, json, key, signed_in};

fn start() -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).arg("--require-login").start();
    (upstream, gate)
}

fn open(gate: &MantletProcess, headers: &[(&str, &str)]) -> Result<WebSocket, u16> {
    let opened = WebSocket::open(gate.address(), "/ws", headers);
    let mut socket = opened.map_err(|response| response.status)?;
    socket.send(&Frame::text("hello")).unwrap();
    assert_eq!(socket.read().unwrap().payload, b"hello");
    Ok(socket)
}

#[test]
fn a_socket_ends_at_once_with_the_credential_that_opened_it() {
    let (_upstream, gate) = start();
    assert_eq!(open(&gate, &[]).err(), Some(401));
    let mut person = signed_in(&gate, "alice", "user");
    let cookie = person.cookie_header();
    let (id, text) = key(&gate, "alice", &[]);
    let mut with_session = open(&gate, &[("Cookie", &cookie)]).unwrap();
    let mut with_key = open(&gate, &[("X-API-Key", &text)]).unwrap();
    person.sign_out();
    let begun = Instant::now();
    assert_eq!(with_session.read_close().unwrap(), Some(1008));
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    with_key.send(&Frame::text("still there")).unwrap();
    assert_eq!(with_key.read().unwrap().payload, b"still there");
    assert_eq!(gate.command(&["key", "revoke", &id]).code, Some(0));
    assert_eq!(with_key.read_close().unwrap(), Some(1008));
}

#[test]
fn sci_d36_a_locked_account_loses_every_connection_and_nobody_else_does() {
    let (_upstream, gate) = start();
    for name in ["alice", "bob"] {
        add(&gate, name, "user");
    }
    let (_, alices) = key(&gate, "alice", &[]);
    let (_, bobs) = key(&gate, "bob", &[]);
    let token =
        json(&gate, &["token", "issue", "--user", "alice"])["token"].as_str().unwrap().to_owned();
    let bearer = format!("Bearer {token}");
    let mut lost = [
        open(&gate, &[("X-API-Key", &alices)]).unwrap(),
        open(&gate, &[("Authorization", &bearer)]).unwrap(),
    ];
    let mut kept = open(&gate, &[("X-API-Key", &bobs)]).unwrap();
    assert_eq!(gate.command(&["user", "lock", "alice"]).code, Some(0));
    for socket in &mut lost {
        assert_eq!(socket.read_close().unwrap(), Some(1008));
    }
    kept.send(&Frame::text("on")).unwrap();
    assert_eq!(kept.read().unwrap().payload, b"on");
    assert_eq!(open(&gate, &[("X-API-Key", &alices)]).err(), Some(401));
}

#[test]
fn a_socket_ends_with_the_time_of_the_credential_that_opened_it() {
    let (_upstream, gate) = start();
    add(&gate, "alice", "user");
    let (_, text) = key(&gate, "alice", &["--expires", "4s"]);
    let (_, lasting) = key(&gate, "alice", &[]);
    let mut ending = open(&gate, &[("X-API-Key", &text)]).unwrap();
    let mut kept = open(&gate, &[("X-API-Key", &lasting)]).unwrap();
    assert_eq!(ending.read_close().unwrap(), Some(1008));
    kept.send(&Frame::text("on")).unwrap();
    assert_eq!(kept.read().unwrap().payload, b"on");
}

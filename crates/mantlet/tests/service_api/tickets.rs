//! Tickets for WebSockets.

use mantlet_testkit::wire::{Frame, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream};
use serde_json::{Value, json};

use super::{ALL, House, house_of};

fn start() -> House {
    let house = house_of(FakeUpstream::answering(Answer::WebSocketEcho), "", &ALL);
    house.add("bob", "user");
    house
}

/// The page's own origin: the gate's.
fn origin(house: &House) -> String {
    format!("http://{}", house.gate.address())
}

fn ticket(house: &House, more: &Value) -> String {
    let mut wish = json!({"user": "bob", "origin": origin(house)});
    wish.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let issued = house.told("POST", "/v1/tickets", &wish, 201);
    issued["ticket"].as_str().unwrap().to_owned()
}

fn open(house: &House, protocols: &str, origin: &str) -> Result<WebSocket, u16> {
    let headers = [("Sec-WebSocket-Protocol", protocols), ("Origin", origin)];
    WebSocket::open(house.gate.address(), "/ws", &headers).map_err(|response| response.status)
}

// covers: ELITE-03 (binary)
#[test]
fn elite_d04_a_ticket_opens_one_socket_for_its_user_from_its_page() {
    let house = start();
    let own = origin(&house);
    let ticket = ticket(&house, &json!({}));
    let protocols = format!("mantlet.ticket, mantlet.ticket.{ticket}");
    let mut socket = open(&house, &protocols, &own).unwrap();
    socket.send(&Frame::text("hello")).unwrap();
    assert_eq!(socket.read().unwrap().payload, b"hello");
    let seen = house.upstream.requests().pop().unwrap();
    assert_eq!(seen.header("x-forwarded-user"), Some("bob"));
    assert_eq!(seen.header("sec-websocket-protocol"), None, "the application never sees it");
    assert_eq!(open(&house, &protocols, &own).err(), Some(401), "it counts once");
    // The socket ends with the account that it acts for.
    let lock = house.ask_as(
        &house.key,
        ("PATCH", "/v1/users/bob"),
        &[("If-Match", "*")],
        &json!({"locked": true}),
    );
    assert_eq!(lock.status, 200);
    assert_eq!(socket.read_close().unwrap(), Some(1008));
}

#[test]
fn a_ticket_shown_from_elsewhere_is_used_up() {
    let house = start();
    let own = origin(&house);
    let elsewhere = ticket(&house, &json!({"origin": "https://other.example"}));
    let protocols = format!("mantlet.ticket.{elsewhere}, chat");
    assert_eq!(open(&house, &protocols, &own).err(), Some(401));
    for wrong in ["mt_x", "", &"a".repeat(52)] {
        let protocols = format!("mantlet.ticket.{wrong}");
        let status = open(&house, &protocols, &own).err();
        assert!(matches!(status, Some(400 | 401)), "{wrong}: {status:?}");
    }
    let short = ticket(&house, &json!({"seconds": 1}));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(open(&house, &format!("mantlet.ticket.{short}"), &own).err(), Some(401));
    let fine = ticket(&house, &json!({"scopes": ["read"]}));
    assert!(open(&house, &format!("chat, mantlet.ticket.{fine}"), &own).is_ok());
    for wrong in [
        json!({"user": "bob", "origin": "nowhere"}),
        json!({"user": "bob", "origin": "https://a.example/path"}),
        json!({"user": "bob", "origin": "https://a.example", "seconds": 31}),
    ] {
        assert_eq!(house.ask("POST", "/v1/tickets", &wrong).status, 422, "{wrong}");
    }
}

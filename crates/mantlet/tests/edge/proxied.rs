//! Load balancers that speak the PROXY protocol, and others who would like to.

use std::net::{IpAddr, SocketAddr};

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, free_address, lacking, left_out, poll_until, run_program,
};

use crate::common::{PATIENCE, gate};

const V1: &[u8] = b"PROXY TCP4 203.0.113.9 10.0.0.1 4711 80\r\n";

const SETTINGS: &str = "from = [\"127.0.0.1\"]\ntimeout = \"1s\"\n";

/// A gate whose only plain listener is for a balancer at 127.0.0.1, and that listener.
fn start(server: &str) -> (FakeUpstream, MantletProcess, SocketAddr) {
    let (upstream, listener) = (FakeUpstream::answering(Answer::ok("ok")), free_address());
    let config = format!(
        "[server]\n{server}\n[server.proxy_protocol]\nlisten = [\"{listener}\"]\n{SETTINGS}"
    );
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).config(&config).listen(listener).start();
    (upstream, gate, listener)
}

fn v2(command: u8, address: [u8; 4]) -> Vec<u8> {
    let mut bytes = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    bytes.extend([command, 0x11, 0, 12 + 7]);
    bytes.extend(address);
    // Without a byte that is a line feed, as in 10.0.0.1: where it ends is in its length alone.
    bytes.extend([192, 168, 0, 1, 0x12, 0x67, 0, 80]);
    bytes.extend([2, 0, 4, b'h', b'o', b's', b't']);
    bytes
}

fn ask(listener: SocketAddr, header: &[u8]) -> Option<wire::Response> {
    ask_from([127, 0, 0, 1], listener, header)
}

fn ask_from(source: [u8; 4], listener: SocketAddr, header: &[u8]) -> Option<wire::Response> {
    let mut connection = Connection::open_from(IpAddr::from(source), listener).unwrap();
    let request = wire::render(listener, "GET", "/", &[], b"");
    connection.write(&[header, &request].concat()).ok()?;
    connection.read_response().ok()
}

#[test]
fn the_client_is_the_one_the_balancer_names() {
    let (upstream, gate, listener) = start("");
    for (header, client) in [
        (V1.to_vec(), "203.0.113.9"),
        (v2(0x21, [198, 51, 100, 7]), "198.51.100.7"),
        // Its own health checks, and what names nobody.
        (v2(0x20, [198, 51, 100, 7]), "127.0.0.1"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\x11\0\0".to_vec(), "127.0.0.1"),
        (b"\r\n\r\n\0\r\nQUIT\n\x20\x00\0\x03\x01\x00\x09".to_vec(), "127.0.0.1"),
        (b"\r\n\r\n\0\r\nQUIT\n\x21\x00\0\x02ab".to_vec(), "127.0.0.1"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1"),
    ] {
        assert_eq!(ask(listener, &header).map(|answer| answer.status), Some(200), "{header:?}");
        let request = upstream.requests().pop().unwrap();
        assert_eq!(request.headers.get_all("x-forwarded-for"), [client], "{header:?}");
        let _ = gate.wait_for_access(|entry| entry["source.ip"] == client, PATIENCE);
    }
}

#[test]
fn nobody_else_is_served_and_everybody_must_send_it() {
    let (upstream, gate, listener) = start("");
    let refused = |count: usize| {
        let seen = || {
            gate.events()
                .iter()
                .filter(|event| event["event.name"] == "proxy.header.refused")
                .count()
        };
        poll_until(PATIENCE, || (seen() == count).then_some(()))
            .unwrap_or_else(|| panic!("{} of {count}", seen()));
    };
    // A stranger with a header, a balancer without one, one that is broken, one that never ends.
    assert!(ask_from([127, 0, 0, 2], listener, V1).is_none());
    refused(1);
    assert!(ask(listener, b"").is_none());
    refused(2);
    assert!(ask(listener, b"PROXY TCP4 nonsense\r\n").is_none());
    refused(3);
    let mut slow = Connection::open(listener).unwrap();
    slow.write(&V1[..20]).unwrap();
    assert!(slow.is_closed_within(PATIENCE));
    refused(4);
    let late = "mantlet_limit_reached_total{limit=\"server.proxy_protocol.timeout\"}";
    assert_eq!(gate.metric(late), 1);
    assert!(upstream.is_untouched());
    let event = gate.events().into_iter().find(|event| event["source.ip"] == "127.0.0.2");
    assert!(event.is_some(), "{:#?}", gate.events());
}

#[test]
fn limits_count_the_clients_and_not_the_balancer() {
    let (_upstream, gate, listener) = start("max_connections_per_address = 2");
    let open = |last: u8| {
        let mut connection = Connection::open(listener).unwrap();
        let request = wire::render(listener, "GET", "/", &[], b"");
        connection.write(&[v2(0x21, [203, 0, 113, last]), request].concat()).unwrap();
        let status = connection.read_response().unwrap().status;
        (connection, status)
    };
    let held: Vec<_> = [1, 1, 2, 3].map(open).into_iter().collect();
    assert!(held.iter().all(|(_, status)| *status == 200));
    assert_eq!(open(1).1, 503, "its third one");
    let blocked = gate.command(&["block", "add", "203.0.113.3"]);
    assert_eq!(blocked.code, Some(0), "{blocked:#?}");
    assert_eq!((open(3).1, open(4).1), (403, 200));
}

#[test]
fn it_goes_before_tls() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("wire", "lacks curl");
    }
    let (upstream, listener) = (FakeUpstream::answering(Answer::ok("ok")), free_address());
    let config = format!(
        "[server.tls]\nlisten = [\"{listener}\"]\nlocal = true\n[server.proxy_protocol]\nlisten = [\"{listener}\"]\n{SETTINGS}"
    );
    let _gate = gate(&upstream, &config);
    let url = format!("https://{listener}/");
    for (flags, status) in [(&["--haproxy-protocol"][..], Some(0)), (&[], Some(35))] {
        let all = [&["-k", "-s", "--max-time", "10"], flags, &[url.as_str()]].concat();
        let done = run_program("curl", &all, PATIENCE * 2);
        assert_eq!(done.code, status, "{done:#?}");
    }
    assert_eq!(upstream.requests().len(), 1);
}

//! No answer of one client ever reaches another, whatever clients and servers do.

use std::collections::HashSet;
use std::io::Read;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, Received};

use crate::gate_of;

/// A text that belongs to one request alone, of a length that depends on it.
fn tagged(token: &str) -> String {
    let repeat = token.bytes().map(usize::from).sum::<usize>() % 3000 + 1;
    format!("<{token}>").repeat(repeat)
}

/// Answers each request with its own token, in every way an answer can come.
fn answer(request: &Received) -> Answer {
    let token = request.target.trim_start_matches('/').to_owned();
    let body = tagged(&token);
    match token.len() % 5 {
        0 => Answer::chunked(&[&body, &body], Duration::ZERO),
        1 => Answer::ok(&body).after(Duration::from_millis(3)),
        2 => Answer::ok(&body).after_early_hints(),
        3 => Answer::cut_short(body.len() + 10, &body),
        _ => Answer::ok(&body),
    }
}

/// One request; what came back is about it alone.
fn ask(gate: std::net::SocketAddr, token: &str) {
    let mut connection = Connection::open(gate).unwrap();
    let body = if token.len().is_multiple_of(2) { token } else { "" };
    let method = if body.is_empty() { "GET" } else { "POST" };
    let request = wire::render(gate, method, &format!("/{token}"), &[], body.as_bytes());
    connection.write(&request).unwrap();
    let Ok(response) = connection.read_response() else { return };
    let text = response.text();
    if response.status == 200 {
        let foreign = text.replace(&format!("<{token}>"), "");
        // The last tag may have been cut off.
        assert!(foreign.len() <= token.len() + 2, "{token} got {foreign:.200}");
    }
}

/// A client that goes away in the middle: before its answer, or inside it.
fn leave(gate: std::net::SocketAddr, token: &str, turn: usize) {
    let mut stream = std::net::TcpStream::connect(gate).unwrap();
    let request = wire::render(gate, "GET", &format!("/{token}"), &[], b"");
    let _ = std::io::Write::write_all(&mut stream, &request);
    if turn.is_multiple_of(2) {
        let _ = stream.read(&mut [0; 100]);
    }
}

#[test]
fn answers_stay_apart_with_clients_that_leave_and_servers_that_break_off() {
    let servers = [(); 3].map(|()| FakeUpstream::start(answer));
    let config = "[server]\nworkers = 2\n[upstream]\nmax_connections = 24\n[upstream.health]\nfailures = 0\n[guards.limit]\nper_address = [\"100000/s burst 100000\"]\n";
    let gate = gate_of(&servers.each_ref().map(FakeUpstream::url), config);
    let (address, asked) = (gate.address(), AtomicUsize::new(0));
    thread::scope(|scope| {
        for client in 0..24_usize {
            let asked = &asked;
            scope.spawn(move || {
                for turn in 0..25_usize {
                    let token = format!("{client:x}-{}", "y".repeat(turn % 7 + 1));
                    if (client + turn).is_multiple_of(3) {
                        leave(address, &token, turn);
                    } else {
                        ask(address, &token);
                        asked.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    assert!(asked.load(Ordering::Relaxed) > 300);
    assert!(!gate.stderr().contains("panic"), "{}", gate.stderr());
    assert_eq!(wire::get(address, "/last", &[]).status, 200);
}

#[test]
fn a_client_that_reads_slowly_gets_its_own_answer_and_holds_up_nobody() {
    let large = "x".repeat(4_000_000);
    let upstream = FakeUpstream::start(move |request| {
        if request.target == "/large" { Answer::ok(&large) } else { Answer::ok("small") }
    });
    let gate = gate_of(&[upstream.url()], "[server]\nworkers = 1\n");
    let mut slow = Connection::open(gate.address()).unwrap();
    slow.write(&wire::render(gate.address(), "GET", "/large", &[], b"")).unwrap();
    for _ in 0..50 {
        assert_eq!(wire::get(gate.address(), "/", &[]).text(), "small");
    }
    let response = slow.read_response().unwrap();
    assert!(response.is_complete && response.text().len() == 4_000_000);
    assert!(response.text().bytes().all(|byte| byte == b'x'));
}

/// As servers of NTLM do it: who has signed in on a connection is who asks on it from then on.
#[test]
fn who_signs_in_on_a_connection_is_nobody_for_the_next_client() {
    let known = Mutex::<HashSet<usize>>::default();
    let upstream = FakeUpstream::start(move |request| {
        let mut known = known.lock().unwrap();
        if request.header("authorization").is_some() {
            let _ = known.insert(request.connection);
        }
        match (known.contains(&request.connection), request.target.as_str()) {
            (_, "/challenge") => {
                Answer::status(401).header("WWW-Authenticate", "Basic realm=\"a\", Negotiate")
            }
            (true, _) => Answer::ok("alice"),
            (false, _) => Answer::ok("nobody"),
        }
    });
    let gate = gate_of(&[upstream.url()], "[server]\nworkers = 1\n");
    for credentials in ["NTLM TlRMTVNTUAADAAAA", "negotiate YIIB", "Negotiate\tYIIB"] {
        let alice = wire::get(gate.address(), "/", &[("Authorization", credentials)]);
        assert_eq!(alice.text(), "alice", "{credentials}");
        assert_eq!(wire::get(gate.address(), "/", &[]).text(), "nobody", "{credentials}");
    }
    // One that waits for the second half of a sign-in.
    assert_eq!(wire::get(gate.address(), "/challenge", &[]).status, 401);
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    let requests = upstream.requests();
    let [.., challenged, after] = requests.as_slice() else { panic!("{requests:?}") };
    assert_ne!(challenged.connection, after.connection);
}

//! Which server gets the next request.

use std::thread;
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream};

use crate::common::PATIENCE;
use crate::gate_of;

#[test]
fn equal_servers_take_turns_and_weights_count() {
    let servers =
        [FakeUpstream::answering(Answer::ok("a")), FakeUpstream::answering(Answer::ok("b"))];
    let [one, two] = &servers;
    let gate = gate_of(&[one.url(), two.url()], "[server]\nworkers = 1\n");
    for _ in 0..20 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
    assert_eq!([one, two].map(|server| server.requests().len()), [10, 10]);

    // The weight tells how many requests run at a time.
    let slow = [(); 2].map(|()| FakeUpstream::answering(Answer::ok("x").after(PATIENCE / 5)));
    let [one, two] = &slow;
    let gate = gate_of(&[one.url(), format!("{} weight 3", two.url())], "");
    let mut clients = Vec::new();
    for turn in 1..=8 {
        let mut client = Connection::open(gate.address()).unwrap();
        client.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        clients.push(client);
        let have_come = || {
            let come = one.requests().len() + two.requests().len();
            (come == turn).then_some(())
        };
        mantlet_testkit::poll_until(PATIENCE, have_come).unwrap();
    }
    assert_eq!([one, two].map(|server| server.requests().len()), [2, 6]);
}

#[test]
fn a_server_that_is_busy_gets_fewer_requests() {
    let busy = FakeUpstream::start(|request| {
        let wait = if request.target == "/first" { 4 } else { 0 };
        Answer::ok("busy").after(Duration::from_secs(wait))
    });
    let quick = FakeUpstream::answering(Answer::ok("quick"));
    let gate = gate_of(&[busy.url(), quick.url()], "[server]\nworkers = 1\n");
    let address = gate.address();
    thread::scope(|scope| {
        // The first server of the list begins.
        scope.spawn(move || wire::get(address, "/first", &[]));
        let _ = busy.wait_for(1, PATIENCE);
        for _ in 0..10 {
            assert_eq!(wire::get(address, "/then", &[]).text(), "quick");
        }
    });
    assert_eq!(busy.requests().len(), 1);
}

#[test]
fn an_open_websocket_keeps_its_server_busy() {
    let answer = |request: &mantlet_testkit::Received| match request.target.as_str() {
        "/ws" => Answer::WebSocketEcho,
        _ => Answer::ok("ok"),
    };
    let servers = [(); 2].map(|()| FakeUpstream::start(answer));
    let gate = gate_of(&servers.each_ref().map(FakeUpstream::url), "[server]\nworkers = 1\n");
    let socket = WebSocket::open(gate.address(), "/ws", &[]).unwrap();
    for _ in 0..10 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
    let counts = servers.each_ref().map(|server| server.requests().len());
    assert!(counts == [1, 10] || counts == [10, 1], "{counts:?}");
    drop(socket);
    let is_idle = || {
        let status = gate.command(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
        let servers = status["servers"].as_array().unwrap();
        servers.iter().all(|server| server["active"] == 0).then_some(())
    };
    mantlet_testkit::poll_until(PATIENCE, is_idle).unwrap();
}

#[test]
fn the_most_connections_are_counted_over_all_workers_and_unused_ones_give_way() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let config = "[server]\nworkers = 4\n[upstream]\nmax_connections = 1\n";
    let gate = crate::common::gate(&upstream, config);
    // Whichever worker a client comes to, the connection that another one keeps gives way.
    for turn in 0..40 {
        let response = wire::get(gate.address(), "/", &[]);
        assert_eq!(response.status, 200, "request {turn}: {response:?}");
    }
    let is_one = || (upstream.open_connections() <= 1).then_some(());
    mantlet_testkit::poll_until(PATIENCE, is_one).unwrap();
}

#[test]
fn servers_and_how_they_are_stand_in_the_status() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate_of(&[upstream.url()], "");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    let status = gate.command(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    let server = &status["servers"][0];
    assert_eq!(server["address"], upstream.url(), "{status:#}");
    assert_eq!(server["state"], "up", "{status:#}");
    assert_eq!(server["active"], 0, "{status:#}");
    assert_eq!(server["connections"], 1, "{status:#}");
}

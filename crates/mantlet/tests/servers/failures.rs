//! Servers that fail, and come back.

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use mantlet_testkit::wire;
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, free_address, left_out, poll_until,
};

use crate::common::{PATIENCE, assert_refused};
use crate::gate_of;

/// A server on this address that answers this to whatever comes, until the process ends.
fn serve(address: SocketAddr, text: &'static str) {
    let listener = TcpListener::bind(address).unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            thread::spawn(move || {
                while let Ok(1..) = stream.read(&mut [0; 4096]) {
                    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", text.len());
                    let _ = stream.write_all((head + text).as_bytes());
                }
            });
        }
    });
}

#[test]
fn a_dead_server_costs_no_request_and_is_used_again_when_it_is_back() {
    let (dead, alive) = (free_address(), FakeUpstream::answering(Answer::ok("alive")));
    let config = "[server]\nworkers = 1\n[upstream.health]\neject_time = \"300ms\"\n";
    let gate = gate_of(&[format!("http://{dead}"), alive.url()], config);
    for turn in 0..30 {
        let (method, body) = if turn % 2 == 0 { ("GET", "") } else { ("POST", "once") };
        let response = wire::request(gate.address(), method, "/", &[], body.as_bytes());
        assert_eq!((response.status, response.text().as_str()), (200, "alive"), "request {turn}");
    }
    let requests = alive.requests();
    assert_eq!(requests.len(), 30, "each came once");
    assert!(requests.iter().all(|request| request.method == "GET" || request.text() == "once"));
    let name = format!("http://{dead}");
    let ejected = |event: &serde_json::Value| {
        event["event.name"] == "upstream.server.ejected" && event["upstream.address"] == name
    };
    let _ = gate.wait_for_event(ejected, PATIENCE);
    assert!(gate.metric(&format!("mantlet_upstream_ejections_total{{upstream=\"{name}\"}}")) > 0);
    serve(dead, "back");
    let is_back = || (wire::get(gate.address(), "/", &[]).text() == "back").then_some(());
    poll_until(PATIENCE, is_back).unwrap();
    let returned = |event: &serde_json::Value| {
        event["event.name"] == "upstream.server.returned" && event["upstream.address"] == name
    };
    let _ = gate.wait_for_event(returned, PATIENCE);
}

/// A server of another protocol greets, and then waits for its client to go on.
#[test]
fn a_server_that_speaks_another_protocol_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut held = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH_9.9\r\n");
            held.push(stream);
        }
    });
    let gate = gate_of(&[format!("http://{address}")], "[upstream]\nresponse_timeout = \"1m\"\n");
    let response = wire::get(gate.address(), "/", &[]);
    let _ = assert_refused(&gate, &response, (502, "upstream-invalid"), "at once");
}

#[test]
fn a_server_that_answers_garbage_is_passed_over_but_never_the_last_one() {
    let bad = FakeUpstream::answering(Answer::garbage());
    let good = FakeUpstream::answering(Answer::ok("good"));
    let config = "[server]\nworkers = 1\n[upstream.health]\nfailures = 3\neject_time = \"1h\"\nmax_eject_time = \"1h\"\n";
    let gate = gate_of(&[bad.url(), good.url()], config);
    let statuses: Vec<u16> = (0..30).map(|_| wire::get(gate.address(), "/", &[]).status).collect();
    assert_eq!(statuses.iter().filter(|status| **status == 502).count(), 3, "{statuses:?}");
    assert!(statuses.iter().skip(6).all(|status| *status == 200), "{statuses:?}");
    drop(good);
    // Now none is well: both are used, and the one that answers at all is asked again.
    let asked = bad.requests().len();
    for _ in 0..10 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 502);
    }
    assert!(bad.requests().len() > asked, "the last one is never taken out");
}

#[test]
fn servers_that_stall_or_break_off_are_passed_over_too() {
    for bad in [Answer::Silence, Answer::cut_short(100, "some"), Answer::Hangup] {
        let bad = FakeUpstream::answering(bad);
        let good = FakeUpstream::answering(Answer::ok("good"));
        let config = "[server]\nworkers = 1\n[upstream]\nresponse_timeout = \"200ms\"\n[upstream.health]\nfailures = 2\neject_time = \"1h\"\nmax_eject_time = \"1h\"\n";
        let gate = gate_of(&[bad.url(), good.url()], config);
        for _ in 0..12 {
            let _ = wire::send_raw(
                gate.address(),
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            );
        }
        assert_eq!(bad.requests().len(), 2, "{:?}", gate.events());
        assert_eq!(good.requests().len(), 10);
    }
}

#[test]
fn a_server_whose_health_check_fails_is_passed_over_until_it_answers_well() {
    let is_well = Arc::new(AtomicBool::new(false));
    let asked = Arc::clone(&is_well);
    let sick = FakeUpstream::start(move |request| match &*request.target {
        "/health" if asked.load(Ordering::SeqCst) => Answer::status(204),
        "/health" => Answer::status(500),
        _ => Answer::ok("sick"),
    });
    let well = FakeUpstream::start(|request| {
        if request.target == "/health" { Answer::ok("") } else { Answer::ok("well") }
    });
    let config = "[upstream.health]\npath = \"/health\"\ninterval = \"100ms\"\n";
    let gate = gate_of(&[sick.url(), well.url()], config);
    let is_named = |name: &'static str, url: String| {
        move |event: &serde_json::Value| {
            event["event.name"] == name && event["upstream.address"] == url
        }
    };
    let _ = gate.wait_for_event(is_named("upstream.server.ejected", sick.url()), PATIENCE);
    for _ in 0..10 {
        assert_eq!(wire::get(gate.address(), "/", &[]).text(), "well");
    }
    is_well.store(true, Ordering::SeqCst);
    let _ = gate.wait_for_event(is_named("upstream.server.returned", sick.url()), PATIENCE);
    let is_used = || (wire::get(gate.address(), "/", &[]).text() == "sick").then_some(());
    poll_until(PATIENCE, is_used).unwrap();
    let check = sick.requests().into_iter().find(|request| request.target == "/health").unwrap();
    assert_eq!(check.header("user-agent"), Some("mantlet-health-check"));
    assert_eq!(check.header("host"), Some(&*sick.address().to_string()));
}

#[test]
fn a_server_that_takes_no_connections_is_left_alone_and_found_again() {
    let address = free_address();
    let config = "[server]\nworkers = 1\n[upstream.breaker]\nminimum = 5\npause = \"2s\"\n";
    let gate = gate_of(&[format!("http://{address}")], config);
    let (mut unreachable, mut resting) = (0, None);
    for _ in 0..20 {
        let response = wire::get(gate.address(), "/", &[]);
        match response.status {
            502 => unreachable += 1,
            503 => resting = Some(response),
            _ => panic!("{response:?}"),
        }
    }
    assert_eq!(unreachable, 5);
    let resting = resting.unwrap();
    let after: u64 = resting.header("retry-after").unwrap().parse().unwrap();
    assert!((1..=3).contains(&after), "{resting:?}");
    assert_refused(&gate, &resting, (503, "upstream-resting"), "left alone");
    let is_named =
        |name: &'static str| move |event: &serde_json::Value| event["event.name"] == name;
    let _ = gate.wait_for_event(is_named("upstream.breaker.opened"), PATIENCE);
    serve(address, "back");
    let is_back = || (wire::get(gate.address(), "/", &[]).text() == "back").then_some(());
    poll_until(PATIENCE, is_back).unwrap();
    let _ = gate.wait_for_event(is_named("upstream.breaker.closed"), PATIENCE);
    for _ in 0..10 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
}

#[test]
fn what_clients_bring_about_does_not_make_the_gate_leave_a_server_alone() {
    let upstream = FakeUpstream::start(|request| {
        if request.target == "/crash" { Answer::Hangup } else { Answer::ok("ok") }
    });
    let gate = gate_of(&[upstream.url()], "[upstream.breaker]\nminimum = 2\nfailures = 1\n");
    for _ in 0..30 {
        assert_eq!(wire::get(gate.address(), "/crash", &[]).status, 502);
    }
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
}

#[test]
fn connections_nobody_uses_are_closed_also_when_no_request_comes() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate_of(&[upstream.url()], "[upstream]\nkeep_alive = \"500ms\"\n");
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    let is_closed = || (upstream.open_connections() == 0).then_some(());
    poll_until(PATIENCE, is_closed).unwrap();
}

#[test]
fn a_name_is_looked_up_and_all_its_addresses_are_tried() {
    // `localhost` is ::1 and 127.0.0.1 on most machines; this server listens on the latter alone.
    let upstream = FakeUpstream::answering(Answer::ok("found"));
    let port = upstream.address().port();
    let gate = gate_of(&[format!("http://localhost:{port}")], "");
    assert_eq!(wire::get(gate.address(), "/", &[]).text(), "found");
    let gate =
        gate_of(&["http://no-such-name.invalid".into()], "[upstream]\nconnect_timeout = \"3s\"\n");
    let begun = std::time::Instant::now();
    let response = wire::get(gate.address(), "/", &[]);
    assert!(matches!(response.status, 502 | 504), "{response:?}");
    assert!(begun.elapsed() < Duration::from_secs(9), "{:?}", begun.elapsed());
    assert!(!response.text().contains("invalid"), "{}", response.text());
}

/// A program that runs the binary where `/etc/hosts` is this file; `None` where that is not allowed.
fn with_hosts(folder: &TempFolder, hosts: &Path) -> Option<PathBuf> {
    let mount = format!("mount --bind {hosts:?} /etc/hosts && exec");
    let may_mount = Command::new("unshare")
        .args(["--mount", "--map-root-user", "sh", "-c", &format!("{mount} true")])
        .status()
        .is_ok_and(|status| status.success());
    if !may_mount {
        left_out("servers", "no namespace with a hosts file of its own");
        return None;
    }
    let binary = env!("CARGO_BIN_EXE_mantlet");
    let script = format!(
        "#!/bin/sh\nexec unshare --mount --map-root-user sh -c '{mount} \"$@\"' sh {binary:?} \"$@\"\n"
    );
    let program = folder.write("program", script);
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    Some(program)
}

#[test]
fn the_addresses_behind_a_name_are_looked_up_again() {
    let folder = TempFolder::new();
    let hosts = folder.write("hosts", "127.0.5.1 moving.test\n");
    let Some(program) = with_hosts(&folder, &hosts) else { return };
    let port = free_address().port();
    for (last, text) in [(1, "first"), (2, "second")] {
        serve(SocketAddr::from(([127, 0, 5, last], port)), text);
    }
    let builder = MantletProcess::builder(program).upstream(&format!("http://moving.test:{port}"));
    let gate = builder.config("[upstream]\nresolve_interval = \"300ms\"\n").start();
    assert_eq!(wire::get(gate.address(), "/", &[]).text(), "first", "{}", gate.story());
    // In place: what is mounted is the file and not its name.
    fs::write(&hosts, "127.0.5.2 moving.test\n").unwrap();
    let has_moved = || (wire::get(gate.address(), "/", &[]).text() == "second").then_some(());
    poll_until(PATIENCE, has_moved).expect("the new address is used");
}

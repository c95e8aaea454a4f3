//! What holds when nothing is configured: one command, and every layer is there.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests may fail loudly")]

use std::collections::BTreeSet;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, run_program, wire};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

fn gate(upstream: &FakeUpstream) -> MantletProcess {
    MantletProcess::builder(BINARY).upstream(&upstream.url()).start()
}

// covers: ETSM-01 (binary)
#[test]
fn one_command_puts_every_layer_in_front_of_the_application() {
    let trace = "Traceback (most recent call last):\n  File \"/srv/a.py\", line 1, in x\n";
    let upstream = FakeUpstream::start(move |request| match request.target.as_str() {
        "/crash" => Answer::of(500, "text/plain", trace),
        _ => Answer::Echo,
    });
    let gate = gate(&upstream);
    let status = |path: &str| wire::get(gate.address(), path, &[]).status;

    // Network: an address is refused as soon as an operator says so.
    assert_eq!(gate.command(&["block", "add", "127.0.0.1", "--for", "1h"]).code, Some(0));
    assert_eq!(status("/"), 403);
    assert_eq!(gate.command(&["block", "remove", "127.0.0.1"]).code, Some(0));
    // Application: what could be read in two ways does not reach it, what it leaks is withheld.
    assert_eq!(status("/..%2fetc"), 400);
    let crash = wire::get(gate.address(), "/crash", &[]);
    assert!(crash.status == 500 && !crash.text().contains("/srv/a.py"));
    // Access: who someone says they are is not passed on.
    let echo = wire::get(gate.address(), "/", &[("X-User-Id", "admin")]);
    assert!(echo.status == 200 && !echo.text().contains("admin"), "{}", echo.text());
    // Threats and privacy: everything is on record, and the browser is told what to allow.
    assert!(echo.header("content-security-policy").is_some());
    let _ = gate.wait_for_event(|event| event["reason"] == "invalid-path", Duration::from_secs(10));
}

// covers: ELITE-01 (binary)
#[test]
fn without_a_word_it_listens_on_loopback_only() {
    let folder = TempFolder::new();
    let data = folder.path().to_string_lossy().into_owned();
    let shown = run_program(
        BINARY,
        &["config", "show", "--effective", "--data", &data],
        Duration::from_secs(10),
    );
    assert_eq!(shown.code, Some(0), "{shown:#?}");
    for expected in ["\"127.0.0.1:8080\"", "\"127.0.0.1:9443\""] {
        assert!(shown.stdout.contains(expected), "{}", shown.stdout);
    }
    assert!(!shown.stdout.contains("0.0.0.0"), "{}", shown.stdout);
}

/// The remote ends of this process's own TCP connections, and the addresses it listens on, as the
/// kernel lists them.
fn sockets(pid: u32) -> (BTreeSet<SocketAddr>, BTreeSet<SocketAddr>) {
    let own: BTreeSet<String> = fs::read_dir(format!("/proc/{pid}/fd"))
        .unwrap()
        .filter_map(|entry| fs::read_link(entry.ok()?.path()).ok())
        .filter_map(|link| {
            let name = link.to_string_lossy().into_owned();
            Some(name.strip_prefix("socket:[")?.strip_suffix(']')?.to_owned())
        })
        .collect();
    let table = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("net/tcp"));
    let (mut remote, mut listening) = (BTreeSet::new(), BTreeSet::new());
    for line in table.unwrap().lines().skip(1) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        if !own.contains(columns[9]) {
            continue;
        }
        match columns[3] {
            "0A" => listening.insert(address(columns[1])),
            _ => remote.insert(address(columns[2])),
        };
    }
    (remote, listening)
}

/// `0100007F:1F90`: an address in the kernel's own byte order.
fn address(text: &str) -> SocketAddr {
    let (ip, port) = text.split_once(':').unwrap();
    let ip = u32::from_str_radix(ip, 16).unwrap().to_ne_bytes();
    SocketAddr::from((ip, u16::from_str_radix(port, 16).unwrap()))
}

// covers: ETSM-04 (binary)
#[test]
fn nothing_but_the_application_is_ever_connected_to() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream);
    for _ in 0..5 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
        let (remote, listening) = sockets(gate.id());
        assert_eq!(listening, BTreeSet::from([gate.address(), gate.admin()]));
        // What is neither listening nor the application's is a client of ours, on our own port.
        let foreign: Vec<_> = remote
            .iter()
            .filter(|at| !at.ip().is_loopback() || (at.port() == 443 || at.port() == 53))
            .collect();
        assert!(foreign.is_empty(), "{foreign:?}");
        std::thread::sleep(Duration::from_millis(300));
    }
    assert!(upstream.requests().len() == 5, "only what clients asked for reached the application");
}

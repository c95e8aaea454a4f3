//! Settings that no other file of tests is about, each shown to act; and that none is forgotten.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, WebSocket};
use mantlet_testkit::{
    Answer, FakeUpstream, TempFolder, certificate, free_address, poll_until, root, run_program,
};

use common::{PATIENCE, assert_refused, gate};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

fn get_from(source: u8, address: SocketAddr, path: &str) -> wire::Response {
    let source = IpAddr::V4(Ipv4Addr::new(127, 0, 0, source));
    let mut connection = Connection::open_from(source, address).unwrap();
    connection.write(&wire::render(address, "GET", path, &[], b"")).unwrap();
    connection.read_response().unwrap()
}

#[test]
fn allowed_addresses_are_spared_from_blocks() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let config = "[guards.blocklist]\nblock = [\"127.0.0.0/28\"]\nallow = [\"127.0.0.3\"]\n";
    let gate = gate(&upstream, config);
    let refused = get_from(2, gate.address(), "/");
    assert_refused(&gate, &refused, (403, "address-blocked"), "blocked");
    assert_eq!(get_from(3, gate.address(), "/").status, 200);
}

// covers: SCI-01 (binary)
#[test]
fn a_path_is_open_to_given_networks_alone() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let lists = "block = [\"0.0.0.0/0\", \"::/0\"]\nallow = [\"127.0.0.3\"]\n";
    let config = format!("[[routes]]\npath = \"/admin/*\"\n[routes.guards.blocklist]\n{lists}");
    let gate = gate(&upstream, &config);
    for path in ["/admin", "/admin/x"] {
        let refused = get_from(2, gate.address(), path);
        assert_refused(&gate, &refused, (403, "address-blocked"), path);
        assert_eq!(get_from(3, gate.address(), path).status, 200, "{path}");
    }
    assert_eq!(get_from(2, gate.address(), "/").status, 200, "the rest is open to everybody");
}

#[test]
fn connections_to_the_application_are_kept_as_long_and_as_many_as_said() {
    for (setting, connections) in
        [("keep_alive = \"30s\"", 1), ("keep_alive = \"1ms\"", 3), ("max_idle_connections = 0", 3)]
    {
        let upstream = FakeUpstream::answering(Answer::ok("x"));
        let config = format!("[server]\nworkers = 1\n[upstream]\n{setting}\n");
        let gate = gate(&upstream, &config);
        for _ in 0..3 {
            assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
            std::thread::sleep(Duration::from_millis(20));
        }
        assert_eq!(upstream.connections(), connections, "{setting}");
    }
}

#[test]
fn a_handshake_that_never_comes_is_not_waited_for() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let folder = TempFolder::new();
    let (cert, key) = certificate(&folder, "cert.pem", "key.pem");
    let address = free_address();
    let tls = format!("listen = \"{address}\"\ncert = {cert:?}\nkey = {key:?}\n");
    let config = format!("[server.tls]\n{tls}handshake_timeout = \"200ms\"\n");
    let _gate = gate(&upstream, &config);
    let mut silent = Connection::open(address).unwrap();
    // The default is as long as all of our patience.
    assert!(silent.is_closed_within(PATIENCE / 2));
}

#[test]
fn a_client_that_reads_nothing_is_let_go() {
    let upstream = FakeUpstream::answering(Answer::of(200, "text/plain", vec![b'x'; 32 << 20]));
    let gate = gate(&upstream, "[server]\nsend_timeout = \"300ms\"\n");
    let mut idle = Connection::open(gate.address()).unwrap();
    idle.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    let line = gate.wait_for_access(|line| line["url.path"] == "/", PATIENCE);
    assert_eq!(line.get("event.outcome").unwrap(), "aborted", "{line:#}");
    let is_free = || (gate.metric("mantlet_connections") == 0).then_some(());
    assert!(poll_until(PATIENCE, is_free).is_some());
}

#[test]
fn a_fallback_is_for_assets_where_that_is_said() {
    let folder = TempFolder::new();
    folder.write("index.html", "<p>the application</p>");
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, status) in [("", 404), ("fallback_for_assets = true\n", 200)] {
        let config = format!(
            "[[routes]]\npath = \"/*\"\nstatic = {:?}\nfallback = \"index.html\"\n{setting}",
            folder.path()
        );
        let gate = gate(&upstream, &config);
        let page = [("Accept", "text/html"), ("Sec-Fetch-Mode", "navigate")];
        assert_eq!(wire::get(gate.address(), "/users", &page).status, 200, "{setting}");
        assert_eq!(wire::get(gate.address(), "/users/j.doe", &page).status, status, "{setting}");
    }
}

#[test]
fn files_are_sent_packed_and_kept_by_browsers_where_that_is_said() {
    let folder = TempFolder::new();
    folder.write("app-5f3c9a1b.js", "plain");
    folder.write("app-5f3c9a1b.js.gz", "packed");
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, body, kept) in [
        ("", "plain", None),
        ("precompressed = true\n", "packed", None),
        ("immutable = true\n", "plain", Some("public, max-age=31536000, immutable")),
    ] {
        let place = folder.path();
        let config = format!("[[routes]]\npath = \"/*\"\nstatic = {place:?}\n{setting}");
        let gate = gate(&upstream, &config);
        let read = [("Accept-Encoding", "gzip")];
        let answer = wire::get(gate.address(), "/app-5f3c9a1b.js", &read);
        assert_eq!(answer.text(), body, "{setting}");
        assert_eq!(answer.header("cache-control"), kept, "{setting}");
    }
}

#[test]
fn a_websocket_lives_no_longer_than_it_may() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = gate(&upstream, "[websocket]\nlifetime = \"500ms\"\n");
    let mut socket = WebSocket::open(gate.address(), "/", &[]).unwrap();
    assert_eq!(socket.read_close().unwrap(), Some(1001));
    let series = "mantlet_limit_reached_total{limit=\"websocket.lifetime\"}";
    let is_counted = || (gate.metric(series) == 1).then_some(());
    poll_until(PATIENCE, is_counted).unwrap();
}

/// Every file of tests, and what stands in the tests inside other files.
fn tests() -> String {
    let (mut text, mut waiting) =
        (String::new(), vec![root().join("crates"), root().join("examples")]);
    while let Some(place) = waiting.pop() {
        if place.is_dir() {
            waiting.extend(fs::read_dir(&place).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let Ok(content) = fs::read_to_string(&place) else { continue };
        if place.ends_with("tests/settings.rs") {
            // What this file lists is not tested by being listed.
            text.push_str(content.split("/// Settings that no test").next().unwrap_or_default());
            continue;
        }
        let is_test = place.components().any(|part| part.as_os_str() == "tests")
            || place.ends_with("tests.rs")
            || place.extension().is_some_and(|extension| extension == "toml");
        let inside = content.split_once("#[cfg(test)]").map_or("", |(_, tests)| tests);
        text.push_str(if is_test { &content } else { inside });
    }
    // What begins a line within a text is not the end of a name.
    text.replace("\\n", "\n")
}

/// Whether `text` holds `way` as a whole, and not as the end of a longer name.
fn holds(text: &str, way: &str) -> bool {
    text.match_indices(way).any(|(at, _)| {
        let before = text.get(..at).and_then(|text| text.chars().next_back());
        before.is_none_or(|it| !it.is_ascii_alphanumeric() && !matches!(it, '_' | '.'))
    })
}

#[test]
fn sci_d30_every_setting_is_named_by_a_test_that_sets_it() {
    let reference = run_program(BINARY, &["config", "reference"], PATIENCE).stdout;
    let tests = tests();
    let mut section = String::new();
    let mut missing = BTreeSet::new();
    let mut count = 0;
    for line in reference.lines() {
        if let Some(name) = line.strip_prefix("## `").and_then(|rest| rest.strip_suffix('`')) {
            section = name.trim_matches(['[', ']']).to_owned();
        }
        let Some((key, _)) = line.strip_prefix("| `").and_then(|rest| rest.split_once('`')) else {
            continue;
        };
        count += 1;
        let path = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        let variable = format!("MANTLET_{}", path.replace('.', "_").to_uppercase());
        let ways = [
            format!("{key} = "),
            format!("{key}="),
            format!("{key}: "),
            format!("\"{key}\", "),
            path.clone(),
            variable,
        ];
        let is_tested = ways.iter().any(|way| holds(&tests, way));
        if !is_tested {
            missing.insert(path);
        }
    }
    assert!(count > 80, "only {count} settings were found");
    assert!(missing.is_empty(), "settings that no test sets: {missing:#?}");
}

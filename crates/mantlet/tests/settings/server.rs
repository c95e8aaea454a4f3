//! Settings of the server, of servers behind it and of files, each shown to act.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use mantlet_testkit::wire::{self, Connection, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, TempFolder, certificate, free_address, poll_until};

use super::common::{PATIENCE, assert_refused, gate};

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

#[test]
fn a_head_has_as_many_lines_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, status) in [("", 200), ("header_count = 20\n", 431)] {
        let gate = gate(&upstream, &format!("[server]\n{setting}"));
        let headers = [("X-Note", "x"); 50];
        assert_eq!(wire::get(gate.address(), "/", &headers).status, status, "{setting}");
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200, "{setting}");
    }
}

#[test]
fn an_upload_is_as_large_as_is_said_where_uploads_are() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, status) in [("", 200), ("upload_limit = \"20KiB\"\n", 413)] {
        let config = format!(
            "[[routes]]\npath = \"/up\"\nupload = true\n[server]\nbody_limit = \"10KiB\"\n{setting}"
        );
        let gate = gate(&upstream, &config);
        let send = |path: &str, size: usize| {
            wire::request(gate.address(), "POST", path, &[], &vec![b'x'; size]).status
        };
        let statuses = [send("/up", 30_000), send("/up", 15_000), send("/x", 15_000)];
        assert_eq!(statuses, [status, 200, 413], "{setting}");
    }
}

#[test]
fn a_client_that_had_its_last_answer_is_heard_out_as_long_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, is_closed) in [("", false), ("discard_timeout = \"200ms\"\n", true)] {
        let config = format!("[[routes]]\npath = \"/no\"\ndeny = true\n[server]\n{setting}");
        let gate = gate(&upstream, &config);
        let mut slow = Connection::open(gate.address()).unwrap();
        slow.write(b"POST /no HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nx").unwrap();
        assert_eq!(slow.read_response().unwrap().status, 403, "{setting}");
        // The default is half of our patience.
        assert_eq!(slow.is_closed_within(Duration::from_millis(2500)), is_closed, "{setting}");
    }
}

#[test]
fn the_admin_listener_is_asked_under_names_that_are_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, is_served) in [("", false), ("hosts = [\"admin.example.org\"]\n", true)] {
        let gate = gate(&upstream, &format!("[admin]\n{setting}"));
        let ask = |host: &str| {
            let mut connection = Connection::open(gate.admin()).unwrap();
            let request = format!("GET /livez HTTP/1.1\r\nHost: {host}\r\n\r\n");
            connection.write(request.as_bytes()).unwrap();
            connection.read_response().unwrap().status == 200
        };
        let asked = ["admin.example.org", "evil.example.org", &gate.admin().to_string()].map(ask);
        assert_eq!(asked, [is_served, false, true], "{setting}");
    }
}

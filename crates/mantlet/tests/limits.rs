//! Limits: they hold, they hold for the one who is over them alone, and they say the truth.

#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may fail loudly and measure real time"
)]

mod common;

use std::net::IpAddr;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until};

use common::{PATIENCE, assert_refused, gate};

const REACHED: &str = "mantlet_limit_reached_total{limit=\"server.max_connections\"}";
const RATE: (u16, &str) = (429, "rate-limited");

fn start(config: &str) -> (FakeUpstream, MantletProcess) {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, config);
    (upstream, gate)
}

fn ask(connection: &mut Connection, gate: &MantletProcess, path: &str) -> Response {
    connection.write(&wire::render(gate.address(), "GET", path, &[], b"")).unwrap();
    connection.read_response().unwrap()
}

/// A kept connection that has been answered; whatever still counts from before may end first.
fn admitted(gate: &MantletProcess) -> Connection {
    let one = poll_until(PATIENCE, || {
        let mut connection = Connection::open(gate.address()).unwrap();
        (ask(&mut connection, gate, "/").status == 200).then_some(connection)
    });
    one.unwrap()
}

fn from(source: [u8; 4], gate: &MantletProcess) -> Connection {
    Connection::open_from(IpAddr::from(source), gate.address()).unwrap()
}

// covers: ETSM-20, ETSM-21 (binary)
#[test]
fn etsm_d17_one_clients_flood_does_not_touch_another() {
    let (_upstream, gate) = start("[guards.limit]\nper_address = [\"10/s burst 20\"]\n");
    let (is_over, refused) = (AtomicBool::new(false), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut flood = Connection::open(gate.address()).unwrap();
                while !is_over.load(Ordering::Relaxed) {
                    let status = ask(&mut flood, &gate, "/").status;
                    refused.fetch_add(usize::from(status == 429), Ordering::Relaxed);
                }
            });
        }
        while refused.load(Ordering::Relaxed) < 200 {
            thread::sleep(Duration::from_millis(5));
        }
        let mut other = from([127, 0, 0, 2], &gate);
        for _ in 0..15 {
            let begun = Instant::now();
            assert_eq!(ask(&mut other, &gate, "/").status, 200);
            assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        }
        is_over.store(true, Ordering::Relaxed);
    });
}

// covers: YMERA-D15 (binary)
#[test]
fn ymera_d15_however_many_ask_at_once_one_bucket_gives_what_it_holds_and_no_cost_adds_to_it() {
    for cost in [1, 5] {
        let (upstream, gate) = start(&format!(
            "[server]\nworkers = 4\n[guards.limit]\nper_address = [\"1/h burst 30\"]\ncost = {cost}\n"
        ));
        let admitted = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    let mut connection = Connection::open(gate.address()).unwrap();
                    for _ in 0..10 {
                        let is_admitted = ask(&mut connection, &gate, "/").status == 200;
                        admitted.fetch_add(usize::from(is_admitted), Ordering::Relaxed);
                    }
                });
            }
        });
        assert_eq!(admitted.into_inner(), 30 / cost);
        assert_eq!(upstream.requests().len(), 30 / cost, "who is refused reaches nobody");
    }
    for cost in ["0", "-5", "1.5"] {
        let upstream = FakeUpstream::answering(Answer::ok("ok"));
        let builder =
            MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet")).upstream(&upstream.url());
        let end = builder.config(&format!("[guards.limit]\ncost = {cost}\n")).try_start();
        assert!(end.is_err_and(|end| end.stderr.contains("error: ")), "{cost}");
    }
}

// covers: ETSM-20 (binary)
#[test]
fn ymera_d14_a_refusal_is_a_429_that_says_truly_when_to_come_back() {
    let (upstream, gate) = start("[guards.limit]\nper_address = [\"30/min burst 3\"]\n");
    let mut connection = Connection::open(gate.address()).unwrap();
    let statuses: Vec<u16> = (0..3).map(|_| ask(&mut connection, &gate, "/").status).collect();
    assert_eq!(statuses, [200; 3]);
    for _ in 0..2 {
        let refused = ask(&mut connection, &gate, "/");
        assert_refused(&gate, &refused, RATE, "over the burst");
        let wait: u64 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((1..=2).contains(&wait), "one token every two seconds, not {wait} s");
        assert_eq!(refused.json()["retry_after"], wait);
        let policy = refused.header("ratelimit-policy").unwrap();
        assert!(
            policy.starts_with('"') && policy.contains(";q=") && policy.contains(";w="),
            "{policy}"
        );
        let limit = refused.header("ratelimit").unwrap();
        assert!(limit.contains(";r=0"), "{limit}");
        thread::sleep(Duration::from_secs(wait));
        assert_eq!(ask(&mut connection, &gate, "/").status, 200, "after {wait} s");
    }
    assert_eq!(upstream.requests().len(), 5);
}

#[test]
fn etsm_d18_requests_that_race_share_one_count() {
    let (upstream, gate) = start("[guards.limit]\nper_address = [\"10/h\"]\n");
    let passed: usize = thread::scope(|scope| {
        let race = || {
            let mut connection = Connection::open(gate.address()).unwrap();
            (0..5).filter(|_| ask(&mut connection, &gate, "/").status == 200).count()
        };
        let racers: Vec<_> = (0..20).map(|_| scope.spawn(race)).collect();
        racers.into_iter().map(|racer| racer.join().unwrap()).sum()
    });
    assert_eq!((passed, upstream.requests().len()), (10, 10));
}

#[test]
fn over_the_most_connections_a_client_is_told_so_and_counted() {
    let (_upstream, gate) = start("[server]\nmax_connections = 5\n");
    let mut held: Vec<_> = (0..5).map(|_| admitted(&gate)).collect();
    let before = gate.metric(REACHED);
    for body in ["", "a body that nobody reads"] {
        let mut extra = Connection::open(gate.address()).unwrap();
        let _ = extra.write(&wire::render(gate.address(), "POST", "/", &[], body.as_bytes()));
        let refused = extra.read_response().unwrap();
        assert_refused(&gate, &refused, (503, "too-many-connections"), "the sixth");
        assert!(extra.is_closed_within(PATIENCE));
    }
    assert_eq!(gate.metric(REACHED) - before, 2);
    assert_eq!(ask(&mut held[0], &gate, "/").status, 200, "those inside go on");
    held.pop();
    let is_free = || (wire::get(gate.address(), "/", &[]).status == 200).then_some(());
    poll_until(PATIENCE, is_free).expect("one left, so there is room");
}

#[test]
fn slow_heads_hold_up_nobody_and_are_cut_off_in_time() {
    // A thousand refusals in a row: each is to be in the log.
    let (upstream, gate) = start("[log]\nrefusals = 0\n[server]\nhead_timeout = \"4s\"\n");
    let begun = Instant::now();
    let mut slow: Vec<_> = (0..1000).map(|_| Connection::open(gate.address()).unwrap()).collect();
    for connection in &mut slow {
        connection.write(b"GET / HTTP/1.1\r\nHost: a\r\nX").unwrap();
    }
    let fast = Instant::now();
    for _ in 0..50 {
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
    assert!(fast.elapsed() < Duration::from_secs(4), "took {:?}", fast.elapsed());
    // Each sends a little more now and then, which must not buy it time.
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(300));
        slow.iter_mut().for_each(|connection| drop(connection.write(b"x")));
    }
    for (number, connection) in slow.iter_mut().enumerate() {
        let response = connection.read_response().unwrap();
        assert_eq!(response.status, 408, "{response:?}");
        if number == 0 {
            assert_refused(&gate, &response, (408, "head-timeout"), "slow head");
        }
        assert!(connection.is_closed_within(PATIENCE));
    }
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(4) && took < Duration::from_secs(4) + 3 * PATIENCE,
        "{took:?}"
    );
    assert_eq!(upstream.requests().len(), 50);
}

#[test]
fn idle_connections_are_closed_and_busy_ones_are_not() {
    let upstream = FakeUpstream::start(|request| {
        Answer::ok("ok").after(Duration::from_secs(if request.target == "/slow" { 4 } else { 0 }))
    });
    let gate = gate(&upstream, "[server]\nidle_timeout = \"2s\"\n");
    let [mut fresh, mut used, mut busy] =
        [(); 3].map(|()| Connection::open(gate.address()).unwrap());
    assert_eq!(ask(&mut used, &gate, "/").status, 200);
    busy.write(&wire::render(gate.address(), "GET", "/slow", &[], b"")).unwrap();
    let begun = Instant::now();
    assert!(!used.is_closed_within(Duration::from_millis(500)), "too early");
    for connection in [&mut fresh, &mut used] {
        assert!(connection.is_closed_within(PATIENCE), "idle for {:?}", begun.elapsed());
    }
    assert_eq!(busy.read_response().unwrap().status, 200, "an answer on its way is not idle");
}

/// Asserts that an answer has what every answer has.
fn assert_dressed(response: &Response, expected: u16, about: &str) {
    assert_eq!(response.status, expected, "{about:.40}: {response:?}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "strict-origin-when-cross-origin"),
    ] {
        assert_eq!(response.headers.get_all(name), [value], "{about:.40}: {response:?}");
    }
    let policies = response.headers.get_all("content-security-policy").concat();
    assert!(policies.contains("frame-ancestors"), "{about:.40}: {policies}");
    assert_eq!(
        response.headers.get_all("x-request-id").concat().len(),
        36,
        "{about:.40}: {response:?}"
    );
    assert!(
        !response.headers.contains("server") && !response.headers.contains("x-powered-by"),
        "{about:.40}"
    );
}

// covers: SCI-33 (binary)
#[test]
fn every_answer_on_the_way_carries_the_security_headers() {
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/none" => Answer::status(204),
        "/same" => Answer::status(304),
        "/moved" => Answer::status(302).header("Location", "/").header("Server", "x"),
        "/broken" => Answer::status(500).header("X-Powered-By", "x"),
        "/garbage" => Answer::garbage(),
        "/silence" => Answer::Silence,
        _ => Answer::html("<p>page").header("Server", "x"),
    });
    let files = TempFolder::new();
    files.write("a.txt", "a");
    let folder = files.path();
    let routes = format!(
        "[[routes]]\npath = \"/deny\"\ndeny = true\n[[routes]]\npath = \"/old\"\nredirect = \"/\"\n[[routes]]\npath = \"/blocked\"\n[routes.guards.blocklist]\nblock = [\"127.0.0.1\"]\n[[routes]]\npath = \"/once\"\n[routes.guards.limit]\nper_address = [\"1/h\"]\n[[routes]]\npath = \"/a.txt\"\nstatic = {folder:?}\n[[routes]]\npath = \"/b.txt\"\nstatic = {folder:?}\n"
    );
    let gate = gate(
        &upstream,
        &format!(
            "[server]\nhead_timeout = \"1s\"\nbody_limit = \"1KiB\"\n[upstream]\nresponse_timeout = \"500ms\"\n{routes}"
        ),
    );
    let _ = wire::get(gate.address(), "/once", &[]);
    let large = format!("/{}", "x".repeat(9000));
    for (path, status) in [
        ("/", 200),
        ("/none", 204),
        ("/same", 304),
        ("/moved", 302),
        ("/old", 308),
        ("/a.txt", 200),
        ("/b.txt", 404),
        ("/deny", 403),
        ("/blocked", 403),
        ("/once", 429),
        ("/.mantlet/x", 404),
        ("/broken", 500),
        ("/garbage", 502),
        ("/silence", 504),
        ("/..%2f", 400),
        (large.as_str(), 414),
    ] {
        assert_dressed(&wire::get(gate.address(), path, &[]), status, path);
        let page = wire::get(gate.address(), path, &[("Accept", "text/html")]);
        assert_dressed(&page, status, path);
    }
    for (bytes, status) in [
        ("nonsense\r\n\r\n".to_owned(), 400),
        ("GET / HTTP/1.1\r\n".to_owned(), 408),
        ("TRACE / HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(), 501),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2000\r\n\r\n".to_owned(), 413),
        ("POST / HTTP/1.1\r\nHost: a\r\nExpect: x\r\n\r\n".to_owned(), 417),
        (format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n\r\n", "x".repeat(70_000)), 431),
    ] {
        let answer = wire::send_raw(gate.address(), bytes.as_bytes());
        assert_dressed(&answer.responses()[0], status, &bytes);
    }
}

#[test]
fn garbage_of_a_blocked_client_is_refused_because_it_is_blocked() {
    let (_upstream, gate) = start("[guards.blocklist]\nblock = [\"127.0.0.1\"]\n");
    for request in ["GET /..%2f HTTP/1.1\r\nHost: x\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"] {
        let answer = wire::send_raw(gate.address(), request.as_bytes());
        let refusal = answer.responses().into_iter().next().unwrap();
        assert_eq!((refusal.status, &refusal.json()["code"]), (403, &"address-blocked".into()));
    }
}

#[test]
fn one_address_cannot_take_every_connection() {
    let (_upstream, gate) = start("[server]\nmax_connections_per_address = 4\n");
    // Answered once, each is surely counted: an address of which one was turned away has room left.
    let held: Vec<Connection> = (0..4).map(|_| admitted(&gate)).collect();
    let refusal = wire::get(gate.address(), "/", &[]);
    assert_eq!(refusal.status, 503, "{refusal:?}");
    assert_eq!(refusal.json()["code"], "too-many-connections");
    let mut other = Connection::open_from([127, 0, 9, 9].into(), gate.address()).unwrap();
    other.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    assert_eq!(other.read_response().unwrap().status, 200);
    drop(held);
}

/// The last of `count` answers to `path` with these headers, all on one connection.
fn last(gate: &MantletProcess, path: &str, headers: &[(&str, &str)], count: usize) -> Response {
    let mut connection = Connection::open(gate.address()).unwrap();
    let request = wire::render(gate.address(), "GET", path, headers, b"");
    let send = |_| {
        connection.write(&request).unwrap();
        connection.read_response().unwrap()
    };
    (0..count).map(send).last().unwrap()
}

// covers: YMERA-14 (binary)
#[test]
fn keys_networks_and_routes_are_counted_each_for_itself() {
    let (upstream, gate) = start(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[[routes]]\npath = \"/key\"\n[routes.guards.limit]\nper_header = [\"2/h\"]\nheader = \"X-API-Key\"\n[[routes]]\npath = \"/net\"\n[routes.guards.limit]\nper_network = [\"2/h\"]\n[[routes]]\npath = \"/all\"\n[routes.guards.limit]\nper_route = [\"2/h\"]\n",
    );
    let key = |key| [("X-API-Key", key)];
    let client = |address| [("X-Forwarded-For", address)];
    assert_eq!(last(&gate, "/key", &key("sk_one"), 2).status, 200);
    let refused = last(&gate, "/key", &key("sk_one"), 1);
    let event = assert_refused(&gate, &refused, RATE, "one key");
    assert!(!event.to_string().contains("sk_one") && !refused.text().contains("sk_one"));
    assert_eq!(
        refused.json()["type"],
        "https://iana.org/assignments/http-problem-types#quota-exceeded"
    );
    assert_eq!(refused.json()["violated-policies"], serde_json::json!(["header 2/h"]));
    assert_eq!(last(&gate, "/key", &key("sk_two"), 1).status, 200);
    assert_eq!(last(&gate, "/net", &client("198.51.100.1"), 2).status, 200);
    assert_eq!(last(&gate, "/net", &client("198.51.100.2"), 1).status, 429);
    assert_eq!(last(&gate, "/net", &client("198.51.101.1"), 1).status, 200);
    assert_eq!(last(&gate, "/net", &client("2001:db8:1:1::1"), 2).status, 200);
    assert_eq!(last(&gate, "/net", &client("2001:db8:1:2::1"), 1).status, 429);
    assert_eq!(last(&gate, "/all", &client("198.51.100.1"), 2).status, 200);
    let busy = last(&gate, "/all", &client("203.0.113.1"), 1);
    assert_refused(&gate, &busy, (503, "route-busy"), "all clients together");
    assert_eq!(
        busy.json()["type"],
        "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity"
    );
    assert!(busy.header("retry-after").is_some());
    assert_eq!(upstream.requests().len(), 10);
}

#[test]
fn what_runs_at_once_is_bounded_for_each_client_and_given_back() {
    let upstream = FakeUpstream::start(|request| {
        let wait = if request.target == "/slow" { 2 } else { 0 };
        Answer::ok("ok").after(Duration::from_secs(wait))
    });
    let gate = gate(&upstream, "[guards.limit]\nconcurrent_per_address = 3\n");
    let slow = wire::render(gate.address(), "GET", "/slow", &[], b"");
    let mut held: Vec<Connection> = Vec::new();
    for _ in 0..3 {
        let mut connection = Connection::open(gate.address()).unwrap();
        connection.write(&slow).unwrap();
        held.push(connection);
    }
    let _ = upstream.wait_for(3, PATIENCE);
    let refused = wire::get(gate.address(), "/", &[]);
    assert_refused(&gate, &refused, (429, "too-many-at-once"), "the fourth");
    let policy = refused.header("ratelimit-policy").unwrap();
    assert!(policy.ends_with(";q=3;qu=\"concurrent-requests\""), "{policy}");
    let mut other = from([127, 0, 0, 2], &gate);
    assert_eq!(ask(&mut other, &gate, "/").status, 200);
    // One that goes away gives its place back, and so does each that is answered.
    held.pop();
    for mut connection in held {
        assert_eq!(connection.read_response().unwrap().status, 200);
    }
    let is_free = || (wire::get(gate.address(), "/", &[]).status == 200).then_some(());
    assert!(poll_until(PATIENCE, is_free).is_some());
}

// covers: SAMO-36 (binary)
#[test]
fn the_operator_is_warned_once_when_four_fifths_are_used() {
    let (_upstream, mut gate) = start("[guards.limit]\nper_address = [\"20/h\"]\n");
    assert_eq!(last(&gate, "/", &[], 60).status, 429);
    gate.stop();
    let events = gate.events();
    let warned = events.iter().filter(|event| event["event.name"] == "limit.quota.warned");
    let warned: Vec<_> = warned.collect();
    assert_eq!(warned.len(), 1, "{warned:#?}");
    assert_eq!(
        (&warned[0]["limit"], &warned[0]["source.ip"]),
        (&"20/h".into(), &"127.0.0.1".into())
    );
}

#[test]
fn etsm_d18_whole_networks_of_addresses_neither_fill_memory_nor_free_an_offender() {
    let (_upstream, gate) = start(
        "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[guards]\ncounters = 1000\n[guards.limit]\nper_address = [\"20/h\"]\n[penalty]\nmode = \"off\"\n",
    );
    let offender = [("X-Forwarded-For", "2001:db8:1:ffff::1")];
    assert_eq!(last(&gate, "/", &offender, 25).status, 429);
    let mut connection = Connection::open(gate.address()).unwrap();
    for number in 0..5_000 {
        let client = format!("2001:db8:1:{number:x}::1");
        let request =
            wire::render(gate.address(), "GET", "/", &[("X-Forwarded-For", &client)], b"");
        connection.write(&request).unwrap();
        assert_eq!(connection.read_response().unwrap().status, 200);
    }
    assert!(gate.metric("mantlet_limit_reached_total{limit=\"guards.counters\"}") > 3_000);
    assert_eq!(last(&gate, "/", &offender, 1).status, 429, "it is still remembered");
}

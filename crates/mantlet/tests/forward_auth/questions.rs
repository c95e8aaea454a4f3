//! What is believed, and what is answered.

use mantlet_testkit::wire::{self, Connection, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use super::{ROUTES, account, asked};

const PAGE: (&str, &str) = ("Accept", "text/html,*/*;q=0.8");

/// The fields that say what is asked about.
fn about<'a>(method: &'a str, target: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("X-Forwarded-Method", method),
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Host", "app.example"),
        ("X-Forwarded-Uri", target),
        ("X-Forwarded-For", "203.0.113.9"),
    ]
}

fn ask(
    asking: std::net::SocketAddr,
    path: &str,
    fields: &[(&str, &str)],
    more: &[(&str, &str)],
) -> Response {
    wire::get(asking, path, &[fields, more].concat())
}

#[test]
fn the_answer_is_the_one_that_the_gate_would_give() {
    let (gate, asking) = asked(ROUTES);
    let (_, key) = account(&gate, "alice");
    let alice = [("X-API-Key", key.as_str())];
    for (method, target, nobody, user) in [
        ("GET", "/", 401, 200),
        ("POST", "/x?y=1", 401, 200),
        ("GET", "/users/alice/x", 401, 200),
        ("DELETE", "/users/bob/x", 401, 403),
        ("GET", "/admin", 401, 403),
        ("GET", "/never/x", 401, 403),
        ("GET", "/about", 200, 200),
        ("GET", "/users/bob/x?user=alice", 401, 403),
    ] {
        for path in ["/check", "/forward"] {
            let fields = about(method, target);
            assert_eq!(ask(asking, path, &fields, &[]).status, nobody, "{path} {method} {target}");
            let answer = ask(asking, path, &fields, &alice);
            assert_eq!(answer.status, user, "{path} {method} {target}: {answer:?}");
        }
    }
    let fields = [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-For", "203.0.113.9"),
        ("Host", "app.example"),
    ];
    assert_eq!(ask(asking, "/envoy/users/alice/x", &fields, &alice).status, 200);
    assert_eq!(ask(asking, "/envoy/users/bob/x", &fields, &alice).status, 403);
    let allowed = ask(asking, "/forward", &about("GET", "/"), &alice);
    assert_eq!(allowed.header("x-forwarded-user"), Some("alice"));
    assert_eq!(allowed.header("mantlet-assertion").unwrap().split('.').count(), 3);
    assert_eq!(allowed.header("cache-control"), Some("no-store"));
    let open = ask(asking, "/forward", &about("GET", "/about"), &[("Mantlet-Assertion", "forged")]);
    assert_eq!(
        (open.header("x-forwarded-user"), open.header("mantlet-assertion")),
        (Some(""), Some(""))
    );
    let page = ask(asking, "/forward", &about("GET", "/a?b=c"), &[PAGE]);
    let sign_in = Some("/.mantlet/sign-in?next=/a?b=c");
    assert_eq!((page.status, page.header("location")), (303, sign_in), "{page:?}");
    let page = ask(asking, "/check", &about("GET", "/a?b=c"), &[PAGE]);
    assert_eq!((page.status, page.header("location")), (401, sign_in), "{page:?}");
    let access = gate
        .wait_for_event(|event| event.to_string().contains("203.0.113.9"), super::common::PATIENCE);
    assert!(access.to_string().contains("203.0.113.9"));
}

/// Targets that have no one meaning, or that the application would read in another way.
const UNCLEAR: [&str; 13] = [
    "",
    "users/alice/x",
    "http://app.example/users/alice/x",
    "/users/alice/../bob/x",
    "/users/alice/%2e%2e/bob/x",
    "//users/alice/x",
    "/users/alice%2Fx",
    "/users/alice;/x",
    "/users/alice/x#y",
    "/users/alice/\\x",
    "/users/alice/%252e",
    "/users/alice/%00",
    "/x/../about",
];

#[test]
fn what_is_unclear_is_refused() {
    let (gate, asking) = asked(ROUTES);
    let (_, key) = account(&gate, "alice");
    let alice = ("X-API-Key", key.as_str());
    let fine = about("GET", "/users/alice/x");
    assert_eq!(ask(asking, "/check", &fine, &[alice]).status, 200);
    for missing in 0..fine.len() {
        let mut fields = fine.clone();
        let (name, value) = fields.remove(missing);
        let answer = ask(asking, "/check", &fields, &[alice]);
        assert_eq!(answer.status, 403, "without {name}");
        let answer = ask(asking, "/check", &fields, &[alice, (name, "")]);
        assert_eq!(answer.status, 403, "{name} is empty");
        let answer = ask(asking, "/check", &fine, &[alice, (name, value)]);
        assert_eq!(answer.status, 403, "{name} twice");
    }
    for more in [
        ("X-Original-URI", "/about"),
        ("X-Original-URL", "http://app.example/about"),
        ("X-Original-Method", "GET"),
        ("X-Rewrite-URL", "/about"),
        ("X_Forwarded_User", "admin"),
        ("x.forwarded.uri", "/about"),
        ("Mantlet_Assertion", "x"),
        ("Remote_User", "admin"),
    ] {
        let answer = ask(asking, "/check", &fine, &[alice, more]);
        assert_eq!(answer.status, 403, "{more:?}");
        let id = answer.header("x-request-id").unwrap();
        let event = gate.wait_for_refusal(id, super::common::PATIENCE);
        assert_eq!(event["reason"], "forward-auth-unclear", "{event}");
    }
    for target in UNCLEAR {
        for path in ["/check", "/forward"] {
            let answer = ask(asking, path, &about("GET", target), &[alice]);
            assert!(matches!(answer.status, 400 | 403), "{path} {target:?}: {answer:?}");
        }
    }
    for (method, host, proto) in [
        ("G T", "app.example", "https"),
        ("CONNECT", "app.example", "https"),
        ("TRACE", "app.example", "https"),
        ("GET", "app.example, other.example", "https"),
        ("GET", "a b", "https"),
        ("GET", "app.example", "https, http"),
        ("GET", "app.example", "ftp"),
    ] {
        let mut fields = about(method, "/users/alice/x");
        (fields[1].1, fields[2].1) = (proto, host);
        let answer = ask(asking, "/check", &fields, &[alice]);
        assert!(matches!(answer.status, 400 | 403), "{method} {host} {proto}: {answer:?}");
    }
    for path in ["/", "/checks", "/check/", "/.mantlet/sign-in", "/users/alice/x", "/envoy"] {
        let answer = ask(asking, path, &fine, &[alice]);
        assert_eq!(answer.status, 403, "{path}");
    }
    // An escape that need not be one is the same path to everybody.
    assert_eq!(ask(asking, "/check", &about("GET", "/users/%61lice/x"), &[alice]).status, 200);
}

#[test]
fn a_peer_that_is_not_listed_is_not_answered() {
    let (gate, asking) = asked(ROUTES);
    let (_, key) = account(&gate, "alice");
    let mut stranger = Connection::open_from([127, 0, 0, 9].into(), asking).unwrap();
    let fields = [about("GET", "/about"), vec![("X-API-Key", key.as_str())]].concat();
    stranger.write(&wire::render(asking, "GET", "/check", &fields, b"")).unwrap();
    assert_eq!(stranger.read_response().unwrap().status, 403);
    // On the listener of clients nobody asks: there these are paths of the application.
    let answer = ask(gate.address(), "/check", &fields, &[]);
    assert_ne!(answer.status, 200, "{answer:?}");
}

#[test]
fn guards_hold_for_what_is_asked_about() {
    let (_gate, asking) = asked("[guards.limit]\nper_address = [\"1/h burst 2\"]\n");
    let statuses: Vec<u16> =
        (0..3).map(|_| ask(asking, "/forward", &about("GET", "/"), &[]).status).collect();
    assert_eq!(statuses, [200, 200, 429], "by the client's address");
    let mut other = about("GET", "/");
    other[4].1 = "203.0.113.77";
    assert_eq!(ask(asking, "/forward", &other, &[]).status, 200, "of another client");
    let (_gate, asking) = asked("");
    let attack = about(
        "GET",
        "/?q=1%27%20OR%20%271%27=%271%27%20UNION%20SELECT%20password%20FROM%20users--",
    );
    assert_eq!(ask(asking, "/check", &attack, &[]).status, 403);
    let forged = [
        about("POST", "/"),
        vec![("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
    ]
    .concat();
    assert_eq!(ask(asking, "/check", &forged, &[]).status, 403);
}

#[test]
fn settings_that_let_nobody_ask_are_told() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (config, part) in [
        ("[server.forward_auth]\nlisten = [\"127.0.0.1:9180\"]\n", "nobody may ask there"),
        (
            "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[server.forward_auth]\nlisten = [\"127.0.0.1:0\"]\n",
            "any port",
        ),
    ] {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let end = builder.upstream(&upstream.url()).config(config).try_start().err().unwrap();
        assert!(end.code == Some(2) && end.stderr.contains(part), "{config}: {end:?}");
    }
}

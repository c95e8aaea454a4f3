//! nginx, Caddy and HAProxy with the recipes of the documentation.

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, Proxy, ProxyKind, TempFolder, lacking, left_out, root,
};

use super::{ROUTES, account, asked};

const PAGE: (&str, &str) = ("Accept", "text/html,*/*;q=0.8");

/// The fence of a language in the documentation.
fn recipe(language: &str) -> String {
    let page = std::fs::read_to_string(root().join("docs/explanation/forward-auth.md")).unwrap();
    let fence = page.split(&format!("```{language}\n")).nth(1).unwrap();
    fence.split("```").next().unwrap().to_owned()
}

/// Something that runs until it is dropped, besides the proxy.
struct Beside {
    front: Proxy,
    _folder: TempFolder,
}

fn start(kind: ProxyKind, addresses: &[(&str, String)]) -> Beside {
    let folder = TempFolder::new();
    let fill =
        |text: String| addresses.iter().fold(text, |text, (from, to)| text.replace(from, to));
    let (language, global) = match kind {
        ProxyKind::Nginx => ("nginx", String::new()),
        ProxyKind::Caddy => ("caddyfile", String::new()),
        ProxyKind::Haproxy => {
            let script = folder.path().join("mantlet.lua");
            std::fs::write(&script, fill(recipe("lua"))).unwrap();
            ("haproxy", format!("lua-load {}", script.display()))
        }
    };
    Beside { front: kind.start_recipe(&fill(recipe(language)), &global), _folder: folder }
}

#[test]
fn other_proxies_ask_before_they_pass_requests_on() {
    for kind in [ProxyKind::Nginx, ProxyKind::Caddy, ProxyKind::Haproxy] {
        match lacking(&[kind.program()]).as_slice() {
            [] => asks_before_it_passes_on(kind),
            missing => {
                left_out("forward auth", &format!("{} is not installed", missing.join(", ")))
            }
        }
    }
}

fn asks_before_it_passes_on(kind: ProxyKind) {
    let about = format!("{kind:?}");
    let upstream = FakeUpstream::start(|_| Answer::Echo);
    let (gate, asking) = asked(ROUTES);
    let (password, key) = account(&gate, "alice");
    let beside = start(
        kind,
        &[
            ("127.0.0.1:9180", asking.to_string()),
            ("127.0.0.1:8080", gate.address().to_string()),
            ("127.0.0.1:5000", upstream.address().to_string()),
        ],
    );
    let front = beside.front.address();
    let alice = ("X-API-Key", key.as_str());
    for (path, nobody, user) in [
        ("/", 401, 200),
        ("/users/alice/x?a=b%20c", 401, 200),
        ("/users/bob/x", 401, 403),
        ("/never/x", 401, 403),
        ("/about", 200, 200),
    ] {
        assert_eq!(wire::get(front, path, &[]).status, nobody, "{about} {path}");
        let answer = wire::get(front, path, &[alice]);
        assert_eq!(answer.status, user, "{about} {path}: {answer:?}");
    }
    upstream.clear();
    let body = vec![b'y'; 100_000];
    let posted = wire::request(front, "POST", "/form?x=1", &[alice], &body);
    assert_eq!(posted.status, 200, "{about}: {posted:?}");
    let request = upstream.requests().pop().unwrap();
    assert_eq!(
        (request.method.as_str(), request.target.as_str()),
        ("POST", "/form?x=1"),
        "{about}"
    );
    assert_eq!(request.body.len(), body.len(), "{about}");
    assert_eq!(request.header("x-forwarded-user"), Some("alice"), "{about}");
    assert_eq!(request.header("mantlet-assertion").unwrap().split('.').count(), 3, "{about}");
    claims_reach_nobody(kind, front, &upstream, alice);
    other_spellings_are_refused(front, &upstream, alice, &about);
    somebody_signs_in(front, &password, &about);
    drop(gate);
    let answer = wire::get(front, "/about", &[]);
    assert!(
        answer.status >= 400,
        "{about}: nobody is let through when nobody can be asked: {answer:?}"
    );
}

fn claims_reach_nobody(
    kind: ProxyKind,
    front: std::net::SocketAddr,
    upstream: &FakeUpstream,
    alice: (&str, &str),
) {
    for name in [
        "X-Forwarded-User",
        "x-forwarded-user",
        "Mantlet-Assertion",
        "X_Forwarded_User",
        "mantlet_assertion",
    ] {
        for more in [vec![], vec![alice]] {
            upstream.clear();
            let headers = [vec![(name, "mallory")], more].concat();
            let answer = wire::get(front, "/about", &headers);
            assert!(matches!(answer.status, 200 | 403), "{kind:?} {name}: {answer:?}");
            for request in upstream.requests() {
                assert!(
                    !format!("{request:?}").contains("mallory"),
                    "{kind:?} {name}: {request:?}"
                );
            }
        }
    }
    for (name, value) in [
        ("X-Forwarded-Uri", "/about"),
        ("X-Forwarded-Method", "OPTIONS"),
        ("X-Forwarded-Host", "other.example"),
        ("X-Original-URI", "/about"),
    ] {
        let answer = wire::get(front, "/users/bob/x", &[(name, value), alice]);
        assert_eq!(answer.status, 403, "{kind:?} {name}: {answer:?}");
    }
}

fn other_spellings_are_refused(
    front: std::net::SocketAddr,
    upstream: &FakeUpstream,
    alice: (&str, &str),
    about: &str,
) {
    upstream.clear();
    for path in [
        "/users/alice/../bob/x",
        "/users/alice/%2e%2e/bob/x",
        "/users/alice/..%2fbob/x",
        "//users/bob/x",
        "/users/bob%2fx",
        "/about/../users/bob/x",
        "/about/%2e%2e/admin",
        "/.mantlet/../users/bob/x",
        "/.mantlet/%2e%2e/users/bob/x",
        "/.mantlet/..%2fadmin",
        "/%2emantlet/../admin",
    ] {
        let mut connection = Connection::open(front).unwrap();
        connection.write(&wire::render(front, "GET", path, &[alice], b"")).unwrap();
        let answer = connection.read_response().unwrap();
        assert!(answer.status >= 300, "{about} {path}: {answer:?}");
    }
    for request in upstream.requests() {
        let is_hers = request.target.starts_with("/users/alice/");
        assert!(is_hers && !request.target.contains("bob"), "{about}: {}", request.target);
    }
}

/// A person is sent to the sign-in page, signs in there, and comes back.
fn somebody_signs_in(front: std::net::SocketAddr, password: &str, about: &str) {
    let sent = wire::get(front, "/users/alice/x", &[PAGE]);
    let to = sent.header("location").unwrap_or_else(|| panic!("{about}: {sent:?}")).to_owned();
    // nginx makes a whole address of it.
    let to = to.strip_prefix(&format!("http://{front}")).unwrap_or(&to).to_owned();
    let expected = (303, "/.mantlet/sign-in?next=/users/alice/x");
    assert_eq!((sent.status, to.as_str()), expected, "{about}");
    let page = wire::get(front, &to, &[PAGE]);
    assert_eq!(page.status, 200, "{about}: {page:?}");
    let pair = |response: &wire::Response| {
        let fields = response.headers.get_all("set-cookie");
        let pairs: Vec<String> =
            fields.iter().map(|it| it.split(';').next().unwrap().to_owned()).collect();
        pairs.join("; ")
    };
    let text = page.text();
    let token = text.split("name=\"form\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let origin = format!("http://{front}");
    let cookie = pair(&page);
    let headers = [
        PAGE,
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", origin.as_str()),
        ("Sec-Fetch-Site", "same-origin"),
        ("Cookie", cookie.as_str()),
    ];
    let body = format!("form={token}&next=%2Fusers%2Falice%2Fx&username=alice&password={password}");
    let signed_in = wire::request(front, "POST", "/.mantlet/sign-in", &headers, body.as_bytes());
    assert_eq!(
        (signed_in.status, signed_in.header("location")),
        (303, Some("/users/alice/x")),
        "{about}: {signed_in:?}"
    );
    let session = pair(&signed_in);
    let inside = wire::get(front, "/users/alice/x", &[PAGE, ("Cookie", &session)]);
    assert_eq!(inside.status, 200, "{about}: {inside:?}");
}

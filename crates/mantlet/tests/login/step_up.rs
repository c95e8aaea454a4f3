//! What asks for a sign-in lately, or for one with a second factor; and what the application is told.

use mantlet_testkit::{Answer, FakeUpstream, poll_until, wire};

use super::common::PATIENCE;
use super::person::PAGE;
use super::{add, asking, key, signed_in, with_key};

#[test]
fn sci_d28_what_asks_for_a_sign_in_lately_asks_again_and_lets_on() {
    let (_upstream, gate) = asking(
        "[access]\nrequire = \"login\"\n[[routes]]\npath = \"/money/*\"\nrequire = { within = \"3s\" }\n\
         [[routes]]\npath = \"/keys/*\"\nrequire = { second_factor = true }\n",
    );
    let password = add(&gate, "alice", "user");
    let mut alice = super::person::Person::new(&gate);
    alice.sign_in("alice", &password);
    let is_asked = || Some(alice.clone().get("/money/x")).filter(|answer| answer.status == 303);
    let asked = poll_until(PATIENCE, is_asked).unwrap();
    let page = asked.header("location").unwrap().to_owned();
    assert_eq!(page, "/.mantlet/sign-in?again=1&next=/money/x");
    let cookie = alice.cookie_header();
    let answer = wire::get(gate.address(), "/money/x", &[("Cookie", &cookie)]);
    assert_eq!(answer.status, 401, "{answer:?}");
    let challenge = answer.header("www-authenticate").unwrap();
    assert!(challenge.contains("insufficient_user_authentication\", max_age=3"), "{challenge}");
    let before = alice.session().unwrap().to_owned();
    let shown = alice.get(&page);
    assert!(shown.text().contains("Sign in again") && shown.text().contains("value=\"alice\""));
    let done = alice.sign_in_at(&page, "alice", &password);
    assert_eq!((done.status, done.header("location")), (303, Some("/money/x")), "{done:?}");
    assert_ne!(alice.session().unwrap(), before);
    // On a slow machine the three seconds may be over already: then it is asked for again.
    let lately = alice.get("/money/x").status;
    assert!(matches!(lately, 200 | 303), "{lately}");
    assert_eq!(alice.get("/").status, 200);
    let (_, key) = key(&gate, "alice", &[]);
    assert_eq!(with_key(&gate, "/money/x", &key).status, 403, "no program signs in");
    let factor = alice.get("/keys/x");
    assert_eq!(factor.header("location"), Some("/.mantlet/sign-in?again=factor&next=/keys/x"));
}

#[test]
fn within_its_time_a_sign_in_is_enough() {
    let (_upstream, gate) = asking("[access]\nrequire = [\"login\", { within = \"1h\" }]\n");
    let mut alice = signed_in(&gate, "alice", "user");
    assert_eq!(alice.get("/").status, 200);
    assert_eq!(wire::get(gate.address(), "/", &[PAGE]).status, 303);
}

#[test]
fn headers_of_other_proxies_name_who_asks_and_no_client_does() {
    let upstream = FakeUpstream::start(|_| Answer::Echo);
    let gate = super::common::gate(
        &upstream,
        "[access]\nrequire = \"login\"\n[[routes]]\npath = \"/open\"\nrequire = \"none\"\n\
         [identity.assertion]\npresets = [\"remote-user\", \"x-auth-request\", \"pomerium\", \"cloudflare\", \"google-iap\"]\n",
    );
    add(&gate, "alice", "admin");
    let (_, key) = key(&gate, "alice", &[]);
    let told = [
        ("remote-user", "alice"),
        ("remote-groups", "admin"),
        ("x-auth-request-user", "alice"),
        ("x-auth-request-preferred-username", "alice"),
        ("x-auth-request-groups", "admin"),
        ("x-pomerium-claim-sub", "alice"),
        ("x-pomerium-claim-groups", "admin"),
        ("cf-access-authenticated-user-email", "alice"),
        ("x-goog-authenticated-user-email", "accounts.google.com:alice"),
        ("x-goog-authenticated-user-id", "accounts.google.com:alice"),
    ];
    let spellings = |name: &str| [name.to_owned(), name.replace('-', "_"), name.to_uppercase()];
    for (name, value) in told {
        for spelling in spellings(name) {
            for path in ["/", "/open"] {
                let claim = (spelling.as_str(), "mallory");
                let credential = ("X-API-Key", key.as_str());
                let headers = if path == "/" { vec![claim, credential] } else { vec![claim] };
                assert_eq!(wire::get(gate.address(), path, &headers).status, 200);
                let request = upstream.requests().pop().unwrap();
                let expected = (path == "/").then_some(value);
                assert_eq!(request.header(name), expected, "{spelling} {path}");
                assert!(!format!("{request:?}").contains("mallory"), "{spelling} {path}");
            }
        }
    }
}

#[test]
fn sci_d28_no_password_is_taken_over_a_plain_connection_of_the_network() {
    let (_upstream, gate) = asking("[access]\nrequire = \"login\"\n");
    add(&gate, "alice", "user");
    for (method, path) in [
        ("GET", "/.mantlet/sign-in"),
        ("POST", "/.mantlet/sign-in"),
        ("GET", "/.mantlet/second-factor"),
    ] {
        let headers = [("Host", "app.example.org"), ("X-Forwarded-Proto", "https")];
        let answer = wire::request(gate.address(), method, path, &headers, b"");
        assert_eq!(answer.status, 403, "{method} {path}: {answer:?}");
        assert!(
            answer.text().contains("not-private") || !answer.text().contains("password\" type"),
            "{answer:?}"
        );
    }
}

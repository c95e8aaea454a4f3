//! What the application is told.

use mantlet_crypto::jws::{self, VerifyingKeys};
use mantlet_testkit::wire;
use serde_json::Value;

use super::{closed, key, signed_in, with_key};

#[test]
fn the_application_can_check_who_asks_and_no_client_can_say_it() {
    let config = "[identity.assertion]\nlifetime = \"2m\"\nuser_headers = [\"X-Forwarded-User\", \"My-User\"]\nrole_headers = [\"My-Roles\"]\n";
    let (upstream, gate) = closed(config);
    let person = signed_in(&gate, "alice", "admin");
    let cookie = person.cookie_header();
    let spoofed = [
        ("Cookie", cookie.as_str()),
        ("X-Forwarded-User", "root"),
        ("x_forwarded_user", "root"),
        ("My-User", "root"),
        ("my_user", "root"),
        ("My.Roles", "root"),
        ("Mantlet-Assertion", "root"),
        ("mantlet_assertion", "root"),
    ];
    assert_eq!(wire::get(gate.address(), "/", &spoofed).status, 200);
    let seen = upstream.requests().pop().unwrap();
    assert!(!seen.head().contains("root"), "{}", seen.head());
    assert_eq!((seen.header("my-user"), seen.header("my-roles")), (Some("alice"), Some("admin")));
    let jwks = wire::get(gate.address(), "/.mantlet/jwks.json", &[]);
    assert_eq!(jwks.status, 200);
    let keys = VerifyingKeys::parse(&jwks.body).unwrap();
    let assertion = seen.header("mantlet-assertion").unwrap().to_owned();
    let signed = jws::verify(&assertion, &keys).unwrap();
    assert_eq!(signed.header.algorithm.as_str(), "ES256");
    let claims: Value = serde_json::from_slice(&signed.payload).unwrap();
    assert_eq!((&claims["sub"], &claims["roles"][0]), (&"alice".into(), &"admin".into()));
    assert_eq!(claims["aud"], upstream.url().trim_end_matches('/'));
    assert_eq!(claims["exp"].as_i64().unwrap() - claims["iat"].as_i64().unwrap(), 120);
    assert_eq!(claims["amr"][0], "pwd");
    // It is made once for a session, anew for other roles, and opens nothing here.
    assert_eq!(wire::get(gate.address(), "/", &spoofed).status, 200);
    assert_eq!(upstream.requests()[1].header("mantlet-assertion"), Some(assertion.as_str()));
    assert_eq!(gate.command(&["role", "set", "alice", "user"]).code, Some(0));
    assert_eq!(wire::get(gate.address(), "/", &spoofed).status, 200);
    assert_eq!(upstream.requests()[2].header("my-roles"), Some("user"));
    let bearer = format!("Bearer {assertion}");
    assert_eq!(wire::get(gate.address(), "/", &[("Authorization", &bearer)]).status, 401);
}

#[test]
fn programs_are_named_with_their_key_and_audiences_are_a_choice() {
    let (upstream, gate) = closed("[identity.assertion]\naudience = \"my-app\"\n");
    super::add(&gate, "robot", "user");
    let (id, text) = key(&gate, "robot", &["--scope", "read"]);
    assert_eq!(with_key(&gate, "/", &text).status, 200);
    let keys = VerifyingKeys::parse(&wire::get(gate.address(), "/.mantlet/jwks.json", &[]).body);
    let assertion = upstream.requests()[0].header("mantlet-assertion").unwrap().to_owned();
    let signed = jws::verify(&assertion, &keys.unwrap()).unwrap();
    let claims: Value = serde_json::from_slice(&signed.payload).unwrap();
    assert_eq!((&claims["aud"], &claims["client_id"]), (&"my-app".into(), &id.as_str().into()));
    assert_eq!((&claims["scope"], &claims["way"]), (&"read".into(), &"api-key".into()));
    let (upstream, gate) = closed("[identity.assertion]\nsigned = false\nuser_headers = []\n");
    super::add(&gate, "robot", "user");
    let (_, text) = key(&gate, "robot", &[]);
    assert_eq!(with_key(&gate, "/", &text).status, 200);
    let seen = upstream.requests().pop().unwrap();
    assert!(
        !seen.headers.contains("mantlet-assertion") && !seen.headers.contains("x-forwarded-user")
    );
}

#[test]
fn an_application_cannot_set_or_see_our_session() {
    let planted = mantlet_testkit::Answer::ok("x")
        .header("Set-Cookie", "mantlet-session=planted; Path=/")
        .header("Set-Cookie", "__Host-mantlet-session=planted; Path=/; Secure")
        .header("Set-Cookie", "theirs=1");
    let upstream = mantlet_testkit::FakeUpstream::answering(planted);
    let builder = mantlet_testkit::MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).arg("--require-login").start();
    super::add(&gate, "robot", "user");
    let (_, text) = key(&gate, "robot", &[]);
    let answer = with_key(&gate, "/", &text);
    let cookies = answer.headers.get_all("set-cookie");
    assert_eq!(cookies.len(), 1, "{cookies:?}");
    assert!(cookies[0].starts_with("theirs=1"), "{cookies:?}");
}

//! What the application tells of a thing, and what becomes of requests when it does not.

use std::time::Duration;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};
use serde_json::json;

use super::common::assert_refused;
use super::{add, key, with_key};

/// An application that tells of things by their names, and the gate in front of it.
fn told() -> (FakeUpstream, MantletProcess) {
    let json = |value: serde_json::Value| Answer::of(200, "application/json", value.to_string());
    let upstream = FakeUpstream::start(move |request| {
        let Some(thing) = request.target.strip_prefix("/.facts/things/") else {
            return Answer::ok("inside");
        };
        let owner = json!({ "class": "confidential", "owner": "alice" });
        match thing.split('?').next().unwrap() {
            "hers" => json(owner),
            "his" => json(json!({ "class": "confidential", "owner": "bob" })),
            "case" => json(json!({ "class": "confidential", "owner": "Alice" })),
            "open" => json(json!({ "class": "public" })),
            "silent" => json(json!({})),
            "typo" => json(json!({ "class": "confidental", "owner": "alice" })),
            "unknown" => json(json!({ "clas": "public", "owner": "alice" })),
            "twice" => Answer::of(
                200,
                "application/json",
                "{\"class\":\"restricted\",\"class\":\"public\"}",
            ),
            "list" => json(json!(["public"])),
            "class" => json(json!({ "class": "public", "resource": "class:public" })),
            "broken" => Answer::of(200, "application/json", "{\"class\":\"public\""),
            "large" => {
                Answer::of(200, "application/json", format!("{owner}{}", " ".repeat(70_000)))
            }
            "error" => Answer::of(500, "application/json", owner.to_string()),
            "moved" => Answer::of(302, "application/json", owner.to_string()),
            "gone" => Answer::Hangup,
            "slow" => Answer::events(&["{"], Duration::from_secs(30)),
            _ => Answer::of(404, "application/json", owner.to_string()),
        }
    });
    let config = format!(
        "[access.facts]\nurl = \"{}/.facts\"\n[[routes]]\npath = \"/things/{{thing}}/*\"\nrequire = \"class\"\n\
         [[routes]]\npath = \"/page\"\nrequire = \"login\"\n",
        upstream.url()
    );
    let gate = super::common::gate(&upstream, &config);
    (upstream, gate)
}

#[test]
fn sci_d19_what_the_application_does_not_say_clearly_opens_nothing() {
    let (upstream, gate) = told();
    add(&gate, "alice", "user");
    let (_, alice) = key(&gate, "alice", &[]);
    for (thing, status) in [
        ("hers", 200),
        ("open", 200),
        ("his", 403),
        ("case", 403),
        ("silent", 403),
        ("typo", 403),
        ("nothing", 403),
        ("unknown", 503),
        ("twice", 503),
        ("list", 503),
        ("class", 503),
        ("broken", 503),
        ("large", 503),
        ("error", 503),
        ("moved", 503),
        ("gone", 503),
        ("slow", 503),
    ] {
        let path = format!("/things/{thing}");
        let answer = with_key(&gate, &path, &alice);
        assert_eq!(answer.status, status, "{thing}: {answer:?}");
        if status == 503 {
            assert_refused(&gate, &answer, (503, "guard-failed"), thing);
        }
    }
    let reached = upstream.requests();
    let reached = reached.iter().filter(|request| request.target.starts_with("/things/"));
    assert_eq!(reached.count(), 2, "hers and open");
}

#[test]
fn the_application_is_asked_about_what_the_decision_needs_and_no_client_asks_it() {
    let (upstream, gate) = told();
    add(&gate, "alice", "user");
    let (_, alice) = key(&gate, "alice", &[]);
    let targets = || {
        let requests = upstream.requests();
        upstream.clear();
        requests.iter().map(|it| format!("{} {}", it.method, it.target)).collect::<Vec<_>>()
    };
    assert_eq!(with_key(&gate, "/page", &alice).status, 200);
    assert_eq!(targets(), ["GET /page"], "nothing to ask about");
    let put = wire::request(
        gate.address(),
        "PUT",
        "/things/hers/part?x=1",
        &[("X-API-Key", &alice)],
        b"y",
    );
    assert_eq!(put.status, 403, "it tells of `hers` alone");
    assert_eq!(targets(), ["GET /.facts/things/hers/part?method=PUT"]);
    let put =
        wire::request(gate.address(), "PUT", "/things/hers?x=1", &[("X-API-Key", &alice)], b"y");
    assert_eq!(put.status, 200);
    assert_eq!(targets(), ["GET /.facts/things/hers?method=PUT", "PUT /things/hers?x=1"]);
    for path in [
        "/.facts/things/hers",
        "/%2efacts/things/hers",
        "/things/../.facts/x",
        "//.facts",
        "/.facts",
    ] {
        let answer = with_key(&gate, path, &alice);
        assert!(matches!(answer.status, 403 | 404), "{path}: {answer:?}");
    }
    assert_eq!(targets(), [""; 0]);
}

#[test]
fn what_nobody_tells_is_an_error_of_the_configuration() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (config, part) in [
        (
            "[[routes]]\npath = \"/users/{user}\"\nrequire = { owner = \"{usr}\" }\n",
            "nobody tells who `usr` is",
        ),
        ("[access]\nrequire = { owner = \"user\" }\n", "nobody tells who `user` is"),
        ("[[routes]]\npath = \"/x\"\nrequire = \"class\"\n", "nobody tells of which class"),
        ("[access.facts]\nurl = \"http://127.0.0.1:9\"\n", "has no path"),
        ("[[routes]]\npath = \"/x/{a}\"\nresource = \"x:{b}\"\n", "no parameter `b`"),
        ("[[routes]]\npath = \"/x/{a}/{a}\"\n", "stands there twice"),
        ("[[routes]]\npath = \"/x/a{b}\"\n", "half a parameter"),
        ("[[routes]]\npath = \"/x/{a}\"\nresource = \"class:public\"\n", "no name of a thing"),
        ("[[routes]]\nrequire = { within = \"2d\" }\n", "does not belong there"),
    ] {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let end = builder.upstream(&upstream.url()).config(config).try_start().err().unwrap();
        assert!(end.code == Some(2) && end.stderr.contains(part), "{config}: {end:?}");
    }
}

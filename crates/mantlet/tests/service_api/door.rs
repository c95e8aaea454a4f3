//! Who is let in, and what a request must be.

use mantlet_testkit::wire::{self, Connection};
use serde_json::{Value, json};

use super::{ALL, PATIENCE, assert_problem, house, key_of, run};

#[test]
fn whatever_does_not_count_is_told_the_same() {
    let house = house("");
    let plain = key_of(&house.gate, "admin", &["read"]);
    let revoked = run(&house.gate, &["key", "issue", "--user", "admin", "--scope", "users:read"]);
    run(&house.gate, &["key", "revoke", revoked["id"].as_str().unwrap()]);
    let revoked = revoked["key"].as_str().unwrap();
    let ask = |authorization: &[&str]| {
        let headers: Vec<_> = authorization.iter().map(|it| ("Authorization", *it)).collect();
        wire::request(house.gate.admin(), "GET", "/v1/users", &headers, b"")
    };
    let bearer = |text: &str| format!("Bearer {text}");
    let (real, mistyped) = (bearer(&house.key), bearer(&format!("{}x", house.key)));
    let mut told = Vec::new();
    for wrong in [
        &[bearer(revoked).as_str()][..],
        &[&mistyped],
        &["Bearer x.y.z"],
        &["Bearer "],
        &["Basic YTpi"],
        &[&house.key],
        &[&real, &real],
    ] {
        let answer = ask(wrong);
        assert_problem(&answer, 401, "api-unauthenticated");
        let challenge = "Bearer realm=\"mantlet\", error=\"invalid_token\"";
        assert_eq!(answer.header("www-authenticate"), Some(challenge), "{wrong:?}");
        told.push(answer.text());
    }
    told.dedup();
    assert_eq!(told.len(), 1, "{told:?}");
    assert_problem(&ask(&[]), 401, "api-unauthenticated");
    assert_eq!(ask(&[&real]).status, 200);
    // A key with all permissions of the application has none of ours.
    let answer = ask(&[&bearer(&plain)]);
    assert_problem(&answer, 403, "api-scope");
    assert!(answer.header("www-authenticate").unwrap().contains("scope=\"users:read\""));
    // The operator knows.
    let _ = house.gate.wait_for_event(|event| event["evidence"] == "revoked", PATIENCE);
}

#[test]
fn each_scope_opens_its_own_operations_and_no_others() {
    let house = house("");
    let looks = [
        ("users:read", "/v1/users"),
        ("sessions:read", "/v1/sessions"),
        ("keys:read", "/v1/keys"),
        ("roles:read", "/v1/roles"),
        ("access:read", "/v1/access/review"),
    ];
    for (scope, own) in looks {
        let key = key_of(&house.gate, "admin", &[scope]);
        for (_, path) in looks {
            let answer = house.ask_as(&key, ("GET", path), &[], &Value::Null);
            assert_eq!(answer.status, if path == own { 200 } else { 403 }, "{scope} {path}");
        }
        let answer = house.ask_as(&key, ("POST", "/v1/users"), &[], &json!({"name": "x"}));
        assert_problem(&answer, 403, "api-scope");
    }
}

#[test]
fn a_session_cookie_opens_nothing_and_pages_of_others_neither() {
    let house = house("");
    let cookie = [("Cookie", "mantlet-session=x; __Host-mantlet-session=x")];
    let answer = wire::request(house.gate.admin(), "GET", "/v1/users", &cookie, b"");
    assert_problem(&answer, 401, "api-unauthenticated");
    let from = |header: (&str, &str)| {
        house.ask_as(&house.key, ("GET", "/v1/users"), &[header], &Value::Null)
    };
    assert_eq!(from(("Origin", "https://evil.example")).status, 403);
    let port = house.gate.admin().port();
    let mut connection = Connection::open(house.gate.admin()).unwrap();
    let head = format!(
        "GET /v1/users HTTP/1.1\r\nHost: evil.example:{port}\r\nAuthorization: Bearer {}\r\n\r\n",
        house.key
    );
    connection.write(head.as_bytes()).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 421, "no DNS rebinding");
}

#[test]
fn what_is_not_described_is_refused_before_anything_is_done() {
    let house = house("");
    let (post, user) = (("POST", "/v1/users"), json!({"name": "bob"}));
    let with = |headers: &[(&str, &str)], body: &[u8]| {
        let bearer = format!("Bearer {}", house.key);
        let mut all = vec![("Authorization", bearer.as_str())];
        all.extend(headers);
        wire::request(house.gate.admin(), "POST", "/v1/users", &all, body)
    };
    let json_type = ("Content-Type", "application/json");
    let text = user.to_string();
    assert_problem(
        &with(&[("Content-Type", "text/plain")], text.as_bytes()),
        415,
        "api-media-type",
    );
    assert_problem(&with(&[json_type], b"{"), 400, "api-malformed");
    assert_problem(&with(&[json_type], b"{\"name\":\"a\",\"name\":\"b\"}"), 400, "api-malformed");
    assert_problem(&with(&[json_type], &[b'['; 70_000]), 413, "api-too-large");
    let deep = format!("{}{}", "[".repeat(40), "]".repeat(40));
    assert_problem(&with(&[json_type], deep.as_bytes()), 400, "api-malformed");
    assert_problem(
        &with(&[json_type, ("Accept", "text/html")], text.as_bytes()),
        406,
        "api-not-acceptable",
    );
    for wrong in [json!({}), json!([]), json!({"name": 1}), json!({"name": "a", "is_admin": true})]
    {
        let answer = house.ask_as(&house.key, post, &[], &wrong);
        assert_problem(&answer, 422, "api-invalid");
        assert!(answer.json()["errors"][0]["message"].is_string(), "{answer:?}");
    }
    assert_problem(&house.get("/v1/nothing"), 404, "api-not-found");
    assert_problem(&house.get("/v1"), 404, "api-not-found");
    let answer = house.ask("DELETE", "/v1/roles", &Value::Null);
    assert_problem(&answer, 405, "api-method");
    assert_eq!(answer.header("allow"), Some("GET, HEAD"));
    let users = house.told("GET", "/v1/users", &Value::Null, 200);
    assert_eq!(users["users"].as_array().unwrap().len(), 1, "nothing was done");
    // The other endpoints of the listener can still only be read.
    assert_eq!(wire::request(house.gate.admin(), "POST", "/metrics", &[], b"").status, 405);
}

#[test]
fn too_much_is_told_to_come_back_and_right_keys_are_never_held_up_by_wrong_ones() {
    let house = house("[admin.api]\nrate = 5\nfailures_per_address = 3\n");
    let wrong = || house.ask_as("mk_live_wrong", ("GET", "/v1/users"), &[], &Value::Null);
    let statuses: Vec<u16> = (0..6).map(|_| wrong().status).collect();
    assert_eq!(statuses, [401, 401, 401, 429, 429, 429]);
    assert!(wrong().header("retry-after").is_some());
    assert_eq!(house.get("/v1/users").status, 200);
    let many: Vec<u16> = (0..40).map(|_| house.get("/v1/users").status).collect();
    assert!(many.contains(&429), "{many:?}");
    let other = key_of(&house.gate, "admin", &ALL);
    let answer = house.ask_as(&other, ("GET", "/v1/users"), &[], &Value::Null);
    assert_eq!(answer.status, 200, "each key has its own rate");
}

#[test]
fn it_can_be_switched_off() {
    let house = house("[admin.api]\nenabled = false\n");
    assert_eq!(house.get("/v1/users").status, 404);
    assert_eq!(house.get("/v1/openapi.json").status, 404);
}

#[test]
fn the_longest_that_parameters_may_say_is_read_and_longer_heads_are_told_so() {
    let house = house("");
    let longest = "%F0%9F%94%91".repeat(2048);
    let path = format!("/v1/users/admin/links?issuer={longest}&subject={longest}");
    let answer = house.ask_as(&house.key, ("DELETE", &path), &[("If-Match", "*")], &Value::Null);
    assert_problem(&answer, 404, "api-not-found");

    let path = format!("{path}&more={longest}");
    let answer = house.ask_as(&house.key, ("DELETE", &path), &[("If-Match", "*")], &Value::Null);
    // Which one, depends on how its parts arrive.
    assert!(matches!(answer.status, 414 | 431), "{answer:?}");
    let document = house.told("GET", "/v1/openapi.json", &Value::Null, 200);
    let told = &document["paths"]["/v1/users/{name}/links"]["delete"]["responses"];
    for status in ["414", "431"] {
        assert!(told[status]["description"].as_str().unwrap().contains("65536"), "{told}");
    }
}

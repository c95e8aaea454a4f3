//! Requests that are sent twice.

use serde_json::{Value, json};

use super::{assert_problem, house, key_of};

#[test]
fn a_request_that_is_sent_twice_is_done_once() {
    let house = house("");
    let issue = |key: &str, label: &str| {
        let body = json!({"user": "admin", "label": label});
        let headers = [("Idempotency-Key", "6f1c0f0c")];
        house.ask_as(key, ("POST", "/v1/keys"), &headers, &body)
    };
    let first = issue(&house.key, "one");
    let again = issue(&house.key, "one");
    assert_eq!((first.status, again.status), (201, 201));
    assert_eq!(first.text(), again.text(), "the same key");
    assert_eq!(first.header("idempotency-replayed"), None);
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
    assert_eq!(again.header("location"), first.header("location"));
    assert_problem(&issue(&house.key, "two"), 422, "api-idempotency-key-reused");
    // Another program's word is another word.
    let other = key_of(&house.gate, "admin", &["keys:write", "read", "write", "manage"]);
    assert_eq!(issue(&other, "two").status, 201);
    let keys = house.told("GET", "/v1/keys?user=admin", &Value::Null, 200);
    let labels: Vec<&str> =
        keys["keys"].as_array().unwrap().iter().filter_map(|key| key["label"].as_str()).collect();
    assert_eq!(labels.iter().filter(|label| **label == "one").count(), 1, "{labels:?}");
    let empty = house.ask_as(
        &house.key,
        ("POST", "/v1/keys"),
        &[("Idempotency-Key", "ä")],
        &json!({"user": "admin", "label": "x"}),
    );
    assert_eq!(empty.status, 422, "{empty:?}");
}

#[test]
fn the_same_request_at_once_is_done_once() {
    let house = house("");
    let statuses: Vec<(u16, String)> = std::thread::scope(|scope| {
        let ask = |_| {
            let house = &house;
            scope.spawn(move || {
                let headers = [("Idempotency-Key", "at-once")];
                let body = json!({"name": "bob", "roles": ["user"]});
                let answer = house.ask_as(&house.key, ("POST", "/v1/users"), &headers, &body);
                (answer.status, answer.text())
            })
        };
        let all: Vec<_> = (0..6).map(ask).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let made: Vec<&String> =
        statuses.iter().filter(|(status, _)| *status == 201).map(|(_, text)| text).collect();
    assert!(!made.is_empty() && made.iter().all(|text| *text == made[0]), "{statuses:?}");
    assert!(
        statuses.iter().all(|(status, text)| *status == 201 || text.contains("api-in-flight")),
        "{statuses:?}"
    );
}

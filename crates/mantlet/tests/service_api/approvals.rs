//! Approvals over the service API.

use serde_json::{Value, json};

use super::{House, assert_problem, house, key_of, run};

const VAULT: &str = "[access]\nprofile = \"research\"\n\
    [[routes]]\npath = \"/vault/{owner}/{box}\"\nresource = \"vault:{owner}:{box}\"\nrequire = { class = \"restricted\" }\n";

fn vault(house: &House, key: &str) -> u16 {
    let headers = [("X-API-Key", key)];
    mantlet_testkit::wire::get(house.gate.address(), "/vault/alice/1", &headers).status
}

fn approval(user: &str) -> Value {
    json!({"user": user, "resource": "vault:alice:1", "seconds": 600, "why": "audit"})
}

#[test]
fn somebody_is_approved_by_whom_the_key_acts_for_until_it_is_withdrawn() {
    let house = house(VAULT);
    house.add("alice", "user");
    let alice = key_of(&house.gate, "alice", &["read_project"]);
    assert_eq!(vault(&house, &alice), 403);
    let given = house.told("POST", "/v1/approvals", &approval("alice"), 201);
    assert_eq!((&given["by"], &given["user"]), (&"admin".into(), &"alice".into()));
    assert_eq!(vault(&house, &alice), 200);
    let list = house.told("GET", "/v1/approvals?user=alice&limit=1", &Value::Null, 200);
    assert_eq!(
        (&list["approvals"][0]["state"], &list["approvals"][0]["why"]),
        (&"in-force".into(), &"audit".into())
    );
    let next = list["next"].as_str().unwrap();
    let rest =
        house.told("GET", &format!("/v1/approvals?limit=1&cursor={next}"), &Value::Null, 200);
    assert_eq!(rest, json!({"approvals": [], "next": null}));
    let path = format!("/v1/approvals/{}", given["number"]);
    assert_eq!(house.ask("DELETE", &path, &Value::Null).status, 204);
    assert_eq!(vault(&house, &alice), 403);
    assert_problem(&house.ask("DELETE", &path, &Value::Null), 409, "api-conflict");
    let withdrawn = house.told("GET", "/v1/approvals", &Value::Null, 200);
    assert_eq!(withdrawn["approvals"][0]["withdrawn"]["by"], "admin");
}

#[test]
fn nobody_approves_for_themselves_as_somebody_else_or_without_end() {
    let house = house(VAULT);
    house.add("alice", "user");
    house.add("clerk", "user");
    let clerk = key_of(&house.gate, "clerk", &["approvals:write"]);
    let ask = |body: &Value| house.ask_as(&clerk, ("POST", "/v1/approvals"), &[], body);
    for (user, status, code) in [
        ("clerk", 422, "api-invalid"),
        ("CLERK", 422, "api-invalid"),
        ("\u{ff43}lerk", 422, "api-invalid"),
        ("nobody", 404, "api-not-found"),
        ("admin", 403, "api-beyond"),
    ] {
        assert_problem(&ask(&approval(user)), status, code);
    }
    for (name, value) in [
        ("by", json!("admin")),
        ("seconds", json!(0)),
        ("seconds", json!(316_000_000)),
        ("resource", json!("class:secret")),
        ("resource", json!("x".repeat(257))),
        ("why", json!("x".repeat(70_000))),
    ] {
        let mut wish = approval("alice");
        wish[name] = value;
        let status = ask(&wish).status;
        assert!(matches!(status, 413 | 422), "{name}: {status}");
    }
    // Others' approvals are seen by who may see them, and ended by who may act on their owners.
    let seen = house.ask_as(&clerk, ("GET", "/v1/approvals"), &[], &Value::Null);
    assert_problem(&seen, 403, "api-scope");
    run(&house.gate, &["access", "approve", "admin", "vault:alice:1"]);
    let ended = house.ask_as(&clerk, ("DELETE", "/v1/approvals/1"), &[], &Value::Null);
    assert_problem(&ended, 403, "api-beyond");
    for wrong in ["2", "x", "-1", "99999999999999999999"] {
        let path = format!("/v1/approvals/{wrong}");
        let answer = house.ask_as(&clerk, ("DELETE", &path), &[], &Value::Null);
        assert_problem(&answer, 404, "api-not-found");
    }
    let left = house.told("GET", "/v1/approvals", &Value::Null, 200);
    assert_eq!(left["approvals"][0]["state"], "in-force");
    assert_eq!(left["approvals"].as_array().unwrap().len(), 1);
}

//! Settings of the guard `schema`, each shown to act.

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder};
use serde_json::{Value, json};

use super::common::{assert_refused, gate};

/// A gate with `document` as this setting of the guard, and others besides.
fn with(document: &Value, setting: &str, more: &str) -> (TempFolder, FakeUpstream, MantletProcess) {
    let folder = TempFolder::new();
    let file = folder.write("document.json", document.to_string());
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, &format!("[guards.schema]\n{setting} = {file:?}\n{more}"));
    (folder, upstream, gate)
}

fn send(gate: &MantletProcess, path: &str, body: &Value) -> Response {
    let headers = [("Content-Type", "application/json")];
    wire::request(gate.address(), "POST", path, &headers, body.to_string().as_bytes())
}

#[test]
fn headers_and_cookies_are_as_their_documents_say() {
    let document = json!({"properties": {"kind": {"enum": ["a", "b"]}}, "required": ["kind"]});
    for (setting, header, good, bad) in
        [("headers", "Kind", "a", "c"), ("cookies", "Cookie", "kind=b", "kind=c")]
    {
        let (_folder, upstream, gate) = with(&document, setting, "");
        let ask = |headers: &[_]| wire::get(gate.address(), "/", headers);
        assert_eq!(ask(&[(header, good)]).status, 200, "{setting}");
        for headers in [&[(header, bad)][..], &[]] {
            let refused = ask(headers);
            assert_refused(&gate, &refused, (422, "schema-violation"), setting);
        }
        assert_eq!(upstream.requests().len(), 1);
    }
}

#[test]
fn paths_of_a_document_stand_below_the_base_that_is_said() {
    let document =
        json!({"openapi": "3.1.0", "servers": [{"url": "/api"}], "paths": {"/a": {"get": {}}}});
    for (setting, expected) in [
        ("", [404, 200, 404]),
        ("base = \"/\"\n", [200, 404, 404]),
        ("base = \"/v2\"\n", [404, 404, 200]),
    ] {
        let (_folder, _upstream, gate) = with(&document, "openapi", setting);
        let statuses =
            ["/a", "/api/a", "/v2/a"].map(|path| wire::get(gate.address(), path, &[]).status);
        assert_eq!(statuses, expected, "{setting}");
    }
}

#[test]
fn what_is_the_servers_to_set_is_taken_from_clients_only_where_that_is_said() {
    let item = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "is_admin": {"type": "boolean", "readOnly": true}}});
    let document = json!({"openapi": "3.1.0", "paths": {"/items": {"post": {
        "requestBody": {"content": {"application/json": {"schema": item}}}}}}});
    for (setting, status) in [("", 422), ("read_only = \"pass\"\n", 200)] {
        let (_folder, _upstream, gate) = with(&document, "openapi", setting);
        assert_eq!(send(&gate, "/items", &json!({"name": "x"})).status, 200, "{setting}");
        let assigned = send(&gate, "/items", &json!({"name": "x", "is_admin": true}));
        assert_eq!(assigned.status, status, "{setting}: {}", assigned.text());
    }
}

#[test]
fn a_body_has_as_many_values_as_is_said_and_a_refusal_names_as_many_faults() {
    let document = json!({"type": "array", "items": {"type": "integer"}});
    let many = |count: usize, value: &Value| Value::from(vec![value.clone(); count]);
    for (setting, status) in [("", 200), ("values = 20\n", 400)] {
        let (_folder, _upstream, gate) = with(&document, "body", setting);
        assert_eq!(send(&gate, "/", &many(15, &json!(1))).status, 200, "{setting}");
        let answer = send(&gate, "/", &many(30, &json!(1)));
        assert_eq!(answer.status, status, "{setting}");
        if status == 400 {
            assert_refused(&gate, &answer, (400, "input-too-complex"), setting);
        }
    }
    for (setting, count) in [("", 10), ("faults = 3\n", 3)] {
        let (_folder, _upstream, gate) = with(&document, "body", setting);
        let refused = send(&gate, "/", &many(30, &json!("x")));
        assert_eq!(refused.status, 422, "{setting}");
        let errors = refused.json()["errors"].as_array().unwrap().len();
        assert_eq!(errors, count, "{setting}: {}", refused.text());
    }
}

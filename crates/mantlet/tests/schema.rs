//! The schema guard through the real binary: documents that are wrong, that change while it runs, and
//! what is told of refused requests. Single requests are in `corpora/guards/schema`.

use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, TempFolder, poll_until, root, run_program,
};
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);
const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");

fn gate(upstream: &FakeUpstream, settings: &str) -> MantletProcess {
    MantletProcess::builder(BINARY).upstream(&upstream.url()).config(settings).start()
}

fn post(gate: &MantletProcess, body: &str) -> Response {
    let headers = [("Content-Type", "application/json")];
    wire::request(gate.address(), "POST", "/x", &headers, body.as_bytes())
}

fn limited_to(length: u32) -> String {
    json!({"type": "object", "properties": {"text": {"type": "string", "maxLength": length}}})
        .to_string()
}

// covers: SCI-20, YMERA-08 (binary)
#[test]
fn ymera_d08_a_document_that_changes_is_taken_up_and_a_broken_one_is_not() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let document = folder.write("text.json", limited_to(5));
    let gate = gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\n"));
    let six = r#"{"text": "sixsix"}"#;
    assert_eq!((post(&gate, six).status, post(&gate, r#"{"text": "five5"}"#).status), (422, 200));

    folder.write("text.json", limited_to(6));
    let is_taken_up = poll_until(PATIENCE, || (post(&gate, six).status == 200).then_some(()));
    assert!(is_taken_up.is_some(), "{}", gate.story());
    assert_eq!(post(&gate, r#"{"text": "seven77"}"#).status, 422);

    folder.write(
        "text.json",
        r#"{"properties": {"text": {"$ref": "https://example.org/text.json"}}}"#,
    );
    let rejected =
        gate.wait_for_event(|event| event["event.name"] == "config.settings.rejected", PATIENCE);
    let told = rejected["error.message"].as_str().unwrap();
    assert!(told.contains("text.json` #/properties/text/$ref"), "{told}");
    assert_eq!((post(&gate, six).status, post(&gate, r#"{"text": "seven77"}"#).status), (200, 422));

    folder.write("text.json", limited_to(7));
    let is_taken_up = poll_until(PATIENCE, || {
        (post(&gate, r#"{"text": "seven77"}"#).status == 200).then_some(())
    });
    assert!(is_taken_up.is_some(), "{}", gate.story());
}

#[test]
fn formats_are_checked_unless_that_is_switched_off() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let when =
        json!({"type": "object", "properties": {"day": {"type": "string", "format": "date"}}});
    let document = folder.write("day.json", when.to_string());
    for (setting, status) in [("", 422), ("formats = false\n", 200)] {
        let gate = gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\n{setting}"));
        assert_eq!(post(&gate, r#"{"day": "tomorrow"}"#).status, status, "{setting}");
        assert_eq!(post(&gate, r#"{"day": "2026-11-22"}"#).status, 200, "{setting}");
    }
}

#[test]
fn every_problem_of_every_document_is_told_at_once() {
    let folder = TempFolder::new();
    folder.write("api.yaml", "openapi: 3.1.0\npaths:\n  /a/{id}:\n    get:\n      parameters:\n        - {name: id, in: path, schema: {pattern: '(?=x)'}}\n        - {name: q, in: query, schema: {type: strin}}\n");
    folder.write("body.json", r#"{"a": 1, "a": 2}"#);
    let config = folder.write(
        "mantlet.toml",
        "[upstream]\nurl = \"http://127.0.0.1:1\"\n[guards.schema]\nopenapi = \"api.yaml\"\nbody = \"body.json\"\nquery = \"missing.json\"\n",
    );
    for command in ["check", "run"] {
        let arguments = [command.into(), "--config".into(), config.clone().into_os_string()];
        let finished = run_program(BINARY, &arguments, PATIENCE);
        assert_ne!(finished.code, Some(0), "{finished:#?}");
        for expected in [
            "api.yaml` #/paths/~1a~1{id}/get/parameters/0/schema/pattern: the pattern `(?=x)` looks around",
            "api.yaml` #/paths/~1a~1{id}/get/parameters/1/schema/type: not a schema",
            "body.json` #/a: stands there more than once",
            "missing.json`",
        ] {
            assert!(finished.stderr.contains(expected), "{expected}: {}", finished.stderr);
        }
    }
}

// covers: YMERA-10 (binary)
#[test]
fn ymera_d09_no_log_holds_what_was_sent() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let document = folder.write("text.json", limited_to(5));
    let mut gate = gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\n"));
    for body in [r#"{"text": "my-s3cret"}"#, r#"{"text": "my-s3cret", "text": 1}"#, "my-s3cret"] {
        let refused = post(&gate, body);
        assert!(matches!(refused.status, 400 | 422), "{refused:?}");
        assert!(!refused.text().contains("s3cret"), "{refused:?}");
    }
    let event = gate.wait_for_event(|event| event["reason"] == "schema-violation", PATIENCE);
    assert_eq!(event["evidence"], "body/text maxLength", "{event:#}");
    gate.stop();
    let lines = gate.events().into_iter().chain(gate.access()).chain(gate.audit());
    assert!(lines.into_iter().all(|line| !line.to_string().contains("s3cret")), "{}", gate.story());
    assert!(upstream.is_untouched());
}

#[test]
fn observing_tells_and_refuses_nothing() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let document = root().join("profiles/schemas/analysis.json");
    let settings = format!("[guards.schema]\nmode = \"observe\"\nbody = {document:?}\n");
    let gate = gate(&upstream, &settings);
    assert_eq!(post(&gate, r#"{"text": ""}"#).status, 200);
    let event = gate.wait_for_event(|event| event["reason"] == "schema-violation", PATIENCE);
    assert_eq!(event["mode"], "observe", "{event:#}");
}

// covers: SAMO-16, YMERA-08 (binary)
#[test]
fn the_schemas_that_come_with_it_hold() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let prompt = |more: &str| format!(r#"{{"prompt": "say hi", "user_id": "anna_1"{more}}}"#);
    for (file, bodies) in [
        (
            "analysis.json",
            vec![
                (r#"{"text": "x", "threshold": 1}"#.to_owned(), 200),
                (r#"{"text": "x", "threshold": 1.5}"#.to_owned(), 422),
                (format!(r#"{{"text": "{}"}}"#, "x".repeat(10_001)), 422),
                ("[]".to_owned(), 422),
            ],
        ),
        (
            "prompt.json",
            vec![
                (prompt(r#", "max_tokens": 8192, "temperature": 2"#), 200),
                (prompt(r#", "max_tokens": 8193"#), 422),
                (prompt(r#", "max_tokens": 1.5"#), 422),
                (prompt(r#", "temperature": 2.01"#), 422),
                (prompt(r#", "system": "x""#), 422),
                (r#"{"prompt": "x", "user_id": "a b"}"#.to_owned(), 422),
                (r#"{"prompt": "x", "user_id": "a\n"}"#.to_owned(), 422),
            ],
        ),
    ] {
        let document = root().join("profiles/schemas").join(file);
        let gate = gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\n"));
        for (body, status) in bodies {
            assert_eq!(post(&gate, &body).status, status, "{file}: {body:.60}");
        }
    }
}

#[test]
fn hostile_bodies_are_refused_while_others_are_served() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let maze = folder.write(
        "maze.json",
        r##"{"anyOf": [
        {"required": ["x"], "properties": {"a": {"$ref": "#"}}},
        {"required": ["y"], "properties": {"a": {"$ref": "#"}}}]}"##,
    );
    let gate = gate(
        &upstream,
        &format!("[guards.schema]\nbody = {maze:?}\n[guards.waf]\nmode = \"off\"\n"),
    );
    let deep = format!("{}1{}", r#"{"a":"#.repeat(31), "}".repeat(31));
    let wide = format!("[{}0]", "0,".repeat(150_000));
    for body in [&deep, &wide] {
        let refused = post(&gate, body);
        assert_eq!((refused.status, &refused.json()["code"]), (400, &json!("input-too-complex")));
        assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    }
}

#[test]
fn the_waf_passes_over_what_the_document_has_typed() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    // One of a few words, whatever it looks like; and a text, which may hold anything.
    let choice = "1' OR '1'='1";
    let schema = json!({"properties": {"choice": {"enum": [choice]}, "text": {"type": "string"}}});
    let document = folder.write("words.json", schema.to_string());
    let typed =
        gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\nquery = {document:?}\n"));
    let plain = gate(&upstream, "");
    let choice = choice.replace('\'', "%27").replace(' ', "%20").replace('=', "%3D");
    let ask = |gate: &MantletProcess, name: &str| {
        let form = format!("{name}={choice}");
        let headers = [("Content-Type", "application/x-www-form-urlencoded")];
        let body = wire::request(gate.address(), "POST", "/x", &headers, form.as_bytes());
        let query = wire::get(gate.address(), &format!("/x?{form}"), &[]);
        (body.status, query.status, post(gate, &json!({name: "1' OR '1'='1"}).to_string()).status)
    };
    assert_eq!(ask(&plain, "choice"), (403, 403, 403));
    assert_eq!(ask(&typed, "choice"), (200, 200, 200));
    assert_eq!(ask(&typed, "text"), (403, 403, 403));
    // A name that only looks like the path of a typed value is none.
    assert_eq!(post(&typed, r#"{"x": {"choice": "1' OR '1'='1"}}"#).status, 403);
    assert_eq!(post(&typed, r#"{"x.choice": "1' OR '1'='1"}"#).status, 403);
}

#[test]
fn sci_d13_a_pattern_holds_for_the_whole_text_in_every_script() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let name = json!({"type": "string", "pattern": r"^\p{L}[\p{L}\p{M} '-]{0,39}$"});
    let text = json!({"type": "object", "properties": {"name": name}}).to_string();
    let document = folder.write("name.json", text);
    let gate = gate(&upstream, &format!("[guards.schema]\nbody = {document:?}\n"));
    for (name, status) in [
        ("Ann", 200),
        ("Zoë Müller-Ó'Brien", 200),
        ("Σωκράτης", 200),
        ("王小明", 200),
        ("Ann\n", 422),
        ("Ann\r\n", 422),
        ("\nAnn", 422),
        ("Ann\u{2028}", 422),
        ("Ann\nBcc: all@example.com", 422),
        ("Ann\u{0}", 422),
        ("", 422),
    ] {
        let answer = post(&gate, &json!({ "name": name }).to_string());
        assert_eq!(answer.status, status, "{name:?}: {}", answer.text());
    }
    assert_eq!(upstream.requests().len(), 4);
}

// covers: YMERA-29 (binary)
#[test]
fn a_model_is_asked_within_bounds_and_so_often_by_each_user() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let folder = TempFolder::new();
    let text = json!({
        "type": "object",
        "properties": {
            "prompt": {"type": "string", "minLength": 1, "maxLength": 4000},
            "max_tokens": {"type": "integer", "minimum": 1, "maximum": 1024},
            "temperature": {"type": "number", "minimum": 0, "maximum": 1.5}
        },
        "required": ["prompt"],
        "additionalProperties": false
    });
    let document = folder.write("agent.json", text.to_string());
    let config =
        format!("[guards.schema]\nbody = {document:?}\n[guards.quota]\nper_user = [\"8/h\"]\n");
    let builder = MantletProcess::builder(BINARY).upstream(&upstream.url());
    let gate = builder.arg("--require-login").config(config.as_str()).start();
    let keys = ["alice", "bob"].map(|name| {
        assert_eq!(gate.command(&["user", "add", name, "--role", "user"]).code, Some(0));
        let issued = gate.command(&["key", "issue", "--user", name, "--json"]);
        let issued: serde_json::Value = serde_json::from_str(&issued.stdout).unwrap();
        issued["key"].as_str().unwrap().to_owned()
    });
    let ask = |key: &str, body: &serde_json::Value| {
        let headers = [("Content-Type", "application/json"), ("X-API-Key", key)];
        wire::request(gate.address(), "POST", "/x", &headers, body.to_string().as_bytes()).status
    };
    let fine = json!({"prompt": "Sum this up.", "max_tokens": 1024, "temperature": 1.5});
    assert_eq!(ask(&keys[0], &fine), 200);
    for (name, value) in [
        ("prompt", json!("x".repeat(4001))),
        ("max_tokens", json!(1025)),
        ("max_tokens", json!(1e99)),
        ("max_tokens", json!("1")),
        ("temperature", json!(1.6)),
        ("temperature", json!(-0.1)),
        ("tools", json!(["shell"])),
    ] {
        let mut body = fine.clone();
        body[name] = value;
        assert_eq!(ask(&keys[0], &body), 422, "{name}");
    }
    assert_eq!(ask(&keys[0], &fine), 429, "what was refused counts, too");
    assert_eq!(ask(&keys[1], &fine), 200, "everybody has their own");
    assert_eq!(upstream.requests().len(), 2);
}

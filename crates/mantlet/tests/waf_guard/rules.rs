//! Rules of one's own: files, phases, routes, reloads, budgets.

use std::fs;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until};

use super::common::{PATIENCE, assert_refused, gate};
use super::{SQL, escaped, get, post};

const RULES: &str = r#"
SecRule ARGS "@rx forbidden" "id:100,phase:2,deny,log,msg:'forbidden word',severity:CRITICAL,t:lowercase"
SecRule ARGS:teapot "@eq 1" "id:101,phase:2,deny,status:418,log"
SecRule ARGS:away "@eq 1" "id:102,phase:2,redirect:https://example.org/away,log"
SecRule ARGS:gone "@eq 1" "id:103,phase:1,drop,log"
SecRule REQUEST_URI "@beginsWith /open" "id:90,phase:1,allow,nolog"
SecRule REQUEST_HEADERS:X-Phase "@streq one" "id:104,phase:1,deny,log"
SecRule ARGS:odd "@eq 1" "id:105,phase:2,deny,status:200,log"
"#;

/// A folder of rules, and the setting that names it.
fn rules(text: &str) -> (TempFolder, String) {
    let folder = TempFolder::new();
    let file = folder.write("own.conf", text);
    let setting = format!("[guards.waf]\nrules = [\"{}\"]\n", file.display());
    (folder, setting)
}

fn json(gate: &MantletProcess, body: &str) -> wire::Response {
    post(gate.address(), "application/json", body)
}

#[test]
fn rules_see_head_and_body_and_say_what_they_answer_with() {
    let (_folder, config) = rules(RULES);
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &config);
    let address = gate.address();
    let event = assert_refused(&gate, &get(address, "/?q=FORBIDDEN"), (403, "waf-rule"), "query");
    assert_eq!(
        (&event["rule_id"], &event["place"], &event["parameter"]),
        (&100.into(), &"ARGS".into(), &"q".into())
    );
    assert_eq!(
        (&event["message"], &event["decoding"]),
        (&"forbidden word".into(), &"lowercase".into())
    );
    assert_eq!((&event["evidence"], &event["score"]), (&"forbidden".into(), &5.into()));
    for (kind, body) in [
        ("application/x-www-form-urlencoded", "q=forbidden"),
        ("application/json", "{\"q\":[\"forbidden\"]}"),
        ("text/plain", "{\"q\":[\"forbidden\"]}"),
        (
            "multipart/form-data; boundary=B",
            "--B\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\nforbidden\r\n--B--\r\n",
        ),
    ] {
        assert_refused(&gate, &post(address, kind, body), (403, "waf-rule"), kind);
    }
    let phase = wire::get(address, "/", &[("X-Phase", "one")]);
    assert_eq!(assert_refused(&gate, &phase, (403, "waf-rule"), "phase 1")["rule_id"], 104);
    assert_refused(&gate, &get(address, "/?teapot=1"), (418, "waf-rule"), "status");
    assert_refused(
        &gate,
        &get(address, "/?odd=1"),
        (403, "waf-rule"),
        "a status that is no refusal",
    );
    let away = get(address, "/?away=1");
    assert_eq!((away.status, away.header("location")), (302, Some("https://example.org/away")));
    let dropped = get(address, "/?gone=1");
    assert_eq!((dropped.status, dropped.header("connection")), (403, Some("close")));
    assert!(upstream.is_untouched());
    assert_eq!(get(address, "/open?q=forbidden").status, 200, "allow");
    assert_eq!(get(address, &format!("/?q={}", escaped(SQL))).status, 200, "rules alone look");
    assert_refused(&gate, &json(&gate, "{\"q\":"), (400, "waf-rule"), "broken JSON");
}

#[test]
fn detectors_look_beside_rules_where_that_is_asked_for() {
    let (_folder, config) = rules(RULES);
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &format!("{config}native = true\n"));
    assert_refused(
        &gate,
        &get(gate.address(), &format!("/?q={}", escaped(SQL))),
        (403, "waf-attack"),
        "detector",
    );
    assert_refused(&gate, &get(gate.address(), "/?q=forbidden"), (403, "waf-rule"), "rule");
}

#[test]
fn rules_that_only_report_make_the_guard_watch() {
    let (_folder, config) = rules(&format!("SecRuleEngine DetectionOnly\n{RULES}"));
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &config);
    assert_eq!(get(gate.address(), "/?q=forbidden").status, 200);
    let event = gate.wait_for_event(|event| event["reason"] == "waf-rule", PATIENCE);
    assert_eq!((&event["mode"], &event["rule_id"]), (&"observe".into(), &100.into()));
}

#[test]
fn a_route_leaves_one_parameter_alone_and_no_other() {
    let (_folder, config) = rules(RULES);
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(
        &upstream,
        &(config
            + "[[routes]]\npath = \"/wiki\"\n[[routes.guards.waf.exceptions]]\nrule = 100\nparameter = \"note\"\n"),
    );
    let address = gate.address();
    assert_eq!(get(address, "/wiki?note=forbidden").status, 200);
    assert_refused(
        &gate,
        &get(address, "/wiki?note=forbidden&q=forbidden"),
        (403, "waf-rule"),
        "another",
    );
    assert_refused(
        &gate,
        &get(address, "/wiki?notes=forbidden"),
        (403, "waf-rule"),
        "a longer name",
    );
    assert_refused(&gate, &get(address, "/?note=forbidden"), (403, "waf-rule"), "another route");
    let json = |body: &str| {
        let headers = [("Content-Type", "application/json")];
        wire::request(address, "POST", "/wiki", &headers, body.as_bytes())
    };
    assert_eq!(json("{\"note\":\"forbidden\"}").status, 200);
    assert_refused(&gate, &json("{\"a\":{\"note\":\"forbidden\"}}"), (403, "waf-rule"), "deeper");
}

#[test]
fn counters_of_rules_last_beyond_a_request() {
    let (_folder, config) = rules(
        "SecAction \"id:1,phase:1,pass,nolog,initcol:ip=%{REMOTE_ADDR},setvar:ip.count=+1\"\n\
         SecRule IP:COUNT \"@gt 3\" \"id:2,phase:1,deny,status:429,log\"\n",
    );
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &config);
    let statuses: Vec<u16> = (0..5).map(|_| get(gate.address(), "/").status).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
}

#[test]
fn changed_rules_are_taken_up_and_broken_ones_leave_those_before_in_force() {
    let (folder, config) = rules(RULES);
    let file = folder.path().join("own.conf");
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &config);
    let is = |target: &str, status: u16| {
        let asked = || (get(gate.address(), target).status == status).then_some(());
        assert!(poll_until(PATIENCE * 2, asked).is_some(), "{target}: {}", gate.story());
    };
    is("/?q=forbidden", 403);
    is("/?q=other", 200);
    fs::write(&file, RULES.replace("@rx forbidden", "@rx other")).unwrap();
    is("/?q=other", 403);
    is("/?q=forbidden", 200);
    fs::write(&file, "SecRule ARGS \"@rxx other\" \"id:100,phase:2,deny\"\n").unwrap();
    let rejected = |event: &serde_json::Value| event["event.name"] == "config.settings.rejected";
    let event = gate.wait_for_event(rejected, PATIENCE * 2);
    assert!(event["error.message"].as_str().unwrap().contains("own.conf:1:"), "{event:#}");
    is("/?q=other", 403);
    fs::write(&file, RULES).unwrap();
    is("/?q=forbidden", 403);
}

#[test]
fn every_problem_of_rules_is_told_with_its_line_and_nothing_starts() {
    let folder = TempFolder::new();
    folder.write("rules/a.conf", "SecRule ARGS \"@rx a\" \"id:1,phase:2,deny\"\nSecRuul x\n");
    folder.write("rules/b.conf", "SecRule ARGX \"@rx a\" \"id:2,phase:2,deny\"\n");
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let started = builder
        .upstream("http://127.0.0.1:9")
        .arg("--waf-rules")
        .arg(folder.path().join("rules"))
        .try_start();
    let finished = started.err().unwrap();
    for part in ["a.conf:2:", "SecRuul", "b.conf:1:", "ARGX", "did you mean"] {
        assert!(finished.stderr.contains(part), "{part}: {}", finished.stderr);
    }
}

#[test]
fn a_request_that_costs_rules_too_much_is_refused_by_name() {
    let text: String = (1..400)
        .map(|id| format!("SecRule ARGS \"@rx ab+a{{0,{id}}}\" \"id:{id},phase:2,pass,nolog\"\n"))
        .collect();
    let (_folder, rules) = rules(&text);
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let config = format!("{rules}work_limit = \"1MiB\"\n");
    let strict = gate(&upstream, &config);
    let body = format!("a={}", "ab".repeat(200_000));
    let kind = "application/x-www-form-urlencoded";
    let event =
        assert_refused(&strict, &post(strict.address(), kind, &body), (403, "waf-budget"), "work");
    assert_eq!(event["evidence"], "too much: work");
    let reached = "mantlet_limit_reached_total{limit=\"guards.waf.work_limit\"}";
    assert_eq!(strict.metric(reached), 1, "{}", strict.metrics());
    assert_eq!(post(strict.address(), kind, "a=b").status, 200);
    assert_eq!(upstream.requests().len(), 1);
    let narrow = gate(&upstream, &format!("{rules}memory_limit = \"1MiB\"\n"));
    let large = format!("a={}", "xy".repeat(1_000_000));
    let event = assert_refused(
        &narrow,
        &post(narrow.address(), kind, &large),
        (403, "waf-budget"),
        "memory",
    );
    assert_eq!(event["evidence"], "too much: memory");
    let lenient = gate(&upstream, &format!("{config}over_budget = \"pass\"\n"));
    assert_eq!(post(lenient.address(), kind, &body).status, 200);
}

#[test]
fn the_smaller_limit_of_bodies_wins() {
    let (_folder, config) = rules(&format!("SecRequestBodyLimit 1000\n{RULES}"));
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &(config + "[server]\nbody_limit = \"4KiB\"\n"));
    let send = |size: usize| post(gate.address(), "text/plain", "x".repeat(size));
    assert_eq!(send(900).status, 200);
    let event = assert_refused(&gate, &send(2000), (413, "body-too-large"), "the rules' limit");
    assert_eq!(
        (&event["guard"], &event["evidence"]),
        (&"waf".into(), &"SecRequestBodyLimit".into())
    );
    assert_refused(&gate, &send(5000), (413, "body-too-large"), "the server's limit");
}

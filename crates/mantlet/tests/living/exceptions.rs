//! A false alarm: refused, explained, excepted, and passed.

use std::fs;

use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until, wire};
use serde_json::Value;

use super::{ATTACK, PATIENCE, command, gate, id, post, recorded};

const RECORDING: &str = "# Kept by hand.\n[recording]\nenabled = true\npassed_percent = 100\n";

#[test]
fn an_applied_exception_lets_the_false_alarm_pass_and_nothing_else() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let gate = gate(&upstream, RECORDING);
    let refused = post(&gate, "/notes", ATTACK);
    assert_eq!(refused.status, 403, "{refused:?}");
    let _ = post(&gate, "/notes", "text=hello");
    let _ = recorded(&gate, 2);

    let told = command(&gate, &["explain", &id(&refused)]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    for part in [
        "sqli",
        "place     form text",
        "score     90",
        "threshold 60",
        "path = \"/notes\"",
        "methods = [\"POST\"]",
        "[[routes.guards.waf.exceptions]]",
        "class = \"sqli\"",
        "parameter = \"text\"",
        "tried on 2 recorded requests, 1 refused now",
        "this request passes under it",
        "0 others pass under it",
        "--apply",
    ] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }

    let before = fs::read_to_string(gate.config_file()).unwrap();
    let applied = command(&gate, &["explain", &id(&refused), "--apply"]);
    assert_eq!(applied.code, Some(0), "{applied:#?}");
    let after = fs::read_to_string(gate.config_file()).unwrap();
    assert!(after.starts_with(&before), "nothing of what stood there is lost: {after}");

    let passes = poll_until(PATIENCE, || {
        let response = post(&gate, "/notes", ATTACK);
        (response.status == 200).then_some(response)
    });
    assert!(passes.is_some(), "{}", gate.story());
    // Another parameter, another path, another method, another class, and another place.
    assert_eq!(post(&gate, "/notes", &ATTACK.replace("text", "title")).status, 403);
    assert_eq!(post(&gate, "/other", ATTACK).status, 403);
    assert_eq!(wire::get(gate.address(), &format!("/notes?{ATTACK}"), &[]).status, 403);
    assert_eq!(post(&gate, &format!("/notes?{ATTACK}"), "text=x").status, 403);
    let script = "text=%3Cscript%3Ealert(1)%3C%2Fscript%3E";
    assert_eq!(post(&gate, "/notes", script).status, 403);
}

#[test]
fn a_second_exception_for_the_same_place_joins_the_first() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let gate = gate(&upstream, RECORDING);
    for parameter in ["text", "title"] {
        let attack = ATTACK.replace("text", parameter);
        let refused = post(&gate, "/notes", &attack);
        assert_eq!(refused.status, 403, "{parameter}");
        let applied = command(&gate, &["explain", &id(&refused), "--apply"]);
        assert_eq!(applied.code, Some(0), "{applied:#?}");
        let passes =
            poll_until(PATIENCE, || (post(&gate, "/notes", &attack).status == 200).then_some(()));
        assert!(passes.is_some(), "{parameter}: {}", gate.story());
    }
    assert_eq!(post(&gate, "/notes", ATTACK).status, 200, "the first one holds still");
    let text = fs::read_to_string(gate.config_file()).unwrap();
    assert_eq!(text.matches("[[routes]]").count(), 1, "{text}");
}

#[test]
fn an_exception_under_which_attacks_pass_is_not_applied_unless_forced() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let gate = gate(&upstream, RECORDING);
    let refused = post(&gate, "/wiki/one", ATTACK);
    // What is not sure enough to be refused by itself, beside what the exception leaves alone.
    let doubtful = format!("{ATTACK}&next=http%3A%2F%2F10.0.0.5%2Fadmin");
    let other = post(&gate, "/wiki/two", &doubtful);
    assert_eq!((refused.status, other.status), (403, 403));
    let _ = recorded(&gate, 2);
    let explain = |more: &[&str]| {
        let id = id(&refused);
        let mut arguments = vec!["explain", &id, "--path", "/wiki/*"];
        arguments.extend(more);
        command(&gate, &arguments)
    };
    let told = explain(&["--json"]);
    let told: Value = serde_json::from_str(told.stdout.lines().last().unwrap()).unwrap();
    let exception = &told["exception"];
    assert!(exception["toml"].as_str().unwrap().contains("path = \"/wiki/*\""), "{told:#}");
    assert_eq!(exception["request_passes"], true, "{told:#}");
    assert_eq!(exception["tried"]["newly_passed"], 1, "{told:#}");
    assert_eq!(exception["tried"]["suspicious"], 1, "{told:#}");
    assert!(exception["tried"]["named"][0].as_str().unwrap().contains("ssrf"), "{told:#}");

    let before = fs::read_to_string(gate.config_file()).unwrap();
    let refusal = explain(&["--apply"]);
    assert_eq!(refusal.code, Some(1), "{refusal:#?}");
    assert!(refusal.stderr.contains("not applied"), "{refusal:#?}");
    assert_eq!(fs::read_to_string(gate.config_file()).unwrap(), before);
    assert_eq!(explain(&["--apply", "--force"]).code, Some(0));
    let passes =
        poll_until(PATIENCE, || (post(&gate, "/wiki/three", ATTACK).status == 200).then_some(()));
    assert!(passes.is_some(), "{}", gate.story());

    let elsewhere = command(&gate, &["explain", &id(&refused), "--path", "/notes/*"]);
    assert_eq!(elsewhere.code, Some(2), "{elsewhere:#?}");
    assert!(elsewhere.stderr.contains("is not for `/wiki/one`"), "{elsewhere:#?}");
}

#[test]
fn routes_in_one_line_are_opened_for_the_exception() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let inline = "routes = [{ path = \"/notes\", methods = [\"POST\"], host = [\"127.0.0.1\"] }]\n";
    let gate = gate(&upstream, inline);
    let refused = post(&gate, "/notes", ATTACK);
    let applied = command(&gate, &["explain", &id(&refused), "--apply"]);
    assert_eq!(applied.code, Some(0), "{applied:#?}");
    assert!(applied.stdout.contains("sqli"), "{applied:#?}");
    let passes =
        poll_until(PATIENCE, || (post(&gate, "/notes", ATTACK).status == 200).then_some(()));
    assert!(passes.is_some(), "{}", gate.story());
    let written = fs::read_to_string(gate.config_file()).unwrap();
    assert!(written.contains("[[routes.guards.waf.exceptions]]"), "{written}");
}

#[test]
fn without_a_recording_the_exception_is_told_as_not_tried() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let gate = gate(&upstream, "");
    let refused = post(&gate, "/notes", ATTACK);
    let told = command(&gate, &["explain", &id(&refused)]);
    assert!(told.stdout.contains("not tried: nothing is recorded"), "{told:#?}");
    assert!(told.stdout.contains("class = \"sqli\""), "{told:#?}");
}

/// Rules that add up a score, as the Core Rule Set does.
const RULES: &str = r#"
SecRule ARGS "@contains union" "id:100,phase:2,pass,log,msg:'union',severity:'CRITICAL',setvar:tx.score=+5"
SecRule ARGS "@contains select" "id:101,phase:2,pass,log,msg:'select',severity:'WARNING',setvar:tx.score=+5"
SecRule TX:score "@ge 5" "id:949,phase:2,deny,log,msg:'too much'"
"#;

#[test]
fn every_rule_that_had_a_part_in_a_score_is_in_the_exception() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let folder = TempFolder::new();
    let rules = folder.write("rules/own.conf", RULES);
    let rules = rules.parent().unwrap().display().to_string();
    let gate = gate(&upstream, &format!("{RECORDING}[guards.waf]\nrules = [\"{rules}\"]\n"));
    let form = "text=a+union+may+select&page=2";
    let refused = post(&gate, "/notes", form);
    assert_eq!(refused.status, 403, "{refused:?}");
    let _ = recorded(&gate, 1);
    let applied = command(&gate, &["explain", &id(&refused), "--apply"]);
    assert_eq!(applied.code, Some(0), "{applied:#?}");
    for part in ["rule = \"100\"", "rule = \"101\"", "this request passes under it"] {
        assert!(applied.stdout.contains(part), "{part}: {}", applied.stdout);
    }
    assert!(!applied.stdout.contains("rule = \"949\""), "{}", applied.stdout);
    let passes = poll_until(PATIENCE, || (post(&gate, "/notes", form).status == 200).then_some(()));
    assert!(passes.is_some(), "{}", gate.story());
    assert_eq!(post(&gate, "/notes", "title=union").status, 403);
    assert_eq!(post(&gate, "/other", form).status, 403);
}

#[test]
fn rules_that_the_command_line_names_are_named_to_explain_too() {
    let upstream = FakeUpstream::answering(Answer::ok("taken"));
    let folder = TempFolder::new();
    let rules = folder.write("rules/own.conf", RULES).parent().unwrap().display().to_string();
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let builder = builder.upstream(&upstream.url()).config(RECORDING);
    let gate = builder.arg("--waf-rules").arg(&rules).start();
    let form = "text=a+union+may+select";
    let refused = post(&gate, "/notes", form);
    assert_eq!(refused.status, 403, "{refused:?}");
    let _ = recorded(&gate, 1);
    let told = command(&gate, &["explain", &id(&refused), "--waf-rules", &rules]);
    assert_eq!(told.code, Some(0), "{told:#?}");
    for part in ["rule = \"100\"", "tried on 1 recorded requests", "this request passes under it"] {
        assert!(told.stdout.contains(part), "{part}: {}", told.stdout);
    }
    let unknown = command(&gate, &["explain", &id(&refused)]);
    assert!(unknown.stdout.contains("waf-rule"), "{unknown:#?}");
    assert!(!unknown.stdout.contains("  threshold"), "that of detectors: {}", unknown.stdout);
    let missing = command(&gate, &["explain", &id(&refused), "--waf-rules", "/nowhere"]);
    assert_eq!(missing.code, Some(2), "{missing:#?}");
    assert!(missing.stderr.contains("/nowhere"), "{}", missing.stderr);
}

//! `mantlet waf replay`: what other settings would have refused.

use mantlet_testkit::{Answer, FakeUpstream, Finished, TempFolder, run_program};
use serde_json::{Value, json};

use super::{ATTACK, PATIENCE, command, gate, post, recorded};

fn replay(folder: &TempFolder, config: &str, arguments: &[&str]) -> Finished {
    let config = folder.write("mantlet.toml", config).display().to_string();
    let mut all = vec!["waf", "replay"];
    all.extend(arguments);
    all.extend(["--config", &config]);
    run_program(env!("CARGO_BIN_EXE_mantlet"), &all, PATIENCE)
}

fn line(path: &str, form: &str) -> String {
    let kind = json!([["content-type", "application/x-www-form-urlencoded"]]);
    json!({ "method": "POST", "host": "a", "target": path, "headers": kind, "body": form })
        .to_string()
}

#[test]
fn the_recording_is_replayed_with_the_words_of_the_gate_itself() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, "[recording]\nenabled = true\npassed_percent = 100\n");
    let refused = post(&gate, "/notes", ATTACK);
    assert_eq!(refused.status, 403);
    assert_eq!(post(&gate, "/notes", "text=hello").status, 200);
    let _ = recorded(&gate, 2);
    let event = gate.wait_for_event(|event| event["reason"] == "waf-attack", PATIENCE);
    let replayed = command(&gate, &["waf", "replay", "--json"]);
    assert_eq!(replayed.code, Some(1), "{replayed:#?}");
    let lines: Vec<Value> =
        replayed.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    let finding = &lines[0]["verdict"]["findings"][0];
    for (ours, theirs) in [
        ("class", "class"),
        ("place", "place"),
        ("parameter", "parameter"),
        ("score", "score"),
        ("evidence", "evidence"),
    ] {
        assert_eq!(finding[ours], event[theirs], "{ours}: {finding:#} {event:#}");
    }
    let summary = &lines[1]["summary"];
    assert_eq!((&summary["requests"], &summary["refused"]), (&2.into(), &1.into()), "{summary:#}");
    // An exported recording says the same.
    let folder = TempFolder::new();
    let exported = command(&gate, &["recording", "export"]).stdout;
    let file = folder.write("requests.ndjson", exported).display().to_string();
    let again = command(&gate, &["waf", "replay", &file, "--json"]);
    assert_eq!(again.stdout.lines().last(), replayed.stdout.lines().last(), "{again:#?}");
}

#[test]
fn other_settings_are_tried_and_the_difference_is_told() {
    let folder = TempFolder::new();
    let lines = [line("/a", ATTACK), line("/b", "text=hello"), line("/open/a", ATTACK)].join("\n");
    let file = folder.write("requests.ndjson", lines).display().to_string();
    let config = "[[routes]]\npath = \"/open/*\"\n[[routes.guards.waf.exceptions]]\nclass = \"sqli\"\nparameter = \"text\"\n";
    let now = replay(&folder, config, &[&file]);
    assert_eq!(now.code, Some(1), "{now:#?}");
    let told: Vec<&str> = now.stdout.lines().collect();
    assert!(told[0].starts_with("line 1: POST a/a (route "), "{told:#?}");
    assert!(told[0].contains("sqli ") && told[0].contains("in form `text`"), "{told:#?}");
    assert_eq!(told.last().unwrap(), &"3 requests, 1 would be refused (33.33 %)");
    assert!(told.iter().any(|line| line.trim() == "1  sqli"), "{told:#?}");
    let same = replay(&folder, config, &[&file, "--diff"]);
    assert_eq!(same.code, Some(0), "{same:#?}");
    let lenient = replay(&folder, config, &[&file, "--diff", "--threshold", "100"]);
    assert_eq!(lenient.code, Some(1), "{lenient:#?}");
    assert!(lenient.stdout.contains("line 1: POST a/a"), "{lenient:#?}");
    assert!(lenient.stdout.contains("newly passes"), "{lenient:#?}");
    assert!(lenient.stdout.contains("0 newly refused, 1 newly pass"), "{lenient:#?}");
    let none = replay(&folder, config, &[&file, "--threshold", "101"]);
    assert_eq!(none.code, Some(2), "{none:#?}");
    assert!(none.stderr.contains("out of range"), "{none:#?}");
}

#[test]
fn what_is_no_request_is_counted_and_named_and_ends_nothing() {
    let folder = TempFolder::new();
    let long = format!("{{\"method\":\"{}\"}}", "A".repeat(9 * 1024 * 1024));
    let lines = [
        line("/a", ATTACK),
        "{\"method\":\"GET\"".to_owned(),
        String::new(),
        long,
        "{\"version\":7,\"method\":\"GET\",\"host\":\"a\",\"target\":\"/\"}".to_owned(),
        "{\"method\":\"GE T\",\"host\":\"a\",\"target\":\"/\"}".to_owned(),
        "{\"method\":\"GET\",\"host\":\"a\",\"target\":\"/..%2f\"}".to_owned(),
        line("/b", ATTACK),
        "{\"method\":\"GET\",\"host\":\"a\",\"tar".to_owned(),
    ];
    let file = folder.write("requests.ndjson", lines.join("\n")).display().to_string();
    let end = replay(&folder, "", &[&file]);
    assert_eq!(end.code, Some(1), "{end:#?}");
    for part in [
        "left out: line 2: ",
        "left out: line 4: longer than 8 MiB",
        "left out: line 5: version `7`",
        "left out: line 9: ",
        "line 8: POST a/b",
        "4 requests, 2 would be refused (50.00 %)",
        "2 no clean request",
        "4 no request at all",
    ] {
        assert!(end.stdout.contains(part), "{part}: {}", end.stdout);
    }
    for (name, text) in [("x.txt", "hello"), ("x.json", "{\"a\":1}"), ("x.har", "{\"log\":{}}")] {
        let file = folder.write(name, text).display().to_string();
        let end = replay(&folder, "", &[&file]);
        assert_eq!(end.code, Some(2), "{name}: {end:#?}");
        assert!(end.stderr.contains(name), "{name}: {end:#?}");
    }
    let absent = replay(&folder, "", &["nowhere.har"]);
    assert_eq!(absent.code, Some(2), "{absent:#?}");
    let broken = "{\"log\":{\"entries\":[\n{\"request\":{\"method\":\"GET\",\"url\":\"http://a/?x=1%27%20or%201%3D1--\",\"headers\":[]}},\n{\"request\":";
    let file = folder.write("broken.har", broken).display().to_string();
    let end = replay(&folder, "", &[&file]);
    assert_eq!(end.code, Some(2), "{end:#?}");
    assert!(end.stdout.contains("entry 1, line 2: GET a/"), "what came before is told: {end:#?}");
    assert!(end.stderr.contains("line 3"), "{end:#?}");
}

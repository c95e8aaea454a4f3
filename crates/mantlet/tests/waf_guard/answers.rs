//! Rules over answers: leaks are withheld, streams are not held.

use std::time::Duration;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream, TempFolder};

use super::common::{PATIENCE, assert_refused, gate};
use super::get;

const RULES: &str = r#"
SecRule RESPONSE_HEADERS:X-Leak "@streq yes" "id:200,phase:3,deny,log"
SecRule RESPONSE_BODY "@contains BEGIN PRIVATE KEY" "id:201,phase:4,deny,status:500,log"
SecRule RESPONSE_BODY "@contains far away" "id:202,phase:4,deny,log"
SecResponseBodyLimit 4096
"#;

fn settings(folder: &TempFolder) -> String {
    let file = folder.write("answers.conf", RULES);
    format!("[guards.waf]\nrules = [\"{}\"]\n", file.display())
}

#[test]
fn an_answer_that_leaks_is_withheld() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::start(|request| match request.target.as_str() {
        "/key" => Answer::html("-----BEGIN PRIVATE KEY-----\nMIIE"),
        "/json" => Answer::json("\"-----BEGIN PRIVATE KEY-----\""),
        "/header" => Answer::ok("ok").header("X-Leak", "yes"),
        "/far" => Answer::html(&format!("{}far away", " ".repeat(5000))),
        _ => Answer::html("fine"),
    });
    let gate = gate(&upstream, &settings(&folder));
    let answer = get(gate.address(), "/key");
    let event = assert_refused(&gate, &answer, (500, "waf-answer"), "body");
    assert_eq!((&event["rule_id"], &event["place"]), (&201.into(), &"RESPONSE_BODY".into()));
    assert!(!answer.text().contains("MIIE"));
    assert_refused(&gate, &get(gate.address(), "/header"), (403, "waf-answer"), "header");
    assert_eq!(get(gate.address(), "/").text(), "fine");
    assert!(
        get(gate.address(), "/json").text().contains("PRIVATE"),
        "a type that is not looked at"
    );
    assert_eq!(get(gate.address(), "/far").text().len(), 5008, "beyond what is looked at");
    let head = wire::request(gate.address(), "HEAD", "/key", &[], b"");
    assert_eq!(head.status, 200);
}

#[test]
fn streams_and_downloads_are_not_held() {
    let folder = TempFolder::new();
    let pause = Duration::from_secs(30);
    let upstream = FakeUpstream::start(move |request| match request.target.as_str() {
        "/events" => Answer::events(&["first", "second"], pause),
        _ => Answer::of(200, "application/octet-stream", vec![7; 100_000]),
    });
    // The one type that is never held, whatever rules say.
    let config = settings(&folder);
    let file = folder.write("types.conf", "SecResponseBodyMimeType text/html text/event-stream\n");
    let config = config.replace("rules = [", &format!("rules = [\"{}\", ", file.display()));
    let gate = gate(&upstream, &config);
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(b"GET /events HTTP/1.1\r\nHost: a\r\n\r\n").unwrap();
    let seen = connection.read_until(b"data: first").unwrap();
    assert!(!seen.is_empty(), "the first event comes while the second is far away");
    assert_eq!(get(gate.address(), "/file").body.len(), 100_000);
    assert!(PATIENCE < pause, "the test would wait for the whole stream");
}

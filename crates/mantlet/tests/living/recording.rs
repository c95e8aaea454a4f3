//! What is recorded: what is needed, never a secret, within its bounds.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until, wire};

use super::{ATTACK, PATIENCE, command, gate, id, post, recorded};

const SECRETS: [&str; 4] = [
    "k7Qz0vN4bUe1Rt9wXc3Lm8Pd",
    "hunter2-and-three",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
];
/// Where the first record of a file begins: behind its head and the record's length.
const FIRST_RECORD: usize = 44 + 4;
const EVERYTHING: &str = "[recording]\nenabled = true\npassed_percent = 100\n";

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(place) = waiting.pop() {
        for entry in fs::read_dir(place).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.is_file() {
                found.push((path.clone(), fs::read(path).unwrap_or_default()));
            }
        }
    }
    found
}

/// Requests with a secret everywhere where one is sent. Each is one more record.
fn send(gate: &MantletProcess, secret: &str) -> usize {
    let bearer = format!("Bearer {secret}");
    let cookie = format!("session={secret}; theme=dark");
    let headers = [
        ("Authorization", bearer.as_str()),
        ("Cookie", cookie.as_str()),
        ("X-Api-Key", secret),
        ("X-Note", &format!("password={secret}")),
    ];
    let _ = wire::get(gate.address(), &format!("/a?token={secret}&q=1&auth={secret}"), &headers);
    let bodies = [
        ("application/x-www-form-urlencoded", format!("user=a&password={secret}&text=hello")),
        (
            "application/json",
            format!(
                "{{\"user\":\"a\",\"password\":\"{secret}\",\"deep\":[{{\"apiKey\":\"{secret}\"}}]}}"
            ),
        ),
        ("application/json", "{\"pin\":12345678901234,\"note\":\"x\"}".to_owned()),
        ("text/plain", format!("user=a&passwd={secret}")),
        (
            "multipart/form-data; boundary=b",
            format!(
                "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{secret}\r\n--b\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\nhello\r\n--b--\r\n"
            ),
        ),
        (
            "application/xml",
            format!("<user><password><![CDATA[{secret}]]></password><name>a</name></user>"),
        ),
    ];
    for (kind, body) in &bodies {
        let headers = [("Content-Type", *kind)];
        let _ = wire::request(gate.address(), "POST", "/b", &headers, body.as_bytes());
    }
    1 + bodies.len()
}

#[test]
fn elite_d17_no_secret_of_a_request_is_ever_written() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = gate(&upstream, EVERYTHING);
    let sent: usize = SECRETS.iter().map(|secret| send(&gate, secret)).sum();
    let lines = recorded(&gate, sent);
    let shown = lines.iter().map(ToString::to_string).collect::<String>();
    for hidden in SECRETS.iter().chain(&["12345678901234"]) {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
    // What settings are tried on is there.
    for kept in ["hello", "/a?token=redacted&q=1", "<name>a</name>", "text/plain"] {
        assert!(shown.contains(kept), "{kept}: {shown}");
    }
    assert!(!shown.contains("theme"), "of cookies nothing is kept: {shown}");
    // Whoever has the disk and no key reads nothing, not even what is no secret.
    for (file, bytes) in files(&gate.data().join("recording")) {
        let mode = fs::metadata(&file).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{}", file.display());
        for text in SECRETS.iter().chain(&["hello", "form-data", "/a?token"]) {
            let has = bytes.windows(text.len()).any(|window| window == text.as_bytes());
            assert!(!has, "{text} in {}", file.display());
        }
    }
    let _ = gate.wait_for_event(|event| event["setting"] == "recording.key", PATIENCE);
}

#[test]
fn another_key_opens_nothing() {
    let folder = TempFolder::new();
    let key = |text: &str| {
        let path = folder.write("key", text);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        path
    };
    let path = key("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let config = format!("{EVERYTHING}key = \"file:{}\"\n", path.display());
    let gate = gate(&upstream, &config);
    let _ = post(&gate, "/a", "text=hello");
    let _ = recorded(&gate, 1);
    assert!(!gate.data().join("recording/key").exists());
    key("8f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n");
    let other = command(&gate, &["recording", "export"]);
    assert_eq!(other.stdout, "", "{other:#?}");
    assert!(other.stderr.contains("sealed with another key"), "{other:#?}");
    key("short\n");
    let none = command(&gate, &["recording", "export"]);
    assert_eq!(none.code, Some(2), "{none:#?}");
    assert!(none.stderr.contains("hint: make one with"), "{none:#?}");
}

#[test]
fn a_crash_loses_no_record_and_what_it_leaves_half_is_passed_over() {
    let folder = TempFolder::new();
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let start = || {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let builder = builder.upstream(&upstream.url()).config(EVERYTHING);
        builder.data(folder.path().join("data")).start()
    };
    let mut first = start();
    for number in 0..5 {
        let _ = post(&first, "/a", &format!("number={number}"));
    }
    let _ = recorded(&first, 5);
    first.kill();
    let newest = files(&first.data().join("recording"));
    let (file, bytes) = newest.iter().find(|(file, _)| file.extension().is_some()).unwrap();
    // A record that a crash cut off, and one that somebody changed.
    let mut torn = bytes.clone();
    torn.extend([200, 0, 0, 0, 1, 2, 3]);
    torn[FIRST_RECORD + 20] ^= 1;
    fs::write(file, torn).unwrap();
    let second = start();
    let _ = post(&second, "/a", "number=5");
    let lines = recorded(&second, 5);
    assert_eq!(lines.len(), 5, "{lines:#?}");
    let status = command(&second, &["recording", "status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&status.stdout).unwrap();
    assert_eq!(status["requests"], 5, "{status:#}");
    assert_eq!(status["damaged"], 2, "{status:#}");
}

#[test]
fn the_recording_stays_within_its_bounds_and_attacks_push_out_no_ordinary_request() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let config = format!("{EVERYTHING}requests = 64\nbody_limit = \"1KiB\"\n");
    let gate = gate(&upstream, &config);
    let ordinary = post(&gate, "/ordinary", "text=hello");
    for number in 0..120 {
        assert_eq!(post(&gate, &format!("/attack/{number}"), ATTACK).status, 403);
    }
    let large = post(&gate, "/large", &"a".repeat(4096));
    assert_eq!(large.status, 200);
    let newest = poll_until(PATIENCE, || {
        let lines = recorded(&gate, 1);
        let is_there = |path: &str| lines.iter().any(|line| line["target"] == path);
        (is_there("/attack/119") && is_there("/large")).then_some(lines)
    });
    let lines = newest.expect("the newest are there");
    assert!(lines.len() <= 64, "{}", lines.len());
    assert!(lines.iter().any(|line| line["id"] == id(&ordinary)), "{lines:#?}");
    let large = lines.iter().find(|line| line["target"] == "/large").unwrap();
    assert_eq!(large["body_omitted"], "too-large");
    assert!(lines.iter().all(|line| line["target"] != "/attack/0"), "{lines:#?}");
}

#[test]
fn refusals_are_recorded_whatever_the_share_and_only_those_for_what_a_request_holds() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let config = "[recording]\nenabled = true\npassed_percent = 0\n[guards.limit]\nper_address = [\"6/h\"]\n[[routes]]\npath = \"/watched\"\n[routes.guards.waf]\nmode = \"observe\"\n";
    let gate = gate(&upstream, config);
    assert_eq!(post(&gate, "/a", "text=hello").status, 200);
    assert_eq!(post(&gate, "/refused", ATTACK).status, 403);
    assert_eq!(post(&gate, "/watched", ATTACK).status, 200);
    let limited =
        poll_until(PATIENCE, || (post(&gate, "/many", "text=hello").status == 429).then_some(()));
    assert!(limited.is_some());
    let lines = recorded(&gate, 2);
    let told: Vec<_> = lines.iter().map(|line| (&line["target"], &line["refused"])).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert_eq!(told[0], (&"/refused".into(), &"waf-attack".into()));
    assert_eq!(told[1], (&"/watched".into(), &"waf-attack".into()));
    assert_eq!(lines[0]["body"], ATTACK);
}

#[test]
fn the_recording_is_as_large_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let body = format!("text={}", "hello ".repeat(9_000));
    for (setting, is_kept) in [("", true), ("size = \"1MiB\"\n", false)] {
        let gate = gate(&upstream, &format!("{EVERYTHING}{setting}"));
        assert_eq!(post(&gate, "/first", "text=hello").status, 200);
        for _ in 0..40 {
            assert_eq!(post(&gate, "/next", &body).status, 200);
        }
        assert_eq!(post(&gate, "/last", "text=hello").status, 200);
        let exported = poll_until(PATIENCE, || {
            let exported = command(&gate, &["recording", "export"]).stdout;
            exported.contains("/last").then_some(exported)
        });
        assert_eq!(exported.unwrap().contains("/first"), is_kept, "{setting}");
    }
}

#[test]
fn a_request_is_kept_as_long_as_is_said() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    for (setting, is_kept) in [("", true), ("max_age = \"10s\"\n", false)] {
        let gate = gate(&upstream, &format!("{EVERYTHING}{setting}"));
        assert_eq!(post(&gate, "/first", "text=hello").status, 200);
        let _ = recorded(&gate, 1);
        let is_gone = || recorded(&gate, 0).is_empty().then_some(());
        let patience = if is_kept { PATIENCE / 4 } else { PATIENCE * 2 };
        assert_eq!(poll_until(patience, is_gone).is_none(), is_kept, "{setting}");
    }
}

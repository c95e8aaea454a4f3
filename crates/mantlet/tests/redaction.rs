//! What must not get into the logs of the real binary: secrets, and lines that others wrote.

use std::fs;

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

const BINARY: &str = env!("CARGO_BIN_EXE_mantlet");
const FILES: [&str; 3] = ["log/events.jsonl", "log/access.jsonl", "audit/audit.jsonl"];

/// Everything that was written, on disk and to standard error.
fn written(gate: &MantletProcess) -> String {
    let read = |name| fs::read_to_string(gate.data().join(name)).unwrap_or_default();
    FILES.map(read).concat() + &gate.stderr()
}

const SECRETS: [&str; 6] = [
    "sk_live_4eC39HqLyjWDarjtT1zdp7dc",
    "hunter2-and-3",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "k7Qz0vN4bUe1Rt9wXc3Lm8Pd",
    "azdRejB2TjRiVWUxUnQ5d1hjM0xtOFBk",
];

/// The last two: a secret of our own, as it is and in base64.
fn gate_with_a_secret(upstream: &FakeUpstream) -> MantletProcess {
    MantletProcess::builder(BINARY)
        .upstream(&upstream.url())
        .config("[admin]\nmetrics_token = \"env:SCRAPER\"\n")
        .env("SCRAPER", SECRETS[4])
        .start()
}

fn assert_no_secret(gate: &MantletProcess, least: usize) {
    let written = written(gate);
    for secret in SECRETS {
        let line = written.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
    assert!(written.matches("[redacted]").count() >= least, "{written}");
}

// covers: ELITE-20 (binary)
#[test]
fn elite_d17_secrets_are_taken_out_before_anything_is_written() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate_with_a_secret(&upstream);
    for secret in SECRETS {
        let bearer = format!("Bearer {secret}");
        for path in ["/reset/token=", "/a/..%2fpassword=", "/ok?api_key=", "/x%20api_key%3D"] {
            let path = format!("{path}{secret}");
            let _ = wire::get(gate.address(), &path, &[("Authorization", &bearer)]);
        }
        for agent in [&format!("curl password={secret}"), &bearer] {
            let _ = wire::get(gate.address(), "/..%2f", &[("User-Agent", agent)]);
        }
        let raw = format!("GET /token={secret} HTTP/1.1\r\nHost: a/password={secret}\r\n\r\n");
        let _ = wire::send_raw(gate.address(), raw.as_bytes());
        let _ = wire::get(gate.admin(), "/metrics", &[("Authorization", &(bearer + "x"))]);
        let why = format!("password={secret}");
        assert_eq!(gate.command(&["block", "add", "192.0.2.1", "--why", &why]).code, Some(0));
    }
    gate.stop();
    assert_no_secret(&gate, 6 * SECRETS.len());
}

#[test]
fn elite_d17_the_values_of_broken_header_lines_are_not_quoted() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = gate_with_a_secret(&upstream);
    for secret in SECRETS {
        for line in ["X-Api-Key: \u{1}", "Cookie: a=b\r", "X-Api-Key :", "Authorization:\r\n "] {
            let head = format!("GET / HTTP/1.1\r\nHost: x\r\n{line}{secret}\r\n\r\n");
            assert_eq!(wire::send_raw(gate.address(), head.as_bytes()).statuses(), [400]);
        }
    }
    gate.stop();
    assert_no_secret(&gate, 0);
}

#[test]
fn etsm_d20_sci_d25_no_input_can_forge_a_line_or_hide_in_one() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let mut gate = MantletProcess::builder(BINARY).upstream(&upstream.url()).start();
    let forged = "{\"at\":\"2020-01-01T00:00:00.000Z\",\"event.name\":\"forged\"}";
    let encoded = "%7B%22at%22%3A1%2C%22event.name%22%3A%22forged%22%7D";
    let mut sent = 0;
    for control in ["%0A", "%0D%0A", "%E2%80%A8", "%C2%85", "%E2%80%AE", "%1B%5B2K", "%7F", "%00"] {
        for path in [format!("/a{control}{encoded}"), format!("/a?b{control}{encoded}")] {
            assert!(wire::get(gate.address(), &path, &[]).header("x-request-id").is_some());
            sent += 1;
        }
    }
    for control in ["\n", "\r", "\u{2028}", "\u{85}", "\u{202e}", "\u{1b}[2K", "\u{7f}", "\0", "\t"]
    {
        for head in [
            format!("GET /b HTTP/1.1\r\nHost: x\r\nUser-Agent: y{control}{forged}\r\n\r\n"),
            format!("GET /c{control}{forged} HTTP/1.1\r\nHost: x\r\n\r\n"),
            format!("GET /d HTTP/1.1\r\nHost: x{control}{forged}\r\n\r\n"),
        ] {
            assert_eq!(
                wire::send_raw(gate.address(), head.as_bytes()).statuses().len(),
                1,
                "{head:?}"
            );
            sent += 1;
        }
    }
    let why = format!("x\r\n{forged}\u{202e}\u{2028}\u{1b}[2K");
    assert_eq!(gate.command(&["block", "add", "192.0.2.1", "--why", &why]).code, Some(0));
    gate.stop();
    let lines = [gate.events(), gate.access(), gate.audit()].concat();
    assert!(lines.iter().all(|line| line["event.name"] != "forged"), "{lines:#?}");
    assert_eq!(gate.access().len(), sent, "one line for each request");
    assert_eq!(
        gate.audit().len(),
        3,
        "what was asked, the act, what came of it: {:#?}",
        gate.audit()
    );
    let is_hidden = |letter: char| {
        (letter.is_control() && letter != '\n')
            || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}')
    };
    let written = written(&gate);
    assert_eq!(written.chars().find(|letter| is_hidden(*letter)), None, "{written:?}");
}

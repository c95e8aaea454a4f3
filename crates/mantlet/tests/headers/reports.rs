//! Violations: reported by browsers, kept, and turned into settings.

use std::fs;
use std::time::Duration;

use mantlet_testkit::wire::{self, Response};
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess, TempFolder, poll_until};
use serde_json::Value;

use crate::common::{PATIENCE, gate};

const PATH: &str = "/.mantlet/csp-report";
const PAGE: &str = "<!doctype html><script>start()</script><style>p{}</style><p onclick=\"x()\">";

fn reporting(upstream: &FakeUpstream) -> MantletProcess {
    gate(upstream, "[guards.csp]\nreport = true\n")
}

/// A report in the old format about a page at `host`.
fn old(host: &str, directive: &str, blocked: &str, sample: &str) -> String {
    format!(
        r#"{{"csp-report":{{"document-uri":"http://{host}/shop?token=s3cret","effective-directive":"{directive}","blocked-uri":"{blocked}","script-sample":{}}}}}"#,
        Value::String(sample.to_owned())
    )
}

fn post(gate: &MantletProcess, headers: &[(&str, &str)], body: &str) -> Response {
    wire::request(gate.address(), "POST", PATH, headers, body.as_bytes())
}

const OLD: (&str, &str) = ("Content-Type", "application/csp-report");

/// What the data folder holds, once it holds `count` things.
fn kept(gate: &MantletProcess, count: usize) -> Vec<Value> {
    let file = gate.data().join("csp-reports.json");
    let read = || {
        let text = fs::read(&file).ok()?;
        let kept: Vec<Value> = serde_json::from_slice(&text).ok()?;
        (kept.len() >= count).then_some(kept)
    };
    poll_until(PATIENCE * 2, read).unwrap_or_else(|| panic!("{:?}", fs::read_to_string(&file)))
}

#[test]
fn samo_d52_the_strict_policy_is_tried_out_where_the_applications_own_holds() {
    let upstream = FakeUpstream::answering(
        Answer::html(PAGE).header("Content-Security-Policy", "default-src 'self'"),
    );
    let trusted = "[client]\ntrusted_proxies = [\"127.0.0.1\"]\n[guards.csp]\nreport = true\n";
    let gate = gate(&upstream, trusted);
    let answer = wire::get(gate.address(), "/", &[("X-Forwarded-Proto", "https")]);
    let policies = answer.headers.get_all("content-security-policy");
    assert_eq!(policies[0], "default-src 'self'");
    let tried = answer.header("content-security-policy-report-only").unwrap();
    assert!(tried.starts_with("default-src 'none'; script-src 'self' 'report-sample'"), "{tried}");
    assert!(tried.ends_with("report-uri /.mantlet/csp-report; report-to mantlet-csp"), "{tried}");
    let endpoints = answer.header("reporting-endpoints").unwrap();
    assert_eq!(endpoints, "mantlet-csp=\"/.mantlet/csp-report\"");
    assert_eq!(answer.text(), PAGE);
    // Where the Reporting API does not work, the old way is the only one.
    let plain = wire::get(gate.address(), "/", &[]);
    let tried = plain.header("content-security-policy-report-only").unwrap();
    assert!(tried.ends_with("report-uri /.mantlet/csp-report"), "{tried}");
    assert!(!plain.headers.contains("reporting-endpoints"), "{plain:?}");
    assert_eq!(answer.header("content-length"), Some(PAGE.len().to_string().as_str()));
}

#[test]
fn reports_become_settings_that_can_be_pasted() {
    let upstream = FakeUpstream::answering(Answer::html(PAGE));
    let gate = reporting(&upstream);
    let host = gate.address().to_string();
    assert_eq!(wire::get(gate.address(), "/", &[]).status, 200);
    for (directive, blocked, sample) in [
        ("img-src", "https://cdn.example/x.png?who=me", ""),
        ("script-src-elem", "inline", "start()"),
        ("script-src-elem", "inline", "\u{1b}[31mfetch('//evil')"),
        ("script-src-elem", "data", ""),
        ("img-src", "chrome-extension://abcdef/x.png", ""),
    ] {
        let answer = post(&gate, &[OLD], &old(&host, directive, blocked, sample));
        assert_eq!(answer.status, 204, "{answer:?}");
    }
    let api = format!(
        r#"[{{"type":"csp-violation","body":{{"documentURL":"http://{host}/","effectiveDirective":"style-src-elem","blockedURL":"https://fonts.example/a.css","sample":"\u202edrow"}}}}]"#
    );
    let kind = ("Content-Type", "application/reports+json; charset=utf-8");
    assert_eq!(post(&gate, &[kind], &api).status, 204);
    // A page's inline script and style, an image, a font, an inline script and a data address.
    let text = serde_json::to_string(&kept(&gate, 6)).unwrap();
    assert!(!text.contains("s3cret") && !text.contains("who=me"), "queries hold secrets: {text}");
    assert!(!text.contains("extension"), "{text}");
    let suggested = gate.command(&["csp", "suggest"]);
    assert_eq!(suggested.code, Some(0), "{suggested:?}");
    let toml = suggested.stdout;
    for expected in ["\"https://cdn.example\"", "\"https://fonts.example\"", "script_hashes = ["] {
        assert!(toml.contains(expected), "{expected}: {toml}");
    }
    let doubts = toml.split_once("# Not suggested").unwrap().1;
    assert!(doubts.contains("data:"), "{toml}");
    let is_harmless = |byte: u8| byte == b'\n' || (b' '..=b'~').contains(&byte);
    assert!(toml.bytes().all(is_harmless), "nothing that a terminal acts on: {toml:?}");
    let pasted = format!("[guards.headers]\nprofile = \"strict\"\n{toml}");
    let strict = crate::common::gate(&upstream, &pasted);
    let policy = wire::get(strict.address(), "/", &[]);
    let policy = policy.header("content-security-policy").unwrap().to_owned();
    assert!(policy.contains("img-src 'self' https://cdn.example"), "{policy}");
    // printf 'start()' | openssl dgst -sha256 -binary | base64
    assert!(policy.contains("'sha256-"), "{policy}");
}

#[test]
fn reports_outlive_a_crash() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let folder = TempFolder::new();
    let start = || {
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let builder =
            builder.config("[guards.csp]\nreport = true\n").data(folder.path().join("data"));
        builder.upstream(&upstream.url()).start()
    };
    let mut gate = start();
    let host = gate.address().to_string();
    assert_eq!(post(&gate, &[OLD], &old(&host, "img-src", "https://a.example/x", "")).status, 204);
    let _ = kept(&gate, 1);
    gate.kill();
    drop(gate);
    let gate = start();
    let host = gate.address().to_string();
    assert_eq!(post(&gate, &[OLD], &old(&host, "img-src", "https://b.example/x", "")).status, 204);
    let text = serde_json::to_string(&kept(&gate, 2)).unwrap();
    assert!(text.contains("https://a.example") && text.contains("https://b.example"), "{text}");
}

#[test]
fn nobody_else_reports_and_nobody_floods() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let gate = reporting(&upstream);
    let host = gate.address().to_string();
    let body = old(&host, "img-src", "https://a.example/x", "");
    let large = format!("{{\"csp-report\":{{\"x\":\"{}\"}}}}", "a".repeat(70_000));
    for (headers, body, expected) in [
        (&[OLD][..], body.as_str(), 204),
        (&[], &body, 415),
        (&[("Content-Type", "text/plain")], &body, 415),
        (&[OLD], "not a report", 400),
        (&[OLD], "", 400),
        (&[OLD], &large, 413),
    ] {
        assert_eq!(post(&gate, headers, body).status, expected, "{headers:?} {body:.40}");
    }
    for foreign in [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")] {
        assert_eq!(post(&gate, &[OLD, foreign], &body).status, 403, "{foreign:?}");
    }
    assert_eq!(wire::get(gate.address(), PATH, &[]).status, 405);
    let ask = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    let asked = wire::request(gate.address(), "OPTIONS", PATH, &ask, b"");
    assert!(!asked.headers.contains("access-control-allow-origin"), "{asked:?}");
    let before = gate.events().len();
    let statuses: Vec<u16> = (0..300).map(|_| post(&gate, &[OLD], &body).status).collect();
    assert!(statuses.contains(&429), "a flood is cut");
    std::thread::sleep(Duration::from_millis(100));
    assert!(gate.events().len() <= before + 2, "{}", gate.story());
    assert!(upstream.is_untouched(), "reports do not reach the application");
    assert!(gate.metric("mantlet_limit_reached_total{limit=\"csp.reports.rate\"}") > 0);
}

#[test]
fn without_reporting_there_is_no_such_place() {
    let upstream = FakeUpstream::answering(Answer::html(PAGE));
    let gate = gate(&upstream, "");
    assert_eq!(post(&gate, &[OLD], "{}").status, 404);
    let answer = wire::get(gate.address(), "/", &[]);
    assert!(!answer.headers.contains("reporting-endpoints"), "{answer:?}");
    let suggested = gate.command(&["csp", "suggest"]);
    assert_eq!(suggested.code, Some(1), "{suggested:?}");
    assert!(suggested.stderr.contains("hint: set `report = true`"), "{suggested:?}");
}

//! The placeholder is a secret: whoever learns it could bless a script.

use mantlet_testkit::wire;
use mantlet_testkit::{Answer, FakeUpstream, MantletProcess};

use crate::common::{assert_refused, gate};
use crate::{PLACEHOLDER, gunzip, gzip, nonce_of, nonced};

#[test]
fn it_never_goes_out_whatever_the_type_or_coding() {
    let text = format!("{{\"html\":\"<script nonce='{PLACEHOLDER}'>\"}}");
    for kind in
        ["application/json", "text/javascript", "text/plain", "image/svg+xml", "text/event-stream"]
    {
        let upstream = FakeUpstream::answering(Answer::of(200, kind, text.as_bytes()));
        let gate = nonced(&upstream, "");
        let answer = wire::get(gate.address(), "/", &[]);
        assert!(!answer.text().contains(PLACEHOLDER), "{kind}");
        // A mask of the same length: what the application says about the body still holds.
        assert_eq!(answer.text().len(), text.len(), "{kind}");
        assert_eq!(answer.header("content-length"), Some(text.len().to_string().as_str()));
        let coded = Answer::of(200, kind, gzip(text.as_bytes()))
            .header("Content-Encoding", "gzip")
            .header("ETag", "\"1\"");
        let upstream = FakeUpstream::answering(coded);
        let gate = nonced(&upstream, "");
        let answer = wire::get(gate.address(), "/", &[("Accept-Encoding", "gzip")]);
        assert!(!gunzip(&answer.body).contains(PLACEHOLDER), "{kind}");
        assert_eq!(answer.header("etag"), Some("W/\"1\""), "{kind}");
    }
}

#[test]
fn it_never_goes_out_in_a_header() {
    let policy = format!("script-src 'nonce-{PLACEHOLDER}'");
    let link = format!("</{PLACEHOLDER}>; rel=preload");
    let answer =
        Answer::html("<p>").header("Content-Security-Policy", &policy).header("Link", &link);
    let upstream = FakeUpstream::answering(answer);
    let config = "[guards.csp]\nplaceholder = \"env:P\"\n";
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    let gate = builder.upstream(&upstream.url()).config(config).env("P", PLACEHOLDER).start();
    let answer = wire::get(gate.address(), "/", &[]);
    // The application's own policy works with it.
    let nonce = nonce_of(&answer);
    let policies = answer.headers.get_all("content-security-policy");
    assert_eq!(policies[0], format!("script-src 'nonce-{nonce}'"), "{answer:?}");
    assert!(!format!("{answer:?}").contains(PLACEHOLDER), "{answer:?}");
}

/// Of several types browsers read the last: what is a page for them is a page for the gate.
#[test]
fn a_page_behind_another_type_is_a_page() {
    let page = format!("<script nonce='{PLACEHOLDER}'>");
    for (first, last) in [("image/png", "text/html"), ("text/html", "text/html; charset=utf-8")] {
        let answer = Answer::of(200, first, page.as_bytes()).header("Content-Type", last);
        let upstream = FakeUpstream::answering(answer);
        let gate = nonced(&upstream, "");
        let answer = wire::get(gate.address(), "/", &[]);
        assert_eq!(answer.headers.get_all("content-type"), [last], "{answer:?}");
        assert_eq!(answer.text(), format!("<script nonce='{}'>", nonce_of(&answer)));
    }
}

#[test]
fn a_part_of_a_text_could_hold_a_part_of_it() {
    let part = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Type: text/html\r\nContent-Range: bytes 0-9/99\r\nContent-Length: 10\r\n\r\n{}",
        &PLACEHOLDER[..10]
    );
    let upstream = FakeUpstream::answering(Answer::Raw(part.into_bytes()));
    let gate = nonced(&upstream, "");
    let answer =
        wire::get(gate.address(), "/", &[("Range", "bytes=0-9"), ("Sec-Fetch-Dest", "video")]);
    assert_refused(&gate, &answer, (416, "part-withheld"), "a part");
    let request = upstream.requests().pop().unwrap();
    assert_eq!(request.header("range"), Some("bytes=0-9"), "films can be sought in");
    let _ = wire::get(gate.address(), "/", &[("Range", "bytes=0-9")]);
    assert!(upstream.requests().pop().unwrap().header("range").is_none());
}

#[test]
fn a_text_that_cannot_be_read_is_not_sent() {
    for coding in ["compress", "gzip, gzip"] {
        let answer = Answer::html("secret").header("Content-Encoding", coding);
        let upstream = FakeUpstream::answering(answer);
        let gate = nonced(&upstream, "");
        let answer = wire::get(gate.address(), "/", &[]);
        assert_refused(&gate, &answer, (503, "guard-failed"), coding);
    }
}

#[test]
fn one_that_could_be_guessed_is_an_error_and_not_shown() {
    for text in [
        "too-quick",
        "with spaces in it and long enough to pass",
        "abababababababababababababababababab",
    ] {
        let config = "[guards.csp]\nplaceholder = \"env:P\"\n";
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let builder = builder.upstream("http://127.0.0.1:9").config(config).env("P", text);
        let end = builder.try_start().unwrap_err();
        assert_eq!(end.code, Some(2), "{end:?}");
        assert!(end.stderr.contains("env:P") && end.stderr.contains("hint:"), "{}", end.stderr);
        assert!(!end.stderr.contains(text), "{}", end.stderr);
    }
}

#[test]
fn words_that_would_let_every_script_run_are_errors() {
    for (line, expected) in [
        ("script_src = [\"'unsafe-inline'\"]", "any script that gets into a page would run"),
        ("script_src = [\"https:\"]", "scripts of any host would run"),
        ("default_src = [\"*\"]", "scripts of any host would run"),
        ("img_src = [\"'none'\", \"'self'\"]", "`'none'` stands alone"),
        ("img_src = [\"https://a.example; script-src *\"]", "is not a source"),
        ("script_hashes = [\"sha256-short\"]", "is not a hash"),
        ("strict_dynamic = true\nnonce = false", "no script would run"),
        ("nonce_header = \"Cookie\"", "is not a name for this header"),
    ] {
        let config = format!("[guards.csp]\n{line}\n");
        let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let end = builder.upstream("http://127.0.0.1:9").config(&config).try_start().unwrap_err();
        assert!(end.stderr.contains(expected), "{line}: {}", end.stderr);
        assert!(end.stderr.contains("mantlet.toml:2"), "{line}: {}", end.stderr);
    }
}

#[test]
fn without_nonces_pages_stay_cacheable() {
    let upstream = FakeUpstream::answering(Answer::html("<p>").header("ETag", "\"1\""));
    let gate =
        gate(&upstream, "[guards.headers]\nprofile = \"strict\"\n[guards.csp]\nnonce = false\n");
    let answer = wire::get(gate.address(), "/", &[]);
    assert_eq!(answer.header("etag"), Some("\"1\""));
    assert_eq!(answer.header("cache-control"), Some("no-cache"));
    let policy = answer.header("content-security-policy").unwrap();
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(upstream.requests()[0].header("x-csp-nonce").is_none());
}

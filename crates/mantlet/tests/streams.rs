//! Answers that never seem to end, and bodies that are held or flow: nothing waits that need not.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use std::io::Write as _;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{
    Answer, FakeUpstream, MantletProcess, lacking, left_out, poll_until, run_program,
};

const PATIENCE: Duration = Duration::from_secs(10);
/// Far longer than any test waits: what arrives has not waited for what follows it.
const NEVER: Duration = Duration::from_secs(600);

fn gate(upstream: &FakeUpstream, config: &str) -> MantletProcess {
    let builder = MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
    builder.upstream(&upstream.url()).config(config).start()
}

/// Events in gzip, each flushed.
fn compressed() -> Answer {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(b"data: one\n\n").unwrap();
    encoder.flush().unwrap();
    let chunk = encoder.get_ref().clone();
    Answer::Chunked {
        status: 200,
        headers: vec![
            ("Content-Type".into(), "text/event-stream".into()),
            ("Content-Encoding".into(), "gzip".into()),
        ],
        chunks: vec![chunk, b"more".to_vec()],
        pause: NEVER,
        trailers: Vec::new(),
    }
}

#[test]
fn what_the_application_has_sent_arrives_while_it_goes_on() {
    for (answer, expected) in [
        (Answer::events(&["one", "two"], NEVER), &b"data: one\n\n"[..]),
        (Answer::chunked(&["the beginning of a download", "the end"], NEVER), b"a download"),
        // The end of a flushed block.
        (compressed(), &[0, 0, 0xff, 0xff]),
    ] {
        let upstream = FakeUpstream::answering(answer);
        let gate = gate(&upstream, "");
        let mut connection = Connection::open(gate.address()).unwrap();
        connection.write(&wire::render(gate.address(), "GET", "/events", &[], b"")).unwrap();
        let _ = connection.read_until(expected).unwrap();
    }
}

#[test]
fn an_error_that_streams_is_not_held_for_its_end() {
    for media_type in ["text/event-stream", "application/x-ndjson"] {
        let upstream = FakeUpstream::answering(Answer::Chunked {
            status: 503,
            headers: vec![("Content-Type".into(), media_type.into())],
            chunks: vec![b"first\n".to_vec(), b"second\n".to_vec()],
            pause: NEVER,
            trailers: Vec::new(),
        });
        let gate = gate(&upstream, "");
        let mut connection = Connection::open(gate.address()).unwrap();
        connection.write(&wire::render(gate.address(), "GET", "/events", &[], b"")).unwrap();
        let head = connection.read_until(b"first\n").unwrap();
        assert!(head.starts_with(b"HTTP/1.1 503"), "{media_type}");
    }
}

#[test]
fn events_come_one_by_one_over_http_2_too() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("wire", "lacks curl");
    }
    let upstream = FakeUpstream::answering(Answer::events(&["one", "two"], NEVER));
    let gate = gate(&upstream, "");
    let url = format!("http://{}/events", gate.address());
    let flags = ["--http2-prior-knowledge", "--no-buffer", "--silent", "--max-time", "8", &url];
    let finished = run_program("curl", &flags, PATIENCE * 2);
    assert_eq!(finished.code, Some(28), "the stream is still open: {finished:#?}");
    assert_eq!(finished.stdout, "data: one\n\n");
}

/// The first half of a body, then the rest: what the application has seen in between.
fn seen_after_half(config: &str, path: &str, kind: &str) -> usize {
    let upstream = FakeUpstream::answering(Answer::ok("done"));
    let gate = gate(&upstream, config);
    let body = format!("[\"{}\"]", "x".repeat(200_000));
    let (first, rest) = body.split_at(100_000);
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(format!("{head}{first}").as_bytes()).unwrap();
    let came = || upstream.requests().first().map(|request| request.body.len());
    let seen = poll_until(Duration::from_secs(2), || came().filter(|came| *came > 50_000));
    let seen = seen.or_else(came).unwrap_or(0);
    connection.write(rest.as_bytes()).unwrap();
    assert_eq!(connection.read_response().unwrap().status, 200);
    assert_eq!(upstream.wait_for(1, PATIENCE).first().map(|got| got.body.len()), Some(body.len()));
    seen
}

#[test]
fn a_body_flows_where_nobody_looks_and_waits_where_a_guard_does() {
    let json_alone = "[guards.waf]\nmode = \"off\"\n";
    let upload = format!("{json_alone}[[routes]]\npath = \"/upload\"\nupload = true\n");
    for (path, kind, flows) in [
        ("/upload", "application/json", true),
        ("/other", "application/octet-stream", true),
        ("/other", "application/json", false),
        ("/other", "text/plain, application/json", false),
    ] {
        let seen = seen_after_half(&upload, path, kind);
        assert_eq!(seen > 50_000, flows, "{kind} to {path}: {seen}");
        assert!(flows || seen == 0, "{kind} to {path}: {seen}");
    }
    let off = format!("{json_alone}[guards.json]\nmode = \"off\"\n");
    assert!(seen_after_half(&off, "/other", "application/json") > 50_000);
    assert_eq!(seen_after_half("", "/other", "application/octet-stream"), 0, "the WAF wants all");
}

//! Nonces in pages, whatever the coding and wherever a part ends.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc;
use std::thread;

use mantlet_testkit::wire::{self, Connection};
use mantlet_testkit::{Answer, FakeUpstream};

use crate::common::{PATIENCE, assert_refused};
use crate::{PLACEHOLDER, brotli, gunzip, gzip, nonce_of, nonced, zstd};

fn page() -> String {
    format!("<!doctype html><script nonce=\"{PLACEHOLDER}\">go()</script><p>{PLACEHOLDER}</p>")
}

// covers: SCI-32 (binary)
#[test]
fn a_page_has_a_fresh_nonce_that_only_the_application_was_told() {
    let upstream = FakeUpstream::answering(
        Answer::html(&page())
            .header("ETag", "\"1\"")
            .header("Last-Modified", "Thu, 01 Jan 1970 00:00:00 GMT"),
    );
    let gate = nonced(&upstream, "");
    let forged = [("X-CSP-Nonce", "evil"), ("x_csp_nonce", "evil"), ("X.CSP-Nonce", "evil")];
    let mut seen = Vec::new();
    for _ in 0..3 {
        upstream.clear();
        let answer = wire::get(gate.address(), "/", &forged);
        let nonce = nonce_of(&answer);
        assert!(nonce.len() >= 22, "128 bits at least: {nonce}");
        assert_eq!(answer.text(), page().replace(PLACEHOLDER, &nonce));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        for gone in ["etag", "last-modified", "content-length"] {
            assert!(!answer.headers.contains(gone), "{gone}: {answer:?}");
        }
        let request = upstream.wait_for(1, PATIENCE).remove(0);
        assert_eq!(request.header("x-csp-nonce"), Some(nonce.as_str()));
        let head = String::from_utf8(request.raw_head).unwrap();
        assert!(!head.contains("evil"), "{head}");
        assert!(!seen.contains(&nonce), "used twice");
        seen.push(nonce);
    }
}

#[test]
fn every_coding_is_read_and_the_client_gets_one_it_reads() {
    let text = page().into_bytes();
    for (coding, body) in [
        ("gzip", gzip(&text)),
        ("br", brotli(&text)),
        ("zstd", zstd(&text)),
        ("identity", text.clone()),
    ] {
        let answer = Answer::of(200, "text/html", body).header("Content-Encoding", coding);
        let upstream = FakeUpstream::answering(answer);
        let gate = nonced(&upstream, "");
        let plain = wire::get(gate.address(), "/", &[]);
        assert!(!plain.headers.contains("content-encoding"), "{coding}: {plain:?}");
        assert_eq!(plain.text(), page().replace(PLACEHOLDER, &nonce_of(&plain)), "{coding}");
        let reader = wire::get(gate.address(), "/", &[("Accept-Encoding", "br, gzip")]);
        let nonce = nonce_of(&reader);
        let text = match reader.header("content-encoding") {
            Some("gzip") => gunzip(&reader.body),
            other => {
                assert_eq!((coding, other), ("identity", None));
                reader.text()
            }
        };
        assert_eq!(text, page().replace(PLACEHOLDER, &nonce), "{coding}");
        let asked: Vec<_> = upstream.requests();
        assert_eq!(asked[0].header("accept-encoding"), Some("identity"));
        assert_eq!(asked[1].header("accept-encoding"), Some("gzip"));
    }
}

/// An application that sends the first part of a page, and the second when it is told to.
fn held(parts: [Vec<u8>; 2], coding: Option<&str>) -> (SocketAddr, mpsc::SyncSender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (sender, told) = mpsc::sync_channel(1);
    let coding = coding.map(|name| format!("Content-Encoding: {name}\r\n")).unwrap_or_default();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n{coding}Transfer-Encoding: chunked\r\n\r\n"
    );
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = [0; 4096];
        let _ = stream.read(&mut request).unwrap();
        stream.write_all(head.as_bytes()).unwrap();
        for (index, part) in parts.into_iter().enumerate() {
            if index == 1 {
                told.recv().unwrap();
            }
            let chunk = [format!("{:x}\r\n", part.len()).as_bytes(), &part, b"\r\n"].concat();
            stream.write_all(&chunk).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
        let _ = stream.read(&mut request);
    });
    (address, sender)
}

/// A gzip body in two parts, flushed between them.
fn flushed(parts: [&str; 2]) -> [Vec<u8>; 2] {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(parts[0].as_bytes()).unwrap();
    encoder.flush().unwrap();
    let first = std::mem::take(encoder.get_mut());
    encoder.write_all(parts[1].as_bytes()).unwrap();
    [first, encoder.finish().unwrap()]
}

#[test]
fn what_the_application_has_flushed_does_not_wait_for_more() {
    let (start, end) = PLACEHOLDER.split_at(11);
    let first = format!("<p>first</p><script nonce=\"{start}");
    let second = format!("{end}\">go()</script>");
    let plain = [first.clone().into_bytes(), second.clone().into_bytes()];
    for (parts, coding) in [(plain, None), (flushed([&first, &second]), Some("gzip"))] {
        let (address, tell) = held(parts, coding);
        let upstream = format!("http://{address}");
        let config =
            "[guards.headers]\nprofile = \"strict\"\n[guards.csp]\nplaceholder = \"env:P\"\n";
        let builder = mantlet_testkit::MantletProcess::builder(env!("CARGO_BIN_EXE_mantlet"));
        let gate = builder.upstream(&upstream).config(config).env("P", PLACEHOLDER).start();
        let mut connection = Connection::open(gate.address()).unwrap();
        connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
        let so_far = connection.read_until(b"<script nonce=\"").unwrap();
        assert!(String::from_utf8_lossy(&so_far).contains("<p>first</p>"), "{coding:?}");
        tell.send(()).unwrap();
        let rest = connection.read_until(b"\r\n0\r\n\r\n").unwrap();
        let rest = String::from_utf8_lossy(&rest).into_owned();
        assert!(rest.contains("go()") && !rest.contains(end) && !rest.contains(start), "{rest}");
    }
}

#[test]
fn a_page_is_always_asked_for_as_a_whole_and_anew() {
    let upstream = FakeUpstream::answering(Answer::html(&page()));
    let gate = nonced(&upstream, "");
    let conditions = [
        ("Accept", "text/html,*/*"),
        ("If-None-Match", "\"1\""),
        ("If-Modified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("Range", "bytes=0-9"),
    ];
    assert_eq!(wire::get(gate.address(), "/", &conditions).status, 200);
    let request = upstream.wait_for(1, PATIENCE).remove(0);
    for gone in ["if-none-match", "if-modified-since", "range"] {
        assert!(request.header(gone).is_none(), "{gone}");
    }
    // What is no page keeps its conditions.
    upstream.clear();
    let _ = wire::get(gate.address(), "/a.css", &[("If-None-Match", "\"1\"")]);
    assert!(upstream.wait_for(1, PATIENCE)[0].header("if-none-match").is_some());
}

#[test]
fn the_head_of_a_page_is_that_of_the_page() {
    let upstream = FakeUpstream::answering(Answer::html(&page()).header("ETag", "\"1\""));
    let gate = nonced(&upstream, "");
    let answer = wire::request(gate.address(), "HEAD", "/", &[], b"");
    assert_eq!((answer.status, answer.header("cache-control")), (200, Some("no-store")));
    assert!(!answer.headers.contains("etag") && !answer.headers.contains("content-length"));
    assert!(!nonce_of(&answer).is_empty());
    let unchanged = FakeUpstream::answering(Answer::status(304).header("ETag", "\"1\""));
    let gate = nonced(&unchanged, "");
    let answer = wire::get(gate.address(), "/a.css", &[("If-None-Match", "\"1\"")]);
    assert_eq!((answer.status, answer.header("etag")), (304, Some("\"1\"")));
    let policy = answer.header("content-security-policy").unwrap_or_default();
    assert!(!policy.contains("nonce-"), "{policy}");
}

#[test]
fn a_broken_body_breaks_off_and_is_never_taken_for_a_whole_one() {
    let coded = gzip(page().repeat(50).as_bytes());
    let half = coded[..coded.len() / 2].to_vec();
    let answer = Answer::of(200, "text/html", half).header("Content-Encoding", "gzip");
    let upstream = FakeUpstream::answering(answer);
    let gate = nonced(&upstream, "");
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    let answer = connection.read_response();
    assert!(!answer.is_ok_and(|answer| answer.is_complete));
}

#[test]
fn a_page_that_is_broken_from_its_start_is_refused_in_so_many_words() {
    let other = b"<p>no such coding</p>";
    let mut cut = gzip(page().as_bytes());
    cut[10..].fill(0xff);
    for (coding, body) in [("gzip", other.to_vec()), ("br", vec![0xff; 64]), ("gzip", cut)] {
        let length = body.len();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: {coding}\r\nContent-Length: {length}\r\n\r\n"
        );
        // In one piece: what is still on its way cannot be judged before the head goes out.
        let upstream = FakeUpstream::answering(Answer::Raw([head.into_bytes(), body].concat()));
        let gate = nonced(&upstream, "");
        for _ in 0..2 {
            let answer = wire::get(gate.address(), "/", &[]);
            assert_refused(&gate, &answer, (502, "upstream-invalid"), coding);
        }
    }
}

#[test]
fn a_bomb_is_streamed_and_not_kept() {
    // 200 MB of zeros in 200 KB.
    let bomb = gzip(&vec![0; 200_000_000]);
    let answer = Answer::of(200, "text/html", bomb).header("Content-Encoding", "gzip");
    let upstream = FakeUpstream::answering(answer);
    let gate = nonced(&upstream, "");
    let mut connection = Connection::open(gate.address()).unwrap();
    connection.write(&wire::render(gate.address(), "GET", "/", &[], b"")).unwrap();
    // The head and a little: nobody takes the rest.
    let _ = connection.read_exact(100_000).unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", gate.id())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    let peak: u64 = peak.trim().trim_end_matches(" kB").parse().unwrap();
    assert!(peak < 150_000, "{peak} kB");
}

#[test]
fn stamping_every_tag_is_told_to_be_dangerous_and_stamps_every_tag() {
    let html = "<script>a()</script><SCRIPT nonce=x src=/b.js></SCRIPT><style>p{}</style>";
    let upstream = FakeUpstream::answering(Answer::html(html));
    let gate = nonced(&upstream, "dangerous_stamp_all = true\n");
    let answer = wire::get(gate.address(), "/", &[]);
    let mark = format!("nonce=\"{}\"", nonce_of(&answer));
    assert_eq!(answer.text().matches(&mark).count(), 3, "{}", answer.text());
    assert!(gate.stderr().contains("scripts that an attacker gets into a page run as well"));
}

#[test]
fn pages_of_a_folder_have_nonces_too() {
    let upstream = FakeUpstream::answering(Answer::ok("x"));
    let files = mantlet_testkit::TempFolder::new();
    files.write("index.html", page());
    let routes = format!("[[routes]]\npath = \"/*\"\nstatic = {:?}\n", files.path());
    let gate = nonced(&upstream, &routes);
    let answer = wire::get(gate.address(), "/index.html", &[]);
    assert_eq!(answer.text(), page().replace(PLACEHOLDER, &nonce_of(&answer)));
    assert!(!answer.headers.contains("etag"), "{answer:?}");
}

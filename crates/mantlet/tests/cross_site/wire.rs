//! Byte for byte: preflights and the dress of answers.

use mantlet_testkit::{Answer, FakeUpstream, wire};

use crate::common::{assert_refused, gate};

const API: &str = "[guards.cors]\norigins = [\"https://app.example\"]\nmethods = [\"GET\", \"POST\"]\nheaders = [\"Content-Type\", \"Authorization\"]\ncredentials = true\nmax_age = \"3600s\"\n";

const PREFLIGHT: &[u8] = b"OPTIONS /x HTTP/1.1\r\nHost: api.example\r\nOrigin: https://app.example\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization, content-type\r\n\r\n";

// covers: ETSM-07, SAMO-53, YMERA-24 (binary)
#[test]
fn a_preflight_is_one_whole_answer_without_a_body() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, API);
    // Twice on one connection: nothing of the first is left on the line.
    let answer = wire::send_raw(gate.address(), &PREFLIGHT.repeat(2));
    let responses = answer.responses();
    assert_eq!(answer.statuses(), [204, 204], "{}", answer.text());
    assert!(answer.rest().is_empty());
    for response in responses {
        for (name, value) in [
            ("access-control-allow-origin", "https://app.example"),
            ("access-control-allow-methods", "GET, POST"),
            ("access-control-allow-headers", "content-type, authorization"),
            ("access-control-allow-credentials", "true"),
            ("access-control-max-age", "3600"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(response.headers.get_all(name), [value], "{name}");
        }
        assert!(response.header("vary").unwrap().contains("Origin"));
        assert!(!response.headers.contains("content-length"), "{response:?}");
        assert_eq!(response.header("x-request-id").unwrap().len(), 36);
    }
    assert!(upstream.is_untouched());
}

// covers: ETSM-07 (binary)
#[test]
fn etsm_d03_what_is_configured_holds_and_not_what_the_application_says() {
    let upstream = FakeUpstream::start(|request| {
        // What a careless application does: it allows whoever asks.
        let origin = request.header("origin").unwrap_or("*").to_owned();
        Answer::ok("secret")
            .header("Access-Control-Allow-Origin", &origin)
            .header("Access-Control-Allow-Credentials", "true")
    });
    let gate = gate(&upstream, API);
    for (origin, expected) in [
        ("https://app.example", Some("https://app.example")),
        ("https://evil.example", None),
        ("https://app.example.evil.example", None),
        ("http://app.example", None),
        ("null", None),
    ] {
        let answer = wire::get(gate.address(), "/x", &[("Origin", origin)]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("access-control-allow-origin"), expected, "{origin}");
        let credentials = answer.header("access-control-allow-credentials");
        assert_eq!(credentials.is_some(), expected.is_some(), "{origin}");
        assert_eq!(answer.headers.get_all("vary"), ["Origin"], "{origin}");
    }
}

#[test]
fn a_listed_page_may_read_why_it_was_refused() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, &format!("{API}\n[guards.limit]\nper_address = [\"1/h\"]\n"));
    let ask = |origin| wire::get(gate.address(), "/x", &[("Origin", origin)]);
    assert_eq!(ask("https://app.example").status, 200);
    let refused = ask("https://app.example");
    assert_refused(&gate, &refused, (429, "rate-limited"), "over the limit");
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://app.example"));
    let refused = ask("https://evil.example");
    assert_eq!((refused.status, refused.header("access-control-allow-origin")), (429, None));
}

// covers: ETSM-05, SCI-D07 (binary)
#[test]
fn etsm_d01_a_forged_form_is_explained_to_the_operator_and_not_to_the_page() {
    let upstream = FakeUpstream::answering(Answer::ok("ok"));
    let gate = gate(&upstream, "");
    let forged = [
        ("Origin", "https://evil.example"),
        ("Referer", "https://evil.example/?token=s3cret"),
        ("Cookie", "sid=1"),
    ];
    let refused = wire::request(gate.address(), "POST", "/transfer", &forged, b"amount=1000");
    let event = assert_refused(&gate, &refused, (403, "cross-site-request"), "a forged form");
    let evidence = event["evidence"].as_str().unwrap();
    assert!(evidence.contains("https://evil.example"), "{event:#}");
    assert!(!event.to_string().contains("s3cret"), "{event:#}");
    assert!(!refused.text().contains("evil"), "{}", refused.text());
    assert!(upstream.is_untouched());
    assert_eq!(
        gate.metric(
            "mantlet_guard_verdicts_total{guard=\"csrf\",mode=\"enforce\",verdict=\"deny\"}"
        ),
        1
    );
}

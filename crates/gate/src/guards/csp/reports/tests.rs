use std::sync::Arc;

use mantlet_event::Metrics;
use mantlet_types::{Clock, SystemClock};
use proptest::prelude::*;

use super::*;

fn clock() -> Arc<dyn Clock> {
    Arc::new(SystemClock::new())
}

fn reports() -> Reports {
    Reports::in_memory(clock(), Metrics::new())
}

fn report(document: &str, directive: &str, blocked: &str, file: &str) -> String {
    format!(
        r#"{{"csp-report":{{"document-uri":"{document}","effective-directive":"{directive}","blocked-uri":"{blocked}","source-file":"{file}","script-sample":"alert(1)"}}}}"#
    )
}

fn seen(body: &str, format: Format) -> Vec<(String, String)> {
    let reports = reports();
    reports.take(format, body.as_bytes(), "a.example").unwrap();
    reports.known().into_iter().map(|one| (one.directive, one.source)).collect()
}

#[test]
fn both_formats_come_to_the_same() {
    let api = r#"[{"type":"csp-violation","age":1,"url":"https://a.example/p","body":{
        "documentURL":"https://a.example/p?token=1","effectiveDirective":"img-src",
        "blockedURL":"https://cdn.example/x.png?secret=2"}},
        {"type":"deprecation","body":{}}]"#;
    let old = report("https://a.example/p?token=1", "img-src", "https://cdn.example/x.png?s=2", "");
    let expected = vec![("img-src".to_owned(), "https://cdn.example".to_owned())];
    assert_eq!(seen(api, Format::Reports), expected);
    assert_eq!(seen(&old, Format::Report), expected);
}

#[test]
fn what_was_blocked_is_named_as_a_policy_would() {
    for (blocked, source) in [
        ("inline", "'inline'"),
        ("eval", "'eval'"),
        ("data", "data:"),
        ("data:text/html,x", "data:"),
        ("", "'self'"),
        ("https://a.example/x.js", "'self'"),
        ("https://a.example:8443/x.js", "https://a.example:8443"),
        ("wss://live.example/socket", "wss://live.example"),
    ] {
        let body = report("https://a.example/", "script-src-elem", blocked, "");
        let expected = vec![("script-src-elem".to_owned(), source.to_owned())];
        assert_eq!(seen(&body, Format::Report), expected, "{blocked}");
    }
}

#[test]
fn noise_and_foreign_pages_are_not_kept() {
    for (document, directive, blocked, file) in [
        ("https://other.example/", "img-src", "https://x.example/", ""),
        ("https://a.example/", "img-src", "chrome-extension://abc/x.png", ""),
        ("https://a.example/", "script-src", "inline", "moz-extension://abc"),
        ("https://a.example/", "script-src", "safari-web-extension", ""),
        ("https://a.example/", "script-src", "about", "about:srcdoc"),
        ("https://a.example/", "made-up", "inline", ""),
        ("not an address", "img-src", "inline", ""),
    ] {
        let body = report(document, directive, blocked, file);
        assert!(seen(&body, Format::Report).is_empty(), "{body}");
    }
}

#[test]
fn what_is_no_report_is_rejected() {
    for body in ["", "{}", "[1]", r#"{"csp-report":7}"#, &"[".repeat(10_000)] {
        let taken = reports().take(Format::Report, body.as_bytes(), "a.example");
        assert_eq!(taken, Err(Rejected::Malformed), "{body:.20}");
    }
}

#[test]
fn a_flood_is_cut_and_kept_small() {
    let reports = reports();
    let mut rejected = 0;
    for number in 0..400 {
        let body =
            report("https://a.example/", "img-src", &format!("https://x{number}.example"), "");
        let taken = reports.take(Format::Report, body.as_bytes(), "a.example");
        rejected += u32::from(taken == Err(Rejected::TooMany));
    }
    assert!(rejected >= 100, "{rejected}");
    for number in 0..3000 {
        reports.note(Observation {
            directive: "img-src".to_owned(),
            source: format!("https://y{number}.example"),
            document: format!("/{number}"),
            sample: String::new(),
        });
    }
    assert_eq!(reports.known().len(), 1000);
}

#[test]
fn what_is_seen_often_outlives_what_is_seen_once() {
    let reports = reports();
    let note = |source: String| {
        reports.note(Observation {
            directive: "img-src".to_owned(),
            source,
            document: "/".to_owned(),
            sample: String::new(),
        });
    };
    (0..3).for_each(|_| note("https://often.example".to_owned()));
    (0..5000).for_each(|number| note(format!("https://n{number}.example")));
    assert!(reports.known().iter().any(|known| known.source == "https://often.example"));
}

#[test]
fn reports_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("csp-reports.json");
    let first = Reports::open(path.clone(), clock(), Metrics::new()).unwrap();
    let body = report("https://a.example/p", "script-src-elem", "inline", "");
    first.take(Format::Report, body.as_bytes(), "a.example").unwrap();
    first.save().unwrap();
    let second = Reports::open(path.clone(), clock(), Metrics::new()).unwrap();
    assert_eq!(second.known(), first.known());
    assert_eq!(second.known().first().unwrap().sample, "alert(1)");
    std::fs::write(&path, "garbage").unwrap();
    let error = Reports::open(path, clock(), Metrics::new()).unwrap_err().to_string();
    assert!(error.starts_with("cannot read the reports") && error.contains("hint:"), "{error}");
}

proptest! {
    #[test]
    fn nothing_that_is_sent_is_a_panic(text in "\\PC{0,200}", directive in "[a-z-]{0,20}") {
        let reports = reports();
        let quoted = serde_json::Value::String(text.clone()).to_string();
        let body = format!(
            r#"{{"csp-report":{{"document-uri":"https://a.example/","effective-directive":"{directive}","blocked-uri":{quoted},"script-sample":{quoted}}}}}"#
        );
        let _ = reports.take(Format::Report, body.as_bytes(), "a.example");
        let _ = reports.take(Format::Reports, text.as_bytes(), "a.example");
    }
}

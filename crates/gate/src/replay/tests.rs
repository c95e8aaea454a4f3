use std::io::{BufReader, Cursor};

use super::har;
use super::source::read;
use crate::recording::{Omitted, Recorded};

/// Where each entry stands, and the request in it.
type Entries = Vec<(String, Result<Recorded, String>)>;

fn har_of(text: &str) -> (Entries, Result<(), String>) {
    let mut found = Vec::new();
    let end = har::read(BufReader::new(Cursor::new(text.as_bytes())), &mut |entry| {
        found.push((entry.place, entry.request));
    });
    (found, end)
}

fn entry(request: &str) -> String {
    format!(
        "{{\"log\":{{\"version\":\"1.2\",\"entries\":[\n{{\"request\":{request},\"response\":{{}}}}\n]}}}}"
    )
}

#[test]
fn a_har_entry_becomes_the_request_that_was_sent() {
    let text = entry(
        r#"{"method":"POST","url":"https://a.example:8443/p%20q?x=1%27&y","bodySize":5,
        "headers":[{"name":":authority","value":"a"},{"name":"X-A","value":"b"}],
        "postData":{"mimeType":"text/plain","text":"hello"}}"#,
    );
    let (found, end) = har_of(&text);
    assert_eq!(end, Ok(()));
    let request = found[0].1.as_ref().unwrap();
    assert_eq!(found[0].0, "entry 1, line 4");
    assert_eq!(
        (&*request.scheme, &*request.host, &*request.target, request.body.as_deref()),
        ("https", "a.example:8443", "/p%20q?x=1%27&y", Some("hello"))
    );
    assert_eq!(request.header("Content-Type"), Some("text/plain"));
}

#[test]
fn bodies_come_as_text_fields_base64_or_not_at_all() {
    let post = |post: &str| {
        let request = format!(
            "{{\"method\":\"POST\",\"url\":\"http://a/\",\"headers\":[],\"bodySize\":9,\"postData\":{post}}}"
        );
        har_of(&entry(&request)).0.remove(0).1
    };
    let body = |request: Result<Recorded, String>| request.unwrap().body_bytes().unwrap();
    assert_eq!(body(post(r#"{"text":"x"}"#)), b"x");
    assert_eq!(body(post(r#"{"text":"aGk=","encoding":"base64"}"#)), b"hi");
    let fields = r#"{"params":[{"name":"a b","value":"1&2"},{"name":"c"}]}"#;
    assert_eq!(body(post(fields)), b"a+b=1%262&c=");
    assert_eq!(post("null").unwrap().body_omitted, Some(Omitted::NotHeld));
    assert!(post("{}").is_err());
}

#[test]
fn a_bad_entry_is_one_entry_and_a_bad_file_ends_where_it_is_bad() {
    let text = "\u{feff}{\"creator\":[1,{}],\"log\":{\"pages\":[],\"entries\":[1,{},{\"request\":{\"method\":\"GET\",\"url\":\"nowhere\",\"headers\":[]}},\n{\"request\":{\"method\":\"GET\",\"url\":\"data:text/plain,x\",\"headers\":[]}},{\"request\":{\"method\":\"GET\",\"url\":\"http://a/\",\"headers\":[]}}]}}";
    let (found, end) = har_of(text);
    assert_eq!(end, Ok(()));
    let fine: Vec<bool> = found.iter().map(|(_, request)| request.is_ok()).collect();
    assert_eq!(fine, [false, false, false, true], "{found:?}");
    assert_eq!(found[3].0, "entry 5, line 2");
    for bad in [
        "",
        "[]",
        "{}",
        "{\"log\":1}",
        "{\"log\":{\"entries\":{}}}",
        "{\"log\":{\"entries\":[]}} x",
    ] {
        assert!(har_of(bad).1.is_err(), "{bad}");
    }
}

#[test]
fn files_are_told_apart_by_their_name_or_their_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let line = "{\"method\":\"GET\",\"host\":\"a\",\"target\":\"/\"}\n";
    let har = entry("{\"method\":\"GET\",\"url\":\"http://a/\",\"headers\":[]}");
    for (name, text, expected) in [
        ("a.txt", line, Some(1)),
        ("a.ndjson", "no json\n", Some(1)),
        ("b.txt", &*har, Some(1)),
        ("b.HAR", &*har, Some(1)),
        ("empty", "", Some(0)),
        ("c.json", "[1]", None),
        ("d.txt", "hello", None),
    ] {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        let mut count = 0;
        let end = read(&path, |_| count += 1);
        assert_eq!(end.ok().map(|()| count), expected, "{name}");
    }
}

#[test]
fn a_recorded_line_says_what_it_said() {
    let full = Recorded {
        version: 1,
        at: "2026-01-01T00:00:00Z".into(),
        id: "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44".into(),
        method: "POST".into(),
        scheme: "https".into(),
        host: "a:1".into(),
        target: "/x?y".into(),
        headers: vec![("a".into(), "b".into())],
        body_omitted: Some(Omitted::TooLarge),
        refused: "waf-attack".into(),
        ..Recorded::default()
    };
    assert_eq!(Recorded::parse(full.to_line().as_bytes()), Ok(full));
    let least = b"{\"method\":\"GET\",\"host\":\"a\",\"target\":\"/\",\"more\":1}";
    assert_eq!(Recorded::parse(least).map(|request| request.version), Ok(1));
    for bad in ["{}", "[]", "{\"version\":2,\"method\":\"GET\",\"host\":\"a\",\"target\":\"/\"}"] {
        assert!(Recorded::parse(bad.as_bytes()).is_err(), "{bad}");
    }
}

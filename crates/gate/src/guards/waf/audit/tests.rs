use std::sync::Arc;

use mantlet_event::Redactor;
use mantlet_types::Secret;
use mantlet_waf::{
    AuditRecord, Connection, DiskFiles, Limits, Outcome, RuleSet, Source, Transaction,
};
use proptest::prelude::*;
use serde_json::Value;

use super::line::render;

const RULES: &str = r#"
SecRuleEngine On
SecRequestBodyAccess On
SecResponseBodyAccess On
SecAuditEngine On
SecAuditLog x
SecAuditLogFormat JSON
SecAuditLogParts ABCEFHIJKZ
SecComponentSignature "OWASP_CRS/4"
SecRule REQUEST_HEADERS:Content-Type "@contains json" "id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON"
SecRule ARGS|REQUEST_HEADERS|REQUEST_COOKIES|REQUEST_URI|REQUEST_BODY "@rx (?i)attack" "id:2,phase:2,pass,t:lowercase,log,msg:'found %{TX.0} in %{MATCHED_VAR}',logdata:'%{MATCHED_VAR_NAME}: %{MATCHED_VAR}',capture,tag:'one',severity:'CRITICAL',ver:'V',rev:'2'"
SecRule ARGS_NAMES "@streq hide" "id:3,phase:1,pass,nolog,sanitiseArg:note,sanitiseRequestHeader:X-Own,sanitiseResponseHeader:X-Back"
SecRule ARGS:whole "@rx ." "id:4,phase:2,pass,nolog,sanitiseMatched"
"#;

struct Asked<'a> {
    target: &'a str,
    headers: &'a [(&'a str, &'a [u8])],
    body: &'a [u8],
}

fn record(asked: &Asked<'_>) -> AuditRecord {
    let rules = RuleSet::load(&DiskFiles, &[Source::Text("rules.conf", RULES)]).unwrap();
    let connection = Connection { unique_id: "id".into(), ..Connection::local() };
    let mut transaction = Transaction::new(Arc::new(rules), connection, Limits::default(), None);
    transaction.request_line(b"POST", asked.target.as_bytes(), b"HTTP/1.1");
    for (name, value) in asked.headers {
        transaction.request_header(name.as_bytes(), value);
    }
    assert_eq!(transaction.request_headers_done(), Outcome::Pass);
    transaction.request_body(asked.body);
    assert_eq!(transaction.request_body_done(), Outcome::Pass);
    transaction.response_line(b"HTTP/1.1", 200);
    for (name, value) in [("content-type", "text/html"), ("set-cookie", "s=S3CRETS3CRET")] {
        transaction.response_header(name.as_bytes(), value.as_bytes());
    }
    transaction.response_header(b"x-back", b"S3CRETS3CRET-unless-hidden");
    transaction.response_headers_done();
    transaction.response_body(b"<p>token: S3CRETS3CRET</p>");
    transaction.response_body_done();
    let _ = transaction.finish(1);
    transaction.audit_record().unwrap()
}

fn line(asked: &Asked<'_>) -> String {
    let redactor = Redactor::with_known(vec![Secret::new("own-key-of-the-gate".to_owned())]);
    render(&record(asked), "host", &redactor)
}

fn shown(asked: &Asked<'_>) -> Value {
    let line = line(asked);
    serde_json::from_str(&line).unwrap()
}

const FORM: (&str, &[u8]) = ("Content-Type", b"application/x-www-form-urlencoded");

#[test]
fn a_line_has_the_keys_of_modsecurity() {
    let asked = Asked {
        target: "/a?q=An+Attack",
        headers: &[("Host", b"shop.example:81"), FORM, ("X-A", b"1"), ("x-a", b"2")],
        body: b"b=2",
    };
    let line = shown(&asked);
    let transaction = &line["transaction"];
    let request = serde_json::json!({
        "method": "POST", "http_version": "1.1", "hostname": "shop.example", "uri": "/a?q=An+Attack",
        "body": "b=2",
        "headers": {
            "Host": "shop.example:81", "Content-Type": "application/x-www-form-urlencoded",
            "X-A": "1, 2",
        },
    });
    assert_eq!(transaction["request"], request);
    assert_eq!(transaction["client_ip"], "127.0.0.1");
    assert_eq!(transaction["time_stamp"], "Thu Jan  1 00:00:00 1970");
    assert_eq!(
        (&transaction["host_port"], &transaction["is_interrupted"]),
        (&80.into(), &false.into())
    );
    assert_eq!(transaction["unique_id"], "id");
    assert_eq!(transaction["response"]["http_code"], 200);
    assert_eq!(transaction["producer"]["secrules_engine"], "Enabled");
    assert_eq!(transaction["producer"]["components"], serde_json::json!(["OWASP_CRS/4"]));
    assert_eq!(transaction["matched_rules"], serde_json::json!(["2"]));
    let expected = serde_json::json!({
        "message": "found attack in /a?q=an+attack",
        "details": {
            "match": "Matched \"Operator `Rx' with parameter `(?i)attack' against variable `REQUEST_URI' (Value: `/a?q=An+Attack' )",
            "reference": "o3,6t:lowercaseo8,6t:lowercase", "ruleId": "2", "file": "rules.conf", "lineNumber": "11",
            "data": "REQUEST_URI: /a?q=an+attack", "severity": "2", "ver": "V", "rev": "2", "tags": ["one"],
            "maturity": "0", "accuracy": "0",
        },
    });
    assert_eq!(transaction["messages"], serde_json::json!([expected]));
}

#[test]
fn etsm_d20_no_part_of_a_line_shows_a_secret() {
    let json: (&str, &[u8]) = ("Content-Type", b"application/json");
    for (target, headers, body) in [
        ("/?password=S3CRETS3CRET+attack&q=attack", vec![FORM], &b""[..]),
        ("/?q=1", vec![FORM], b"user=a&pass%77ord=S3CRETS3CRET+attack"),
        ("/?q=1", vec![FORM], b"user=\xff&password=S3CRETS3CRET+attack"),
        ("/?q=1", vec![json], b"{\"login\":{\"password\":\"S3CRETS3CRET attack\"}}"),
        ("/?q=1", vec![("Authorization", &b"Basic S3CRETS3CRET attack"[..])], b""),
        ("/?q=1", vec![("Cookie", &b"id=S3CRETS3CRET; sid=S3CRETS3CRET-attack"[..])], b""),
        ("/?q=1", vec![("X-Api-Key", &b"S3CRETS3CRET attack"[..])], b""),
        ("/?q=1", vec![("Referer", &b"https://a.example/?token=S3CRETS3CRET-attack"[..])], b""),
        ("/?hide=1&note=S3CRETS3CRET+attack", vec![("X-Own", &b"S3CRETS3CRET attack"[..])], b""),
        ("/?whole=S3CRETS3CRET+attack", vec![], b""),
    ] {
        // The answer's own field is hidden by the rule with `hide` alone.
        let text = line(&Asked { target, headers: &headers, body });
        let text = text.replace("S3CRETS3CRET-unless-hidden", "");
        assert!(!text.contains("S3CRET"), "{target} {headers:?}: {text}");
        assert!(text.contains("redacted"), "{text}");
    }
    let hidden = line(&Asked { target: "/?hide=1", headers: &[], body: b"" });
    assert!(!hidden.contains("unless-hidden"), "{hidden}");
    let known = line(&Asked { target: "/?q=own-key-of-the-gate+attack", headers: &[], body: b"" });
    assert!(!known.contains("own-key"), "{known}");
}

#[test]
fn what_is_no_text_is_left_out_and_named() {
    let kind: (&str, &[u8]) = ("Content-Type", b"application/octet-stream");
    let line = shown(&Asked { target: "/", headers: &[kind], body: b"\x00\xff\xfe" });
    let request = &line["transaction"]["request"];
    assert_eq!((&request["body"], &request["body_omitted"]), (&"".into(), &"not-text".into()));
    let large = vec![b'a'; 128 * 1024 + 1];
    let line = shown(&Asked { target: "/", headers: &[kind], body: &large });
    assert_eq!(line["transaction"]["request"]["body_omitted"], "too-large");
}

#[test]
fn a_long_value_is_cut_and_what_it_lacks_is_counted() {
    let target = format!("/?q=attack{}", "a".repeat(200));
    let line = shown(&Asked { target: &target, headers: &[], body: b"" });
    let matched =
        line["transaction"]["messages"][0]["details"]["match"].as_str().unwrap().to_owned();
    assert!(
        matched.contains(&format!("attack{} (110 characters omitted)", "a".repeat(90))),
        "{matched}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_line_is_one_line_of_json_whatever_a_client_sends(
        target in "/[ -~]{0,40}(attack|\u{2028}|\u{85}|%0d%0a|\\\\n|\"){0,6}",
        value in proptest::collection::vec(any::<u8>(), 0..60),
        body in proptest::collection::vec(any::<u8>(), 0..80),
    ) {
        let asked = Asked { target: &target, headers: &[FORM, ("X-A", &value)], body: &body };
        let line = line(&asked);
        let breaks = |character: char| {
            character.is_ascii_control() || ['\u{85}', '\u{2028}', '\u{2029}'].contains(&character)
        };
        prop_assert!(!line.contains(breaks), "{line:?}");
        prop_assert!(serde_json::from_str::<Value>(&line).is_ok(), "{line}");
    }
}

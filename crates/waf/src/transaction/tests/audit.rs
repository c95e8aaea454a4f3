//! What is recorded of a transaction, and of which.

use super::*;
use crate::transaction::audit::{
    AuditBody, AuditRecord, BODY_LIMIT_BYTES, SANITISED_LIMIT, Sanitised,
};

const RULES: &str = "SecRule ARGS:a \"@rx (?i)bad\" \"id:10,phase:2,deny,t:lowercase,log,msg:'no %{MATCHED_VAR}',\
        logdata:'in %{MATCHED_VAR_NAME}',tag:'t',severity:'CRITICAL',rev:'2',ver:'V/1',maturity:'9',accuracy:'8'\"\n\
     SecRule ARGS:quiet \"@eq 1\" \"id:11,phase:2,pass,log,noauditlog\"\n\
     SecRule ARGS:off \"@eq 1\" \"id:12,phase:2,pass,nolog,ctl:auditEngine=Off\"\n\
     SecRule ARGS:on \"@eq 1\" \"id:13,phase:2,pass,nolog,ctl:auditEngine=On\"\n\
     SecRule ARGS:less \"@eq 1\" \"id:14,phase:2,pass,nolog,ctl:auditLogParts=-H,ctl:auditLogParts=+E\"\n\
     SecRule ARGS:hushed \"@eq 1\" \"id:15,phase:2,pass,nolog\"\n\
     SecRule ARGS:told \"@eq 1\" \"id:16,phase:2,pass,nolog,auditlog,msg:'told'\"\n\
     SecRule REQUEST_URI \"@contains last\" \"id:17,phase:5,pass,log,msg:'at the end'\"\n\
     SecRule ARGS:hide \"@rx .\" \"id:18,phase:2,pass,nolog,sanitiseMatched,sanitiseArg:other,sanitiseRequestHeader:X-One\"\n";

const RELEVANT: &str = "SecAuditEngine RelevantOnly\nSecAuditLogRelevantStatus \"^(?:5|4(?!04))\"\n\
    SecAuditLogType Serial\nSecAuditLogFormat JSON\nSecAuditLog audit.json\n";

fn begun(settings: &str, target: &str) -> Transaction {
    let rules = rules(&format!("SecResponseBodyAccess On\n{settings}\n{RULES}"));
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    transaction.request_line(b"GET", target.as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Host", b"shop.example");
    transaction.request_headers_done();
    transaction
}

/// The record of a request that the application answers with this status.
fn record(settings: &str, target: &str, status: u16) -> Option<AuditRecord> {
    let mut transaction = begun(settings, target);
    let is_over = transaction.request_body_done() != Outcome::Pass;
    if is_over {
        transaction.answered_with(403);
    } else {
        transaction.response_line(b"HTTP/1.1", status);
        transaction.response_header(b"Content-Type", b"text/html");
        transaction.response_headers_done();
        transaction.response_body(b"<p>hello");
        transaction.response_body_done();
    }
    let _ = transaction.finish(1);
    transaction.audit_record()
}

fn told(record: &AuditRecord) -> Vec<u64> {
    record.messages.iter().map(|rule| rule.id()).collect()
}

#[test]
fn a_record_is_made_as_the_mode_the_rules_and_the_status_say() {
    let on = "SecAuditEngine On\nSecAuditLogFormat JSON\nSecAuditLog x";
    let without_status = "SecAuditEngine RelevantOnly\nSecAuditLog x";
    for (settings, target, status, expected) in [
        (on, "/", 200, true),
        ("SecAuditEngine On", "/", 200, false),
        ("SecAuditEngine Off\nSecAuditLog x", "/?a=bad", 500, false),
        ("SecAuditLog x", "/?on=1", 200, true),
        (RELEVANT, "/", 200, false),
        (RELEVANT, "/?a=bad", 200, true),
        (RELEVANT, "/?quiet=1", 200, false),
        (RELEVANT, "/?hushed=1", 200, false),
        (RELEVANT, "/?told=1", 200, true),
        (RELEVANT, "/last", 200, true),
        (RELEVANT, "/", 403, true),
        (RELEVANT, "/", 404, false),
        (RELEVANT, "/?quiet=1&off=1", 500, false),
        (RELEVANT, "/?on=1", 200, true),
        (without_status, "/", 500, false),
        (without_status, "/?told=1", 200, true),
    ] {
        let is_there = record(settings, target, status).is_some();
        assert_eq!(is_there, expected, "{settings} {target} {status}");
    }
}

#[test]
fn a_refused_request_is_recorded_with_the_rules_of_the_last_phase() {
    let record = record(RELEVANT, "/last?a=BAD&quiet=1", 200).unwrap();
    assert_eq!(told(&record), [10, 17]);
    assert!(record.is_interrupted);
    assert_eq!((record.status, record.method.as_slice()), (403, &b"GET"[..]));
    assert_eq!(record.target, b"/last?a=BAD&quiet=1");
    let rule = &record.messages[0];
    assert_eq!((&*rule.message, &*rule.data), ("no bad", "in ARGS:a"));
    assert_eq!((rule.rev(), rule.ver(), rule.maturity(), rule.accuracy()), ("2", "V/1", "9", "8"));
    let matched = &rule.matches[0];
    assert_eq!((&*matched.value, matched.original.as_deref()), (&b"bad"[..], Some(&b"BAD"[..])));
}

#[test]
fn who_only_watches_sees_every_rule_and_is_told_once_what_would_have_been() {
    let mut transaction = begun(RELEVANT, "/last?a=bad&told=1");
    transaction.only_watch();
    assert!(matches!(transaction.request_body_done(), Outcome::Interrupted(it) if it.rule == 10));
    transaction.response_line(b"HTTP/1.1", 200);
    assert_eq!(transaction.response_headers_done(), Outcome::Pass);
    assert_eq!(transaction.response_body_done(), Outcome::Pass);
    assert_eq!(transaction.finish(1), Outcome::Pass);
    let record = transaction.audit_record().unwrap();
    assert_eq!(
        (told(&record), record.is_interrupted, record.status),
        (vec![10, 16, 17], false, 200)
    );
}

#[test]
fn parts_say_what_a_record_holds() {
    let of = |parts: &str, target: &str| {
        let settings = format!("{RELEVANT}SecAuditLogParts {parts}");
        record(&settings, target, 500).unwrap()
    };
    let all = of("ABCEFHIJKZ", "/?told=1");
    assert_eq!(all.request_headers, [(b"Host".to_vec(), b"shop.example".to_vec())]);
    assert_eq!(all.response_headers, [(b"Content-Type".to_vec(), b"text/html".to_vec())]);
    assert_eq!(all.response_body, AuditBody::Bytes(b"<p>hello".to_vec()));
    assert_eq!((told(&all), all.matched), (vec![16], vec![16]));
    let none = of("AZ", "/?told=1");
    assert!(none.request_headers.is_empty() && none.response_headers.is_empty());
    assert!(none.messages.is_empty() && none.matched.is_empty());
    assert_eq!(none.response_body, AuditBody::None);
    let changed = of("ABH", "/?told=1&less=1");
    assert!(!changed.parts.has('H') && changed.messages.is_empty());
    assert_eq!(changed.response_body, AuditBody::Bytes(b"<p>hello".to_vec()));
}

#[test]
fn bodies_are_recorded_as_they_came_and_files_by_their_names() {
    let body = |kind: &str, body: &[u8], parts: &str| {
        let settings = format!(
            "SecAuditEngine On\nSecAuditLog x\nSecAuditLogParts {parts}\nSecRequestBodyAccess On\n\
             SecRule REQUEST_HEADERS:Content-Type \"@contains xml\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n"
        );
        let rules = rules(&settings);
        let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
        transaction.request_line(b"POST", b"/", b"HTTP/1.1");
        transaction.request_header(b"Content-Type", kind.as_bytes());
        transaction.request_headers_done();
        transaction.request_body(body);
        transaction.request_body_done();
        let _ = transaction.finish(1);
        transaction.audit_record().unwrap()
    };
    let form = "application/x-www-form-urlencoded";
    for (kind, text) in [(form, &b"a=\xff&b"[..]), ("text/xml", b"<a>\n1</a>"), ("", b"plain")] {
        assert_eq!(body(kind, text, "AC").request_body, AuditBody::Bytes(text.to_vec()), "{kind}");
        assert_eq!(body(kind, text, "AB").request_body, AuditBody::None, "{kind}");
    }
    let large = vec![b'a'; BODY_LIMIT_BYTES + 1];
    assert_eq!(body(form, &large, "AC").request_body, AuditBody::TooLarge);
    let parts = "--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1&2 3\r\n--B\r\n\
        Content-Disposition: form-data; name=f; filename=x.txt\r\n\r\ndata\r\n--B--\r\n";
    let record = body("multipart/form-data; boundary=B", parts.as_bytes(), "ACIJ");
    assert_eq!(record.request_body, AuditBody::Fields(b"a=1%262+3".to_vec()));
    let files: Vec<_> = record.files.iter().map(|it| (&*it.field, &*it.name)).collect();
    assert_eq!((files, record.files_size), (vec![(&b"f"[..], &b"x.txt"[..])], 4));
}

#[test]
fn what_rules_hide_is_named_and_when_there_is_too_much_everything_is() {
    let record = record(RELEVANT, "/?hide=x&told=1", 200).unwrap();
    let expected = [
        Sanitised::Argument("hide".into()),
        Sanitised::Argument("other".into()),
        Sanitised::RequestHeader("X-One".into()),
    ];
    assert_eq!(record.sanitised, expected);
    let many: String = (0..400).map(|it| format!("&a{it}=x")).collect();
    let rules = rules(
        "SecAuditEngine On\nSecAuditLog x\nSecRule ARGS \"@rx x\" \"id:1,phase:1,pass,nolog,sanitiseMatched\"",
    );
    let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
    transaction.request_line(b"GET", format!("/?{many}").as_bytes(), b"HTTP/1.1");
    transaction.request_headers_done();
    let record = transaction.audit_record().unwrap();
    assert_eq!(record.sanitised.len(), SANITISED_LIMIT + 1);
    assert_eq!(record.sanitised.last(), Some(&Sanitised::Everything));
}

#[test]
fn what_is_done_in_another_way_is_told_once_and_what_cannot_be_is_refused() {
    use crate::plan::{RuleSet, Source};
    use crate::seclang::files::DiskFiles;

    let logs = |text: &str| {
        let rules = rules(text);
        rules.settings().logs.iter().map(|log| log.message.clone()).collect::<Vec<_>>()
    };
    assert_eq!(logs(RELEVANT), [""; 0]);
    assert_eq!(logs("SecAuditEngine Off\nSecDebugLogLevel 0\nSecAuditLog x"), [""; 0]);
    for (text, expected) in [
        ("SecAuditEngine On", "no `SecAuditLog` names a file"),
        ("SecAuditEngine On\nSecAuditLog x", "is written as JSON"),
        ("SecAuditEngine On\nSecAuditLog x\nSecAuditLogFormat Native", "is written as JSON"),
        ("SecAuditLogType Concurrent", "`SecAuditLogType Concurrent` is written as `Serial`"),
        (
            "SecAuditLogStorageDir /x\nSecAuditLogStorageDir /y",
            "`SecAuditLogStorageDir` does nothing",
        ),
        ("SecDebugLog /x", "`SecDebugLog` writes nothing here"),
    ] {
        let logs = logs(text);
        assert!(logs.len() == 1 && logs[0].contains(expected), "{text}: {logs:?}");
    }
    for (text, expected) in [
        ("SecAuditLog \"|/bin/cat\"", "no program is run"),
        ("SecAuditLog https://logs.example/", "not sent over the network"),
        ("SecAuditLogParts ABX", "`X` is no part"),
        ("SecAuditEngine Sometimes", "unknown mode"),
        ("SecAuditLogRelevantStatus \"(?=4)\"", "no usable pattern"),
        ("SecAction \"id:1,phase:1,pass,ctl:auditEngine=Maybe\"", "unknown mode"),
    ] {
        let problems = RuleSet::load(&DiskFiles, &[Source::Text("t", text)]).unwrap_err();
        assert!(problems[0].message.contains(expected), "{text}: {problems:?}");
    }
}

use std::sync::LazyLock;

use proptest::prelude::*;

use super::*;
use crate::{catalogue, reasons};

static PATTERNS: LazyLock<Redactor> = LazyLock::new(Redactor::new);

fn check(cases: &[(&str, &str)]) {
    for (input, expected) in cases {
        assert_eq!(PATTERNS.redact(input), *expected, "input: {input}");
    }
}

#[test]
fn a_token_behind_an_escape_is_found() {
    for escape in ["\\x01", "\\n", "\\u{7f}", "\\u0001", "%3D", "%2f", "=", ""] {
        for token in
            ["sk_live_4eC39HqLyjWDarjt", "ghp_16C7e42F292c6912E771", "AKIAIOSFODNN7EXAMPLE"]
        {
            let clean = PATTERNS.redact(&format!("x{escape} {escape}{token}")).into_owned();
            assert_eq!(clean, format!("x{escape} {escape}[redacted]"));
        }
    }
}

#[test]
fn names_and_values_lose_the_value() {
    check(&[
        ("api_key=abc123", "api_key=[redacted]"),
        ("?user=bob&apikey=abc&page=2", "?user=bob&apikey=[redacted]&page=2"),
        ("ACCESS_TOKEN=aaa", "ACCESS_TOKEN=[redacted]"),
        ("DB_PASSWORD = s3cr;et,x", "DB_PASSWORD = [redacted]"),
        ("login passwd=hunter2, user=bob", "login passwd=[redacted], user=bob"),
        ("client_secret=\"with space\" next", "client_secret=\"[redacted]\" next"),
        ("session=abc; path=/", "session=[redacted]; path=/"),
        ("aws_secret_access_key: wJalr/x+", "aws_secret_access_key: [redacted]"),
        ("JSESSIONID=77", "JSESSIONID=[redacted]"),
        ("next=%2Fa%3Ftoken%3Dabc&x=1", "next=%2Fa%3Ftoken%3D[redacted]&x=1"),
        ("{:token => 'abc'}", "{:token => '[redacted]'}"),
    ]);
}

#[test]
fn what_only_looks_like_a_secret_hides_none() {
    check(&[
        ("Bearer Bearer s3cret9", "Bearer Bearer [redacted]"),
        ("a Basic Bearer dXNlcjpwYXNz.", "a Basic Bearer [redacted]"),
        ("sk-aaaaaaaaaaaaaaaa.sk-4eC39HqLyjWDarjtx", "sk-aaaaaaaaaaaaaaaa.[redacted]"),
        ("bearer bearer bearer of bad news", "bearer bearer bearer of bad news"),
    ]);
}

#[test]
fn arguments_lose_the_value() {
    check(&[
        ("run --password hunter2 --user bob", "run --password [redacted] --user bob"),
        ("run --api-key=abc", "run --api-key=[redacted]"),
        ("['--db-password', 'hunter2']", "['--db-password', '[redacted]']"),
        (
            "called with ('bob',) {'password': 'x y'}",
            "called with ('bob',) {'password': '[redacted]'}",
        ),
    ]);
}

#[test]
fn json_loses_the_value() {
    check(&[
        (
            r#"{"user":"bob","password":"a\"b","n":1}"#,
            r#"{"user":"bob","password":"[redacted]","n":1}"#,
        ),
        (r#"{"api_key" : "x y"}"#, r#"{"api_key" : "[redacted]"}"#),
        (r#"{"tokens":["a","b"],"n":1}"#, r#"{"tokens":[redacted],"n":1}"#),
        (r#""{\"secret\":\"abc\",\"n\":1}""#, r#""{\"secret\":\"[redacted]\",\"n\":1}""#),
        (r#"{"password":"cut off"#, r#"{"password":"[redacted]"#),
    ]);
}

#[test]
fn headers_lose_the_value() {
    check(&[
        ("X-Api-Key: abc", "X-Api-Key: [redacted]"),
        ("x-auth-token: abc\r\nHost: a", "x-auth-token: [redacted]\r\nHost: a"),
        ("Authorization: Bearer abc\nHost: a", "Authorization: Bearer [redacted]\nHost: a"),
        ("authorization: basic YTpi", "authorization: basic [redacted]"),
        ("AUTHORIZATION: Custom a, b=c", "AUTHORIZATION: [redacted]"),
        ("Proxy-Authorization: Digest username=\"x\"", "Proxy-Authorization: [redacted]\"x\""),
        (
            r#"{"Authorization": "Bearer abc", "n": 1}"#,
            r#"{"Authorization": "Bearer [redacted]", "n": 1}"#,
        ),
        ("('authorization', 'Bearer abc')", "('authorization', 'Bearer [redacted]')"),
        ("Cookie: a=b; c=\"d\"\r\nHost: a", "Cookie: [redacted]\r\nHost: a"),
        ("set-cookie: id=1; HttpOnly", "set-cookie: [redacted]"),
        (r#"{"cookie": "a=b; c=d", "n": 1}"#, r#"{"cookie": "[redacted]", "n": 1}"#),
    ]);
}

#[test]
fn tokens_are_recognised_without_a_name() {
    check(&[
        ("sent Bearer abc123def now", "sent Bearer [redacted] now"),
        ("sent bEaReR aBcDeFgH", "sent bEaReR [redacted]"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln.", "got [redacted]"),
        ("jwe eyJhbGciOiJkaXIifQ..aXY.Y3Q.dGFn!", "jwe [redacted]!"),
        ("AKIAIOSFODNN7EXAMPLE used", "[redacted] used"),
        ("(ghp_0123456789abcdefABCD)", "([redacted])"),
        ("github_pat_0123456789abcdefABCD", "[redacted]"),
        ("xoxb-123456789012-abc", "[redacted]"),
        ("sk-proj-0123456789abcdef", "[redacted]"),
        ("mk_0123456789abcdef", "[redacted]"),
        (
            "a -----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY----- b",
            "a [redacted] b",
        ),
        ("a -----BEGIN PRIVATE KEY-----\nMIIE", "a [redacted]"),
    ]);
}

#[test]
fn urls_lose_their_user_part() {
    check(&[
        ("postgres://app:hunter2@db:5432/x", "postgres://[redacted]@db:5432/x"),
        ("see HTTPS://tok@example.org/a?b", "see HTTPS://[redacted]@example.org/a?b"),
        ("redis://:p@ss@host/0", "redis://[redacted]@host/0"),
        ("https://example.org/@bob", "https://example.org/@bob"),
    ]);
}

#[test]
fn several_secrets_in_one_value_all_go() {
    check(&[(
        "password=a token=b https://u:p@h/ Authorization: Bearer c\nX-API-Key: d sk-0123456789abcdef0",
        "password=[redacted] token=[redacted] https://[redacted]@h/ Authorization: Bearer [redacted]\nX-API-Key: [redacted] [redacted]",
    )]);
}

#[test]
fn ordinary_text_is_untouched() {
    let prose = [
        "",
        "The password was wrong, and the token had expired.",
        "Basic authentication is required; bearer tokens are better.",
        "Bearer Authentication failed for the session of bob.",
        "GET /api/keys?page=2&sort=name from 192.0.2.7",
        "mail bob@example.org about secrets and private keys",
        "task-0123456789abcdef-risk",
        "the token endpoint answered 401",
        "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
        "keyboard=qwerty monkey: banana",
    ];
    let ours = reasons::ALL
        .iter()
        .flat_map(|reason| [reason.title, reason.detail, reason.hint])
        .chain(catalogue::ALL.iter().map(|entry| entry.summary));
    for text in prose.into_iter().chain(ours) {
        assert!(matches!(PATTERNS.redact(text), Cow::Borrowed(same) if same == text), "{text}");
    }
}

#[test]
fn known_values_go_in_every_form() {
    let redactor = Redactor::with_known(vec![
        Secret::new("corr/ct \"horse\"".to_owned()),
        Secret::new("short".to_owned()),
    ]);
    for text in [
        "is corr/ct \"horse\" here",
        "is CORR/CT \"HORSE\" here",
        "is corr%2Fct%20%22horse%22 here",
        "is corr%2fct%20%22horse%22 here",
        "is corr%2Fct+%22horse%22 here",
        r#"is corr/ct \"horse\" here"#,
        "is Y29yci9jdCAiaG9yc2Ui here",
    ] {
        assert_eq!(redactor.redact(text), "is [redacted] here", "{text}");
    }
    assert_eq!(redactor.redact("a short word"), "a short word");
}

#[test]
fn a_redactor_does_not_print_its_secrets() {
    let redactor = Redactor::with_known(vec![Secret::new("correct horse".to_owned())]);
    assert!(!format!("{redactor:?}").contains("horse"));
}

proptest! {
    #[test]
    fn a_known_value_never_gets_through(
        secret in "[ -~]{8,24}",
        before in "[ -~]{0,20}",
        after in "[ -~]{0,20}",
    ) {
        prop_assume!(!REDACTED.contains(&secret));
        let redactor = Redactor::with_known(vec![Secret::new(secret.clone())]);
        let clean = redactor.redact(&format!("{before}{secret}{after}")).into_owned();
        prop_assert!(!clean.contains(&secret), "{clean}");
    }

    #[test]
    fn redacting_twice_changes_nothing_more(text in "([ -~]{0,5}|password|token|: |=|\"|Bearer |Cookie: |https://|@|eyJ){0,12}") {
        let once = PATTERNS.redact(&text).into_owned();
        prop_assert_eq!(PATTERNS.redact(&once), once.as_str());
    }

    #[test]
    fn a_named_value_never_gets_through(
        name in "(password|API_KEY|x-api-key|client_secret|sessionId)",
        separator in "(=|: |:|\": \"|' => ')",
        value in "[A-Za-z0-9!#$%^*()+./?@_-]{8,30}Q9z",
    ) {
        let text = format!("a {name}{separator}{value}\" b");
        let clean = PATTERNS.redact(&text).into_owned();
        prop_assert!(!clean.contains(&value), "{clean}");
    }
}

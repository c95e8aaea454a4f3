//! What holds for every request: no input panics, and gates change no result.

use std::sync::{Arc, LazyLock};

use proptest::prelude::*;

use super::super::report::{Limits, Outcome};
use super::super::{Connection, Transaction};
use super::rules;
use crate::plan::RuleSet;

/// Rules of every kind, over values of every kind.
static RULES: LazyLock<Arc<RuleSet>> = LazyLock::new(|| {
    let patterns = [
        "(?i)union\\s+select",
        "[\\\"'`]\\s*or\\b",
        "<script[^>]*>",
        "\\.\\./",
        "^[a-c]+$",
        "\\d{3,}",
        "(?:a|b|)c{2}",
        "x?y*z",
        "[^\\x20-\\x7e]",
        "ev.l|b[ao]d",
    ];
    let chains = [
        "",
        ",t:urlDecodeUni",
        ",t:lowercase,t:removeWhitespace",
        ",t:htmlEntityDecode,t:jsDecode,t:cssDecode",
        ",t:normalizePath",
        ",t:length",
        ",t:base64Decode,multiMatch",
    ];
    let mut text = String::from(
        "SecRequestBodyLimit 100000\n\
         SecRule REQUEST_HEADERS:X-Body \"@streq json\" \"id:1,phase:1,pass,nolog,ctl:requestBodyProcessor=JSON\"\n\
         SecRule REQUEST_HEADERS:X-Body \"@streq xml\" \"id:2,phase:1,pass,nolog,ctl:requestBodyProcessor=XML\"\n\
         SecRule ARGS_NAMES \"@beginsWith a\" \"id:3,phase:1,pass,ctl:ruleRemoveTargetById=100-120;ARGS:a\"\n",
    );
    let mut id = 100;
    for chain in chains {
        for pattern in patterns {
            text.push_str(&format!(
                "SecRule ARGS|ARGS_NAMES|REQUEST_COOKIES|REQUEST_HEADERS|!REQUEST_HEADERS:Host|REQUEST_BODY|FILES|XML:/*|XML://@*|REQUEST_FILENAME \"@rx {pattern}\" \
                 \"id:{id},phase:2,pass,capture,logdata:'%{{TX.0}} %{{MATCHED_VAR_NAME}}',t:none{chain},setvar:tx.score=+1,chain\"\n\
                 SecRule MATCHED_VARS \"!@streq never\" \"setvar:tx.chained=+1\"\n"
            ));
            id += 1;
        }
    }
    text.push_str(
        "SecRule ARGS \"@detectSQLi\" \"id:10,phase:2,pass,capture,logdata:'%{TX.0}'\"\n\
         SecRule ARGS \"@detectXSS\" \"id:11,phase:2,pass\"\n\
         SecRule ARGS \"@pm evil bad union\" \"id:12,phase:2,pass,capture,logdata:'%{TX.0}'\"\n\
         SecRule ARGS|REQUEST_BODY \"@validateByteRange 32-126\" \"id:13,phase:2,pass\"\n\
         SecRule ARGS \"@contains ../\" \"id:14,phase:2,pass\"\n\
         SecRule TX:score \"@gt 5\" \"id:15,phase:2,pass,logdata:'%{TX.score} %{TX.chained}'\"\n\
         SecRule REQBODY_ERROR|MULTIPART_STRICT_ERROR \"@eq 1\" \"id:16,phase:2,pass\"\n",
    );
    rules(&text)
});

/// One matched rule: its number, data, and the values.
type Seen = (u64, String, Vec<(String, Vec<u8>)>);

fn inspect(query: &str, header: (&str, &str), body: &[u8], naive: bool) -> (Vec<Seen>, Outcome) {
    let mut transaction =
        Transaction::new(Arc::clone(&RULES), Connection::local(), Limits::default(), None);
    if naive {
        transaction = transaction.naive();
    }
    transaction.request_line(b"POST", format!("/p/{query}?{query}").as_bytes(), b"HTTP/1.1");
    transaction.request_header(b"Host", b"example.com");
    transaction.request_header(header.0.as_bytes(), header.1.as_bytes());
    transaction.request_headers_done();
    transaction.request_body(body);
    let outcome = transaction.request_body_done();
    transaction.finish(0);
    let matched = transaction.matched();
    let seen = matched.iter().map(|rule| {
        let values = rule.matches.iter().map(|found| (found.variable.clone(), found.value.clone()));
        (rule.id(), rule.data.clone(), values.collect())
    });
    (seen.collect(), outcome)
}

fn piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-cxyz]{0,4}",
        "(?:%27|%3C|%2e%2e/|&#60;|\\\\x3c|\\\\75|\\+| |'|\")",
        "(?:union|select|or 1=1|script|evil|bad|123|UNION SELECT|YWJj|--B\r\n|\\{\"a\":|<a b='c'>|\\]|=|&)",
        "[ -~]{0,6}",
        ".{0,3}",
    ]
}

fn text() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..8).prop_map(|pieces| pieces.concat())
}

fn header() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop_oneof![
        Just(("Content-Type", "application/x-www-form-urlencoded")),
        Just(("Content-Type", "multipart/form-data; boundary=B")),
        Just(("X-Body", "json")),
        Just(("X-Body", "xml")),
        Just(("Cookie", "a=1; b='or 1=1; =x")),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn gates_change_no_result(query in text(), header in header(), body in text()) {
        let fast = inspect(&query, header, body.as_bytes(), false);
        prop_assert_eq!(fast, inspect(&query, header, body.as_bytes(), true));
    }

    #[test]
    fn no_bytes_panic(query in "[!-~]{0,30}", header in header(), body in proptest::collection::vec(any::<u8>(), 0..300)) {
        inspect(&query, header, &body, false);
    }
}

use super::*;

#[test]
fn nesting_is_counted_outside_strings_only() {
    for (body, limit, expected) in [
        ("", 1, None),
        ("[]", 1, None),
        ("[[]]", 1, Some(1)),
        (r#"{"a":[1,{"b":2}]}"#, 3, None),
        (r#"{"a":[1,{"b":2}]}"#, 2, Some(8)),
        (r#"["[[[[[[", "\"[[[["]"#, 1, None),
        (r#"["\\", [["#, 2, Some(8)),
        ("[][][][][]", 1, None),
        ("]]]][", 1, None),
    ] {
        assert_eq!(too_deep(body.as_bytes(), limit), expected, "{body}");
    }
}

#[test]
fn only_json_is_looked_at() {
    for (kind, expected) in [
        ("application/json", true),
        ("Application/JSON; charset=utf-8", true),
        ("application/problem+json", true),
        ("application/x-ndjson", false),
        ("text/plain", false),
        ("application/jsonish", false),
        ("application/json, text/plain", true),
        ("text/plain; x=1, application/json", true),
    ] {
        assert_eq!(is_json(kind.as_bytes()), expected, "{kind}");
    }
}

#[test]
fn a_parameter_that_is_no_text_does_not_hide_json() {
    assert!(is_json(b"application/json; x=\xe9"));
}

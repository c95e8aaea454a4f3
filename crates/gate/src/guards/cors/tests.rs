use http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, VARY};
use http::{HeaderMap, StatusCode};

use super::*;
use crate::guards::FieldName;
use crate::pipeline::sample::request;
use crate::pipeline::{Origin, Scheme, Verdict};
use crate::stages::route::MethodName;

const API: (Scheme, &str) = (Scheme::Https, "api.example");

fn section() -> CorsSection {
    CorsSection {
        origins: vec![AllowedOrigins::Exact("https://app.example".parse().unwrap())],
        ..CorsSection::default()
    }
}

fn any() -> CorsSection {
    CorsSection { origins: vec![AllowedOrigins::Any], ..CorsSection::default() }
}

/// The headers of the answer to a preflight; `None` when it is refused.
fn preflight(section: CorsSection, headers: &[(&str, &str)]) -> Option<HeaderMap> {
    match Cors::new(section).judge(&request("OPTIONS", API, headers)) {
        Verdict::Answer(answer) => {
            assert_eq!(answer.status(), StatusCode::NO_CONTENT);
            Some(answer.headers().clone())
        }
        Verdict::Deny(_) => None,
        other => panic!("{other:?}"),
    }
}

/// What the application's answer, which says `*` with credentials, becomes.
fn dressed(section: CorsSection, method: &str, headers: &[(&str, &str)]) -> HeaderMap {
    let guard = Cors::new(section);
    let mut exchange = request(method, API, headers);
    if let Verdict::PassWith(changes) = guard.judge(&exchange) {
        exchange.facts.merge(changes.facts);
    }
    // As when it has been forwarded.
    exchange.headers.clear();
    let mut answer = HeaderMap::new();
    for (name, value) in [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-credentials", "true"),
        ("access-control-allow-methods", "DELETE"),
        ("access-control-expose-headers", "x-secret"),
        ("vary", "accept"),
    ] {
        answer.append(name, HeaderValue::from_static(value));
    }
    let copy = answer.clone();
    let head = AnswerHead { status: StatusCode::OK, headers: &copy, origin: Origin::Upstream };
    if let AnswerVerdict::Edit(edits) = guard.dress(&exchange, &head) {
        edits.apply(&mut answer);
    }
    answer
}

fn allowed(headers: &HeaderMap) -> Option<&str> {
    headers.get(ACCESS_CONTROL_ALLOW_ORIGIN).map(|value| value.to_str().unwrap())
}

#[test]
fn etsm_d03_origins_match_exactly_or_not_at_all() {
    for (origin, expected) in [
        ("https://app.example", true),
        ("https://app.example:443", true),
        ("http://app.example", false),
        ("https://app.example:8443", false),
        ("https://sub.app.example", false),
        ("https://app.example.evil.example", false),
        ("https://evilapp.example", false),
        ("https://app.exampl", false),
        ("null", false),
        ("*", false),
        ("", false),
    ] {
        let asked = [("origin", origin), ("access-control-request-method", "GET")];
        let answer = preflight(section(), &asked);
        assert_eq!(answer.is_some(), expected, "{origin}");
        assert_eq!(
            answer.as_ref().and_then(allowed),
            expected.then_some("https://app.example"),
            "what is configured is said, not what was sent"
        );
        let answer = dressed(section(), "GET", &[("origin", origin)]);
        assert_eq!(allowed(&answer), expected.then_some("https://app.example"), "{origin}");
    }
}

#[test]
fn ymera_24_a_preflight_gets_what_is_listed_and_nothing_else() {
    let mut section = section();
    section.methods = ["GET", "PUT"].map(|name| MethodName(name.parse().unwrap())).into();
    section.headers =
        ["authorization", "x-one"].map(|name| FieldName(name.parse().unwrap())).into();
    section.credentials = true;
    section.max_age = std::time::Duration::from_secs(3600);
    for (method, headers, expected) in [
        ("PUT", "", true),
        ("GET", "x-one", true),
        ("GET", "X-One, authorization", true),
        ("POST", "", false),
        ("DELETE", "", false),
        ("put", "", false),
        ("", "", false),
        ("PUT", "x-two", false),
        ("PUT", "x-one,x-two", false),
        ("PUT", "content-type", false),
        ("PUT", "*", false),
    ] {
        let asked = [
            ("origin", "https://app.example"),
            ("access-control-request-method", method),
            ("access-control-request-headers", headers),
        ];
        let answer = preflight(section.clone(), &asked);
        assert_eq!(answer.is_some(), expected, "{method} {headers}");
        let Some(answer) = answer else { continue };
        let said = |name: &str| answer.get(name).map(|value| value.to_str().unwrap());
        assert_eq!(said("access-control-allow-methods"), Some("GET, PUT"));
        assert_eq!(said("access-control-allow-headers"), Some("authorization, x-one"));
        assert_eq!(said("access-control-allow-credentials"), Some("true"));
        assert_eq!(said("access-control-max-age"), Some("3600"));
        assert!(said("vary").unwrap().starts_with("Origin, "));
    }
}

#[test]
fn the_applications_own_word_is_replaced_whoever_asks() {
    let mut with_credentials = section();
    with_credentials.credentials = true;
    with_credentials.expose = vec![FieldName("x-total".parse().unwrap())];
    let listed = [("origin", "https://app.example")];
    for (section, headers, origin, credentials, expose) in [
        (section(), &[][..], None, false, None),
        (section(), &[("origin", "https://api.example")], None, false, None),
        (section(), &[("origin", "https://evil.example")], None, false, None),
        (section(), &listed, Some("https://app.example"), false, None),
        (with_credentials, &listed, Some("https://app.example"), true, Some("x-total")),
        (any(), &[], Some("*"), false, None),
        (any(), &[("origin", "https://evil.example")], Some("*"), false, None),
        (any(), &[("origin", "null")], Some("*"), false, None),
    ] {
        let is_any = section.origins.contains(&AllowedOrigins::Any);
        let answer = dressed(section, "GET", headers);
        let about = format!("{headers:?}: {answer:?}");
        assert_eq!(allowed(&answer), origin, "{about}");
        assert_eq!(answer.contains_key("access-control-allow-credentials"), credentials, "{about}");
        assert!(!answer.contains_key("access-control-allow-methods"), "{about}");
        let exposed = answer.get("access-control-expose-headers");
        assert_eq!(exposed.map(|value| value.to_str().unwrap()), expose, "{about}");
        let vary: Vec<_> =
            answer.get_all(VARY).iter().map(|value| value.to_str().unwrap()).collect();
        let expected: &[_] = if is_any { &["accept"] } else { &["accept", "Origin"] };
        assert_eq!(vary, expected, "{about}");
    }
}

#[test]
fn a_method_that_is_not_listed_is_not_granted_either() {
    let mut section = any();
    section.methods = vec![MethodName(http::Method::GET)];
    let page = [("origin", "https://app.example")];
    assert_eq!(allowed(&dressed(section.clone(), "GET", &page)), Some("*"));
    assert_eq!(allowed(&dressed(section.clone(), "POST", &page)), None);
    section.unlisted = Unlisted::Refuse;
    let verdict = Cors::new(section).judge(&request("POST", API, &page));
    assert!(matches!(verdict, Verdict::Deny(_)), "{verdict:?}");
}

#[test]
fn null_is_an_origin_only_where_that_is_asked_for() {
    let asked = [("origin", "null"), ("access-control-request-method", "POST")];
    assert!(preflight(section(), &asked).is_none());
    let risky = CorsSection { dangerous_null_origin: true, ..section() };
    assert_eq!(allowed(&preflight(risky.clone(), &asked).unwrap()), Some("null"));
    let only = CorsSection { dangerous_null_origin: true, ..CorsSection::default() };
    assert!(Cors::new(only).stages().request);
    assert!(!Cors::new(CorsSection::default()).stages().answer);
}

#[test]
fn private_networks_are_reached_only_where_that_is_allowed() {
    let asked = [
        ("origin", "https://app.example"),
        ("access-control-request-method", "GET"),
        ("access-control-request-private-network", "true"),
    ];
    assert!(preflight(section(), &asked).is_none());
    let open = CorsSection { private_network: true, ..section() };
    let answer = preflight(open.clone(), &asked).unwrap();
    assert_eq!(answer.get("access-control-allow-private-network").unwrap(), "true");
    let answer = preflight(open, &asked[..2]).unwrap();
    assert!(!answer.contains_key("access-control-allow-private-network"));
}

#[test]
fn every_header_does_not_mean_authorization() {
    let mut section = any();
    section.headers = vec![FieldName("*".parse().unwrap())];
    for (name, expected) in [("x-any", true), ("authorization", false), ("Authorization", false)] {
        let asked = [
            ("origin", "https://app.example"),
            ("access-control-request-method", "GET"),
            ("access-control-request-headers", name),
        ];
        assert_eq!(preflight(section.clone(), &asked).is_some(), expected, "{name}");
    }
}

#[test]
fn a_question_without_a_method_to_follow_is_no_preflight() {
    let guard = Cors::new(section());
    for headers in [
        &[("origin", "https://app.example")][..],
        &[("access-control-request-method", "GET")],
        &[("origin", "https://api.example"), ("access-control-request-method", "GET")],
    ] {
        let verdict = guard.judge(&request("OPTIONS", API, headers));
        assert!(matches!(verdict, Verdict::Pass | Verdict::PassWith(_)), "{headers:?} {verdict:?}");
    }
}

use http::HeaderMap;

use super::*;

fn apply(scheme: Scheme, sent: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, HeaderValue::from_static(value));
    }
    let has_policy = headers.contains_key("content-security-policy");
    let additions = csp::additions(&headers).filter(|_| has_policy);
    edits(scheme, !has_policy).apply(&mut headers);
    if let Some(additions) = additions {
        headers.append("content-security-policy", additions);
    }
    headers
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn sci_d24_every_header_is_there_once() {
    let headers = apply(
        Scheme::Https,
        &[
            ("x-content-type-options", "nosniff"),
            ("x-content-type-options", "nosniff"),
            ("x-xss-protection", "1; mode=block"),
            ("server", "Werkzeug/3.0"),
            ("x-powered-by", "PHP/8"),
        ],
    );
    assert_eq!(values(&headers, "x-content-type-options"), ["nosniff"]);
    assert_eq!(values(&headers, "x-frame-options"), ["SAMEORIGIN"]);
    assert_eq!(values(&headers, "strict-transport-security"), ["max-age=63072000"]);
    for gone in ["server", "x-powered-by", "x-xss-protection"] {
        assert!(values(&headers, gone).is_empty(), "{gone}");
    }
}

#[test]
fn plain_loopback_is_plain() {
    assert!(values(&apply(Scheme::Http, &[]), "strict-transport-security").is_empty());
}

#[test]
fn the_floor_is_added_to_the_applications_own_policy() {
    for (own, added) in [
        ("default-src 'self'", Some("object-src 'none'; base-uri 'self'; frame-ancestors 'self'")),
        ("frame-ancestors https://portal.example; base-uri 'none'", Some("object-src 'none'")),
        ("OBJECT-SRC 'none';base-uri 'self'; frame-ancestors *", None),
    ] {
        let headers = apply(Scheme::Http, &[("content-security-policy", own)]);
        let mut expected = vec![own.to_owned()];
        expected.extend(added.map(str::to_owned));
        assert_eq!(values(&headers, "content-security-policy"), expected, "{own}");
    }
    let headers = apply(Scheme::Http, &[]);
    assert_eq!(
        values(&headers, "content-security-policy"),
        ["object-src 'none'; base-uri 'self'; frame-ancestors 'self'"]
    );
}

#[test]
fn every_telltale_is_removed() {
    for name in TELLTALES {
        assert!(is_telltale(name), "{name}");
    }
    assert!(!is_telltale("set-cookie"));
}

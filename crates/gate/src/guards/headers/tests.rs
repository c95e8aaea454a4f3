use std::time::Duration;

use http::HeaderValue;

use super::*;

fn apply(
    section: &HeadersSection,
    reached: Reached,
    sent: &[(&'static str, &'static str)],
) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in sent {
        headers.append(*name, HeaderValue::from_static(value));
    }
    let is_strict = section.profile == Profile::Strict;
    let caching = if is_strict { caching(&headers) } else { Caching::Said };
    Prepared::new(section).edits(reached, caching).apply(&mut headers);
    headers
}

fn strict() -> HeadersSection {
    HeadersSection { profile: Profile::Strict, ..HeadersSection::default() }
}

fn values(headers: &HeaderMap, name: &str) -> Vec<String> {
    headers.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

/// What an application says that has been told to send headers in two places.
const DOUBLED: [(&str, &str); 12] = [
    ("x-content-type-options", "nosniff"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("x-frame-options", "SAMEORIGIN"),
    ("referrer-policy", "no-referrer"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", "max-age=1"),
    ("strict-transport-security", "max-age=2"),
    ("cross-origin-opener-policy", "unsafe-none"),
    ("x-xss-protection", "1; mode=block"),
    ("server", "Werkzeug/3.0"),
    ("x-powered-by", "PHP/8"),
];

#[test]
fn sci_d24_every_header_is_there_once() {
    let headers = apply(&HeadersSection::default(), Reached::Public, &DOUBLED);
    for (name, expected) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "SAMEORIGIN"),
        ("referrer-policy", "no-referrer"),
        ("strict-transport-security", "max-age=63072000"),
        ("cross-origin-opener-policy", "unsafe-none"),
    ] {
        assert_eq!(values(&headers, name), [expected], "{name}");
    }
    let headers = apply(&strict(), Reached::Public, &DOUBLED);
    for (name, expected) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("referrer-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
        ("cache-control", "no-store"),
    ] {
        assert_eq!(values(&headers, name), [expected], "{name}");
    }
    for gone in ["server", "x-powered-by", "x-xss-protection"] {
        assert!(values(&headers, gone).is_empty(), "{gone}");
    }
}

#[test]
fn plain_and_private_names_have_no_hsts() {
    for section in [HeadersSection::default(), strict()] {
        for reached in [Reached::Plain, Reached::Private] {
            let headers = apply(&section, reached, &[("strict-transport-security", "max-age=9")]);
            assert!(values(&headers, "strict-transport-security").is_empty(), "{reached:?}");
        }
    }
    for (host, expected) in [
        ("shop.example.org", true),
        ("wiki", true),
        ("localhost.example.org", true),
        ("mylocal", true),
        ("localhost", false),
        ("app.localhost", false),
        ("printer.local", false),
        ("db.internal", false),
        ("127.0.0.1", false),
        ("[::1]", false),
        ("203.0.113.7", false),
        ("", false),
    ] {
        assert_eq!(is_public_name(host), expected, "{host}");
    }
}

#[test]
fn hsts_is_what_the_settings_say() {
    let section = HeadersSection {
        hsts_max_age: Duration::from_secs(31_536_000),
        hsts_subdomains: Some(true),
        hsts_preload: true,
        ..HeadersSection::default()
    };
    let headers = apply(&section, Reached::Public, &[]);
    let expected = "max-age=31536000; includeSubDomains; preload";
    assert_eq!(values(&headers, "strict-transport-security"), [expected]);
}

#[test]
fn what_says_nothing_about_caching_is_asked_about_under_strict() {
    for (sent, expected) in [
        (&[][..], "no-store"),
        (&[("etag", "\"1\"")], "no-cache"),
        (&[("last-modified", "Thu, 01 Jan 1970 00:00:00 GMT")], "no-cache"),
        (&[("cache-control", "public, max-age=60")], "public, max-age=60"),
    ] {
        let headers = apply(&strict(), Reached::Plain, sent);
        assert_eq!(values(&headers, "cache-control"), [expected], "{sent:?}");
        let headers = apply(&HeadersSection::default(), Reached::Plain, &[]);
        assert!(values(&headers, "cache-control").is_empty());
    }
}

#[test]
fn every_telltale_is_removed() {
    assert!(telltales::TELLTALES.is_sorted(), "they are looked up by halves");
    for name in telltales::WITHOUT_X.iter().chain(&telltales::TELLTALES) {
        assert!(telltales::is_telltale(name), "{name}");
    }
    assert!(!telltales::is_telltale("set-cookie"));
}

#[test]
fn an_answer_costs_no_allocation() {
    for (section, reached) in
        [(HeadersSection::default(), Reached::Public), (strict(), Reached::Plain)]
    {
        let prepared = Prepared::new(&section);
        // A value is shared from its first use on.
        prepared.edits(reached, Caching::Said).apply(&mut HeaderMap::new());
        let mut headers = HeaderMap::with_capacity(64);
        headers.insert("content-type", HeaderValue::from_static("text/html"));
        headers.insert("content-length", HeaderValue::from_static("1"));
        let counted = allocation_counter::measure(|| {
            let edits = prepared.edits(reached, Caching::Said);
            edits.apply(&mut headers);
        });
        assert_eq!(counted.count_total, 0, "{section:?}");
        assert!(headers.contains_key("x-frame-options"));
    }
}

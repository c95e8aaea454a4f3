use super::*;
use crate::pipeline::Scheme;
use crate::pipeline::sample::request;

const APP: (Scheme, &str) = (Scheme::Https, "app.example");

fn guard(trusted: &[&str], same_site: SameSite) -> Csrf {
    Csrf { trusted: trusted.iter().map(|origin| origin.parse().unwrap()).collect(), same_site }
}

fn strict() -> Csrf {
    guard(&[], SameSite::Refuse)
}

fn passes(guard: &Csrf, exchange: &Exchange) -> bool {
    matches!(guard.inspect(exchange), Inspection::Ready(Ok(Verdict::Pass)))
}

#[test]
fn etsm_d01_the_browsers_word_decides_in_this_order() {
    for (headers, expected) in [
        // Programs say nothing of this.
        (&[][..], true),
        (&[("cookie", "sid=1")], true),
        // Fetch Metadata, whatever else is said.
        (&[("sec-fetch-site", "same-origin")], true),
        (&[("sec-fetch-site", "none")], true),
        (&[("sec-fetch-site", "same-site")], false),
        (&[("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "same-origin"), ("origin", "null")], true),
        (&[("sec-fetch-site", "cross-site"), ("origin", "https://app.example")], false),
        (&[("sec-fetch-site", "same-site"), ("origin", "https://app.example")], false),
        (&[("sec-fetch-site", "cross-site"), ("referer", "https://app.example/")], false),
        (&[("sec-fetch-site", "")], false),
        (&[("sec-fetch-site", "Same-Origin")], false),
        (&[("sec-fetch-site", "same-origin, cross-site")], false),
        (&[("sec-fetch-site", "same-origin"), ("sec-fetch-site", "cross-site")], false),
        (&[("sec-fetch-site", "\u{e9}")], false),
        // Else the origin: scheme, host and port.
        (&[("origin", "https://app.example")], true),
        (&[("origin", "https://app.example:443")], true),
        (&[("origin", "http://app.example")], false),
        (&[("origin", "https://app.example:8443")], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "https://sub.app.example")], false),
        (&[("origin", "https://app.example.evil.example")], false),
        (&[("origin", "https://app.example@evil.example")], false),
        (&[("origin", "https://app.example/")], false),
        (&[("origin", "app.example")], false),
        (&[("origin", "null")], false),
        (&[("origin", "")], false),
        (&[("origin", "file://")], false),
        (&[("origin", "https://app.example"), ("origin", "https://evil.example")], false),
        (&[("origin", "https://app.example https://evil.example")], false),
        (&[("origin", "https://evil.example"), ("referer", "https://app.example/")], false),
        // Else the page's address.
        (&[("referer", "https://app.example/form?x#y")], true),
        (&[("referer", "https://evil.example/https://app.example/")], false),
        (&[("referer", "https://app.example.evil.example/")], false),
        (&[("referer", "https://app.example@evil.example/")], false),
        (&[("referer", "http://app.example/")], false),
        (&[("referer", "about:blank")], false),
        (&[("referer", "")], false),
        (&[("referer", "https://app.example/"), ("referer", "https://evil.example/")], false),
    ] {
        for method in ["POST", "PUT", "PATCH", "DELETE", "MERGE"] {
            let exchange = request(method, APP, headers);
            assert_eq!(passes(&strict(), &exchange), expected, "{method} {headers:?}");
        }
    }
}

#[test]
fn reading_is_free_and_a_websocket_is_not_reading() {
    let foreign = [("origin", "https://evil.example"), ("sec-fetch-site", "cross-site")];
    for method in ["GET", "HEAD", "OPTIONS"] {
        assert!(passes(&strict(), &request(method, APP, &foreign)), "{method}");
    }
    for (headers, expected) in [
        (&foreign[..], false),
        (&[("origin", "https://evil.example")], false),
        (&[("origin", "null")], false),
        (&[("origin", "https://app.example")], true),
        (&[], true),
    ] {
        let mut handshake = request("GET", APP, headers);
        handshake.is_websocket = true;
        assert_eq!(passes(&strict(), &handshake), expected, "{headers:?}");
    }
}

#[test]
fn the_origin_is_the_one_that_the_client_asked_for() {
    for (scheme, authority, origin, expected) in [
        (Scheme::Http, "127.0.0.1:8080", "http://127.0.0.1:8080", true),
        (Scheme::Http, "127.0.0.1:8080", "http://localhost:8080", false),
        (Scheme::Http, "localhost:80", "http://localhost", true),
        (Scheme::Http, "[::1]:8080", "http://[::1]:8080", true),
        (Scheme::Http, "[::80]", "http://[::80]", true),
        (Scheme::Https, "app.example:443", "https://app.example", true),
        (Scheme::Https, "app.example:80", "https://app.example", false),
        (Scheme::Http, "app.example:443", "http://app.example", false),
        (Scheme::Http, "app.example", "https://app.example", false),
    ] {
        let exchange = request("POST", (scheme, authority), &[("origin", origin)]);
        assert_eq!(passes(&strict(), &exchange), expected, "{scheme} {authority} {origin}");
    }
}

#[test]
fn trusted_origins_are_exact_and_neighbours_a_choice() {
    let trusting = guard(&["https://editor.example"], SameSite::Refuse);
    for (origin, expected) in [
        ("https://editor.example", true),
        ("http://editor.example", false),
        ("https://editor.example:8443", false),
        ("https://x.editor.example", false),
    ] {
        for site in ["cross-site", "same-site"] {
            let headers = [("origin", origin), ("sec-fetch-site", site)];
            assert_eq!(passes(&trusting, &request("POST", APP, &headers)), expected, "{origin}");
        }
        let referer = format!("{origin}/page");
        let exchange = request("POST", APP, &[("referer", &referer)]);
        assert_eq!(passes(&trusting, &exchange), expected, "{referer}");
    }
    let neighbourly = guard(&[], SameSite::Allow);
    assert!(passes(&neighbourly, &request("POST", APP, &[("sec-fetch-site", "same-site")])));
    assert!(!passes(&neighbourly, &request("POST", APP, &[("sec-fetch-site", "cross-site")])));
}

#[test]
fn samo_d54_an_origin_listed_without_credentials_may_not_use_any() {
    let headers = [("origin", "https://page.example"), ("sec-fetch-site", "cross-site")];
    for (with_credentials, credential, expected) in [
        (true, None, true),
        (true, Some("cookie"), true),
        (false, None, true),
        (false, Some("cookie"), false),
        (false, Some("authorization"), false),
    ] {
        let mut exchange = request("POST", APP, &headers);
        exchange.facts.state(AllowedOrigin { with_credentials });
        if let Some(name) = credential {
            exchange.headers.insert(name, "x".parse().unwrap());
        }
        assert_eq!(passes(&strict(), &exchange), expected, "{with_credentials} {credential:?}");
    }
}

#[test]
fn evidence_shows_what_was_said_and_nothing_of_the_pages_address() {
    let headers = [("origin", "null"), ("referer", "https://evil.example/?token=secret")];
    let evidence = source::evidence(&request("POST", APP, &headers));
    assert_eq!(
        evidence,
        "origin `null`, referer `https://evil.example`, asked at `https://app.example`"
    );
}

use std::sync::Arc;

use http::header::CONTENT_SECURITY_POLICY;
use http::{HeaderMap, HeaderValue};
use mantlet_types::SystemRng;

use super::nonce::Nonce;
use super::policy::Policy;
use super::*;

fn strict() -> CspSection {
    CspSection { profile: Some(Profile::Strict), ..CspSection::default() }
}

#[test]
fn samo_d52_the_strict_policy_covers_what_default_src_does_not() {
    let policy = Policy::strict(&strict(), Scheme::Https).plain();
    assert_eq!(
        policy,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
         font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; \
         worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
         object-src 'none'"
    );
}

#[test]
fn a_page_has_its_own_nonce_in_scripts_and_styles() {
    let policy = Policy::strict(&strict(), Scheme::Https);
    let (one, two) = (Nonce::fresh(&SystemRng), Nonce::fresh(&SystemRng));
    assert_ne!(one.as_str(), two.as_str());
    assert_eq!(one.as_str().len(), 24);
    let text = policy.with(&one).to_str().unwrap().to_owned();
    assert!(text.contains(&format!("script-src 'nonce-{}' 'self';", one.as_str())), "{text}");
    assert!(text.contains(&format!("style-src 'nonce-{}' 'self';", one.as_str())), "{text}");
    assert!(!format!("{one:?}").contains(one.as_str()));
}

#[test]
fn sci_d23_hashes_and_nonces_come_before_what_is_unsafe() {
    let source = |text: &'static str| Source::known(text);
    let section = CspSection {
        strict_dynamic: true,
        trusted_types: true,
        report: true,
        style_src: vec![source("'self'"), source("'unsafe-inline'")],
        script_src: vec![source("'none'")],
        ..strict()
    };
    let nonce = Nonce::fresh(&SystemRng);
    let text = Policy::strict(&section, Scheme::Https).with(&nonce).to_str().unwrap().to_owned();
    let scripts =
        format!("script-src 'nonce-{}' 'strict-dynamic' 'report-sample';", nonce.as_str());
    assert!(text.contains(&scripts), "{text}");
    // With a nonce, browsers would not heed `'unsafe-inline'`.
    assert!(text.contains("style-src 'self' 'unsafe-inline' 'report-sample';"), "{text}");
    assert!(text.contains("require-trusted-types-for 'script'"), "{text}");
    assert!(text.ends_with("report-uri /.mantlet/csp-report; report-to mantlet-csp"), "{text}");
    let text = Policy::strict(&section, Scheme::Http).plain().to_str().unwrap().to_owned();
    assert!(text.ends_with("report-uri /.mantlet/csp-report"), "{text}");
    let text = Policy::strict(&section, Scheme::Https).plain().to_str().unwrap().to_owned();
    assert!(text.contains("script-src 'none';"), "{text}");
}

#[test]
fn the_floor_is_added_to_the_applications_own_policy() {
    for (own, added) in [
        ("default-src 'self'", Some("object-src 'none'; base-uri 'self'; frame-ancestors 'self'")),
        ("frame-ancestors https://portal.example; base-uri 'none'", Some("object-src 'none'")),
        ("OBJECT-SRC 'none';base-uri 'self'; frame-ancestors *", None),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(own));
        let addition = floor::additions(&headers);
        assert_eq!(addition.as_ref().map(|value| value.to_str().unwrap()), added, "{own}");
    }
}

#[test]
fn a_policy_without_a_nonce_costs_no_allocation() {
    let csp = Csp {
        is_strict: true,
        http: Policy::strict(&strict(), Scheme::Http),
        https: Policy::strict(&strict(), Scheme::Https),
        plain: Edits::from(vec![HeaderEdit::Set(CONTENT_SECURITY_POLICY, floor::VALUE)]),
        nonces: None,
        reports: None,
    };
    let mut headers = HeaderMap::with_capacity(16);
    let counted = allocation_counter::measure(|| {
        let edits = csp.without_nonce(&headers, false);
        edits.apply(&mut headers);
    });
    assert_eq!(counted.count_total, 0);
    assert!(headers.contains_key(CONTENT_SECURITY_POLICY));
}

#[test]
fn kinds_of_bodies_are_told_apart() {
    use super::media::Media;
    for (kind, expected) in [
        ("text/html; charset=utf-8", Media::Page),
        ("TEXT/HTML", Media::Page),
        ("application/xhtml+xml", Media::Page),
        ("text/plain", Media::Text),
        ("application/json", Media::Text),
        ("application/problem+json", Media::Text),
        ("image/svg+xml", Media::Text),
        ("text/event-stream", Media::Text),
        ("multipart/byteranges; boundary=x", Media::Text),
        ("", Media::Text),
        ("image/png", Media::Opaque),
        ("application/octet-stream", Media::Opaque),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", HeaderValue::from_static(kind));
        assert_eq!(Media::of(&headers), expected, "{kind}");
    }
    assert_eq!(Media::of(&HeaderMap::new()), Media::Text);
}

#[test]
fn inline_scripts_and_styles_are_hashed_as_browsers_do() {
    let clock: Arc<dyn mantlet_types::Clock> = Arc::new(mantlet_types::SystemClock::new());
    let reports = Arc::new(Reports::in_memory(clock, mantlet_event::Metrics::new()));
    let page = "<!doctype html><title><script>no</script></title><!-- <script>no</script> -->\
        <script>alert('1')</script><script type=application/json>{}</script>\
        <script src=/a.js>no</script><style>p { color: red }</style>\r\n\
        <script type=\"text/javascript\">one();\r\ntwo();\r</script><textarea><script>no</script></textarea>";
    for size in [1, 7, 1000] {
        let mut inline = page::Inline::new(Arc::clone(&reports), "/x".to_owned());
        page.as_bytes().chunks(size).for_each(|chunk| inline.look(chunk));
    }
    let known: Vec<(String, String, u64)> =
        reports.known().into_iter().map(|one| (one.directive, one.source, one.count)).collect();
    assert_eq!(known.len(), 3, "{known:?}");
    let hash = |text: &str| {
        use base64::Engine as _;
        let digest = mantlet_crypto::sha256(text.as_bytes());
        format!("'sha256-{}'", base64::engine::general_purpose::STANDARD.encode(digest))
    };
    for (directive, text) in [
        ("script-src", "alert('1')"),
        ("script-src", "one();\ntwo();\n"),
        ("style-src", "p { color: red }"),
    ] {
        let wanted = (directive.to_owned(), hash(text), 3);
        assert!(known.contains(&wanted), "{text}: {known:?}");
    }
}

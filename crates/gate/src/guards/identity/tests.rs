use http::header::COOKIE;
use http::{HeaderName, HeaderValue};

use super::guard::{Identity, pass};
use super::presented::{Kind, Presented};
use crate::pipeline::sample::exchange;
use crate::pipeline::{Changes, Edits, Exchange, Guard as _, Inspection, Verdict};

fn is_own(token: &str) -> bool {
    let issuer = mantlet_crypto::jws::unchecked_claims(token)
        .map(|claims| claims.get("iss").and_then(|it| it.as_str()).map(str::to_owned));
    issuer.is_none_or(|issuer| issuer.as_deref() == Some("mantlet"))
}

fn presented(headers: &[(&str, &str)]) -> (Vec<Kind>, bool, bool) {
    let mut exchange = exchange();
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        exchange.headers.append(name, HeaderValue::from_str(value).unwrap());
    }
    let mut presented = Presented::of(&exchange);
    presented.settle(is_own);
    let kinds = presented.kinds();
    (kinds, presented.is_in_authorization, presented.is_in_key_header)
}

/// A token that names this issuer: header, claims, nothing signed.
fn token(claims: &str) -> String {
    use base64::Engine as _;
    let text = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    format!("eyJhbGciOiJub25lIn0.{text}.x")
}

#[test]
fn what_is_ours_is_told_from_what_is_the_applications() {
    let ours = format!("Bearer {}", token(r#"{"iss":"mantlet"}"#));
    let theirs = format!("Bearer {}", token(r#"{"iss":"other"}"#));
    let nobodys = format!("Bearer {}", token("{}"));
    let unreadable = "Bearer a.%%%.c";
    for (headers, kinds) in [
        (&[("authorization", "Bearer mk_live_x")][..], &[Kind::ApiKey][..]),
        (&[("authorization", "bEARER   mk_live_x ")], &[Kind::ApiKey]),
        (&[("authorization", "Basic mk_live_x")], &[]),
        (&[("authorization", "mk_live_x")], &[]),
        (&[("sec-websocket-protocol", "mantlet.ticket.x")], &[]),
        (&[("authorization", &ours)], &[Kind::Token]),
        (&[("authorization", unreadable)], &[Kind::Token]),
        (&[("authorization", &theirs)], &[]),
        (&[("authorization", &nobodys)], &[]),
        (&[("x-api-key", "mk_live_x")], &[Kind::ApiKey]),
        (&[("x-api-key", "sk_x")], &[]),
        (&[("x-api-key", "mk_a"), ("x-api-key", "mk_b")], &[Kind::ApiKey, Kind::ApiKey]),
        (&[("cookie", "mantlet-session=a; x=1")], &[Kind::Session]),
        (&[("cookie", "mantlet-session=a"), ("cookie", "mantlet-session=b")], &[Kind::Session; 2]),
        (&[("cookie", "__Host-mantlet-session=a")], &[]),
        (&[("cookie", "xmantlet-session=a")], &[]),
        (&[], &[]),
    ] {
        assert_eq!(presented(headers).0, kinds, "{headers:?}");
    }
}

#[test]
fn without_a_directory_everything_is_refused() {
    let guard = Identity::new(None);
    assert!(matches!(guard.inspect(&exchange()), Inspection::Ready(Err(_))));
}

#[test]
fn a_request_of_nobody_keeps_what_is_not_ours() {
    fn nothing(plain: &Exchange) -> Verdict {
        pass(plain, &Presented::of(plain), Changes::default())
    }
    let mut plain = exchange();
    plain.headers.insert(COOKIE, HeaderValue::from_static("a=1"));
    assert!(matches!(nothing(&plain), Verdict::Pass));
    plain.headers.insert(COOKIE, HeaderValue::from_static("a=1; mantlet-device=x"));
    let verdict = nothing(&plain);
    let Verdict::PassWith(changes) = verdict else { panic!("{verdict:?}") };
    Edits::from(changes.headers).apply(&mut plain.headers);
    assert_eq!(plain.headers.get(COOKIE).unwrap(), "a=1");
}

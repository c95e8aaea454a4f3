use mantlet_config::{Scalar as _, Value};
use proptest::prelude::*;

use super::*;

fn guard() -> Cookies {
    let name = |text: &str| CookieName::parse(&Value::String(text.to_owned())).unwrap();
    let section = CookiesSection {
        script_readable: vec![name("theme"), name("ui_*"), name("__Host-Http-x")],
        cross_site: vec![name("embed")],
        dangerous_insecure: vec![name("old*"), name("__Secure-old")],
        ..CookiesSection::default()
    };
    Cookies { section }
}

fn harden(guard: &Cookies, text: &str, is_https: bool) -> String {
    let hardened = guard.harden(text.as_bytes(), is_https);
    hardened.map_or_else(|| text.to_owned(), |text| String::from_utf8(text).unwrap())
}

#[test]
fn cookies_get_what_they_lack_and_keep_what_they_have() {
    for (sent, expected) in [
        ("sid=1", "sid=1; Secure; HttpOnly; SameSite=Lax"),
        ("sid=1; Path=/; HttpOnly", "sid=1; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("sid=1; secure; httponly; samesite=None", "sid=1; secure; httponly; samesite=None"),
        ("sid=1; Secure; HttpOnly; SameSite=Strict", "sid=1; Secure; HttpOnly; SameSite=Strict"),
        ("_streamlit_xsrf=1; Path=/", "_streamlit_xsrf=1; Path=/; Secure; SameSite=Lax"),
        ("XSRF-TOKEN=1", "XSRF-TOKEN=1; Secure; SameSite=Lax"),
        ("theme=dark", "theme=dark; Secure; SameSite=Lax"),
        ("ui_width=9", "ui_width=9; Secure; SameSite=Lax"),
        ("Theme=dark", "Theme=dark; Secure; HttpOnly; SameSite=Lax"),
        ("embed=1", "embed=1; Secure; HttpOnly"),
        ("old_one=1", "old_one=1; HttpOnly; SameSite=Lax"),
        ("secure=1; path=/httponly", "secure=1; path=/httponly; Secure; HttpOnly; SameSite=Lax"),
        // Expiry, and so deletion, is the application's.
        (
            "sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT",
            "sid=; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT; Secure; HttpOnly; SameSite=Lax",
        ),
        (
            "a=1; Secure; Partitioned; SameSite=None",
            "a=1; Secure; Partitioned; SameSite=None; HttpOnly",
        ),
    ] {
        assert_eq!(harden(&guard(), sent, true), expected, "{sent}");
    }
}

#[test]
fn promises_of_names_are_kept_whatever_the_exceptions_say() {
    for (sent, expected) in [
        ("__Host-a=1; Path=/", "__Host-a=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("__Secure-old=1", "__Secure-old=1; Secure; HttpOnly; SameSite=Lax"),
        ("__Host-Http-x=1; Path=/", "__Host-Http-x=1; Path=/; Secure; HttpOnly; SameSite=Lax"),
        ("__host-HTTP-csrf=1", "__host-HTTP-csrf=1; Secure; HttpOnly; SameSite=Lax"),
        ("__Host-csrf=1; Secure; Path=/", "__Host-csrf=1; Secure; Path=/; SameSite=Lax"),
    ] {
        assert_eq!(harden(&guard(), sent, true), expected, "{sent}");
    }
}

#[test]
fn malformed_cookies_are_read_as_browsers_read_them() {
    for (sent, expected) in [
        // Quotes do not hide a semicolon.
        ("a=\"x; Secure\"", "a=\"x; Secure\"; Secure; HttpOnly; SameSite=Lax"),
        ("a=1;;; HttpOnly ;", "a=1;;; HttpOnly ;; Secure; SameSite=Lax"),
        ("a=1; Secure=false; HttpOnly=no", "a=1; Secure=false; HttpOnly=no; SameSite=Lax"),
        // The last word counts, and one that nobody knows is none.
        ("a=1; SameSite=Lax; SameSite=None", "a=1; SameSite=Lax; SameSite=None; Secure; HttpOnly"),
        ("a=1; SameSite=Everywhere", "a=1; Secure; HttpOnly; SameSite=Lax"),
        ("a=1; SameSite", "a=1; Secure; HttpOnly; SameSite=Lax"),
        ("a=1; SameSite=Strict; samesite=x", "a=1; Secure; HttpOnly; SameSite=Lax"),
        ("csrf", "csrf; Secure; HttpOnly; SameSite=Lax"),
        ("", ""),
        (" = ", " = "),
        ("=v", "=v; Secure; HttpOnly; SameSite=Lax"),
    ] {
        assert_eq!(harden(&guard(), sent, true), expected, "{sent}");
    }
}

#[test]
fn plain_http_has_no_secure_cookies() {
    assert_eq!(harden(&guard(), "sid=1", false), "sid=1; HttpOnly; SameSite=Lax");
    assert_eq!(harden(&guard(), "__Host-a=1", false), "__Host-a=1; HttpOnly; SameSite=Lax");
}

#[test]
fn other_words_for_other_sites_can_be_chosen() {
    for (same_site, expected) in
        [(SameSite::Strict, "a=1; HttpOnly; SameSite=Strict"), (SameSite::Off, "a=1; HttpOnly")]
    {
        let guard = Cookies { section: CookiesSection { same_site, ..CookiesSection::default() } };
        assert_eq!(harden(&guard, "a=1", false), expected);
    }
}

#[test]
fn every_line_is_hardened_and_none_is_lost() {
    let mut headers = HeaderMap::new();
    for cookie in ["a=1", "b=2; Secure; HttpOnly; SameSite=Lax", "c=3; HttpOnly"] {
        headers.append(SET_COOKIE, HeaderValue::from_static(cookie));
    }
    guard().harden_all(&headers.clone(), true).apply(&mut headers);
    let all: Vec<_> = headers.get_all(SET_COOKIE).iter().map(|v| v.to_str().unwrap()).collect();
    assert_eq!(
        all,
        [
            "a=1; Secure; HttpOnly; SameSite=Lax",
            "b=2; Secure; HttpOnly; SameSite=Lax",
            "c=3; HttpOnly; Secure; SameSite=Lax"
        ]
    );
}

proptest! {
    #[test]
    fn a_hardened_cookie_is_hard_and_lacks_nothing_more(text in "[ -~\t]{0,60}") {
        let guard = Cookies { section: CookiesSection::default() };
        let once = harden(&guard, &text, true);
        prop_assert_eq!(&harden(&guard, &once, true), &once);
        let cookie = Cookie::parse(once.as_bytes());
        let lower = String::from_utf8_lossy(cookie.name()).to_lowercase();
        if !cookie.is_empty() {
            prop_assert!(cookie.has("secure") && cookie.has_same_site(), "{}", once);
            prop_assert!(cookie.has("httponly") || lower.contains("csrf") || lower.contains("xsrf"));
        }
        prop_assert!(once.split(';').next() == text.split(';').next());
    }
}

use super::*;

#[test]
fn cookies_get_what_they_lack_and_keep_what_they_have() {
    let guard = Cookies { script_readable: vec!["theme".into()] };
    for (sent, expected) in [
        ("sid=1", "sid=1; Secure; HttpOnly; SameSite=Lax"),
        ("sid=1; Path=/; HttpOnly", "sid=1; Path=/; HttpOnly; Secure; SameSite=Lax"),
        ("sid=1; secure; httponly; samesite=None", "sid=1; secure; httponly; samesite=None"),
        ("_streamlit_xsrf=1; Path=/", "_streamlit_xsrf=1; Path=/; Secure; SameSite=Lax"),
        ("XSRF-TOKEN=1", "XSRF-TOKEN=1; Secure; SameSite=Lax"),
        ("theme=dark", "theme=dark; Secure; SameSite=Lax"),
        ("secure=1; path=/httponly", "secure=1; path=/httponly; Secure; HttpOnly; SameSite=Lax"),
        ("", "; Secure; HttpOnly; SameSite=Lax"),
    ] {
        assert_eq!(guard.harden(&HeaderValue::from_static(sent)), expected, "{sent}");
    }
}

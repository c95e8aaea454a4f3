//! The protocol itself, used in ways no honest client does.

use super::bytes::{contains_any, is_any, starts_with_any};
use super::finding::{Class, Findings};
use super::inspector::{Detectors, about_request};

/// The head of a request, as far as it is judged as a whole.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    /// The method, as sent.
    pub method: &'a [u8],
    /// The host the request is for, without a port; empty when unknown.
    pub host: &'a [u8],
    /// Every header with its name in lower case.
    pub headers: &'a [(&'a str, &'a [u8])],
    /// The names of the parameters, decoded.
    pub parameters: &'a [&'a [u8]],
}

impl Detectors {
    /// Judges the head as a whole: methods, ranges, charsets, sessions handed in by strangers.
    #[must_use]
    pub fn inspect_head(&self, head: &Head<'_>) -> Findings {
        let mut findings = Findings::default();
        let mut note =
            |class, confidence, reason| findings.add(about_request(class, confidence, reason));
        if is_any(head.method, &["trace", "track", "debug", "connect"]) {
            note(Class::Protocol, 70, "a method that only helps attackers");
        }
        let override_ =
            head.header("x-http-method-override").or_else(|| head.header("x-http-method"));
        if override_.is_some_and(|method| is_any(method, &["trace", "track", "connect", "debug"])) {
            note(Class::Protocol, 66, "a method that only helps attackers");
        }
        if ["range", "request-range"].iter().any(|name| head.header(name).is_some_and(is_flood)) {
            note(Class::Protocol, 66, "more ranges than any client needs");
        }
        let charset = head.header("content-type").filter(|value| contains_any(value, &["charset"]));
        if charset.is_some_and(|value| {
            contains_any(
                value,
                &["utf-7", "ibm037", "ibm500", "ibm1026", "cp037", "ibm924", "cp875"],
            )
        }) {
            note(Class::Protocol, 72, "a character set that hides text");
        }
        if head.header("content-type").is_some_and(hides_type) {
            note(Class::Protocol, 66, "a second media type among the parameters of the first");
        }
        if head.header("x-up-devcap-post-charset").is_some() {
            note(Class::Protocol, 66, "a character set that hides text");
        }
        if head.hands_in_session() {
            note(Class::Protocol, 62, "a session handed in from another site");
        }
        findings
    }
}

impl Head<'_> {
    fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value)
    }

    /// A parameter that sets the session, followed from a page of another site.
    fn hands_in_session(&self) -> bool {
        const SESSIONS: &[&str] = &[
            "phpsessid",
            "_session_id",
            "cakephp",
            "phpsession",
            "jsessionid",
            "jservsession",
            "jwsession",
            "aspsession",
            "asp.net_sessionid",
            "aspsessionid",
            "session_id",
            "sessionid",
            "session-id",
            "cfid",
            "cftoken",
            "cfsid",
            "sid",
            "connect.sid",
            "laravel_session",
            "ci_session",
            "rack.session",
            "zenid",
            "_flask_session",
            "flask_session",
            "play_session",
            "meteor_login_token",
            "symfony",
            "express.sid",
            "koa.sid",
            "koa.sess",
            "viewstate",
            "wordpress_logged_in",
            "wp_woocommerce_session",
            "next-auth.session-token",
            "__secure-next-auth.session-token",
            "__host-next-auth.csrf-token",
            "auth_session",
            "authlogic",
        ];
        let named = self
            .parameters
            .iter()
            .any(|name| is_any(name, SESSIONS) || starts_with_any(name, &["aspsession"]));
        let Some(referer) = self.header("referer").filter(|_| named) else { return false };
        let foreign = starts_with_any(referer, &["http://", "https://"]) && !self.host.is_empty();
        let lower = referer.to_ascii_lowercase();
        let authority = lower
            .splitn(3, |b| *b == b'/')
            .nth(2)
            .and_then(|rest| rest.split(|b| matches!(b, b'/' | b'?' | b'#')).next())
            .unwrap_or_default();
        let site = authority.split(|b| *b == b':').next().unwrap_or_default();
        foreign && !site.eq_ignore_ascii_case(self.host)
    }
}

/// A form whose parameters name another type, so that two readers see two. Types that are made to
/// name others (`multipart/related`, `application/xop+xml`) may.
fn hides_type(value: &[u8]) -> bool {
    let mut halves = value.splitn(2, |byte| *byte == b';');
    let first = halves.next().unwrap_or_default();
    let form = ["application/x-www-form-urlencoded", "multipart/form-data", "text/plain"];
    starts_with_any(first, &form)
        && halves
            .next()
            .is_some_and(|rest| contains_any(rest, &["application/", "text/", "multipart/"]))
}

/// More ranges than a player asks for (CVE-2011-3192).
fn is_flood(value: &[u8]) -> bool {
    starts_with_any(value, &["bytes="]) && value.iter().filter(|b| **b == b',').count() >= 5
}

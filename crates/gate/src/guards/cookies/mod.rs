//! Hardens the application's cookies.
//!
//! **Protects against** cookies that travel in clear, that scripts can read, or that other sites
//! can make the browser send.
//!
//! **Looks at** every `Set-Cookie`, as browsers read it.
//!
//! **Verdicts**: adds `HttpOnly` (except where scripts must read the cookie), `SameSite` where the
//! application says nothing or nothing that browsers know, and, where the outside scheme is https,
//! `Secure`; on plain loopback clients would drop such a cookie. What the application does say
//! stays: a stricter `SameSite`, expiry, path, domain, `Partitioned`. `SameSite=None` stays too: only
//! the application knows that other sites embed it. Names that begin with `__Host-`, `__Secure-` or
//! `__Http-` promise attributes without which browsers drop the cookie, so these are never left out.
//!
//! **Settings**: `mode`, `fail`, `same_site`, and exceptions by name: `script_readable`,
//! `cross_site`, `dangerous_insecure`.
//!
//! **Example**
//! ```toml
//! [guards.cookies]
//! script_readable = ["theme", "ui_*"]
//! cross_site = ["embed_session"]
//! ```

mod config;
mod cookie;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

pub use config::{CookieName, CookiesSection, SameSite};

use self::cookie::Cookie;
use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer, Scheme,
    Stages,
};

#[derive(Debug)]
struct Cookies {
    section: CookiesSection,
}

pub(super) fn build(section: &CookiesSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Cookies { section: section.clone() })
}

impl Guard for Cookies {
    fn stages(&self) -> Stages {
        Stages { answer: true, ..Stages::default() }
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        if !head.headers.contains_key(SET_COOKIE) {
            return Ok(AnswerVerdict::Pass);
        }
        let is_https = exchange.client.scheme == Scheme::Https;
        Ok(AnswerVerdict::Edit(self.harden_all(head.headers, is_https)))
    }
}

impl Cookies {
    fn harden_all(&self, headers: &HeaderMap, is_https: bool) -> Edits {
        let mut edits = vec![HeaderEdit::Remove(SET_COOKIE)];
        let cookies = headers.get_all(SET_COOKIE).iter();
        edits.extend(cookies.map(|cookie| {
            let hardened = self.harden(cookie.as_bytes(), is_https);
            let hardened = hardened.and_then(|text| HeaderValue::from_bytes(&text).ok());
            HeaderEdit::Append(SET_COOKIE, hardened.unwrap_or_else(|| cookie.clone()))
        }));
        Edits::from(edits)
    }

    /// The cookie with what it lacks; `None` when it lacks nothing.
    fn harden(&self, text: &[u8], is_https: bool) -> Option<Vec<u8>> {
        let cookie = Cookie::parse(text);
        if cookie.is_empty() {
            return None;
        }
        let promise = Promise::of(cookie.name());
        let mut added = Vec::new();
        if is_https && !cookie.has("secure") && (promise.secure || !self.may_be_insecure(&cookie)) {
            added.push("Secure");
        }
        let is_readable = !promise.http_only && self.is_script_readable(cookie.name());
        if !cookie.has("httponly") && !is_readable {
            added.push("HttpOnly");
        }
        added.extend(self.same_site(&cookie));
        (!added.is_empty()).then(|| cookie.with(&added))
    }

    fn same_site(&self, cookie: &Cookie<'_>) -> Option<&'static str> {
        let is_exempt = covers(&self.section.cross_site, cookie.name());
        if cookie.has_same_site() || is_exempt {
            return None;
        }
        match self.section.same_site {
            SameSite::Lax => Some("SameSite=Lax"),
            SameSite::Strict => Some("SameSite=Strict"),
            SameSite::Off => None,
        }
    }

    fn may_be_insecure(&self, cookie: &Cookie<'_>) -> bool {
        covers(&self.section.dangerous_insecure, cookie.name())
    }

    fn is_script_readable(&self, name: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        let is_token = |token: &[u8]| lower.windows(token.len()).any(|window| window == token);
        is_token(b"csrf") || is_token(b"xsrf") || covers(&self.section.script_readable, name)
    }
}

fn covers(names: &[CookieName], name: &[u8]) -> bool {
    names.iter().any(|known| known.covers(name))
}

/// What the beginning of a name promises (RFC 6265bis section 4.1.3); its case does not matter.
struct Promise {
    secure: bool,
    http_only: bool,
}

impl Promise {
    fn of(name: &[u8]) -> Self {
        let begins = |prefix: &[u8]| {
            name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let http_only = begins(b"__Http-") || begins(b"__Host-Http-");
        Self { secure: http_only || begins(b"__Host-") || begins(b"__Secure-"), http_only }
    }
}

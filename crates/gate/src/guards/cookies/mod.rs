//! Hardens the application's cookies.
//!
//! **Protects against** cookies that travel in clear, that scripts can read, or that other sites
//! can make the browser send.
//!
//! **Looks at** `Set-Cookie` on answers whose outside scheme is https; on plain loopback a `Secure`
//! cookie would simply be dropped by the client.
//!
//! **Verdicts**: adds `Secure`, adds `HttpOnly` (except where scripts must read the cookie), adds
//! `SameSite=Lax` where the application says nothing. What the application does say stays.
//!
//! **Settings**: `mode`, `fail`, `script_readable`.
//!
//! **Example**
//! ```toml
//! [guards.cookies]
//! script_readable = ["theme"]
//! ```

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::SET_COOKIE;
use http::{HeaderMap, HeaderValue};

pub use config::CookiesSection;

use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Edits, Exchange, Guard, GuardError, HeaderEdit, HeldAnswer, Scheme,
    Stages,
};

#[derive(Debug)]
struct Cookies {
    script_readable: Vec<String>,
}

pub(super) fn build(section: &CookiesSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Cookies { script_readable: section.script_readable.clone() })
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
        if exchange.client.scheme != Scheme::Https || !head.headers.contains_key(SET_COOKIE) {
            return Ok(AnswerVerdict::Pass);
        }
        Ok(AnswerVerdict::Edit(self.harden_all(head.headers)))
    }
}

impl Cookies {
    fn harden_all(&self, headers: &HeaderMap) -> Edits {
        let mut edits = vec![HeaderEdit::Remove(SET_COOKIE)];
        let cookies = headers.get_all(SET_COOKIE).iter();
        edits.extend(cookies.map(|cookie| HeaderEdit::Append(SET_COOKIE, self.harden(cookie))));
        Edits::from(edits)
    }

    fn harden(&self, cookie: &HeaderValue) -> HeaderValue {
        let text = cookie.as_bytes();
        let mut parts = text.split(|byte| *byte == b';');
        let name = parts.next().and_then(|pair| pair.split(|byte| *byte == b'=').next());
        let name = name.unwrap_or_default().trim_ascii();
        let attributes: Vec<&[u8]> = parts
            .map(|part| part.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii())
            .collect();
        let has = |wanted: &str| {
            attributes.iter().any(|name| name.eq_ignore_ascii_case(wanted.as_bytes()))
        };
        let mut hardened = text.to_vec();
        if !has("secure") {
            hardened.extend_from_slice(b"; Secure");
        }
        if !has("httponly") && !self.is_script_readable(name) {
            hardened.extend_from_slice(b"; HttpOnly");
        }
        if !has("samesite") {
            hardened.extend_from_slice(b"; SameSite=Lax");
        }
        HeaderValue::from_bytes(&hardened).unwrap_or_else(|_| cookie.clone())
    }

    fn is_script_readable(&self, name: &[u8]) -> bool {
        let lower = name.to_ascii_lowercase();
        let is_token = |token: &[u8]| lower.windows(token.len()).any(|window| window == token);
        is_token(b"csrf")
            || is_token(b"xsrf")
            || self.script_readable.iter().any(|known| known.as_bytes() == name)
    }
}

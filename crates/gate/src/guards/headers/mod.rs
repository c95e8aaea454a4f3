//! Sets security headers on every answer, refusals included, and removes what tells about the
//! software behind.
//!
//! **Protects against** clickjacking, type confusion, leaking addresses to other sites, downgrades to
//! plain HTTP, and fingerprinting. One authority: what goes out under these names goes out once.
//!
//! **Looks at** the headers of every answer.
//!
//! **Verdicts**: with profile `compatible` sets `X-Content-Type-Options` and
//! `X-Permitted-Cross-Domain-Policies`, and where the application does not say it itself
//! `X-Frame-Options: SAMEORIGIN`, `Referrer-Policy` and, over https, `Cross-Origin-Opener-Policy`.
//! With profile `strict` all of these are ours alone: frames and referrers of other sites are
//! refused, `Cross-Origin-Opener-Policy`, `Cross-Origin-Resource-Policy` and `Permissions-Policy` go
//! out, and what says nothing about caching is not cached without being asked about.
//! `Strict-Transport-Security` goes out over https and for public host names only: not for addresses,
//! `localhost`, and names that exist in one network (`.local`, `.internal`, `.test` and the like).
//! `Server`, `X-Powered-By`, `Via` and their kin are removed, and `X-XSS-Protection`, which is
//! obsolete. The Content-Security-Policy is the business of the guard `csp`.
//!
//! **Settings**: `mode`, `fail`, `profile`, `hsts_max_age`, `hsts_subdomains`, `hsts_preload`,
//! `referrer_policy`, `permissions_policy`, `embedder_policy`.
//!
//! **Example**
//! ```toml
//! [client]
//! trusted_proxies = ["10.0.0.2"]
//! [guards.headers]
//! profile = "strict"
//! permissions_policy = "camera=(), geolocation=(self)"
//! ```

mod config;
mod prepared;
mod telltales;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderMap;
use http::header::{CACHE_CONTROL, ETAG, EXPIRES, LAST_MODIFIED};

pub use config::{EmbedderPolicy, FieldText, HeadersSection, Profile, ReferrerPolicy};

use self::prepared::Prepared;
use super::Services;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Exchange, Guard, GuardError, HeldAnswer, Scheme, Stages,
};

/// Names that mean something in one network or on one machine only (RFC 6761, RFC 6762, RFC 8375).
const PRIVATE: [&str; 6] = ["localhost", "local", "internal", "test", "invalid", "home.arpa"];

#[derive(Debug)]
struct Headers {
    prepared: Prepared,
    is_strict: bool,
}

/// How a client has come to us, as far as headers depend on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reached {
    Plain,
    /// Over TLS, under a name that is nobody else's business.
    Private,
    /// Over TLS, under a public name.
    Public,
}

/// What an answer says about being cached, as far as we add to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caching {
    /// What there is to say is said.
    Said,
    /// Nothing, but it has a version to ask about.
    Versioned,
    /// Nothing.
    Unsaid,
}

pub(super) fn build(section: &HeadersSection, _services: &Services) -> Arc<dyn Guard> {
    let is_strict = section.profile == Profile::Strict;
    Arc::new(Headers { prepared: Prepared::new(section), is_strict })
}

impl Guard for Headers {
    fn stages(&self) -> Stages {
        Stages { answer: true, ..Stages::default() }
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        _held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        let reached = match exchange.client.scheme {
            Scheme::Http => Reached::Plain,
            Scheme::Https if is_public_name(&exchange.host) => Reached::Public,
            Scheme::Https => Reached::Private,
        };
        let caching = if self.is_strict { caching(head.headers) } else { Caching::Said };
        Ok(AnswerVerdict::Edit(self.prepared.edits(reached, caching)))
    }
}

/// Whether a host name can be meant by everyone in the same way.
#[must_use]
pub fn is_public_name(host: &str) -> bool {
    let is_address = host.starts_with('[') || host.parse::<std::net::IpAddr>().is_ok();
    let is_below = |name: &str| {
        host.strip_suffix(name).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    !host.is_empty() && !is_address && !PRIVATE.into_iter().any(is_below)
}

fn caching(headers: &HeaderMap) -> Caching {
    if headers.contains_key(CACHE_CONTROL) || headers.contains_key(EXPIRES) {
        Caching::Said
    } else if headers.contains_key(ETAG) || headers.contains_key(LAST_MODIFIED) {
        Caching::Versioned
    } else {
        Caching::Unsaid
    }
}

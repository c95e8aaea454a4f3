//! Establishes who asks: by the cookie of a session, an API key, a signed token or a ticket.
//!
//! **Protects against** forged, stolen and outlived credentials, and against requests that claim two
//! identities at once.
//!
//! **Looks at** our session cookie, `Authorization: Bearer`, `X-API-Key`, and in the handshake of a
//! WebSocket the subprotocol `mantlet.ticket.<ticket>`. What is not ours (the
//! application's own keys and tokens) goes on as it came. Where a request shows none, at the certificate
//! of its connection, where `[[identity.certificates]]` says for whom that stands. A credential that was verified a moment ago
//! is remembered; that it was revoked meanwhile is noticed within a second.
//!
//! **Verdicts**: with one credential in order the request goes on as its owner's, without the
//! credential: the application never sees it, nor can it set a cookie under our names; its answer is
//! marked `private` where it says nothing of caches. A session that has ended makes the request nobody's,
//! so that its owner can sign in again. Refused with `invalid-credential` (401) for a key or token that
//! does not count, with `ambiguous-credentials` (401) for more than one credential of ours. When the
//! store cannot answer, the request is refused (503).
//!
//! **Settings**: `mode` (`enforce` alone), `dangerous_mode` with `why`. On where some path asks for
//! an identity; it always fails closed.
//!
//! **Example**
//! ```toml
//! [access]
//! require = "login"
//!
//! [[routes]]
//! path = "/partner-hook"
//! require = "none"
//! [routes.guards.identity]
//! dangerous_mode = "off"
//! why = "the partner signs its calls with a token of its own, whose issuer is called as ours"
//! ```

mod certificate;
mod config;
mod guard;
mod presented;
#[cfg(test)]
mod tests;

use http::HeaderName;

pub use config::IdentityGuardSection;
pub(super) use guard::build;

/// The header of API keys.
const X_API_KEY: HeaderName = HeaderName::from_static("x-api-key");

//! Nonces: one for each request, offered to the application and named in the page's policy.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use mantlet_types::Rng;

/// Random bytes in a nonce: 144 bits, so that the text has no padding.
const BYTES: usize = 18;

/// The nonce of one request. Its letters need no escaping in HTML, JavaScript or JSON, so no
/// template engine changes it.
#[derive(Clone)]
pub(super) struct Nonce(Arc<str>);

impl Nonce {
    /// A fresh one.
    #[must_use]
    pub(super) fn fresh(rng: &dyn Rng) -> Self {
        let mut bytes = [0; BYTES];
        rng.fill(&mut bytes);
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Its text.
    #[must_use]
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// As a header value.
    #[must_use]
    pub(super) fn to_header(&self) -> HeaderValue {
        HeaderValue::from_str(&self.0).unwrap_or_else(|_| HeaderValue::from_static(""))
    }
}

/// Whoever knows it before the page is out can run scripts in it.
impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[nonce]")
    }
}

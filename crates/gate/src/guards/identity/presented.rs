//! What of a request is a credential of ours.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::HeaderValue;
use http::header::AUTHORIZATION;
use mantlet_identity::api_key::PresentedKey;
use mantlet_identity::directory::Credential;

use super::X_API_KEY;
use crate::identity::cookies::Cookies;
use crate::pipeline::Exchange;

/// What kind of credential it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Session,
    ApiKey,
    Token,
}

impl Kind {
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::ApiKey => "api-key",
            Self::Token => "token",
        }
    }
}

/// Every credential of ours that a request carries.
#[derive(Default)]
pub(super) struct Presented {
    found: Vec<(Kind, String)>,
    /// Whether the field `Authorization` holds one.
    pub(super) is_in_authorization: bool,
    /// Whether the field `X-API-Key` holds one.
    pub(super) is_in_key_header: bool,
}

impl Presented {
    /// What the request carries; `issuer` is the one of our tokens.
    pub(super) fn of(exchange: &Exchange, issuer: &str) -> Self {
        let headers = &exchange.headers;
        let mut presented = Self::default();
        // Hygiene lets one field through at most.
        if let Some((kind, text)) = headers.get(AUTHORIZATION).and_then(|it| bearer(it, issuer)) {
            presented.found.push((kind, text.to_owned()));
            presented.is_in_authorization = true;
        }
        for field in headers.get_all(X_API_KEY) {
            if let Some(key) = text(field).filter(|text| PresentedKey::is_likely(text)) {
                presented.found.push((Kind::ApiKey, key.to_owned()));
                presented.is_in_key_header = true;
            }
        }
        let sessions = Cookies::of(exchange).sessions(headers).into_iter();
        presented.found.extend(sessions.map(|session| (Kind::Session, session)));
        presented
    }

    pub(super) const fn is_none(&self) -> bool {
        self.found.is_empty()
    }

    /// What was found, in order.
    #[cfg(test)]
    pub(super) fn kinds(&self) -> Vec<Kind> {
        self.found.iter().map(|(kind, _)| *kind).collect()
    }

    pub(super) const fn count(&self) -> usize {
        self.found.len()
    }

    /// The one credential; `None` when there are more.
    pub(super) fn only(&self) -> Option<(Kind, Credential<'_>)> {
        let [(kind, text)] = self.found.as_slice() else { return None };
        let credential = match kind {
            Kind::Session => Credential::Session(text),
            Kind::ApiKey => Credential::ApiKey(text),
            Kind::Token => Credential::Token(text),
        };
        Some((*kind, credential))
    }
}

/// The credential behind the word `Bearer`, in any case (RFC 9110, section 11.1), where it is ours.
fn bearer<'a>(field: &'a HeaderValue, issuer: &str) -> Option<(Kind, &'a str)> {
    let (scheme, rest) = text(field)?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return None;
    }
    let credential = rest.trim_matches(' ');
    if PresentedKey::is_likely(credential) {
        return Some((Kind::ApiKey, credential));
    }
    is_own_token(credential, issuer).then_some((Kind::Token, credential))
}

/// Whether a text in three parts is a token of ours: it names our issuer, or nobody can say whom it
/// names. Whether it counts is settled later.
fn is_own_token(text: &str, issuer: &str) -> bool {
    let mut parts = text.split('.');
    let (Some(_), Some(payload), Some(_), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let payload = URL_SAFE_NO_PAD.decode(payload).ok();
    let claims = payload.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    let named = claims.as_ref().and_then(|claims| claims.get("iss")?.as_str());
    claims.is_none() || named == Some(issuer)
}

fn text(field: &HeaderValue) -> Option<&str> {
    str::from_utf8(field.as_bytes()).ok().map(str::trim)
}

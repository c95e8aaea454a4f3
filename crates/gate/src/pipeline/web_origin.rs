//! Which web page a request comes from, as far as its browser says.

use http::HeaderMap;
use http::header::ORIGIN;
use mantlet_config::WebOrigin;

use super::{Exchange, Scheme};

/// What a request's `Origin` field says. Pages cannot set it themselves; programs can write what
/// they like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClaimedOrigin {
    /// There is no such field.
    Nothing,
    /// `null`: a sandboxed frame, a file, a page that hides where it is from.
    Null,
    /// Not one origin of ours: another scheme, several fields, text that is no origin.
    Unreadable,
    /// The page at this origin.
    Page(WebOrigin),
}

impl ClaimedOrigin {
    /// Reads the field.
    #[must_use]
    pub fn of(headers: &HeaderMap) -> Self {
        let mut fields = headers.get_all(ORIGIN).iter();
        match (fields.next().map(|value| value.to_str()), fields.next()) {
            (None, _) => Self::Nothing,
            (Some(Ok("null")), None) => Self::Null,
            (Some(Ok(text)), None) => text.parse().map_or(Self::Unreadable, Self::Page),
            _ => Self::Unreadable,
        }
    }
}

impl Exchange {
    /// Whether `origin` is the one the client reached us at: scheme as seen from outside, host and
    /// port as asked for.
    #[must_use]
    pub fn is_own_origin(&self, origin: &WebOrigin) -> bool {
        let (scheme, default_port) = match self.client.scheme {
            Scheme::Https => ("https://", ":443"),
            Scheme::Http => ("http://", ":80"),
        };
        let Ok(authority) = self.authority.to_str() else { return false };
        let authority = authority.strip_suffix(default_port).unwrap_or(authority);
        origin.as_str().strip_prefix(scheme).is_some_and(|own| own == authority)
    }
}

/// A fact: the page that asks is of another origin, and that origin is allowed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllowedOrigin {
    /// Whether it may use what the browser adds by itself: cookies, signing in by HTTP.
    pub with_credentials: bool,
}

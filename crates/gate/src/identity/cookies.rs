//! Our cookies on the application's host.
//!
//! Over HTTPS their names begin with `__Host-`, which no neighbouring host and no plain connection
//! can set (RFC 6265bis); over plain loopback browsers would drop such a cookie.

use std::borrow::Cow;
use std::time::Duration;

use http::header::COOKIE;
use http::{HeaderMap, HeaderValue};
use mantlet_identity::session::{SessionCookie, SessionToken};

use crate::pipeline::{Exchange, Scheme};

/// How long a device is remembered.
const DEVICE: Duration = Duration::from_secs(180 * 86_400);

/// What is held in a cookie beside the session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Held {
    /// Proof that an account signed in from this device before.
    Device,
    /// Proof of the first step of a sign-in.
    Pending,
    /// What somebody left for a provider for.
    Flow,
    /// The number of a visit, to which forms are bound before there is a session.
    Visit,
}

impl Held {
    const fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Device, true) => "__Host-mantlet-device",
            (Self::Device, false) => "mantlet-device",
            (Self::Pending, true) => "__Host-mantlet-pending",
            (Self::Pending, false) => "mantlet-pending",
            (Self::Flow, true) => "__Host-mantlet-flow",
            (Self::Flow, false) => "mantlet-flow",
            (Self::Visit, true) => "__Host-mantlet-visit",
            (Self::Visit, false) => "mantlet-visit",
        }
    }

    /// How long it is kept.
    const fn lifetime(self) -> Duration {
        match self {
            Self::Device => DEVICE,
            Self::Pending => mantlet_identity::directory::PENDING_LIFETIME,
            Self::Flow => mantlet_identity::provider::FLOW_LIFETIME,
            Self::Visit => Duration::from_secs(86_400),
        }
    }
}

/// The cookies that a client sent.
#[derive(Debug, Default)]
pub(crate) struct SentCookies<'a> {
    /// Every value of the session's cookie: more than one is one too many.
    pub(crate) sessions: Vec<Cow<'a, str>>,
    /// Whether any is ours, under whatever name.
    pub(crate) has_ours: bool,
    /// Whether any is not.
    pub(crate) has_others: bool,
}

/// The cookies of one request's connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cookies {
    is_secure: bool,
}

impl Cookies {
    pub(crate) fn of(exchange: &Exchange) -> Self {
        Self { is_secure: exchange.client.scheme == Scheme::Https }
    }

    const fn session_cookie(self) -> SessionCookie {
        SessionCookie { is_secure: self.is_secure, is_strict: false }
    }

    /// What the client sent.
    pub(crate) fn sent(self, headers: &HeaderMap) -> SentCookies<'_> {
        let name = self.session_cookie().name().as_bytes();
        let mut sent = SentCookies::default();
        for (own, value) in headers.get_all(COOKIE).iter().flat_map(pairs) {
            if !is_ours(own) {
                sent.has_others = true;
                continue;
            }
            sent.has_ours = true;
            if own == name {
                sent.sessions.push(String::from_utf8_lossy(value));
            }
        }
        sent
    }

    /// What the client holds; `None` where it holds nothing, or several of it.
    pub(crate) fn find(self, held: Held, headers: &HeaderMap) -> Option<String> {
        let name = held.name(self.is_secure).as_bytes();
        let pairs = headers.get_all(COOKIE).iter().flat_map(pairs);
        let mut values = pairs.filter(|(own, _)| *own == name).map(|(_, value)| value);
        let value = values.next().filter(|_| values.next().is_none())?;
        Some(String::from_utf8_lossy(value).into_owned())
    }

    /// `Set-Cookie` for a session.
    pub(crate) fn set_session(
        self,
        token: &SessionToken,
        lifetime: Duration,
    ) -> Option<HeaderValue> {
        secret(&self.session_cookie().set(token, lifetime))
    }

    /// `Set-Cookie` that removes the session.
    pub(crate) fn clear_session(self) -> Option<HeaderValue> {
        secret(&self.session_cookie().clear())
    }

    /// `Set-Cookie` for what is to be held.
    pub(crate) fn set(self, held: Held, value: &str) -> Option<HeaderValue> {
        self.render(held, value, held.lifetime().as_secs())
    }

    /// `Set-Cookie` that removes it.
    pub(crate) fn clear(self, held: Held) -> Option<HeaderValue> {
        self.render(held, "", 0)
    }

    fn render(self, held: Held, value: &str, seconds: u64) -> Option<HeaderValue> {
        let (name, secure) =
            (held.name(self.is_secure), if self.is_secure { "; Secure" } else { "" });
        secret(&format!(
            "{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}"
        ))
    }
}

/// A header value that is shown nowhere.
fn secret(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// Whether a cookie of this name is ours, over HTTPS or not.
fn is_ours(name: &[u8]) -> bool {
    let bare = |name: &[u8], prefix: &[u8]| {
        let start = name.get(..prefix.len());
        start.is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    bare(name, b"mantlet-") || bare(name, b"__Host-mantlet-")
}

/// Name and value of every cookie of a field.
fn pairs(field: &HeaderValue) -> impl Iterator<Item = (&[u8], &[u8])> {
    field.as_bytes().split(|byte| *byte == b';').map(|pair| {
        let pair = pair.trim_ascii();
        match pair.iter().position(|byte| *byte == b'=') {
            Some(place) => {
                let (name, rest) = pair.split_at(place);
                (name.trim_ascii_end(), rest.get(1..).unwrap_or_default().trim_ascii_start())
            }
            None => (pair, &[][..]),
        }
    })
}

/// The cookies without ours, for the application: one field each.
pub(crate) fn without_ours(headers: &HeaderMap) -> Vec<HeaderValue> {
    let keep = |field: &HeaderValue| {
        let kept: Vec<&[u8]> = field
            .as_bytes()
            .split(|byte| *byte == b';')
            .map(<[u8]>::trim_ascii)
            .filter(|pair| {
                let name = pair.split(|byte| *byte == b'=').next().unwrap_or_default();
                !pair.is_empty() && !is_ours(name.trim_ascii_end())
            })
            .collect();
        let text = kept.join(&b"; "[..]);
        (!text.is_empty()).then(|| HeaderValue::from_bytes(&text).ok()).flatten()
    };
    headers.get_all(COOKIE).iter().filter_map(keep).collect()
}

/// Whether a `Set-Cookie` of the application names a cookie of ours.
pub(crate) fn sets_ours(field: &HeaderValue) -> bool {
    let name = field.as_bytes().split(|byte| matches!(byte, b'=' | b';')).next();
    name.is_some_and(|name| is_ours(name.trim_ascii()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(fields: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for field in fields {
            headers.append(COOKIE, HeaderValue::from_str(field).unwrap());
        }
        headers
    }

    #[test]
    fn the_application_never_sees_our_cookies() {
        for (sent, seen) in [
            (&["a=1; mantlet-session=x; b=2"][..], &["a=1; b=2"][..]),
            (&["__Host-mantlet-session=x"], &[]),
            (&["__host-MANTLET-session=x;mantlet-device =y; c"], &["c"]),
            (&["a=1", "mantlet-pending=x", "b=mantlet-session=x"], &["a=1", "b=mantlet-session=x"]),
            (&["mantlet=1"], &["mantlet=1"]),
        ] {
            let left = without_ours(&headers(sent));
            let left: Vec<&str> = left.iter().map(|field| field.to_str().unwrap()).collect();
            assert_eq!(left, seen, "{sent:?}");
        }
    }

    #[test]
    fn a_session_is_found_once_for_each_time_it_is_sent() {
        let plain = Cookies { is_secure: false };
        let sent = headers(&["mantlet-session=one; x=2", "mantlet-session=two"]);
        let cookies = plain.sent(&sent);
        assert_eq!(cookies.sessions, ["one", "two"]);
        assert!(cookies.has_ours && cookies.has_others);
        let planted = Cookies { is_secure: true }.sent(&sent);
        assert!(planted.sessions.is_empty() && planted.has_ours, "planted over plain HTTP");
        let theirs = headers(&["x=2"]);
        let theirs = plain.sent(&theirs);
        assert!(theirs.sessions.is_empty() && !theirs.has_ours && theirs.has_others);
    }

    #[test]
    fn the_application_cannot_plant_our_cookies() {
        for (field, expected) in [
            ("mantlet-session=x; Path=/", true),
            ("__Host-mantlet-session=x", true),
            (" mantlet-device=1", true),
            ("session=mantlet-session", false),
        ] {
            assert_eq!(sets_ours(&HeaderValue::from_str(field).unwrap()), expected, "{field}");
        }
    }
}

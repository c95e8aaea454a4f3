//! Origins of web pages.

use std::fmt;
use std::str::FromStr;

use toml::Value;
use url::Url;

use super::is_not;
use crate::{Complaint, Scalar};

const HINT: &str = "write scheme, host and port, for example https://app.example.org";

/// The longest origin in bytes: scheme, the longest host name, port.
const MAX_LEN: usize = 300;

/// The origin of a web page (RFC 6454): scheme `http` or `https`, host, port. Two origins are the
/// same when all three are; the scheme's own port is one spelling of none.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WebOrigin {
    /// As browsers write it: `https://app.example.org`, `http://[::1]:8080`.
    text: String,
    host: String,
    is_tls: bool,
}

impl WebOrigin {
    /// The origin as browsers write it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host: lower case, IPv6 in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Whether the scheme is `https`.
    #[must_use]
    pub const fn is_tls(&self) -> bool {
        self.is_tls
    }

    /// The origin of an address, whatever follows its host; `None` when it has none of ours (no
    /// `http` or `https`, not an address).
    #[must_use]
    pub fn of_url(text: &str) -> Option<Self> {
        Url::parse(text).ok().and_then(|url| Self::of(&url))
    }

    fn of(url: &Url) -> Option<Self> {
        let is_tls = match url.scheme() {
            "https" => true,
            "http" => false,
            _ => return None,
        };
        let host = url.host_str().filter(|host| !host.is_empty())?.to_owned();
        Some(Self { text: url.origin().ascii_serialization(), host, is_tls })
    }
}

impl fmt::Display for WebOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for WebOrigin {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = |hint: String| Err(Complaint::new(is_not(text, "an origin"), hint));
        if matches!(text, "*" | "null") {
            return refuse(HINT.to_owned());
        }
        let lower = text.get(..8).unwrap_or(text).to_ascii_lowercase();
        let rest = ["http://", "https://"].iter().find_map(|scheme| {
            lower.starts_with(scheme).then(|| text.get(scheme.len()..)).flatten()
        });
        let Some(rest) = rest.filter(|rest| !rest.is_empty() && text.len() <= MAX_LEN) else {
            return refuse(HINT.to_owned());
        };
        if rest.contains('@') {
            // Not echoed: it may hold a password.
            return Err(Complaint::new("the origin names a user", HINT));
        }
        if rest.contains('*') {
            return refuse("name each origin: there are no patterns".to_owned());
        }
        if rest.contains(['/', '?', '#']) {
            let bare = Self::of_url(text);
            let what = if rest.ends_with('/') && rest.matches('/').count() == 1 {
                "leave out the `/` at the end"
            } else {
                "leave out what follows host and port: an origin has no path"
            };
            return refuse(bare.map_or_else(|| what.to_owned(), |o| format!("{what}: `{o}`")));
        }
        let is_odd = |byte: u8| byte <= b' ' || byte == b'\\' || byte == 0x7f;
        if text.bytes().any(is_odd) || rest.ends_with(':') {
            return refuse(HINT.to_owned());
        }
        match Url::parse(text).ok().filter(|url| url.port() != Some(0)) {
            Some(url) => Self::of(&url).map_or_else(|| refuse(HINT.to_owned()), Ok),
            None => refuse(HINT.to_owned()),
        }
    }
}

impl Scalar for WebOrigin {
    const KIND: &'static str = "origin";
    const EXAMPLE: &'static str = "https://app.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(self.text.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etsm_d03_an_origin_has_one_spelling() {
        for (written, canonical) in [
            ("https://app.example.org", "https://app.example.org"),
            ("HTTPS://App.Example.ORG:443", "https://app.example.org"),
            ("http://app.example.org:80", "http://app.example.org"),
            ("http://app.example.org:443", "http://app.example.org:443"),
            ("https://app.example.org:8443", "https://app.example.org:8443"),
            ("http://[0:0::1]:8080", "http://[::1]:8080"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ] {
            let origin: WebOrigin = written.parse().unwrap();
            assert_eq!(origin.as_str(), canonical, "{written}");
            assert_eq!(canonical.parse::<WebOrigin>(), Ok(origin), "{written}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused_with_what_to_write() {
        for (written, hint) in [
            ("https://a.example/", "leave out the `/` at the end: `https://a.example`"),
            ("https://a.example/x", "an origin has no path: `https://a.example`"),
            ("https://a.example?x", "an origin has no path: `https://a.example`"),
            ("https://*.a.example", "there are no patterns"),
            ("*", "write scheme, host and port"),
            ("null", "write scheme, host and port"),
            ("a.example", "write scheme, host and port"),
            ("https://", "write scheme, host and port"),
            ("https://a.example:0", "write scheme, host and port"),
            ("https://a.example:", "write scheme, host and port"),
            ("https://a.example:70000", "write scheme, host and port"),
            ("https://a b.example", "write scheme, host and port"),
            ("https:\\\\a.example", "write scheme, host and port"),
            ("file:///etc/passwd", "write scheme, host and port"),
        ] {
            let complaint = written.parse::<WebOrigin>().unwrap_err();
            assert!(complaint.hint.contains(hint), "{written}: {complaint}");
        }
        let complaint = "https://user:secret@a.example".parse::<WebOrigin>().unwrap_err();
        assert!(!complaint.to_string().contains("secret"), "{complaint}");
    }

    #[test]
    fn two_origins_differ_in_scheme_host_or_port() {
        let own: WebOrigin = "https://a.example".parse().unwrap();
        for other in [
            "http://a.example",
            "https://a.example:8443",
            "https://a.example.",
            "https://b.a.example",
            "https://a.example.evil.example",
            "https://xa.example",
        ] {
            assert_ne!(other.parse(), Ok(own.clone()), "{other}");
        }
    }

    #[test]
    fn the_origin_of_an_address_is_its_beginning() {
        for (address, origin) in [
            ("https://a.example/path?query#part", Some("https://a.example")),
            ("https://evil.example/https://a.example", Some("https://evil.example")),
            ("https://a.example@evil.example/", Some("https://evil.example")),
            ("about:blank", None),
            ("/path", None),
            ("", None),
        ] {
            let found = WebOrigin::of_url(address);
            assert_eq!(found.as_ref().map(WebOrigin::as_str), origin, "{address}");
        }
    }
}

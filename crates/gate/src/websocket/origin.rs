//! Which pages may open WebSockets. A browser lets any page try: no same-origin policy holds for
//! them, so the server must look at `Origin` (RFC 6455 section 10.2), and at `Host`, by which a
//! name that suddenly points here (DNS rebinding) shows itself.

use http::header::{HeaderName, ORIGIN};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue};
use mantlet_config::{Complaint, Scalar, Value};
use mantlet_event::reasons;

use crate::pipeline::{Denial, Exchange, Scheme};
use crate::stages::route::HostPattern;

/// Longest piece of an origin quoted in evidence, in characters.
const QUOTE_LIMIT: usize = 80;

/// One origin in the configuration: scheme, host and port, as browsers send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OriginSetting(Origin);

/// Scheme, host and port.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Origin {
    scheme: Scheme,
    host: String,
    port: u16,
}

/// What is asked of the page behind a handshake.
#[derive(Debug, Clone)]
pub(super) struct PageRules {
    /// Empty: the host's own.
    pub(super) origins: Vec<OriginSetting>,
    pub(super) is_any: bool,
    pub(super) may_be_absent: bool,
    /// Empty: every host that reaches the route.
    pub(super) hosts: Vec<HostPattern>,
}

impl PageRules {
    /// Refuses the handshake of a foreign page.
    pub(super) fn check(&self, exchange: &Exchange) -> Result<(), Denial> {
        self.check_host(exchange)?;
        let Some(sent) = single(&exchange.headers, &ORIGIN)? else {
            let is_fine = self.may_be_absent || self.is_any;
            return if is_fine { Ok(()) } else { Err(refused("no origin".into())) };
        };
        if self.is_any || self.allows(sent, exchange) {
            return Ok(());
        }
        let shown: String =
            sent.as_bytes().escape_ascii().map(char::from).take(QUOTE_LIMIT).collect();
        Err(refused(format!("origin `{shown}` at host `{}`", exchange.host)))
    }

    fn check_host(&self, exchange: &Exchange) -> Result<(), Denial> {
        let asked = HostPattern::Exact(exchange.host.clone());
        if self.hosts.is_empty() || self.hosts.iter().any(|host| host.covers(&asked)) {
            return Ok(());
        }
        Err(Denial::new(&reasons::WEBSOCKET_HOST).evidence(format!("host `{}`", exchange.host)))
    }

    fn allows(&self, sent: &HeaderValue, exchange: &Exchange) -> bool {
        let Some(origin) = sent.to_str().ok().and_then(Origin::parse) else { return false };
        if !self.origins.is_empty() {
            return self.origins.iter().any(|known| known.0 == origin);
        }
        let authority = exchange.authority.to_str().ok().and_then(|text| text.parse().ok());
        let port = authority.and_then(|authority: Authority| authority.port_u16());
        // Where TLS ends at a proxy that we were not told to trust, the client's own word is
        // `https`, and ours `http`: the page was the safer one.
        let is_scheme = origin.scheme == exchange.client.scheme || origin.scheme == Scheme::Https;
        let port = port.unwrap_or_else(|| origin.usual());
        is_scheme && origin.host == exchange.host && origin.port == port
    }
}

fn refused(evidence: String) -> Denial {
    Denial::new(&reasons::WEBSOCKET_ORIGIN).evidence(evidence)
}

/// The value of a header that may be sent once.
pub(super) fn single<'a>(
    headers: &'a HeaderMap,
    name: &HeaderName,
) -> Result<Option<&'a HeaderValue>, Denial> {
    let mut values = headers.get_all(name).iter();
    let (first, second) = (values.next(), values.next());
    match second {
        None => Ok(first),
        Some(_) => Err(Denial::new(&reasons::WEBSOCKET_HANDSHAKE)
            .evidence(format!("more than one `{name}` field"))),
    }
}

impl Origin {
    fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let scheme = match scheme {
            "http" => Scheme::Http,
            "https" => Scheme::Https,
            _ => return None,
        };
        let authority: Authority = rest.parse().ok()?;
        if authority.as_str().contains('@') || authority.host().is_empty() {
            return None;
        }
        let mut origin = Self { scheme, host: authority.host().to_ascii_lowercase(), port: 0 };
        let is_bare = authority.host().len() == authority.as_str().len();
        origin.port = match authority.port_u16() {
            Some(port) => port,
            None if is_bare => origin.usual(),
            None => return None,
        };
        Some(origin)
    }

    const fn usual(&self) -> u16 {
        match self.scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

impl Scalar for OriginSetting {
    const KIND: &'static str = "origin";
    const EXAMPLE: &'static str = "https://app.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write scheme, host and port as a browser does: `https://app.example.org`";
        let text = value.as_str().ok_or_else(|| Complaint::new("not an origin", hint))?;
        Origin::parse(text)
            .map(Self)
            .ok_or_else(|| Complaint::new(format!("`{text}` is not an origin"), hint))
    }

    fn show(&self) -> Value {
        let Origin { scheme, host, port } = &self.0;
        let is_usual = *port == self.0.usual();
        let port = if is_usual { String::new() } else { format!(":{port}") };
        Value::String(format!("{scheme}://{host}{port}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_are_scheme_host_and_port_and_nothing_else() {
        for (text, expected) in [
            ("https://app.example.org", Some("https://app.example.org")),
            ("https://APP.example.org:443", Some("https://app.example.org")),
            ("http://localhost:8080", Some("http://localhost:8080")),
            ("http://[::1]:8080", Some("http://[::1]:8080")),
            ("https://app.example.org/", None),
            ("https://app.example.org/path", None),
            ("https://user@app.example.org", None),
            ("app.example.org", None),
            ("null", None),
            ("file://", None),
            ("wss://app.example.org", None),
            ("https://app.example.org:", None),
            ("https://a b", None),
        ] {
            let value = Value::String(text.into());
            let read = OriginSetting::parse(&value).ok().map(|origin| origin.show());
            assert_eq!(read, expected.map(|text| Value::String(text.into())), "{text}");
        }
    }
}

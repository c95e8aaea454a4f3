//! From plain HTTP to HTTPS: people are redirected, programs are refused.
//!
//! A redirect goes to a host the configuration names, never to the one the client names. Programs
//! are not redirected (OWASP ASVS V4.1.2): they would follow in silence, and send their keys in the
//! clear every time.

use std::fmt;

use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, UPGRADE};
use http::{HeaderMap, HeaderValue};
use mantlet_config::{Complaint, Reader, Scalar, Value, choice};
use mantlet_event::reasons;

use super::route::HostPattern;
use crate::edge::ServerSection;
use crate::pipeline::{Client, Denial, Exchange, Scheme};

/// The port that an `https` address need not name.
const HTTPS_PORT: u16 = 443;

choice! {
    /// When requests over plain HTTP are sent to HTTPS.
    pub enum HttpsRedirect {
        /// Where `public_host` is set and we listen for HTTPS.
        Auto => "auto",
        /// Wherever they come from over plain HTTP: for a trusted proxy in front that ends TLS and
        /// says by which scheme each request came.
        Always => "always",
        /// Nowhere.
        Never => "never",
    }
}

/// A host by which we are known outside, and its port for HTTPS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicHost {
    name: String,
    port: u16,
}

impl PublicHost {
    /// The name, lower case, without the port.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The port for HTTPS.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for PublicHost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            HTTPS_PORT => f.write_str(&self.name),
            port => write!(f, "{}:{port}", self.name),
        }
    }
}

impl Scalar for PublicHost {
    const KIND: &'static str = "host name";
    const EXAMPLE: &'static str = "app.example.org";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        let hint = "write `app.example.org`, or `app.example.org:8443` where the port is another";
        let text = value.as_str().ok_or_else(|| Complaint::new("not a host name", hint))?;
        let wrong = || Complaint::new(format!("`{text}` is not a host name"), hint);
        let is_port = |port: &str| port.bytes().all(|byte| byte.is_ascii_digit());
        let (name, port) = match text.rsplit_once(':') {
            Some((name, port)) if is_port(port) => {
                let port = port.parse().ok().filter(|port| *port != 0);
                (name, port.ok_or_else(wrong)?)
            }
            _ => (text, HTTPS_PORT),
        };
        match HostPattern::parse(&Value::String(name.into())) {
            Ok(HostPattern::Exact(name)) => Ok(Self { name, port }),
            _ => Err(wrong()),
        }
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// How we are seen from outside, prepared from the configuration.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    hosts: Vec<PublicHost>,
    sends_to_https: bool,
}

/// What becomes of a request over plain HTTP.
#[derive(Debug)]
pub(crate) enum ToHttps {
    /// It is to be asked again there.
    Redirect(HeaderValue),
    /// It is a program's.
    Refuse(Denial),
}

impl Outside {
    /// What the section says.
    #[must_use]
    pub fn new(section: &ServerSection) -> Self {
        let has_hosts = !section.public_host.is_empty();
        let sends_to_https = match section.https_redirect {
            HttpsRedirect::Auto => has_hosts && !section.tls.listen.is_empty(),
            HttpsRedirect::Always => has_hosts,
            HttpsRedirect::Never => false,
        };
        Self { hosts: section.public_host.clone(), sends_to_https }
    }

    /// Whether plain HTTP leads to HTTPS.
    #[must_use]
    pub const fn sends_to_https(&self) -> bool {
        self.sends_to_https
    }

    /// Whether a request came over HTTPS for one of the public hosts.
    pub(crate) fn is_public_https(&self, client: &Client, host: &str) -> bool {
        client.scheme == Scheme::Https && self.hosts.iter().any(|public| public.name == host)
    }

    /// What becomes of this request; `None` when it goes on. `is_api` is the route's word.
    pub(crate) fn settle(&self, exchange: &Exchange, is_api: Option<bool>) -> Option<ToHttps> {
        if !self.sends_to_https || exchange.client.scheme == Scheme::Https {
            return None;
        }
        // The host that was asked for decides only between those that the configuration names.
        let asked = self.hosts.iter().find(|public| public.name == exchange.host);
        let host = asked.or_else(|| self.hosts.first())?;
        let refusal = || ToHttps::Refuse(Denial::new(&reasons::HTTPS_REQUIRED));
        let is_program = is_api.unwrap_or_else(|| is_program(&exchange.headers));
        // A browser does not follow a redirect of a WebSocket.
        if is_program || exchange.is_websocket || exchange.headers.contains_key(UPGRADE) {
            return Some(refusal());
        }
        let query = exchange.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
        let location = format!("https://{host}{}{query}", exchange.path.as_str());
        Some(HeaderValue::from_str(&location).map_or_else(|_| refusal(), ToHttps::Redirect))
    }
}

/// Whether a request looks like a program's: it brings a key, or speaks of JSON and not of pages.
fn is_program(headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let has = |text: Option<&str>, word: &str| {
        text.is_some_and(|text| text.to_ascii_lowercase().contains(word))
    };
    let scheme = text(AUTHORIZATION).and_then(|value| value.split(' ').next());
    let brings_key = headers.contains_key("x-api-key")
        || scheme.is_some_and(|scheme| !scheme.eq_ignore_ascii_case("basic"));
    let sends = text(CONTENT_TYPE);
    let wants = text(ACCEPT);
    brings_key
        || has(sends, "json")
        || has(sends, "grpc")
        || (has(wants, "json") && !has(wants, "text/html"))
}

/// Finds what the types cannot say.
pub(crate) fn check(section: &ServerSection, reader: &mut Reader<'_>) {
    let wants = section.https_redirect == HttpsRedirect::Always;
    if wants && section.public_host.is_empty() {
        let hint = "name the host in `public_host`";
        reader.error("server.https_redirect", "there is no host to redirect to", hint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(text: &str) -> Option<String> {
        PublicHost::parse(&Value::String(text.into())).ok().map(|host| host.to_string())
    }

    #[test]
    fn a_public_host_is_one_name_and_a_port() {
        for (text, expected) in [
            ("App.Example.org.", Some("app.example.org")),
            ("app.example.org:443", Some("app.example.org")),
            ("app.example.org:8443", Some("app.example.org:8443")),
            ("[2001:DB8::1]:8443", Some("[2001:db8::1]:8443")),
            ("[::1]", Some("[::1]")),
            ("*.example.org", None),
            ("*", None),
            ("app.example.org:0", None),
            ("app.example.org:70000", None),
            ("app.example.org/x", None),
            ("https://app.example.org", None),
            ("user@app.example.org", None),
            ("", None),
        ] {
            assert_eq!(host(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn programs_are_told_from_people() {
        for (headers, expected) in [
            (vec![], false),
            (vec![("accept", "*/*")], false),
            (vec![("accept", "text/html,application/xhtml+xml,application/json")], false),
            (vec![("content-type", "application/x-www-form-urlencoded")], false),
            (vec![("authorization", "Basic dTpw")], false),
            (vec![("authorization", "Bearer x")], true),
            (vec![("x-api-key", "x")], true),
            (vec![("accept", "application/json")], true),
            (vec![("content-type", "application/problem+JSON")], true),
            (vec![("content-type", "application/grpc")], true),
        ] {
            let mut map = HeaderMap::new();
            for (name, value) in &headers {
                map.insert(*name, HeaderValue::from_static(value));
            }
            assert_eq!(is_program(&map), expected, "{headers:?}");
        }
    }
}

//! Fetching a document of another server: what an issuer of tokens publishes, for example. Each on a
//! connection of its own, for it is done every few minutes.

use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use http::header::{AGE, CACHE_CONTROL, CONTENT_ENCODING};
use http::{HeaderMap, StatusCode};
use mantlet_config::{Complaint, HttpUrl, Scalar, Value};
use mantlet_event::{Events, Metrics};
use mantlet_identity::outside::{Document, Documents, Later};
use mantlet_types::Clock;

use super::Pool;
use super::outbound::{Outbound, Question, WITHIN, whole};

const HINT: &str = "write `https://host/path`; `http://` only for this machine, as in `http://127.0.0.1:8080/keys`";

/// The address of a document: `https`, or `http` on this machine, where nobody is on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentUrl {
    server: HttpUrl,
    /// What follows the host: path and query.
    target: String,
}

impl DocumentUrl {
    /// Whether it is on this machine.
    #[must_use]
    pub fn is_here(&self) -> bool {
        let host = self.server.connect_host();
        let is_loopback = host.parse().is_ok_and(|it: std::net::IpAddr| it.is_loopback());
        is_loopback || host == "localhost"
    }
}

impl DocumentUrl {
    /// Scheme, host and port.
    pub(super) fn origin(&self) -> String {
        let scheme = if self.server.is_tls() { "https" } else { "http" };
        format!("{scheme}://{}", self.server.authority())
    }

    /// Host and port.
    pub(super) fn authority(&self) -> String {
        self.server.authority()
    }

    /// Path and query.
    pub(super) fn target(&self) -> &str {
        &self.target
    }
}

impl FromStr for DocumentUrl {
    type Err = Complaint;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (address, query) = match text.split_once('?') {
            Some((address, query)) => (address, Some(query)),
            None => (text, None),
        };
        let server: HttpUrl =
            address.parse().map_err(|error: Complaint| Complaint::new(error.message, HINT))?;
        let mut target = server.path().to_owned();
        if let Some(query) = query {
            target = format!("{target}?{query}");
        }
        let url = Self { server, target };
        if !super::http1::is_target(&url.target) {
            return Err(Complaint::new("the address holds what no address may hold", HINT));
        }
        if !url.server.is_tls() && !url.is_here() {
            let message = "whoever is on the way could change what comes over plain `http`";
            return Err(Complaint::new(message, HINT));
        }
        Ok(url)
    }
}

impl fmt::Display for DocumentUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.origin(), self.target)
    }
}

impl Scalar for DocumentUrl {
    const KIND: &'static str = "address of a document";
    const EXAMPLE: &'static str = "https://login.example.org/keys";

    fn parse(value: &Value) -> Result<Self, Complaint> {
        value.as_str().ok_or_else(|| Complaint::mismatch::<Self>(value))?.parse()
    }

    fn show(&self) -> Value {
        Value::String(self.to_string())
    }
}

/// Fetches documents of other servers.
#[derive(Debug)]
pub struct Fetcher {
    pool: Pool,
    outbound: Arc<Outbound>,
}

impl Fetcher {
    /// Verifies servers with the authorities in the PEM file `ca`, or with the system's.
    /// `may_be_here`: whether documents may be on this machine.
    ///
    /// # Errors
    /// What is wrong with the authorities.
    pub fn new(
        ca: Option<&Path>,
        may_be_here: bool,
        clock: Arc<dyn Clock>,
        (events, metrics): (Events, Metrics),
    ) -> Result<Self, String> {
        let outbound = Arc::new(Outbound::new(ca, may_be_here)?);
        Ok(Self { pool: Pool::new(0, clock, events, metrics), outbound })
    }

    /// The same on the connections of one worker.
    pub(crate) fn over(pool: &Pool, outbound: &Arc<Outbound>) -> Self {
        Self { pool: pool.clone(), outbound: Arc::clone(outbound) }
    }

    async fn fetch(&self, text: &str) -> Result<Document, String> {
        let url = self.outbound.place(text)?;
        let mut answer = self.outbound.ask(&self.pool, &url, Question::default()).await?;
        match answer.status() {
            StatusCode::OK => {}
            status => return Err(format!("status {status}")),
        }
        if answer.headers().contains_key(CONTENT_ENCODING) {
            return Err("it is compressed, which nobody asked for".to_owned());
        }
        let fresh = freshness(answer.headers());
        Ok(Document { fresh, body: whole(&mut answer).await?.to_vec() })
    }
}

impl Documents for Fetcher {
    fn get<'a>(&'a self, url: &'a str) -> Later<'a, Result<Document, String>> {
        Box::pin(async move {
            let fetched = tokio::time::timeout(WITHIN, self.fetch(url)).await;
            let fetched = fetched.unwrap_or_else(|_| Err("no answer in time".to_owned()));
            let shown: String = url.chars().take(200).collect();
            fetched.map_err(|why| format!("`{}`: {why}", shown.escape_debug()))
        })
    }
}

/// For how long an answer is fresh (RFC 9111, section 4.2); `None` when it does not say.
fn freshness(headers: &HeaderMap) -> Option<Duration> {
    let fields = headers.get_all(CACHE_CONTROL).iter().filter_map(|field| field.to_str().ok());
    let directives = fields.flat_map(|field| field.split(',')).map(str::trim);
    let mut age = None;
    for directive in directives {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return Some(Duration::ZERO),
            "max-age" if age.is_none() => age = value.trim_matches('"').parse::<u64>().ok(),
            _ => {}
        }
    }
    let spent = headers.get(AGE).and_then(|age| age.to_str().ok()?.trim().parse::<u64>().ok());
    age.map(|age| Duration::from_secs(age.saturating_sub(spent.unwrap_or(0))))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn documents_come_over_tls_or_from_this_machine() {
        for text in [
            "https://login.example.org/keys",
            "https://login.example.org/keys?p=a%20b&q",
            "https://10.0.0.1:8443/",
            "http://127.0.0.1:8080/keys",
            "http://[::1]/keys",
            "http://localhost/keys",
        ] {
            let url: DocumentUrl = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(url.to_string(), text);
        }
        for text in [
            "http://login.example.org/keys",
            "http://127.0.0.1.example.org/",
            "http://localhost.example.org/",
            "http://10.0.0.1/keys",
            "https://user:word@login.example.org/keys",
            "https://login.example.org/keys#a",
            "https://login.example.org/keys?a b",
            "https://login.example.org/keys?a\r\nHost: x",
            "file:///etc/passwd",
            "login.example.org",
            "",
        ] {
            assert!(text.parse::<DocumentUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn an_answer_says_how_long_it_is_fresh() {
        for (said, age, fresh) in [
            ("max-age=300", None, Some(300)),
            ("public, Max-Age=\"300\"", Some("100"), Some(200)),
            ("max-age=300", Some("400"), Some(0)),
            ("max-age=300, no-cache", None, Some(0)),
            ("no-store", None, Some(0)),
            ("max-age=x", None, None),
            ("public", None, None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, HeaderValue::from_static(said));
            if let Some(age) = age {
                headers.insert(AGE, HeaderValue::from_static(age));
            }
            assert_eq!(freshness(&headers), fresh.map(Duration::from_secs), "{said}");
        }
    }
}

//! Which pages may open WebSockets. A browser lets any page try: no same-origin policy holds for
//! them, so the server must look at `Origin` (RFC 6455 section 10.2), and at `Host`, by which a
//! name that suddenly points here (DNS rebinding) shows itself.

use http::header::{HeaderName, ORIGIN};
use http::{HeaderMap, HeaderValue};
use mantlet_config::WebOrigin;
use mantlet_event::reasons;

use crate::pipeline::{ClaimedOrigin, Denial, Exchange};
use crate::stages::route::HostPattern;

/// Longest piece of an origin quoted in evidence, in characters.
const QUOTE_LIMIT: usize = 80;

/// What is asked of the page behind a handshake.
#[derive(Debug, Clone)]
pub(super) struct PageRules {
    /// Empty: the host's own.
    pub(super) origins: Vec<WebOrigin>,
    pub(super) is_any: bool,
    pub(super) may_be_absent: bool,
    /// Empty: every host that reaches the route.
    pub(super) hosts: Vec<HostPattern>,
}

impl PageRules {
    /// Whether the page is one that these rules name, besides the host's own.
    pub(super) fn lists(&self, exchange: &Exchange) -> bool {
        match ClaimedOrigin::of(&exchange.headers) {
            ClaimedOrigin::Page(page) => self.is_any || self.origins.contains(&page),
            _ => self.is_any,
        }
    }

    /// Refuses the handshake of a foreign page.
    pub(super) fn check(&self, exchange: &Exchange) -> Result<(), Denial> {
        self.check_host(exchange)?;
        let is_fine = match ClaimedOrigin::of(&exchange.headers) {
            ClaimedOrigin::Nothing => self.may_be_absent,
            ClaimedOrigin::Page(page) if self.origins.is_empty() => exchange.is_own_origin(&page),
            _ => false,
        };
        if is_fine || self.lists(exchange) {
            return Ok(());
        }
        let sent = exchange.headers.get(ORIGIN).map_or(&b"none"[..], HeaderValue::as_bytes);
        let shown: String = sent.escape_ascii().map(char::from).take(QUOTE_LIMIT).collect();
        let evidence = format!("origin `{shown}` at host `{}`", exchange.host);
        Err(Denial::new(&reasons::WEBSOCKET_ORIGIN).evidence(evidence))
    }

    fn check_host(&self, exchange: &Exchange) -> Result<(), Denial> {
        let asked = HostPattern::Exact(exchange.host.clone());
        if self.hosts.is_empty() || self.hosts.iter().any(|host| host.covers(&asked)) {
            return Ok(());
        }
        Err(Denial::new(&reasons::WEBSOCKET_HOST).evidence(format!("host `{}`", exchange.host)))
    }
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

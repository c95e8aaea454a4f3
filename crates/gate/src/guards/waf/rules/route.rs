//! A rule set as one route wants it.

use std::sync::Arc;

use mantlet_types::Clock;
use mantlet_waf::{CollectionStore, Connection, Exclusion, Limits, Transaction};

use super::Loaded;
use crate::guards::waf::audit::AuditLog;
use crate::guards::waf::{Services, WafSection};
use crate::pipeline::{Exchange, Scheme};

/// A rule set with what a route says about it.
#[derive(Debug)]
pub(crate) struct RouteRules {
    loaded: Arc<Loaded>,
    paranoia: Option<String>,
    threshold: Option<String>,
    exclusions: Vec<Exclusion>,
    store: Arc<dyn CollectionStore>,
    limits: Limits,
    /// `None` where the rules ask for none.
    audit: Option<Arc<AuditLog>>,
    clock: Arc<dyn Clock>,
}

impl RouteRules {
    /// The rules of this section; `None` where it names none.
    pub(crate) fn new(section: &WafSection, services: &Services) -> Option<Self> {
        let loaded = Arc::clone(section.rules.loaded()?);
        let exclusions = section
            .exceptions
            .iter()
            .filter_map(|exception| exception.exclusion(&loaded.rules)?.ok());
        Some(Self {
            exclusions: exclusions.collect(),
            loaded,
            paranoia: section.paranoia.map(|level| level.to_string()),
            threshold: section.threshold.map(|score| score.to_string()),
            store: Arc::clone(&services.collections),
            limits: limits(section),
            // Whoever builds a configuration has opened it, and told where that failed.
            audit: section.open_audit_log(services).ok().flatten(),
            clock: Arc::clone(&services.clock),
        })
    }

    pub(super) const fn audit(&self) -> Option<&Arc<AuditLog>> {
        self.audit.as_ref()
    }

    pub(super) const fn clock(&self) -> &Arc<dyn Clock> {
        &self.clock
    }

    /// Whether the files themselves say that their rules only report.
    pub(crate) fn is_observed(&self) -> bool {
        self.loaded.is_observed
    }

    /// A transaction that knows the head of the request.
    pub(super) fn begin(&self, exchange: &Exchange) -> Transaction {
        let rules = Arc::clone(&self.loaded.rules);
        let store = Some(Arc::clone(&self.store));
        let mut transaction = Transaction::new(rules, connection(exchange), self.limits, store);
        if self.loaded.is_observed {
            transaction.only_watch();
        }
        for (name, value) in
            [("mantlet_paranoia", &self.paranoia), ("mantlet_threshold", &self.threshold)]
        {
            if let Some(value) = value {
                transaction.preset(name, value);
            }
        }
        self.exclusions.iter().for_each(|exclusion| transaction.exclude(exclusion));
        head(&mut transaction, exchange);
        transaction
    }
}

fn limits(section: &WafSection) -> Limits {
    let mut limits = Limits::default();
    if let Some(work) = section.work_limit {
        limits.work_bytes = work.0;
        // What is configured is all there is, whatever the size of the request.
        limits.work_per_byte = 0;
    }
    limits.memory_bytes = usize::try_from(section.memory_limit.0).unwrap_or(usize::MAX);
    limits
}

fn connection(exchange: &Exchange) -> Connection {
    let (client, peer) = (exchange.client.address, exchange.client.peer);
    let port =
        exchange.authority.to_str().ok().and_then(|host| host.rsplit_once(':')?.1.parse().ok());
    let usual = if exchange.client.scheme == Scheme::Https { 443 } else { 80 };
    Connection {
        client,
        client_port: if peer.ip() == client { peer.port() } else { 0 },
        server_port: port.unwrap_or(usual),
        unique_id: exchange.id.to_string(),
        now: exchange.at,
        ..Connection::local()
    }
}

fn head(transaction: &mut Transaction, exchange: &Exchange) {
    let target = match &exchange.query {
        Some(query) => format!("{}?{query}", exchange.path.as_str()),
        None => exchange.path.as_str().to_owned(),
    };
    let protocol = match exchange.version {
        http::Version::HTTP_2 => "HTTP/2.0",
        http::Version::HTTP_10 => "HTTP/1.0",
        _ => "HTTP/1.1",
    };
    transaction.request_line(
        exchange.method.as_str().as_bytes(),
        target.as_bytes(),
        protocol.as_bytes(),
    );
    for (name, value) in &exchange.headers {
        transaction.request_header(name.as_str().as_bytes(), value.as_bytes());
    }
    let has_length = exchange.headers.contains_key(http::header::CONTENT_LENGTH);
    if exchange.is_body_shown && !has_length && exchange.version != http::Version::HTTP_2 {
        // The framing of the connection is gone from the headers; rules ask whether there was one.
        transaction.request_header(b"transfer-encoding", b"chunked");
    }
}

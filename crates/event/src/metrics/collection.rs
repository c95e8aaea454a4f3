//! All metrics of the process, and what counts in them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mantlet_types::Timestamp;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::RouteMetrics;
use super::labels::{
    AttackLabels, EventLabels, KindLabels, LimitLabels, OutcomeLabels, RouteLabels, ServerLabels,
    SinkLabels, VerdictLabels,
};
use super::series::{OTHER, Series};
use crate::{Drops, Entry};

/// More routes than this share one set of series.
pub(super) const MAX_ROUTES: usize = 1024;

/// What a finished request is counted under.
#[derive(Debug, Clone)]
pub struct RequestLabels {
    /// The request method; unknown ones are counted as `_OTHER`.
    pub method: &'static str,
    /// The name of the route.
    pub route: Arc<str>,
    /// The status of the answer; unregistered ones are counted as `_OTHER`.
    pub status: u16,
}

/// All metrics of the process; cheap to clone.
#[derive(Debug, Clone)]
pub struct Metrics(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    registry: Registry,
    series: Series,
    routes: Mutex<HashMap<Arc<str>, RouteMetrics>>,
}

/// A counter to keep at hand where something is counted often; clones share the count.
#[derive(Debug, Clone)]
pub struct CounterHandle(Counter);

impl CounterHandle {
    /// Counts one more.
    pub fn add_one(&self) {
        self.0.inc();
    }
}

impl Metrics {
    /// Metrics that are all zero.
    #[must_use]
    pub fn new() -> Self {
        let series = Series::new();
        let mut registry = Registry::default();
        series.register(&mut registry);
        Self(Arc::new(Inner { registry, series, routes: Mutex::default() }))
    }

    /// All metrics in the OpenMetrics text format
    /// (`application/openmetrics-text; version=1.0.0; charset=utf-8`).
    #[must_use]
    pub fn render(&self) -> String {
        let mut text = String::with_capacity(16 * 1024);
        // Writing to a `String` cannot fail.
        let _ = encode(&mut text, &self.0.registry);
        text
    }

    /// The handle for requests of one route. The name comes from the configuration; after 1,024
    /// different ones further ones are counted as `_OTHER`.
    #[must_use]
    pub fn route(&self, name: &str) -> RouteMetrics {
        let mut routes = self.0.routes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(route) = routes.get(name) {
            return route.clone();
        }
        let name = if routes.len() < MAX_ROUTES { name } else { OTHER };
        let name: Arc<str> = name.into();
        let new = || RouteMetrics::new(Arc::clone(&name), &self.0.series);
        routes.entry(Arc::clone(&name)).or_insert_with(new).clone()
    }

    /// A request's head has arrived. Each must be followed by one finish or abandonment.
    pub fn request_started(&self) {
        self.0.series.active_requests.inc();
    }

    /// A request was answered; looks the route up, so prefer [`RouteMetrics::request_finished`].
    pub fn request_finished(
        &self,
        labels: &RequestLabels,
        duration: Duration,
        request_bytes: u64,
        response_bytes: u64,
    ) {
        self.route(&labels.route).request_finished(
            labels.method,
            labels.status,
            duration,
            request_bytes,
            response_bytes,
        );
    }

    /// A started request ended without an answer, because the client went away.
    pub fn request_abandoned(&self) {
        self.0.series.active_requests.dec();
    }

    /// An answer of this route took data out of the application.
    pub fn data_exported(&self, route: &Arc<str>) {
        let labels = RouteLabels { http_route: Arc::clone(route) };
        self.0.series.exports.get_or_create_owned(&labels).inc();
    }

    /// A client connection was accepted.
    pub fn connection_opened(&self) {
        self.0.series.connections.inc();
    }

    /// A client connection ended.
    pub fn connection_closed(&self) {
        self.0.series.connections.dec();
    }

    /// A connection was upgraded.
    pub fn upgrade_opened(&self) {
        self.0.series.upgraded.inc();
    }

    /// An upgraded connection ended.
    pub fn upgrade_closed(&self) {
        self.0.series.upgraded.dec();
    }

    /// The handle that counts one kind of verdict of one guard in one mode.
    #[must_use]
    pub fn verdict(
        &self,
        guard: &'static str,
        mode: &'static str,
        verdict: &'static str,
    ) -> CounterHandle {
        let labels = VerdictLabels { guard, mode, verdict };
        CounterHandle(self.0.series.verdicts.get_or_create_owned(&labels))
    }

    /// An event of this kind was emitted.
    pub fn event_emitted(&self, entry: &'static Entry) {
        self.0.series.events.get_or_create(&EventLabels { name: entry.name }).inc();
    }

    /// The WAF found an attack: of this class, or by a rule with this number, which counts as its
    /// thousand (`942xxx`); numbers above those of rule sets count together.
    pub fn attack_found(&self, class: Result<&'static str, u64>) {
        let kind = match class {
            Ok(class) => class.to_owned(),
            Err(rule @ ..=999_999) => format!("{}xxx", rule / 1_000),
            Err(_) => OTHER.to_owned(),
        };
        self.0.series.attacks.get_or_create(&AttackLabels { kind }).inc();
    }

    /// The count of records that the sink `sink` drops; to be given to the sink.
    #[must_use]
    pub fn drops(&self, sink: &'static str) -> Drops {
        Drops::of(self.0.series.drops.get_or_create_owned(&SinkLabels { sink }))
    }

    /// The cap with this name (its key in the configuration) was reached.
    pub fn limit_reached(&self, limit: &'static str) {
        self.0.series.limits.get_or_create(&LimitLabels { limit }).inc();
    }

    /// A configuration holds since `at`.
    pub fn config_loaded(&self, at: Timestamp) {
        self.0.series.config_loaded.set(at.as_second());
    }

    /// The configuration was read again, and could be used or not.
    pub fn config_reloaded(&self, is_used: bool) {
        let outcome = if is_used { "success" } else { "failure" };
        self.0.series.config_reloads.get_or_create(&OutcomeLabels { outcome }).inc();
    }

    /// The handle that counts how often the cap with this name is reached, for caps that are reached
    /// often.
    #[must_use]
    pub fn limit_counter(&self, limit: &'static str) -> CounterHandle {
        CounterHandle(self.0.series.limits.get_or_create_owned(&LimitLabels { limit }))
    }

    /// A server was taken out of its group; the address comes from the configuration.
    pub fn upstream_ejected(&self, address: &str) {
        let labels = ServerLabels { upstream: address.into() };
        self.0.series.upstream_ejections.get_or_create(&labels).inc();
    }

    /// An exchange with an upstream failed: `connect`, `timeout`, `invalid` and the like.
    pub fn upstream_failed(&self, kind: &'static str) {
        self.0.series.upstream_failures.get_or_create(&KindLabels { kind }).inc();
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

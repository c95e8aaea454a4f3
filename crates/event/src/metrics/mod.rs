//! The metrics, in the OpenMetrics text format. Names follow OpenTelemetry's where it has one.
//!
//! Every label comes from a bounded set: the catalogue, the configuration, or a table here.
//! Whoever counts on the hot path asks once for a handle ([`Metrics::route`],
//! [`Metrics::verdict`]) and then counts without lookup or allocation.

mod labels;
mod route;
#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use crate::{Drops, Entry};
use labels::{
    EventLabels, KindLabels, LimitLabels, RequestSeries, RouteLabels, SinkLabels, VerdictLabels,
};
pub use route::RouteMetrics;

/// More routes than this share one set of series.
const MAX_ROUTES: usize = 1024;
/// The label value for everything outside a bounded set.
const OTHER: &str = "_OTHER";
/// Upper bounds of the duration histogram in seconds: those of OpenTelemetry, with one below for
/// what is answered from memory and one above for slow uploads.
const DURATION_BUCKETS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0];

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

type Durations = Family<RequestSeries, Histogram, fn() -> Histogram>;

#[derive(Debug)]
struct Inner {
    registry: Registry,
    series: Series,
    routes: Mutex<HashMap<Arc<str>, RouteMetrics>>,
}

/// The metrics themselves; clones share their values.
#[derive(Debug, Clone)]
struct Series {
    durations: Durations,
    active_requests: Gauge,
    request_bytes: Family<RouteLabels, Counter>,
    response_bytes: Family<RouteLabels, Counter>,
    connections: Gauge,
    upgraded: Gauge,
    verdicts: Family<VerdictLabels, Counter>,
    events: Family<EventLabels, Counter>,
    drops: Family<SinkLabels, Counter>,
    limits: Family<LimitLabels, Counter>,
    upstream_failures: Family<KindLabels, Counter>,
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

    /// The count of records that the sink `sink` drops; to be given to the sink.
    #[must_use]
    pub fn drops(&self, sink: &'static str) -> Drops {
        Drops::of(self.0.series.drops.get_or_create_owned(&SinkLabels { sink }))
    }

    /// The cap with this name (its key in the configuration) was reached.
    pub fn limit_reached(&self, limit: &'static str) {
        self.0.series.limits.get_or_create(&LimitLabels { limit }).inc();
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

impl Series {
    fn new() -> Self {
        Self {
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            active_requests: Gauge::default(),
            request_bytes: Family::default(),
            response_bytes: Family::default(),
            connections: Gauge::default(),
            upgraded: Gauge::default(),
            verdicts: Family::default(),
            events: Family::default(),
            drops: Family::default(),
            limits: Family::default(),
            upstream_failures: Family::default(),
        }
    }

    /// Names each of them. The library adds `_total` to counters and `_info` to infos.
    fn register(&self, to: &mut Registry) {
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        to.register("mantlet_build", "The version that runs", build);
        to.register(
            "http_server_request_duration_seconds",
            "From the first byte of a request to the last of its answer",
            self.durations.clone(),
        );
        to.register(
            "http_server_active_requests",
            "Requests being served now",
            self.active_requests.clone(),
        );
        to.register(
            "http_server_request_body_size_bytes",
            "Body bytes received from clients",
            self.request_bytes.clone(),
        );
        to.register(
            "http_server_response_body_size_bytes",
            "Body bytes sent to clients",
            self.response_bytes.clone(),
        );
        to.register("mantlet_connections", "Client connections open now", self.connections.clone());
        to.register(
            "mantlet_upgraded_connections",
            "Upgraded connections (WebSockets) open now",
            self.upgraded.clone(),
        );
        to.register("mantlet_guard_verdicts", "Verdicts of guards", self.verdicts.clone());
        to.register("mantlet_events", "Events but those of the access stream", self.events.clone());
        to.register(
            "mantlet_events_dropped",
            "Event records that a sink could not take",
            self.drops.clone(),
        );
        to.register(
            "mantlet_limit_reached",
            "How often a cap of the configuration was reached",
            self.limits.clone(),
        );
        to.register(
            "mantlet_upstream_failures",
            "Failed exchanges with upstreams",
            self.upstream_failures.clone(),
        );
    }
}

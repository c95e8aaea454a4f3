//! The series and their names.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::Registry;

use super::labels::{
    AttackLabels, EventLabels, KindLabels, LimitLabels, OutcomeLabels, RequestSeries, RouteLabels,
    ServerLabels, SinkLabels, VerdictLabels,
};

/// The label value for everything outside a bounded set.
pub(super) const OTHER: &str = "_OTHER";
/// Upper bounds of the duration histogram in seconds: those of OpenTelemetry, with one below for
/// what is answered from memory and one above for slow uploads.
const DURATION_BUCKETS: [f64; 16] =
    [0.001, 0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0, 60.0];

pub(super) type Durations = Family<RequestSeries, Histogram, fn() -> Histogram>;

/// The metrics themselves; clones share their values.
#[derive(Debug, Clone)]
pub(super) struct Series {
    pub(super) durations: Durations,
    pub(super) active_requests: Gauge,
    pub(super) request_bytes: Family<RouteLabels, Counter>,
    pub(super) response_bytes: Family<RouteLabels, Counter>,
    pub(super) exports: Family<RouteLabels, Counter>,
    pub(super) connections: Gauge,
    pub(super) upgraded: Gauge,
    pub(super) verdicts: Family<VerdictLabels, Counter>,
    pub(super) events: Family<EventLabels, Counter>,
    pub(super) attacks: Family<AttackLabels, Counter>,
    pub(super) drops: Family<SinkLabels, Counter>,
    pub(super) limits: Family<LimitLabels, Counter>,
    pub(super) upstream_failures: Family<KindLabels, Counter>,
    pub(super) config_reloads: Family<OutcomeLabels, Counter>,
    pub(super) config_loaded: Gauge,
    pub(super) upstream_ejections: Family<ServerLabels, Counter>,
}

impl Series {
    pub(super) fn new() -> Self {
        Self {
            durations: Family::new_with_constructor(|| Histogram::new(DURATION_BUCKETS)),
            active_requests: Gauge::default(),
            request_bytes: Family::default(),
            response_bytes: Family::default(),
            exports: Family::default(),
            connections: Gauge::default(),
            upgraded: Gauge::default(),
            verdicts: Family::default(),
            events: Family::default(),
            attacks: Family::default(),
            drops: Family::default(),
            limits: Family::default(),
            upstream_failures: Family::default(),
            config_reloads: Family::default(),
            config_loaded: Gauge::default(),
            upstream_ejections: Family::default(),
        }
    }

    /// Names each of them. The library adds `_total` to counters and `_info` to infos.
    pub(super) fn register(&self, to: &mut Registry) {
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
        to.register(
            "mantlet_data_exports",
            "Answers that took data out, of routes with `export`",
            self.exports.clone(),
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
            "mantlet_attacks",
            "Attacks that the WAF found, by class of detector or by group of rules",
            self.attacks.clone(),
        );
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
        to.register(
            "mantlet_config_reload",
            "How often the configuration was read again, and what came of it",
            self.config_reloads.clone(),
        );
        to.register(
            "mantlet_config_last_reload_success_timestamp_seconds",
            "Since when the configuration in force holds, in seconds since 1970",
            self.config_loaded.clone(),
        );
        to.register(
            "mantlet_upstream_ejections",
            "How often a server was taken out of its group",
            self.upstream_ejections.clone(),
        );
    }
}

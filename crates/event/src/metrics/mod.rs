//! The metrics, in the OpenMetrics text format. Names follow OpenTelemetry's where it has one.
//!
//! Every label comes from a bounded set: the catalogue, the configuration, or a table here.
//! Whoever counts on the hot path asks once for a handle ([`Metrics::route`],
//! [`Metrics::verdict`]) and then counts without lookup or allocation.

mod collection;
mod labels;
mod route;
mod series;
#[cfg(test)]
mod tests;

pub use collection::{CounterHandle, Metrics, RequestLabels};
pub use route::RouteMetrics;

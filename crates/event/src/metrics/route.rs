//! Counting requests of one route without lookup or allocation.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;

use super::labels::{RequestSeries, RouteLabels};
use super::series::{Durations, OTHER, Series};

/// The standard methods (RFC 9110 and PATCH), and last the name for all others.
const METHODS: [&str; 10] =
    ["GET", "POST", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS", "CONNECT", "TRACE", OTHER];

/// The registered status codes, ascending; all others share one series.
const STATUSES: [u16; 63] = [
    100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304,
    305, 307, 308, 400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415,
    416, 417, 418, 421, 422, 423, 424, 425, 426, 428, 429, 431, 451, 499, 500, 501, 502, 503, 504,
    505, 506, 507, 508, 510, 511,
];

/// The series of one method: one for each registered status, and one for the others.
type ByStatus = [OnceLock<Histogram>; STATUSES.len() + 1];

/// The handle for requests of one route; clones count together.
#[derive(Debug, Clone)]
pub struct RouteMetrics(Arc<Route>);

#[derive(Debug)]
struct Route {
    name: Arc<str>,
    durations: Durations,
    active_requests: Gauge,
    request_bytes: Counter,
    response_bytes: Counter,
    by_method: [OnceLock<Box<ByStatus>>; METHODS.len()],
}

impl RouteMetrics {
    pub(super) fn new(name: Arc<str>, series: &Series) -> Self {
        let labels = RouteLabels { http_route: Arc::clone(&name) };
        Self(Arc::new(Route {
            durations: series.durations.clone(),
            active_requests: series.active_requests.clone(),
            request_bytes: series.request_bytes.get_or_create_owned(&labels),
            response_bytes: series.response_bytes.get_or_create_owned(&labels),
            by_method: [const { OnceLock::new() }; METHODS.len()],
            name,
        }))
    }

    /// A request of this route was answered with `status`, `duration` after its first byte;
    /// `request_bytes` and `response_bytes` are the lengths of the bodies. Allocates only the first
    /// time a method meets a status.
    pub fn request_finished(
        &self,
        method: &str,
        status: u16,
        duration: Duration,
        request_bytes: u64,
        response_bytes: u64,
    ) {
        let route = &*self.0;
        route.active_requests.dec();
        route.request_bytes.inc_by(request_bytes);
        route.response_bytes.inc_by(response_bytes);
        if let Some(series) = route.series(method, status) {
            series.observe(duration.as_secs_f64());
        }
    }
}

impl Route {
    /// The series for this method and status; always there, the indexes come from the tables.
    fn series(&self, method: &str, status: u16) -> Option<&Histogram> {
        let known = METHODS.iter().position(|known| *known == method);
        let method = known.unwrap_or(METHODS.len() - 1);
        let status = STATUSES.binary_search(&status).unwrap_or(STATUSES.len());
        let by_status = self
            .by_method
            .get(method)?
            .get_or_init(|| Box::new([const { OnceLock::new() }; STATUSES.len() + 1]));
        Some(by_status.get(status)?.get_or_init(|| {
            let status = STATUSES.get(status).map_or_else(|| OTHER.to_owned(), u16::to_string);
            self.durations.get_or_create_owned(&RequestSeries {
                http_request_method: METHODS.get(method).copied().unwrap_or(OTHER),
                http_route: Arc::clone(&self.name),
                http_response_status_code: status,
            })
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_statuses_can_be_searched() {
        assert!(STATUSES.is_sorted_by(|a, b| a < b));
    }
}

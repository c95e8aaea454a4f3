//! Events as a metric.

use std::sync::Arc;
use std::time::Duration;

use crate::{Delivery, EventSink, Metrics, Record, Stream};

/// Counts events by name. The access stream is left out: requests have metrics of their own, and
/// this way nobody builds access events only to count them.
#[derive(Debug)]
pub struct MetricsSink(Metrics);

impl MetricsSink {
    /// Counts in `metrics`.
    #[must_use]
    pub const fn new(metrics: Metrics) -> Self {
        Self(metrics)
    }
}

impl EventSink for MetricsSink {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn delivery(&self) -> Delivery {
        Delivery::Lossy
    }

    fn wants(&self, stream: Stream) -> bool {
        stream != Stream::Access
    }

    fn is_exact(&self) -> bool {
        true
    }

    fn accept(&self, record: &Arc<Record>) {
        self.0.event_emitted(record.event().entry());
    }

    fn close(&self, _timeout: Duration) {}
}

//! Events, kept for the test to look at.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mantlet_event::{Delivery, EventSink, Events, Record, Stream};
use mantlet_types::Clock;
use serde_json::Value;

use crate::lock;

/// The most records kept; later ones are not.
const MOST: usize = 100_000;

/// A sink that keeps every record of every stream. Clones share what they keep.
#[derive(Debug, Clone, Default)]
pub struct CapturedEvents(Arc<Mutex<Vec<Arc<Record>>>>);

impl CapturedEvents {
    /// An empty sink.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A handle that emits into a new sink alone, and that sink.
    #[must_use]
    pub fn wired(clock: Arc<dyn Clock>) -> (Events, Self) {
        let sink = Self::new();
        (Events::builder(clock).sink(Box::new(sink.clone())).build(), sink)
    }

    /// Every record so far, oldest first.
    #[must_use]
    pub fn records(&self) -> Vec<Arc<Record>> {
        lock(&self.0).clone()
    }

    /// Every record so far as the log would show it, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.records().iter().map(|record| record.line().to_owned()).collect()
    }

    /// The records of one kind of event (`limit.request.refused`), as parsed JSON, oldest first.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Vec<Value> {
        let records = self.records();
        let wanted = records.iter().filter(|record| record.event().entry().name == name);
        wanted.map(|record| serde_json::from_str(record.line()).unwrap()).collect()
    }

    /// The names of the events so far, oldest first.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        self.records().iter().map(|record| record.event().entry().name).collect()
    }

    /// Forgets what came so far.
    pub fn clear(&self) {
        lock(&self.0).clear();
    }
}

impl EventSink for CapturedEvents {
    fn name(&self) -> &'static str {
        "captured"
    }

    fn delivery(&self) -> Delivery {
        Delivery::Durable
    }

    fn wants(&self, _stream: Stream) -> bool {
        true
    }

    fn accept(&self, record: &Arc<Record>) {
        let mut records = lock(&self.0);
        if records.len() < MOST {
            records.push(Arc::clone(record));
        }
    }

    fn close(&self, _timeout: Duration) {}
}

#[cfg(test)]
mod tests {
    use mantlet_event::{Event, catalogue, field};

    use super::*;
    use crate::FakeClock;

    #[test]
    fn what_was_emitted_can_be_found_by_name() {
        let (events, captured) = CapturedEvents::wired(FakeClock::new().shared());
        events.emit(Event::new(&catalogue::LIMIT_REQUEST_REFUSED).text(field::REASON, "rate"));
        assert_eq!(captured.by_name("limit.request.refused")[0][field::REASON], "rate");
        assert_eq!(captured.lines().len(), 1);
        assert!(captured.by_name("no.such.event").is_empty());
        captured.clear();
        assert!(captured.names().is_empty());
    }
}

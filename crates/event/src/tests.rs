use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mantlet_types::{Clock, Monotonic, Timestamp};

use super::*;

#[derive(Debug)]
struct StoppedClock;

impl Clock for StoppedClock {
    fn now(&self) -> Timestamp {
        "2026-01-02T03:04:05.678Z".parse().unwrap()
    }

    fn monotonic(&self) -> Monotonic {
        Monotonic::from_origin(Duration::ZERO)
    }
}

#[derive(Debug)]
struct Collect {
    streams: Streams,
    records: Arc<Mutex<Vec<Arc<Record>>>>,
    closed: Arc<AtomicUsize>,
}

impl EventSink for Collect {
    fn name(&self) -> &'static str {
        "collect"
    }

    fn delivery(&self) -> Delivery {
        Delivery::Lossy
    }

    fn wants(&self, stream: Stream) -> bool {
        self.streams.contains(stream)
    }

    fn accept(&self, record: &Arc<Record>) {
        self.records.lock().unwrap().push(Arc::clone(record));
    }

    fn close(&self, timeout: Duration) {
        assert_eq!(timeout, Duration::from_secs(1));
        self.closed.fetch_add(1, Ordering::Relaxed);
    }
}

#[test]
fn each_sink_gets_the_streams_it_wants_stamped_and_shared() {
    let closed = Arc::new(AtomicUsize::new(0));
    let stores = [Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new()))];
    let sets = [Streams::ALL.without(Stream::Access), Streams::NONE.with(Stream::Decision)];
    let builder = Events::builder(Arc::new(StoppedClock));
    let events = sets
        .into_iter()
        .zip(&stores)
        .fold(builder, |builder, (streams, records)| {
            let (records, closed) = (Arc::clone(records), Arc::clone(&closed));
            builder.sink(Box::new(Collect { streams, records, closed }))
        })
        .build();

    assert!(!events.wants(Stream::Access) && events.wants(Stream::Audit));
    events.emit(Event::new(&catalogue::GATEWAY_REQUEST_COMPLETED));
    events.emit(Event::new(&catalogue::PROCESS_SERVICE_STARTED));
    events.emit(Event::new(&catalogue::LIMIT_REQUEST_REFUSED));
    events.close(Duration::from_secs(1));

    let [all, decisions] = stores.map(|store| store.lock().unwrap().clone());
    assert_eq!((all.len(), decisions.len()), (2, 1));
    assert!(Arc::ptr_eq(&all[1], &decisions[0]));
    assert!(all[0].line().starts_with(r#"{"at":"2026-01-02T03:04:05.678Z","#));
    assert_eq!(closed.load(Ordering::Relaxed), 2);
}

#[test]
fn every_kind_of_event_is_one_line_of_json() {
    for entry in catalogue::ALL {
        let line = Event::new(entry).text(field::MESSAGE, "a\nb").to_json();
        let back: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(back["event.name"], entry.name);
        assert_eq!(back["severity"], entry.severity.as_str());
        assert!(!line.contains('\n'));
    }
}

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{io, thread};

use mantlet_types::{RequestId, SystemClock};

use super::*;
use crate::{Event, EventSink, Events, Metrics, Redactor, Value, catalogue, field};

const WAIT: Duration = Duration::from_secs(10);

fn events(sink: Box<dyn EventSink>) -> Events {
    Events::builder(Arc::new(SystemClock::new())).sink(sink).build()
}

fn numbered(n: i64) -> Event {
    Event::new(&catalogue::LIMIT_REQUEST_REFUSED).number("n", n)
}

fn audit(n: i64) -> Event {
    Event::new(&catalogue::CONTROL_COMMAND_EXECUTED).number("n", n)
}

/// The numbers in the lines of a log; every line must be whole.
fn numbers(path: &Path) -> Vec<i64> {
    let log = fs::read_to_string(path).unwrap();
    assert!(log.is_empty() || log.ends_with('\n'));
    log.lines()
        .map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap()["n"].as_i64().unwrap())
        .collect()
}

fn options(path: &Path) -> JsonLinesOptions {
    JsonLinesOptions::new(path)
}

#[test]
fn concurrent_events_become_whole_lines() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let events = events(Box::new(JsonLines::open(options(&path)).unwrap()));
    thread::scope(|scope| {
        for thread in 0..4 {
            let events = &events;
            scope.spawn(move || (0..500).for_each(|n| events.emit(numbered(thread * 500 + n))));
        }
    });
    events.close(WAIT);
    let mut numbers = numbers(&path);
    numbers.sort_unstable();
    assert_eq!(numbers, (0..2000).collect::<Vec<_>>());
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn a_full_file_is_rotated_and_old_ones_go() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let line = u64::try_from(numbered(10).to_json().len() + 1).unwrap();
    let options = JsonLinesOptions { rotate_bytes: 3 * line, keep: 2, ..options(&path) };
    let events = events(Box::new(JsonLines::open(options).unwrap()));
    for n in 10..20 {
        events.emit(numbered(n));
    }
    events.close(WAIT);
    assert_eq!(numbers(&path), [19]);
    assert_eq!(numbers(&folder.path().join("events.jsonl.1")), [16, 17, 18]);
    assert_eq!(numbers(&folder.path().join("events.jsonl.2")), [13, 14, 15]);
    assert!(!folder.path().join("events.jsonl.3").exists());
}

#[test]
fn a_torn_last_line_does_not_spoil_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    fs::write(&path, "{\"n\":1}\n{\"n\":2,\"tor").unwrap();
    let events = events(Box::new(JsonLines::open(options(&path)).unwrap()));
    events.emit(numbered(3));
    events.close(WAIT);
    let log = fs::read_to_string(&path).unwrap();
    assert_eq!(log.lines().nth(1), Some("{\"n\":2,\"tor"));
    assert!(log.lines().nth(2).unwrap().contains("\"n\":3"));
}

#[test]
fn a_removed_file_is_opened_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("events.jsonl");
    let events = events(Box::new(JsonLines::open(options(&path)).unwrap()));
    events.emit(numbered(1));
    events.close(WAIT);
    fs::rename(&path, folder.path().join("moved")).unwrap();
    events.emit(numbered(2));
    events.close(WAIT);
    assert_eq!(numbers(&path), [2]);
    assert_eq!(numbers(&folder.path().join("moved")), [1]);
}

#[test]
fn a_file_that_cannot_be_opened_is_a_typed_error() {
    let path = Path::new("/nonexistent/folder/events.jsonl");
    let error = JsonLines::open(options(path)).unwrap_err();
    assert!(
        matches!(&error, SinkError::Open { source, .. } if source.kind() == io::ErrorKind::NotFound)
    );
    assert!(error.to_string().contains("`/nonexistent/folder/events.jsonl`"));
    assert!(matches!(Durable::open(DurableOptions::new(path)), Err(SinkError::Open { .. })));
}

#[test]
fn a_disk_that_refuses_is_reported_once_and_counted() {
    let (sender, told) = sync_channel(16);
    let drops = Drops::default();
    let options = JsonLinesOptions {
        drops: drops.clone(),
        report: Report::new(move |line| sender.try_send(line.to_owned()).unwrap()),
        ..options(Path::new("/dev/full"))
    };
    let events = events(Box::new(JsonLines::open(options).unwrap()));
    for n in 0..3 {
        events.emit(numbered(n));
        events.close(WAIT);
    }
    assert!(told.try_recv().unwrap().contains("the file log cannot be written"));
    assert!(told.try_recv().is_err());
    assert_eq!(drops.count(), 0, "a few lines wait for the disk");
    let long = "x".repeat(2000);
    for _ in 0..1000 {
        events.emit(numbered(1).text(field::EVIDENCE, long.clone()));
    }
    events.close(WAIT);
    assert!(drops.count() > 0);
}

/// Blocks in its first write until it is told to go on.
struct Stuck {
    entered: SyncSender<()>,
    go_on: Receiver<()>,
    is_free: bool,
    written: Arc<Mutex<Vec<u8>>>,
}

impl io::Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if !self.is_free {
            self.entered.send(()).unwrap();
            self.go_on.recv().unwrap();
            self.is_free = true;
        }
        self.written.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_full_lossy_sink_never_blocks_and_says_what_is_missing() {
    let (entered, has_entered) = sync_channel(1);
    let (release, go_on) = sync_channel(1);
    let written = Arc::new(Mutex::new(Vec::new()));
    let output = Stuck { entered, go_on, is_free: false, written: Arc::clone(&written) };
    let metrics = Metrics::new();
    let drops = metrics.drops("terminal");
    let events = events(Box::new(
        Terminal::start(TerminalOptions {
            queue: 4,
            drops: drops.clone(),
            ..TerminalOptions::new(Box::new(output), Format::Json)
        })
        .unwrap(),
    ));
    events.emit(numbered(0));
    has_entered.recv_timeout(WAIT).unwrap();
    // The thread is stuck: four records fit, the others must not wait for it.
    (1..=10).for_each(|n| events.emit(numbered(n)));
    assert_eq!(drops.count(), 6);
    events.close(Duration::from_millis(5));
    release.send(()).unwrap();
    events.close(WAIT);

    let log = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[1]["event.name"], "log.record.dropped");
    assert_eq!(lines[1]["count"], 6);
    assert!(metrics.render().contains(r#"mantlet_events_dropped_total{sink="terminal"} 6"#));
}

#[test]
fn a_durable_line_is_there_when_emit_returns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let events = events(Box::new(Durable::open(DurableOptions::new(&path)).unwrap()));
    for n in 0..3 {
        events.emit(audit(n));
        assert_eq!(numbers(&path).last(), Some(&n));
    }
    events.emit(numbered(9));
    assert_eq!(numbers(&path), [0, 1, 2], "only the audit stream");
}

#[test]
fn full_durable_files_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.jsonl");
    let options = DurableOptions { rotate_bytes: 1, ..DurableOptions::new(&path) };
    let events = events(Box::new(Durable::open(options).unwrap()));
    (0..20).for_each(|n| events.emit(audit(n)));
    assert_eq!(numbers(&path), [19]);
    for n in 1..20 {
        assert_eq!(numbers(&folder.path().join(format!("audit.jsonl.{n}"))), [n - 1]);
    }
}

#[test]
fn a_durable_log_that_cannot_be_written_reports_it() {
    let (sender, told) = sync_channel(16);
    let options = DurableOptions {
        report: Report::new(move |line| sender.try_send(line.to_owned()).unwrap()),
        ..DurableOptions::new("/dev/full")
    };
    let events = events(Box::new(Durable::open(options).unwrap()));
    events.emit(audit(1));
    events.emit(audit(2));
    assert!(told.try_recv().unwrap().contains("durable log cannot be written"));
    assert!(told.try_recv().is_err());
}

#[test]
fn a_record_that_is_not_on_the_disk_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("events.jsonl");
    let full = Durable::open(DurableOptions::new("/dev/full")).unwrap();
    let events = Events::builder(Arc::new(SystemClock::new()))
        .sink(Box::new(full))
        .sink(Box::new(JsonLines::open(options(&log)).unwrap()))
        .build();
    let error = events.record(audit(1)).unwrap_err().to_string();
    assert!(error.starts_with("the durable log cannot be written: "), "{error}");
    events.record(numbered(2)).unwrap();
    events.close(WAIT);
    assert_eq!(numbers(&log), [1, 2], "the other sinks have it");

    let path = folder.path().join("audit.jsonl");
    let kept = Durable::open(DurableOptions::new(&path)).unwrap();
    self::events(Box::new(kept)).record(audit(3)).unwrap();
    assert_eq!(numbers(&path), [3]);
}

#[test]
fn the_recent_store_is_bounded_and_finds_requests() {
    let recent = Recent::new(3);
    let events = events(Box::new(Arc::clone(&recent)));
    let id: RequestId = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44".parse().unwrap();
    for n in 0..5 {
        let event = numbered(n);
        events.emit(if n % 2 == 0 { event.request(id) } else { event });
    }
    events.emit(Event::new(&catalogue::GATEWAY_REQUEST_COMPLETED).request(id));
    let number =
        |record: &Arc<crate::Record>| record.event().lookup("n").and_then(Value::as_number);
    assert_eq!(recent.latest(9).iter().filter_map(number).collect::<Vec<_>>(), [4, 3, 2]);
    assert_eq!(recent.by_request(id).iter().filter_map(number).collect::<Vec<_>>(), [2, 4]);
}

#[test]
fn long_records_do_not_make_the_recent_store_large() {
    let recent = Recent::new(10);
    let events = events(Box::new(Arc::clone(&recent)));
    for _ in 0..20 {
        let event = ["a", "b", "c", "d", "e", "f", "g", "h"]
            .iter()
            .fold(numbered(1), |event, name| event.text(name, "x".repeat(2000)));
        events.emit(event);
    }
    assert_eq!(recent.latest(99).len(), 1);
}

#[test]
fn no_sink_ever_sees_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let recent = Recent::new(8);
    let (file, audit) = (folder.path().join("events.jsonl"), folder.path().join("audit.jsonl"));
    let screen = folder.path().join("screen");
    let output = Box::new(fs::File::create(&screen).unwrap());
    let known = vec![mantlet_types::Secret::new("correct-horse".to_owned())];
    let events = Events::builder(Arc::new(SystemClock::new()))
        .redactor(Redactor::with_known(known))
        .sink(Box::new(JsonLines::open(options(&file)).unwrap()))
        .sink(Box::new(Durable::open(DurableOptions::new(&audit)).unwrap()))
        .sink(Box::new(Terminal::start(TerminalOptions::new(output, Format::Text)).unwrap()))
        .sink(Box::new(Arc::clone(&recent)))
        .build();
    for entry in [&catalogue::CONTROL_COMMAND_EXECUTED, &catalogue::LIMIT_REQUEST_REFUSED] {
        events.emit(
            Event::new(entry)
                .text(field::EVIDENCE, "the correct-horse password=hunter2")
                .text(field::USER_AGENT, "\r\n{\"event.name\":\"forged\"}"),
        );
    }
    events.close(WAIT);
    let recent: String = recent.latest(9).iter().map(|record| record.line().to_owned()).collect();
    for (log, lines) in [(file, 2), (audit, 1), (screen, 2)] {
        let log = fs::read_to_string(log).unwrap();
        assert_eq!(log.lines().count(), lines, "{log}");
        assert!(!log.contains("hunter2") && !log.contains("correct-horse"), "{log}");
        assert!(log.contains("the [redacted] password=[redacted]"), "{log}");
    }
    assert!(recent.contains("password=[redacted]") && !recent.contains("hunter2"));
}

#[test]
fn events_are_counted_by_name() {
    let metrics = Metrics::new();
    let events = events(Box::new(MetricsSink::new(metrics.clone())));
    events.emit(numbered(1));
    events.emit(numbered(2));
    assert!(metrics.render().contains(r#"mantlet_events_total{name="limit.request.refused"} 2"#));
}

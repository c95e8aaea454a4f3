//! Records for people: lines to a terminal or another stream, written by a thread of its own.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::Duration;

use super::worker::{Output, Worker, WorkerOptions, missing_record};
use super::{Drops, Report, SinkError};
use crate::{Delivery, Event, EventSink, Record, Stream, Streams, Value, field, json};

const NAME: &str = "terminal";
/// Lines are collected up to this many bytes before they are written.
const BATCH_BYTES: usize = 16 * 1024;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One JSON object per line, as in the event log.
    Json,
    /// `12:03:04 medium limit.request.refused rate-limited source.ip=192.0.2.7 id=…`, time in UTC.
    Text,
}

/// What goes where, and how.
pub struct TerminalOptions {
    /// Where the lines go.
    pub output: Box<dyn Write + Send>,
    /// How they look.
    pub format: Format,
    /// How many records wait at most; further ones are dropped and counted.
    pub queue: usize,
    /// Which streams are written.
    pub streams: Streams,
    /// Counts what was dropped.
    pub drops: Drops,
    /// Hears of trouble with the output.
    pub report: Report,
}

impl TerminalOptions {
    /// Everything but the access stream to `output`, 1,024 waiting records.
    #[must_use]
    pub fn new(output: Box<dyn Write + Send>, format: Format) -> Self {
        Self {
            output,
            format,
            queue: 1024,
            streams: Streams::ALL.without(Stream::Access),
            drops: Drops::default(),
            report: Report::silent(),
        }
    }
}

impl fmt::Debug for TerminalOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TerminalOptions")
            .field("format", &self.format)
            .field("queue", &self.queue)
            .field("streams", &self.streams)
            .finish_non_exhaustive()
    }
}

/// Lines to a stream.
#[derive(Debug)]
pub struct Terminal {
    worker: Worker<Arc<Record>>,
    streams: Streams,
}

impl Terminal {
    /// Starts the thread that writes.
    ///
    /// # Errors
    /// [`SinkError::Thread`] when it cannot be started.
    pub fn start(options: TerminalOptions) -> Result<Self, SinkError> {
        let TerminalOptions { output, format, queue, streams, drops, report } = options;
        let lines = Lines { output, format, waiting: String::new() };
        let worker = WorkerOptions { sink: NAME, queue, drops, report };
        let worker = Worker::start(worker, Box::new(lines)).map_err(SinkError::Thread)?;
        Ok(Self { worker, streams })
    }
}

impl EventSink for Terminal {
    fn name(&self) -> &'static str {
        NAME
    }

    fn delivery(&self) -> Delivery {
        Delivery::Lossy
    }

    fn wants(&self, stream: Stream) -> bool {
        self.streams.contains(stream)
    }

    fn accept(&self, record: &Arc<Record>) {
        self.worker.accept(Arc::clone(record));
    }

    fn close(&self, timeout: Duration) {
        self.worker.flush(timeout);
    }
}

struct Lines {
    output: Box<dyn Write + Send>,
    format: Format,
    waiting: String,
}

impl Lines {
    fn push(&mut self, record: &Record) -> io::Result<()> {
        match self.format {
            Format::Json => self.waiting.push_str(record.line()),
            Format::Text => text(&mut self.waiting, record.event()),
        }
        self.waiting.push('\n');
        if self.waiting.len() < BATCH_BYTES { Ok(()) } else { self.flush() }
    }
}

impl Output<Arc<Record>> for Lines {
    fn write(&mut self, record: &Arc<Record>) -> io::Result<()> {
        self.push(record)
    }

    fn tell_missing(
        &mut self,
        sink: &'static str,
        missing: u64,
        next: &Arc<Record>,
    ) -> io::Result<()> {
        self.push(&missing_record(sink, missing, next))
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let outcome = self.output.write_all(self.waiting.as_bytes());
        // A stream that refused once may have taken a part: writing it again would repeat lines.
        self.waiting.clear();
        outcome.and_then(|()| self.output.flush())
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Appends the event as one line for people.
fn text(out: &mut String, event: &Event) {
    // Writing to a `String` cannot fail.
    let _ = write!(out, "{} ", event.at().strftime("%H:%M:%S"));
    out.push_str(event.level().as_str());
    out.push(' ');
    out.push_str(event.entry().name);
    if let Some(reason) = event.lookup(field::REASON).and_then(Value::as_text) {
        out.push(' ');
        word(out, reason);
    }
    for (name, value) in event.fields().filter(|(name, _)| *name != field::REASON) {
        out.push(' ');
        out.push_str(name);
        out.push('=');
        let _ = match value {
            Value::Text(text) => {
                word(out, text);
                Ok(())
            }
            Value::Number(number) => write!(out, "{number}"),
            Value::Float(float) => write!(out, "{float}"),
            Value::Flag(flag) => write!(out, "{flag}"),
        };
    }
    if let Some(id) = event.request_id() {
        let _ = write!(out, " id={id}");
    }
}

/// Appends `text` as one word: quoted when it has a space, `=` or quote, or is empty.
fn word(out: &mut String, text: &str) {
    let is_quoted = text.is_empty() || text.contains([' ', '=', '"']);
    if is_quoted {
        out.push('"');
    }
    json::escape(out, text);
    if is_quoted {
        out.push('"');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Redactor, catalogue};

    #[test]
    fn a_line_for_people_cannot_be_forged() {
        let id = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44".parse().unwrap();
        let mut event = Event::new(&catalogue::LIMIT_REQUEST_REFUSED)
            .text(field::CLIENT, "192.0.2.7")
            .text(field::REASON, "rate-limited")
            .text(field::PATH, "/a\r\n12:00:00 info\u{1b}[2J id=1")
            .number(field::STATUS, 429)
            .request(id);
        event.seal("2026-01-02T12:03:04Z".parse().unwrap(), &Redactor::new());
        let mut line = String::new();
        text(&mut line, &event);
        assert_eq!(
            line,
            concat!(
                "12:03:04 medium limit.request.refused rate-limited source.ip=192.0.2.7 ",
                r#"url.path="/a\r\n12:00:00 info\u001b[2J id=1" http.response.status_code=429 "#,
                "id=019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44"
            )
        );
    }
}

//! The way from an event to the sinks.

use std::fmt::{self, Debug};
use std::io;
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use mantlet_types::Clock;

use crate::sampling::Sampler;
use crate::{Event, Record, Redactor, Stream, Streams};

/// What a sink does when it cannot keep up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Delivery {
    /// Never blocks the caller; drops records and counts them.
    Lossy,
    /// Blocks the caller until the record is on disk; never drops one while the disk works.
    Durable,
}

/// Where records go. A sink must not panic, and must not emit events itself.
pub trait EventSink: Debug + Send + Sync {
    /// The name of the sink in metrics and reports.
    fn name(&self) -> &'static str;

    /// What it does when it cannot keep up.
    fn delivery(&self) -> Delivery;

    /// Whether it takes records of `stream`; asked once, when the sinks are put together.
    fn wants(&self, stream: Stream) -> bool;

    /// Whether it gets every record, also of refusals that are only counted elsewhere.
    fn is_exact(&self) -> bool {
        false
    }

    /// Takes one record, of a stream it wants.
    fn accept(&self, record: &Arc<Record>);

    /// Takes one record and says whether it is kept; a lossy sink promises nothing.
    ///
    /// # Errors
    /// When a durable sink could not bring the record to the disk. It may still do so later.
    fn record(&self, record: &Arc<Record>) -> io::Result<()> {
        self.accept(record);
        Ok(())
    }

    /// Writes out what it holds, waiting at most `timeout`. It may be used afterwards.
    fn close(&self, timeout: Duration);
}

/// A record that a durable sink could not bring to the disk.
#[derive(Debug)]
pub struct AuditError {
    sink: &'static str,
    error: io::Error,
}

impl fmt::Display for AuditError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the {} log cannot be written: {}", self.sink, self.error)
    }
}

impl std::error::Error for AuditError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

/// The handle through which everything emits; cheap to clone.
#[derive(Debug, Clone)]
pub struct Events(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Arc<dyn Clock>,
    redactor: ArcSwap<Redactor>,
    sinks: Vec<(Streams, Box<dyn EventSink>)>,
    wanted: Streams,
    sampler: Option<Sampler>,
}

impl Events {
    /// Starts to put sinks together; `clock` gives the time of every event.
    pub fn builder(clock: Arc<dyn Clock>) -> EventsBuilder {
        EventsBuilder { clock, redactor: None, sinks: Vec::new(), sampler: None }
    }

    /// Stamps the event, takes out secrets and gives it to each sink that wants its stream. Blocks
    /// only on sinks that are [`Delivery::Durable`].
    pub fn emit(&self, event: Event) {
        // A durable sink has reported its trouble itself, and keeps the record for later.
        let _ = self.record(event);
    }

    /// Like [`Events::emit`], and says whether the record is kept: what must not happen without a
    /// record is recorded first, and left undone when that fails. Every sink gets the record.
    ///
    /// # Errors
    /// [`AuditError`] of the first durable sink that could not bring the record to the disk.
    pub fn record(&self, event: Event) -> Result<(), AuditError> {
        self.tell_suppressed();
        self.send(event)
    }

    fn send(&self, mut event: Event) -> Result<(), AuditError> {
        let stream = event.entry().stream;
        if !self.wants(stream) {
            return Ok(());
        }
        let is_written = self.is_written(&event);
        event.seal(self.0.clock.now(), &self.0.redactor.load());
        let record = Arc::new(Record::new(event));
        let mut outcome = Ok(());
        let wants = |sink: &dyn EventSink| is_written || sink.is_exact();
        for (_, sink) in self.0.sinks.iter().filter(|(streams, _)| streams.contains(stream)) {
            if !wants(&**sink) {
                continue;
            }
            let kept = sink.record(&record);
            let kept = kept.map_err(|error| AuditError { sink: sink.name(), error });
            outcome = outcome.and(kept);
        }
        outcome
    }

    fn is_written(&self, event: &Event) -> bool {
        let Some(sampler) = &self.0.sampler else { return true };
        // Others are never sampled, and need no time.
        event.entry().stream != Stream::Decision
            || sampler.is_written(event, self.0.clock.monotonic())
    }

    /// Says how many refusals were left out in the minutes that are over.
    fn tell_suppressed(&self) {
        let waiting = self.0.sampler.as_ref().filter(|sampler| sampler.is_waiting());
        let Some(sampler) = waiting else { return };
        for event in sampler.due(self.0.clock.monotonic()) {
            // No durable sink takes these.
            let _ = self.send(event);
        }
    }

    /// What takes secrets out now.
    #[must_use]
    pub fn redactor(&self) -> Arc<Redactor> {
        self.0.redactor.load_full()
    }

    /// From now on `redactor` takes out secrets: there are new ones.
    pub fn redact_with(&self, redactor: Redactor) {
        self.0.redactor.store(Arc::new(redactor));
    }

    /// Whether any sink wants `stream`. Cheap: lets callers skip building events nobody reads.
    #[must_use]
    pub fn wants(&self, stream: Stream) -> bool {
        self.0.wanted.contains(stream)
    }

    /// Makes every sink write out what it holds, waiting at most `timeout` for all of them.
    pub fn close(&self, timeout: Duration) {
        for event in self.0.sampler.iter().flat_map(Sampler::rest) {
            // No durable sink takes these.
            let _ = self.send(event);
        }
        let deadline = self.0.clock.monotonic().plus(timeout);
        for (_, sink) in &self.0.sinks {
            sink.close(deadline.since(self.0.clock.monotonic()));
        }
    }
}

/// Puts [`Events`] together.
#[derive(Debug)]
#[must_use]
pub struct EventsBuilder {
    clock: Arc<dyn Clock>,
    redactor: Option<Redactor>,
    sinks: Vec<(Streams, Box<dyn EventSink>)>,
    sampler: Option<Sampler>,
}

impl EventsBuilder {
    /// Uses `redactor` instead of one that knows patterns only.
    pub fn redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = Some(redactor);
        self
    }

    /// Of the refusals for one reason of one network (IPv4 /24, IPv6 /48), at most `most` in a minute
    /// go to sinks that are not exact; 0 for all of them.
    pub fn refusals(mut self, most: u32) -> Self {
        self.sampler = (most > 0).then(|| Sampler::new(most));
        self
    }

    /// Adds a sink; sinks get records in the order in which they were added.
    pub fn sink(mut self, sink: Box<dyn EventSink>) -> Self {
        let wanted = Stream::ALL
            .into_iter()
            .filter(|stream| sink.wants(*stream))
            .fold(Streams::NONE, Streams::with);
        self.sinks.push((wanted, sink));
        self
    }

    /// The finished handle.
    #[must_use]
    pub fn build(self) -> Events {
        let wanted = Stream::ALL
            .into_iter()
            .filter(|stream| self.sinks.iter().any(|(streams, _)| streams.contains(*stream)))
            .fold(Streams::NONE, Streams::with);
        let Self { clock, redactor, sinks, sampler } = self;
        let redactor = ArcSwap::from_pointee(redactor.unwrap_or_default());
        Events(Arc::new(Inner { clock, redactor, sinks, wanted, sampler }))
    }
}

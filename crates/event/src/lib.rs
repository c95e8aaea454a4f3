//! The one event type, its catalogue, redaction and sinks; the metrics; supervised tasks.
//!
//! Whatever happens in Mantlet that someone may want to know becomes one [`Event`]: its name comes
//! from the bounded [`catalogue`], a refusal's reason from [`reasons`], its keys from [`field`].
//! [`Events::emit`] stamps it, takes secrets out of every text value ([`Redactor`]) and hands it to
//! each sink as one shared [`Record`]; so no sink, present or future, ever sees a secret.
//!
//! To add an event: one entry in [`catalogue`], emit it where it happens, a case in the tests.
//! To add a sink: implement [`EventSink`] in a file of its own under [`sinks`].
//!
//! Deliberately absent: log levels per module and free-form messages without an entry.

pub mod catalogue;
mod entry;
mod event;
mod events;
pub mod field;
pub mod history;
mod json;
pub mod metrics;
pub mod reasons;
mod record;
mod redact;
mod sampling;
pub mod sinks;
pub mod task;
#[cfg(test)]
mod tests;

pub use entry::{Entry, Stream, Streams};
pub use event::{Event, Value};
pub use events::{AuditError, Delivery, EventSink, Events, EventsBuilder};
pub use metrics::{CounterHandle, Metrics, RequestLabels, RouteMetrics};
pub use record::Record;
pub use redact::{REDACTED, Redactor, names_secret};
pub use sinks::{
    Drops, Durable, DurableOptions, Format, JsonLines, JsonLinesOptions, LineFile, LineFileOptions,
    MetricsSink, Recent, Report, SinkError, Terminal, TerminalOptions, Weigh,
};

//! Where events go: files under the data folder, the terminal, metrics, the recent store.

use std::io::IsTerminal as _;
use std::sync::Arc;

use mantlet_config::{ByteSize, Reader, choice, section};
use mantlet_event::sinks::{
    Drops, Durable, DurableOptions, Format, JsonLines, JsonLinesOptions, MetricsSink, Report,
    SinkError, Terminal, TerminalOptions,
};
use mantlet_event::{Events, Metrics, Recent, Redactor, Stream, Streams};
use mantlet_gate::guards::waf::{AuditLogOptions, AuditLogs};
use mantlet_types::{Clock, Secret};

use crate::data::DataFolder;
use crate::output;

choice! {
    /// What standard error shows while the server runs.
    pub enum TerminalLog {
        /// Text on a terminal, JSON lines elsewhere.
        Auto => "auto",
        /// Text.
        Text => "text",
        /// JSON lines.
        Json => "json",
        /// Nothing.
        Off => "off",
    }
}

section! {
    /// Logs. Files are JSON lines under `log/` in the data folder.
    pub struct LogSection {
        /// Keep an access log: one line for each request.
        pub access: bool = true,
        /// What standard error shows.
        pub terminal: TerminalLog = TerminalLog::Auto,
        /// A file is put aside when it is this large.
        pub rotate: ByteSize = ByteSize(64 * 1024 * 1024),
        /// How many files that were put aside are kept.
        pub keep: u16 = 8,
        /// Records that wait to be written at most; further ones are dropped and counted.
        pub queue: u32 = 8192,
        /// Recent events that are kept in memory for `mantlet explain`.
        pub recent: u32 = 4096,
        /// How many refusals for one reason of one network (IPv4 /24, IPv6 /48) are written to the
        /// event log and the terminal in a minute; further ones are counted, and the count is
        /// written. The access log and the metrics leave none out. 0: all are written.
        pub refusals: u32 = 1000,
    }
}

impl LogSection {
    /// Finds what the types cannot say.
    pub(crate) fn check(&self, reader: &mut Reader<'_>) {
        // The queue takes its memory at the start.
        for (key, number) in [("log.queue", self.queue), ("log.recent", self.recent)] {
            reader.expect_range(key, &number, &(1..=1_000_000));
        }
        let sizes = ByteSize(4 * 1024)..=ByteSize(1 << 40);
        reader.expect_range("log.rotate", &self.rotate, &sizes);
    }
}

/// Builds the sinks; `secrets` are values that must not appear in any of them.
pub(crate) fn open(
    section: &LogSection,
    data: &DataFolder,
    clock: Arc<dyn Clock>,
    metrics: &Metrics,
    secrets: Vec<Secret<String>>,
) -> Result<(Events, Arc<Recent>), SinkError> {
    let report = Report::new(|line: &str| output::note(line));
    let recent = Recent::new(usize::try_from(section.recent).unwrap_or(usize::MAX));
    let file = |name: &str, streams: Streams, drops: Drops| {
        JsonLines::open(JsonLinesOptions {
            rotate_bytes: section.rotate.0,
            keep: u32::from(section.keep),
            queue: usize::try_from(section.queue).unwrap_or(usize::MAX),
            streams,
            drops,
            report: report.clone(),
            ..JsonLinesOptions::new(data.logs().join(name))
        })
    };
    let mut builder = Events::builder(clock)
        .redactor(Redactor::with_known(secrets))
        .refusals(section.refusals)
        .sink(Box::new(MetricsSink::new(metrics.clone())))
        .sink(Box::new(Arc::clone(&recent)))
        .sink(Box::new(Durable::open(DurableOptions {
            rotate_bytes: section.rotate.0,
            report: report.clone(),
            ..DurableOptions::new(data.audit().join("audit.jsonl"))
        })?))
        .sink(Box::new(file(
            "events.jsonl",
            Streams::ALL.without(Stream::Access),
            metrics.drops("events"),
        )?));
    if section.access {
        let streams = Streams::NONE.with(Stream::Access);
        builder = builder.sink(Box::new(file("access.jsonl", streams, metrics.drops("access"))?));
    }
    if let Some(format) = format(section.terminal) {
        let output = Box::new(std::io::stderr());
        builder = builder.sink(Box::new(Terminal::start(TerminalOptions {
            drops: metrics.drops("terminal"),
            ..TerminalOptions::new(output, format)
        })?));
    }
    Ok((builder.build(), recent))
}

/// The audit logs that WAF rules ask for.
pub(crate) fn audit_logs(
    section: &LogSection,
    data: &DataFolder,
    events: &Events,
    metrics: &Metrics,
) -> AuditLogs {
    AuditLogs::new(AuditLogOptions {
        folder: data.logs(),
        rotate_bytes: section.rotate.0,
        keep: u32::from(section.keep),
        queue: usize::try_from(section.queue).unwrap_or(usize::MAX),
        events: events.clone(),
        metrics: metrics.clone(),
        report: Report::new(|line: &str| output::note(line)),
    })
}

fn format(terminal: TerminalLog) -> Option<Format> {
    match terminal {
        TerminalLog::Off => None,
        TerminalLog::Text => Some(Format::Text),
        TerminalLog::Json => Some(Format::Json),
        TerminalLog::Auto if std::io::stderr().is_terminal() => Some(Format::Text),
        TerminalLog::Auto => Some(Format::Json),
    }
}

//! Where records go.

mod durable;
mod json_lines;
mod line_file;
mod log_file;
mod metrics_sink;
mod recent;
mod report;
mod terminal;
#[cfg(test)]
mod tests;
mod worker;

pub use durable::{Durable, DurableOptions};
pub use json_lines::{JsonLines, JsonLinesOptions};
pub use line_file::{LineFile, LineFileOptions};
pub use metrics_sink::MetricsSink;
pub use recent::Recent;
pub use report::{Drops, Report, SinkError};
pub use terminal::{Format, Terminal, TerminalOptions};
pub use worker::Weigh;

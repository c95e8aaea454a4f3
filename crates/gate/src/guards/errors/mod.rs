//! Withholds error answers that show the application's inside.
//!
//! **Protects against** stack traces, source paths and debug pages in answers: they tell an
//! attacker which framework, which line, often which query.
//!
//! **Looks at** answers of the application with a 5xx status and a text-like type: the first
//! `inspect` bytes of the body.
//!
//! **Verdicts**: withheld with `internals-withheld` (500, same request id) when the body has the
//! shape of a stack trace or a framework's debug page; other error answers pass, and those that
//! stream without end (`text/event-stream`, lines of JSON) are not held up. Compressed answers are
//! read through gzip, deflate, brotli and zstd; in another coding they are withheld unread.
//!
//! **Settings**: `mode`, `fail`, `inspect`.
//!
//! **Example**
//! ```toml
//! [guards.errors]
//! mode = "observe"
//! ```

mod config;
#[cfg(test)]
mod tests;
mod traces;

use std::sync::Arc;

use http::HeaderMap;
use http::header::CONTENT_TYPE;
use mantlet_event::reasons;

pub use config::ErrorsSection;

use super::Services;
use crate::coding::{Coding, beginning};
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Denial, Exchange, Guard, GuardError, HeldAnswer, Origin, Stages,
};

#[derive(Debug)]
struct Errors {
    inspect: usize,
}

pub(super) fn build(section: &ErrorsSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Errors { inspect: usize::try_from(section.inspect.0).unwrap_or(usize::MAX) })
}

impl Guard for Errors {
    fn stages(&self) -> Stages {
        Stages { answer: true, ..Stages::default() }
    }

    fn inspect_answer(
        &self,
        _exchange: &Exchange,
        head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        if head.origin == Origin::Gate || !head.status.is_server_error() || !is_text(head.headers) {
            return Ok(AnswerVerdict::Pass);
        }
        if Coding::of(head.headers).is_none() {
            return Ok(withhold("a coding that cannot be read", head));
        }
        let Some(held) = held else { return Ok(AnswerVerdict::Hold(self.inspect)) };
        let text = beginning(head.headers, held.bytes, self.inspect);
        Ok(match traces::find(&text) {
            None => AnswerVerdict::Pass,
            Some(kind) => withhold(kind, head),
        })
    }
}

/// What goes on for as long as the connection does: nobody may wait for its end.
const STREAMS: [&str; 6] = [
    "text/event-stream",
    "application/json-seq",
    "application/jsonl",
    "application/x-ndjson",
    "application/ndjson",
    "application/stream+json",
];

fn withhold(kind: &str, head: &AnswerHead<'_>) -> AnswerVerdict {
    let evidence = format!("{kind} in an answer with status {}", head.status.as_u16());
    AnswerVerdict::Withhold(Box::new(Denial::new(&reasons::INTERNALS_WITHHELD).evidence(evidence)))
}

/// Whether the body is text for people or programs: text, JSON, XML or undeclared.
fn is_text(headers: &HeaderMap) -> bool {
    let kind =
        headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("text/plain");
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let is_streamed = STREAMS.contains(&kind.as_str());
    !is_streamed && (kind.starts_with("text/") || kind.contains("json") || kind.contains("xml"))
}

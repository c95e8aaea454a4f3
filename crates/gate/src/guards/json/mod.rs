//! Bounds the nesting of JSON bodies.
//!
//! **Protects against** bodies that are cheap to send and expensive to parse: a few kilobytes of
//! brackets end a recursive parser's stack or cost it quadratic time.
//!
//! **Looks at** the whole body of a request whose `Content-Type` is JSON (`application/json`,
//! `*+json`), and every text message of a client on a WebSocket that begins like one, with `{` or
//! `[`.
//!
//! **Verdicts**: refused with `json-too-deep` (400; a WebSocket is closed with 1008) when arrays and objects nest deeper than
//! `depth`, or when a NUL byte shows that the body is not UTF-8. Everything else passes; whether it is valid JSON is the application's business.
//!
//! **Settings**: `mode`, `fail`, `depth`.
//!
//! **Example**
//! ```toml
//! [guards.json]
//! depth = 32
//! ```

mod config;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use mantlet_event::reasons;

pub use config::JsonSection;

use super::Services;
use crate::coding::unpacked;
use crate::pipeline::{Denial, Exchange, Guard, Inspection, Stages, Verdict};

/// The largest body that is unpacked, in bytes; larger ones are the waf guard's to refuse.
const UNPACKED: usize = 16 * 1024 * 1024;

#[derive(Debug)]
struct Json {
    depth: usize,
}

pub(super) fn build(section: &JsonSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Json { depth: usize::from(section.depth) })
}

impl Guard for Json {
    fn stages(&self) -> Stages {
        Stages { body: true, message: true, ..Stages::default() }
    }

    fn wants_body(&self, exchange: &Exchange) -> bool {
        exchange.headers.get_all(CONTENT_TYPE).iter().any(|value| is_json(value.as_bytes()))
    }

    fn inspect_body<'a>(&'a self, exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        // What cannot be unpacked is no JSON that anybody reads; the waf guard decides on it.
        let Ok(body) = unpacked(&exchange.headers, body, UNPACKED) else {
            return Inspection::ready(Verdict::Pass);
        };
        // JSON on the wire is UTF-8 (RFC 8259 section 8.1); in UTF-16 or UTF-32, which some parsers
        // take, every other byte of a bracket is NUL, and brackets could not be counted.
        if body.contains(&0) {
            let denial = Denial::new(&reasons::JSON_TOO_DEEP);
            return Inspection::ready(denial.evidence("a NUL byte: not UTF-8").into());
        }
        self.judge(&body)
    }

    fn inspect_message<'a>(&'a self, _exchange: &'a Exchange, text: &'a str) -> Inspection<'a> {
        if text.trim_start_matches(is_blank).starts_with(['{', '[']) {
            self.judge(text.as_bytes())
        } else {
            Inspection::ready(Verdict::Pass)
        }
    }
}

/// Blanks of JSON, and the mark that some parsers take before it.
const fn is_blank(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\r' | '\u{feff}')
}

impl Json {
    fn judge(&self, text: &[u8]) -> Inspection<'static> {
        Inspection::ready(match too_deep(text, self.depth) {
            None => Verdict::Pass,
            Some(offset) => Denial::new(&reasons::JSON_TOO_DEEP)
                .evidence(format!("more than {} levels at byte {offset}", self.depth))
                .into(),
        })
    }
}

/// Whether an application could take the body for JSON: when any member of the field says so,
/// whatever its parameters are.
fn is_json(content_type: &[u8]) -> bool {
    content_type.split(|byte| matches!(byte, b',' | b';')).any(|member| {
        let kind = member.trim_ascii();
        let ending = kind.last_chunk::<5>();
        kind.eq_ignore_ascii_case(b"application/json")
            || kind.eq_ignore_ascii_case(b"text/json")
            || ending.is_some_and(|ending| ending.eq_ignore_ascii_case(b"+json"))
    })
}

/// Where nesting first exceeds `limit`. One pass, no allocation; brackets in strings do not count.
fn too_deep(body: &[u8], limit: usize) -> Option<usize> {
    let (mut depth, mut is_string, mut is_escaped) = (0_usize, false, false);
    for (offset, byte) in body.iter().enumerate() {
        match (is_string, byte) {
            (true, _) if is_escaped => is_escaped = false,
            (true, b'\\') => is_escaped = true,
            (true, b'"') => is_string = false,
            (true, _) => {}
            (false, b'"') => is_string = true,
            (false, b'[' | b'{') => depth += 1,
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            (false, _) => {}
        }
        if depth > limit {
            return Some(offset);
        }
    }
    None
}

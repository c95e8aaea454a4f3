//! Bounds the nesting of JSON bodies.
//!
//! **Protects against** bodies that are cheap to send and expensive to parse: a few kilobytes of
//! brackets end a recursive parser's stack or cost it quadratic time.
//!
//! **Looks at** the whole body of a request whose `Content-Type` is JSON (`application/json`,
//! `*+json`).
//!
//! **Verdicts**: refused with `json-too-deep` (400) when arrays and objects nest deeper than
//! `depth`. Everything else passes; whether it is valid JSON is the application's business.
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
use crate::pipeline::{Denial, Exchange, Guard, Inspection, Stages, Verdict};

#[derive(Debug)]
struct Json {
    depth: usize,
}

pub(super) fn build(section: &JsonSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Json { depth: usize::from(section.depth) })
}

impl Guard for Json {
    fn stages(&self) -> Stages {
        Stages { body: true, ..Stages::default() }
    }

    fn wants_body(&self, exchange: &Exchange) -> bool {
        let kind = exchange.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        kind.is_some_and(is_json)
    }

    fn inspect_body<'a>(&'a self, _exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        Inspection::ready(match too_deep(body, self.depth) {
            None => Verdict::Pass,
            Some(offset) => Denial::new(&reasons::JSON_TOO_DEEP)
                .evidence(format!("more than {} levels at byte {offset}", self.depth))
                .into(),
        })
    }
}

fn is_json(content_type: &str) -> bool {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
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

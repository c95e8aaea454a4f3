//! Refuses attacks: what would be code where the application expects a value.
//!
//! **Protects against** SQL, script, shell, template and other injections, paths out of their folder,
//! addresses that only the server can reach, objects that run code when they are read, and HTTP used
//! as no honest client does.
//!
//! **Looks at** the path, the query, cookies and header fields of every request; at bodies in each
//! reading that an application could make of them (forms, forms of several parts, JSON, GraphQL, XML,
//! text), unpacked when they come compressed; at the text messages of WebSockets. Uploads (`upload =
//! true`) stream by; of files in forms the names are looked at. gRPC is not.
//!
//! **Verdicts**: refused with `waf-attack` (403; a WebSocket is closed with 1008) when a detector is
//! as sure as `threshold` asks; with `waf-body` (400) or `waf-coding` (415) when a body could be read
//! in two ways or not at all, with `waf-decoded-size` (413) when it unpacks to too much, with
//! `waf-budget` (403) when looking at it would cost too much. The event names the class, the part of
//! the request, the parameter, the bytes and how they were encoded.
//!
//! **Settings**: `mode`, `fail`, `threshold`, `unreadable`, `decoded_limit`, `files`, `over_budget`,
//! `exceptions`.
//!
//! **Example**
//! ```toml
//! [[routes]]
//! path = "/wiki/*"
//!
//! [[routes.guards.waf.exceptions]]
//! class = "xss"
//! parameter = "body"
//! ```

mod config;
mod denial;
mod exceptions;
mod native;
#[cfg(test)]
mod tests;
mod unpack;

use std::sync::Arc;

use http::header::CONTENT_TYPE;
use http::{HeaderMap, Version};
use tokio::task::spawn_blocking;

pub use config::{Doubt, WafSection};
pub use exceptions::{ClassName, ExceptionSection, ParameterName, PartName};

use self::native::{Native, kinds};
use super::Services;
use crate::pipeline::{Denial, Exchange, Guard, GuardError, Inspection, Stages, Verdict};

/// Larger texts are looked at on a thread of their own, so that other requests go on.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
struct Waf(Arc<Looker>);

/// What looks, wherever it runs.
#[derive(Debug)]
struct Looker {
    native: Native,
    unreadable: Doubt,
    over_budget: Doubt,
    decoded_limit: usize,
}

pub(super) fn build(section: &WafSection, _services: &Services) -> Arc<dyn Guard> {
    Arc::new(Waf(Arc::new(Looker::new(section))))
}

impl Guard for Waf {
    fn stages(&self) -> Stages {
        Stages { request: true, body: true, message: true, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let look = self.0.native.head(exchange);
        Inspection::ready(verdict(denial::of_look(look, self.0.over_budget)))
    }

    fn wants_body(&self, exchange: &Exchange) -> bool {
        !is_grpc(exchange)
    }

    fn inspect_body<'a>(&'a self, exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        if body.len() <= LARGE {
            return Inspection::ready(verdict(self.0.body(&exchange.headers, body)));
        }
        let (looker, headers) = (Arc::clone(&self.0), exchange.headers.clone());
        let body = body.to_vec();
        Inspection::pending(aside(move || looker.body(&headers, &body)))
    }

    fn inspect_message<'a>(&'a self, _exchange: &'a Exchange, text: &'a str) -> Inspection<'a> {
        if text.len() <= LARGE {
            return Inspection::ready(verdict(self.0.message(text)));
        }
        let (looker, text) = (Arc::clone(&self.0), text.to_owned());
        Inspection::pending(aside(move || looker.message(&text)))
    }
}

impl Looker {
    fn new(section: &WafSection) -> Self {
        Self {
            native: Native::new(section),
            unreadable: section.unreadable,
            over_budget: section.over_budget,
            decoded_limit: usize::try_from(section.decoded_limit.0).unwrap_or(usize::MAX),
        }
    }

    fn body(&self, headers: &HeaderMap, body: &[u8]) -> Option<Denial> {
        let body = match unpack::unpacked(headers, body, self.decoded_limit) {
            Ok(body) => body,
            Err(fault) => return denial::of_fault(fault, self.unreadable),
        };
        match self.native.body(&kinds(headers), &body) {
            Ok(look) => denial::of_look(look, self.over_budget),
            Err(unreadable) => denial::of_unreadable(&unreadable, self.unreadable),
        }
    }

    fn message(&self, text: &str) -> Option<Denial> {
        denial::of_look(self.native.message(text), self.over_budget)
    }
}

/// Looks on a thread of its own.
async fn aside(
    look: impl FnOnce() -> Option<Denial> + Send + 'static,
) -> Result<Verdict, GuardError> {
    let looked = spawn_blocking(look).await;
    looked.map(verdict).map_err(|error| GuardError(error.to_string()))
}

fn verdict(denial: Option<Denial>) -> Verdict {
    denial.map_or(Verdict::Pass, Verdict::from)
}

/// Whether the body is a stream of messages in a binary format, which both sides may keep open.
fn is_grpc(exchange: &Exchange) -> bool {
    let kind = exchange.headers.get(CONTENT_TYPE).map(|kind| kind.as_bytes());
    exchange.version == Version::HTTP_2
        && kind.is_some_and(|kind| kind.starts_with(b"application/grpc"))
}

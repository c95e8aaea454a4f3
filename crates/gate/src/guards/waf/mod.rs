//! Refuses attacks: what would be code where the application expects a value.
//!
//! **Protects against** SQL, script, shell, template and other injections, paths out of their folder,
//! addresses that only the server can reach, objects that run code when they are read, and HTTP used
//! as no honest client does.
//!
//! **Looks at** the path, the query, cookies and header fields of every request; at bodies in each
//! reading that an application could make of them (forms, forms of several parts, JSON, GraphQL, XML,
//! text), unpacked when they come compressed; at the text messages of WebSockets. Uploads (`upload =
//! true`) stream by; of files in forms the names are looked at. gRPC is not. With `rules`, rules in
//! SecLang (the OWASP Core Rule Set) look at requests and answers in the detectors' place, or beside
//! them.
//!
//! **Verdicts**: refused with `waf-attack` (403; a WebSocket is closed with 1008) when a detector is
//! as sure as `threshold` asks; with `waf-body` (400) or `waf-coding` (415) when a body could be read
//! in two ways or not at all, with `waf-decoded-size` (413) when it unpacks to too much, with
//! `waf-budget` (403) when looking at it would cost too much; with `waf-rule` or, for answers,
//! `waf-answer` (403, or the status that the rule names) when rules refuse. The event names the class
//! or the rules, the part of the request, the parameter, the bytes and how they were encoded.
//!
//! **Settings**: `mode`, `fail`, `rules`, `native`, `paranoia`, `threshold`, `unreadable`,
//! `decoded_limit`, `files`, `over_budget`, `work_limit`, `memory_limit`, `exceptions`.
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

mod collections;
mod config;
mod denial;
mod exceptions;
mod native;
mod rules;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use http::HeaderMap;
use mantlet_types::Clock;
use tokio::task::spawn_blocking;

pub use collections::Collections;
pub use config::{Doubt, WafSection};
pub use exceptions::{ClassName, ExceptionSection, ParameterName, PartName, RuleNumbers};
pub use rules::RuleFiles;
pub(crate) use rules::RuleSets;

use self::native::{Native, kinds};
use self::rules::{Next, RouteRules, Terms, Watch};
use super::Services;
use crate::coding::unpacked;
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Changes, Denial, Exchange, Facts, Guard, GuardError, HeldAnswer,
    Inspection, Origin, Stages, Verdict,
};

/// Larger texts are looked at on a thread of their own, so that other requests go on: by detectors,
/// and by rules, which cost more.
const LARGE: usize = 64 * 1024;
const LARGE_FOR_RULES: usize = 8 * 1024;

#[derive(Debug)]
struct Waf(Arc<Looker>);

/// What looks, wherever it runs.
#[derive(Debug)]
struct Looker {
    native: Native,
    /// Whether the detectors look at requests; where rules do, they may be there for messages alone.
    sees_requests: bool,
    sees_messages: bool,
    rules: Option<RouteRules>,
    clock: Arc<dyn Clock>,
    unreadable: Doubt,
    over_budget: Doubt,
    decoded_limit: usize,
}

pub(super) fn build(section: &WafSection, services: &Services) -> Arc<dyn Guard> {
    Arc::new(Waf(Arc::new(Looker::new(section, services))))
}

impl Guard for Waf {
    fn stages(&self) -> Stages {
        let Looker { sees_messages: message, rules, .. } = &*self.0;
        let answer = rules.is_some();
        Stages { request: true, body: true, message: *message, answer, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        Inspection::ready(self.0.head(exchange))
    }

    fn wants_body(&self, exchange: &Exchange) -> bool {
        !exchange.is_grpc()
    }

    fn inspect_body<'a>(&'a self, exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        let watch = exchange.facts.lookup::<Watch>();
        let large = if self.0.rules.is_some() { LARGE_FOR_RULES } else { LARGE };
        if body.len() <= large {
            return Inspection::ready(verdict(self.0.body(&exchange.headers, watch, body)));
        }
        let (looker, headers) = (Arc::clone(&self.0), exchange.headers.clone());
        let (watch, body) = (watch.cloned(), body.to_vec());
        Inspection::pending(aside(move || looker.body(&headers, watch.as_ref(), &body)))
    }

    fn inspect_message<'a>(&'a self, _exchange: &'a Exchange, text: &'a str) -> Inspection<'a> {
        if text.len() <= LARGE {
            return Inspection::ready(verdict(self.0.message(text)));
        }
        let (looker, text) = (Arc::clone(&self.0), text.to_owned());
        Inspection::pending(aside(move || looker.message(&text)))
    }

    fn inspect_answer(
        &self,
        exchange: &Exchange,
        head: &AnswerHead<'_>,
        held: Option<HeldAnswer<'_>>,
    ) -> Result<AnswerVerdict, GuardError> {
        let watch = exchange.facts.lookup::<Watch>().filter(|_| head.origin == Origin::Upstream);
        let Some((watch, rules)) = watch.zip(self.0.rules.as_ref()) else {
            return Ok(AnswerVerdict::Pass);
        };
        let duration = self.0.clock.monotonic().since(exchange.started);
        let next = watch.answer(exchange, head, held, (rules, duration, self.0.terms()));
        Ok(match next {
            Next::Pass => AnswerVerdict::Pass,
            Next::Hold(limit) => AnswerVerdict::Hold(limit),
            Next::Withhold(denial) => AnswerVerdict::Withhold(denial),
        })
    }
}

impl Looker {
    fn new(section: &WafSection, services: &Services) -> Self {
        let rules = RouteRules::new(section, &services.collections);
        Self {
            native: Native::new(section),
            sees_requests: section.native.unwrap_or(rules.is_none()),
            // Rules know no messages.
            sees_messages: section.native.unwrap_or(true),
            rules,
            clock: Arc::clone(&services.clock),
            unreadable: section.unreadable,
            over_budget: section.over_budget,
            decoded_limit: usize::try_from(section.decoded_limit.0).unwrap_or(usize::MAX),
        }
    }

    fn terms(&self) -> Terms {
        let is_observed = self.rules.as_ref().is_some_and(RouteRules::is_observed);
        Terms { over_budget: self.over_budget, is_observed }
    }

    fn head(&self, exchange: &Exchange) -> Verdict {
        if self.sees_requests
            && let Some(denial) = denial::of_look(self.native.head(exchange), self.over_budget)
        {
            return denial.into();
        }
        let Some(rules) = &self.rules else { return Verdict::Pass };
        let has_body = exchange.is_body_shown && !exchange.is_grpc();
        match Watch::head(rules, exchange, has_body, self.terms()) {
            // What is said on a WebSocket is for the detectors.
            Ok(_) if exchange.is_websocket => Verdict::Pass,
            Ok(watch) => {
                let mut memory = Facts::default();
                memory.state(watch);
                Verdict::PassWith(Box::new(Changes { memory, ..Changes::default() }))
            }
            Err(denial) => Verdict::Deny(denial),
        }
    }

    fn body(&self, headers: &HeaderMap, watch: Option<&Watch>, body: &[u8]) -> Option<Denial> {
        let body = match unpacked(headers, body, self.decoded_limit) {
            Ok(body) => body,
            Err(fault) => match denial::of_fault(fault, self.unreadable) {
                Some(denial) => return Some(denial),
                None => body.into(),
            },
        };
        let seen = self.sees_requests.then(|| self.native.body(&kinds(headers), &body));
        let denial = match seen {
            None => None,
            Some(Ok(look)) => denial::of_look(look, self.over_budget),
            Some(Err(unreadable)) => denial::of_unreadable(&unreadable, self.unreadable),
        };
        denial.or_else(|| watch?.body(headers, &body, self.terms()).err().map(|denial| *denial))
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

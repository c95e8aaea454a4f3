//! The guard: when to look, and on which thread.

use std::sync::Arc;

use tokio::task::spawn_blocking;

use super::looker::{Looker, verdict};
use super::rules::{Next, Watch};
use super::{Services, WafSection};
use crate::pipeline::{
    AnswerHead, AnswerVerdict, Denial, Exchange, Guard, GuardError, HeldAnswer, Inspection, Stages,
    TypedInputs, Verdict,
};

/// Larger texts are looked at on a thread of their own, so that other requests go on: by detectors,
/// and by rules, which cost more.
const LARGE: usize = 64 * 1024;
const LARGE_FOR_RULES: usize = 8 * 1024;

#[derive(Debug)]
pub(super) struct Waf(pub(super) Arc<Looker>);

pub(in crate::guards) fn build(section: &WafSection, services: &Services) -> Arc<dyn Guard> {
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
            let known = exchange.facts.lookup::<TypedInputs>();
            let looked = self.0.body(&exchange.headers, (watch, known), body);
            return Inspection::ready(verdict(looked));
        }
        let (looker, headers) = (Arc::clone(&self.0), exchange.headers.clone());
        let (watch, body) = (watch.cloned(), body.to_vec());
        let known = exchange.facts.lookup::<TypedInputs>().cloned();
        Inspection::pending(aside(move || {
            looker.body(&headers, (watch.as_ref(), known.as_ref()), &body)
        }))
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
        let Some(watch) = exchange.facts.lookup::<Watch>() else {
            return Ok(AnswerVerdict::Pass);
        };
        Ok(match watch.answer(exchange, head, held, self.0.terms()) {
            Next::Pass => AnswerVerdict::Pass,
            Next::Hold(limit) => AnswerVerdict::Hold(limit),
            Next::Withhold(denial) => AnswerVerdict::Withhold(denial),
        })
    }
}

/// Looks on a thread of its own.
async fn aside(
    look: impl FnOnce() -> Option<Denial> + Send + 'static,
) -> Result<Verdict, GuardError> {
    let looked = spawn_blocking(look).await;
    looked.map(verdict).map_err(|error| GuardError(error.to_string()))
}

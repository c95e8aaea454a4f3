//! What looks at a request, wherever it runs: detectors, rules, or both.

use http::HeaderMap;

use super::denial;
use super::native::{Native, kinds};
use super::rules::{RouteRules, Terms, Watch};
use super::{Doubt, Services, WafSection};
use crate::coding::unpacked;
use crate::pipeline::{Changes, Denial, Exchange, Facts, TypedInputs, Verdict};

/// The settings of one route, ready to look.
#[derive(Debug)]
pub(super) struct Looker {
    native: Native,
    /// Whether the detectors look at requests; where rules do, they may be there for messages alone.
    sees_requests: bool,
    pub(super) sees_messages: bool,
    pub(super) rules: Option<RouteRules>,
    unreadable: Doubt,
    over_budget: Doubt,
    decoded_limit: usize,
}

impl Looker {
    pub(super) fn new(section: &WafSection, services: &Services) -> Self {
        let rules = RouteRules::new(section, services);
        Self {
            native: Native::new(section),
            sees_requests: section.native.unwrap_or_else(|| rules.is_none()),
            // Rules know no messages.
            sees_messages: section.native.unwrap_or(true),
            rules,
            unreadable: section.unreadable,
            over_budget: section.over_budget,
            decoded_limit: usize::try_from(section.decoded_limit.0).unwrap_or(usize::MAX),
        }
    }

    pub(super) fn terms(&self) -> Terms {
        let is_observed = self.rules.as_ref().is_some_and(RouteRules::is_observed);
        Terms { over_budget: self.over_budget, is_observed }
    }

    pub(super) fn head(&self, exchange: &Exchange) -> Verdict {
        if self.sees_requests
            && let Some(denial) = denial::of_look(self.native.head(exchange), self.over_budget)
        {
            return denial.into();
        }
        let Some(rules) = &self.rules else { return Verdict::Pass };
        let has_body = exchange.is_body_shown && !exchange.is_grpc();
        let (watch, judged) = Watch::head(rules, exchange, has_body, self.terms());
        let mut memory = Facts::default();
        memory.state(watch);
        match judged {
            Ok(()) => Verdict::PassWith(Box::new(Changes { memory, ..Changes::default() })),
            Err(denial) => Verdict::Deny(Box::new(denial.remembering(memory))),
        }
    }

    /// Looks at a body; what is known of it is what was found out before.
    pub(super) fn body(
        &self,
        headers: &HeaderMap,
        (watch, known): (Option<&Watch>, Option<&TypedInputs>),
        body: &[u8],
    ) -> Option<Denial> {
        let body = match unpacked(headers, body, self.decoded_limit) {
            Ok(body) => body,
            Err(fault) => match denial::of_fault(fault, self.unreadable) {
                Some(denial) => return Some(denial),
                None => body.into(),
            },
        };
        let seen = self.sees_requests.then(|| self.native.body(&kinds(headers), &body, known));
        let denial = match seen {
            None => None,
            Some(Ok(look)) => denial::of_look(look, self.over_budget),
            Some(Err(unreadable)) => denial::of_unreadable(&unreadable, self.unreadable),
        };
        denial.or_else(|| watch?.body(headers, &body, self.terms()).err().map(|denial| *denial))
    }

    pub(super) fn message(&self, text: &str) -> Option<Denial> {
        denial::of_look(self.native.message(text), self.over_budget)
    }
}

pub(super) fn verdict(denial: Option<Denial>) -> Verdict {
    denial.map_or(Verdict::Pass, Verdict::from)
}

//! The requests of the cases, and what the rules say of each: for comparing with another engine.

use std::sync::Arc;

use super::message::Message;
use super::request;
use super::run::Cases;
use crate::plan::RuleSet;
use crate::transaction::report::{Limits, Outcome};
use crate::transaction::{Connection, Transaction};

/// A request as the engine gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// The method.
    pub method: Vec<u8>,
    /// The target as it was sent.
    pub target: Vec<u8>,
    /// The protocol, such as `HTTP/1.1`.
    pub protocol: Vec<u8>,
    /// The header fields.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body without its framing.
    pub body: Vec<u8>,
}

/// What came of the phases of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspected {
    /// The rules that matched and log, in their order.
    pub ids: Vec<u64>,
    /// How it ended.
    pub outcome: Outcome,
}

impl Request {
    /// Puts the request through the phases before an answer.
    #[must_use]
    pub fn inspect(&self, rules: &Arc<RuleSet>, limits: Limits) -> Inspected {
        self.go_through(&mut Self::begin(rules, limits))
    }

    /// The same with every rule asked in full, without gates.
    #[must_use]
    pub fn inspect_naively(&self, rules: &Arc<RuleSet>, limits: Limits) -> Inspected {
        self.go_through(&mut Self::begin(rules, limits).naive())
    }

    fn begin(rules: &Arc<RuleSet>, limits: Limits) -> Transaction {
        Transaction::new(Arc::clone(rules), Connection::local(), limits, None)
    }

    /// The same with a transaction that knows nothing of the request yet, and that can be asked more.
    pub fn go_through(&self, transaction: &mut Transaction) -> Inspected {
        transaction.request_line(&self.method, &self.target, &self.protocol);
        for (name, value) in &self.headers {
            transaction.request_header(name, value);
        }
        let mut outcome = transaction.request_headers_done();
        if outcome == Outcome::Pass {
            outcome = transaction.request_body(&self.body);
        }
        if outcome == Outcome::Pass {
            outcome = transaction.request_body_done();
        }
        let matched = transaction.matched();
        let logged = matched.iter().filter(|rule| rule.is_logged());
        Inspected { ids: logged.map(|rule| rule.id()).collect(), outcome }
    }
}

impl From<Message> for Request {
    fn from(message: Message) -> Self {
        let Message { method, target, protocol, headers, body } = message;
        Self { method, target, protocol, headers, body }
    }
}

impl Cases {
    /// The request of every stage with its case's name, without those that the server refuses.
    pub fn requests(&self) -> impl Iterator<Item = (String, Request)> {
        let all = self.files.iter().flat_map(|(name, file)| {
            file.tests.iter().flat_map(move |case| {
                case.stages.iter().map(move |stage| (name, case.test_id, stage))
            })
        });
        all.filter_map(|(name, id, stage)| {
            let message = Message::read(&request::build(&stage.input)).ok()?;
            Some((format!("{name}-{id}"), Request::from(message)))
        })
    }
}

//! What the guard asks of the documents, and what it says to the runner.

use std::sync::Arc;

use http::Method;
use http::header::ACCESS_CONTROL_REQUEST_METHOD;
use mantlet_schema::{Captures, Found, Head, Operation, Refusal};
use tokio::task::spawn_blocking;

use super::documents::Contracts;
use super::{SchemaSection, Unlisted, denial};
use crate::guards::Services;
use crate::pipeline::{
    Changes, Exchange, Guard, GuardError, Inspection, Stages, TypedInputs, Verdict,
};

/// Larger bodies are checked on a thread of their own, so that other requests go on.
const LARGE: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Schema {
    /// `None` where the documents cannot be used, which is refused with the configuration.
    pub(super) contracts: Option<Arc<Contracts>>,
    pub(super) unlisted: Unlisted,
    pub(super) is_configured: bool,
}

/// What a guard without its documents says.
const UNUSABLE: &str = "the documents cannot be used";

pub(in crate::guards) fn build(section: &SchemaSection, _services: &Services) -> Arc<dyn Guard> {
    let contracts = section.contracts().ok().map(Arc::new);
    let is_configured = section.is_configured();
    Arc::new(Schema { contracts, unlisted: section.unlisted, is_configured })
}

impl Guard for Schema {
    fn stages(&self) -> Stages {
        let is_asked = self.is_configured;
        Stages { request: is_asked, body: is_asked, ..Stages::default() }
    }

    fn inspect<'a>(&'a self, exchange: &'a Exchange) -> Inspection<'a> {
        let Some(contracts) = &self.contracts else { return Inspection::failed(UNUSABLE) };
        let mut typed = TypedInputs::default();
        let judge = |operation: &Operation, captures: &Captures<'_, '_>| {
            let head = Head { query: exchange.query.as_deref(), headers: &exchange.headers };
            operation.judge_head(head, captures.iter())?;
            // Where a body is asked for, none is a fault, and nothing comes that could be shown.
            let is_told = exchange.has_body || exchange.is_websocket;
            if is_told { Ok(()) } else { operation.judge_body(&exchange.method, head.headers, b"") }
        };
        for contract in contracts.all() {
            match contract.find(&exchange.method, exchange.path.as_str()) {
                Found::Operation(operation, captures) => {
                    if let Err(refusal) = judge(operation, &captures) {
                        return Inspection::ready(denial::of(&refusal));
                    }
                    typed.heads.extend(operation.typed_head().cloned());
                }
                Found::UnlistedPath if self.unlisted == Unlisted::Refuse => {
                    return Inspection::ready(denial::unlisted_path());
                }
                Found::UnlistedMethod(allow)
                    if self.unlisted == Unlisted::Refuse && !is_preflight(exchange) =>
                {
                    return Inspection::ready(denial::unlisted_method(allow));
                }
                Found::UnlistedPath | Found::UnlistedMethod(_) => {}
            }
        }
        Inspection::ready(learnt(typed))
    }

    fn wants_body(&self, exchange: &Exchange) -> bool {
        let path = exchange.path.as_str();
        self.contracts.iter().any(|contracts| {
            contracts
                .operations(&exchange.method, path)
                .any(|operation| operation.wants_body(&exchange.headers))
        })
    }

    fn inspect_body<'a>(&'a self, exchange: &'a Exchange, body: &'a [u8]) -> Inspection<'a> {
        let Some(contracts) = &self.contracts else { return Inspection::failed(UNUSABLE) };
        if body.len() <= LARGE {
            let judged = contracts.judge_body(exchange, body);
            return Inspection::ready(contracts.verdict(exchange, judged));
        }
        let (apart, body, asked) = (Arc::clone(contracts), body.to_vec(), exchange.clone());
        Inspection::pending(async move {
            let judged = spawn_blocking(move || apart.judge_body(&asked, &body)).await;
            let judged = judged.map_err(|error| GuardError(error.to_string()))?;
            Ok(contracts.verdict(exchange, judged))
        })
    }
}

impl Contracts {
    fn verdict(&self, exchange: &Exchange, judged: Result<(), Refusal>) -> Verdict {
        if let Err(refusal) = judged {
            return denial::of(&refusal);
        }
        let known = exchange.facts.lookup::<TypedInputs>();
        let mut typed = known.cloned().unwrap_or_default();
        let operations = self.operations(&exchange.method, exchange.path.as_str());
        for (is_json, body) in operations.filter_map(|one| one.typed_body(&exchange.headers)) {
            let list = if is_json { &mut typed.json } else { &mut typed.forms };
            list.push(Arc::clone(body));
        }
        learnt(typed)
    }

    fn all(&self) -> impl Iterator<Item = &mantlet_schema::Contract> {
        self.by_path.iter().chain(&self.everywhere).map(Arc::as_ref)
    }

    /// What is asked of a request.
    fn operations<'c>(
        &'c self,
        method: &'c Method,
        path: &'c str,
    ) -> impl Iterator<Item = &'c Operation> {
        self.all().filter_map(move |contract| match contract.find(method, path) {
            Found::Operation(operation, _) => Some(operation),
            Found::UnlistedPath | Found::UnlistedMethod(_) => None,
        })
    }

    fn judge_body(&self, exchange: &Exchange, body: &[u8]) -> Result<(), Refusal> {
        self.operations(&exchange.method, exchange.path.as_str())
            .try_for_each(|one| one.judge_body(&exchange.method, &exchange.headers, body))
    }
}

/// What is typed is told to guards that look for attacks.
fn learnt(typed: TypedInputs) -> Verdict {
    if typed.is_empty() {
        return Verdict::Pass;
    }
    let mut changes = Changes::default();
    changes.facts.state(typed);
    Verdict::PassWith(Box::new(changes))
}

/// Whether a browser asks what a page of another origin may do; the cors guard and the application
/// answer that.
fn is_preflight(exchange: &Exchange) -> bool {
    exchange.method == Method::OPTIONS
        && exchange.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD)
}

//! What is searched: the rule engine, and the native detectors.

use std::sync::Arc;

use mantlet_waf::detect::{Budget, Detectors, Settings};
use mantlet_waf::ftw::Request;
use mantlet_waf::native::Inspection;
use mantlet_waf::{Connection, Limits, Outcome, RuleSet, Transaction};

use super::search::{Look, Subject};

/// The engine with its usual limits.
pub(crate) struct Rules(pub(crate) Arc<RuleSet>);

impl Subject for Rules {
    fn look(&self, request: &Request) -> Look {
        let rules = Arc::clone(&self.0);
        let mut transaction = Transaction::new(rules, Connection::local(), Limits::default(), None);
        let inspected = request.go_through(&mut transaction);
        let end = match &inspected.outcome {
            Outcome::OverBudget(budget) => budget.name().to_owned(),
            Outcome::Pass => "pass".to_owned(),
            Outcome::Interrupted(_) => "refused".to_owned(),
        };
        Look { work: transaction.work_done(), end }
    }
}

/// The detectors as the gate uses them: the head within one budget, the body within another.
pub(crate) struct Native(pub(crate) Detectors);

impl Native {
    fn begin(&self, bytes: usize) -> Inspection<'_> {
        Inspection::new(&self.0, Settings::THRESHOLD, Budget::for_bytes(bytes))
    }
}

impl Subject for Native {
    fn look(&self, request: &Request) -> Look {
        let mut head = self.begin(0);
        let target = String::from_utf8_lossy(&request.target);
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        head.path(path);
        head.query(query.as_bytes());
        let mut kind: &[u8] = b"";
        for (name, value) in &request.headers {
            let name = String::from_utf8_lossy(name).to_ascii_lowercase();
            head.header(&name, value);
            if name == "content-type" {
                kind = value;
            }
        }
        let mut body = self.begin(request.body.len());
        let readable = body.body(kind, &request.body);
        let work = head.work_done() + body.work_done();
        let over = head.exhausted_by().or_else(|| body.exhausted_by());
        let hit = head.into_hit().or_else(|| body.into_hit());
        let end = match (over, hit, readable) {
            (Some(part), ..) => format!("too much: {part}"),
            (None, Some(hit), _) => format!("attack: {}", hit.class),
            (None, None, Err(unreadable)) => unreadable.0,
            (None, None, Ok(())) => "pass".to_owned(),
        };
        Look { work: work.into(), end }
    }
}

//! Refusals of the WAF.

use mantlet_event::{names_secret, reasons};
use mantlet_waf::native::{Hit, Inspection, Unreadable};

use super::config::Doubt;
use crate::coding::Fault;
use crate::pipeline::{Denial, Finding, FindingSource};

/// What stands in the place of such a value.
const WITHHELD: &str = "[withheld]";

/// The evidence, unless the name of its parameter says that it is a secret.
pub(super) fn discreet(name: &str, evidence: String) -> String {
    if names_secret(name) { WITHHELD.to_owned() } else { evidence }
}

/// What came of a look at a request; `None` lets it pass.
pub(super) fn of_look(inspection: Inspection<'_>, over_budget: Doubt) -> Option<Denial> {
    if let Some(part) = inspection.exhausted_by() {
        return (over_budget == Doubt::Refuse).then(|| of_budget(part, "guards.waf.detectors"));
    }
    inspection.into_hit().map(of_hit)
}

fn of_hit(hit: Hit) -> Denial {
    let finding = Finding {
        source: FindingSource::Detector(hit.class.name()),
        place: hit.part.into(),
        evidence: discreet(&hit.name, hit.evidence),
        name: hit.name,
        decoding: hit.decoding,
        score: i64::from(hit.confidence),
        message: hit.reason.to_owned(),
    };
    Denial::new(&reasons::WAF_ATTACK).with_findings(vec![finding])
}

/// More work than one request may cause.
pub(super) fn of_budget(part: &str, limit: &'static str) -> Denial {
    Denial::new(&reasons::WAF_BUDGET).evidence(format!("too much: {part}")).with_limit(limit)
}

/// A body with more than one meaning; `None` lets it pass.
pub(super) fn of_unreadable(unreadable: &Unreadable, doubt: Doubt) -> Option<Denial> {
    let denial = || Denial::new(&reasons::WAF_BODY).evidence(unreadable.0.clone());
    (doubt == Doubt::Refuse).then(denial)
}

/// A body that cannot be unpacked; `None` lets it pass.
pub(super) fn of_fault(fault: Fault, doubt: Doubt) -> Option<Denial> {
    let denial = match fault {
        Fault::TooLarge => {
            let denial = Denial::new(&reasons::WAF_DECODED_SIZE);
            return Some(denial.with_limit("guards.waf.decoded_limit"));
        }
        Fault::Unknown => Denial::new(&reasons::WAF_CODING).evidence("content-encoding"),
        Fault::Broken => Denial::new(&reasons::WAF_BODY).evidence("not compressed as it says"),
    };
    (doubt == Doubt::Refuse).then_some(denial)
}

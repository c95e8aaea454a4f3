use super::*;
use crate::guards::limit::QuotaSetting;
use crate::live::tests::services;
use crate::pipeline::sample::exchange;
use crate::pipeline::{Inspection, Verdict};

#[test]
fn nobody_is_not_counted_and_nothing_is_asked_without_quotas() {
    let section = QuotaSection { per_user: vec![], ..QuotaSection::default() };
    assert!(!build(&section, &services()).stages().request);
    let quota = QuotaSetting::generous();
    let section = QuotaSection { per_user: vec![quota], ..QuotaSection::default() };
    let guard = build(&section, &services());
    let stages = guard.stages();
    assert!(stages.request && !stages.address, "an address says nothing of a user");
    let exchange = exchange();
    let passed = guard.inspect(&exchange);
    assert!(matches!(passed, Inspection::Ready(Ok(Verdict::Pass))));
}

use mantlet_config::{Scalar as _, Value};

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

#[test]
fn plans_are_read_and_shown_and_a_bad_one_says_how_to_write_it() {
    for text in ["gold: 1000/min", "free: 100/s burst 200"] {
        let plan = PlanSetting::parse(&Value::String(text.to_owned())).unwrap();
        assert_eq!(plan.show(), Value::String(text.to_owned()));
    }
    for (text, part) in [("1000/min", "names no role"), (": 5/s", "names no role"), ("a: b", "b")] {
        let complaint = PlanSetting::parse(&Value::String(text.to_owned())).unwrap_err();
        assert!(complaint.message.contains(part), "{complaint:?}");
    }
    let section = QuotaSection {
        plans: ["b: 1/s", "a: 2/s", "b: 3/h"]
            .map(|text| PlanSetting::parse(&Value::String(text.to_owned())).unwrap())
            .into(),
        ..QuotaSection::default()
    };
    assert_eq!(section.planned_roles(), ["b", "a"]);
    assert_eq!(section.plan("b").len(), 2);
}

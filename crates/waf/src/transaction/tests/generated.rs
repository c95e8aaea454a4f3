//! Generated rules over generated requests: the engine with its gates, without them, and an evaluator
//! that knows nothing of either say the same.

use std::sync::Arc;

use proptest::prelude::*;

use super::super::report::Limits;
use super::super::{Connection, Transaction};
use super::naive;
use crate::fuzzing::generated::{self, Choices, GeneratedRequest};
use crate::plan::{RuleSet, Source};
use crate::seclang::files::DiskFiles;

fn inspect(rules: &Arc<RuleSet>, request: &GeneratedRequest, is_naive: bool) -> Vec<(u64, String)> {
    let mut transaction =
        Transaction::new(Arc::clone(rules), Connection::local(), Limits::default(), None);
    if is_naive {
        transaction = transaction.naive();
    }
    let built = request.build();
    transaction.request_line(&built.method, &built.target, &built.protocol);
    for (name, value) in &built.headers {
        transaction.request_header(name, value);
    }
    transaction.request_headers_done();
    transaction.request_body_done();
    transaction.matched().iter().map(|rule| (rule.id(), rule.data.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 384, max_shrink_iters: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn generated_rules_match_what_a_naive_evaluator_matches(
        data in proptest::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut choices = Choices::of(&data);
        let written = generated::rules(&mut choices);
        let text = generated::seclang(&written);
        let rules = RuleSet::load(&DiskFiles, &[Source::Text("generated", &text)]);
        let rules = Arc::new(rules.map_err(|problems| TestCaseError::fail(format!("{problems:?}\n{text}")))?);
        // Twice: what is remembered of a request must not change what is said of the next.
        let requests = [(); 3].map(|()| generated::request(&mut choices));
        for request in requests.iter().chain(&requests) {
            let expected = naive::evaluate(&written, request);
            prop_assert_eq!(&inspect(&rules, request, true), &expected, "without gates: {}\n{:?}", &text, request);
            prop_assert_eq!(&inspect(&rules, request, false), &expected, "with gates: {}\n{:?}", &text, request);
        }
    }
}

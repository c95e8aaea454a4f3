//! The same requests through this engine and through libmodsecurity, rule by rule: the requests of
//! the Core Rule Set's regression cases, and mutations of them. Every difference has its reason in
//! `crates/waf/differences.yaml`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests only: a defect here must end the test, and tests meet the real machine"
)]

mod explained;
mod mutated;
mod oracle;

use std::collections::BTreeSet;
use std::path::PathBuf;

use mantlet_testkit::{left_out, shared, venv_python};
use mantlet_waf::Limits;
use mantlet_waf::ftw::{Cases, Request, load_rules};

use crate::explained::Explanations;

/// The suite's name in reports.
const SUITE: &str = "waf-differential";

/// The number of the first rule that looks at answers.
const FIRST_ANSWER_RULE: u64 = 950_000;

/// Every how many cases are compared; `MANTLET_WAF_DIFFERENTIAL` may say 1.
const STEP: usize = 10;

fn crs() -> Option<PathBuf> {
    Some(shared(SUITE)?.join("data/crs"))
}

fn step() -> usize {
    std::env::var("MANTLET_WAF_DIFFERENTIAL").ok().and_then(|it| it.parse().ok()).unwrap_or(STEP)
}

/// What one engine says and the other does not, for one request.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Difference {
    case: String,
    rule: u64,
    ours: bool,
    content_type: String,
}

fn compare(requests: &[(String, Request)]) {
    let Some(crs) = crs() else { return };
    let Some(python) = venv_python(&["libmodsecurity"]) else {
        return left_out(SUITE, "lacks the packages of bench/waf/requirements.txt in target/venv");
    };
    let rules = load_rules(&crs.join("rules"), Some(&crs.join("crs-setup.conf.example"))).unwrap();
    let theirs = oracle::matched(&python, &crs, requests);
    let mut differences = Vec::new();
    for ((case, request), theirs) in requests.iter().zip(theirs) {
        let ours = request.inspect(&rules, Limits::default()).ids;
        let of_requests = |ids: Vec<u64>| -> BTreeSet<u64> {
            ids.into_iter().filter(|id| *id < FIRST_ANSWER_RULE).collect()
        };
        let (ours, theirs) = (of_requests(ours), of_requests(theirs));
        differences.extend(ours.symmetric_difference(&theirs).map(|rule| Difference {
            case: case.clone(),
            rule: *rule,
            ours: ours.contains(rule),
            content_type: content_type(request),
        }));
    }
    let explanations = Explanations::load();
    let unexplained: Vec<String> = differences
        .iter()
        .filter(|it| !explanations.explain(it))
        .map(|it| {
            format!("{}: {} by {}", it.case, it.rule, if it.ours { "us" } else { "libmodsecurity" })
        })
        .collect();
    eprintln!("{} requests, {} differences", requests.len(), differences.len());
    assert!(
        unexplained.is_empty(),
        "{} unexplained\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
}

fn content_type(request: &Request) -> String {
    let is_it = |(name, _): &&(Vec<u8>, Vec<u8>)| name.eq_ignore_ascii_case(b"content-type");
    let found = request.headers.iter().find(is_it);
    found.map_or_else(String::new, |(_, value)| String::from_utf8_lossy(value).to_lowercase())
}

/// The requests that the oracle's interface can be given: head fields in ASCII.
fn cases() -> Vec<(String, Request)> {
    let Some(crs) = crs() else { return Vec::new() };
    let cases = Cases::load(&crs.join("tests/regression/tests"), None).unwrap();
    let is_ascii = |request: &Request| {
        let mut headers = request.headers.iter();
        request.target.is_ascii()
            && headers.all(|(name, value)| name.is_ascii() && value.is_ascii())
    };
    cases.requests().filter(|(_, request)| is_ascii(request)).collect()
}

#[test]
fn the_cases_of_the_core_rule_set_match_the_same_rules_as_in_libmodsecurity() {
    let cases: Vec<_> = cases().into_iter().step_by(step()).collect();
    compare(&cases);
}

#[test]
fn mutations_of_the_cases_match_the_same_rules_as_in_libmodsecurity() {
    let cases = cases().into_iter().skip(step() / 2).step_by(step());
    let mutated: Vec<_> = cases.map(|(case, request)| mutated::mutate(&case, request)).collect();
    compare(&mutated);
}

#[test]
fn mutations_of_the_cases_pass_no_gate_wrongly() {
    let Some(crs) = crs() else { return };
    let rules = load_rules(&crs.join("rules"), Some(&crs.join("crs-setup.conf.example"))).unwrap();
    for (case, request) in cases().into_iter().skip(3).step_by(4 * step()) {
        let (case, request) = mutated::mutate(&case, request);
        // Twice: what is remembered of the first time must not change the second.
        let fast = [(); 2].map(|()| request.inspect(&rules, Limits::default()));
        let naive = request.inspect_naively(&rules, Limits::default());
        assert_eq!(fast, [naive.clone(), naive], "{case}: {request:?}");
    }
}

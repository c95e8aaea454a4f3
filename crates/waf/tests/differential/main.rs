//! The same requests through this engine and through libmodsecurity, rule by rule: the requests of
//! the Core Rule Set's regression cases, the labelled texts of `corpora/waf`, mutations of both, and
//! requests put together from pieces. Every difference has its reason in
//! `crates/waf/differences.yaml`.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests only: a defect here must end the test, and tests meet the real machine"
)]

#[path = "../accuracy/corpus.rs"]
mod corpus;
mod explained;
mod labelled;
mod mutated;
mod oracle;
mod rule_texts;
mod when;

use std::collections::BTreeSet;
use std::path::PathBuf;

use mantlet_testkit::{left_out, shared, venv_python};
use mantlet_waf::Limits;
use mantlet_waf::ftw::{Cases, Request, load_rules};

use crate::explained::Explanations;
use crate::when::When;

/// The suite's name in reports.
const SUITE: &str = "waf-differential";

/// The numbers of the rules that look at requests.
const REQUEST_RULES: std::ops::Range<u64> = 900_000..950_000;

/// Every how many cases are compared; `MANTLET_WAF_DIFFERENTIAL` may say 1.
const STEP: usize = 10;

/// How many requests are put together when every case is compared.
const GENERATED: usize = 5_000;

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
    seen: Vec<When>,
}

fn compare(name: &str, requests: &[(String, Request)]) {
    let Some(crs) = crs() else { return };
    let Some(python) = venv_python(&["libmodsecurity"]) else {
        return left_out(SUITE, "lacks the packages of bench/waf/requirements.txt in target/venv");
    };
    let rules = load_rules(&crs.join("rules"), Some(&crs.join("crs-setup.conf.example"))).unwrap();
    let theirs = oracle::matched(&python, &crs, name, requests);
    let mut differences = Vec::new();
    for ((case, request), theirs) in requests.iter().zip(theirs) {
        let ours = request.inspect(&rules, Limits::default()).ids;
        let of_requests = |ids: Vec<u64>| -> BTreeSet<u64> {
            ids.into_iter().filter(|id| REQUEST_RULES.contains(id)).collect()
        };
        let mut seen = when::seen(request);
        if theirs.contains(&oracle::UNREAD) {
            seen.push(When::Unread);
        }
        let (ours, theirs) = (of_requests(ours), of_requests(theirs));
        differences.extend(ours.symmetric_difference(&theirs).map(|rule| Difference {
            case: case.clone(),
            rule: *rule,
            ours: ours.contains(rule),
            content_type: when::content_type(request),
            seen: seen.clone(),
        }));
    }
    let explanations = Explanations::load();
    eprintln!("{name}: {} requests, {} differences", requests.len(), differences.len());
    let texts = rule_texts::load(&crs.join("rules"));
    let text_of = |rule: u64| texts.get(&rule).map_or("", String::as_str);
    differences.retain(|it| !explanations.explain(it, text_of(it.rule)));
    assert!(differences.is_empty(), "{}", told(&differences, requests));
}

/// The differences of each request, with the request.
fn told(differences: &[Difference], requests: &[(String, Request)]) -> String {
    let mut text = format!("{} without a reason\n", differences.len());
    for (case, request) in requests {
        let of = |ours: bool| -> Vec<u64> {
            let own = differences.iter().filter(|it| it.case == *case && it.ours == ours);
            own.map(|it| it.rule).collect()
        };
        let (ours, theirs) = (of(true), of(false));
        if !ours.is_empty() || !theirs.is_empty() {
            text += &format!(
                "{case}: by us {ours:?}, by libmodsecurity {theirs:?}\n{}",
                shown(request)
            );
        }
    }
    text
}

/// A request as one may read it.
fn shown(request: &Request) -> String {
    let line = [request.method.as_slice(), &request.target, &request.protocol].join(&b' ');
    let fields = request.headers.iter().map(|(name, value)| [name.as_slice(), value].join(&b':'));
    let all = std::iter::once(line).chain(fields).chain(std::iter::once(request.body.clone()));
    all.map(|text| format!("    {}\n", text.escape_ascii())).collect()
}

/// Whether the oracle's interface can be given a request: its head is ASCII.
fn is_ascii((_, request): &(String, Request)) -> bool {
    let mut headers = request.headers.iter();
    request.target.is_ascii() && headers.all(|(name, value)| name.is_ascii() && value.is_ascii())
}

fn cases() -> Vec<(String, Request)> {
    let Some(crs) = crs() else { return Vec::new() };
    let cases = Cases::load(&crs.join("tests/regression/tests"), None).unwrap();
    cases.requests().filter(is_ascii).collect()
}

#[test]
fn the_cases_of_the_core_rule_set_match_the_same_rules_as_in_libmodsecurity() {
    let cases: Vec<_> = cases().into_iter().step_by(step()).collect();
    compare("cases", &cases);
}

#[test]
fn mutations_of_the_cases_match_the_same_rules_as_in_libmodsecurity() {
    let cases = cases().into_iter().skip(step() / 2).step_by(step());
    let mutated: Vec<_> = cases.map(|(case, request)| mutated::mutate(&case, request)).collect();
    compare("mutated", &mutated);
}

#[test]
fn labelled_texts_match_the_same_rules_as_in_libmodsecurity() {
    let labelled = || labelled::requests().into_iter().filter(is_ascii);
    let plain = labelled().step_by(step());
    let mutations = labelled().skip(step() / 2).step_by(step());
    let mutations = mutations.map(|(case, request)| mutated::mutate(&case, request));
    compare("labelled", &plain.chain(mutations).collect::<Vec<_>>());
}

#[test]
fn generated_requests_match_the_same_rules_as_in_libmodsecurity() {
    compare("generated", &labelled::generated(GENERATED / step()));
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

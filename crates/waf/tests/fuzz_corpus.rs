//! The fuzz corpora of the WAF as ordinary tests: every committed input, and others made of them, go
//! through the function that their fuzz target calls.

use mantlet_testkit::fuzz;
use mantlet_waf::detect::{self, Detectors, Settings};
use mantlet_waf::fuzzing;

#[test]
fn values_of_the_corpus_and_their_kin_are_looked_at_by_the_detectors() {
    let detectors = Detectors::new(Settings::default());
    fuzz("detect", |input| detect::fuzzing::inspect(&detectors, input));
}

#[test]
fn rule_files_of_the_corpus_and_their_kin_are_read() {
    fuzz("seclang", fuzzing::seclang);
}

#[test]
fn bodies_of_the_corpus_and_their_kin_are_looked_at_by_rules() {
    fuzz("body", fuzzing::body);
}

#[test]
fn generated_rules_and_their_kin_match_with_gates_what_they_match_without() {
    fuzz("rules", fuzzing::rules);
}

#[test]
fn values_of_the_corpus_and_their_kin_are_transformed() {
    fuzz("transformation", fuzzing::transformations);
}

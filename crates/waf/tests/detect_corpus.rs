//! The seeds and findings of the fuzz target for the native detectors, as an ordinary test.

use mantlet_waf::detect::{Detectors, Settings, fuzzing};

#[test]
fn every_seed_of_the_fuzz_target_and_its_kin_replays() {
    let detectors = Detectors::new(Settings::default());
    mantlet_testkit::fuzz("detect", |input| fuzzing::inspect(&detectors, input));
}

//! The seeds and findings of the fuzz target for the native detectors, as an ordinary test.

use mantlet_waf::detect::{Detectors, Settings, fuzzing};

#[test]
fn every_seed_of_the_fuzz_target_replays() {
    let detectors = Detectors::new(Settings::default());
    let folder = mantlet_testkit::root().join("corpora/fuzz/detect");
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    assert!(files.len() >= 12);
    for file in files {
        fuzzing::inspect(&detectors, &std::fs::read(file.path()).unwrap());
    }
}

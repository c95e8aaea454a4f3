//! The seeds and findings of the fuzz targets for rules, bodies and transformations, as ordinary tests.

#![expect(clippy::unwrap_used, reason = "tests may fail loudly")]

use mantlet_waf::fuzzing;

fn replay(target: &str, run: fn(&[u8])) {
    let folder = mantlet_testkit::root().join("corpora/fuzz").join(target);
    let files: Vec<_> = std::fs::read_dir(folder).unwrap().flatten().collect();
    assert!(files.len() >= 12, "{target}");
    for file in files {
        run(&std::fs::read(file.path()).unwrap());
    }
}

#[test]
fn every_seed_of_the_fuzz_targets_replays() {
    replay("seclang", fuzzing::seclang);
    replay("body", fuzzing::body);
    replay("rules", fuzzing::rules);
    replay("transformation", fuzzing::transformations);
}

//! The native detectors: whatever the bytes, evidence lies in the value and the budget shrinks.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mantlet_waf::detect::{Detectors, fuzzing};

static DETECTORS: LazyLock<Option<Detectors>> = LazyLock::new(fuzzing::detectors);

fuzz_target!(|data: &[u8]| {
    if let Some(detectors) = DETECTORS.as_ref() {
        fuzzing::inspect(detectors, data);
    }
});

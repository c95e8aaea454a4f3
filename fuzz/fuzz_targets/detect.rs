//! The native detectors: whatever the bytes, evidence lies in the value and the budget shrinks.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use mantlet_waf::detect::{Detectors, Settings, fuzzing};

static DETECTORS: LazyLock<Detectors> = LazyLock::new(|| Detectors::new(Settings::default()));

fuzz_target!(|data: &[u8]| fuzzing::inspect(&DETECTORS, data));

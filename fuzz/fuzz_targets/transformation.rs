//! Transformations: none changes a value without its trigger bytes, none makes it much longer.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mantlet_waf::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::transformations(data));

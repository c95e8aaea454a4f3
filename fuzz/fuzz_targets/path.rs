//! The request path: decoded and normalised, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::path(data));

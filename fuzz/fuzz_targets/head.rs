//! The request head: one unambiguous request, or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::head(data));

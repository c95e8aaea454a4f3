//! An application's answer: one meaning, whole or in pieces, or none.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::answer(data));

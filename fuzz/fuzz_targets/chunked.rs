//! The request body: its framing is read to one end, or refused.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::body(data));

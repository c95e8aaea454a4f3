//! A PROXY header: read the same in any pieces, whatever stands behind it.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::proxy_header(data));

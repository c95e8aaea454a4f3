//! Bodies of requests: gates change no result, chunks change no body.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mantlet_waf::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::body(data));

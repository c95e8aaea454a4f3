//! Generated rules over generated requests: gates change no result.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mantlet_waf::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::rules(data));

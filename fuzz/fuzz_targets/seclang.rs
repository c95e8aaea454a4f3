//! Rule files: whatever the text, problems are said and nothing panics.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mantlet_waf::fuzzing;

fuzz_target!(|data: &[u8]| fuzzing::seclang(data));

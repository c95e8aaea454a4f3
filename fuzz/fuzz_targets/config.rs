//! The config file: a config, or a list of problems.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_config::fuzzing::load(data));

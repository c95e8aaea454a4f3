//! The frames of a WebSocket: the same however the bytes come, and never more than the limits.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| mantlet_gate::fuzzing::websocket(data));

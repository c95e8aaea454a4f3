//! Redaction: whatever surrounds a known secret, the secret itself never comes out.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mantlet_event::Redactor;
use mantlet_types::Secret;

const SECRET: &str = "correct-horse-battery-staple";

fuzz_target!(|data: &[u8]| {
    let redactor = Redactor::with_known(vec![Secret::new(SECRET.to_owned())]);
    let text = String::from_utf8_lossy(data);
    let redacted = redactor
        .redact(&format!("{text}{SECRET}{text}"))
        .into_owned();
    assert!(!redacted.contains(SECRET));
});

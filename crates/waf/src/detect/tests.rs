//! What the detectors promise, by example.

use super::{Budget, Class, Detectors, Input, Place, Settings};

fn detectors() -> Detectors {
    Detectors::new(Settings::default()).unwrap()
}

#[test]
fn quick() {
    let detectors = detectors();
    let text = std::env::var("Q").unwrap_or_default();
    let findings = detectors
        .inspect(Input::new(Place::QueryValue, b"q", text.as_bytes()), &mut Budget::default());
    for finding in findings.iter() {
        println!("{finding:?}");
    }
    let _ = Class::ALL;
}

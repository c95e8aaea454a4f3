//! Entry points for fuzzing.

use super::{Budget, Detectors, Hint, Input, Place};

/// Looks at arbitrary bytes in a place that the first byte chooses, and checks what must always
/// hold: evidence lies within the value, and the budget only shrinks.
///
/// # Panics
///
/// When one of these does not hold: that is what fuzzing is for.
#[expect(clippy::panic, reason = "a broken promise must end the fuzzing run")]
pub fn inspect(detectors: &Detectors, data: &[u8]) {
    let Some((choice, value)) = data.split_first() else { return };
    let places = [
        Place::QueryValue,
        Place::Path,
        Place::Name,
        Place::BodyField,
        Place::Header("user-agent"),
        Place::Cookie,
        Place::FileName,
        Place::XmlText,
    ];
    let place = places.get(usize::from(choice % 8)).copied().unwrap_or(Place::JsonString);
    let hint = if choice & 0x80 == 0 { Hint::None } else { Hint::Code };
    let mut budget = Budget::default();
    let before = budget.left();
    let findings = detectors.inspect(Input { place, name: b"q", value, hint }, &mut budget);
    let outside = findings.iter().any(|finding| {
        finding.evidence.start > finding.evidence.end
            || finding.evidence.end > value.len()
            || finding.confidence > 100
    });
    if outside || budget.left() > before {
        panic!("evidence outside the value, or a budget that grew");
    }
    let _any = detectors.inspect_json(value, &mut budget);
}

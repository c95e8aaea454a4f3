//! What was found.

use crate::detect::{Class, Finding, Place};

/// Bytes of evidence that are kept.
const EVIDENCE_BYTES: usize = 160;
/// Bytes of a name that are kept.
const NAME_BYTES: usize = 120;

/// Where in a request a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot<'a> {
    /// What it is, for the detectors.
    pub place: Place<'a>,
    /// The part of the request it was read from, for people: `query`, `form`, `json`.
    pub part: &'static str,
    /// The name of the parameter; a path as `messages.0.text` in JSON. Empty where it has none.
    pub name: &'a [u8],
}

/// A value that is an attack, as sure as the threshold wants it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// What it would attack.
    pub class: Class,
    /// How sure, 1 to 100.
    pub confidence: u8,
    /// The part of the request it stands in: `query`, `form`, `json`.
    pub part: &'static str,
    /// The name of its parameter, cut; empty where it has none.
    pub name: String,
    /// The bytes that show it, cut and readable.
    pub evidence: String,
    /// What was decoded before it showed, as in `url>base64`; empty for nothing.
    pub decoding: String,
    /// Why, in a few words.
    pub reason: &'static str,
}

impl Hit {
    pub(super) fn new(spot: &Spot<'_>, value: &[u8], finding: &Finding) -> Self {
        let evidence = value.get(finding.evidence.clone()).unwrap_or_default();
        Self {
            class: finding.class,
            confidence: finding.confidence,
            part: spot.part,
            name: readable(spot.name, NAME_BYTES),
            evidence: readable(evidence, EVIDENCE_BYTES),
            decoding: finding.decoding(),
            reason: finding.reason,
        }
    }
}

/// Text for people: cut, and without what a terminal would obey.
fn readable(bytes: &[u8], limit: usize) -> String {
    let shown = String::from_utf8_lossy(bytes.get(..limit).unwrap_or(bytes)).into_owned();
    shown.chars().map(|one| if one.is_control() { '\u{fffd}' } else { one }).collect()
}

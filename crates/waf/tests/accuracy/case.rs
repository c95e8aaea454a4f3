//! A case: one request or value, with what it is.

use mantlet_waf::detect::Place;

/// One value of a request with its place.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) place: Place<'static>,
    pub(crate) name: Vec<u8>,
    pub(crate) value: Vec<u8>,
}

impl Part {
    pub(crate) fn new(place: Place<'static>, name: &[u8], value: &[u8]) -> Self {
        Self { place, name: name.to_vec(), value: value.to_vec() }
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// What names it for ever; the half it belongs to follows from it.
    pub(crate) id: String,
    /// The source, for the report.
    pub(crate) group: String,
    pub(crate) parts: Vec<Part>,
    pub(crate) json: Option<Vec<u8>>,
    pub(crate) method: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
}

impl Case {
    /// A case of one value.
    pub(crate) fn value(group: &str, id: String, place: Place<'static>, value: &[u8]) -> Self {
        let parts = vec![Part::new(place, b"q", value)];
        Self {
            id,
            group: group.to_owned(),
            parts,
            json: None,
            method: "GET".to_owned(),
            headers: Vec::new(),
        }
    }

    /// Whether the detectors may be tuned on it.
    pub(crate) fn is_for_tuning(&self) -> bool {
        hash(self.id.as_bytes()).is_multiple_of(2)
    }
}

/// FNV-1a with a last mix, so that the low bits depend on every byte. Fixed for ever.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    let mixed = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 17
}

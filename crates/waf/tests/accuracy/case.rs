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

/// Where a group of attacks comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// Seeds and mutations of this repository.
    Own,
    /// A published list, in two halves.
    List,
    /// A published list that was unseen once and has been read whole since.
    Read,
    /// A published list of which only numbers are looked at.
    Unseen,
    /// What the test suite of another firewall calls an attack.
    Crs,
    /// What attacks nothing by itself, by rule: shown, not counted.
    NotCounted,
}

/// The kind and the class that a group's name says: `list sqli: sqlmap` is a list, of class `sqli`.
pub(crate) fn kind_of(group: &str) -> (Kind, &str) {
    let (first, rest) = group.split_once(' ').unwrap_or(("", group));
    let class = rest.split(':').next().unwrap_or(rest);
    match first {
        "list" => (Kind::List, class),
        "read" => (Kind::Read, class),
        "unseen" => (Kind::Unseen, class),
        "crs" | "libinjection" => (Kind::Crs, class),
        "left-out" | "policy" => (Kind::NotCounted, class),
        _ => (Kind::Own, group),
    }
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

    /// Whether it comes from a source of which only numbers are looked at.
    pub(crate) fn is_unseen(&self) -> bool {
        kind_of(&self.group).0 == Kind::Unseen
    }

    /// Whether its source is reported as a whole and belongs to no half.
    pub(crate) fn is_whole(&self) -> bool {
        matches!(kind_of(&self.group).0, Kind::Unseen | Kind::Read)
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

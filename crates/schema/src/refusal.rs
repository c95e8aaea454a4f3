//! Why a request is refused.

use crate::fault::Fault;
use crate::rule::Verdict;

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalKind {
    /// It could be read, and is not as the document asks for (422).
    Invalid,
    /// It could not be read, or could be read in two ways (400).
    Malformed,
    /// It is too large or too deep to be checked (400).
    TooComplex,
    /// Its body is of a type that the document does not list (415).
    MediaType,
}

/// Why a request is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// What kind of refusal it is.
    pub kind: RefusalKind,
    /// What is wrong; never empty.
    pub faults: Vec<Fault>,
}

impl Refusal {
    pub(crate) fn new(kind: RefusalKind, fault: Fault) -> Self {
        Self { kind, faults: vec![fault] }
    }
}

impl From<Verdict> for Refusal {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Invalid(faults) => Self { kind: RefusalKind::Invalid, faults },
            Verdict::TooCostly(fault) => Self::new(RefusalKind::TooComplex, fault),
        }
    }
}

//! What is asked beyond what a document says.

use crate::json::Limits;

/// What becomes of what a document does not mention.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unknown {
    /// It goes on.
    Pass,
    /// The request is refused.
    Refuse,
}

/// What is asked beyond what a document says.
#[derive(Debug, Clone)]
pub struct Options {
    /// Where the paths of an OpenAPI document begin, without a slash at the end. `None`: where the
    /// document's `servers` say.
    pub base: Option<String>,
    /// Query parameters that are not listed.
    pub unknown_query: Unknown,
    /// Members of objects that name members and do not say whether there may be others.
    pub unknown_properties: Unknown,
    /// Members that OpenAPI calls `readOnly`.
    pub read_only: Unknown,
    /// Whether texts must be written as their `format` says.
    pub formats: bool,
    /// How much a body may hold.
    pub limits: Limits,
    /// Most faults that are told of one request.
    pub faults: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            base: None,
            unknown_query: Unknown::Pass,
            unknown_properties: Unknown::Pass,
            read_only: Unknown::Refuse,
            formats: true,
            limits: Limits { depth: 32, values: 100_000 },
            faults: 10,
        }
    }
}

//! Why a request was refused.

/// Why a request was refused: what the client is told, and what the operator is told. The list of
/// them is the catalogue in `mantlet-event`; a reason is never made up where it is used.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// Stable kebab-case code, shown to operators in logs, metrics and `mantlet explain`.
    pub code: &'static str,
    /// The HTTP status of the refusal, 400 to 599.
    pub status: u16,
    /// What the client may know, one line: the `title` of the problem document (RFC 9457).
    pub title: &'static str,
    /// What the client can do about it, one or two sentences; says nothing of the inside.
    pub detail: &'static str,
    /// What the operator can do about it: where to look and which line of the configuration
    /// would change the decision.
    pub hint: &'static str,
}

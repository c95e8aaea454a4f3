//! Changes to the body of an answer, while it streams.

use std::fmt::Debug;

use super::GuardError;

/// Changes the body of one answer part by part.
///
/// A filter holds back only what it cannot decide on yet: what the application has flushed must
/// reach the client without waiting for more.
pub trait BodyFilter: Debug + Send {
    /// Takes some of `data`, appends to `out` what can go out, and says how much it took. It may
    /// take less than there is to keep `out` small (a few bytes can decode to very many); it is
    /// asked again with the rest. Taking nothing and giving nothing is a failure of the filter.
    ///
    /// # Errors
    /// [`GuardError`] when the body cannot be read; the answer then breaks off.
    fn push(&mut self, data: &[u8], out: &mut Vec<u8>) -> Result<usize, GuardError>;

    /// What was pushed may go out now, for a pause may follow; says whether there is more, which it
    /// is then asked for again.
    ///
    /// # Errors
    /// As [`BodyFilter::push`].
    fn flush(&mut self, out: &mut Vec<u8>) -> Result<bool, GuardError>;

    /// The body is over: what was held back goes out.
    ///
    /// # Errors
    /// [`GuardError`] when it ended in the middle; the answer then breaks off.
    fn finish(&mut self, out: &mut Vec<u8>) -> Result<(), GuardError>;
}

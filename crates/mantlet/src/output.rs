//! What a person reads. Nothing else in this crate prints.

use std::io::Write as _;

/// A line on standard output: what was asked for. A reader that has gone is no error.
pub(crate) fn say(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

/// A line on standard error: how things go.
pub(crate) fn note(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "{text}");
}

/// A problem on standard error.
pub(crate) fn problem(text: &str) {
    let _ = writeln!(std::io::stderr().lock(), "error: {text}");
}

//! The one place that writes to the terminal. A closed pipe is not an error of the chore.

use std::fmt::Display;
use std::io::{IsTerminal, Write};

/// Writes one line to standard output.
pub(crate) fn say(line: impl Display) {
    let mut out = std::io::stdout().lock();
    let _closed_pipe = writeln!(out, "{line}").and_then(|()| out.flush());
}

/// Writes one line to standard error.
pub(crate) fn complain(line: impl Display) {
    let _closed_pipe = writeln!(std::io::stderr().lock(), "{line}");
}

/// Whether a person is watching: progress bars are for them, plain lines for everyone else.
pub(crate) fn is_interactive() -> bool {
    std::io::stderr().is_terminal()
}

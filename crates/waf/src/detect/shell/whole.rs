//! Values that are a command from end to end.

use super::command::{self, Evidence};
use super::separators::note;
use crate::detect::bytes::{find, is_any, skip_space, starts_with_any, tail};
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// The value is a command from end to end.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !view.is_short() || !view.has(signal::COMMAND | signal::FILE) || view.is_header() {
        return;
    }
    let start = skip_space(view.bytes, 0);
    let redirected = starts_with_any(tail(view.bytes, start), &[">/", ">>/", "> /tmp/", "> /var/"]);
    if redirected && !view.bytes.contains(&b'<') {
        note(view, 62, start, start + 2, "an output that goes into a file", work);
    }
    // `\\n/bin/ls`: a line break that is spelt, for a reader that takes it for one.
    let spelt =
        tail(view.bytes, start).starts_with(b"\\n") || tail(view.bytes, start).starts_with(b"\\r");
    let start = start + if spelt { 2 } else { 0 };
    // `\\' /bin/cat x`: what ends a literal stands before the path of a program.
    let ends = tail(view.bytes, start)
        .iter()
        .take(8)
        .take_while(|b| matches!(b, b'\'' | b'"' | b'\\' | b' '))
        .count();
    let program =
        starts_with_any(tail(view.bytes, start + ends), &["/bin/", "/usr/bin/", "/sbin/"]);
    let start = if program { start + ends } else { start };
    let Some(command) = command::read(view.bytes, start) else { return };
    if spelt && command.evidence >= Evidence::Good {
        note(view, 66, 0, command.end, "a command after a separator", work);
    }
    let synopsis = find(view.bytes, b"[-").is_some() || find(view.bytes, b"...").is_some();
    let confidence = match command.evidence {
        _ if view.is_prose() || synopsis => 40,
        Evidence::Strong if command.has_target || command.is_telling => 76,
        Evidence::Good if command.has_target && !view.bytes.starts_with(b"echo") => 64,
        Evidence::Good if is_program(view.trimmed()) => 62,
        Evidence::Good => 50,
        Evidence::Weak => 35,
        _ => return,
    };
    note(view, confidence, start, command.end, "a command in the place of a value", work);
}

/// `/usr/bin/id`: a program that only tells, by its path and without anything to work on.
fn is_program(value: &[u8]) -> bool {
    let base = value.rsplit(|b| *b == b'/').next().unwrap_or_default();
    value.first() == Some(&b'/')
        && !value.contains(&b' ')
        && is_any(base, &["id", "whoami", "uname", "ls", "cat", "ps", "env", "nc", "wget", "curl"])
}

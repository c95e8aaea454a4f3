//! Which byte may stand where in a head.

use super::violation::{Fault, Kind};

/// A byte of a token: methods and header names.
pub(super) const TOKEN: u8 = 1;
/// A byte of a request target before its `?`.
pub(super) const PATH: u8 = 2;
/// A byte of a request target after its `?`.
pub(super) const QUERY: u8 = 4;

static CLASSES: [u8; 256] = classes();

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated at compile time, over exactly 256 entries"
)]
const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut at = 0;
    while at < table.len() {
        table[at] = class_of(at as u8);
        at += 1;
    }
    table
}

/// Targets hold what browsers send raw (`|`, `[`, `{` in paths among it) and what the URI type
/// behind this filter accepts. Always escaped, hence refused: `<`, `>`, `#`, and `"` in queries.
/// Programs send queries in raw UTF-8; whether that is what the bytes above 0x7F are is for the
/// caller to see.
const fn class_of(byte: u8) -> u8 {
    let token = byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~');
    let path = byte.is_ascii_graphic() && !matches!(byte, b'#' | b'<' | b'>' | b'?' | b'`');
    let query =
        (byte.is_ascii_graphic() && !matches!(byte, b'#' | b'<' | b'"' | b'>')) || !byte.is_ascii();
    (token as u8 * TOKEN) | (path as u8 * PATH) | (query as u8 * QUERY)
}

/// Whether all of `bytes` are of `class`.
pub(super) fn all(bytes: &[u8], class: u8) -> bool {
    // No early exit here either: the loop has no branch that depends on the bytes.
    bytes.iter().fold(class, |all, &byte| all & class_at(byte)) != 0
}

fn class_at(byte: u8) -> u8 {
    CLASSES.get(usize::from(byte)).copied().unwrap_or(0)
}

/// Whether `value` holds only HTAB, visible ASCII, spaces and bytes above 0x7F.
pub(super) fn is_field_value(value: &[u8]) -> bool {
    // No early exit: the loop compiles to vector instructions.
    value
        .iter()
        .fold(true, |clean, &byte| clean & ((byte >= b' ') & (byte != 0x7f) | (byte == b'\t')))
}

/// Whether the control bytes in `head` are just its line ends, given that each LF follows a CR:
/// if so, no value needs a look of its own.
pub(super) fn has_plain_values(head: &[u8]) -> bool {
    let (mut controls, mut feeds) = (0_usize, 0_usize);
    // Counts of a short piece fit a byte each, which lets the loop count sixteen at once.
    for piece in head.chunks(128) {
        let (mut some_controls, mut some_feeds) = (0_u8, 0_u8);
        for &byte in piece {
            let is_control = (byte < b' ') & (byte != b'\t') | (byte == 0x7f);
            some_controls = some_controls.wrapping_add(u8::from(is_control));
            some_feeds = some_feeds.wrapping_add(u8::from(byte == b'\n'));
        }
        controls = controls.saturating_add(some_controls.into());
        feeds = feeds.saturating_add(some_feeds.into());
    }
    controls == feeds.saturating_mul(2)
}

/// The fault of a piece of a head that does not parse: control bytes are named for what they are.
pub(super) fn blame(bytes: &[u8], otherwise: Kind) -> Fault<'_> {
    let at = |wanted: fn(&u8) -> bool| {
        let at = bytes.iter().position(wanted);
        at.and_then(|at| bytes.get(at..))
    };
    if let Some(from) = at(|&byte| byte == b'\r') {
        return Fault::at_byte(Kind::BareCarriageReturn, from);
    }
    match at(|&byte| !is_field_value(&[byte])) {
        Some(from) => Fault::at_byte(Kind::ControlByte, from),
        None => Fault::new(otherwise, bytes),
    }
}

/// The members of a comma-separated list, without the white space around them.
pub(super) fn members(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|&byte| byte == b',').map(<[u8]>::trim_ascii)
}

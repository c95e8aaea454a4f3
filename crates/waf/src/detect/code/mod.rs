//! Code and serialised objects of the languages applications are written in.

pub(super) mod java;
pub(super) mod node;
pub(super) mod object;
pub(super) mod php;
mod php_dynamic;
mod php_files;
mod php_names;
pub(super) mod python;

use super::bytes::{at, before, find, is_word, skip_space, tail, trimmed};
use super::finding::Class;
use super::input::Hint;
use super::view::{View, Work};

/// Writes a note of one of these languages: declared code and documents weigh less.
fn note(
    view: &View<'_>,
    class: Class,
    confidence: u8,
    span: std::ops::Range<usize>,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 55 } else { 99 };
    let document = if view.is_document() && class != Class::Deserialisation { 35 } else { 0 };
    // A sentence names a call; it does not make one.
    let prose = if confidence < 84 && document == 0 && view.is_prose() { 20 } else { 0 };
    let confidence = confidence.saturating_sub(document + prose).min(allowed);
    work.note(class, confidence, span.start..span.end.clamp(span.start, view.bytes.len()), reason);
}

/// A call of one of `names` (lower case): the place of the name and of its parenthesis. A name that
/// is only part of a longer one, or whose parenthesis stands apart as in prose, is none.
fn call(bytes: &[u8], names: &[&str]) -> Option<(usize, usize)> {
    names.iter().find_map(|name| {
        let mut from = 0;
        for _ in 0..16 {
            let place = from + find(tail(bytes, from), name.as_bytes())?;
            let end = place + name.len();
            from = end;
            let free = !is_word(before(bytes, place))
                && !matches!(before(bytes, place), b'.' | b'-' | b'$');
            let open = skip_comments(bytes, end);
            let apart = open - end > 2 && skip_space(bytes, end) == open;
            if free && at(bytes, open) == b'(' && !apart {
                return Some((place, open));
            }
        }
        None
    })
}

/// The place behind white space and comments from `start` on.
fn skip_comments(bytes: &[u8], start: usize) -> usize {
    let mut place = skip_space(bytes, start);
    for _ in 0..4 {
        let rest = tail(bytes, place);
        let length = match () {
            () if rest.starts_with(b"/*") => memchr::memmem::find(rest, b"*/").map(|end| end + 2),
            () if rest.starts_with(b"//") || rest.starts_with(b"#") => {
                memchr::memchr2(b'\n', b'\r', rest).map(|end| end + 1)
            }
            () => None,
        };
        let Some(length) = length else { break };
        place = skip_space(bytes, place + length);
    }
    place
}

/// Whether the value begins with `place`, save for what may stand before an expression.
fn leads(bytes: &[u8], place: usize) -> bool {
    let head = bytes.get(..place).unwrap_or_default();
    trimmed(head).iter().all(|byte| !byte.is_ascii_alphanumeric())
        || head.len() < 24 && !head.contains(&b' ')
}

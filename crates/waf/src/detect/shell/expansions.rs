//! Names that a shell puts together: escapes, expansions, patterns, substitutions.

use super::command;
use super::separators::note;
use crate::detect::bytes::{at, before, is_word, part, tail};
use crate::detect::scan::class;
use crate::detect::view::{View, Work};

/// `;$'\\x69\\x64'`, `${PATH#*:}`, `/usr/[a-z]in/x`: names that a shell puts together.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    const SIGNS: u32 = class::DOLLAR
        | class::BRACE
        | class::BRACKET
        | class::PERCENT
        | class::COLON
        | class::OTHER;
    let bytes = view.bytes;
    if !view.is_short() || !view.mask.any(SIGNS) {
        return;
    }
    for place in memchr::memmem::find_iter(bytes, b"$'\\").take(8) {
        if matches!(before(bytes, place), b';' | b'|' | b'&' | b'(' | b' ' | b'=' | 0) {
            note(view, 76, place, place + 4, "a command spelt in escapes", work);
        }
    }
    substitutions(view, work);
    windows(view, work);
    for place in memchr::memmem::find_iter(bytes, b"${").take(8) {
        let inside = tail(bytes, place + 2);
        let name = inside.iter().take(40).take_while(|b| is_word(**b)).count();
        let cut = matches!(at(inside, name), b'#' | b'%' | b'^')
            || at(inside, name) == b':'
                && (at(inside, name + 1).is_ascii_digit() || at(inside, name + 1) == b'-');
        let shouted = part(inside, 0, name).iter().all(|b| b.is_ascii_uppercase() || *b == b'_');
        let sliced = at(inside, name) == b':' && at(inside, name + 2) == b':';
        let compact = !view.mask.any(class::SPACE) || sliced;
        if name > 1 && cut && shouted && compact && inside.contains(&b'}') {
            note(view, 64, place, place + 3, "a text cut out of a variable", work);
        }
    }
    braces(view, work);
    if view.mask.any(class::SPACE) {
        return;
    }
    for place in memchr::memchr_iter(b'[', bytes).take(8) {
        let set = tail(bytes, place + 1).iter().take(8).position(|b| *b == b']');
        let Some(set) = set.filter(|length| *length > 0) else { continue };
        let inside = part(bytes, place + 1, place + 1 + set);
        let glued = at(bytes, place + set + 2).is_ascii_alphabetic();
        let globs =
            inside.len() > 1 && inside.iter().any(|b| matches!(b, b'-' | b'!' | b'/' | b'^'));
        let named = bytes.starts_with(b"/etc/") && inside.iter().all(|b| is_word(*b));
        if bytes.starts_with(b"/") && glued && (globs || named) {
            note(view, 66, place, place + set + 2, "a path spelt as a pattern", work);
        }
    }
}

/// `{l,-lh}s`, `c{a,oun}t`: a list in braces glued to the letters of a name.
fn braces(view: &View<'_>, work: &mut Work<'_>) {
    let whole = view.trimmed();
    let signs = whole.iter().take_while(|b| matches!(b, b';' | b'|' | b'&' | b' ')).count();
    let word = tail(whole, signs);
    // Without a separator before it, only a value that is one word.
    let end = memchr::memchr(b' ', word).filter(|_| signs > 0).unwrap_or(word.len());
    let value = part(word, 0, end);
    let Some(open) = memchr::memchr(b'{', value) else { return };
    let Some(length) = memchr::memchr(b'}', tail(value, open)) else { return };
    let inside = part(value, open + 1, open + length);
    let head = part(value, 0, open);
    let rest = tail(value, open + length + 1);
    let letters = |text: &[u8]| text.iter().all(u8::is_ascii_lowercase);
    let listed = inside.contains(&b',')
        && inside.iter().any(u8::is_ascii_alphabetic)
        && inside.iter().all(|b| b.is_ascii_lowercase() || matches!(b, b',' | b'-'));
    let glued = !(head.is_empty() && rest.is_empty()) && letters(head) && letters(rest);
    if value.len() <= 40 && listed && glued {
        note(view, 64, 0, view.bytes.len(), "a command spelt as a list", work);
    }
}

/// `;$(printf …)`: what a command prints is the command.
fn substitutions(view: &View<'_>, work: &mut Work<'_>) {
    for place in memchr::memmem::find_iter(view.bytes, b"$(").take(16) {
        let head = view.head(place);
        let separated = head.is_empty() || matches!(head.last(), Some(b';' | b'|' | b'&'));
        let known = command::read(view.bytes, place + 2).is_some();
        if separated && known && !head.contains(&b'=') {
            note(
                view,
                66,
                place,
                place + 2,
                "what a command prints, in the place of a command",
                work,
            );
        }
    }
}

/// `ping%PROGRAMFILES:~10,-5%x`, `p^o^w^e^r^s`: spellings that only the command processor undoes.
fn windows(view: &View<'_>, work: &mut Work<'_>) {
    if let Some(place) = memchr::memmem::find(view.bytes, b":~") {
        let number = tail(view.bytes, place + 2)
            .iter()
            .take(12)
            .take_while(|b| b.is_ascii_digit() || matches!(b, b',' | b'-'));
        let length = number.count();
        let name =
            part(view.bytes, 0, place).iter().rev().take(40).take_while(|b| is_word(**b)).count();
        let sign = place.checked_sub(name + 1).map_or(0, |sign| at(view.bytes, sign));
        let closed = matches!(at(view.bytes, place + 2 + length), b'%' | b'!');
        if length > 0 && name > 1 && closed && matches!(sign, b'%' | b'!') {
            note(view, 76, place, place + 2, "a text cut out of a variable", work);
        }
    }
    let carets = view
        .bytes
        .windows(4)
        .filter(|four| matches!(four, [b'^', a, b'^', b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic()))
        .count();
    if carets >= 3 {
        note(view, 76, 0, view.bytes.len(), "a command spelt with carets", work);
    }
}

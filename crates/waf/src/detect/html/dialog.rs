//! Scripts that show or send a mark: what a payload does to prove that it runs.

use std::sync::LazyLock;

use super::Sign;
use crate::detect::bytes::{
    at, before, find, is_any, is_word, part, skip_space, starts_with_any, tail, trimmed,
};
use crate::detect::signals::Signals;
use crate::detect::view::View;

/// Calls that show something.
const DIALOGS: &[&str] = &["alert", "confirm", "prompt", "print", "eval"];
/// What belongs to a visitor.
const POSSESSIONS: &[&str] = &["document.cookie", "document['cookie']", "localstorage.getitem("];

/// Both, found in one pass.
static INDEX: LazyLock<Signals> =
    LazyLock::new(|| Signals::new(&[(IS_DIALOG, DIALOGS), (IS_POSSESSION, POSSESSIONS)]));
const IS_DIALOG: u32 = 1;
const IS_POSSESSION: u32 = 1 << 1;

/// Places of a call that are looked at.
const ANCHORS: usize = 16;
/// The longest argument that is a mark and not a message.
const MARK: usize = 24;

/// Looks for a call whose argument is a mark, for one handed on as a callback, and for the
/// possessions of a visitor that are sent away.
pub(super) fn find_sign(view: &View<'_>) -> Option<Sign> {
    if !view.is_short() || view.is_header() {
        return None;
    }
    let prose = if view.is_prose() { 30 } else { 0 };
    let sign = |confidence: u8, place: usize, end: usize, reason| Sign {
        confidence: confidence.saturating_sub(prose),
        start: place,
        end: end.min(view.bytes.len()),
        reason,
    };
    let named = INDEX.of(view.bytes);
    let found = if named & IS_DIALOG != 0 {
        shown(view.bytes).or_else(|| renamed(view.bytes))
    } else {
        None
    };
    if let Some((place, end)) = found {
        return Some(sign(66, place, end, "a script that shows a mark"));
    }
    let sent = if named & IS_POSSESSION != 0 { sent(view.bytes)? } else { return None };
    Some(sign(66, sent.0, sent.1, "a script that sends what belongs to the visitor"))
}

/// `alert(1)`, ``prompt`x` ``, `confirm(document.domain)`, `.then(alert)`.
fn shown(bytes: &[u8]) -> Option<(usize, usize)> {
    DIALOGS.iter().find_map(|name| {
        let mut from = 0;
        (0..ANCHORS).find_map(|_| {
            let place = from + find(tail(bytes, from), name.as_bytes())?;
            from = place + name.len();
            if is_word(before(bytes, place)) || is_word(at(bytes, from)) {
                return None;
            }
            let called = is_mark(bytes, from, name).then_some((place, from + 2));
            called.or_else(|| is_callback(bytes, place, from, name).then_some((place, from + 1)))
        })
    })
}

/// `a=alert,a(1)`, `(alert)(1)`, `alert.call(null,1)`, `onerror=alert;throw 1`: the same under
/// another name or by a roundabout way.
fn renamed(bytes: &[u8]) -> Option<(usize, usize)> {
    ["alert", "confirm", "prompt", "eval"].iter().find_map(|name| {
        let mut from = 0;
        (0..ANCHORS).find_map(|_| {
            let place = from + find(tail(bytes, from), name.as_bytes())?;
            from = place + name.len();
            if is_word(before(bytes, place)) || is_word(at(bytes, from)) {
                return None;
            }
            let rest = tail(bytes, from);
            let assigned = before(bytes, place) == b'='
                && matches!(at(rest, 0), b',' | b';' | b'}' | b'/' | 0)
                && (rest.iter().any(|b| matches!(b, b'(' | b'`'))
                    || find(bytes, b"throw").is_some());
            let wrapped = before(bytes, place) == b'(' && rest.starts_with(b")(");
            let listed = before(bytes, place) == b'[' && rest.starts_with(b"].");
            let member = starts_with_any(rest, &[".call(", ".apply(", ".bind(", ".call`"]);
            (assigned || wrapped || listed || member).then_some((place, from + 1))
        })
    })
}

/// Whether the call behind the name at `end` is given a mark: nothing, a number, one short word in
/// quotes, or something of the page.
fn is_mark(bytes: &[u8], end: usize, name: &str) -> bool {
    let optional = if tail(bytes, end).starts_with(b"?.") { 2 } else { 0 };
    let open = end + optional;
    let close = match at(bytes, open) {
        b'(' => b')',
        b'`' => b'`',
        _ => return false,
    };
    let rest = part(bytes, open + 1, open + 1 + 2 * MARK);
    let length = rest.iter().position(|byte| *byte == close).unwrap_or(rest.len());
    let argument = trimmed(part(rest, 0, length));
    let quote = at(argument, 0);
    if name == "eval" || name == "print" {
        return starts_with_any(
            argument,
            &["location", "name", "atob", "alert", "'alert", "\"alert"],
        ) || name == "eval" && find(argument, b".data").is_some();
    }
    let word = |text: &[u8]| {
        text.len() <= MARK && !text.iter().any(|byte| matches!(byte, b' ' | b'$' | b'%' | b'{'))
    };
    if part(bytes, 0, end - name.len()).ends_with(b"=>") && close == b')' {
        return length < rest.len();
    }
    match quote {
        0 => true,
        b'\'' | b'"' | b'`' | b'/' => word(argument),
        b'0'..=b'9' | b'-' | b'.' => argument.len() <= MARK && !argument.contains(&b','),
        _ => starts_with_any(
            argument,
            &[
                "document.",
                "window.",
                "location",
                "this",
                "self.",
                "origin",
                "string.fromcharcode",
                "top.",
            ],
        ),
    }
}

/// Whether the name between `place` and `end` is handed to another call: `(alert)`, `,alert)`.
fn is_callback(bytes: &[u8], place: usize, end: usize, name: &str) -> bool {
    let closes = matches!(at(bytes, skip_space(bytes, end)), b')' | b']' | b'}');
    let opens = match before(bytes, place) {
        b'(' => place > 1 && (is_word(at(bytes, place - 2)) || at(bytes, place - 2) == b'}'),
        b',' | b':' | b'=' => true,
        _ => false,
    };
    closes && opens && is_any(name.as_bytes(), &["alert", "confirm", "prompt", "eval"])
}

/// `…+document.cookie`, `(localStorage)`: an operand or an argument, not an assignment.
fn sent(bytes: &[u8]) -> Option<(usize, usize)> {
    POSSESSIONS.iter().find_map(|name| {
        let place = find(bytes, name.as_bytes())?;
        let joint = part(bytes, 0, place).iter().rev().find(|byte| !matches!(byte, b' '))?;
        let addressed = part(bytes, 0, place).windows(2).any(|pair| pair == b"//");
        let joined = matches!(joint, b'+' | b'(' | b',' | b'`' | b'{' | b':');
        (joined && addressed).then_some((place, place + name.len()))
    })
}

//! Where a script could begin: the value as one, and behind each quote.

use super::{ANCHORS, dialog, note, script};
use crate::detect::bytes::before;
use crate::detect::view::{View, Work};

/// What a look behind one quote costs, and what it costs when a call stands there.
const SCRIPT: usize = 10;
const CALL: usize = 600;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 24;

/// Looks at the value as a script, and behind each quote for one.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "script") {
        return;
    }
    if let Some(sign) = dialog::find_sign(view) {
        note(view, sign, work);
    }
    if let Some(sign) = script::whole(view) {
        note(view, sign, work);
    }
    let mut parity = [0_u32; 3];
    for place in memchr::memchr3_iter(b'\'', b'"', b'`', view.bytes).take(ANCHORS) {
        let kind = match view.bytes.get(place) {
            Some(b'\'') => 0,
            Some(b'"') => 1,
            _ => 2,
        };
        let Some(count) = parity.get_mut(kind) else { continue };
        let opens = *count % 2 == 0 || before(view.bytes, place) == b'\\';
        *count += 1;
        if !work.budget.spend(SCRIPT, "script") {
            return;
        }
        if let Some(sign) = script::break_out(view, place + 1, opens) {
            // A short text was read to its end.
            work.budget.spend(CALL, "script");
            note(view, sign, work);
        }
    }
}

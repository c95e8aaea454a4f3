//! PHP: calls whose name is put together or held in a variable.

use super::php_names::RUN;
use super::{leads, note, skip_comments};
use crate::detect::bytes::{
    at, before, contains_any, find, is_any, is_space, is_word, part, skip_space, tail, trimmed,
};
use crate::detect::finding::Class;
use crate::detect::view::{View, Work};

/// Looks for calls of variables, of texts and of what is put together from them.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    dynamic_calls(view, work);
    spelt_calls(view, work);
    inverted_call(view, work);
}

/// `(~%8F%97…)();`: a name whose bits are turned round.
fn inverted_call(view: &View<'_>, work: &mut Work<'_>) {
    let Some(place) = memchr::memmem::find(view.bytes, b"(~") else { return };
    let bits = tail(view.bytes, place + 2).iter().take(64).take_while(|b| !b.is_ascii()).count();
    if bits > 2 && view.is_short() {
        note(view, Class::Php, 80, place..place + 2 + bits, "a name spelt to hide, called", work);
    }
}

/// `"system"(ls)`, `(sy.(st).em)('uname')`, `[system][0](ls)`: a name that is no name, called.
fn spelt_calls(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    if !view.is_short() || value.len() > 120 || value.iter().filter(|b| **b == b' ').count() > 2 {
        return;
    }
    let value = value.strip_prefix(b"return").unwrap_or(value);
    let end = match at(value, 0) {
        quote @ (b'"' | b'\'') => memchr::memchr(quote, tail(value, 1)).map(|end| end + 2),
        b'[' => memchr::memmem::find(value, b"](").map(|end| end + 1),
        b'(' => memchr::memmem::find(value, b")(").map(|end| end + 1),
        _ => None,
    };
    let Some(end) = end.filter(|end| at(value, *end) == b'(' && value.contains(&b')')) else {
        return;
    };
    let name = part(value, 0, end);
    let dotted = at(name, 0) == b'(' && name.contains(&b'.') && !name.contains(&b'=');
    let known = RUN.iter().any(|run| find(name, run.as_bytes()).is_some());
    let argument = trimmed(tail(value, end + 1));
    let given = !argument.starts_with(b")");
    if given && (known || dotted && at(argument, 0) == b'\'') {
        note(view, Class::Php, 68, 0..end + 1, "a call of a name in a text", work);
    }
}

/// `('system')('id')`, `$a('id')`, `"sys"."tem"`, `${'f'}(…)`.
fn dynamic_calls(view: &View<'_>, work: &mut Work<'_>) {
    if !view.is_short() {
        return;
    }
    let bytes = view.bytes;
    for place in memchr::memmem::find_iter(bytes, b")(").take(16) {
        let open = part(bytes, 0, place).iter().rposition(|b| *b == b'(');
        let inside = open.map(|open| part(bytes, open + 1, place)).unwrap_or_default();
        let named = inside.iter().any(|b| b.is_ascii_alphabetic())
            && (inside.contains(&b'"')
                || inside.contains(&b'\'')
                || is_any(inside, RUN)
                || is_any(inside, &["system", "exec", "passthru"]));
        let free = open.is_none_or(|open| !is_word(before(bytes, open)));
        let letter = |b: &u8| is_word(*b) || matches!(b, b'\'' | b'"' | b'.' | b' ' | b'\\');
        let name = inside.len() < 60 && inside.iter().all(letter);
        let argument = matches!(at(bytes, place + 2), b'\'' | b'"' | b')' | b'$');
        let arguments = free && name && argument || is_any(inside, RUN);
        if named && arguments && !inside.contains(&b',') && !inside.contains(&b'=') {
            note(view, Class::Php, 70, place..place + 3, "a call of a name in a text", work);
        }
    }
    variable_calls(view, work);
    for glue in [&b"\".\""[..], b"'.'", b"\" . \"", b"' . '"] {
        let joined = memchr::memmem::find(bytes, glue).filter(|place| {
            is_word(before(bytes, *place)) && is_word(at(bytes, place + glue.len()))
        });
        if let Some(place) =
            joined.filter(|place| contains_any(tail(bytes, *place), &["\")(", "')(", "('", "(\""]))
        {
            note(
                view,
                Class::Php,
                64,
                place..place + glue.len(),
                "a name put together from texts",
                work,
            );
        }
    }
    array_calls(view, work);
}

/// `$a('id')`, `${'f'}(…)`: a call of what a variable names.
fn variable_calls(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    for place in memchr::memchr_iter(b'$', bytes).take(32) {
        let sigil = skip_space(bytes, place + 1);
        // No variable begins with a digit: that is a price.
        if matches!(at(bytes, sigil), b'(' | b'.' | b'0'..=b'9') {
            continue;
        }
        if let Some((open, odd)) = after_variable(bytes, sigil)
            && at(bytes, open) == b'('
            && bytes.get(open..).is_some_and(|rest| rest.contains(&b')'))
        {
            let template = at(bytes, sigil) == b'{' && !odd;
            let jquery = sigil == place + 1 && open == sigil;
            let plain = !odd
                && (matches!(before(bytes, place), b':' | b'.' | b'>' | b' ')
                    || sigil > place + 1
                    || open
                        > sigil + tail(bytes, sigil).iter().take_while(|b| is_word(**b)).count());
            let assigned = is_assigned(part(bytes, 0, place), part(bytes, sigil, open));
            if plain && place > 0 && !assigned {
                continue;
            }
            if !jquery && !template {
                note(
                    view,
                    Class::Php,
                    if odd || assigned || leads(bytes, place) { 66 } else { 45 },
                    place..open + 1,
                    "a call of a variable",
                    work,
                );
            }
        }
    }
}

/// `$f = "sys"."tem"; $f(`: whether `head` gives the variable a text, or what a call makes. What is called
/// is then a name that the value itself puts together. `name` ends at the parenthesis.
fn is_assigned(head: &[u8], name: &[u8]) -> bool {
    if name.is_empty() || !name.iter().all(|b| is_word(*b)) {
        return false;
    }
    let variable = [b"$", name].concat();
    memchr::memmem::find_iter(head, &variable).take(8).any(|place| {
        let equals = skip_space(head, place + variable.len());
        let given = tail(head, skip_space(head, equals + 1));
        let callee = given.iter().take_while(|b| is_word(**b)).count();
        let called =
            at(given, callee) == b'(' && !is_any(part(given, 0, callee), &["", "function"]);
        at(head, equals) == b'=' && (matches!(at(given, 0), b'\'' | b'"' | b'[') || called)
    })
}

/// `(['system'])[0]('id')`, `(string)"sys"('id')`.
fn array_calls(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    for place in memchr::memchr_iter(b'(', bytes).take(16) {
        let head = trimmed(part(bytes, 0, place));
        let quoted = head.len() > 3
            && (head.ends_with(b"'") || head.ends_with(b"\"") || head.ends_with(b"]"))
            && (head.starts_with(b"(")
                || head.starts_with(b"[")
                || head.starts_with(b"'")
                || head.starts_with(b"\""));
        let argument = matches!(at(bytes, place + 1), b'\'' | b'"' | b'$');
        let adjacent = !is_space(before(bytes, place)) || find(head, b"string").is_some();
        let prose = head.iter().filter(|b| is_space(**b)).count() > 3;
        if adjacent && !prose && quoted && argument {
            note(view, Class::Php, 66, 0..place + 1, "a call of a name in a text", work);
        }
    }
}

/// Where a variable that begins at `start` ends, and whether its name is one no person writes.
fn after_variable(bytes: &[u8], start: usize) -> Option<(usize, bool)> {
    let mut place = start;
    let mut odd = false;
    if at(bytes, place) == b'{' {
        let close = memchr::memchr(b'}', tail(bytes, place).get(..64.min(bytes.len() - place))?)?;
        let inside = part(bytes, place + 1, place + close);
        odd = inside.iter().any(|b| matches!(b, b'\'' | b'"' | b'@' | b'~' | b'^'))
            && inside.len() < 40;
        place += close + 1;
    } else {
        let length =
            tail(bytes, place).iter().take(40).take_while(|b| is_word(**b) || **b == b'$').count();
        odd |= length > 0
            && part(bytes, place, place + length).iter().all(|b| matches!(b, b'_' | b'$'));
        place += length;
        if length == 0 {
            return None;
        }
    }
    for _ in 0..4 {
        let open = skip_comments(bytes, place);
        if at(bytes, open) != b'[' {
            break;
        }
        let close = memchr::memchr(b']', tail(bytes, open))?;
        let key = part(bytes, open + 1, open + close);
        odd |= key.iter().any(|b| matches!(b, b'@' | b'+' | b'!' | b'~' | b'^'));
        place = open + close + 1;
    }
    Some((skip_comments(bytes, place), odd))
}

//! Filters of a directory, broken out of: RFC 4515 says how a filter looks, and after the value's
//! own end another one begins.

use super::bytes::{at, is_space, part, skip_space, tail};
use super::finding::Class;
use super::scan::class;
use super::view::{View, Work};

/// Parentheses looked at in each value.
const ANCHORS: usize = 512;
/// What a look at one parenthesis costs.
const GLANCE: usize = 16;

/// Whether the bytes give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.mask.any(class::PAREN)
        && (view.mask.any(class::EQUALS | class::AMP | class::PIPE | class::STAR | class::CONTROL)
            || memchr::memmem::find(view.bytes, b")(!").is_some())
}

/// Looks for a filter that ends and another that begins.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if view.is_document() || !work.budget.spend(view.bytes.len(), "ldap") {
        return;
    }
    let bytes = view.bytes;
    for place in memchr::memchr_iter(b')', bytes).take(ANCHORS) {
        let mut next = place + 1;
        while at(bytes, next) == b')' || is_space(at(bytes, next)) {
            next += 1;
        }
        // Parentheses in a row are read once for each of them, and the text before as often.
        if !work.budget.spend(next - place + place / 16 + GLANCE, "ldap") {
            return;
        }
        let bang = matches!(at(bytes, next), b'!' | b'&' | b'|');
        let open = skip_space(bytes, next + usize::from(bang));
        if at(bytes, open) != b'(' {
            continue;
        }
        let leaves = leaves(part(bytes, 0, place));
        let confidence = match filter(tail(bytes, open)) {
            Filter::Operator if leaves => 84,
            Filter::Operator => 50,
            Filter::Item if leaves => 78,
            Filter::Item => 40,
            Filter::None if bang => 40,
            Filter::None => continue,
        };
        work.note(
            Class::Ldap,
            confidence,
            place..(open + 8).min(bytes.len()),
            "a filter after the end of another",
        );
    }
    whole(view, work);
}

enum Filter {
    /// `(&`, `(|`, `(!`
    Operator,
    /// `(attribute=value`
    Item,
    None,
}

fn filter(rest: &[u8]) -> Filter {
    let start = rest.iter().take(8).take_while(|b| **b == b'(' || is_space(**b)).count();
    match at(rest, start) {
        b'&' | b'|' if at(rest, start + 1) != at(rest, start) => return Filter::Operator,
        b'!' if at(rest, start + 1) == b'(' => return Filter::Operator,
        _ => {}
    }
    let name = tail(rest, start)
        .iter()
        .take(64)
        .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b':'))
        .count();
    let after = start + name;
    let compared = match at(rest, after) {
        b'=' => at(rest, after + 1) != b'=',
        b'>' | b'<' | b'~' => at(rest, after + 1) == b'=',
        _ => false,
    };
    if name > 0 && compared { Filter::Item } else { Filter::None }
}

/// Whether the text before the parenthesis opened none: the parenthesis is the application's.
fn leaves(head: &[u8]) -> bool {
    let opened = memchr::memchr_iter(b'(', head).count();
    let closed = memchr::memchr_iter(b')', head).count();
    opened <= closed
}

/// The value is a filter, or only its wild cards.
fn whole(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let list = at(value, 0) == b'(' && matches!(at(value, 1), b'&' | b'|') && at(value, 2) == b'(';
    if list && value.contains(&b'=') {
        let wild =
            value.len() < 128 && value.windows(3).any(|three| matches!(three, b"=*)" | b"(!("));
        let several = value.len() < 128 && memchr::memmem::find_iter(value, b")(").count() > 0;
        let confidence = if wild || several { 62 } else { 55 };
        work.note(Class::Ldap, confidence, 0..view.bytes.len(), "a filter in the place of a value");
    }
    let present = value.len() < 64
        && value.starts_with(b"(")
        && value.ends_with(b"=*)")
        && matches!(filter(value), Filter::Item);
    let begun = present
        || value.len() < 64
            && matches!(at(value, 0), b'&' | b'|' | b'!')
            && at(value, 1) == b'('
            && matches!(filter(tail(value, 1)), Filter::Item);
    let negated = value.len() < 64
        && value.starts_with(b"(!(")
        && value.ends_with(b"))")
        && matches!(filter(tail(value, 2)), Filter::Item);
    if begun || negated {
        work.note(Class::Ldap, 64, 0..view.bytes.len(), "a filter in the place of a value");
    }
    let cut = value.len() < 64 && view.bytes.ends_with(b")\0") && !value.contains(&b'(');
    let after = value.strip_prefix(b"*").is_some_and(|rest| matches!(filter(rest), Filter::Item));
    let wild = cut
        || after && value.len() < 64 && value.starts_with(b"*(") && value.ends_with(b")")
        || value.starts_with(b"*))")
        || value.starts_with(b"*)(")
        || value.starts_with(b"*)|(")
        || value.starts_with(b"*(|(")
        || value.starts_with(b"*(&(")
        || value.starts_with(b"*()|")
        || value.starts_with(b"*))(")
        || value.ends_with(b")(&)")
        || value.ends_with(b")(|(")
        || value.ends_with(b")(&)(")
        || value.ends_with(b")(|")
        || value.len() < 64 && (value.ends_with(b")(*") || value.ends_with(b")(!)"))
        || value.starts_with(b"))\0")
        || value.starts_with(b"(**") && value.ends_with(b"**)");
    let spaced = value.len() < 64 && {
        let squeezed: Vec<u8> = value.iter().copied().filter(|b| !is_space(*b)).collect();
        squeezed.ends_with(b")(|") || squeezed.ends_with(b")(&")
    };
    if wild || spaced {
        work.note(Class::Ldap, 76, 0..view.bytes.len(), "a filter after the end of another");
    }
}

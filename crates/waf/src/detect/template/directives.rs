//! Directives without a closing delimiter, and formulas of spreadsheets.

use super::note;
use crate::detect::bytes::{
    at, contains_any, find, is_space, is_word, part, starts_with_any, tail, trimmed,
};
use crate::detect::view::{View, Work};

/// Directives without a closing delimiter.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let places: &[(&str, &[&str], u8, &str)] = &[
        (
            "<!--#",
            &["exec", "include", "echo", "config", "printenv", "set"],
            86,
            "a server-side include",
        ),
        ("#set", &["$"], 66, "a directive of a template engine"),
        ("#foreach", &["$"], 50, "a directive of a template engine"),
        ("#evaluate", &["("], 64, "a directive of a template engine"),
        ("#include(", &["/", "\""], 55, "a directive of a template engine"),
        ("<#assign", &["?new", "execute"], 88, "a directive of a template engine"),
        ("{php}", &[""], 74, "code in a template"),
        ("{/php}", &[""], 62, "code in a template"),
        ("[php]", &[""], 62, "code in a template"),
    ];
    for (text, needs, confidence, reason) in places {
        let Some(place) = find(bytes, text.as_bytes()) else { continue };
        let after = part(bytes, place + text.len(), place + text.len() + 120);
        let first = trimmed(after);
        let fits = needs.iter().any(|need| {
            need.is_empty()
                || if text.starts_with("<!--") {
                    starts_with_any(first, &[need])
                } else {
                    find(after, need.as_bytes()).is_some()
                }
        });
        if fits {
            note(view, *confidence, place, place + text.len(), reason, work);
        }
    }
    formula(view, work);
}

/// `=cmd|'/C calc'!A0`: a formula that a spreadsheet runs when the export is opened.
fn formula(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    if !matches!(at(value, 0), b'=' | b'+' | b'-' | b'@') || !view.is_short() {
        return;
    }
    let signs = value
        .iter()
        .take_while(|b| matches!(b, b'=' | b'+' | b'-' | b'@' | b' ') || is_space(**b))
        .count();
    let rest = tail(value, signs);
    let name = rest.iter().take_while(|b| is_word(**b)).count();
    let dde = at(rest, name) == b'|' && contains_any(rest, &["!", "'"]) && name > 1;
    let call = starts_with_any(
        rest,
        &[
            "hyperlink(",
            "webservice(",
            "importxml(",
            "importdata(",
            "importfeed(",
            "importhtml(",
            "dde(",
        ],
    );
    if dde || call {
        note(
            view,
            if dde { 78 } else { 68 },
            0,
            view.bytes.len(),
            "a formula that a spreadsheet runs",
            work,
        );
    }
}

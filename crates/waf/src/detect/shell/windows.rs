//! The command processor of Windows: its loops and conditions, and PowerShell.

use super::separators::note;
use crate::detect::bytes::{
    at, contains_any, find, is_any, is_space, part, skip_space, starts_with, starts_with_any, tail,
};
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// Looks for `for`, `if` and PowerShell.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !view.has(signal::COMMAND) || view.is_document() {
        return;
    }
    let starts = std::iter::once(0)
        .chain(memchr::memchr3_iter(b'&', b'|', b';', view.bytes).map(|place| place + 1));
    for start in starts.take(64) {
        let place = skip_space(view.bytes, start);
        let text = tail(view.bytes, place);
        if is_for(text) {
            note(view, 76, place, place + 8, "a loop of the command processor", work);
        } else if is_if(text) {
            let confidence = if start == 0 { 62 } else { 74 };
            note(view, confidence, place, place + 8, "a condition of the command processor", work);
        }
    }
    powershell(view, work);
}

/// `for /f "…" %a in (…) do …`.
fn is_for(text: &[u8]) -> bool {
    if !starts_with(text, b"for") || !is_space(at(text, 3)) {
        return false;
    }
    let head = part(text, 0, 200);
    let variable = memchr::memchr(b'%', head);
    let Some(variable) = variable else { return false };
    let set = find(tail(head, variable), b"in").map(|place| skip_space(head, variable + place + 2));
    set.is_some_and(|set| at(head, set) == b'(') && find(text, b"do").is_some()
}

/// `if [/i] [not] exist|defined|errorlevel|cmdextversion|a==b …`.
fn is_if(text: &[u8]) -> bool {
    if !starts_with(text, b"if") || !(is_space(at(text, 2)) || at(text, 2) == b'/') {
        return false;
    }
    let mut place = skip_space(text, 2);
    for _ in 0..3 {
        for option in ["/i", "not"] {
            if starts_with_any(tail(text, place), &[option])
                && is_space(at(text, place + option.len()))
            {
                place = skip_space(text, place + option.len());
            }
        }
    }
    let rest = tail(text, place);
    let word = rest.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let argument = is_space(at(rest, word));
    let first = skip_space(rest, word);
    let operand = part(rest, first, first + 64);
    match () {
        () if is_any(part(rest, 0, word), &["errorlevel", "cmdextversion"]) && argument => {
            at(operand, 0).is_ascii_digit() || at(operand, 0) == b'%'
        }
        () if is_any(part(rest, 0, word), &["exist"]) && argument => {
            operand.iter().any(|b| matches!(b, b'.' | b'\\' | b'%' | b'/' | b'*'))
                || operand.iter().skip_while(|b| !is_space(**b)).find(|b| !is_space(**b))
                    == Some(&b'(')
        }
        () if is_any(part(rest, 0, word), &["defined"]) && argument => {
            operand.iter().take_while(|b| !is_space(**b)).any(u8::is_ascii_uppercase)
        }
        () => compares(rest),
    }
}

/// `"%1"=="x" command`, `%a% equ 1 command`, `(1) gtr (2) command`.
fn compares(rest: &[u8]) -> bool {
    let rest = part(rest, 0, 120);
    let equals = memchr::memmem::find(rest, b"==").filter(|place| *place < 60);
    let word = ["equ", "neq", "lss", "leq", "gtr", "geq"].iter().find_map(|operator| {
        let place = find(rest, operator.as_bytes())?;
        let spaced = place > 0 && is_space(at(rest, place - 1)) && is_space(at(rest, place + 3));
        spaced.then_some(place + 3)
    });
    // `if (x == NULL)`: other languages have the comparison within the parentheses.
    let within = at(rest, 0) == b'('
        && equals.is_some_and(|place| {
            let head = part(rest, 0, place);
            memchr::memchr_iter(b'(', head).count() > memchr::memchr_iter(b')', head).count()
        });
    if within {
        return false;
    }
    let Some(after) = equals.map(|place| place + 2).or(word) else { return false };
    let operand = skip_space(rest, after);
    let end = tail(rest, operand).iter().position(|b| is_space(*b)).map(|end| operand + end);
    let follows = end.map(|end| skip_space(rest, end)).filter(|place| *place < rest.len());
    let code = rest.contains(&b'{') || contains_any(rest, &[":\n", "then", "&&", "return"]);
    let quoted = matches!(at(rest, 0), b'"' | b'%' | b'(' | b'!') || word.is_some();
    follows.is_some() && !code && (quoted || part(rest, 0, after).iter().all(|b| !is_space(*b)))
}

/// Calls that download, decode or run.
fn powershell(view: &View<'_>, work: &mut Work<'_>) {
    const CALLS: &[&str] = &[
        "iex(",
        "iex (",
        "invoke-expression",
        "downloadstring(",
        "downloadfile(",
        "new-object net.webclient",
        "new-object system.net",
        "invoke-webrequest",
        "-encodedcommand",
        "frombase64string(",
        "start-process",
        "get-wmiobject",
        "invoke-command",
        "-executionpolicy bypass",
        "get-content c:",
        "invoke-expression -",
        ";iwr http",
        "; iwr http",
        "|iex",
        "| iex",
    ];
    let found = CALLS
        .iter()
        .find_map(|call| find(view.bytes, call.as_bytes()).map(|place| (place, call.len())));
    if let Some((place, length)) = found {
        let confidence = if view.is_short() { 74 } else { 50 };
        note(view, confidence, place, place + length, "a call of PowerShell", work);
    }
}

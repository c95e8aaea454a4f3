//! Code that leaves a string of a script, or is a script from end to end.

use super::Sign;
use crate::detect::bytes::{
    at, find, is_any, is_word, part, skip_space, starts_with, starts_with_any, tail, trimmed,
};
use crate::detect::scan::class;
use crate::detect::view::View;
use crate::detect::words::signal;

/// Globals whose call or member access shows that a script runs.
const GLOBALS: &[&str] = &[
    "alert",
    "confirm",
    "prompt",
    "eval",
    "print",
    "fetch",
    "settimeout",
    "setinterval",
    "setimmediate",
    "function",
    "document",
    "window",
    "location",
    "top",
    "self",
    "parent",
    "frames",
    "this",
    "globalthis",
    "atob",
    "string",
    "constructor",
    "import",
    "xmlhttprequest",
    "navigator",
    "localstorage",
    "sessionstorage",
    "console",
    "open",
    "reflect",
    "execscript",
    "opener",
    "history",
    "$",
    "jquery",
    "onerror",
    "throw",
    "new",
    "name",
    "content",
    "valueof",
    "parseint",
    "unescape",
    "decodeuri",
    "decodeuricomponent",
    "object",
    "array",
    "proxy",
    "promise",
    "url",
    "image",
    "websocket",
    "postmessage",
];

/// From this length on brackets alone can be a script.
pub(super) const BRACKETS: usize = 12;

/// Calls that nobody writes into a field that is not made for code.
const CALLS: &[&str] = &[
    "alert",
    "confirm",
    "prompt",
    "eval",
    "settimeout",
    "setinterval",
    "function",
    "execscript",
    "atob",
    "import",
    "setimmediate",
];

/// Code behind the quote before `start`; `opens` when that quote ends a string of the application.
pub(super) fn break_out(view: &View<'_>, start: usize, opens: bool) -> Option<Sign> {
    let bytes = view.bytes;
    let mut place = start;
    while matches!(at(bytes, place), b')' | b']' | b'}' | b' ') && place < start + 8 {
        place += 1;
    }
    let joint = at(bytes, place);
    if !is_joint(joint) {
        return None;
    }
    let opener = |b: u8| {
        is_joint(b) || matches!(b, b'!' | b'~' | b'(' | b'{' | b'[' | b' ' | b'\t' | b'"' | b'\'')
    };
    while opener(at(bytes, place)) && place < start + 24 {
        place += 1;
    }
    let call = call_at(bytes, place)?;
    // In a document it makes no difference, and every quote of it may stand before a call.
    let ends = !view.is_document() && closes(bytes, call.end);
    let confidence = match () {
        () if opens && ends && view.is_short() => 84,
        () if opens && view.is_short() && call.sure => 76,
        () if ends && view.is_short() && call.sure => 68,
        () if opens && ends && call.sure => 64,
        () => 20,
    };
    Some(Sign {
        confidence,
        start: start - 1,
        end: call.end,
        reason: "a script after the end of a string",
    })
}

/// A sign that joins what follows to a string of JavaScript.
fn is_joint(byte: u8) -> bool {
    b";-+*/,|&^?:<>=%\n\r".contains(&byte)
}

/// A call or assignment of a global.
#[derive(Debug, Clone, Copy)]
struct Call {
    end: usize,
    sure: bool,
}

fn call_at(bytes: &[u8], start: usize) -> Option<Call> {
    let length =
        tail(bytes, start).iter().take(40).take_while(|&&b| is_word(b) || b == b'$').count();
    let name = part(bytes, start, start + length);
    let next = skip_space(bytes, start + length);
    let after = at(bytes, next);
    let global = is_any(name, GLOBALS);
    let sure = is_any(name, CALLS);
    let arguments = matches!(after, b'(' | b'`');
    let member = matches!(after, b'.' | b'[');
    let hides = is_any(
        name,
        &["top", "self", "window", "this", "parent", "frames", "globalthis", "document"],
    );
    match () {
        () if global && arguments && length > 1 => Some(Call { end: next + 1, sure }),
        () if global && member => {
            let rest = tail(bytes, next);
            let inner = rest.iter().take(120).position(|b| matches!(b, b'(' | b'=' | b'`'));
            inner.map(|inner| Call { end: next + inner + 1, sure: hides })
        }
        () if is_any(name, &["location", "onerror"]) && after == b'=' => {
            Some(Call { end: next + 1, sure: true })
        }
        () if is_any(name, &["new", "throw", "var", "let"]) && after != 0 => {
            let rest = tail(bytes, next);
            let inner = rest.iter().take(60).position(|b| matches!(b, b'(' | b'='));
            inner.map(|inner| Call { end: next + inner + 1, sure: false })
        }
        () => None,
    }
}

/// Whether the value ends so that the script around it goes on: a comment, or an open string.
fn closes(bytes: &[u8], from: usize) -> bool {
    let rest = trimmed(tail(bytes, from));
    let last = rest.last().copied().unwrap_or(0);
    let comment =
        rest.windows(2).any(|pair| pair == b"//" || pair == b"/*") || find(rest, b"<!--").is_some();
    comment || matches!(last, b'\'' | b'"' | b'`' | b'{' | b'[' | b'-' | b'+' | b',')
}

/// The value is a script from end to end.
pub(super) fn whole(view: &View<'_>) -> Option<Sign> {
    let bytes = view.trimmed();
    let sign =
        |confidence, reason| Some(Sign { confidence, start: 0, end: view.bytes.len(), reason });
    let symbols = |b: &u8| matches!(b, b'[' | b']' | b'(' | b')' | b'!' | b'+' | b'{' | b'}');
    let spaced = |b: &u8| symbols(b) || *b == b' ';
    let empty =
        [&b"[]"[..], b"![", b"+["].iter().any(|text| memchr::memmem::find(bytes, text).is_some());
    if bytes.len() >= BRACKETS && empty && bytes.iter().all(spaced)
        || bytes.len() >= 20 && bytes.iter().all(symbols)
    {
        return sign(80, "a script written in brackets");
    }
    if leads_out(bytes) && view.is_short() {
        return sign(64, "a script after the end of a string");
    }
    let tagged = [".call`", ".apply`"].iter().any(|text| find(bytes, text.as_bytes()).is_some());
    if tagged && view.is_short() {
        return sign(66, "a call by a template literal");
    }
    if !view.is_short()
        || !view.has(signal::SCRIPT)
        || view.is_header() && !view.mask.any(class::PAREN | class::BRACKET)
    {
        return None;
    }
    let start = bytes
        .iter()
        .take_while(|b| {
            matches!(b, b'(' | b'{' | b'[' | b';' | b'!' | b'-' | b'+' | b'/' | b'*' | b' ')
        })
        .count();
    let code = tail(bytes, start);
    let length = code.iter().take_while(|&&b| is_word(b)).count();
    let name = part(code, 0, length);
    let after = skip_space(code, length);
    let next = at(code, after);
    if is_any(name, CALLS) && matches!(next, b'(' | b'`') && is_called(code, after) {
        return sign(66, "a call that only a script makes");
    }
    let made =
        is_any(name, &["new"]) && starts_with_any(tail(code, after), &["function`", "function("]);
    if made || loads_foreign(code) {
        return sign(66, "a call that only a script makes");
    }
    let member = member_sign(code, name, next).or_else(|| without_remarks(bytes));
    member.and_then(|confidence| sign(confidence, "a member that only a script reaches"))
}

/// The same for code that remarks and parentheses keep apart: `self /*a*/ [ "alert"](1)`.
fn without_remarks(bytes: &[u8]) -> Option<u8> {
    let apart = memchr::memmem::find(bytes, b"/*").is_some() || bytes.starts_with(b"(");
    if !apart {
        return None;
    }
    let mut squeezed = Vec::with_capacity(bytes.len());
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        if byte == b'/' && at(bytes, place + 1) == b'*' {
            place = memchr::memmem::find(tail(bytes, place + 2), b"*/")
                .map_or(bytes.len(), |end| place + end + 4);
            continue;
        }
        if !matches!(byte, b' ' | b'\t' | b'\n') {
            squeezed.push(byte);
        }
        place += 1;
    }
    let code = squeezed.strip_prefix(b"(").unwrap_or(&squeezed);
    let length = code.iter().take_while(|&&b| is_word(b)).count();
    let name = part(code, 0, length).to_vec();
    let behind = length + usize::from(code.len() < squeezed.len() && at(code, length) == b')');
    let joined = [&name, tail(code, behind)].concat();
    member_sign(&joined, &name, at(&joined, length)).map(|found| found.min(66))
}

/// `;throw new Error('x')//`, `};f(1);//`: closers and a semicolon, a call, and a remark that takes
/// what follows.
fn leads_out(bytes: &[u8]) -> bool {
    let closers = bytes.iter().take(8).take_while(|b| b"'\"`)]}/ ".contains(b)).count();
    let rest = tail(bytes, closers);
    let called = rest.contains(&b'(') && rest.contains(&b')') || rest.contains(&b'`');
    at(rest, 0) == b';' && called && (rest.ends_with(b"//") || rest.ends_with(b"/*"))
}

/// `$.getScript('//…')`, `new Worker('//…')`: a call that loads or sends to an address without a
/// scheme, as only a script on somebody else's page writes it.
fn loads_foreign(code: &[u8]) -> bool {
    let first = code.iter().take(48).position(|b| matches!(b, b'(' | b'`' | b'='));
    let Some(open) = first else { return false };
    let callee = part(code, 0, open);
    let known = crate::detect::bytes::contains_any(
        callee,
        &[
            "getscript",
            "getjson",
            "worker",
            "eventsource",
            "importscripts",
            "sendbeacon",
            "fetch",
            "load",
            "register",
            "import",
            "websocket",
            "src",
        ],
    );
    let argument = tail(code, skip_space(code, open + 1));
    let quote = at(argument, 0);
    known && matches!(quote, b'\'' | b'"' | b'`') && tail(argument, 1).starts_with(b"//")
}

/// Whether the parenthesis at `open` holds arguments and not a remark: "alert (see below)".
fn is_called(code: &[u8], open: usize) -> bool {
    let rest = tail(code, open + 1);
    let end = rest.iter().position(|b| matches!(b, b')' | b'`')).unwrap_or(rest.len());
    let arguments = part(rest, 0, end);
    let words = arguments
        .split(|b| *b == b' ')
        .filter(|word| word.len() > 1 && word.iter().all(u8::is_ascii_alphabetic))
        .count();
    words <= 1 || arguments.iter().any(|b| matches!(b, b'\'' | b'"' | b',' | b'(' | b'.'))
}

fn member_sign(code: &[u8], name: &[u8], next: u8) -> Option<u8> {
    let computed = next == b'['
        && is_any(
            name,
            &["self", "window", "top", "parent", "this", "frames", "document", "globalthis"],
        );
    let called = ["](", "]`"].iter().any(|text| find(code, text.as_bytes()).is_some());
    let bracket =
        computed && (called || code.iter().any(|b| matches!(b, b'"' | b'\'' | b'`' | b'/')));
    let reflect =
        is_any(name, &["reflect"]) && next == b'.' && code.contains(&b'(') | code.contains(&b'`');
    let document = is_any(name, &["document"])
        && starts_with_any(
            code,
            &[
                "document.cookie",
                "document.domain",
                "document.write",
                "document.location",
                "document.body",
                "document.query",
                "document.getelement",
                "document/*",
                "document.url",
                "document.createelement",
            ],
        );
    let window = is_any(name, &["window"])
        && starts_with_any(
            code,
            &[
                "window.location",
                "window.open",
                "window.name",
                "window.onerror",
                "window[",
                "window.eval",
                "window.alert",
            ],
        );
    let location = is_any(name, &["location"])
        && starts_with_any(
            code,
            &["location.href=", "location=", "location.replace(", "location.assign("],
        )
        || starts_with_any(code, &["location.protocol='j", "location.protocol=\"j"]);
    let built = starts_with_any(
        code,
        &["string.fromcharcode(", "constructor.constructor(", "function(", "new function("],
    );
    let words = code.iter().filter(|b| **b == b' ').count();
    match () {
        () if bracket => Some(70),
        () if reflect => Some(66),
        () if (document || window || location) && words <= 4 => Some(64),
        () if built && words <= 6 && starts_with(name, b"s") | starts_with(name, b"c") => Some(64),
        () => None,
    }
}

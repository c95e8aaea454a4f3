//! JavaScript on the server: modules, the process, and prototypes of objects.

use std::cell::OnceCell;
use std::sync::LazyLock;

use super::{call, leads, note};
use crate::detect::bytes::{
    at, before, contains_any, find, is_any, is_word, part, skip_space, starts_with,
    starts_with_any, tail, trimmed, word_at,
};
use crate::detect::finding::Class;
use crate::detect::input::Place;
use crate::detect::signals::Signals;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 16;

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::NODE)
}

/// Looks for modules, prototypes and endless loops.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "node") {
        return;
    }
    prototype(view, work);
    modules(view, work);
    globals(view, work);
    endless(view, work);
}

/// `__proto__[x]`, `constructor.prototype.x` and their JSON spelling.
fn prototype(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let named = matches!(view.place, Place::Name);
    for text in [
        &b"__proto__"[..],
        b"constructor.prototype",
        b"constructor[prototype]",
        b"object.prototype.",
        b"constructor][prototype",
        b"\"constructor\"",
        b"constructor['prototype",
        b"constructor[\"prototype",
    ] {
        let Some(place) = find(bytes, text) else { continue };
        let after = at(bytes, skip_space(bytes, place + text.len()));
        let json = at(bytes, place.saturating_sub(1)) == b'"' && after == b'"';
        let changed = text.starts_with(b"object")
            && tail(bytes, place + text.len()).iter().take(40).find(|b| !is_word(**b))
                == Some(&b'=');
        if text.starts_with(b"object") && !(changed && view.is_short()) {
            continue;
        }
        let access = changed || matches!(after, b'[' | b'.' | b']' | b'=') || json;
        let is_key = text.starts_with(b"\"") && contains_any(bytes, &["\"prototype\""]);
        let confidence = match () {
            () if text.starts_with(b"\"") && !is_key => continue,
            () if named => 86,
            () if (access || is_key) && !view.is_document() => 80,
            () if view.is_short() && leads(bytes, place) => 64,
            () => 35,
        };
        note(
            view,
            Class::Node,
            confidence,
            place..place + text.len(),
            "a change to the prototype of all objects",
            work,
        );
    }
}

/// Ways to the inside of the process.
const INSIDE: &[&str] = &[
    "process.mainmodule",
    "process.binding",
    "global.process",
    "this.constructor.constructor",
    "constructor.constructor(",
    "require.main",
    "child_process",
    "process.env",
    "process.exit",
    "process.kill",
    "process.cwd",
    "process.dlopen",
    "global.constructor",
    "module.constructor",
    "module.require",
    "mainmodule.require",
    "module.exports=",
    "object.defineproperty(",
    "execsync(",
    "spawnsync(",
    "readfilesync(",
    "getbuiltinmodule",
];

static INDEX: LazyLock<Signals> = LazyLock::new(|| Signals::new(&[(1, INSIDE)]));

/// `require('child_process')`, `process.mainModule`, `_$$ND_FUNC$$_`.
fn modules(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if let Some(place) = find(bytes, b"_$$nd_func$$_") {
        note(view, Class::Node, 94, place..place + 13, "a function in a serialised object", work);
    }
    if let Some((place, open)) = call(bytes, &["require", "import"]) {
        let argument = part(bytes, open + 1, open + 40);
        let inner = contains_any(
            argument,
            &[
                "child_process",
                "'fs'",
                "\"fs\"",
                "`fs`",
                "'os'",
                "\"os\"",
                "'net'",
                "'vm'",
                "\"vm\"",
                "'http'",
                "worker_threads",
            ],
        );
        let used = contains_any(
            tail(bytes, open),
            &[").exec", ").spawn", ").read", ").fork", ").write", ").exit", ")."],
        );
        let confidence = match () {
            () if inner && used => 84,
            () if inner => 66,
            () if used && view.is_short() && leads(bytes, place) => 60,
            () => 20,
        };
        note(view, Class::Node, confidence, place..open + 1, "a module that runs programs", work);
    }
    inside(view, work);
    references(view, work);
}

/// `"$1:constructor:constructor"`: a reference of a serialised component that climbs (CVE-2025-55182),
/// and `process[x`, `require[x`: the server's own by a computed name.
fn references(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    for place in memchr::memchr_iter(b'$', bytes).take(64) {
        let rest = tail(bytes, place + 1);
        let number = rest.iter().take(4).take_while(|b| b.is_ascii_alphanumeric()).count();
        let path = part(rest, number, number + 80);
        let climbs = number > 0
            && at(path, 0) == b':'
            && contains_any(path, &[":constructor", ":__proto__", ":prototype"]);
        if climbs {
            let span = place..place + 1 + number;
            note(view, Class::Node, 84, span, "a reference that climbs to a constructor", work);
        }
    }
    let computed =
        ["process[", "require["].iter().find(|text| starts_with(trimmed(bytes), text.as_bytes()));
    if let Some(text) = computed.filter(|_| view.is_short()) {
        note(view, Class::Node, 62, 0..text.len(), "the inside of the server's process", work);
    }
}

/// Names of the process and of what it loads.
fn inside(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    // What each name asks about the whole value is found out once.
    let acts = OnceCell::new();
    let acts = || {
        *acts.get_or_init(|| {
            contains_any(
                bytes,
                &[
                    "exec",
                    "spawn",
                    "require(",
                    "readfile",
                    "constructor.constructor",
                    "mainmodule",
                    "binding(",
                ],
            )
        })
    };
    let is_there = work.groups(view, &INDEX, "node") != 0;
    let texts = if is_there && work.look(view, INSIDE.len(), "node") { INSIDE } else { &[] };
    for text in texts {
        let Some(place) =
            find(bytes, text.as_bytes()).filter(|place| !is_word(before(bytes, *place)))
        else {
            continue;
        };
        let required = *text == "child_process" && find(bytes, b"require(").is_some();
        let runs = !required
            || contains_any(bytes, &[").exec", ").spawn", ".execsync(", ").fork", ".exec("]);
        let sure = runs && acts();
        let confidence = match () {
            () if sure && bytes.contains(&b'(') => 80,
            () if view.is_short() && leads(bytes, place) => 64,
            () => 25,
        };
        note(
            view,
            Class::Node,
            confidence,
            place..place + text.len(),
            "the inside of the server's process",
            work,
        );
    }
}

/// `new Function(…)`, `console.log(…)`, `eval(…)` as a whole value.
fn globals(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    if !view.is_short() {
        return;
    }
    let start =
        value.iter().take_while(|b| matches!(b, b'(' | b'{' | b'#' | b'$' | b';' | b'!')).count();
    let code = tail(value, start);
    let method = starts_with_any(code, &["console.", "reflect.", "object.", "json."]) && {
        let name = word_at(code, memchr::memchr(b'.', code).map_or(0, |dot| dot + 1));
        is_any(
            name,
            &[
                "log",
                "info",
                "error",
                "warn",
                "debug",
                "trace",
                "table",
                "ownkeys",
                "apply",
                "construct",
                "getownpropertynames",
                "assign",
                "entries",
            ],
        ) && contains_any(code, &["(", "`"])
    };
    let computed = starts_with_any(code, &["process[", "console[", "global["])
        && matches!(
            at(code, memchr::memchr(b'[', code).map_or(0, |open| open + 1)),
            b'\'' | b'"' | b'`'
        );
    if computed {
        note(view, Class::Node, 64, 0..view.bytes.len(), "a member reached by a text", work);
    }
    let function = starts_with(code, b"new function") && code.contains(&b'(');
    if method || function {
        note(
            view,
            Class::Node,
            if function { 64 } else { 40 },
            0..view.bytes.len(),
            "a call on the server",
            work,
        );
    }
}

/// `while(true);`: a loop that only burns time.
fn endless(view: &View<'_>, work: &mut Work<'_>) {
    if !view.is_short() {
        return;
    }
    let Some((place, open)) = call(view.bytes, &["while"]) else { return };
    let inside = tail(view.bytes, open + 1);
    let close = inside.iter().rposition(|b| *b == b')').unwrap_or(inside.len());
    let condition = part(inside, 0, close);
    let condition = trimmed(condition);
    let core: Vec<u8> = condition
        .iter()
        .copied()
        .filter(|b| !matches!(b, b'(' | b')' | b'!' | b' ' | b'-' | b'+'))
        .collect();
    let negated = condition.iter().filter(|b| **b == b'!').count();
    let falsy = is_any(&core, &["false", "null", "undefined", "nan", "0", "\"\"", "''", "``"]);
    let truthy = is_any(
        &core,
        &["true", "1", "[]", "{}", "this", "\"a\"", "infinity", "string", "date", "object"],
    ) || core.iter().all(u8::is_ascii_digit) && !core.is_empty() && !falsy;
    if falsy && negated % 2 == 1 || truthy && negated % 2 == 0 {
        note(view, Class::Node, 66, place..view.bytes.len(), "a loop without an end", work);
    }
}

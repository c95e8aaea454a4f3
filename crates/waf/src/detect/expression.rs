//! Lookups and expression languages of Java: JNDI however it is spelt, OGNL, SpEL.

use std::sync::LazyLock;

use super::bytes::{
    Ahead, at, contains_any, find, is_any, is_word, part, starts_with, starts_with_any, tail,
    trimmed,
};
use super::finding::Class;
use super::input::{Hint, Place};
use super::scan::class;
use super::signals::Signals;
use super::view::{View, Work};
use super::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 8 + HIDDEN.len() + PIECES.len() + OTHER_PIECES.len();

/// Lookups nested deeper than this are not resolved.
const DEPTH: usize = 12;
/// Bytes of one lookup that are read.
const LONGEST: usize = 2_048;
/// Lookups read of one value, and what one costs beside its bytes.
const ANCHORS: usize = 64;
const LOOKUP: usize = 100;

/// Whether the bytes and words give cause to look.
pub(super) fn has_cause(view: &View<'_>) -> bool {
    view.mask.all(class::DOLLAR | class::BRACE)
        || view.has(signal::JAVA)
        || view.mask.all(class::HASH | class::PAREN)
        || view.mask.all(class::PERCENT | class::BRACE)
}

/// Looks for lookups and for expressions.
pub(super) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "expression") {
        return;
    }
    lookups(view, work);
    languages(view, work);
    if view.place == Place::Name
        && starts_with_any(
            view.bytes,
            &[
                "class.module.classloader",
                "class.classloader",
                "class['classloader']",
                "class.module['classloader",
                "class[module]",
            ],
        )
    {
        note(view, 94, 0, view.bytes.len(), "a property that leads to the class loader", work);
    }
}

fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 70 } else { 99 };
    let document = if view.is_document() && confidence < 94 { 25 } else { 0 };
    work.note(
        Class::Expression,
        confidence.saturating_sub(document).min(allowed),
        start..end.min(view.bytes.len()),
        reason,
    );
}

/// What is hidden in pieces, and what it is put together with.
const HIDDEN: &[&str] = &["jndi", "ldap:", "rmi:", "dns:"];
const PIECES: &[&str] = &["${lower:", "${upper:", "${::-", "${env:"];
const OTHER_PIECES: &[&str] = &["${sys:", "${date:"];

/// Which of these stand in a lookup.
struct Pieces {
    hidden: Ahead,
    pieces: Ahead,
    others: Ahead,
}

fn lookups(view: &View<'_>, work: &mut Work<'_>) {
    let mut pieces = Pieces {
        hidden: Ahead::new(HIDDEN),
        pieces: Ahead::new(PIECES),
        others: Ahead::new(OTHER_PIECES),
    };
    for place in memchr::memmem::find_iter(view.bytes, b"${").take(ANCHORS) {
        let body = part(view.bytes, place, place + LONGEST);
        if !work.budget.spend(LOOKUP + 2 * body.len(), "expression") {
            return;
        }
        let mut resolved = Vec::new();
        let mut nested = 0;
        let length = resolve(body, 0, &mut resolved, &mut nested);
        let inner = resolved.iter().take_while(|b| **b != 0).copied().collect::<Vec<_>>();
        let text = trimmed(&inner);
        let is_alone = place == 0 && length >= view.trimmed().len();
        let stands = |words: &mut Ahead| words.is_within(view.bytes, place, place + LONGEST);
        let hides = nested > 1 && (stands(&mut pieces.hidden) || stands(&mut pieces.pieces));
        let joins = nested > 0 && (stands(&mut pieces.pieces) || stands(&mut pieces.others));
        let confidence = lookup_confidence(text, nested, (hides, joins), is_alone);
        note(
            view,
            confidence,
            place,
            place + length.min(160),
            "a lookup that fetches from a name",
            work,
        );
    }
    // `$ {jndi`, `{jndi:` after another encoding.
    if let Some(place) = find(view.bytes, b"jndi:") {
        let scheme = tail(view.bytes, place + 5);
        let fetches = starts_with_any(
            scheme,
            &["ldap", "rmi", "dns", "iiop", "corba", "nis", "nds", "http", "$", "j"],
        );
        let braced = part(view.bytes, place.saturating_sub(4), place).contains(&b'{');
        if fetches {
            note(
                view,
                if braced { 86 } else { 62 },
                place,
                place + 9,
                "a lookup that fetches from a name",
                work,
            );
        }
    }
}

/// How sure it is that a lookup, whose resolved `text` came from so many others, fetches something: it hides
/// what it does in pieces, or is put together from some.
fn lookup_confidence(
    text: &[u8],
    nested: usize,
    (hides, joins): (bool, bool),
    is_alone: bool,
) -> u8 {
    let lookup = starts_with_any(text, &["jndi:", "jndi.", "jnd\u{131}:"]);
    match () {
        () if lookup && nested == 0 => 95,
        () if lookup => 97,
        () if hides => 85,
        () if joins => 70,
        () if starts_with_any(
            text,
            &[
                "env:",
                "sys:",
                "java:",
                "ctx:",
                "main:",
                "docker:",
                "k8s:",
                "bundle:",
                "script:",
                "dns:",
                "url:",
                "const:",
                "spring:",
                "marker:",
                "log4j:",
                "web:",
                "base64decoder:",
                "file:",
                "xml:",
            ],
        ) && contains_any(
            text,
            &[".", " ", "://", "aws", "user", "path", "home", "java", "pass", "version"],
        ) =>
        {
            if starts_with_any(text, &["script:", "dns:", "url:", "base64decoder:"]) {
                84
            } else if is_alone && !starts_with_any(text, &["file:", "xml:", "url:", "web:"]) {
                64
            } else {
                55
            }
        }
        () => 0,
    }
}

/// Resolves the lookup at the start of `body` to the text a logger would see; gives its length.
fn resolve(body: &[u8], depth: usize, out: &mut Vec<u8>, nested: &mut usize) -> usize {
    let mut place = 2;
    let mut inside = Vec::new();
    while let Some(&byte) = body.get(place) {
        if byte == b'}' {
            place += 1;
            break;
        }
        if byte == b'$' && at(body, place + 1) == b'{' && depth < DEPTH {
            *nested += 1;
            place += resolve(tail(body, place), depth + 1, &mut inside, nested);
            continue;
        }
        inside.push(byte);
        place += 1;
    }
    out.extend_from_slice(if depth == 0 { &inside } else { value_of(&inside) });
    place
}

/// What a nested lookup stands for: its default, or the argument of a harmless one.
fn value_of(inside: &[u8]) -> &[u8] {
    if let Some(default) = memchr::memmem::find(inside, b":-") {
        return tail(inside, default + 2);
    }
    match memchr::memchr(b':', inside) {
        Some(colon)
            if is_any(part(inside, 0, colon), &["lower", "upper", "date", "map", "k8s"]) =>
        {
            let argument = tail(inside, colon + 1);
            argument.strip_prefix(b"'").and_then(|rest| rest.strip_suffix(b"'")).unwrap_or(argument)
        }
        _ => &[],
    }
}

/// What only an expression that reaches classes has.
const CERTAIN: &[&str] = &[
    "#_memberaccess",
    "#context[",
    "#parameters",
    "@java.lang.runtime@",
    "@java.lang.system@",
    "#application",
    "@ognl.ognlcontext@",
    "#request[",
    "allowstaticmethodaccess",
    "t(java.lang.",
    "t (java.lang.",
    "t(org.springframework",
    "t(java.",
    "#rt =",
    "#rt=",
    "#root.",
    "new java.lang.processbuilder",
    "java.lang.runtime.getruntime",
    ".getruntime(",
    "getclass().forname",
    "class.forname(",
    "''.getclass()",
    "\"\".getclass()",
    "javax.script.scriptenginemanager",
    "#this.getclass",
    "excludedclasses",
    "#attr[",
    "@org.apache.commons.io",
    "xwork.methodaccessor",
    "getmethod(",
    "newinstance(",
    "sun.misc",
    "bcel$$",
];

static INDEX: LazyLock<Signals> = LazyLock::new(|| Signals::new(&[(1, CERTAIN)]));

/// Expressions that reach classes.
fn languages(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let expression = bytes.iter().any(|b| matches!(b, b'(' | b'{' | b'[' | b'='));
    let is_there = work.groups(view, &INDEX, "expression") != 0;
    let texts =
        if is_there && work.look(view, CERTAIN.len(), "expression") { CERTAIN } else { &[] };
    for text in texts {
        let Some(place) = find(bytes, text.as_bytes()) else { continue };
        let java = starts_with_any(
            text.as_bytes(),
            &[
                "getmethod",
                "newinstance",
                "sun.misc",
                "#parameters",
                "#application",
                "#request",
                "#root",
                "#rt",
                "#attr",
            ],
        );
        let confidence = match () {
            () if !expression => 30,
            () if java => 50,
            () if view.is_short() || !view.is_document() => 84,
            () => 66,
        };
        note(
            view,
            confidence,
            place,
            place + text.len(),
            "an expression that reaches classes",
            work,
        );
    }
    assignments(view, work);
}

/// `%{#a=…}`, `(#a=…)`, `${(#a=…)}`: an assignment of OGNL.
fn assignments(view: &View<'_>, work: &mut Work<'_>) {
    for place in memchr::memchr_iter(b'#', view.bytes).take(ANCHORS) {
        let open = part(view.bytes, place.saturating_sub(3), place);
        let ognl = open.ends_with(b"%{")
            || open.ends_with(b"%{(")
            || open.ends_with(b"${(")
            || open.ends_with(b"(") && place == 1
            || open.ends_with(b"${");
        let name = tail(view.bytes, place + 1).iter().take_while(|b| is_word(**b)).count();
        let rest = tail(view.bytes, place + 1 + name);
        let assigned = at(rest, 0) == b'='
            || at(rest, 0) == b'.'
            || at(rest, 0) == b'['
            || starts_with(rest, b" =");
        if ognl && name > 0 && assigned {
            note(view, 82, place, place + name + 2, "an assignment in an expression", work);
        }
    }
    // `%{7*7}` and `%{expr}` are the template room's; a bare `%{` with a call is OGNL.
    if let Some(place) = memchr::memmem::find(view.bytes, b"%{") {
        let body = part(view.bytes, place + 2, place + 200);
        let call = contains_any(body, &["@", "new ", "getclass", "exec(", "multipart/form-data"])
            && body.contains(&b'(');
        if call {
            note(view, 80, place, place + 2, "an expression that reaches classes", work);
        }
    }
}

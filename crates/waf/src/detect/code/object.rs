//! Serialised objects: formats whose reading runs code.

use std::cell::OnceCell;

use super::note;
use crate::detect::bytes::{
    at, before, contains_any, find, is_word, part, starts_with, starts_with_any, tail, trimmed,
};
use crate::detect::finding::Class;
use crate::detect::scan::class;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 20;

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    view.has(signal::OBJECT)
        || view.bytes.starts_with(b"[\"")
        || mask.all(class::COLON | class::DIGIT)
            && mask.any(class::DOUBLE | class::QUOTE | class::BRACE)
        || mask.any(class::CONTROL | class::HIGH) && matches!(at(view.bytes, 0), 0xac | 0x80 | 0x04)
}

/// Looks for the marks of each format.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "object") {
        return;
    }
    java(view, work);
    named_class(view, work);
    php(view, work);
    python(view, work);
    yaml(view, work);
    others(view, work);
}

fn found(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    length: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    note(view, Class::Deserialisation, confidence, start..start + length, reason, work);
}

/// The stream magic of Java, plain, in hexadecimal and in Base64.
fn java(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let reason = "a serialised object of Java";
    if let Some(place) = memchr::memmem::find(bytes, b"\xac\xed\x00\x05") {
        found(view, if place == 0 { 95 } else { 80 }, place, 4, reason, work);
    }
    // The Base64 of the magic, at its three offsets within a group.
    for magic in [&b"rO0AB"[..], b"KztAAU", b"Cs7QAF"] {
        let Some(place) = memchr::memmem::find(bytes, magic) else { continue };
        let free = !is_word(before(bytes, place));
        if free {
            found(view, 84, place, magic.len(), reason, work);
        }
    }
    if starts_with(trimmed(bytes), b"aced0005") {
        found(view, 84, 0, 8, reason, work);
    }
    if starts_with(trimmed(bytes), b"h4siaaaa")
        && bytes.starts_with(b"H4sIAAAA")
        && bytes.len() > 40
    {
        found(view, 45, 0, 8, "a compressed object", work);
    }
}

/// `["a.b.Class", {…}]`: a class with its fields, as readers of JSON take it that make what they are told.
fn named_class(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    let Some(rest) = value.strip_prefix(b"[\"") else { return };
    let length = memchr::memchr(b'"', rest).unwrap_or(0);
    let name = part(rest, 0, length);
    let dots = memchr::memchr_iter(b'.', name).count();
    let class = memchr::memrchr(b'.', name).map_or(0, |dot| at(name, dot + 1));
    let plain = name.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'));
    let after = trimmed(tail(rest, length + 1)).strip_prefix(b",").map(trimmed);
    let fields = after.is_some_and(|after| after.starts_with(b"{") || after.starts_with(b"["));
    if dots >= 2
        && class.is_ascii_uppercase()
        && plain
        && fields
        && !name.starts_with(b"java.util.")
    {
        found(view, 64, 0, length + 4, "a class that a reader of JSON is told to make", work);
    }
}

/// `O:8:"stdClass":1:{…}`, also within an array.
fn php(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let last_object = OnceCell::new();
    // The last one answers for every array: none of them looks for one of its own.
    let has_object_behind = |place: usize| {
        let last = || {
            memchr::memchr_iter(b':', bytes)
                .rfind(|at| before(bytes, *at).eq_ignore_ascii_case(&b'o'))
                .unwrap_or(0)
        };
        *last_object.get_or_init(last) > place
    };
    for place in memchr::memchr_iter(b':', bytes).take(64) {
        let letter = before(bytes, place);
        let start = place.saturating_sub(1);
        let free = !is_word(before(bytes, start)) || start == 0;
        if !matches!(letter, b'O' | b'o' | b'C' | b'a') || !free {
            continue;
        }
        let rest = tail(bytes, place + 1);
        let sign = usize::from(at(rest, 0) == b'+');
        let digits = tail(rest, sign).iter().take(8).take_while(|b| b.is_ascii_digit()).count();
        let after = tail(rest, sign + digits);
        let object = digits > 0
            && (after.starts_with(b":\"")
                || after.starts_with(b":\\\"")
                || after.starts_with(b":'"));
        let array = letter == b'a'
            && digits > 0
            && after.starts_with(b":{")
            && has_object_behind(bytes.len() - after.len());
        if letter != b'a' && object {
            found(view, 86, start, digits + 4, "a serialised object of PHP", work);
        } else if array {
            found(view, 62, start, digits + 4, "a serialised array of PHP with an object", work);
        }
    }
}

/// Opcodes of pickle that call: `c` or `\x93` and `R`.
fn python(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let reason = "a pickle that calls";
    let global = [
        "cos\nsystem",
        "cposix\nsystem",
        "cnt\nsystem",
        "c__builtin__\n",
        "csubprocess\n",
        "cbuiltins\n",
        "\u{8c}\u{5}posix",
    ]
    .iter()
    .find_map(|text| memchr::memmem::find(bytes, text.as_bytes()));
    if let Some(place) = global {
        found(view, 90, place, 6, reason, work);
    }
    let framed = matches!(at(bytes, 0), 0x80) && matches!(at(bytes, 1), 2..=5);
    if framed {
        let calls = bytes.contains(&b'R')
            && bytes.ends_with(b".")
            && contains_any(
                bytes,
                &["system", "posix", "subprocess", "builtin", "eval", "exec", "os"],
            );
        found(view, if calls { 92 } else { 62 }, 0, 2, reason, work);
    }
}

/// Tags of YAML that build objects.
fn yaml(view: &View<'_>, work: &mut Work<'_>) {
    for tag in [
        "!!python/",
        "!!java",
        "!!javax.",
        "!!com.",
        "!!org.",
        "!!ruby/",
        "!ruby/object",
        "!ruby/hash",
        "tag:yaml.org,2002:python",
        "!!sun.",
        "!!js/function",
        "!!perl/",
    ] {
        let Some(place) = find(view.bytes, tag.as_bytes()) else { continue };
        let object = contains_any(
            part(view.bytes, place, place + 120),
            &[
                "object", "javax", "apply", "new", "[", "script", "function", "name:", "module",
                "hash", "exec",
            ],
        );
        found(view, if object { 86 } else { 60 }, place, tag.len(), "an object in YAML", work);
    }
    if find(view.bytes, b"\"py/object\"").or_else(|| find(view.bytes, b"\"py/reduce\"")).is_some() {
        found(view, 84, 0, 12, "an object of jsonpickle", work);
    }
}

/// .NET, XStream, XMLDecoder, fastjson.
fn others(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    let value = trimmed(bytes);
    if value.starts_with(b"AAEAAAD/////") {
        found(view, 88, 0, 12, "a serialised object of .NET", work);
    }
    if let Some(place) = find(bytes, b"objectdataprovider")
        .filter(|_| contains_any(bytes, &["system.windows", "methodname", "$type"]))
    {
        found(view, 84, place, 18, "a serialised object of .NET", work);
    }
    let typed = find(bytes, b"\"$type\"").or_else(|| find(bytes, b"\"__type\""));
    if let Some(place) = typed.filter(|place| {
        contains_any(
            part(bytes, *place, place + 200),
            &["system.", "presentationframework", "mscorlib"],
        )
    }) {
        found(view, 80, place, 7, "a serialised object of .NET", work);
    }
    if let Some(place) = find(bytes, b"\"@type\"").filter(|place| {
        contains_any(
            part(bytes, *place, place + 120),
            &[
                "com.sun.",
                "org.apache.",
                "java.",
                "javax.",
                "ch.qos",
                "com.mchange",
                "com.zaxxer",
                "oracle.jdbc",
                "org.springframework",
            ],
        )
    }) {
        found(view, 84, place, 7, "a class named in JSON", work);
    }
    let decoder = find(bytes, b"<java")
        .filter(|_| contains_any(bytes, &["xmldecoder", "<object class=", "<void method"]));
    let stream = find(bytes, b"<sorted-set")
        .or_else(|| find(bytes, b"<dynamic-proxy"))
        .or_else(|| find(bytes, b"<java.util.priorityqueue"))
        .or_else(|| find(bytes, b"<jdk.nashorn"));
    if let Some(place) = decoder.or(stream) {
        found(view, 84, place, 10, "a serialised object in XML", work);
    }
    if starts_with_any(bytes, &["\u{4}\u{8}o:"])
        || starts_with(value, b"bahvog")
        || value.starts_with(b"BAhv")
        || value.starts_with(b"BAhbCGM")
    {
        found(view, 78, 0, 4, "a serialised object of Ruby", work);
    }
}

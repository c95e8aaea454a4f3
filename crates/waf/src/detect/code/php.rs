//! PHP: its tags, calls that run code, and variables of the request.

use std::sync::LazyLock;

use super::php_dynamic;
use super::php_files::file_name;
use super::php_names::{LOAD, REACH, RUN, TELLING};
use super::{call, leads, note};
use crate::detect::bytes::{
    at, contains_any, find, is_any, is_space, is_word, part, skip_space, starts_with,
    starts_with_any, tail, trimmed,
};
use crate::detect::finding::Class;
use crate::detect::input::Place;
use crate::detect::scan::class;
use crate::detect::signals::Signals;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about, beside those that are called.
const WORDS: usize = 24;

/// What is called, by groups.
static CALLED: LazyLock<Signals> =
    LazyLock::new(|| Signals::new(&[(RUNS, RUN), (LOADS, LOAD), (REACHES, REACH)]));
const RUNS: u32 = 1;
const LOADS: u32 = 1 << 1;
const REACHES: u32 = 1 << 2;

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::PHP)
        || view.mask.all(class::LESS | class::OTHER)
        || view.mask.all(class::DOLLAR)
            && view.mask.any(class::PAREN | class::BRACE | class::BRACKET)
        || view.mask.all(class::PAREN)
            && view.mask.any(class::QUOTE | class::DOUBLE | class::HIGH | class::BRACKET)
        || view.place == Place::FileName
        || is_bare_call(view.bytes)
        || is_upload_header(view)
}

fn is_upload_header(view: &View<'_>) -> bool {
    matches!(view.place, Place::Header(name) if name.contains("filename") || name.contains("file-name") || name.contains("file_name") || name.contains("file.name"))
}

/// `posix_getuid()` and nothing else.
fn is_bare_call(bytes: &[u8]) -> bool {
    let value = trimmed(bytes);
    value.len() < 64
        && value.ends_with(b")")
        && value.contains(&b'(')
        && value.first().is_some_and(u8::is_ascii_alphabetic)
}

/// Looks for PHP.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "php") {
        return;
    }
    tags(view, work);
    calls(view, work);
    variables(view, work);
    settings(view, work);
    if view.place == Place::FileName || is_upload_header(view) {
        file_name(view, work);
    }
}

/// `<?php`, `<?=`, `<? `.
fn tags(view: &View<'_>, work: &mut Work<'_>) {
    for place in memchr::memmem::find_iter(view.bytes, b"<?").take(32) {
        let rest = tail(view.bytes, place + 2);
        let word = rest.iter().take(24).take_while(|b| is_word(**b) || **b == b'-').count();
        let name = part(rest, 0, word);
        let body = part(rest, word, word + 400);
        let code = contains_any(body, &["(", "$", "`", "echo", "print", "include"]);
        let confidence = match () {
            // `<?xml :` is a short tag that begins with a label.
            () if is_any(name, &["xml"]) && at(body, skip_space(body, 0)) == b':' => 70,
            () if is_any(name, &["php"]) => {
                if code || body.len() < 3 {
                    90
                } else {
                    72
                }
            }
            () if at(rest, 0) == b'=' => {
                if code {
                    84
                } else {
                    50
                }
            }
            () if is_any(
                name,
                &[
                    "xml",
                    "xml-stylesheet",
                    "xpacket",
                    "xsl-stylesheet",
                    "import",
                    "mso-application",
                ],
            ) =>
            {
                continue;
            }
            () if word == 0 && is_space(at(rest, 0)) && code => 80,
            () if is_any(
                name,
                &["echo", "print", "system", "exec", "eval", "passthru", "include"],
            ) =>
            {
                74
            }
            () => continue,
        };
        // Whoever shows PHP shows whole files; whoever injects it sends one line.
        note(view, Class::Php, confidence, place..place + 2 + word, "a script of PHP", work);
    }
}

fn calls(view: &View<'_>, work: &mut Work<'_>) {
    let bytes = view.bytes;
    if !view.mask.any(class::PAREN) {
        return;
    }
    let named = work.groups(view, &CALLED, "php");
    let mut called = |group: u32, names: &[&str]| {
        let looks = named & group != 0 && work.look(view, names.len(), "php");
        if looks { call(bytes, names) } else { None }
    };
    let run = called(RUNS, RUN);
    let load = called(LOADS, LOAD).or_else(|| call(bytes, &["dl"]));
    let reach = called(REACHES, REACH);
    if let Some((place, open)) = run {
        let argument = tail(bytes, skip_space(bytes, open + 1));
        let first = at(argument, 0);
        let quoted = matches!(first, b'\'' | b'"' | b'$' | b'`' | b'<')
            || starts_with_any(
                argument,
                &["base64_", "gzinflate", "chr(", "str_rot", "hex2bin", "$_"],
            );
        let gap = part(bytes, place, open);
        let remark = contains_any(gap, &["/*", "//", "#"]) && view.is_short();
        let confidence = match () {
            () if remark && leads(bytes, place) => 70,
            () if quoted && leads(bytes, place) && ends_with_call(bytes, open) => 78,
            () if quoted && view.is_short() && contains_any(bytes, TELLING) => 70,
            () if quoted => 45,
            () => 35,
        };
        note(view, Class::Php, confidence, place..open + 2, "a call that runs code", work);
    }
    if let Some((place, open)) = load {
        let telling = contains_any(part(bytes, open, open + 200), TELLING);
        let confidence = if telling && view.is_short() { 74 } else { 30 };
        note(view, Class::Php, confidence, place..open + 2, "a call that loads code", work);
    }
    if let Some((place, open)) = reach {
        let end = memchr::memchr(b')', tail(bytes, open)).map(|end| open + end);
        let empty = end == Some(open + 1)
            || end.is_some_and(|end| part(bytes, open + 1, end).iter().all(|b| is_space(*b)));
        let name = part(bytes, place, open);
        let telling = memchr::memchr(b'_', name).is_some()
            || is_any(
                trimmed(name),
                &[
                    "phpinfo",
                    "gzinflate",
                    "fsockopen",
                    "readfile",
                    "fopen",
                    "bzcompress",
                    "bzdecompress",
                    "gzcompress",
                    "gzread",
                    "phpversion",
                    "strrev",
                    "unserialize",
                    "scandir",
                ],
            );
        let variable = at(bytes, skip_space(bytes, open + 1)) == b'$';
        let confidence = match () {
            () if !view.is_short() => 20,
            () if leads(bytes, place)
                && telling
                && end.is_some_and(|end| end + 5 >= trimmed(bytes).len()) =>
            {
                68
            }
            () if variable && leads(bytes, place) => 66,
            () if telling && !empty && leads(bytes, place) => 64,
            () if telling && leaves_call(bytes, place) => 66,
            () if telling => 45,
            () => 20,
        };
        note(view, Class::Php, confidence, place..open + 1, "a call of PHP", work);
    }
    php_dynamic::inspect(view, work);
    between_quotes(view, work);
}

/// `'.phpinfo().'`, `";exit(md5(1));//`: a call between the application's own quotes.
fn between_quotes(view: &View<'_>, work: &mut Work<'_>) {
    let value = view.trimmed();
    if !view.is_short() || value.iter().filter(|b| **b == b' ').count() > 4 {
        return;
    }
    let joint = [&b"'."[..], b"\".", b"';", b"\";"].iter().find_map(|sign| {
        let place = memchr::memmem::find(value, sign)?;
        (place < 24).then_some(place + sign.len())
    });
    let semicolon = memchr::memchr(b';', value).filter(|place| *place < 8).map(|place| place + 1);
    let Some(start) = joint.or(semicolon).map(|start| skip_space(value, start)) else { return };
    let name =
        tail(value, start).iter().take(40).take_while(|b| is_word(**b) || **b == b'@').count();
    let called = name > 1 && at(value, start + name) == b'(';
    let closes = [&b".'"[..], b".\"", b";//", b";#", b"//", b"; //"]
        .iter()
        .any(|end| value.ends_with(end) && value.len() > start + name + end.len());
    let known = is_any(part(value, start, start + name), REACH)
        || is_any(part(value, start, start + name), RUN)
        || is_any(
            part(value, start, start + name),
            &["exit", "die", "print", "echo", "eval", "md5", "sleep", "usleep"],
        );
    if called && closes && known {
        note(
            view,
            Class::Php,
            72,
            0..view.bytes.len(),
            "a call between the quotes of a script",
            work,
        );
    }
}

/// Whether nothing but the end of the call follows: a line of another program goes on.
fn ends_with_call(bytes: &[u8], open: usize) -> bool {
    let value = trimmed(bytes);
    let last = value
        .iter()
        .rev()
        .find(|b| !matches!(b, b';' | b'?' | b'>' | b' ' | b'}' | b'/' | b'#' | b'*'))
        .copied();
    last == Some(b')') && open < value.len()
}

/// `$_GET['x']`, `$GLOBALS[`: variables that only PHP code names.
fn variables(view: &View<'_>, work: &mut Work<'_>) {
    const GLOBALS: &[&str] = &[
        "$_get",
        "$_post",
        "$_request",
        "$_server",
        "$_cookie",
        "$_files",
        "$_env",
        "$_session",
        "$globals",
        "$http_raw_post_data",
        "$_http_",
    ];
    for place in memchr::memchr_iter(b'$', view.bytes).take(2_048) {
        let rest = part(view.bytes, place, place + 24);
        let Some(name) = GLOBALS.iter().find(|name| starts_with(rest, name.as_bytes())) else {
            continue;
        };
        let end = place + name.len();
        let next = at(view.bytes, skip_space(view.bytes, end));
        let used = matches!(next, b'[' | b'{' | b'=' | b')' | b';' | 0);
        if used && !is_word(at(view.bytes, end)) {
            let confidence = if view.is_short() { 68 } else { 50 };
            note(view, Class::Php, confidence, place..end, "a variable of a PHP request", work);
        }
    }
    if view.is_short()
        && let Some(place) = memchr::memmem::find(view.bytes, b"${'")
            .or_else(|| memchr::memmem::find(view.bytes, b"${@"))
            .or_else(|| memchr::memmem::find(view.bytes, b"{${"))
            .or_else(|| memchr::memmem::find(view.bytes, b"${\""))
    {
        let plain = !contains_any(view.bytes, &["getclass", "format"]);
        note(
            view,
            Class::Php,
            if plain { 62 } else { 30 },
            place..place + 3,
            "a variable whose name is computed",
            work,
        );
    }
}

/// `allow_url_include=1`: settings on a command line.
fn settings(view: &View<'_>, work: &mut Work<'_>) {
    const SETTINGS: &[&str] = &[
        "allow_url_include",
        "allow_url_fopen",
        "auto_prepend_file",
        "auto_append_file",
        "disable_functions",
        "open_basedir",
        "safe_mode",
        "suhosin.simulation",
        "cgi.force_redirect",
        "cgi.redirect_status_env",
    ];
    for name in SETTINGS {
        let Some(place) = find(view.bytes, name.as_bytes()) else { continue };
        let assigned = at(view.bytes, skip_space(view.bytes, place + name.len())) == b'=';
        let whole = starts_with(view.trimmed(), name.as_bytes());
        if assigned && view.is_short() || whole && view.place == Place::Name {
            note(view, Class::Php, 70, place..place + name.len(), "a setting of PHP", work);
        }
    }
}

/// `'')); phpinfo();`: the call follows a quote, the parentheses of another call and a semicolon.
fn leaves_call(bytes: &[u8], place: usize) -> bool {
    let head = trimmed(part(bytes, 0, place));
    let Some(head) = head.strip_suffix(b";") else { return false };
    let closers =
        head.iter().rev().take(6).take_while(|b| matches!(b, b')' | b']' | b'}' | b' ')).count();
    let quote = head.len().checked_sub(closers + 1).map_or(0, |place| at(head, place));
    closers > 0 && matches!(quote, b'\'' | b'"')
}

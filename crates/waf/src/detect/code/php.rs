//! PHP: its tags, calls that run code, and variables of the request.

use super::php_files::file_name;
use super::{call, leads, note};
use crate::detect::bytes::{
    at, before, contains_any, find, is_any, is_space, is_word, part, skip_space, starts_with,
    starts_with_any, tail, trimmed,
};
use crate::detect::finding::Class;
use crate::detect::input::Place;
use crate::detect::scan::class;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// Calls that run a program or code.
const RUN: &[&str] = &[
    "system",
    "exec",
    "shell_exec",
    "passthru",
    "popen",
    "proc_open",
    "pcntl_exec",
    "create_function",
    "call_user_func",
    "call_user_func_array",
];

/// Calls that run what they are given, in names that other languages have too.
const LOAD: &[&str] = &[
    "assert",
    "eval",
    "preg_replace",
    "preg_replace_callback",
    "unserialize",
    "include",
    "require",
    "include_once",
    "require_once",
    "array_map",
    "array_filter",
    "usort",
    "uasort",
    "register_shutdown_function",
    "ob_start",
    "dl",
    "file_put_contents",
    "fwrite",
];

/// Calls that read, write or tell, in names that are no words.
const REACH: &[&str] = &[
    "phpinfo",
    "phpversion",
    "php_uname",
    "file_get_contents",
    "file_put_contents",
    "fopen",
    "readfile",
    "show_source",
    "highlight_file",
    "base64_decode",
    "gzinflate",
    "gzuncompress",
    "gzdecode",
    "str_rot13",
    "bzdecompress",
    "bzcompress",
    "gzcompress",
    "gzread",
    "zlib_decode",
    "convert_uudecode",
    "hex2bin",
    "posix_getuid",
    "posix_getegid",
    "posix_geteuid",
    "posix_getgid",
    "posix_getpwuid",
    "posix_kill",
    "posix_getlogin",
    "posix_setuid",
    "posix_ttyname",
    "posix_mkfifo",
    "ini_set",
    "ini_get",
    "ini_alter",
    "putenv",
    "getenv",
    "set_time_limit",
    "set_include_path",
    "move_uploaded_file",
    "curl_exec",
    "curl_init",
    "fsockopen",
    "pfsockopen",
    "mysql_query",
    "mysqli_query",
    "pg_query",
    "symlink",
    "chmod",
    "chown",
    "unlink",
    "rmdir",
    "tempnam",
    "tmpfile",
    "opendir",
    "scandir",
    "readdir",
    "glob",
    "parse_str",
    "extract",
    "array_filter",
    "array_walk",
    "func_get_args",
    "get_defined_vars",
    "get_current_user",
    "getcwd",
    "getmyuid",
    "getmypid",
    "disable_ob",
    "ob_get_contents",
    "ob_get_clean",
    "ob_get_flush",
    "apache_setenv",
    "error_log",
    "header_register_callback",
    "iterator_apply",
    "forward_static_call",
    "array_reduce",
    "array_diff_uassoc",
    "is_callable",
    "strrev",
    "print_r",
    "var_dump",
    "phpcredits",
    "get_defined_functions",
    "file_exists",
    "debug_backtrace",
    "debug_print_backtrace",
    "filter_var",
    "fwrite",
    "fputs",
    "ftp_connect",
    "imap_open",
    "mail",
    "sha1_file",
    "md5_file",
    "simplexml_load_file",
    "simplexml_load_string",
    "session_start",
    "spl_autoload",
    "stream_socket_client",
    "exif_imagetype",
    "read_exif_data",
    "escapeshellcmd",
    "escapeshellarg",
    "eio_",
    "event_new",
    "substr",
    "chr",
    "pack",
    "implode",
    "readgzfile",
    "bzopen",
    "gzopen",
    "gzfile",
    "php_strip_whitespace",
    "php_ini_loaded_file",
    "php_sapi_name",
    "set_error_handler",
    "set_exception_handler",
    "array_udiff",
    "is_a",
    "method_exists",
];

/// Whether the words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    view.has(signal::PHP)
        || view.mask.all(class::LESS | class::OTHER)
        || view.mask.all(class::DOLLAR)
            && view.mask.any(class::PAREN | class::BRACE | class::BRACKET)
        || view.mask.all(class::PAREN) && view.mask.any(class::QUOTE | class::DOUBLE)
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
    if !work.budget.spend(view.bytes.len(), "php") {
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
    if let Some((place, open)) = call(bytes, RUN) {
        let argument = tail(bytes, skip_space(bytes, open + 1));
        let first = at(argument, 0);
        let quoted = matches!(first, b'\'' | b'"' | b'$' | b'`' | b'<')
            || starts_with_any(
                argument,
                &["base64_", "gzinflate", "chr(", "str_rot", "hex2bin", "$_"],
            );
        let confidence = match () {
            () if quoted && leads(bytes, place) && ends_with_call(bytes, open) => 78,
            () if quoted && view.is_short() && contains_any(bytes, TELLING) => 70,
            () if quoted => 45,
            () => 35,
        };
        note(view, Class::Php, confidence, place..open + 2, "a call that runs code", work);
    }
    if let Some((place, open)) = call(bytes, LOAD) {
        let telling = contains_any(part(bytes, open, open + 200), TELLING);
        let confidence = if telling && view.is_short() { 74 } else { 30 };
        note(view, Class::Php, confidence, place..open + 2, "a call that loads code", work);
    }
    if let Some((place, open)) = call(bytes, REACH) {
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
                ],
            );
        let variable = at(bytes, skip_space(bytes, open + 1)) == b'$';
        let confidence = match () {
            () if !view.is_short() => 20,
            () if leads(bytes, place)
                && telling
                && end.is_some_and(|end| end + 3 >= trimmed(bytes).len()) =>
            {
                68
            }
            () if variable && leads(bytes, place) => 66,
            () if telling && !empty && leads(bytes, place) => 64,
            () if telling => 45,
            () => 20,
        };
        note(view, Class::Php, confidence, place..open + 1, "a call of PHP", work);
    }
    dynamic_calls(view, work);
}

/// What the argument of a call holds when it is meant to do harm.
const TELLING: &[&str] = &[
    "$_",
    "php://",
    "http://",
    "https://",
    "ftp://",
    "data:",
    "../",
    "/etc/",
    "system",
    "exec(",
    "base64_",
    "gzinflate",
    "str_rot",
    "chr(",
    "hex2bin",
    "passthru",
    "phpinfo",
    "<?",
    "cmd",
    "whoami",
    "cat /",
    "/bin/",
    "wget ",
    "curl ",
];

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
            if plain && place > 0 {
                continue;
            }
            if !jquery && !template {
                note(
                    view,
                    Class::Php,
                    if odd || leads(bytes, place) { 66 } else { 45 },
                    place..open + 1,
                    "a call of a variable",
                    work,
                );
            }
        }
    }
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
        let open = skip_space(bytes, place);
        if at(bytes, open) != b'[' {
            break;
        }
        let close = memchr::memchr(b']', tail(bytes, open))?;
        let key = part(bytes, open + 1, open + close);
        odd |= key.iter().any(|b| matches!(b, b'@' | b'+' | b'!' | b'~' | b'^'));
        place = open + close + 1;
    }
    Some((skip_space(bytes, place), odd))
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
        let whole = starts_with(trimmed(view.bytes), name.as_bytes());
        if assigned && view.is_short() || whole && view.place == Place::Name {
            note(view, Class::Php, 70, place..place + name.len(), "a setting of PHP", work);
        }
    }
}

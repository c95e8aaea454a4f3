//! What follows the name of a program: how much it speaks for a command.

use std::sync::LazyLock;

use super::command::Evidence;
use super::names::{self, Kind};
use super::word::Word;
use crate::detect::bytes::{
    at, contains_any, is_any, is_space, is_word, part, skip_space, starts_with_any, tail, trimmed,
    word_at,
};
use crate::detect::signals::Signals;

/// Commands of Windows that are words as well.
fn is_common(name: &[u8]) -> bool {
    is_any(
        name,
        &[
            "start", "type", "copy", "del", "dir", "query", "set", "net", "ren", "rd", "md", "ver",
            "sc", "reg", "attrib", "erase", "forfiles",
        ],
    )
}

/// A path, a variable or a verb that those commands take.
fn is_windows_argument(argument: &[u8]) -> bool {
    starts_with_any(
        argument,
        &["\\", "%", "/", "c:", "..", "user", "view", "localgroup", "group", "share", "query"],
    ) || contains_any(argument, &[":\\"])
}

/// What follows a command of Windows that means it.
const WINDOWS: &[&str] = &[
    " /c",
    " -enc",
    " -e ",
    "-nop",
    "-urlcache",
    "iex",
    "downloadstring",
    "-command",
    "/domain",
    "process call",
    " /t ",
    " /f ",
    " user",
    "/all",
    "http",
];

/// Files and devices that only an attack asks for, and shells that something is handed to.
const SENSITIVE: &[&str] = &[
    "/etc/",
    "/proc/",
    "/dev/tcp",
    "/bin/sh",
    "/bin/bash",
    "| sh",
    "|sh",
    "| bash",
    "|bash",
    "/var/log",
    "-rf /",
    "/etc$",
    "/root",
    "/.ssh",
    "\\windows",
    "win.ini",
    "c:\\",
    "e\\tc",
    "/e?c",
    "/???",
    "/et*",
    "/e*c",
];

/// Both lists, found in one pass: a line is read at every separator.
static INDEX: LazyLock<Signals> =
    LazyLock::new(|| Signals::new(&[(IS_WINDOWS, WINDOWS), (IS_SENSITIVE, SENSITIVE)]));
const IS_WINDOWS: u32 = 1;
const IS_SENSITIVE: u32 = 1 << 1;

/// How much speaks for the command that `word` begins in `bytes`.
pub(super) fn judge(
    bytes: &[u8],
    word: &Word,
    kind: Kind,
    by_path: bool,
    prefixed: bool,
) -> Evidence {
    let rest = tail(bytes, word.end);
    let line = rest.iter().position(|b| *b == b'\n').map_or(rest, |end| part(rest, 0, end));
    let arguments = arguments(line);
    let separated = line.first().is_none_or(|b| {
        is_space(*b)
            || matches!(
                b,
                b';' | b'|'
                    | b'&'
                    | b'<'
                    | b'>'
                    | b'$'
                    | b')'
                    | b'`'
                    | b'#'
                    | b'"'
                    | b'\''
                    | b','
                    | b'%'
            )
    });
    if !separated {
        return Evidence::None;
    }
    if sensitive(line)
        || word.hidden && !by_path && arguments > Evidence::Word
        || by_path && word.globs > 0
    {
        return Evidence::Strong;
    }
    if word.hidden {
        return if word.text.len() > 1 { Evidence::Good } else { Evidence::Word };
    }
    if by_path {
        return if matches!(kind, Kind::Shell | Kind::Interpreter) || arguments >= Evidence::Weak {
            Evidence::Strong
        } else {
            Evidence::Good
        };
    }
    let evidence = match kind {
        Kind::Shell if contains_any(line, &[" -c", " -i", "http", "<("]) => Evidence::Strong,
        Kind::Interpreter
            if contains_any(line, &[" -c", " -e", " -r", "-m ", " -ex", "'", "<<<"])
                && arguments >= Evidence::Weak =>
        {
            Evidence::Strong
        }
        Kind::Net if contains_any(line, &["://", " -e ", " -lvp", " -o ", "|"]) => Evidence::Strong,
        Kind::Windows if means_windows(line) => {
            if is_common(&word.text) && !is_windows_argument(trimmed(line)) {
                Evidence::Weak
            } else {
                Evidence::Strong
            }
        }
        Kind::Word if is_any(&word.text, &["sleep"]) && is_number(line) => Evidence::Good,
        Kind::Net if arguments == Evidence::Weak && line.contains(&b'.') => Evidence::Good,
        Kind::Info if is_short_argument(line) => Evidence::Weak.max(arguments),
        // `wmic os get caption`: no word of a language, whatever follows.
        Kind::Windows if !is_common(&word.text) && !line.is_empty() => {
            Evidence::Weak.max(arguments)
        }
        Kind::Word | Kind::Windows if arguments == Evidence::Weak => Evidence::Word,
        _ => arguments,
    };
    if prefixed && evidence < Evidence::Good { Evidence::Weak.max(evidence) } else { evidence }
}

/// `sleep 5`: a number and nothing that makes a sentence of it.
fn is_number(line: &[u8]) -> bool {
    let digits = tail(line, skip_space(line, 0))
        .iter()
        .take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b's' | b'm'))
        .count();
    let after = at(line, skip_space(line, 0) + digits);
    digits > 0
        && (after == 0 || !after.is_ascii_alphanumeric())
        && !contains_any(part(line, digits, digits + 12), &[" hours", " min", " sec", " days"])
}

/// `ps aux`, `id root`: one short word, and the end.
fn is_short_argument(line: &[u8]) -> bool {
    let word = trimmed(line);
    (1..=8).contains(&word.len()) && word.iter().all(|b| b.is_ascii_alphanumeric())
}

/// What the arguments say.
fn arguments(line: &[u8]) -> Evidence {
    let Some(first) = line.iter().position(|b| !is_space(*b)) else { return Evidence::Word };
    let argument = tail(line, first);
    let end = argument.iter().position(|b| is_space(*b)).unwrap_or(argument.len());
    let word = part(argument, 0, end);
    let option = word.starts_with(b"-")
        && word.len() > 1
        && at(word, 1).is_ascii_alphanumeric() | word.starts_with(b"--")
        && word.len() < 24
        || word.starts_with(b"/") && word.len() == 2;
    let path = word == b"/"
        || word.starts_with(b"/") && word.len() > 2 && at(word, 1) != b'/'
        || word.starts_with(b"./")
        || word.starts_with(b"../")
        || word.starts_with(b"~/");
    let address = word.first().is_some_and(u8::is_ascii_alphanumeric)
        && contains_any(word, &["://"])
        || is_address(word);
    let next = skip_space(argument, 1);
    let piped = at(argument, 0) == b'|'
        && !matches!(names::kind(word_at(argument, next)), None | Some(Kind::Word | Kind::Prefix));
    let redirected = matches!(at(argument, 0), b'>' | b'<')
        && matches!(at(argument, next), b'/' | b'&' | b'.' | b'<' | b'(');

    let expands = word.starts_with(b"$") && word.len() > 1 || word.starts_with(b"`");
    let globs =
        word.contains(&b'*') && word.len() < 20 || word.contains(&b'?') && word.contains(&b'/');
    let file = word.len() > 3
        && word.contains(&b'.')
        && word.iter().all(|b| is_word(*b) || matches!(b, b'.' | b'-' | b'/'))
        && !word.ends_with(b".");
    let separator = matches!(at(argument, 0), b';' | b'&' | b'#' | b')' | b'`' | b'"' | b'\'');
    match () {
        () if option || path || address || piped || expands => Evidence::Good,
        () if redirected && !argument.starts_with(b"</") => Evidence::Good,
        () if redirected => Evidence::Weak,
        () if globs || file => Evidence::Weak,
        () if separator => Evidence::Word,
        () if word.iter().all(u8::is_ascii_digit) => Evidence::Weak,
        () if line.len() < 24 && !word.iter().all(u8::is_ascii_alphabetic) => Evidence::Weak,
        () => Evidence::Word,
    }
}

fn is_address(word: &[u8]) -> bool {
    let parts = word.split(|b| *b == b'.').count();
    parts == 4 && word.iter().all(|b| b.is_ascii_digit() || matches!(b, b'.' | b':' | b'/'))
}

/// Whether the line names one of them, or runs another command within itself.
fn sensitive(line: &[u8]) -> bool {
    INDEX.of(line) & IS_SENSITIVE != 0 || memchr::memmem::find(line, b"$(").is_some()
}

/// Whether a command of Windows is meant.
fn means_windows(line: &[u8]) -> bool {
    line.contains(&b'\\') || INDEX.of(line) & IS_WINDOWS != 0
}

/// Whether a file, a host or a folder above is named.
pub(super) fn has_target(rest: &[u8]) -> bool {
    let rest = part(rest, 0, 200);
    rest.windows(2).any(|pair| matches!(pair, [b' ' | b'<' | b'>', b'/' | b'~' | b'\\']))
        || contains_any(rest, &["://", "..", ":\\"])
        || rest.split(|b| *b == b' ').any(is_address)
}

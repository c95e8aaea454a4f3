//! One simple command of a shell, read with its quotes taken off.

use super::names::{self, Kind};
use super::word::{self, Word};
use crate::detect::bytes::{
    at, before, contains_any, is_any, is_space, is_word, part, skip_space, starts_with_any, tail,
    trimmed,
};

/// Bytes of a command that are read.
const LONGEST: usize = 512;

/// How much speaks for a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// No known program.
    None,
    /// A known name, and what follows may be prose.
    Word,
    /// A known name with something like an argument.
    Weak,
    /// A program with an option, a path, an address or a pipe.
    Good,
    /// A program with a sensitive target, or spelt to hide.
    Strong,
}

/// A command as it was read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Command {
    pub(super) evidence: Evidence,
    /// Whether the name is no word of a language.
    pub(super) is_telling: bool,
    /// Whether an argument leads to a file or a host.
    pub(super) has_target: bool,
    /// Whether nothing follows it.
    pub(super) ends_value: bool,
    pub(super) end: usize,
}

/// Reads the command at `start`; `None` when no known program or path stands there.
pub(super) fn read(bytes: &[u8], start: usize) -> Option<Command> {
    let bytes = part(bytes, 0, start + LONGEST);
    let mut place = start;
    let mut prefixed = false;
    let mut word = Word::default();
    for _ in 0..5 {
        place = skip_openers(bytes, place);
        word = word::read(bytes, place);
        if word::is_assignment(&word.text) {
            place = word.end;
            continue;
        }
        let follows = at(bytes, word.end) == b' ' && !is_any(&word.text, &["if", "while", "do"]);
        if !names::is_prefix(&word.text) || !follows {
            break;
        }
        let next = word::read(bytes, skip_options(bytes, word.end));
        if program(&next).is_none() {
            break;
        }
        prefixed = true;
        place = skip_options(bytes, word.end);
    }
    // `data:image/png;base64,…`
    if word.text == b"base64" && at(bytes, word.end) == b',' {
        return None;
    }
    let Some((kind, by_path)) = program(&word) else {
        return spliced(&word).or_else(|| unknown(bytes, start, &word));
    };
    let evidence = judge(bytes, &word, kind, by_path, prefixed);
    let rest = skip_space(bytes, word.end);
    Some(Command {
        evidence,
        is_telling: matches!(kind, Kind::Info | Kind::Net | Kind::Shell) && word.text.len() > 1
            || is_any(
                &word.text,
                &["ls", "dir", "ipconfig", "systeminfo", "tasklist", "env", "ps", "set"],
            )
            || by_path
            || is_cmdlet(&word.text)
            || word.hidden,
        has_target: has_target(tail(bytes, word.end)),
        ends_value: rest >= bytes.len()
            || matches!(
                at(bytes, rest),
                b';' | b'|' | b'&' | b'#' | b'`' | b')' | b'"' | b'\'' | b'\n'
            ),
        end: word.end,
    })
}

/// `who$(echo am)i`: a name with a command inside it.
fn spliced(word: &Word) -> Option<Command> {
    (word.spliced && word.text.len() > 2).then_some(Command {
        evidence: Evidence::Good,
        is_telling: true,
        has_target: false,
        ends_value: false,
        end: word.end,
    })
}

/// A word nobody listed, tight behind the separator, with an option: a command by its shape.
fn unknown(bytes: &[u8], start: usize, word: &Word) -> Option<Command> {
    let name = word.text.as_slice();
    let letter = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || *byte == b'-';
    let shaped = (2..=20).contains(&name.len())
        && name.iter().all(letter)
        && name.first().is_some_and(u8::is_ascii_lowercase);
    let option = tail(bytes, word.end);
    let letters = tail(option, 2).iter().take_while(|byte| letter(byte)).count();
    let ended = matches!(at(option, 2 + letters), b' ' | 0 | b'=' | b'\n' | b';');
    let optional = option.starts_with(b" -") && letters > 0 && ended;
    let separator = |place: usize| matches!(at(bytes, place), b';' | b'|' | b'&');
    let first = skip_space(bytes, 0);
    let leads = separator(first) && start <= first + 2;
    let tight = leads || matches!(before(bytes, start), b';' | b'|') && at(bytes, start) != b' ';
    (tight && shaped && optional).then_some(Command {
        evidence: Evidence::Weak,
        is_telling: false,
        has_target: false,
        ends_value: false,
        end: word.end,
    })
}

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

fn skip_openers(bytes: &[u8], start: usize) -> usize {
    let mut place = start;
    while is_space(at(bytes, place))
        || matches!(at(bytes, place), b'(' | b'{' | b'!' | b'@' | b'`')
            && place < start + 8
            && !names_list(bytes, place)
    {
        place += 1;
        if place > start + 64 || place >= bytes.len() {
            break;
        }
    }
    // `$u cat`: a variable that nobody set is nothing.
    if at(bytes, place) == b'$' && at(bytes, place + 1).is_ascii_alphabetic() {
        let name = crate::detect::bytes::word_at(bytes, place + 1).len();
        if at(bytes, place + 1 + name) == b' ' && name < 12 {
            place += name + 2;
        }
    }
    if tail(bytes, place).starts_with(b"$(") { place + 2 } else { place }
}

fn names_list(bytes: &[u8], place: usize) -> bool {
    at(bytes, place) == b'{' && is_word(at(bytes, place + 1))
}

/// Options of a prefix: `timeout 5`, `sudo -u root`.
fn skip_options(bytes: &[u8], start: usize) -> usize {
    let mut place = skip_space(bytes, start);
    for _ in 0..4 {
        let first = at(bytes, place);
        if first != b'-' && !first.is_ascii_digit() {
            break;
        }
        place = skip_space(
            bytes,
            place + tail(bytes, place).iter().take_while(|b| !is_space(**b)).count(),
        );
    }
    place
}

/// The program a word names, and whether by a path.
fn program(word: &Word) -> Option<(Kind, bool)> {
    let text = word.text.as_slice();
    let base = text.rsplit(|b| matches!(b, b'/')).next().unwrap_or_default();
    let by_path = base.len() < text.len();
    if by_path {
        let folder = part(text, 0, text.len() - base.len());
        let system = contains_any(folder, &["bin/"])
            || folder.iter().filter(|b| matches!(b, b'?' | b'*')).count() >= 2
                && folder.starts_with(b"/");
        if !system {
            return None;
        }
        let known = names::kind(base);
        return match known {
            Some(kind) => Some((kind, true)),
            None if starts_with_any(
                text,
                &["/bin/", "/usr/bin/", "/sbin/", "/usr/sbin/", "/usr/local/bin/"],
            ) && base.len() > 1 =>
            {
                Some((Kind::Info, true))
            }
            None if word.globs > 0 && text.starts_with(b"/") => Some((Kind::File, true)),
            None => None,
        };
    }
    if is_cmdlet(text) {
        return Some((Kind::Windows, false));
    }
    names::kind(text).filter(|kind| *kind != Kind::Prefix).map(|kind| (kind, false))
}

/// `Get-ChildItem`: a verb and a noun, as PowerShell names its commands.
fn is_cmdlet(text: &[u8]) -> bool {
    const VERBS: &[&str] = &[
        "get",
        "set",
        "new",
        "remove",
        "invoke",
        "start",
        "stop",
        "write",
        "out",
        "test",
        "import",
        "export",
        "copy",
        "move",
        "add",
        "clear",
        "select",
        "where",
        "foreach",
        "convertto",
        "resolve",
        "read",
    ];
    let Some(dash) = memchr::memchr(b'-', text) else { return false };
    let noun = tail(text, dash + 1);
    is_any(part(text, 0, dash), VERBS)
        && text.first().is_some_and(u8::is_ascii_uppercase)
        && noun.first().is_some_and(u8::is_ascii_uppercase)
        && noun.len() > 3
        && noun.iter().all(u8::is_ascii_alphabetic)
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
    "\\",
    "/domain",
    "process call",
    " /t ",
    " /f ",
    " user",
    "/all",
    "http",
];

fn judge(bytes: &[u8], word: &Word, kind: Kind, by_path: bool, prefixed: bool) -> Evidence {
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
        Kind::Windows if contains_any(line, WINDOWS) => {
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
        && !matches!(
            names::kind(crate::detect::bytes::word_at(argument, next)),
            None | Some(Kind::Word | Kind::Prefix)
        );
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

/// Files and devices that only an attack asks for.
fn sensitive(line: &[u8]) -> bool {
    contains_any(
        line,
        &[
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
            "$(",
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
        ],
    )
}

fn has_target(rest: &[u8]) -> bool {
    let rest = part(rest, 0, 200);
    rest.windows(2).any(|pair| matches!(pair, [b' ' | b'<' | b'>', b'/' | b'~' | b'\\']))
        || contains_any(rest, &["://", "..", ":\\"])
        || rest.split(|b| *b == b' ').any(is_address)
}

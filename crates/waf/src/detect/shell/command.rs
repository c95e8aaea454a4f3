//! One simple command of a shell, read with its quotes taken off.

use super::arguments::{has_target, judge};
use super::names::{self, Kind};
use super::word::{self, Word};
use crate::detect::bytes::{
    at, before, contains_any, is_any, is_space, is_word, part, skip_space, starts_with_any, tail,
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
    let head = part(bytes, 0, start);
    let signs = head.iter().rev().take(2).take_while(|b| matches!(b, b';' | b'|' | b'&')).count();
    let leads = signs > 0 && head.iter().rev().skip(signs).all(|b| is_space(*b));
    let tight = leads || matches!(before(bytes, start), b';' | b'|') && at(bytes, start) != b' ';
    (tight && shaped && optional).then_some(Command {
        evidence: Evidence::Weak,
        is_telling: false,
        has_target: false,
        ends_value: false,
        end: word.end,
    })
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

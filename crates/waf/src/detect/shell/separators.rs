//! Separators and substitutions, and the commands behind them.

use super::command::{self, Command, Evidence};
use crate::detect::bytes::{
    at, before, is_space, part, skip_space, starts_with_any, tail, trimmed,
};
use crate::detect::finding::Class;
use crate::detect::input::{Hint, Place};
use crate::detect::scan::class;
use crate::detect::view::{View, Work};
use crate::detect::words::signal;

/// How many words are looked for in the whole of a value, about.
const WORDS: usize = 24;

/// What a look at one separator costs, and what it costs to judge the command behind it.
const GLANCE: usize = 60;
const COST: usize = 4_000;
const COST_A_BYTE: usize = 4;
/// How far back a line is read to see what it begins with.
const LINE: usize = 512;

/// How far before and behind a command between backticks a sentence is looked for.
const AROUND: usize = 256;

/// What stands before a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Before {
    /// `;`, `|`, `&`, `&&`, `||`.
    Separator(u8),
    /// A line break.
    Line,
    /// `` ` ``, and whether it opens what the next one closes.
    Tick { opens: bool },
    /// `$(`, `<(`, `>(`.
    Substitution,
}

/// Whether the bytes and words give cause to look.
pub(in crate::detect) fn has_cause(view: &View<'_>) -> bool {
    let mask = view.mask;
    let separators = mask.any(class::PIPE | class::TICK | class::LINE)
        || mask.all(class::DOLLAR | class::PAREN)
        || mask.any(class::SEMICOLON | class::AMP) && !is_structured_header(view);
    separators
        || view.has(signal::COMMAND)
        || view.bytes.first() == Some(&b'>')
        || mask.any(class::EQUALS) && view.bytes.first() == Some(&b'-')
        || mask.all(class::DOLLAR | class::BRACE)
        || mask.all(class::LESS | class::PAREN)
        || mask.all(class::PERCENT | class::COLON)
        || mask.all(class::BRACE | class::OTHER) && view.is_short()
        || mask.any(class::OTHER) && memchr::memchr(b'^', view.bytes).is_some()
}

/// `text/html;q=0.9`: a semicolon is the grammar of these headers.
fn is_structured_header(view: &View<'_>) -> bool {
    let Place::Header(name) = view.place else { return false };
    let structured = matches!(
        name,
        "accept"
            | "accept-language"
            | "accept-encoding"
            | "content-type"
            | "cookie"
            | "sec-ch-ua"
            | "sec-ch-ua-full-version-list"
            | "cache-control"
            | "priority"
            | "user-agent"
            | "content-disposition"
            | "prefer"
            | "forwarded"
    );
    let leads = matches!(view.bytes.first(), Some(b';' | b'|' | b'&'));
    structured && !leads && !view.has(signal::COMMAND)
}

/// Looks at each place where a command could begin.
pub(in crate::detect) fn inspect(view: &View<'_>, work: &mut Work<'_>) {
    if !work.look(view, WORDS, "shell") {
        return;
    }
    super::signs::inspect(view, work);
    super::windows::inspect(view, work);
    super::whole::inspect(view, work);
    let mut ticks = 0_usize;
    for (place, byte) in view.bytes.iter().enumerate() {
        let opens = ticks.is_multiple_of(2);
        ticks += usize::from(*byte == b'`');
        let found = separator(view.bytes, place, *byte, opens);
        let Some((before, start)) = found else { continue };
        if !work.budget.spend(GLANCE, "shell") {
            return;
        }
        // Between backticks nothing outside them is an argument.
        let quoted = if matches!(before, Before::Tick { .. }) {
            memchr::memchr(b'`', tail(view.bytes, start))
        } else {
            None
        };
        let scope = quoted.map_or(view.bytes, |end| part(view.bytes, 0, start + end));
        let Some(command) = command::read(scope, start) else { continue };
        let cost = COST.min(COST_A_BYTE * view.bytes.len().saturating_sub(place));
        if !work.budget.spend(cost, "shell") {
            return;
        }
        let confidence = judge(view, before, place, start, &command);
        note(view, confidence, place, command.end, "a command after a separator", work);
    }
}

pub(super) fn note(
    view: &View<'_>,
    confidence: u8,
    start: usize,
    end: usize,
    reason: &'static str,
    work: &mut Work<'_>,
) {
    let allowed = if view.hint == Hint::Code { 55 } else { 99 };
    work.note(
        Class::Shell,
        confidence.min(allowed),
        start..end.clamp(start, view.bytes.len()),
        reason,
    );
}

/// The separator at `place` and where a command behind it would begin; `opens` is what it does if it is a
/// backtick.
fn separator(bytes: &[u8], place: usize, byte: u8, opens: bool) -> Option<(Before, usize)> {
    let next = at(bytes, place + 1);
    if matches!(byte, b';' | b'&') && is_reference(bytes, place) {
        return None;
    }
    match byte {
        b';' | b'|' | b'&' if next != byte => Some((Before::Separator(byte), place + 1)),
        b'\n' | b'\r' if !matches!(next, b'\n' | b'\r') => Some((Before::Line, place + 1)),
        b'`' => Some((Before::Tick { opens }, place + 1)),
        b'$' | b'<' | b'>' if next == b'(' => Some((Before::Substitution, place + 2)),
        _ => None,
    }
}

/// Whether the sign belongs to a character reference: `&amp;`.
fn is_reference(bytes: &[u8], place: usize) -> bool {
    let from = place.saturating_sub(9);
    let start = match at(bytes, place) {
        b'&' => Some(place),
        _ => memchr::memrchr(b'&', part(bytes, from, place)).map(|found| from + found),
    };
    let Some(start) = start else { return false };
    let letter = |byte: &&u8| byte.is_ascii_alphanumeric() || **byte == b'#';
    let end = start + 1 + tail(bytes, start + 1).iter().take(9).take_while(letter).count();
    end > start + 2 && at(bytes, end) == b';' && (end == place || start == place)
}

/// How sure it is that the command behind the separator is one.
fn judge(view: &View<'_>, from: Before, place: usize, start: usize, command: &Command) -> u8 {
    let evidence = command.evidence;
    let base: u8 = match evidence {
        Evidence::None => return 0,
        Evidence::Word => 20,
        Evidence::Weak => 50,
        Evidence::Good => 72,
        Evidence::Strong => 86,
    };
    let document = view.is_document();
    let script = document && is_script_line(view.bytes, place);
    match from {
        Before::Separator(sign) => after_sign(view, sign, place, start, command, base),
        Before::Line => {
            let own_line = || {
                let head = view.head(place);
                head.len() < 64 && !is_command_line(head)
            };
            match () {
                () if document || !own_line() => base.min(30),
                () if evidence >= Evidence::Good => base,
                () if evidence == Evidence::Word && command.ends_value && command.is_telling => 62,
                () => base.saturating_sub(10),
            }
        }
        Before::Tick { opens } => tick(view, opens, (place, start), command, base),
        Before::Substitution => match () {
            () if script => 35,
            () if document => base.saturating_sub(25),
            () if is_command_line(part(view.bytes, 0, place)) && !view.is_short() => 45,
            () if evidence == Evidence::Word
                && command.is_telling
                && closed(view.bytes, command.end) =>
            {
                72
            }
            () if evidence == Evidence::Weak => 66,
            () if evidence == Evidence::Word => 40,
            () => base,
        },
    }
}

/// How sure it is behind `;`, `|` or `&`; `base` is what the command by itself says.
fn after_sign(
    view: &View<'_>,
    sign: u8,
    place: usize,
    start: usize,
    command: &Command,
    base: u8,
) -> u8 {
    let evidence = command.evidence;
    let tight = at(view.bytes, start) != b' ' || before(view.bytes, place) != b' ';
    let document = view.is_document();
    let script = document && is_script_line(view.bytes, place);
    let word_only = evidence == Evidence::Word;
    let alone = word_only
        && command.ends_value
        && view.is_short()
        && command.is_telling
        && !is_numbered(tail(view.bytes, start));
    let prose = view.has_words_before(place);
    let table = sign == b'|' && document;
    let opens = view.start();
    // `||last`: the sign stands twice, so it is no part of an address or a sentence.
    let twice = place == opens + 1 && at(view.bytes, opens) == sign;
    let first = place == opens && sign != b'&' || twice;
    // The separator ends the application's command and stands first in the value.
    let leads = first
        && word_only
        && view.is_short()
        && (command.is_telling || tail(view.bytes, start).iter().any(u8::is_ascii_digit))
        && few_words(tail(view.bytes, start));
    // `; powershell Start-Sleep -s 5`: a known program right behind a sign that stands first, and
    // what follows reads like arguments.
    let command_line = first
        && view.is_short()
        && evidence <= Evidence::Weak
        && !view.is_prose()
        && reads_as_arguments(tail(view.bytes, start));
    // `"; echo x; "`: the quotes end a literal of the application and begin another.
    let quoted =
        part(view.bytes, opens, place).iter().all(|b| matches!(b, b'\'' | b'"' | b')' | b' '));
    let argument = tail(view.bytes, skip_space(view.bytes, start));
    let argument = part(argument, 0, memchr::memchr(b';', argument).unwrap_or(argument.len()));
    // `; echo x`: one word that says nothing by itself, and one thing to say.
    let says = sign != b'|'
        && word_only
        && (first || place == opens || quoted)
        && starts_with_any(argument, &["echo ", "ver", "start "])
        && trimmed(argument).split(|b| *b == b' ').count() <= 2;
    let bonus: u8 = match () {
        () if says => 42,
        () if command_line && !leads && word_only => 42,
        () if alone && prose => 25,
        () if alone => 45,
        () if leads => 42,
        () => 0,
    };
    let loss = match () {
        () if script || table => 45,
        () if document && evidence != Evidence::Strong => 30,
        () if document => 12,
        () if prose && !tight && evidence < Evidence::Good => 20,
        () if evidence < Evidence::Strong && starts_with_command(view, place) => 14,
        () if sign == b'&'
            && evidence <= Evidence::Weak
            && !tight
            && !(alone && is_token(view, place)) =>
        {
            10
        }
        () => 0,
    };
    let tight_bonus =
        if evidence == Evidence::Weak && tight && !prose && view.is_short() { 14 } else { 0 };
    (base + bonus + tight_bonus).saturating_sub(loss)
}

/// Whether the value up to `place` is a command with arguments: a line that somebody wrote down.
fn starts_with_command(view: &View<'_>, place: usize) -> bool {
    let head = view.head(place);
    let command = command::read(head, 0).filter(|command| !command.ends_value);
    command.is_some_and(|command| command.evidence >= Evidence::Weak && head.len() > 8)
}

/// `1 & whoami`: a number stands before the sign, as an application would take it.
fn is_token(view: &View<'_>, place: usize) -> bool {
    let head = view.head(place);
    !head.is_empty() && head.len() <= 24 && head.iter().all(|b| b.is_ascii_digit() || *b == b'.')
}

/// `Apt #4`: a number behind the name, and no comment.
fn is_numbered(line: &[u8]) -> bool {
    let sign = memchr::memchr(b'#', line);
    sign.is_some_and(|sign| sign < 16 && at(line, sign + 1).is_ascii_digit())
}

/// Whether the line is a command with arguments: one or two words right behind the sign, or a few of
/// which one is an option, a path or a number. `; more or less` is none.
fn reads_as_arguments(line: &[u8]) -> bool {
    let words = trimmed(line).split(|byte| *byte == b' ').take(6).count();
    let signs = line.iter().any(|byte| matches!(byte, b'-' | b'/' | b'$') || byte.is_ascii_digit());
    words < 6 && signs || words < 4 && line.first().is_some_and(|byte| !is_space(*byte))
}

/// Whether at most three words follow: a command, not a clause of a sentence.
fn few_words(text: &[u8]) -> bool {
    trimmed(text).split(|byte| *byte == b' ').count() <= 3
}

/// `` `id` ``: Markdown writes code so; a shell runs it.
fn tick(
    view: &View<'_>,
    opens: bool,
    (place, start): (usize, usize),
    command: &Command,
    base: u8,
) -> u8 {
    // Three of them are a fence.
    if at(view.bytes, start) == b'`' || before(view.bytes, place) == b'`' {
        return 0;
    }
    let closes = memchr::memchr(b'`', tail(view.bytes, start)).map(|end| start + end);
    let Some(end) = closes else {
        return if command.evidence >= Evidence::Good && view.is_short() { 62 } else { 0 };
    };
    if !opens {
        return 0;
    }
    let prose = |bytes: &[u8]| {
        bytes
            .split(|b| *b == b' ')
            .filter(|w| w.len() > 1 && w.iter().all(u8::is_ascii_alphabetic))
            .count()
    };
    let near = part(view.bytes, place.saturating_sub(AROUND), place);
    let around = prose(near) + prose(part(view.bytes, end + 1, end + 1 + AROUND));
    match () {
        () if around > 1 => base.min(35),
        () if command.evidence == Evidence::Word && command.is_telling && command.end >= end => 70,
        () if command.evidence == Evidence::Word => {
            // The value is nothing else than one command with one argument.
            let whole = view.trimmed().len() == end + 1 - place;
            let words = part(view.bytes, start, end).split(|b| *b == b' ').count();
            if whole && words == 2 { 60 } else { 30 }
        }
        () if command.evidence == Evidence::Weak => 62,
        () => base,
    }
}

fn closed(bytes: &[u8], end: usize) -> bool {
    matches!(at(bytes, skip_space(bytes, end)), b')' | b'`' | 0)
}

/// Whether the line up to `place` is itself a command: then the separator belongs to a script that
/// somebody wrote down.
fn is_script_line(bytes: &[u8], place: usize) -> bool {
    let head = part(bytes, place.saturating_sub(LINE), place);
    let line = memchr::memrchr2(b'\n', b'`', head).map_or(0, |end| end + 1);
    is_command_line(tail(head, line))
}

fn is_command_line(line: &[u8]) -> bool {
    let line = trimmed(line);
    let line = line
        .strip_prefix(b"$ ")
        .or_else(|| line.strip_prefix(b"# "))
        .or_else(|| line.strip_prefix(b"- "))
        .unwrap_or(line);
    line.starts_with(b"#!")
        || line.starts_with(b"```")
        || command::read(line, 0).is_some_and(|command| command.evidence >= Evidence::Word)
        || line.iter().take(24).any(|b| *b == b'=') && !line.iter().take(24).any(|b| *b == b' ')
}

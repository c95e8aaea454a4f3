//! JSON bodies as they came: every string and every key is a value, and keys can be operators. A
//! tokeniser, not a tree: the memory does not grow with the nesting.

use std::borrow::Cow;

use super::budget::Budget;
use super::bytes::{at, part, tail};
use super::finding::{Finding, Findings};
use super::input::{Hint, Input, Place};
use super::inspector::Detectors;

/// Strings of one body that are looked at, each by its own.
const STRINGS: usize = 50_000;

impl Detectors {
    /// Looks at every key and every string of the JSON text `body`. Broken JSON is read as far as
    /// its strings can be told.
    #[must_use]
    pub fn inspect_json(&self, body: &[u8], budget: &mut Budget) -> Findings {
        let mut findings = Findings::default();
        let mut place = 0;
        let mut key: (usize, usize) = (0, 0);
        for count in 0.. {
            let Some(start) =
                memchr::memchr(b'"', tail(body, place)).map(|found| place + found + 1)
            else {
                break;
            };
            let end = string_end(body, start);
            if count >= STRINGS || !budget.spend(1, "json strings") {
                budget.spend(usize::MAX, "json strings");
                break;
            }
            let raw = part(body, start, end);
            let next = skip_blank(body, end + 1);
            let is_key = at(body, next) == b':';
            let name = part(body, key.0, key.1);
            let (text, plain) = unescaped(raw);
            let kind = if is_key { Place::Name } else { Place::JsonString };
            let input = Input { place: kind, name, value: &text, hint: Hint::None };
            let found = self.inspect(input, budget);
            findings.merge(moved(&found, start, end, plain));
            if is_key {
                key = (start, end);
            }
            place = end + 1;
        }
        findings
    }
}

/// The findings of a string, with their evidence in the body.
fn moved(found: &Findings, start: usize, end: usize, plain: bool) -> Findings {
    let mut moved = Findings::default();
    for finding in found.iter() {
        // In a string with escapes the whole string is the evidence.
        let evidence = if plain {
            (start + finding.evidence.start).min(end)..(start + finding.evidence.end).min(end)
        } else {
            start..end
        };
        moved.add(Finding { evidence, ..finding.clone() });
    }
    moved
}

fn string_end(body: &[u8], start: usize) -> usize {
    let mut place = start;
    loop {
        let Some(found) = memchr::memchr2(b'"', b'\\', tail(body, place)) else {
            return body.len();
        };
        if at(body, place + found) == b'"' {
            return place + found;
        }
        place = (place + found + 2).min(body.len());
    }
}

fn skip_blank(body: &[u8], start: usize) -> usize {
    start + tail(body, start).iter().take_while(|b| b.is_ascii_whitespace()).count()
}

/// The text of a JSON string, and whether it had no escapes.
fn unescaped(raw: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if memchr::memchr(b'\\', raw).is_none() {
        return (Cow::Borrowed(raw), true);
    }
    let mut text = Vec::with_capacity(raw.len());
    let mut place = 0;
    while let Some(&byte) = raw.get(place) {
        if byte != b'\\' {
            text.push(byte);
            place += 1;
            continue;
        }
        place += 2;
        match at(raw, place - 1) {
            b'n' => text.push(b'\n'),
            b'r' => text.push(b'\r'),
            b't' => text.push(b'\t'),
            b'b' => text.push(8),
            b'f' => text.push(12),
            b'u' => place += unicode(raw, place, &mut text),
            other => text.push(other),
        }
    }
    (Cow::Owned(text), false)
}

/// Adds the character of `\uXXXX` whose digits begin at `place`; gives the length of what it took.
fn unicode(raw: &[u8], place: usize, text: &mut Vec<u8>) -> usize {
    let number = |start: usize| {
        let digits = part(raw, start, start + 4);
        std::str::from_utf8(digits)
            .ok()
            .filter(|digits| digits.len() == 4)
            .and_then(|digits| u32::from_str_radix(digits, 16).ok())
    };
    let Some(first) = number(place) else {
        text.extend_from_slice(b"\\u");
        return 0;
    };
    let second = number(place + 6).filter(|_| tail(raw, place + 4).starts_with(b"\\u"));
    let (code, length) = match (first, second) {
        (0xd800..=0xdbff, Some(low @ 0xdc00..=0xdfff)) => {
            (0x10000 + ((first - 0xd800) << 10) + (low - 0xdc00), 10)
        }
        _ => (first, 4),
    };
    let character = char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER);
    let mut buffer = [0; 4];
    text.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
    length
}

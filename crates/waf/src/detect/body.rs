//! JSON bodies as they came: every string and every key is a value, and keys can be operators. A
//! tokeniser, not a tree: the memory does not grow with the nesting.

use std::borrow::Cow;

use super::budget::Budget;
use super::bytes::{at, part, tail};
use super::finding::{Finding, Findings};
use super::input::{Hint, Input, Place};
use super::inspector::Detectors;

/// Strings of one body that are looked at, each by its own; a large body may have one in so many bytes.
const STRINGS: usize = 50_000;
const BYTES_A_STRING: usize = 4;

impl Detectors {
    /// Looks at every key and every string of the JSON text `body`. Broken JSON is read as far as
    /// its strings can be told.
    #[must_use]
    pub fn inspect_json(&self, body: &[u8], budget: &mut Budget) -> Findings {
        let mut findings = Findings::default();
        let is_whole = each_string(body, |text| {
            if !budget.spend(1, "json strings") {
                return false;
            }
            let found = self.inspect(text.input(), budget);
            findings.merge(moved(&found, text.start, text.end, text.is_plain));
            true
        });
        if !is_whole {
            budget.spend(usize::MAX, "json strings");
        }
        findings
    }
}

/// A key or a string of a JSON text.
#[derive(Debug)]
pub(crate) struct JsonText<'a> {
    /// What it says, without escapes.
    pub(crate) value: Cow<'a, [u8]>,
    /// Whether it is a key.
    pub(crate) is_key: bool,
    /// The key it belongs to, or of which it is a sub-key, as it stands; empty where there is none.
    key: &'a [u8],
    /// Where it stands in the text, without quotes.
    start: usize,
    end: usize,
    /// Whether it had no escapes.
    is_plain: bool,
    body: &'a [u8],
    levels: &'a [Level],
}

impl JsonText<'_> {
    /// What the detectors are to look at.
    pub(crate) fn input(&self) -> Input<'_> {
        let place = if self.is_key { Place::Name } else { Place::JsonString };
        Input { place, name: self.key, value: &self.value, hint: Hint::None }
    }

    /// Whether its path is one name.
    pub(crate) fn is_on_top(&self) -> bool {
        self.levels.len() <= 1
    }

    /// Where it stands, as in `messages.0.text`.
    pub(crate) fn path(&self) -> Vec<u8> {
        let mut path = Vec::new();
        for level in self.levels {
            if !path.is_empty() {
                path.push(b'.');
            }
            match level {
                Level::Object(start, end) => path.extend_from_slice(part(self.body, *start, *end)),
                Level::Array(index) => path.extend_from_slice(index.to_string().as_bytes()),
            }
        }
        path
    }
}

/// Containers of which a path tells; deeper ones are left out of it.
const LEVELS: usize = 128;

/// A container that is open: where the key in force stands, or the index.
#[derive(Debug)]
enum Level {
    Object(usize, usize),
    Array(usize),
}

/// The containers that are open.
#[derive(Debug, Default)]
struct Levels {
    open: Vec<Level>,
    /// Those that are deeper than a path tells.
    deeper: usize,
}

impl Levels {
    /// Takes note of what stands between two strings.
    fn pass(&mut self, between: &[u8]) {
        for byte in between {
            match byte {
                b'{' | b'[' if self.open.len() >= LEVELS => self.deeper += 1,
                b'{' => self.open.push(Level::Object(0, 0)),
                b'[' => self.open.push(Level::Array(0)),
                b'}' | b']' if self.deeper > 0 => self.deeper -= 1,
                b'}' | b']' => drop(self.open.pop()),
                b',' if self.deeper == 0 => {
                    if let Some(Level::Array(index)) = self.open.last_mut() {
                        *index += 1;
                    }
                }
                _ => {}
            }
        }
    }

    fn key(&mut self, start: usize, end: usize) {
        if let Some(level @ Level::Object(..)) = self.open.last_mut() {
            *level = Level::Object(start, end);
        }
    }
}

/// Hands over every key and every string of a JSON text, until `visit` says no; false when it did, or
/// when there were too many.
pub(crate) fn each_string(body: &[u8], mut visit: impl FnMut(&JsonText<'_>) -> bool) -> bool {
    let mut levels = Levels::default();
    let (mut place, mut key) = (0, (0, 0));
    for count in 0.. {
        let Some(start) = memchr::memchr(b'"', tail(body, place)).map(|found| place + found + 1)
        else {
            break;
        };
        if count >= STRINGS.max(body.len() / BYTES_A_STRING) {
            return false;
        }
        levels.pass(part(body, place, start));
        let end = string_end(body, start);
        let is_key = at(body, skip_blank(body, end + 1)) == b':';
        if is_key {
            levels.key(start, end);
        }
        let (value, is_plain) = unescaped(part(body, start, end));
        let (name, levels) = (part(body, key.0, key.1), levels.open.as_slice());
        if !visit(&JsonText { value, is_key, key: name, start, end, is_plain, body, levels }) {
            return false;
        }
        if is_key {
            key = (start, end);
        }
        place = end + 1;
    }
    true
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

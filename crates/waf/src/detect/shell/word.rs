//! A word of a command with its quotes and empty expansions taken off.

use crate::detect::bytes::{at, is_word, tail};

/// A word of a command without its quotes.
#[derive(Debug, Default)]
pub(super) struct Word {
    pub(super) text: Vec<u8>,
    /// Quotes, backslashes or empty expansions within a name: nobody writes those by accident.
    pub(super) hidden: bool,
    /// Whether what a command prints is part of the name.
    pub(super) spliced: bool,
    pub(super) globs: usize,
    pub(super) end: usize,
}

pub(super) fn is_assignment(word: &[u8]) -> bool {
    let name = word.iter().take_while(|b| is_word(**b)).count();
    name > 0 && at(word, name) == b'=' && word.first().is_some_and(|b| !b.is_ascii_digit())
}

pub(super) fn read(bytes: &[u8], start: usize) -> Word {
    let mut word = Word { end: start, ..Word::default() };
    let mut place = start;
    while let Some(&byte) = bytes.get(place) {
        let inner = !word.text.is_empty();
        match byte {
            b'\'' | b'"' if at(bytes, place + 1) == byte => {
                word.hidden = true;
                place += 1;
            }
            b'\'' | b'"' if is_quoted_letters(bytes, place) => word.hidden = true,
            b'\\' | b'^'
                if at(bytes, place + 1).is_ascii_alphabetic() && (inner || byte == b'\\') =>
            {
                word.hidden = true
            }
            b'\'' | b'"' if inner && word.hidden => {}
            b'$' if inner
                && matches!(at(bytes, place + 1), b'@' | b'*' | b'1'..=b'9' | b'(' | b'{') =>
            {
                word.hidden = true;
                word.spliced |= at(bytes, place + 1) == b'(' || word.spliced;
                place += expansion(bytes, place);
                continue;
            }
            b'`' if inner && at(bytes, place + 1) == b'`' => {
                word.hidden = true;
                place += 1;
            }
            b'*' | b'?' => {
                word.globs += 1;
                word.text.push(byte);
            }
            b'[' | b']' if inner => {
                word.globs += usize::from(byte == b']');
            }
            b'/' | b'.' | b'-' | b'_' | b'=' | b'~' | b'%' | b':' => word.text.push(byte),
            byte if byte.is_ascii_alphanumeric() => word.text.push(byte),
            _ => break,
        }
        place += 1;
        if word.text.len() > 120 {
            break;
        }
    }
    word.end = place.min(bytes.len());
    if let Some(rest) = word.text.strip_prefix(b"=") {
        word.text = rest.to_vec();
    }
    word
}

/// `'c'at`, `"c"`: one or a few letters in quotes as part of a name.
fn is_quoted_letters(bytes: &[u8], place: usize) -> bool {
    let quote = at(bytes, place);
    let letters =
        tail(bytes, place + 1).iter().take(12).take_while(|b| is_word(**b) || **b == b'/').count();
    let close = place + 1 + letters;
    letters > 0
        && at(bytes, close) == quote
        && (is_word(at(bytes, close + 1)) || matches!(at(bytes, close + 1), b'\'' | b'"' | b'/'))
}

/// The length of an expansion that is empty as a rule.
fn expansion(bytes: &[u8], place: usize) -> usize {
    let close = match at(bytes, place + 1) {
        b'(' => b')',
        b'{' => b'}',
        _ => return 2,
    };
    tail(bytes, place).iter().take(40).position(|b| *b == close).map_or(2, |end| end + 1)
}

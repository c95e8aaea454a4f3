//! What attackers do to a payload to get it past a filter, one or two at a time.

use crate::case::hash;

/// A source of choices that is the same on every run.
#[derive(Debug)]
pub(crate) struct Choices(u64);

impl Choices {
    pub(crate) fn new(seed: &[u8]) -> Self {
        Self(hash(seed) | 1)
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % bound as u64).unwrap()
    }
}

/// A change of a payload that keeps what it does.
pub(crate) type Mutation = fn(&[u8], &mut Choices) -> Vec<u8>;

/// Letters in changing case, for languages that do not mind.
pub(crate) fn case(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    payload
        .iter()
        .map(
            |b| if choices.below(2) == 0 { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() },
        )
        .collect()
}

/// Spaces as whatever SQL takes for one.
pub(crate) fn sql_space(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    let blanks: &[&[u8]] = &[b"/**/", b"\t", b"\n", b"/*x*/", b"\x0b", b"\x0c", b"  ", b"\r\n"];
    replaced(payload, b' ', |choices| blanks[choices.below(blanks.len())].to_vec(), choices)
}

/// Spaces between attributes as whatever HTML takes for one.
pub(crate) fn html_space(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    let blanks: &[&[u8]] = &[b"\t", b"\n", b"\x0c", b"  ", b"\r"];
    replaced(payload, b' ', |choices| blanks[choices.below(blanks.len())].to_vec(), choices)
}

fn replaced(
    payload: &[u8],
    byte: u8,
    with: impl Fn(&mut Choices) -> Vec<u8>,
    choices: &mut Choices,
) -> Vec<u8> {
    payload.iter().flat_map(|b| if *b == byte { with(choices) } else { vec![*b] }).collect()
}

fn percent(payload: &[u8], all: bool, sign: &str) -> Vec<u8> {
    payload
        .iter()
        .flat_map(|b| {
            if b.is_ascii_alphanumeric() && !all {
                vec![*b]
            } else {
                format!("{sign}{b:02x}").into_bytes()
            }
        })
        .collect()
}

/// One more layer of percent encoding.
pub(crate) fn url(payload: &[u8], _: &mut Choices) -> Vec<u8> {
    percent(payload, false, "%")
}

/// Percent encoding of every byte.
pub(crate) fn url_all(payload: &[u8], _: &mut Choices) -> Vec<u8> {
    percent(payload, true, "%")
}

/// Two more layers.
pub(crate) fn url_twice(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    url(&url(payload, choices), choices)
}

/// `%uXXXX`.
pub(crate) fn url_unicode(payload: &[u8], _: &mut Choices) -> Vec<u8> {
    percent(payload, false, "%u00")
}

/// Character references.
pub(crate) fn entities(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    payload
        .iter()
        .flat_map(|b| {
            if b.is_ascii_alphanumeric() {
                return vec![*b];
            }
            match choices.below(2) {
                0 => format!("&#{b};"),
                _ => format!("&#x{b:x};"),
            }
            .into_bytes()
        })
        .collect()
}

/// `\uXXXX` for signs.
pub(crate) fn escapes(payload: &[u8], _: &mut Choices) -> Vec<u8> {
    percent(payload, false, "\\u00")
}

/// Base64, as some applications pass their state.
pub(crate) fn base64(payload: &[u8], _: &mut Choices) -> Vec<u8> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = Vec::new();
    for chunk in payload.chunks(3) {
        let bits = chunk
            .iter()
            .enumerate()
            .fold(0_u32, |bits, (i, b)| bits | u32::from(*b) << (16 - 8 * i));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
            out.push(if place <= chunk.len() { digit } else { b'=' });
        }
    }
    out
}

/// A harmless word in front, where what follows stays in its position.
pub(crate) fn worded(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    let words: &[&str] =
        &["blue shirt ", "Anna ", "report 2024 ", "hello ", "Muster, Max ", "n/a "];
    [words[choices.below(words.len())].as_bytes(), payload].concat()
}

/// A long text in front, to get lost in.
pub(crate) fn buried(payload: &[u8], choices: &mut Choices) -> Vec<u8> {
    let text = "The committee met on Tuesday and talked about the budget of the next year for an hour. Nobody had \
                questions about the first part, while the second part needs another round, as several members said. ";
    [text.repeat(1 + choices.below(3)).as_bytes(), payload].concat()
}

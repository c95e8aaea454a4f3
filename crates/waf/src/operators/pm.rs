//! `@pm` and `@pmFromFile`: any of many phrases, in any case of letters.

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::capture::Captures;
use crate::seclang::problem::Fault;

/// How many phrases one rule may have.
const PHRASES_LIMIT: usize = 200_000;

/// Compiled phrases.
#[derive(Debug, Clone)]
pub(crate) struct Pm {
    automaton: AhoCorasick,
    /// The phrases in small letters.
    pub(crate) phrases: Box<[Box<[u8]>]>,
}

impl Pm {
    /// The phrases of `@pm`: words, in which `|41 42|` spells bytes.
    pub(crate) fn from_words(text: &str) -> Result<Self, Fault> {
        let phrases = words(text).map(|word| spell(&word)).collect::<Result<Vec<_>, _>>()?;
        Self::compile(phrases)
    }

    /// The phrases of files: one a line, comments and blank lines left out.
    pub(crate) fn from_lines(text: &[u8]) -> Result<Self, Fault> {
        let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii);
        let phrases = lines.filter(|line| !line.is_empty() && !line.starts_with(b"#"));
        Self::compile(phrases.map(<[u8]>::to_vec).collect())
    }

    fn compile(mut phrases: Vec<Vec<u8>>) -> Result<Self, Fault> {
        if phrases.is_empty() {
            return Err(Fault::new("no phrase to look for").hint("name at least one"));
        }
        if phrases.len() > PHRASES_LIMIT {
            return Err(Fault::new(format!(
                "{} phrases are more than the limit of {PHRASES_LIMIT}",
                phrases.len()
            )));
        }
        phrases.iter_mut().for_each(|phrase| phrase.make_ascii_lowercase());
        // The contiguous form: nearly as fast as a full automaton, at a tenth of its memory.
        let automaton = AhoCorasickBuilder::new()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(&phrases)
            .map_err(|error| Fault::new(format!("the phrases are not usable: {error}")))?;
        Ok(Self { automaton, phrases: phrases.into_iter().map(Into::into).collect() })
    }

    /// The phrase that ends first.
    pub(super) fn find(&self, value: &[u8], captures: &mut Captures) -> bool {
        let Some(found) = self.automaton.find(value) else { return false };
        captures.span(0, found.range());
        true
    }
}

/// Words between white space that does not stand between bars.
fn words(text: &str) -> impl Iterator<Item = String> {
    let mut words = vec![String::new()];
    let mut in_bars = false;
    for character in text.chars() {
        in_bars ^= character == '|';
        if character.is_ascii_whitespace() && !in_bars {
            words.push(String::new());
        } else if let Some(word) = words.last_mut() {
            word.push(character);
        }
    }
    words.into_iter().filter(|word| !word.is_empty())
}

fn spell(word: &str) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    for (index, part) in word.split('|').enumerate() {
        if index % 2 == 0 {
            bytes.extend_from_slice(part.as_bytes());
            continue;
        }
        for pair in part.split_ascii_whitespace() {
            let byte = u8::from_str_radix(pair, 16);
            bytes
                .push(byte.map_err(|_| Fault::new(format!("`{pair}` is no byte in hexadecimal")))?);
        }
    }
    Ok(bytes)
}

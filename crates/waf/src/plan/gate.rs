//! Which rules can match a text at all, for all rules at once: one look at the text's bytes and one
//! pass of an automaton over it. What passes is still asked in full; what does not pass cannot match.

use std::collections::HashMap;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, AhoCorasickKind, MatchKind};

use super::bits::Bits;
use super::required::Required;
use crate::transformations::ByteSet;

/// Above this many literals the automaton takes its smaller form.
const DFA_LITERALS_LIMIT: usize = 10_000;

/// Conditions of many questions.
#[derive(Debug)]
pub(crate) struct Gate {
    /// Words of one row of bits.
    words: usize,
    /// Questions without a literal condition.
    free: Bits,
    /// Sets of bytes, and the questions that need a byte of them.
    sets: Vec<(ByteSet, Bits)>,
    /// Lengths, longest first, and the questions that need no more.
    lengths: Vec<(usize, Bits)>,
    automaton: Option<AhoCorasick>,
    /// The questions each literal opens.
    opens: Vec<Box<[u32]>>,
}

impl Gate {
    /// Compiles conditions; their positions are the numbers of the questions.
    pub(crate) fn compile(conditions: &[Required]) -> Self {
        let count = conditions.len();
        let mut free = Bits::with_room(count);
        let mut sets: HashMap<ByteSet, Bits> = HashMap::new();
        let mut lengths: HashMap<usize, Bits> = HashMap::new();
        let mut literals: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for (number, condition) in conditions.iter().enumerate() {
            match &condition.literals {
                None => free.add(number),
                Some(list) => {
                    for literal in list {
                        literals
                            .entry(literal)
                            .or_default()
                            .push(u32::try_from(number).unwrap_or_default());
                    }
                }
            }
            for set in &condition.sets {
                sets.entry(*set).or_insert_with(|| Bits::with_room(count)).add(number);
            }
            if condition.length > 1 {
                lengths
                    .entry(condition.length)
                    .or_insert_with(|| Bits::with_room(count))
                    .add(number);
            }
        }
        let mut lengths: Vec<(usize, Bits)> = lengths.into_iter().collect();
        lengths.sort_by_key(|(length, _)| std::cmp::Reverse(*length));
        let mut literals: Vec<(&[u8], Vec<u32>)> = literals.into_iter().collect();
        literals.sort_unstable();
        let (automaton, opens) = automaton(&literals);
        if automaton.is_none() {
            (0..count).for_each(|number| free.add(number));
        }
        Self {
            words: count.div_ceil(64),
            free,
            sets: sets.into_iter().collect(),
            lengths,
            automaton,
            opens,
        }
    }

    /// Words of one row of bits.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// Writes which questions can match `text`, whose bytes are `mask`, into a row.
    pub(crate) fn row(&self, text: &[u8], mask: ByteSet, row: &mut [u64]) {
        self.free.copy_to(row);
        if let Some(automaton) = &self.automaton {
            for found in automaton.find_overlapping_iter(text) {
                let opened =
                    self.opens.get(found.pattern().as_usize()).map_or(&[][..], |opens| opens);
                for number in opened {
                    let number = *number as usize;
                    if let Some(word) = row.get_mut(number / 64) {
                        *word |= 1 << (number % 64);
                    }
                }
            }
        }
        for (set, needing) in &self.sets {
            if !mask.meets(*set) {
                needing.remove_from(row);
            }
        }
        for (_, needing) in self.lengths.iter().take_while(|(length, _)| *length > text.len()) {
            needing.remove_from(row);
        }
    }
}

type Opens = Vec<Box<[u32]>>;

fn automaton(literals: &[(&[u8], Vec<u32>)]) -> (Option<AhoCorasick>, Opens) {
    let kind = if literals.len() > DFA_LITERALS_LIMIT {
        AhoCorasickKind::ContiguousNFA
    } else {
        AhoCorasickKind::DFA
    };
    let built = AhoCorasickBuilder::new()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .kind(Some(kind))
        .build(literals.iter().map(|(literal, _)| literal));
    (built.ok(), literals.iter().map(|(_, numbers)| numbers.as_slice().into()).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::bytes::RegexBuilder;

    use super::*;

    const PATTERNS: &[&str] = &[
        "(?i)union.{0,9}select",
        "\\d+['\"]",
        "^x|y$",
        "[a-c]{3,}z?",
        "(?:foo|ba[rz])+!",
        "",
        "a.b",
    ];

    proptest! {
        #[test]
        fn nothing_that_matches_is_held_back(text in "[a-cfoxyzbrUNIOunselct'!1 .]{0,24}|.{0,3}union.{0,3}select.{0,3}") {
            let conditions: Vec<Required> = PATTERNS.iter().map(|pattern| Required::of_pattern(pattern)).collect();
            let gate = Gate::compile(&conditions);
            let mut row = vec![0; gate.words()];
            gate.row(text.as_bytes(), ByteSet::in_text(text.as_bytes()), &mut row);
            for (number, pattern) in PATTERNS.iter().enumerate() {
                let rx = RegexBuilder::new(pattern).unicode(false).dot_matches_new_line(true).build().unwrap();
                if rx.is_match(text.as_bytes()) {
                    prop_assert!(row[number / 64] >> (number % 64) & 1 == 1, "{pattern} on {text}");
                }
            }
        }
    }
}

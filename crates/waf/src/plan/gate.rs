//! Which rules can match a text at all, for all rules at once: one look at the text's bytes and one
//! pass of an automaton over it. What passes is still asked in full; what does not pass cannot match.

use std::collections::HashMap;

use aho_corasick::automaton::{Automaton, StateID};
use aho_corasick::nfa::contiguous::NFA;
use aho_corasick::{Anchored, MatchKind, dfa::DFA};

use super::bits::Bits;
use super::required::{ALPHABETS, Required};
use crate::transformations::ByteSet;

/// Above this many literals the automaton takes its smaller form anyway.
const DFA_LITERALS_LIMIT: usize = 10_000;

/// Texts from this length on are long enough for every question.
const LENGTHS: usize = 64;

/// Conditions of many questions.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// Words of one row of bits.
    words: usize,
    /// The conditions in each of the [`ALPHABETS`].
    kinds: [Kind; ALPHABETS.len()],
}

impl Gate {
    /// Compiles conditions; their positions are the numbers of the questions. A gate that `is_usual`
    /// is as fast as can be; another takes a tenth of its memory, and twice the time for a long text.
    pub(crate) fn compile(conditions: &[[Required; ALPHABETS.len()]], is_usual: bool) -> Self {
        let mut kinds = [(); ALPHABETS.len()].map(|()| Kind::default());
        for (number, kind) in kinds.iter_mut().enumerate() {
            let own: Vec<&Required> = conditions.iter().filter_map(|all| all.get(number)).collect();
            // Texts of letters and digits alone are short.
            *kind = Kind::compile(&own, is_usual && number > 0);
        }
        Self { words: conditions.len().div_ceil(64), kinds }
    }

    /// Words of one row of bits.
    pub(crate) const fn words(&self) -> usize {
        self.words
    }

    /// Writes which questions can match `text`, whose bytes are `mask`, into a row.
    pub(crate) fn row(&self, text: &[u8], mask: ByteSet, row: &mut [u64]) {
        let kinds = ALPHABETS.iter().zip(&self.kinds);
        // The last alphabet has every byte.
        if let Some((_, kind)) = kinds.into_iter().find(|(alphabet, _)| mask.is_within(**alphabet))
        {
            kind.row(text, mask, row);
        }
    }
}

/// Conditions for texts of one alphabet.
#[derive(Debug, Default)]
struct Kind {
    /// Questions without a literal condition.
    free: Bits,
    /// Sets of bytes of which a text must have one.
    sets: Sets,
    /// The questions that a text of each length is long enough for.
    lengths: Box<[Bits]>,
    literals: Literals,
}

impl Kind {
    fn compile(conditions: &[&Required], is_usual: bool) -> Self {
        let count = conditions.len();
        let mut free = Bits::with_room(count);
        for (number, condition) in conditions.iter().enumerate() {
            if condition.literals.is_none() {
                free.add(number);
            }
        }
        let literals = Literals::compile(conditions, is_usual);
        if matches!(literals.automaton, Walk::Broken) {
            (0..count).for_each(|number| free.add(number));
        }
        let enough_for = |length: usize| {
            let mut bits = Bits::with_room(count);
            let numbered = conditions.iter().enumerate();
            for (number, _) in numbered.filter(|(_, it)| it.length.min(LENGTHS - 1) <= length) {
                bits.add(number);
            }
            bits
        };
        let lengths = (0..LENGTHS).map(enough_for).collect();
        Self { free, sets: Sets::compile(conditions), lengths, literals }
    }

    fn row(&self, text: &[u8], mask: ByteSet, row: &mut [u64]) {
        self.free.copy_to(row);
        self.literals.open(text, row);
        self.sets.close(mask, row);
        if let Some(enough) = self.lengths.get(text.len().min(LENGTHS - 1)) {
            enough.keep_in(row);
        }
    }
}

/// Sets of bytes, and the questions that need a byte of each.
#[derive(Debug, Default)]
struct Sets {
    /// Words of one set of sets.
    words: usize,
    /// For each byte the sets that it is in.
    with_byte: Box<[u64]>,
    /// The questions that need each set.
    needing: Box<[Bits]>,
}

impl Sets {
    fn compile(conditions: &[&Required]) -> Self {
        let mut numbers: HashMap<ByteSet, usize> = HashMap::new();
        let mut needing: Vec<Bits> = Vec::new();
        for (question, condition) in conditions.iter().enumerate() {
            for set in &condition.sets {
                let number = *numbers.entry(*set).or_insert(needing.len());
                if number == needing.len() {
                    needing.push(Bits::with_room(conditions.len()));
                }
                if let Some(bits) = needing.get_mut(number) {
                    bits.add(question);
                }
            }
        }
        let words = needing.len().div_ceil(64);
        let mut with_byte = vec![0; 256 * words];
        for byte in 0..=u8::MAX {
            for (_, number) in numbers.iter().filter(|(set, _)| set.has(byte)) {
                if let Some(word) = with_byte.get_mut(usize::from(byte) * words + number / 64) {
                    *word |= 1 << (number % 64);
                }
            }
        }
        Self { words, with_byte: with_byte.into(), needing: needing.into() }
    }

    /// Takes out of a row what needs a set that none of the bytes is in.
    fn close(&self, mask: ByteSet, row: &mut [u64]) {
        for index in 0..self.words {
            let met = mask.bytes().fold(0, |met, byte| {
                met | self
                    .with_byte
                    .get(usize::from(byte) * self.words + index)
                    .copied()
                    .unwrap_or_default()
            });
            let mut missed = !met;
            while missed != 0 {
                let number = index * 64 + missed.trailing_zeros() as usize;
                // The last word has room for sets that are not there.
                let Some(needing) = self.needing.get(number) else { break };
                needing.remove_from(row);
                missed &= missed - 1;
            }
        }
    }
}

/// How many matching states of an automaton are known to have opened all they open, in a text shorter
/// than `LONG_BYTES` and in one that is not.
const RECENT: usize = 32;
const RECENT_OF_LONG: usize = 512;

/// Texts from this length on are walked in [`LANES`] at once.
const LONG_BYTES: usize = 512;

/// At how many places a long text is read at once: a step of an automaton waits for memory, whose
/// answers come as soon for several places as for one.
const LANES: usize = 4;

/// Literals, and the questions that each opens.
#[derive(Debug, Default)]
struct Literals {
    automaton: Walk,
    opens: Vec<Box<[u32]>>,
    /// The length of the longest.
    longest: usize,
}

#[derive(Debug, Default)]
enum Walk {
    Fast(DFA),
    Small(NFA),
    /// It could not be built: every question stays open.
    #[default]
    Broken,
}

impl Literals {
    fn compile(conditions: &[&Required], is_usual: bool) -> Self {
        let mut literals: HashMap<&[u8], Vec<u32>> = HashMap::new();
        for (number, condition) in conditions.iter().enumerate() {
            for literal in condition.literals.iter().flatten() {
                let opened = literals.entry(literal).or_default();
                opened.push(u32::try_from(number).unwrap_or_default());
            }
        }
        let mut literals: Vec<(&[u8], Vec<u32>)> = literals.into_iter().collect();
        literals.sort_unstable();
        let longest = literals.iter().map(|(literal, _)| literal.len()).max().unwrap_or_default();
        let texts = literals.iter().map(|(literal, _)| literal);
        let automaton = if !is_usual || literals.len() > DFA_LITERALS_LIMIT {
            let mut builder = NFA::builder();
            let builder = builder.ascii_case_insensitive(true).prefilter(false);
            builder.match_kind(MatchKind::Standard).build(texts).map_or(Walk::Broken, Walk::Small)
        } else {
            let mut builder = DFA::builder();
            let builder = builder.ascii_case_insensitive(true).prefilter(false);
            builder.match_kind(MatchKind::Standard).build(texts).map_or(Walk::Broken, Walk::Fast)
        };
        let opens = literals.into_iter().map(|(_, numbers)| numbers.into()).collect();
        Self { automaton, opens, longest }
    }

    /// Adds the questions whose literals stand in `text`.
    fn open(&self, text: &[u8], row: &mut [u64]) {
        match &self.automaton {
            Walk::Fast(dfa) => self.walk(dfa, text, row),
            Walk::Small(nfa) => self.walk(nfa, text, row),
            Walk::Broken => {}
        }
    }

    fn walk(&self, automaton: &impl Automaton, text: &[u8], row: &mut [u64]) {
        let Ok(start) = automaton.start_state(Anchored::No) else { return };
        let lanes = if text.len() < LONG_BYTES { None } else { lanes(text, self.longest) };
        let Some([a, b, c, d]) = lanes else {
            let (mut recent, mut state) = ([StateID::ZERO; RECENT], start);
            for byte in text {
                state = automaton.next_state(Anchored::No, state, *byte);
                self.meet(automaton, state, &mut recent, row);
            }
            return;
        };
        let (mut recent, mut states) = ([StateID::ZERO; RECENT_OF_LONG], [start; LANES]);
        for (((a, b), c), d) in a.iter().zip(b).zip(c).zip(d) {
            for (state, byte) in states.iter_mut().zip([*a, *b, *c, *d]) {
                *state = automaton.next_state(Anchored::No, *state, byte);
            }
            for state in states {
                self.meet(automaton, state, &mut recent, row);
            }
        }
    }

    /// Adds the questions that a state opens. A sign that many rules ask for may stand a hundred thousand
    /// times in a text: what a state opens it has to open once. The states that did are `recent`; the first
    /// of all states never matches.
    #[inline]
    fn meet(
        &self,
        automaton: &impl Automaton,
        state: StateID,
        recent: &mut [StateID],
        row: &mut [u64],
    ) {
        if !automaton.is_special(state) || !automaton.is_match(state) {
            return;
        }
        let place = place(state) % recent.len().max(1);
        if recent.get_mut(place).map(|known| std::mem::replace(known, state)) == Some(state) {
            return;
        }
        for index in 0..automaton.match_len(state) {
            let literal = automaton.match_pattern(state, index).as_usize();
            for number in self.opens.get(literal).into_iter().flatten() {
                let number = *number as usize;
                if let Some(word) = row.get_mut(number / 64) {
                    *word |= 1 << (number % 64);
                }
            }
        }
    }
}

/// Parts of a text, all of one length, so that whatever stands in it and is no longer than `longest`
/// stands in one of them. `None`: they would be longer than half of it.
fn lanes(text: &[u8], longest: usize) -> Option<[&[u8]; LANES]> {
    let length = text.len().div_ceil(LANES) + longest;
    let last = text.len().checked_sub(length).filter(|_| length <= text.len() / 2)?;
    let mut lanes = [text; LANES];
    for (number, lane) in lanes.iter_mut().enumerate() {
        let start = last * number / (LANES - 1);
        *lane = text.get(start..start + length)?;
    }
    Some(lanes)
}

/// Where a state is looked for among others. Their numbers are multiples of one width or another.
const fn place(state: StateID) -> usize {
    (state.as_u32().wrapping_mul(0x9e37_79b9) >> 16) as usize
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
        "(?i)sel[e3]ct\\s*\\(",
    ];

    proptest! {
        #[test]
        fn nothing_that_matches_is_held_back(is_usual in any::<bool>(), text in "[a-cfoxyzbrUNIOunselct'!1 .(3]{0,24}|.{0,3}union.{0,3}select.{0,3}|.{0,70}SELect *\\(") {
            let conditions: Vec<_> = PATTERNS.iter().map(|pattern| Required::of_pattern(pattern)).collect();
            let gate = Gate::compile(&conditions, is_usual);
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

    #[test]
    fn a_literal_opens_wherever_it_stands_in_a_long_text() {
        let conditions = ["select\\(", "zz"].map(Required::of_pattern);
        let gate = Gate::compile(&conditions, true);
        for length in [LONG_BYTES - 1, LONG_BYTES, LONG_BYTES + 3, 4 * LONG_BYTES + 1] {
            for place in 0..=length - b"select(".len() {
                let mut text = vec![b'z'; 1];
                text.resize(length, b's');
                text[place..place + 7].copy_from_slice(b"select(");
                let mut row = vec![0; gate.words()];
                gate.row(&text, ByteSet::in_text(&text), &mut row);
                assert_eq!(row, [1], "at {place} of {length}");
            }
        }
    }
}

//! What a text must have for a pattern to match at all: one of some literals, a byte of each of
//! some sets, a length. Never says no to a text that matches.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Capture, Class, ClassBytes, ClassBytesRange, Hir, HirKind, Repetition};

use crate::transformations::ByteSet;

/// Kinds of texts for which patterns ask for more than they do otherwise, from the smallest to every
/// text: names, numbers and ids; simple prose, dates and addresses. What a pattern asks for beside
/// these bytes such a text does not have. Both cases of letters are in all of them, or in none.
pub(crate) const ALPHABETS: [ByteSet; 3] =
    [WORDS, WORDS.and(ByteSet::of(b" ,:/@")), ByteSet::all()];

const WORDS: ByteSet = ByteSet::alphanumeric().and(ByteSet::of(b"._-"));

/// Most strings that are multiplied out.
const EXACT_LIMIT: usize = 64;

/// Most literals of one pattern.
const LITERALS_LIMIT: usize = 512;

/// Longest part of a literal that is looked for: more tells little and makes the automaton large.
const LITERAL_LIMIT_BYTES: usize = 6;

/// The same of a phrase: of `array_map` more than of the names of all members of arrays in JSON.
const PHRASE_LIMIT_BYTES: usize = 8;

/// Shortest literal that tells anything.
const LITERAL_FLOOR_BYTES: usize = 2;

/// Most byte sets that are kept of one pattern.
const SETS_LIMIT: usize = 3;

/// Conditions that every matching text meets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Required {
    /// One of these stands in the text, in any case of letters; small letters here. `None`: no such
    /// condition.
    pub(crate) literals: Option<Vec<Vec<u8>>>,
    /// The text has a byte of each of these.
    pub(crate) sets: Vec<ByteSet>,
    /// The text is at least this long.
    pub(crate) length: usize,
}

impl Required {
    /// The conditions of a pattern in each alphabet; none when it cannot be read.
    pub(crate) fn of_pattern(pattern: &str) -> [Self; ALPHABETS.len()] {
        let mut parser =
            ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build();
        match parser.parse(pattern) {
            Ok(hir) => ALPHABETS.map(|alphabet| Self::of_expression(&hir, alphabet)),
            Err(_) => Default::default(),
        }
    }

    fn of_expression(hir: &Hir, alphabet: ByteSet) -> Self {
        let Some(hir) = within(hir, alphabet) else { return Self::impossible() };
        let literals =
            literals(&hir).best.filter(|literals| floor(literals) >= LITERAL_FLOOR_BYTES);
        // A literal tells more than any set of bytes, and sets cost time for every text.
        let sets = if literals.is_some() { Vec::new() } else { rarest_sets(&hir) };
        Self { literals, sets, length: hir.properties().minimum_len().unwrap_or_default() }
    }

    /// The condition that no text meets.
    pub(crate) const fn impossible() -> Self {
        Self { literals: Some(Vec::new()), sets: Vec::new(), length: 0 }
    }

    /// The condition that a text has one of these bytes.
    pub(crate) fn of_set(set: ByteSet) -> [Self; ALPHABETS.len()] {
        ALPHABETS.map(|alphabet| match alphabet.meets(set) {
            true => Self { sets: vec![set], ..Self::default() },
            false => Self::impossible(),
        })
    }

    /// The conditions of a text that stands in every matching one as it is.
    pub(crate) fn of_literal(literal: &[u8]) -> [Self; ALPHABETS.len()] {
        ALPHABETS.map(|alphabet| Self::of_literal_within(literal, alphabet))
    }

    fn of_literal_within(literal: &[u8], alphabet: ByteSet) -> Self {
        if !ByteSet::in_text(literal).is_within(alphabet) {
            return Self::impossible();
        }
        let kept = clip(&literal.to_ascii_lowercase());
        let literals = (kept.len() >= LITERAL_FLOOR_BYTES).then(|| vec![kept]);
        Self { literals, sets: Vec::new(), length: literal.len() }
    }

    /// The conditions of phrases of which one stands in every matching text.
    pub(crate) fn of_phrases(phrases: &[Box<[u8]>]) -> [Self; ALPHABETS.len()] {
        ALPHABETS.map(|alphabet| Self::of_phrases_within(phrases, alphabet))
    }

    fn of_phrases_within(phrases: &[Box<[u8]>], alphabet: ByteSet) -> Self {
        let phrases = || phrases.iter().filter(|it| ByteSet::in_text(it).is_within(alphabet));
        let length = phrases().map(|phrase| phrase.len()).min().unwrap_or_default();
        let clip = |phrase: &[u8]| phrase.get(..PHRASE_LIMIT_BYTES).unwrap_or(phrase).to_vec();
        let literals = phrases().map(|phrase| clip(phrase)).collect();
        Self { literals: Some(literals), sets: Vec::new(), length }
    }
}

/// What is left of an expression for texts of these bytes alone. `None`: it matches none of them.
fn within(hir: &Hir, alphabet: ByteSet) -> Option<Hir> {
    Some(match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Unicode(_)) => hir.clone(),
        HirKind::Literal(literal) => {
            let fits = ByteSet::in_text(&literal.0).is_within(alphabet);
            return fits.then(|| hir.clone());
        }
        HirKind::Class(Class::Bytes(class)) => {
            let ranges = class.ranges().iter();
            let bytes = ranges.flat_map(|range| range.start()..=range.end());
            let kept = bytes.filter(|byte| alphabet.has(*byte));
            let class = ClassBytes::new(kept.map(|byte| ClassBytesRange::new(byte, byte)));
            if class.ranges().is_empty() {
                return None;
            }
            Hir::class(Class::Bytes(class))
        }
        HirKind::Repetition(repetition) => match within(&repetition.sub, alphabet) {
            Some(sub) => Hir::repetition(Repetition { sub: sub.into(), ..repetition.clone() }),
            None if repetition.min == 0 => Hir::empty(),
            None => return None,
        },
        HirKind::Capture(capture) => {
            Hir::capture(Capture { sub: within(&capture.sub, alphabet)?.into(), ..capture.clone() })
        }
        HirKind::Concat(parts) => {
            Hir::concat(parts.iter().map(|part| within(part, alphabet)).collect::<Option<_>>()?)
        }
        HirKind::Alternation(parts) => {
            let left: Vec<Hir> = parts.iter().filter_map(|part| within(part, alphabet)).collect();
            if left.is_empty() {
                return None;
            }
            Hir::alternation(left)
        }
    })
}

/// A prefix that is long enough to tell.
fn clip(literal: &[u8]) -> Vec<u8> {
    literal.get(..LITERAL_LIMIT_BYTES).unwrap_or(literal).to_vec()
}

/// What the strings of an expression are known to be.
#[derive(Debug, Default)]
struct Literals {
    /// All strings it matches, when they are few.
    exact: Option<Vec<Vec<u8>>>,
    /// Strings of which one stands in each of its matches.
    best: Option<Vec<Vec<u8>>>,
}

impl Literals {
    fn exact(strings: Vec<Vec<u8>>) -> Self {
        let usable = strings.iter().all(|string| !string.is_empty());
        let best = usable.then(|| strings.iter().map(|string| clip(string)).collect());
        Self { exact: Some(strings), best }
    }
}

fn floor(literals: &[Vec<u8>]) -> usize {
    literals.iter().map(Vec::len).min().unwrap_or_default()
}

/// The better of two conditions: longer first, then fewer.
fn better(left: Option<Vec<Vec<u8>>>, right: Option<Vec<Vec<u8>>>) -> Option<Vec<Vec<u8>>> {
    let score = |literals: &Vec<Vec<u8>>| {
        (floor(literals).min(4), std::cmp::Reverse(literals.len()), floor(literals))
    };
    match (left, right) {
        (Some(left), Some(right)) => Some(if score(&right) > score(&left) { right } else { left }),
        (left, right) => left.or(right),
    }
}

fn literals(hir: &Hir) -> Literals {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Literals { exact: Some(vec![Vec::new()]), best: None },
        HirKind::Literal(literal) => Literals::exact(vec![literal.0.to_ascii_lowercase()]),
        HirKind::Class(class) => match few_bytes(class) {
            Some(bytes) => Literals::exact(bytes.into_iter().map(|byte| vec![byte]).collect()),
            None => Literals::default(),
        },
        HirKind::Capture(capture) => literals(&capture.sub),
        HirKind::Repetition(repetition) => {
            repeated(&literals(&repetition.sub), repetition.min, repetition.max)
        }
        HirKind::Concat(parts) => concatenated(parts),
        HirKind::Alternation(parts) => alternated(parts),
    }
}

/// The bytes of a class in small letters, when they are few.
fn few_bytes(class: &Class) -> Option<Vec<u8>> {
    let Class::Bytes(bytes) = class else { return None };
    let mut found: Vec<u8> = Vec::new();
    for range in bytes.ranges() {
        if usize::from(range.end() - range.start()) > 8 {
            return None;
        }
        found.extend((range.start()..=range.end()).map(|byte| byte.to_ascii_lowercase()));
    }
    found.sort_unstable();
    found.dedup();
    (found.len() <= 8).then_some(found)
}

fn repeated(inner: &Literals, min: u32, max: Option<u32>) -> Literals {
    match (min, max) {
        (1, Some(1)) => Literals { exact: inner.exact.clone(), best: inner.best.clone() },
        (0, Some(1)) => {
            let exact = inner.exact.clone().map(|mut strings| {
                strings.push(Vec::new());
                strings
            });
            Literals { exact, best: None }
        }
        (0, _) => Literals::default(),
        _ => Literals { exact: None, best: inner.best.clone() },
    }
}

fn concatenated(parts: &[Hir]) -> Literals {
    let mut best = None;
    let mut run: Vec<Vec<u8>> = vec![Vec::new()];
    let mut all_exact = true;
    for part in parts {
        let inner = literals(part);
        let product = inner.exact.as_ref().and_then(|strings| multiply(&run, strings));
        match product {
            Some(product) => run = product,
            None => {
                all_exact = false;
                best = better(best, Literals::exact(run).best);
                run = inner.exact.unwrap_or_else(|| vec![Vec::new()]);
            }
        }
        best = better(best, inner.best);
    }
    let last = Literals::exact(run);
    Literals { best: better(best, last.best), exact: last.exact.filter(|_| all_exact) }
}

/// Every string of `left` with every string of `right`, when they are few.
fn multiply(left: &[Vec<u8>], right: &[Vec<u8>]) -> Option<Vec<Vec<u8>>> {
    if left.len() * right.len() > EXACT_LIMIT {
        return None;
    }
    let mut product: Vec<Vec<u8>> = left
        .iter()
        .flat_map(|start| right.iter().map(|end| [start.as_slice(), end].concat()))
        .collect();
    product.sort_unstable();
    product.dedup();
    Some(product)
}

fn alternated(parts: &[Hir]) -> Literals {
    let all: Vec<Literals> = parts.iter().map(literals).collect();
    let exact: Option<Vec<Vec<Vec<u8>>>> = all.iter().map(|part| part.exact.clone()).collect();
    let exact = exact.map(|lists| lists.concat()).filter(|strings| strings.len() <= EXACT_LIMIT);
    let best: Option<Vec<Vec<Vec<u8>>>> = all.into_iter().map(|part| part.best).collect();
    let best = best.map(|lists| {
        let mut strings = lists.concat();
        strings.sort_unstable();
        strings.dedup();
        strings
    });
    Literals { exact, best: best.filter(|strings| strings.len() <= LITERALS_LIMIT) }
}

fn rarest_sets(hir: &Hir) -> Vec<ByteSet> {
    let mut sets = Vec::new();
    collect_sets(hir, &mut sets);
    sets.sort_by_key(|set| rarity(*set));
    sets.dedup();
    sets.truncate(SETS_LIMIT);
    sets
}

/// Adds sets of bytes of which each match has one.
fn collect_sets(hir: &Hir, out: &mut Vec<ByteSet>) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => out.extend(literal.0.iter().map(|byte| ByteSet::of(&[*byte]))),
        HirKind::Class(Class::Bytes(class)) => {
            let ranges =
                class.ranges().iter().map(|range| ByteSet::range(range.start(), range.end()));
            out.push(ranges.fold(ByteSet::default(), ByteSet::and));
        }
        HirKind::Class(Class::Unicode(_)) => {}
        HirKind::Capture(capture) => collect_sets(&capture.sub, out),
        HirKind::Repetition(repetition) if repetition.min > 0 => collect_sets(&repetition.sub, out),
        HirKind::Repetition(_) => {}
        HirKind::Concat(parts) => parts.iter().for_each(|part| collect_sets(part, out)),
        HirKind::Alternation(parts) => out.extend(union_of_rarest(parts)),
    }
}

/// The rarest set of each part together: a match of any part has a byte of it.
fn union_of_rarest(parts: &[Hir]) -> Option<ByteSet> {
    parts.iter().try_fold(ByteSet::default(), |all, part| {
        let mut sets = Vec::new();
        collect_sets(part, &mut sets);
        sets.into_iter().min_by_key(|set| rarity(*set)).map(|rarest| all.and(rarest))
    })
}

/// How common the bytes of a set are in ordinary values; small is rare.
fn rarity(set: ByteSet) -> u32 {
    set.bytes().map(commonness).sum()
}

const fn commonness(byte: u8) -> u32 {
    match byte {
        b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' | b'l' => 40,
        b' ' | b'a'..=b'z' => 20,
        b'0'..=b'9' | b'A'..=b'Z' | b'.' | b'/' | b'-' | b',' => 8,
        b'_' | b':' | b';' | b'=' | b'(' | b')' | b'%' | b'+' | b'\'' | b'"' | b'&' => 3,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_inside_patterns() {
        let cases: [(&str, &[&str]); 5] = [
            ("(?i)union\\s+select", &["select"]),
            ("a(?:bc|de)f", &["abcf", "adef"]),
            ("x?(?:foo|bar)\\d*", &["bar", "foo"]),
            ("[0-9]+(?:sleep|wait)\\(", &["sleep(", "wait("]),
            ("^\\w+$", &[]),
        ];
        for (pattern, expected) in cases {
            let [.., all] = Required::of_pattern(pattern);
            let mut found: Vec<String> = all
                .literals
                .unwrap_or_default()
                .iter()
                .map(|literal| String::from_utf8_lossy(literal).into_owned())
                .collect();
            let mut expected: Vec<String> =
                expected.iter().map(|text| (*text).to_owned()).collect();
            found.sort();
            expected.sort();
            assert_eq!(found, expected, "{pattern}");
        }
    }
}

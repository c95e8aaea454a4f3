//! Reading bytes without an index that could be out of range: past the end there is NUL.

/// The byte at `at`, or NUL past the end.
pub(super) fn at(bytes: &[u8], at: usize) -> u8 {
    bytes.get(at).copied().unwrap_or(0)
}

/// The byte before `at`, or NUL at the start.
pub(super) fn before(bytes: &[u8], place: usize) -> u8 {
    place.checked_sub(1).map_or(0, |place| at(bytes, place))
}

/// Everything from `start` on; empty past the end.
pub(super) fn tail(bytes: &[u8], start: usize) -> &[u8] {
    bytes.get(start..).unwrap_or_default()
}

/// The bytes from `start` to `end`, as far as they exist.
pub(super) fn part(bytes: &[u8], start: usize, end: usize) -> &[u8] {
    bytes.get(start..end.min(bytes.len())).unwrap_or_default()
}

/// Whether `bytes` begin with `prefix`, which is lower case, in any case.
pub(super) fn starts_with(bytes: &[u8], prefix: &[u8]) -> bool {
    // Most differ in the first bytes: no call that looks at many at a time.
    let is_same = |(byte, wanted): (&u8, &u8)| byte.to_ascii_lowercase() == *wanted;
    bytes.get(..prefix.len()).is_some_and(|head| head.iter().zip(prefix).all(is_same))
}

/// Whether `bytes` begin with one of `prefixes`, which are lower case, in any case.
pub(super) fn starts_with_any(bytes: &[u8], prefixes: &[&str]) -> bool {
    prefixes.iter().any(|prefix| starts_with(bytes, prefix.as_bytes()))
}

/// Whether `bytes` equal one of `words`, which are lower case, in any case.
pub(super) fn is_any(bytes: &[u8], words: &[&str]) -> bool {
    words.iter().any(|word| bytes.eq_ignore_ascii_case(word.as_bytes()))
}

/// From this length on it pays to look for the rarest byte of a needle instead of its first.
const LONG: usize = 256;

/// Where `needle`, which is lower case and not empty, first occurs in any case.
pub(super) fn find(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    if bytes.len() < needle.len() {
        return None;
    }
    let offset = if bytes.len() < LONG { 0 } else { rarest(needle) };
    let sign = needle.get(offset).copied()?;
    let both = (sign, sign.to_ascii_uppercase());
    let (last, length) = (needle.last().copied()?, needle.len());
    let rest = tail(bytes, offset);
    let ends = |place: usize| at(bytes, place + length - 1).to_ascii_lowercase() == last;
    let is_here = |place: usize| ends(place) && starts_with(tail(bytes, place), needle);
    let found = if both.0 == both.1 {
        first_of(memchr::memchr_iter(sign, rest), is_here)
    } else {
        first_of(memchr::memchr2_iter(both.0, both.1, rest), is_here)
    };
    match found {
        Found::At(place) => Some(place),
        Found::Nowhere => None,
        Found::NotBefore(place) => scan(tail(bytes, place), needle).map(|found| place + found),
    }
}

/// What came of a search for one byte.
enum Found {
    At(usize),
    Nowhere,
    /// It stopped too often in vain.
    NotBefore(usize),
}

/// The first of some places that is the one.
fn first_of(places: impl Iterator<Item = usize>, is_here: impl Fn(usize) -> bool) -> Found {
    for (count, place) in places.enumerate() {
        if is_here(place) {
            return Found::At(place);
        }
        if count >= STOPS {
            return Found::NotBefore(place + 1);
        }
    }
    Found::Nowhere
}

/// How often a search for one byte may stop in vain. It is quick between few stops; where the byte is
/// everywhere, looking at each place is quicker.
const STOPS: usize = 6;

/// Bytes that are brought to lower case at a time.
const PIECE: usize = 2_048;

/// The same without the search for one byte: a long text piece by piece in lower case, where many bytes
/// are compared at a time.
fn scan(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    if bytes.len() < LONG || needle.len() > PIECE / 2 {
        return scan_short(bytes, needle);
    }
    let finder = memchr::memmem::Finder::new(needle);
    let mut lower = [0; PIECE];
    // What begins in one piece and ends in the next is found in the next.
    let step = PIECE + 1 - needle.len();
    (0..bytes.len()).step_by(step).find_map(|start| {
        let piece = part(bytes, start, start + PIECE);
        lower.iter_mut().zip(piece).for_each(|(to, from)| *to = from.to_ascii_lowercase());
        finder.find(part(&lower, 0, piece.len())).map(|found| start + found)
    })
}

/// The same place by place.
fn scan_short(bytes: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, last) = (needle.first().copied()?, needle.last().copied()?);
    let same =
        |byte: Option<&u8>, wanted: u8| byte.is_some_and(|b| b.to_ascii_lowercase() == wanted);
    bytes.windows(needle.len()).position(|window| {
        same(window.last(), last) && same(window.first(), first) && starts_with(window, needle)
    })
}

/// The place of the byte of `needle` that texts, and what tries to be slow, repeat least.
fn rarest(needle: &[u8]) -> usize {
    let rank = |byte: &u8| match byte {
        b'j' | b'q' | b'x' | b'z' => 0,
        b'v' | b'w' | b'k' | b'y' | b'_' => 1,
        b'b' | b'g' | b'f' | b'm' | b'p' | b'u' => 2,
        b'c' | b'd' | b'h' | b'l' => 3,
        byte if byte.is_ascii_alphanumeric() => 4,
        _ => 5,
    };
    needle.iter().enumerate().min_by_key(|(_, byte)| rank(byte)).map_or(0, |(place, _)| place)
}

/// Whether one of `needles`, which are lower case, occurs in any case.
pub(super) fn contains_any(bytes: &[u8], needles: &[&str]) -> bool {
    needles.iter().any(|needle| find(bytes, needle.as_bytes()).is_some())
}

/// A letter, digit or underscore.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// White space and the control characters that parsers take for it.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// The first place from `start` on that is no white space.
pub(super) fn skip_space(bytes: &[u8], start: usize) -> usize {
    start + tail(bytes, start).iter().take_while(|&&byte| is_space(byte)).count()
}

/// The letters, digits and underscores that begin at `start`.
pub(super) fn word_at(bytes: &[u8], start: usize) -> &[u8] {
    let length = tail(bytes, start).iter().take_while(|&&byte| is_word(byte)).count();
    part(bytes, start, start + length)
}

fn is_blank(byte: &&u8) -> bool {
    is_space(**byte) || **byte == 0
}

/// Where `bytes` begin behind white space and NUL.
pub(super) fn start_of(bytes: &[u8]) -> usize {
    bytes.iter().take_while(is_blank).count()
}

/// `bytes` without white space and NUL at both ends.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    let rest = tail(bytes, start_of(bytes));
    let end = rest.len() - rest.iter().rev().take_while(is_blank).count();
    part(rest, 0, end)
}

/// The next of each of some words, which are lower case: each is looked for once and not anew from every
/// place. Asked about rising places of one text.
#[derive(Debug)]
pub(super) struct Ahead {
    words: &'static [&'static str],
    /// Where each stands that is known of; past the end where there is none.
    next: Vec<Option<usize>>,
}

impl Ahead {
    /// Nothing is known yet.
    pub(super) fn new(words: &'static [&'static str]) -> Self {
        Self { words, next: vec![None; words.len()] }
    }

    /// Whether one of the words begins between `start` and `end`, in any case.
    pub(super) fn is_within(&mut self, bytes: &[u8], start: usize, end: usize) -> bool {
        self.words.iter().zip(&mut self.next).any(|(word, next)| {
            let place = match *next {
                Some(place) if place >= start => place,
                _ => find(tail(bytes, start), word.as_bytes())
                    .map_or(usize::MAX, |found| start + found),
            };
            *next = Some(place);
            place < end
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_word_is_found_where_it_first_stands(
            text in "([abAB<x]{0,40}|aab?){0,30}.{0,300}[abX]{0,60}", word in "[ab<x]{1,6}"
        ) {
            let lower = text.to_ascii_lowercase();
            prop_assert_eq!(find(text.as_bytes(), word.as_bytes()), lower.find(&word));
        }
    }

    #[test]
    fn a_word_is_found_wherever_it_stands_in_a_long_text() {
        let edges = [0, PIECE, 2 * PIECE, 3 * PIECE - 40];
        for place in edges.iter().flat_map(|edge| edge.saturating_sub(20)..edge + 20) {
            let mut text = b"xX".repeat(3 * PIECE / 2);
            text[place..place + 5].copy_from_slice(b"XyzYq");
            for (word, found) in [("xyzyq", place), ("yzy", place + 1), ("q", place + 4)] {
                assert_eq!(find(&text, word.as_bytes()), Some(found), "{place}");
            }
            assert_eq!(find(&text, b"xyzz"), None, "{place}");
            assert_eq!(find(&text, b"qq"), None, "{place}");
        }
    }

    #[test]
    fn the_next_word_is_the_one_a_search_from_there_would_find() {
        let text = b"..ab..CD.ab..cd....";
        let mut ahead = Ahead::new(&["ab", "cd"]);
        for start in 0..text.len() {
            for end in start..text.len() {
                let found =
                    ["ab", "cd"].iter().filter_map(|word| find(tail(text, start), word.as_bytes()));
                let expected = found.min().is_some_and(|place| start + place < end);
                assert_eq!(ahead.is_within(text, start, end), expected, "{start} to {end}");
            }
        }
    }
}

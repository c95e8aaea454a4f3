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
    if both.0 == both.1 {
        return memchr::memchr_iter(sign, rest).find(|&place| is_here(place));
    }
    memchr::memchr2_iter(both.0, both.1, rest).find(|&place| is_here(place))
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

/// `bytes` without white space and NUL at both ends.
pub(super) fn trimmed(bytes: &[u8]) -> &[u8] {
    let blank = |byte: &&u8| is_space(**byte) || **byte == 0;
    let start = bytes.iter().take_while(blank).count();
    let rest = tail(bytes, start);
    let end = rest.len() - rest.iter().rev().take_while(blank).count();
    part(rest, 0, end)
}

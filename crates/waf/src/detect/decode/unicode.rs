//! Forms of Unicode that some reader on the way turns into ASCII.

use super::text::Text;
use crate::detect::bytes::{at, part, tail};
use crate::detect::scan::{Mask, class};

/// Folds overlong UTF-8, full-width letters, and the signs that databases and browsers take for
/// quotes and angle brackets.
pub(super) fn fold(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.any(class::HIGH) {
        return None;
    }
    let bytes = &text.bytes;
    (0..bytes.len()).find(|&place| folded(bytes, place).is_some())?;
    let mut out = text.builder();
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        match folded(bytes, place) {
            Some((ascii, length)) => {
                out.push(ascii, place);
                place += length;
            }
            None => {
                out.push(byte, place);
                place += 1;
            }
        }
    }
    Some(out.finish())
}

/// The ASCII byte that the sequence at `place` stands for, and the length of the sequence.
fn folded(bytes: &[u8], place: usize) -> Option<(u8, usize)> {
    let first = at(bytes, place);
    if first < 0xc0 {
        return None;
    }
    if let Some(length) = line_end(bytes, place) {
        return Some((b'\n', length));
    }
    let follow = |offset: usize| at(bytes, place + offset);
    let bits = |byte: u8| u32::from(byte & 0x3f);
    let is_follow = |byte: u8| byte & 0xc0 == 0x80;
    let ascii = |code: u32| u8::try_from(code).ok().filter(u8::is_ascii);
    match first {
        // Overlong: two, three and four bytes for one of seven bits.
        0xc1 if follow(1) == 0x1c => Some((b'\\', 2)),
        0xc0 | 0xc1 => {
            // Careless decoders do not look at the two leading bits.
            let code = u32::from(first & 0x1f) << 6 | bits(follow(1));
            let known = is_follow(follow(1)) || matches!(follow(1), 0x2f | 0x5c | 0x2e);
            ascii(if is_follow(follow(1)) { code } else { u32::from(follow(1)) })
                .filter(|_| known)
                .map(|byte| (byte, 2))
        }
        0xe0 if is_follow(follow(1)) && follow(1) < 0xa0 && is_follow(follow(2)) => {
            ascii(bits(follow(1)) << 6 | bits(follow(2))).map(|byte| (byte, 3))
        }
        0xf0 if follow(1) == 0x80 && is_follow(follow(2)) && is_follow(follow(3)) => {
            ascii(bits(follow(2)) << 6 | bits(follow(3))).map(|byte| (byte, 4))
        }
        // U+FF01 to U+FF5E, full width.
        0xef if follow(1) == 0xbc && is_follow(follow(2)) => {
            ascii(0x20 + bits(follow(2))).filter(|byte| *byte > 0x20).map(|byte| (byte, 3))
        }
        0xef if follow(1) == 0xbd && is_follow(follow(2)) => {
            ascii(0x60 + bits(follow(2))).filter(|byte| *byte < 0x7f).map(|byte| (byte, 3))
        }
        // Circled digits and letters, and the ideographic full stop: a resolver folds them.
        0xe2 if follow(1) == 0x91 && (0xa0..=0xa8).contains(&follow(2)) => {
            Some((b'1' + (follow(2) - 0xa0), 3))
        }
        0xe2 if follow(1) == 0x93 && follow(2) == 0xaa => Some((b'0', 3)),
        0xe2 if follow(1) == 0x93 && (0x90..=0xa9).contains(&follow(2)) => {
            Some((b'a' + (follow(2) - 0x90), 3))
        }
        0xe3 if follow(1) == 0x80 && follow(2) == 0x82 => Some((b'.', 3)),
        // Slashes of fractions and division.
        0xe2 if (follow(1), follow(2)) == (0x88, 0x95)
            || (follow(1), follow(2)) == (0x81, 0x84) =>
        {
            Some((b'/', 3))
        }
        // Quarters and cent: angle brackets and a quote with the high bit set.
        0xc2 if matches!(follow(1), 0xbc | 0xbe | 0xa2) => Some((follow(1) & 0x7f, 2)),
        // Modifier apostrophe, prime: a database may fold them to a quote.
        0xca if matches!(follow(1), 0xbc | 0xb9) => Some((b'\'', 2)),
        // E5 98 8A and E5 98 8D end in LF and CR when cut to a byte; BC and BE in angle brackets.
        0xe5 if follow(1) == 0x98 => match follow(2) {
            0x8a => Some((b'\n', 3)),
            0x8d => Some((b'\r', 3)),
            0xbc => Some((b'<', 3)),
            0xbe => Some((b'>', 3)),
            _ => None,
        },
        _ => rare(first, [follow(1), follow(2), follow(3)]),
    }
}

/// The length of what some reader takes for the end of a line, where the name of a header and a colon
/// follow: the line ends of Unicode, and two letters that a cut to a byte leaves as CR and LF.
fn line_end(bytes: &[u8], place: usize) -> Option<usize> {
    let cut = |place: usize| match (at(bytes, place), at(bytes, place + 1), at(bytes, place + 2)) {
        (0xc4..=0xdf, low @ 0x80..=0xbf, _) => Some((low & 0x3f | at(bytes, place) << 6, 2)),
        (0xe0..=0xef, middle @ 0x80..=0xbf, low @ 0x80..=0xbf) => {
            Some((low & 0x3f | middle << 6, 3))
        }
        _ => None,
    };
    let length = match part(bytes, place, place + 3) {
        [0xc2, 0x85, ..] => 2,
        [0xe2, 0x80, 0xa8 | 0xa9] => 3,
        _ => {
            let (_, first) = cut(place).filter(|(byte, _)| *byte == b'\r')?;
            let (_, second) = cut(place + first).filter(|(byte, _)| *byte == b'\n')?;
            first + second
        }
    };
    let line = tail(bytes, place + length);
    let sign = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'-';
    let name = line.iter().take(40).take_while(sign).count();
    (name > 1 && at(line, name) == b':').then_some(length)
}

/// Letters and signs that become ASCII when a case is changed, a text is cut to bytes or its forms
/// are made one.
fn rare(first: u8, next: [u8; 3]) -> Option<(u8, usize)> {
    match (first, next) {
        // Long s and the sign of Kelvin.
        (0xc5, [0xbf, ..]) => Some((b's', 2)),
        (0xe2, [0x84, 0xaa, _]) => Some((b'k', 3)),
        // Set minus, which best fit takes for a backslash.
        (0xe2, [0x88, 0x96, _]) => Some((b'\\', 3)),
        // The same two at the end of a text or before a line of its own.
        (0xc4, [0x8d, 0xc4, 0x8a]) => Some((b'\n', 4)),
        (0xef, [0xb9, last, _]) => small_form(last).map(|byte| (byte, 3)),
        _ => None,
    }
}

/// U+FE50 to U+FE6B by their last byte.
fn small_form(last: u8) -> Option<u8> {
    match last {
        0x94 => Some(b';'),
        0x95 => Some(b':'),
        0x99 => Some(b'('),
        0x9a => Some(b')'),
        0x9b => Some(b'{'),
        0x9c => Some(b'}'),
        0x9f => Some(b'#'),
        0xa0 => Some(b'&'),
        0xa4 => Some(b'<'),
        0xa5 => Some(b'>'),
        0xa6 => Some(b'='),
        0xa8 => Some(b'\\'),
        0xa9 => Some(b'$'),
        _ => None,
    }
}

/// UTF-7: `+ADw-script+AD4-`.
pub(super) fn utf7(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.all(class::PLUS) {
        return None;
    }
    let bytes = &text.bytes;
    // `+A` and a shift for each sign below U+0100 is how ASCII looks.
    memchr::memmem::find_iter(bytes, b"+A").find(|&place| shifted(bytes, place).is_some())?;
    let mut out = text.builder();
    let mut place = 0;
    while let Some(&byte) = bytes.get(place) {
        let shift = if byte == b'+' { shifted(bytes, place) } else { None };
        match shift {
            Some((codes, length)) => {
                codes.into_iter().for_each(|code| out.push(code, place));
                place += length;
            }
            None => {
                out.push(byte, place);
                place += 1;
            }
        }
    }
    Some(out.finish())
}

/// The ASCII signs of the shift sequence at `place`, and its length with the closing `-`.
fn shifted(bytes: &[u8], place: usize) -> Option<(Vec<u8>, usize)> {
    const LONGEST: usize = 256;
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(u32::from(byte - b'A')),
        b'a'..=b'z' => Some(u32::from(byte - b'a') + 26),
        b'0'..=b'9' => Some(u32::from(byte - b'0') + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bits, mut count, mut run, mut codes) = (0_u32, 0, 0, Vec::new());
    for value in tail(bytes, place + 1).iter().take(LONGEST).map_while(|byte| digit(*byte)) {
        run += 1;
        bits = (bits << 6 | value) & 0x3f_ffff;
        count += 6;
        if count >= 16 {
            count -= 16;
            // The first sign that is none of ASCII ends it: most of what looks like this is no UTF-7.
            codes.push(u8::try_from(bits >> count & 0xffff).ok().filter(u8::is_ascii)?);
        }
    }
    let signs = codes.iter().any(|code| !code.is_ascii_alphanumeric());
    let closing = at(bytes, place + 1 + run) == b'-';
    (signs && closing).then_some((codes, 2 + run))
}

/// Two bytes for each letter, one of them NUL.
pub(super) fn utf16(text: &Text, mask: Mask) -> Option<Text> {
    if !mask.any(class::CONTROL) {
        return None;
    }
    let bytes = &text.bytes;
    let zeros = memchr::memchr_iter(0, bytes).count();
    if bytes.len() < 8 || zeros * 5 < bytes.len() * 2 {
        return None;
    }
    let mut out = text.builder();
    for (place, byte) in
        bytes.iter().enumerate().filter(|(_, byte)| !matches!(byte, 0 | 0xfe | 0xff))
    {
        out.push(*byte, place);
    }
    Some(out.finish())
}

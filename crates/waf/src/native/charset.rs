//! Bodies in two or four bytes a letter. Readers of JSON find out by the first bytes (RFC 4627
//! section 3), forms by the declared charset; the detectors want one byte for each ASCII letter.

use std::borrow::Cow;

/// Numbers of the code pages that spell letters in other bytes than ASCII: EBCDIC.
const EBCDIC: [&[u8]; 31] = [
    b"037", b"273", b"277", b"278", b"280", b"284", b"285", b"290", b"297", b"420", b"424", b"500",
    b"870", b"871", b"875", b"880", b"905", b"918", b"924", b"1026", b"1047", b"1140", b"1141",
    b"1142", b"1143", b"1144", b"1145", b"1146", b"1147", b"1148", b"1149",
];

/// Whether `content_type` names a charset in which no ASCII letter is its own byte and that no reader
/// guesses: a few servers read `ibm037` when they are told to, and nothing else reads it.
pub(super) fn is_foreign(content_type: &[u8]) -> bool {
    let declared = content_type.to_ascii_lowercase();
    let Some(place) = memchr::memmem::find(&declared, b"charset") else { return false };
    let rest = declared.get(place..).unwrap_or_default();
    let name = rest.split(|byte| matches!(byte, b';' | b',')).next().unwrap_or_default();
    let is_page = |prefix: &[u8]| {
        memchr::memmem::find(name, prefix).is_some_and(|at| {
            let number = name.get(at + prefix.len()..).unwrap_or_default();
            let digits = |byte: &&u8| byte.is_ascii_digit();
            let start = number.iter().take_while(|byte| matches!(byte, b'-' | b'_')).count();
            let number = number.get(start..).unwrap_or_default();
            let number = number.get(..number.iter().take_while(digits).count()).unwrap_or_default();
            let number = number.strip_prefix(b"0").filter(|rest| rest.len() > 2).unwrap_or(number);
            EBCDIC.contains(&number)
        })
    };
    is_page(b"ibm") || is_page(b"cp") || memchr::memmem::find(name, b"ebcdic").is_some()
}

/// How a text is coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Wide {
    /// Bytes of one unit: 2 or 4.
    size: usize,
    is_big_endian: bool,
    /// Bytes of the mark before the text.
    mark: usize,
}

/// `body` with one byte for each ASCII letter, and without the mark that may stand before a text.
pub(super) fn narrowed<'a>(content_type: &[u8], body: &'a [u8]) -> Cow<'a, [u8]> {
    match wide(content_type, body) {
        Some(wide) => Cow::Owned(read(body.get(wide.mark..).unwrap_or_default(), wide)),
        None => Cow::Borrowed(body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)),
    }
}

fn wide(content_type: &[u8], body: &[u8]) -> Option<Wide> {
    let wide = |size, is_big_endian, mark| Some(Wide { size, is_big_endian, mark });
    match body {
        [0xff, 0xfe, 0, 0, ..] => return wide(4, false, 4),
        [0, 0, 0xfe, 0xff, ..] => return wide(4, true, 4),
        [0xff, 0xfe, ..] => return wide(2, false, 2),
        [0xfe, 0xff, ..] => return wide(2, true, 2),
        [0, 0, 0, 1..=255, ..] => return wide(4, true, 0),
        [1..=255, 0, 0, 0, ..] => return wide(4, false, 0),
        [0, 1..=255, 0, 1..=255, ..] => return wide(2, true, 0),
        [1..=255, 0, 1..=255, 0, ..] => return wide(2, false, 0),
        _ => {}
    }
    let declared = content_type.to_ascii_lowercase();
    let says = |name: &[u8]| memchr::memmem::find(&declared, name).is_some();
    match () {
        () if says(b"utf-32le") => wide(4, false, 0),
        () if says(b"utf-32") => wide(4, true, 0),
        () if says(b"utf-16le") => wide(2, false, 0),
        () if says(b"utf-16") || says(b"ucs-2") => wide(2, true, 0),
        () => None,
    }
}

fn read(text: &[u8], wide: Wide) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / wide.size);
    let mut buffer = [0; 4];
    let mut push = |character: char| {
        out.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
    };
    let unit = |bytes: &[u8]| {
        let fold = |unit: u32, byte: &u8| unit << 8 | u32::from(*byte);
        if wide.is_big_endian {
            bytes.iter().fold(0, fold)
        } else {
            bytes.iter().rev().fold(0, fold)
        }
    };
    let units = text.chunks(wide.size).map(unit);
    if wide.size == 4 {
        units.for_each(|unit| push(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER)));
    } else {
        let units = units.map(|unit| u16::try_from(unit).unwrap_or_default());
        char::decode_utf16(units)
            .for_each(|unit| push(unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
    }
    out
}

//! `base64Decode`, `base64DecodeExt` and `base64Encode`.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const fn value_of(byte: u8) -> Option<u32> {
    Some(match byte {
        b'A'..=b'Z' => byte as u32 - 65,
        b'a'..=b'z' => byte as u32 - 71,
        b'0'..=b'9' => byte as u32 + 4,
        b'+' => 62,
        b'/' => 63,
        _ => return None,
    })
}

/// Decodes up to the first byte that is not of the alphabet; line ends are passed over.
pub(super) fn decode(input: &[u8], out: &mut Vec<u8>) {
    let ends = |byte: &&u8| value_of(**byte).is_some() || matches!(**byte, b'\r' | b'\n');
    decode_digits(input.iter().take_while(ends), out);
}

/// How many bytes [`decode`] makes at most.
pub(crate) fn decoded_length(input: &[u8]) -> usize {
    let ends = |byte: &u8| value_of(*byte).is_none() && !matches!(*byte, b'\r' | b'\n');
    input.iter().position(ends).unwrap_or(input.len()) * 3 / 4
}

/// Decodes, passing over every byte that is not of the alphabet.
pub(super) fn decode_lenient(input: &[u8], out: &mut Vec<u8>) {
    decode_digits(input.iter().take_while(|byte| **byte != b'='), out);
}

fn decode_digits<'a>(bytes: impl Iterator<Item = &'a u8>, out: &mut Vec<u8>) {
    let mut bits = 0_u32;
    let mut count = 0_u32;
    for value in bytes.filter_map(|byte| value_of(*byte)) {
        bits = bits << 6 | value;
        count += 6;
        if count >= 8 {
            count -= 8;
            let [.., byte] = (bits >> count).to_be_bytes();
            out.push(byte);
            bits &= (1 << count) - 1;
        }
    }
}

/// Encodes with padding.
pub(super) fn encode(input: &[u8], out: &mut Vec<u8>) {
    for chunk in input.chunks(3) {
        let mut group = [0; 3];
        group.iter_mut().zip(chunk).for_each(|(to, from)| *to = *from);
        let [first, second, third] = group.map(usize::from);
        let bits = first << 16 | second << 8 | third;
        for index in 0..4 {
            let digit = ALPHABET.get(bits >> (18 - 6 * index) & 63).copied().unwrap_or(b'=');
            out.push(if index <= chunk.len() { digit } else { b'=' });
        }
    }
}

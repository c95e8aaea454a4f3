//! Changes of requests, the same on every run.

use mantlet_waf::ftw::Request;

/// What is put into values.
const PIECES: &[&[u8]] = &[
    b"'", b"\"", b"%27", b"+", b"%00", b"../", b"<", b"&lt;", b"\\u003c", b"/**/", b"--", b"%2e",
    b"union", b"SELECT ", b"();", b"${", b"{{", b"=", b"&x=", b";", b"|", b"`id`", b"%c0%af",
    b"\\",
];

/// A source of choices.
struct Choices(u64);

impl Choices {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// A changed copy; its case is named `case~`.
pub(crate) fn mutate(case: &str, mut request: Request) -> (String, Request) {
    let seed = case.bytes().fold(0_u64, |hash, byte| hash.wrapping_mul(31) + u64::from(byte));
    let mut choices = Choices(seed);
    for _ in 0..=choices.below(3) {
        match choices.below(3) {
            0 if !request.body.is_empty() => change(&mut request.body, &mut choices),
            1 if !request.headers.is_empty() => {
                let index = choices.below(request.headers.len());
                let value = &mut request.headers[index].1;
                change(value, &mut choices);
                value.retain(|byte| !matches!(byte, b'\r' | b'\n' | 0));
            }
            _ => {
                let from = request.target.iter().position(|byte| *byte == b'?').unwrap_or(0);
                let mut query = request.target.split_off(from);
                change(&mut query, &mut choices);
                query.retain(u8::is_ascii_graphic);
                request.target.append(&mut query);
            }
        }
    }
    (format!("{case}~"), request)
}

fn change(text: &mut Vec<u8>, choices: &mut Choices) {
    let at = choices.below(text.len() + 1);
    match choices.below(4) {
        0 => {
            let piece = PIECES[choices.below(PIECES.len())];
            text.splice(at..at, piece.iter().copied());
        }
        1 => text.truncate(at.max(1)),
        2 => text.iter_mut().skip(at).step_by(2).for_each(|byte| {
            *byte = if byte.is_ascii_lowercase() {
                byte.to_ascii_uppercase()
            } else {
                byte.to_ascii_lowercase()
            };
        }),
        _ => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 0x20;
            }
        }
    }
}

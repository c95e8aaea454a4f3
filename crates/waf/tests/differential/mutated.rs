//! Changes of requests, the same on every run.

use mantlet_waf::ftw::Request;

/// What is put into values.
const PIECES: &[&[u8]] = &[
    b"'",
    b"\"",
    b"%27",
    b"+",
    b"%00",
    b"../",
    b"<",
    b"&lt;",
    b"\\u003c",
    b"/**/",
    b"--",
    b"%2e",
    b"union",
    b"SELECT ",
    b"();",
    b"${",
    b"{{",
    b"=",
    b"&x=",
    b";",
    b"|",
    b"`id`",
    b"%c0%af",
    b"\\",
    b" or ",
    b"1",
    b"script>",
    b"onload=",
    b"/etc/",
    b"passwd",
    b"cat ",
    b" from ",
    b"http://",
    b"php",
    b"eval(",
    b"system",
    b" -- ",
    b"/*",
    b"*/",
    b"\n",
    b"\xe2\x80\x99",
    b"#",
    b"javascript:",
    b"}}",
    b"}",
    b")",
    b">",
    b"and",
    b"sleep(",
    b"where",
    b" ",
    b"a",
    b"name",
];

/// A source of choices.
pub(crate) struct Choices(u64);

impl Choices {
    /// Choices that follow from a name alone.
    pub(crate) fn of(name: &str) -> Self {
        let add = |hash: u64, byte: u8| hash.wrapping_mul(31).wrapping_add(u64::from(byte));
        Self(name.bytes().fold(0, add))
    }

    /// One of the pieces that are put into values.
    pub(crate) fn piece(&mut self) -> &'static [u8] {
        PIECES[self.below(PIECES.len())]
    }

    /// A number below `bound`.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % bound.max(1)
    }
}

/// A changed copy; its case is named `case~`.
pub(crate) fn mutate(case: &str, mut request: Request) -> (String, Request) {
    let mut choices = Choices::of(case);
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
            text.splice(at..at, choices.piece().iter().copied());
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

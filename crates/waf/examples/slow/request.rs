//! Requests of one size, made of little.

use mantlet_waf::ftw::Request;

use super::search::Choices;

/// How large a request is.
pub(crate) const SIZE_BYTES: usize = 100_000;

/// How many values stand in a request with many.
const MANY: usize = 900;

/// How long the parts are at most that are taken out of a unit to mix them.
const MIXED_BYTES: usize = 8;

/// What a value is made of: a beginning, what is repeated until it is as long as wanted, and what
/// closes each repetition at the end, as brackets do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Piece {
    pub(crate) head: Vec<u8>,
    pub(crate) unit: Vec<u8>,
    pub(crate) closing: Vec<u8>,
    /// In place of repetitions parts of the unit stand one after another, as these choices have it.
    pub(crate) mixed: Option<Choices>,
}

impl Piece {
    fn text(&self, length: usize) -> Vec<u8> {
        let unit = if self.unit.is_empty() { b"a" } else { self.unit.as_slice() };
        let room = length.saturating_sub(self.head.len());
        let count = room / (unit.len() + self.closing.len()).max(1);
        let mut text = self.head.clone();
        if let Some(choices) = self.mixed {
            text.extend(mixed(unit, choices, room));
        } else if self.closing.is_empty() {
            text.extend(unit.iter().copied().cycle().take(room));
        } else {
            text.extend_from_slice(&unit.repeat(count));
            text.extend_from_slice(&self.closing.repeat(count));
        }
        text
    }
}

/// Parts of `unit`, one after another.
fn mixed(unit: &[u8], mut choices: Choices, length: usize) -> Vec<u8> {
    let mut text = Vec::new();
    while text.len() < length {
        let start = choices.below(unit.len());
        let end = unit.len().min(start + 1 + choices.below(MIXED_BYTES));
        text.extend_from_slice(unit.get(start..end).unwrap_or_default());
    }
    text.truncate(length);
    text
}

/// Every place a value can stand, with its content type.
pub(crate) const PLACES: [(&str, &str); 14] = [
    ("value", "application/x-www-form-urlencoded"),
    ("many values", "application/x-www-form-urlencoded"),
    ("many names", "application/x-www-form-urlencoded"),
    ("query", ""),
    ("path", ""),
    ("cookie", ""),
    ("header", ""),
    ("json", "application/json"),
    ("json strings", "application/json"),
    ("raw json", "application/json"),
    ("xml", "text/xml"),
    ("multipart", "multipart/form-data; boundary=B"),
    ("text", "text/plain"),
    ("undeclared", ""),
];

fn encoded(piece: &[u8]) -> Vec<u8> {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric();
    let one = |byte: &u8| {
        if plain(byte) { vec![*byte] } else { format!("%{byte:02x}").into_bytes() }
    };
    piece.iter().flat_map(one).collect()
}

/// At most so much of `text`, so that what is encoded is no longer than what is not.
fn cut(mut text: Vec<u8>) -> Vec<u8> {
    text.truncate(SIZE_BYTES);
    text
}

/// As often as it fits.
fn filled(one: &[u8]) -> Vec<u8> {
    one.repeat(SIZE_BYTES / one.len().max(1))
}

fn body(name: &str, piece: &Piece) -> Vec<u8> {
    let long = || piece.text(SIZE_BYTES);
    let one = || piece.text(SIZE_BYTES / MANY);
    let string = |text: Vec<u8>| {
        let text = String::from_utf8_lossy(&text);
        let room = SIZE_BYTES * text.len() / serde_json::Value::from(&*text).to_string().len();
        let (text, _) = text.split_at(text.floor_char_boundary(room));
        serde_json::Value::from(text).to_string()
    };
    match name {
        "value" => cut([b"a=", encoded(&long()).as_slice()].concat()),
        "many values" => filled(&[b"a=", encoded(&one()).as_slice(), b"&"].concat()),
        "many names" => filled(&[encoded(&one()).as_slice(), b"=1&"].concat()),
        "json" => format!("{{\"a\":{}}}", string(long())).into(),
        "json strings" => {
            let all = filled(format!(",{}", string(one())).as_bytes());
            [b"{\"a\":[1", all.as_slice(), b"]}"].concat()
        }
        "xml" => [b"<a>", long().as_slice(), b"</a>"].concat(),
        "multipart" => [
            b"--B\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n",
            long().as_slice(),
            b"\r\n--B--\r\n",
        ]
        .concat(),
        "raw json" | "text" | "undeclared" => long(),
        _ => Vec::new(),
    }
}

/// The request with such a value at the place with this number.
pub(crate) fn request(place: usize, piece: &Piece) -> Request {
    let (name, content_type) = PLACES.get(place).copied().unwrap_or_default();
    let long = || piece.text(SIZE_BYTES);
    let body = body(name, piece);
    let header = |name: &str, value: Vec<u8>| (name.as_bytes().to_vec(), value);
    let mut headers = vec![
        header("Host", b"example.com".to_vec()),
        header("User-Agent", b"Mozilla/5.0".to_vec()),
        header("Accept", b"*/*".to_vec()),
    ];
    let mut target = b"/index.html".to_vec();
    match name {
        "query" => target.extend(cut([b"?a=", encoded(&long()).as_slice()].concat())),
        "path" => target.extend(cut([b"/".as_slice(), &encoded(&long())].concat())),
        "cookie" => headers.push(header("Cookie", [b"a=", long().as_slice()].concat())),
        "header" => headers.push(header("X-Custom", long())),
        _ => headers.push(header("Content-Length", body.len().to_string().into())),
    }
    if !content_type.is_empty() {
        headers.push(header("Content-Type", content_type.into()));
    }
    let method = if body.is_empty() { "GET" } else { "POST" };
    Request { method: method.into(), target, protocol: b"HTTP/1.1".to_vec(), headers, body }
}

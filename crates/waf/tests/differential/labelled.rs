//! The labelled texts of `corpora/waf`, each in one place of a request.

use mantlet_waf::ftw::Request;

use crate::corpus::lines;
use crate::mutated::Choices;

const ATTACKS: &[&str] = &[
    "crlf",
    "deserialisation",
    "expression",
    "java",
    "ldap",
    "node",
    "nosql",
    "path-traversal",
    "php",
    "python",
    "shell",
    "sqli",
    "ssrf",
    "template",
    "xpath",
    "xss",
    "xxe",
];

const BENIGN: &[&str] = &["prose", "names", "values", "code", "payloads"];

/// Where a text is put.
const PLACES: &[fn(&[u8]) -> Request] =
    &[in_query, in_form, in_json, in_cookie, in_xml, in_part, in_header, in_path];

/// Every attack and every honest text; its case is named after its file and line.
pub(crate) fn requests() -> Vec<(String, Request)> {
    let attacks = ATTACKS.iter().map(|file| ("attacks", *file));
    let all = attacks.chain(BENIGN.iter().map(|file| ("benign", *file)));
    all.flat_map(|(folder, file)| {
        let texts = lines(folder, &format!("{file}.txt"));
        texts.into_iter().enumerate().map(move |(number, text)| {
            let case = format!("{file}-{}", number + 1);
            let mut choices = Choices::of(&case);
            (case, PLACES[choices.below(PLACES.len())](&text))
        })
    })
    .collect()
}

/// Requests whose values are put together from pieces; their cases are numbers.
pub(crate) fn generated(count: usize) -> Vec<(String, Request)> {
    let one = |number: usize| {
        let case = format!("generated-{number}");
        let mut choices = Choices::of(&case);
        let text: Vec<u8> = (0..=choices.below(9)).flat_map(|_| choices.piece()).copied().collect();
        (case, PLACES[choices.below(PLACES.len())](&text))
    };
    (0..count).map(one).collect()
}

fn request(
    method: &[u8],
    target: Vec<u8>,
    header: Option<(&[u8], &[u8])>,
    body: Vec<u8>,
) -> Request {
    let mut headers = vec![
        (b"Host".to_vec(), b"localhost".to_vec()),
        (b"User-Agent".to_vec(), b"OWASP CRS test agent".to_vec()),
        (b"Accept".to_vec(), b"*/*".to_vec()),
    ];
    headers.extend(header.map(|(name, value)| (name.to_vec(), value.to_vec())));
    if !body.is_empty() {
        headers.push((b"Content-Length".to_vec(), body.len().to_string().into_bytes()));
    }
    Request { method: method.to_vec(), target, protocol: b"HTTP/1.1".to_vec(), headers, body }
}

fn posted(kind: &[u8], body: Vec<u8>) -> Request {
    request(b"POST", b"/post".to_vec(), Some((b"Content-Type", kind)), body)
}

fn in_query(text: &[u8]) -> Request {
    request(b"GET", [b"/get?q=".as_slice(), &percent(text)].concat(), None, Vec::new())
}

fn in_path(text: &[u8]) -> Request {
    request(b"GET", [b"/get/".as_slice(), &percent(text)].concat(), None, Vec::new())
}

fn in_form(text: &[u8]) -> Request {
    let body = [b"name=x&q=".as_slice(), &percent(text)].concat();
    posted(b"application/x-www-form-urlencoded", body)
}

fn in_json(text: &[u8]) -> Request {
    let text = String::from_utf8_lossy(text);
    let body = serde_json::json!({ "name": "x", "items": [{ "q": text }] });
    posted(b"application/json", body.to_string().into_bytes())
}

fn in_xml(text: &[u8]) -> Request {
    let text = String::from_utf8_lossy(text);
    // What a document cannot hold in any way stays out.
    let text: String =
        text.chars().filter(|it| !it.is_control() || it.is_ascii_whitespace()).collect();
    let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    posted(
        b"application/xml",
        format!("<?xml version=\"1.0\"?><a><b c=\"{escaped}\">{escaped}</b></a>").into_bytes(),
    )
}

fn in_part(text: &[u8]) -> Request {
    let head = b"--B\r\nContent-Disposition: form-data; name=\"q\"\r\n\r\n".as_slice();
    posted(b"multipart/form-data; boundary=B", [head, text, b"\r\n--B--\r\n"].concat())
}

fn in_cookie(text: &[u8]) -> Request {
    let value = [b"theme=dark; q=".as_slice(), &percent(text)].concat();
    request(b"GET", b"/get".to_vec(), Some((b"Cookie", &value)), Vec::new())
}

fn in_header(text: &[u8]) -> Request {
    let value: Vec<u8> =
        text.iter().filter(|byte| byte.is_ascii_graphic() || **byte == b' ').copied().collect();
    request(b"GET", b"/get".to_vec(), Some((b"Referer", value.trim_ascii())), Vec::new())
}

fn percent(text: &[u8]) -> Vec<u8> {
    let escaped = |byte: &u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'/' => vec![*byte],
        other => format!("%{other:02X}").into_bytes(),
    };
    text.iter().flat_map(escaped).collect()
}

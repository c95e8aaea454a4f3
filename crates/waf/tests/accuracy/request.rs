//! Requests taken apart the way a gateway does it, as far as the cases need.

use mantlet_waf::detect::Place;

use crate::case::{Case, Part};

/// `%XX` and `+` decoded once.
pub(crate) fn decoded(text: &[u8], plus: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut place = 0;
    while let Some(&byte) = text.get(place) {
        let hex = text
            .get(place + 1..place + 3)
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 16).ok());
        match (byte, hex) {
            (b'%', Some(value)) => {
                out.push(value);
                place += 3;
                continue;
            }
            (b'+', _) if plus => out.push(b' '),
            _ => out.push(byte),
        }
        place += 1;
    }
    out
}

fn pairs(text: &[u8], place: Place<'static>, parts: &mut Vec<Part>) {
    for pair in text.split(|b| *b == b'&').filter(|pair| !pair.is_empty()) {
        let mut halves = pair.splitn(2, |b| *b == b'=');
        let name = decoded(halves.next().unwrap_or_default(), true);
        parts.push(Part::new(Place::Name, b"", &name));
        if let Some(value) = halves.next() {
            parts.push(Part::new(place, &name, &decoded(value, true)));
        }
    }
}

/// A request as the parts that a gateway hands to the detectors.
pub(crate) fn case(
    group: &str,
    id: String,
    method: &str,
    uri: &[u8],
    headers: &[(String, String)],
    body: &[u8],
) -> Case {
    let mut parts = Vec::new();
    let cut = uri.iter().position(|b| *b == b'?').unwrap_or(uri.len());
    parts.push(Part::new(Place::Path, b"", &decoded(&uri[..cut], false)));
    pairs(uri.get(cut + 1..).unwrap_or_default(), Place::QueryValue, &mut parts);
    let mut kind = String::new();
    let mut kept = Vec::new();
    for (name, value) in headers {
        let name = name.to_ascii_lowercase();
        kept.push((name.clone(), value.clone().into_bytes()));
        match name.as_str() {
            "content-type" => kind = value.clone(),
            "cookie" => {
                for pair in value.split(';') {
                    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                    parts.push(Part::new(
                        Place::Name,
                        b"",
                        &decoded(name.trim().as_bytes(), false),
                    ));
                    parts.push(Part::new(
                        Place::Cookie,
                        name.trim().as_bytes(),
                        &decoded(value.as_bytes(), false),
                    ));
                }
                continue;
            }
            _ => {}
        }
        let known: &'static str = Box::leak(name.into_boxed_str());
        parts.push(Part::new(Place::Header(known), known.as_bytes(), value.as_bytes()));
    }
    let mut json = None;
    let lower = kind.to_ascii_lowercase();
    let first = body.iter().copied().find(|b| !b.is_ascii_whitespace()).unwrap_or(0);
    match () {
        () if lower.contains("json") => json = Some(body.to_vec()),
        () if lower.contains("multipart") => multipart(&kind, body, &mut parts),
        () if lower.contains("xml") || lower.is_empty() && first == b'<' => xml(body, &mut parts),
        () if body.is_empty() => {}
        () if lower.contains("urlencoded") || lower.is_empty() => {
            pairs(body, Place::BodyField, &mut parts)
        }
        () => parts.push(Part::new(Place::BodyField, b"", body)),
    }
    Case { id, group: group.to_owned(), parts, json, method: method.to_owned(), headers: kept }
}

/// The whole text, and every attribute and text with its references resolved.
fn xml(body: &[u8], parts: &mut Vec<Part>) {
    parts.push(Part::new(Place::XmlText, b"body", body));
    let text = String::from_utf8_lossy(body);
    for piece in text.split(['"', '<', '>']) {
        if piece.len() > 2 {
            let value = piece
                .replace("&lt;", "<")
                .replace("&gt;", ">")
                .replace("&quot;", "\"")
                .replace("&apos;", "'")
                .replace("&#x7B;", "{")
                .replace("&#x7D;", "}")
                .replace("&#x27;", "'")
                .replace("&#13;", "\r")
                .replace("&#10;", "\n")
                .replace("&amp;", "&");
            parts.push(Part::new(Place::XmlText, b"", value.as_bytes()));
        }
    }
}

fn multipart(kind: &str, body: &[u8], parts: &mut Vec<Part>) {
    let Some((_, boundary)) = kind.split_once("boundary=") else { return };
    let boundary = format!("--{}", boundary.trim_matches('"'));
    let text = String::from_utf8_lossy(body).replace("\r\n", "\n");
    for piece in text.split(&boundary) {
        let piece = piece.strip_prefix('\n').unwrap_or(piece);
        let (head, content) = piece.split_once("\n\n").unwrap_or((piece, ""));
        for line in head.lines() {
            if let Some((_, name)) = line.split_once("filename=") {
                parts.push(Part::new(
                    Place::FileName,
                    b"filename",
                    name.trim().trim_matches('"').as_bytes(),
                ));
            } else if let Some((_, name)) = line.split_once(" name=") {
                parts.push(Part::new(Place::Name, b"", name.trim_matches('"').as_bytes()));
            }
        }
        let content = content.trim_end_matches('\n');
        if !content.is_empty() && content != "--" {
            let json = head.contains("json");
            if json || content.starts_with('<') {
                xml(content.as_bytes(), parts);
            }
            parts.push(Part::new(Place::BodyField, b"", content.as_bytes()));
        }
    }
}

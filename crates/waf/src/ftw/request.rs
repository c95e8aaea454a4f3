//! The bytes a case sends, built as go-ftw builds them.

use super::case::Input;
use super::template;
use crate::transformations::{Transformation, url};

const FORM: &str = "application/x-www-form-urlencoded";

/// The whole request.
pub(super) fn build(input: &Input) -> Vec<u8> {
    if let Some(encoded) = &input.encoded_request {
        let mut raw = Vec::new();
        Transformation::Base64Decode.apply(encoded.as_bytes(), &mut raw);
        return raw;
    }
    let mut headers: Vec<(String, String)> = input
        .headers
        .iter()
        .map(|(name, value)| (name.clone(), template::expand(&value.0)))
        .collect();
    let mut data =
        input.data.as_ref().map(|data| template::expand(&data.0).into_bytes()).unwrap_or_default();
    if !data.is_empty() && input.autocomplete_headers {
        add(&mut headers, "Content-Type", FORM);
        if find(&headers, "Content-Type") == Some(FORM) {
            data = encode_form(data);
        }
    }
    if find(&headers, "Content-Type").is_some_and(|value| value.starts_with("multipart/form-data;"))
    {
        data = with_crlf(&data);
    }
    if input.autocomplete_headers {
        add(&mut headers, "Connection", "close");
        if !data.is_empty() || may_have_body(&input.method) {
            let length = data.len().to_string();
            add(&mut headers, "Content-Length", &length);
        }
    }
    let mut raw =
        format!("{} {} {}\r\n", input.method, template::expand(&input.uri), input.version)
            .into_bytes();
    for (name, value) in headers {
        raw.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
    }
    raw.extend_from_slice(b"\r\n");
    raw.extend_from_slice(&data);
    raw
}

fn find<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value.as_str())
}

fn add(headers: &mut Vec<(String, String)>, name: &str, value: &str) {
    if find(headers, name).is_none() {
        headers.push((name.to_owned(), value.to_owned()));
    }
}

/// The pattern `^POST|PUT|PATCH|DELETE$`, which matches more than it means to.
fn may_have_body(method: &str) -> bool {
    method.starts_with("POST")
        || method.contains("PUT")
        || method.contains("PATCH")
        || method.ends_with("DELETE")
}

/// Encodes a form whose text means itself when it is decoded.
fn encode_form(data: Vec<u8>) -> Vec<u8> {
    let mut decoded = Vec::new();
    url::decode(&data, &mut decoded);
    if decoded != data || !url::is_well_encoded(&data) {
        return data;
    }
    let mut out = Vec::new();
    for token in data.split(|byte| *byte == b'&') {
        match memchr::memchr(b'=', token) {
            Some(equals) => {
                escape(token.get(..equals).unwrap_or_default(), &mut out);
                out.push(b'=');
                escape(token.get(equals + 1..).unwrap_or_default(), &mut out);
            }
            None => escape(token, &mut out),
        }
        out.push(b'&');
    }
    out.pop();
    out
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    for byte in text {
        match byte {
            b' ' => out.push(b'+'),
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => out.push(*byte),
            other => out.extend_from_slice(format!("%{other:02X}").as_bytes()),
        }
    }
}

fn with_crlf(data: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(data.len() + 64);
    for byte in data {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

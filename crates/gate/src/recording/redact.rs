//! What is taken out of a request before it is written: credentials by their place, secrets by
//! their name, and everything that looks like one.

use mantlet_event::{Redactor, names_secret};
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::Recorded;

/// What stands in the place of a secret. A plain word: it breaks neither addresses nor JSON.
const GONE: &str = "redacted";
/// Header fields of which nothing is kept but the name.
const CREDENTIALS: [&str; 6] = [
    "authorization",
    "cookie",
    "cookie2",
    "proxy-authorization",
    "sec-websocket-protocol",
    "x-csrf-token",
];
/// How deep JSON is looked into; what is deeper is left out.
const DEPTH: usize = 64;

/// Takes the secrets out of `request`.
pub(super) fn redact(request: &mut Recorded, redactor: &Redactor) {
    let clean = |text: &str| plain(text, redactor);
    request.target = target(&request.target, &clean);
    for (name, value) in &mut request.headers {
        let is_credential = CREDENTIALS.iter().any(|known| name.eq_ignore_ascii_case(known));
        *value = if is_credential || names_secret(name) {
            GONE.to_owned()
        } else if name.eq_ignore_ascii_case("referer") {
            target(value, &clean)
        } else {
            clean(value)
        };
    }
    let kind = request.header("content-type").unwrap_or_default().to_ascii_lowercase();
    if let Some(body) = request.body.take() {
        request.body = Some(self::body(&kind, &body, &clean));
    }
}

/// `text` without anything that looks like a secret.
fn plain(text: &str, redactor: &Redactor) -> String {
    redactor.redact(text).replace(mantlet_event::REDACTED, GONE)
}

fn target(target: &str, clean: &dyn Fn(&str) -> String) -> String {
    let joined = match target.split_once('?') {
        Some((path, query)) => format!("{}?{}", clean(path), pairs(query, clean)),
        None => target.to_owned(),
    };
    clean(&joined)
}

/// Names and values as in a query.
fn pairs(text: &str, clean: &dyn Fn(&str) -> String) -> String {
    let one = |pair: &str| match pair.split_once('=') {
        Some((name, value)) => {
            let decoded = |text: &str| {
                percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
            };
            let plain = decoded(value);
            let is_secret = names_secret(&decoded(name)) || clean(&plain) != plain;
            let value = if is_secret && !value.is_empty() { GONE } else { value };
            format!("{}={value}", clean(name))
        }
        None => clean(pair),
    };
    text.split('&').map(one).collect::<Vec<_>>().join("&")
}

fn body(kind: &str, body: &str, clean: &dyn Fn(&str) -> String) -> String {
    let first = body.trim_start().chars().next();
    // Whatever it is declared as: an application may read it by what it looks like.
    let structured = if kind.starts_with("multipart/") {
        parts(body)
    } else if let (Some('{' | '['), Ok(value)) = (first, serde_json::from_str::<Value>(body)) {
        let mut cleaned = value.clone();
        json(&mut cleaned, clean, DEPTH);
        // As it came, where that is possible: names that stand there twice say something.
        if cleaned == value { body.to_owned() } else { cleaned.to_string() }
    } else if first == Some('<') {
        elements(body)
    } else if body.contains('=') && !body.contains(char::is_whitespace) {
        pairs(body, clean)
    } else {
        body.to_owned()
    };
    clean(&structured)
}

fn json(value: &mut Value, clean: &dyn Fn(&str) -> String, depth: usize) {
    match value {
        _ if depth == 0 => *value = Value::String(GONE.to_owned()),
        Value::String(text) => *text = clean(text),
        Value::Array(items) => items.iter_mut().for_each(|item| json(item, clean, depth - 1)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                if names_secret(name) && !member.is_null() {
                    *member = Value::String(GONE.to_owned());
                } else {
                    json(member, clean, depth - 1);
                }
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// A form of several parts, the values of parts with secret names gone.
fn parts(body: &str) -> String {
    let delimiter = body.lines().next().unwrap_or_default().trim_end();
    if !delimiter.starts_with("--") {
        return GONE.to_owned();
    }
    let part = |part: &str| {
        let (head, value) = match part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")) {
            Some((head, value)) => (head, value),
            None => return part.to_owned(),
        };
        let lower = head.to_ascii_lowercase();
        let names = lower.split("name").skip(1).filter_map(|rest| {
            let value = rest.trim_start_matches(['*', ' ', '\t']).strip_prefix('=')?;
            Some(value.split([';', '\r', '\n']).next().unwrap_or_default().to_owned())
        });
        if !value.is_empty() && names.into_iter().any(|name| names_secret(&name)) {
            format!("{head}\r\n\r\n{GONE}\r\n")
        } else {
            part.to_owned()
        }
    };
    body.split(delimiter).map(part).collect::<Vec<_>>().join(delimiter)
}

/// XML, what stands in elements with secret names gone.
fn elements(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut hidden: Option<&str> = None;
    for (index, piece) in body.split('<').enumerate() {
        if let Some(inside) = hidden {
            let closed = piece.strip_prefix('/').filter(|rest| rest.starts_with(inside));
            if closed.is_none() {
                continue;
            }
            out.push_str(GONE);
            hidden = None;
        }
        if index > 0 {
            out.push('<');
        }
        let tag = piece.split('>').next().unwrap_or_default();
        // Attributes are left to the patterns.
        let name = tag.split([' ', '\t', '\r', '\n', '/']).next().unwrap_or_default();
        if index > 0 && names_secret(name) && !tag.ends_with('/') {
            hidden = Some(name);
            out.push_str(name);
            out.push('>');
        } else {
            out.push_str(piece);
        }
    }
    out
}

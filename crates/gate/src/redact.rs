//! Requests and answers without secrets, as they are written: credentials go by their place, secrets
//! by their name, and everything that looks like one.

use std::fmt;

use mantlet_event::{Redactor, names_secret};
use percent_encoding::percent_decode_str;
use serde_json::Value;

/// What stands in the place of a secret. A plain word: it breaks neither addresses nor JSON.
pub(crate) const GONE: &str = "redacted";
/// Header fields of which nothing is kept but the name.
const CREDENTIALS: [&str; 8] = [
    "authorization",
    "cookie",
    "cookie2",
    "proxy-authorization",
    "sec-websocket-protocol",
    "set-cookie",
    "set-cookie2",
    "x-csrf-token",
];
/// Header fields that hold addresses.
const ADDRESSES: [&str; 3] = ["content-location", "location", "referer"];
/// How deep JSON is looked into; what is deeper is left out.
const DEPTH: usize = 64;

/// Takes secrets out of the parts of requests and answers.
#[derive(Clone, Copy)]
pub(crate) struct Discreet<'a> {
    redactor: &'a Redactor,
    /// Whether what has this name is a secret.
    is_secret: &'a dyn Fn(&str) -> bool,
}

impl fmt::Debug for Discreet<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Discreet")
    }
}

impl<'a> Discreet<'a> {
    /// Secrets have the names that secrets commonly have.
    pub(crate) fn new(redactor: &'a Redactor) -> Self {
        Self { redactor, is_secret: &names_secret }
    }

    /// Secrets have the names that `is_secret` says.
    pub(crate) fn naming(self, is_secret: &'a dyn Fn(&str) -> bool) -> Self {
        Self { is_secret, ..self }
    }

    /// `text` without anything that looks like a secret.
    pub(crate) fn text(self, text: &str) -> String {
        self.redactor.redact(text).replace(mantlet_event::REDACTED, GONE)
    }

    /// The value of a header field.
    pub(crate) fn header(self, name: &str, value: &str) -> String {
        let is = |names: &[&str]| names.iter().any(|known| name.eq_ignore_ascii_case(known));
        if is(&CREDENTIALS) || (self.is_secret)(name) {
            GONE.to_owned()
        } else if is(&ADDRESSES) {
            self.target(value)
        } else {
            self.text(value)
        }
    }

    /// A path with a query, or an address with both.
    pub(crate) fn target(self, target: &str) -> String {
        let joined = match target.split_once('?') {
            Some((path, query)) => format!("{}?{}", self.text(path), self.pairs(query)),
            None => target.to_owned(),
        };
        self.text(&joined)
    }

    /// Names and values as in a query.
    pub(crate) fn pairs(self, text: &str) -> String {
        let one = |pair: &str| match pair.split_once('=') {
            Some((name, value)) => {
                let decoded = |text: &str| {
                    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
                };
                let plain = decoded(value);
                let is_secret = (self.is_secret)(&decoded(name)) || self.text(&plain) != plain;
                let value = if is_secret && !value.is_empty() { GONE } else { value };
                format!("{}={value}", self.text(name))
            }
            None => self.text(pair),
        };
        text.split('&').map(one).collect::<Vec<_>>().join("&")
    }

    /// A body of this type, in small letters.
    pub(crate) fn body(self, kind: &str, body: &str) -> String {
        let first = body.trim_start().chars().next();
        // Whatever it is declared as: an application may read it by what it looks like.
        let structured = if kind.starts_with("multipart/") {
            self.parts(body)
        } else if let (Some('{' | '['), Ok(value)) = (first, serde_json::from_str::<Value>(body)) {
            let mut cleaned = value.clone();
            self.json(&mut cleaned, DEPTH);
            // As it came, where that is possible: names that stand there twice say something.
            if cleaned == value { body.to_owned() } else { cleaned.to_string() }
        } else if first == Some('<') {
            self.elements(body)
        } else if body.contains('=') && !body.contains(char::is_whitespace) {
            self.pairs(body)
        } else {
            body.to_owned()
        };
        self.text(&structured)
    }

    fn json(self, value: &mut Value, depth: usize) {
        match value {
            _ if depth == 0 => *value = Value::String(GONE.to_owned()),
            Value::String(text) => *text = self.text(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.json(item, depth - 1)),
            Value::Object(members) => {
                for (name, member) in members.iter_mut() {
                    if (self.is_secret)(name) && !member.is_null() {
                        *member = Value::String(GONE.to_owned());
                    } else {
                        self.json(member, depth - 1);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }

    /// A form of several parts, the values of parts with secret names gone.
    fn parts(self, body: &str) -> String {
        let delimiter = body.lines().next().unwrap_or_default().trim_end();
        if !delimiter.starts_with("--") {
            return GONE.to_owned();
        }
        let part = |part: &str| {
            let (head, value) =
                match part.split_once("\r\n\r\n").or_else(|| part.split_once("\n\n")) {
                    Some((head, value)) => (head, value),
                    None => return part.to_owned(),
                };
            let lower = head.to_ascii_lowercase();
            let names = lower.split("name").skip(1).filter_map(|rest| {
                let value = rest.trim_start_matches(['*', ' ', '\t']).strip_prefix('=')?;
                Some(value.split([';', '\r', '\n']).next().unwrap_or_default().to_owned())
            });
            if !value.is_empty() && names.into_iter().any(|name| (self.is_secret)(&name)) {
                format!("{head}\r\n\r\n{GONE}\r\n")
            } else {
                part.to_owned()
            }
        };
        body.split(delimiter).map(part).collect::<Vec<_>>().join(delimiter)
    }

    /// XML, what stands in elements with secret names gone.
    fn elements(self, body: &str) -> String {
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
            if index > 0 && (self.is_secret)(name) && !tag.ends_with('/') {
                hidden = Some(name);
                out.push_str(name);
                out.push('>');
            } else {
                out.push_str(piece);
            }
        }
        out
    }
}

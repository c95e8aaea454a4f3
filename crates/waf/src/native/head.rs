//! The head of a request: path, query, cookies, header fields.

use std::borrow::Cow;

use super::hit::Spot;
use super::inspection::Inspection;
use crate::detect::Place;
use crate::transformations::url;

/// Parameters of one query, form or `Cookie` field that are looked at; more exhaust the budget.
const PAIRS: usize = 10_000;

/// Header fields whose content is settled before, or is a secret of its own grammar.
const SETTLED: [&str; 7] = [
    "host",
    "cookie",
    "content-length",
    "content-encoding",
    "traceparent",
    "transfer-encoding",
    "x-request-id",
];

impl Inspection<'_> {
    /// Looks at a path, escapes and all.
    pub fn path(&mut self, path: &str) {
        let path = decoded(path.as_bytes(), false);
        self.value(&Spot { place: Place::Path, part: "path", name: b"" }, &path);
    }

    /// Looks at the names and values of a query.
    pub fn query(&mut self, query: &[u8]) {
        self.pairs(query, Place::QueryValue, "query");
    }

    /// Looks at one header field; its name is in lower case.
    pub fn header(&mut self, name: &str, value: &[u8]) {
        if name == "cookie" {
            return self.cookies(value);
        }
        let is_settled = SETTLED.contains(&name)
            || name == "content-type" && memchr::memchr3(b'{', b'<', b'`', value).is_none();
        if is_settled {
            return;
        }
        self.value(
            &Spot { place: Place::Header(name), part: "header", name: name.as_bytes() },
            value,
        );
    }

    fn cookies(&mut self, value: &[u8]) {
        let pairs = value.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
        for (index, pair) in pairs.filter(|pair| !pair.is_empty()).enumerate() {
            if index >= PAIRS {
                return self.exhaust("cookies");
            }
            let (name, value) = split(pair);
            let name = decoded(name, false);
            self.value(&Spot { place: Place::Name, part: "cookie", name: b"" }, &name);
            let value = decoded(value, false);
            self.parameter(&Spot { place: Place::Cookie, part: "cookie", name: &name }, &value);
            if self.is_over() {
                return;
            }
        }
    }

    /// URL-encoded names and values.
    pub(super) fn pairs(&mut self, text: &[u8], place: Place<'static>, part: &'static str) {
        let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
        for (index, pair) in pairs.enumerate() {
            if index >= PAIRS {
                return self.exhaust("parameters");
            }
            let (name, value) = split(pair);
            let name = decoded(name, true);
            self.value(&Spot { place: Place::Name, part, name: &name }, &name);
            let value = decoded(value, true);
            self.parameter(&Spot { place, part, name: &name }, &value);
            if self.is_over() {
                return;
            }
        }
    }

    /// A value that can itself be JSON, as some pages send it.
    pub(super) fn parameter(&mut self, spot: &Spot<'_>, value: &[u8]) {
        self.value(spot, value);
        if matches!(value.first(), Some(b'{' | b'[')) && !self.is_over() {
            self.json(value, spot.name, spot.part);
        }
    }
}

fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(place) => {
            (pair.get(..place).unwrap_or_default(), pair.get(place + 1..).unwrap_or_default())
        }
        None => (pair, b""),
    }
}

/// `text` without its escapes; borrowed where there are none.
fn decoded(text: &[u8], plus: bool) -> Cow<'_, [u8]> {
    let has_escapes =
        if plus { memchr::memchr2(b'%', b'+', text).is_some() } else { text.contains(&b'%') };
    if !has_escapes {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    if plus {
        url::decode(text, &mut out);
        return Cow::Owned(out);
    }
    // A plus is a plus there.
    for (index, part) in text.split(|byte| *byte == b'+').enumerate() {
        if index > 0 {
            out.push(b'+');
        }
        url::decode(part, &mut out);
    }
    Cow::Owned(out)
}

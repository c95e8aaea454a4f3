//! Names with values, as they stand in queries, forms and cookies.

use std::borrow::Cow;

use percent_encoding::percent_decode;

use crate::fault::{Fault, Place};
use crate::refusal::{Refusal, RefusalKind};

/// Most names with values in one query or form.
pub(crate) const MAX_ENTRIES: usize = 1000;

/// One name with its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry<'a> {
    pub(crate) name: Cow<'a, str>,
    pub(crate) value: Cow<'a, str>,
    pub(crate) kind: Kind,
}

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text.
    Text,
    /// The content of a file, which is not shown.
    File,
    /// JSON.
    Json,
}

impl<'a> Entry<'a> {
    pub(crate) fn text(name: impl Into<Cow<'a, str>>, value: impl Into<Cow<'a, str>>) -> Self {
        Self { name: name.into(), value: value.into(), kind: Kind::Text }
    }
}

/// Reads `a=1&b=2` (WHATWG URL, `application/x-www-form-urlencoded`).
///
/// # Errors
/// [`Refusal`] when something is not UTF-8, or there is too much.
pub(crate) fn urlencoded(place: Place, text: &[u8]) -> Result<Vec<Entry<'_>>, Refusal> {
    let mut entries = Vec::new();
    for pair in text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty()) {
        if entries.len() >= MAX_ENTRIES {
            let message = format!("has more than {MAX_ENTRIES} values");
            let fault = Fault::new(place, "", "values", message);
            return Err(Refusal::new(RefusalKind::TooComplex, fault));
        }
        let equals = memchr::memchr(b'=', pair);
        let (name, value) = match equals {
            Some(at) => (pair.get(..at), pair.get(at + 1..)),
            None => (Some(pair), None),
        };
        let name = decoded(place, name.unwrap_or_default())?;
        let value = decoded(place, value.unwrap_or_default())?;
        entries.push(Entry::text(name, value));
    }
    Ok(entries)
}

fn decoded(place: Place, text: &[u8]) -> Result<Cow<'_, str>, Refusal> {
    let invalid = || {
        let fault = Fault::new(place, "", "encoding", "is not UTF-8");
        Refusal::new(RefusalKind::Malformed, fault)
    };
    if memchr::memchr2(b'%', b'+', text).is_none() {
        return std::str::from_utf8(text).map(Cow::Borrowed).map_err(|_| invalid());
    }
    let spaced: Vec<u8> =
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    let decoded = percent_decode(&spaced).decode_utf8().map_err(|_| invalid())?;
    Ok(Cow::Owned(decoded.into_owned()))
}

/// Reads one `Cookie` line.
pub(crate) fn cookies(line: &str) -> impl Iterator<Item = Entry<'_>> {
    let pairs = line.split(';').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| Entry::text(name.trim(), value.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_read_as_browsers_write_them() {
        let pairs = |text: &str| {
            let entries = urlencoded(Place::Query, text.as_bytes());
            let entries = entries.map_err(|refusal| refusal.faults[0].keyword)?;
            let pair = |entry: Entry<'_>| format!("{}={}", entry.name, entry.value);
            Ok(entries.into_iter().map(pair).collect::<Vec<_>>().join("|"))
        };
        for (text, expected) in [
            ("", Ok("")),
            ("a=1&b=x%20y+z", Ok("a=1|b=x y z")),
            ("a&&=b&c==", Ok("a=|=b|c==")),
            ("%61=%26", Ok("a=&")),
            ("a=%zz", Ok("a=%zz")),
            ("a=%ff", Err("encoding")),
            ("%C0%AF=1", Err("encoding")),
        ] {
            assert_eq!(pairs(text), expected.map(str::to_owned), "{text}");
        }
        assert_eq!(pairs(&"a&".repeat(MAX_ENTRIES + 1)), Err("values"));
    }
}

//! HAR 1.2, as browsers export it: one entry at a time.

use std::cell::Cell;
use std::fmt;
use std::io::{self, BufReader, Read};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;
use url::Url;

use super::Entry;
use crate::recording::{Omitted, Recorded};

/// Hands every request of the file to `each`. What asks no server (`data:`, extensions of the
/// browser) is passed over.
///
/// # Errors
/// Where the file stops being HAR, and why.
pub(super) fn read(file: BufReader<impl Read>, each: &mut impl FnMut(Entry)) -> Result<(), String> {
    let (line, bytes) = (Cell::new(1), Cell::new(0));
    let mut number = 0_u64;
    let mut entry = |value: Value| {
        number = number.saturating_add(1);
        let place = format!("entry {number}, line {}", line.get());
        match request(&value) {
            Ok(None) => {}
            Ok(Some(request)) => each(Entry { place, read: bytes.get(), request: Ok(request) }),
            Err(error) => each(Entry { place, read: bytes.get(), request: Err(error) }),
        }
    };
    let counted = Counted { inner: file, line: &line, bytes: &bytes };
    let mut json = serde_json::Deserializer::from_reader(counted);
    let path = Inside { path: &["log", "entries"], each: &mut entry };
    let found = path.deserialize(&mut json).map_err(|error| error.to_string())?;
    json.end().map_err(|error| error.to_string())?;
    if found { Ok(()) } else { Err("there is no `log` with `entries`".to_owned()) }
}

/// Counts what goes through; a mark in front that says UTF-8 is left out.
struct Counted<'c, R> {
    inner: R,
    line: &'c Cell<u64>,
    bytes: &'c Cell<u64>,
}

impl<R: Read> Read for Counted<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let size = self.inner.read(buffer)?;
            let got = buffer.get(..size).unwrap_or_default();
            let breaks = got.iter().filter(|byte| **byte == b'\n').count();
            let is_mark = self.bytes.get() < 3 && matches!(got, [0xef | 0xbb | 0xbf]);
            self.line.set(self.line.get().saturating_add(breaks as u64));
            self.bytes.set(self.bytes.get().saturating_add(size as u64));
            if !is_mark {
                return Ok(size);
            }
        }
    }
}

/// The list at a path of names; whether there is one.
struct Inside<'p, 'e> {
    path: &'p [&'static str],
    each: &'e mut dyn FnMut(Value),
}

impl<'de> DeserializeSeed<'de> for Inside<'_, '_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        if self.path.is_empty() {
            deserializer.deserialize_seq(self)
        } else {
            deserializer.deserialize_map(self)
        }
    }
}

impl<'de> Visitor<'de> for Inside<'_, '_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.first() {
            Some(name) => write!(f, "an object with `{name}`"),
            None => f.write_str("a list of entries"),
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        let Some((wanted, path)) = self.path.split_first() else { return Ok(false) };
        let mut is_found = false;
        while let Some(name) = map.next_key::<String>()? {
            if name == *wanted {
                is_found |= map.next_value_seed(Inside { path, each: &mut *self.each })?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(is_found)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut entries: A) -> Result<bool, A::Error> {
        while let Some(entry) = entries.next_element::<Value>()? {
            (self.each)(entry);
        }
        Ok(true)
    }
}

/// The request of an entry; `None` when it asks no server.
fn request(entry: &Value) -> Result<Option<Recorded>, String> {
    let request = entry.get("request").ok_or("no `request`")?;
    let text = |name: &str| {
        let text = request.get(name).and_then(Value::as_str);
        text.ok_or_else(|| format!("no `request.{name}`"))
    };
    let url = Url::parse(text("url")?).map_err(|error| format!("`request.url`: {error}"))?;
    let scheme = match url.scheme() {
        "http" | "ws" => "http",
        "https" | "wss" => "https",
        _ => return Ok(None),
    };
    let host = match (url.host_str(), url.port()) {
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (Some(host), None) => host.to_owned(),
        (None, _) => return Err("`request.url` has no host".to_owned()),
    };
    let (path, query) = (url.path(), url.query().map(|query| format!("?{query}")));
    let (body, body_base64) = body(request.get("postData"))?;
    let had_body = request.get("bodySize").and_then(Value::as_i64).is_some_and(|size| size > 0);
    let is_missing = had_body && body.is_none() && body_base64.is_none();
    Ok(Some(Recorded {
        version: 1,
        at: entry.get("startedDateTime").and_then(Value::as_str).unwrap_or_default().to_owned(),
        method: text("method")?.to_owned(),
        scheme: scheme.to_owned(),
        host,
        target: format!("{path}{}", query.unwrap_or_default()),
        headers: headers(request)?,
        body,
        body_base64,
        body_omitted: is_missing.then_some(Omitted::NotHeld),
        ..Recorded::default()
    }))
}

fn headers(request: &Value) -> Result<Vec<(String, String)>, String> {
    let fields = request.get("headers").and_then(Value::as_array);
    let fields = fields.ok_or("no `request.headers`")?;
    let mut headers = Vec::with_capacity(fields.len());
    for field in fields {
        let text = |name: &str| field.get(name).and_then(Value::as_str);
        let (name, value) =
            text("name").zip(text("value")).ok_or("a header without `name` and `value`")?;
        headers.push((name.to_owned(), value.to_owned()));
    }
    let kind = |post: &Value| post.get("mimeType").and_then(Value::as_str).map(str::to_owned);
    let has_kind = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if let Some(kind) = request.get("postData").and_then(kind).filter(|_| !has_kind) {
        headers.push(("content-type".to_owned(), kind));
    }
    Ok(headers)
}

/// The body as text, or as base64.
fn body(post: Option<&Value>) -> Result<(Option<String>, Option<String>), String> {
    let Some(post) = post.filter(|post| !post.is_null()) else { return Ok((None, None)) };
    if let Some(text) = post.get("text").and_then(Value::as_str) {
        let is_base64 = post.get("encoding").and_then(Value::as_str) == Some("base64");
        let text = Some(text.to_owned());
        return Ok(if is_base64 { (None, text) } else { (text, None) });
    }
    let Some(fields) = post.get("params").and_then(Value::as_array) else {
        return Err("`request.postData` has neither `text` nor `params`".to_owned());
    };
    let mut form = url::form_urlencoded::Serializer::new(String::new());
    for field in fields {
        let text = |name: &str| field.get(name).and_then(Value::as_str).unwrap_or_default();
        form.append_pair(text("name"), text("value"));
    }
    Ok((Some(form.finish()), None))
}

//! One event and its values.

use std::borrow::Cow;

use mantlet_types::{RequestId, Severity, Timestamp};

use crate::{Entry, Redactor, json};

/// The most fields an event carries; further ones are left out and counted.
pub(crate) const MAX_FIELDS: usize = 32;
/// The most bytes of one text value that reach a sink.
const MAX_TEXT_BYTES: usize = 2 * 1024;
/// The most bytes of one text value that are searched for secrets before it is cut.
const MAX_RAW_BYTES: usize = 3 * 1024;
/// Marks a value that was cut.
const CUT: char = '…';
/// Keys of the line that fields must not take.
const RESERVED: [&str; 6] =
    ["at", "event.name", "event.code", "severity", "request_id", json::OMITTED];

/// The value of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Text, at most 2 KiB once emitted; a cut one ends in `…`.
    Text(Cow<'static, str>),
    /// A whole number.
    Number(i64),
    /// A fraction; not-a-number and infinities are written as `null`.
    Float(f64),
    /// Yes or no.
    Flag(bool),
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<&'static str> for Value {
    fn from(text: &'static str) -> Self {
        Self::Text(Cow::Borrowed(text))
    }
}

impl Value {
    /// The text, `None` for other kinds of value.
    #[must_use]
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The whole number, `None` for other kinds of value.
    #[must_use]
    pub const fn as_number(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            _ => None,
        }
    }
}

/// Something that happened. Built where it happens and given to [`crate::Events::emit`].
#[derive(Debug, Clone)]
pub struct Event {
    at: Timestamp,
    entry: &'static Entry,
    severity: Severity,
    request_id: Option<RequestId>,
    fields: Vec<(&'static str, Value)>,
    omitted: usize,
}

impl Event {
    /// An event of the kind `entry`, with its severity and no fields.
    #[must_use]
    pub const fn new(entry: &'static Entry) -> Self {
        Self {
            at: Timestamp::UNIX_EPOCH,
            entry,
            severity: entry.severity,
            request_id: None,
            fields: Vec::new(),
            omitted: 0,
        }
    }

    /// Says which request it belongs to.
    #[must_use]
    pub const fn request(mut self, id: RequestId) -> Self {
        self.request_id = Some(id);
        self
    }

    /// Overrides the severity of the catalogue.
    #[must_use]
    pub const fn severity(mut self, severity: Severity) -> Self {
        self.severity = severity;
        self
    }

    /// Sets a text field; the same field set twice keeps the last value.
    #[must_use]
    pub fn text(self, field: &'static str, value: impl Into<Cow<'static, str>>) -> Self {
        self.set(field, Value::Text(bound_raw(value.into())))
    }

    /// Sets a field to a whole number.
    #[must_use]
    pub fn number(self, field: &'static str, value: i64) -> Self {
        self.set(field, Value::Number(value))
    }

    /// Sets a field to a fraction.
    #[must_use]
    pub fn float(self, field: &'static str, value: f64) -> Self {
        self.set(field, Value::Float(value))
    }

    /// Sets a field to yes or no.
    #[must_use]
    pub fn flag(self, field: &'static str, value: bool) -> Self {
        self.set(field, Value::Flag(value))
    }

    fn set(mut self, field: &'static str, value: Value) -> Self {
        if let Some((_, old)) = self.fields.iter_mut().find(|(name, _)| *name == field) {
            *old = value;
        } else if self.fields.len() >= MAX_FIELDS || RESERVED.contains(&field) {
            self.omitted += 1;
        } else {
            if self.fields.capacity() == 0 {
                self.fields.reserve(12);
            }
            self.fields.push((field, value));
        }
        self
    }

    /// When it was emitted; the Unix epoch before that.
    #[must_use]
    pub const fn at(&self) -> Timestamp {
        self.at
    }

    /// Its entry in the catalogue.
    #[must_use]
    pub const fn entry(&self) -> &'static Entry {
        self.entry
    }

    /// How much it matters.
    #[must_use]
    pub const fn level(&self) -> Severity {
        self.severity
    }

    /// The request it belongs to; `None` when it belongs to none.
    #[must_use]
    pub const fn request_id(&self) -> Option<RequestId> {
        self.request_id
    }

    /// The value of `field`; `None` when it is not set.
    #[must_use]
    pub fn lookup(&self, field: &str) -> Option<&Value> {
        self.fields().find(|(name, _)| *name == field).map(|(_, value)| value)
    }

    /// All fields in the order in which they were first set.
    pub fn fields(&self) -> impl Iterator<Item = (&'static str, &Value)> {
        self.fields.iter().map(|(name, value)| (*name, value))
    }

    /// How many fields were left out because there were too many.
    pub(crate) const fn omitted(&self) -> usize {
        self.omitted
    }

    /// The event as one line of JSON without the line break.
    #[must_use]
    pub fn to_json(&self) -> String {
        json::render(self)
    }

    /// Sets the time.
    pub(crate) const fn stamp(&mut self, at: Timestamp) {
        self.at = at;
    }

    /// Makes the event ready for sinks: stamps it, takes out secrets, cuts long values.
    pub(crate) fn seal(&mut self, at: Timestamp, redactor: &Redactor) {
        self.stamp(at);
        for (_, value) in &mut self.fields {
            if let Value::Text(text) = value {
                if let Cow::Owned(clean) = redactor.redact(text) {
                    *text = Cow::Owned(clean);
                }
                if text.len() > MAX_TEXT_BYTES {
                    *text = Cow::Owned(cut(text, MAX_TEXT_BYTES));
                }
            }
        }
    }

    /// About how many bytes the event takes in memory.
    pub(crate) fn weight(&self) -> usize {
        let texts = self.fields.iter().map(|(_, value)| value.as_text().map_or(0, str::len));
        size_of::<Self>() + self.fields.len() * size_of::<(&str, Value)>() + texts.sum::<usize>()
    }
}

/// Bounds the work of redaction. The cut is moved back to a delimiter, because half a secret at
/// the end would match no pattern and could move into sight when the text before it shrinks.
fn bound_raw(text: Cow<'static, str>) -> Cow<'static, str> {
    if text.len() <= MAX_RAW_BYTES {
        return text;
    }
    let mut kept = cut(&text, MAX_RAW_BYTES);
    if let Some(end) = kept.rfind([' ', '\n', '&', ';', ',', '"', '\'']) {
        // The delimiter stays, so that the mark is not taken for a part of the last value.
        kept.truncate(end + 1);
        kept.push(CUT);
    }
    Cow::Owned(kept)
}

/// The longest start of `text` that has at most `limit` bytes together with the mark.
fn cut(text: &str, limit: usize) -> String {
    let room = limit.saturating_sub(CUT.len_utf8());
    let end = (0..=room).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let mut kept = String::with_capacity(limit);
    kept.push_str(text.get(..end).unwrap_or_default());
    kept.push(CUT);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{catalogue, field};

    fn event() -> Event {
        Event::new(&catalogue::LIMIT_REQUEST_REFUSED)
    }

    #[test]
    fn a_field_set_twice_keeps_the_last_value() {
        let event =
            event().text(field::REASON, "one").number(field::STATUS, 1).text(field::REASON, "two");
        assert_eq!(event.lookup(field::REASON).and_then(Value::as_text), Some("two"));
        assert_eq!(event.fields().count(), 2);
    }

    #[test]
    fn too_many_fields_are_left_out_and_counted() {
        let names: Vec<&'static str> = (0..40).map(|n| &*format!("field{n}").leak()).collect();
        let event = names.iter().fold(event(), |event, name| event.number(name, 1));
        assert_eq!((event.fields().count(), event.omitted()), (32, 8));
        assert!(event.to_json().ends_with(r#""fields.omitted":8}"#));
    }

    #[test]
    fn the_keys_of_the_line_cannot_be_taken() {
        let event = event().text("event.name", "forged").text("request_id", "forged");
        assert_eq!(event.fields().count(), 0);
    }

    #[test]
    fn long_values_are_cut_at_a_character_and_marked() {
        let mut event = event().text(field::EVIDENCE, "ä".repeat(3000));
        event.seal(Timestamp::UNIX_EPOCH, &Redactor::new());
        let text = event.lookup(field::EVIDENCE).and_then(Value::as_text).unwrap();
        assert!(text.len() <= 2048 && text.len() > 2040);
        assert!(text.ends_with("ä…"));
    }

    #[test]
    fn a_secret_at_the_bound_does_not_move_into_sight() {
        let padding = format!("password={} ", "x".repeat(3000));
        let mut event =
            event().text(field::EVIDENCE, format!("{padding}api_key={}", "k3y".repeat(100)));
        event.seal(Timestamp::UNIX_EPOCH, &Redactor::new());
        let text = event.lookup(field::EVIDENCE).and_then(Value::as_text).unwrap();
        assert_eq!(text, "password=[redacted] …");
    }
}

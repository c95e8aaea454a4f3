//! JSON of clients, read so that every parser reads the same: no member twice, no number that some
//! round and others refuse, bounded in depth and in the number of values.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::pointer;

/// Integers from here on have no exact form in which parsers agree.
const WIDE: f64 = 9_223_372_036_854_775_808.0;
/// So many digits are never more than 64 bits.
const SAFE_DIGITS: usize = 18;

/// How much a body may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Deepest nesting of arrays and objects.
    pub depth: usize,
    /// Most values: numbers, texts, arrays, objects and members.
    pub values: usize,
}

/// Why a text is not taken for JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum JsonFault {
    /// It is not UTF-8 from this byte on.
    NotUtf8(usize),
    /// It is no JSON; line and column, both from 1.
    Syntax(usize, usize),
    /// A member stands twice: its pointer.
    Duplicate(String),
    /// A number that has no exact value: too large, or too long.
    Number,
    /// It nests deeper than the limit.
    TooDeep(usize),
    /// It has more values than the limit.
    TooMany(usize),
}

impl JsonFault {
    /// Whether a limit was reached.
    #[must_use]
    pub const fn is_limit(&self) -> bool {
        matches!(self, Self::TooDeep(_) | Self::TooMany(_))
    }

    /// The keyword under which this is reported.
    #[must_use]
    pub const fn keyword(&self) -> &'static str {
        match self {
            Self::NotUtf8(_) => "encoding",
            Self::Syntax(..) => "syntax",
            Self::Duplicate(_) => "duplicate",
            Self::Number => "number",
            Self::TooDeep(_) => "depth",
            Self::TooMany(_) => "values",
        }
    }
}

impl fmt::Display for JsonFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotUtf8(at) => write!(f, "is not UTF-8 from byte {at} on"),
            Self::Syntax(line, column) => {
                write!(f, "is not valid JSON at line {line}, column {column}")
            }
            Self::Duplicate(_) => f.write_str("stands there more than once"),
            Self::Number => f.write_str("has an integer of more than 64 bits"),
            Self::TooDeep(limit) => write!(f, "nests deeper than {limit} levels"),
            Self::TooMany(limit) => write!(f, "has more than {limit} values"),
        }
    }
}

/// Reads one JSON text.
///
/// # Errors
/// [`JsonFault`]
pub fn read(text: &[u8], limits: Limits) -> Result<Value, JsonFault> {
    let text =
        std::str::from_utf8(text).map_err(|error| JsonFault::NotUtf8(error.valid_up_to()))?;
    let state = State { limits, values: 0, is_wide: false, fault: None, path: Vec::new() };
    let state = RefCell::new(state);
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = Seed { state: &state, depth: 0 }
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value));
    let state = state.into_inner();
    let value = read.map_err(|error| match state.fault {
        Some(JsonFault::Duplicate(_)) => JsonFault::Duplicate(path(&state.path)),
        Some(fault) => fault,
        // The only other complaint of this category: a number beyond all floats.
        None if error.to_string().starts_with("number out of range") => JsonFault::Number,
        None => JsonFault::Syntax(error.line(), error.column()),
    })?;
    if state.is_wide && has_wide_integer(text.as_bytes()) {
        return Err(JsonFault::Number);
    }
    Ok(value)
}

/// The pointer of what was collected from the inside out.
fn path(steps: &[String]) -> String {
    let steps = steps.iter().rev();
    steps.map(|step| format!("/{}", pointer::escaped(step))).collect()
}

struct State {
    limits: Limits,
    values: usize,
    /// Whether a number was read that may have been an integer too wide.
    is_wide: bool,
    fault: Option<JsonFault>,
    /// The way to the fault, from the inside out.
    path: Vec<String>,
}

#[derive(Clone, Copy)]
struct Seed<'s> {
    state: &'s RefCell<State>,
    depth: usize,
}

impl Seed<'_> {
    fn fail<E: serde::de::Error>(&self, fault: JsonFault) -> E {
        self.state.borrow_mut().fault = Some(fault);
        E::custom("")
    }

    fn count<E: serde::de::Error>(&self) -> Result<(), E> {
        let mut state = self.state.borrow_mut();
        state.values = state.values.saturating_add(1);
        let limit = state.limits.values;
        let is_fine = state.values <= limit;
        drop(state);
        if is_fine { Ok(()) } else { Err(self.fail(JsonFault::TooMany(limit))) }
    }

    fn inside<E: serde::de::Error>(self) -> Result<Self, E> {
        let limit = self.state.borrow().limits.depth;
        let depth = self.depth.saturating_add(1);
        if depth > limit {
            Err(self.fail(JsonFault::TooDeep(limit)))
        } else {
            Ok(Self { depth, ..self })
        }
    }

    /// Notes the step at which a fault was found below.
    fn pass_on<E>(&self, step: &str, error: E) -> E {
        let mut state = self.state.borrow_mut();
        if matches!(state.fault, Some(JsonFault::Duplicate(_))) {
            state.path.push(step.to_owned());
        }
        error
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        self.count()?;
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        if value.abs() >= WIDE {
            self.state.borrow_mut().is_wide = true;
        }
        let number = Number::from_f64(value);
        number.map(Value::Number).ok_or_else(|| self.fail(JsonFault::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let seed = self.inside()?;
        let mut list = Vec::new();
        loop {
            match items.next_element_seed(seed) {
                Ok(Some(item)) => list.push(item),
                Ok(None) => return Ok(Value::Array(list)),
                Err(error) => return Err(self.pass_on(&list.len().to_string(), error)),
            }
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let seed = self.inside()?;
        let mut object = Map::new();
        while let Some(name) = members.next_key::<String>()? {
            if object.contains_key(&name) {
                let error = self.fail(JsonFault::Duplicate(String::new()));
                return Err(self.pass_on(&name, error));
            }
            match members.next_value_seed(seed) {
                Ok(value) => object.insert(name, value),
                Err(error) => return Err(self.pass_on(&name, error)),
            };
        }
        Ok(Value::Object(object))
    }
}

/// Whether valid JSON has an integer, written as one, that needs more than 64 bits.
fn has_wide_integer(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        rest = match byte {
            b'"' => after_string(after),
            b'-' | b'0'..=b'9' => {
                let is_number =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-');
                let end = after.iter().position(|byte| !is_number(byte)).unwrap_or(after.len());
                let (tail, after) = after.split_at(end);
                let is_integer = tail.iter().all(u8::is_ascii_digit);
                if is_integer && tail.len() > SAFE_DIGITS && !fits(byte, tail) {
                    return true;
                }
                after
            }
            _ => after,
        };
    }
    false
}

fn fits(first: u8, digits: &[u8]) -> bool {
    let text: String =
        std::iter::once(&first).chain(digits).map(|byte| char::from(*byte)).collect();
    text.parse::<i64>().is_ok() || text.parse::<u64>().is_ok()
}

/// What comes after the text whose opening quote was just read.
fn after_string(mut rest: &[u8]) -> &[u8] {
    while let Some(at) = memchr::memchr2(b'"', b'\\', rest) {
        let is_end = rest.get(at) == Some(&b'"');
        rest = rest.get(at + if is_end { 1 } else { 2 }..).unwrap_or_default();
        if is_end {
            return rest;
        }
    }
    &[]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const LIMITS: Limits = Limits { depth: 4, values: 20 };

    fn fault(text: &str) -> JsonFault {
        read(text.as_bytes(), LIMITS).unwrap_err()
    }

    #[test]
    fn what_parsers_read_differently_is_refused() {
        for (text, expected) in [
            (r#"{"a":1,"a":2}"#, JsonFault::Duplicate("/a".into())),
            (r#"{"x":[0,{"a/b":1,"a\/b":2}]}"#, JsonFault::Duplicate("/x/1/a~1b".into())),
            (r#"{"role":"user","\u0072ole":"admin"}"#, JsonFault::Duplicate("/role".into())),
            ("18446744073709551616", JsonFault::Number),
            (r#"{"a":"\"9","id":-9223372036854775809}"#, JsonFault::Number),
            ("1e400", JsonFault::Number),
            ("[[[[[1]]]]]", JsonFault::TooDeep(4)),
            ("[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", JsonFault::TooMany(20)),
            ("{\"a\":1,}", JsonFault::Syntax(1, 8)),
            ("{\"a\":1}\n x", JsonFault::Syntax(2, 2)),
            ("", JsonFault::Syntax(1, 0)),
            ("NaN", JsonFault::Syntax(1, 1)),
            ("01", JsonFault::Syntax(1, 2)),
            ("\"\\ud800\"", JsonFault::Syntax(1, 8)),
            ("\u{feff}{}", JsonFault::Syntax(1, 1)),
        ] {
            assert_eq!(fault(text), expected, "{text}");
        }
        assert_eq!(read(b"{\"a\":\"\xff\"}", LIMITS), Err(JsonFault::NotUtf8(6)));
        assert_eq!(read(b"\xfe\xff\0{\0}", LIMITS), Err(JsonFault::NotUtf8(0)));
    }

    #[test]
    fn ordinary_numbers_are_taken_as_they_are() {
        for text in ["18446744073709551615", "-9223372036854775808", "1e30", "-0.5", "1.5e-7", "0"]
        {
            assert!(read(text.as_bytes(), LIMITS).is_ok(), "{text}");
        }
        let text = r#"["12345678901234567890123", 1e30]"#;
        assert!(read(text.as_bytes(), LIMITS).is_ok(), "digits in a text are no number");
    }

    proptest! {
        #[test]
        fn it_reads_what_serde_reads(text in r#"[\[\]{}",:0-9a.e\\ -]{0,24}"#) {
            let limits = Limits { depth: 100, values: 1000 };
            match read(text.as_bytes(), limits) {
                Ok(value) => prop_assert_eq!(Some(value), serde_json::from_str(&text).ok()),
                Err(JsonFault::Syntax(..)) => prop_assert!(serde_json::from_str::<Value>(&text).is_err()),
                Err(_) => {}
            }
        }

        #[test]
        fn what_serde_writes_is_read(number in any::<f64>(), wide in any::<u64>(), word in ".*") {
            let value = json!({"a": [number, wide, word.clone()], "b": {word: null}});
            let read = read(value.to_string().as_bytes(), Limits { depth: 3, values: 9 });
            prop_assert_eq!(read, Ok(value));
        }
    }
}

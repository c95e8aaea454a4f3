//! `uniqueItems`, in time that grows with the size of the array and nothing else: what the library
//! does can be made to compare every item with every other.

use std::collections::HashSet;
use std::fmt::Write as _;

use jsonschema::paths::Location;
use jsonschema::{Keyword, ValidationError};
use serde_json::{Map, Number, Value};

struct UniqueItems {
    is_asked: bool,
}

/// The keyword as the validator builds it.
pub(crate) fn keyword<'a>(
    _parent: &'a Map<String, Value>,
    value: &'a Value,
    _location: Location,
) -> Result<Box<dyn for<'i> Keyword<'i>>, ValidationError<'a>> {
    Ok(Box::new(UniqueItems { is_asked: *value == Value::Bool(true) }))
}

impl<'i> Keyword<'i> for UniqueItems {
    fn validate(&self, instance: &'i Value) -> Result<(), ValidationError<'i>> {
        if Keyword::is_valid(self, instance) {
            Ok(())
        } else {
            Err(ValidationError::custom("has an item twice"))
        }
    }

    fn is_valid(&self, instance: &'i Value) -> bool {
        let Some(items) = instance.as_array().filter(|items| self.is_asked && items.len() > 1)
        else {
            return true;
        };
        let mut seen = HashSet::with_capacity(items.len());
        items.iter().all(|item| seen.insert(canonical(item)))
    }
}

/// One text for all values that are equal, and for no others.
fn canonical(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
}

fn write(value: &Value, text: &mut String) {
    match value {
        Value::Number(number) => write_number(number, text),
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        // Members come in the order of their names.
        Value::Object(members) => {
            text.push('{');
            for (name, member) in members {
                let _ = write!(text, "{}:{name}=", name.len());
                write(member, text);
            }
            text.push('}');
        }
        Value::String(string) => {
            let _ = write!(text, "\"{}:{string}", string.len());
        }
        Value::Bool(_) | Value::Null => {
            let _ = write!(text, "{value}");
        }
    }
}

/// `1` and `1.0` are equal.
fn write_number(number: &Number, text: &mut String) {
    let float = number.as_f64().filter(|_| number.is_f64());
    let _ = match float {
        // Zero has no sign.
        Some(float) if float.fract() == 0.0 && float.abs() < 1e18 => {
            write!(text, "{:.0}", float + 0.0)
        }
        Some(float) => write!(text, "f{:x}", float.to_bits()),
        None => write!(text, "{number}"),
    };
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mantlet_types::{Clock as _, SystemClock};
    use serde_json::json;

    use super::*;

    #[test]
    fn equal_values_are_found_and_others_are_not() {
        let unique = |value: &Value| Keyword::is_valid(&UniqueItems { is_asked: true }, value);
        for (value, expected) in [
            (json!([1, 1.0]), false),
            (json!([1, "1"]), true),
            (json!([0.5, 0.5]), false),
            (json!([[1], [[1]]]), true),
            (json!([{"a": 1, "b": 2}, {"b": 2, "a": 1}]), false),
            (json!([{"a": "1:b=2"}, {"a": "1", "b": 2}]), true),
            (json!([null, false, 0, "", [], {}]), true),
            (json!(["a,", "a"]), true),
            (json!([1u64 << 53, (1u64 << 53) + 1]), true),
            (json!([-0.0, 0]), false),
        ] {
            assert_eq!(unique(&value), expected, "{value}");
        }
        assert!(Keyword::is_valid(&UniqueItems { is_asked: false }, &json!([1, 1])));
    }

    #[test]
    fn an_array_made_of_collisions_costs_no_more_than_another() {
        // All of these are one float; some hashes of trees ignore how leaves are bracketed.
        let wide: Vec<Value> = (0..1024u64).map(|low| json!(u64::MAX - 1023 + low)).collect();
        let nested: Vec<Value> = (0..20_000u32)
            .map(|bits| {
                (0..16).fold(json!([]), |inner, bit| {
                    if bits >> bit & 1 == 1 { json!([inner, 1]) } else { json!([[inner], 1]) }
                })
            })
            .collect();
        let clock = SystemClock::new();
        let begun = clock.monotonic();
        for list in [wide, nested] {
            assert!(Keyword::is_valid(&UniqueItems { is_asked: true }, &Value::Array(list)));
        }
        let took = clock.monotonic().since(begun);
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}

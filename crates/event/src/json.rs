//! Rendering an event as one line of JSON that no value can break out of.

use std::fmt::Write as _;

use jiff::fmt::temporal::DateTimePrinter;
use mantlet_types::{RequestId, Timestamp};

use crate::{Event, Value};

/// The key under which the number of left-out fields stands.
pub(crate) const OMITTED: &str = "fields.omitted";

/// RFC 3339 in UTC, always with three digits after the second, so that lines sort by text.
static PRINTER: DateTimePrinter = DateTimePrinter::new().precision(Some(3));

/// The event as one flat object: time, name, code, severity, request id, then its fields.
pub(crate) fn render(event: &Event) -> String {
    let mut line = String::with_capacity(256 + event.weight());
    line.push_str("{\"at\":\"");
    time(&mut line, event.at());
    line.push_str("\",\"event.name\":\"");
    line.push_str(event.entry().name);
    line.push_str("\",\"event.code\":\"");
    line.push_str(event.entry().code);
    line.push_str("\",\"severity\":\"");
    line.push_str(event.level().as_str());
    line.push('"');
    if let Some(id) = event.request_id() {
        line.push_str(",\"request_id\":\"");
        line.push_str(id.encode(&mut [0; RequestId::TEXT_LEN]));
        line.push('"');
    }
    for (name, field) in event.fields() {
        line.push_str(",\"");
        escape(&mut line, name);
        line.push_str("\":");
        value(&mut line, field);
    }
    if event.omitted() > 0 {
        // Writing to a `String` cannot fail.
        let _ = write!(line, ",\"{OMITTED}\":{}", event.omitted());
    }
    line.push('}');
    line
}

/// Appends `at` as RFC 3339 with milliseconds.
pub(crate) fn time(out: &mut String, at: Timestamp) {
    // Writing to a `String` cannot fail, and every `Timestamp` has a year of four digits.
    let _ = PRINTER.print_timestamp(&at, out);
}

fn value(out: &mut String, value: &Value) {
    // Writing to a `String` cannot fail.
    let _ = match value {
        Value::Text(text) => {
            out.push('"');
            escape(out, text);
            out.push('"');
            Ok(())
        }
        Value::Number(number) => write!(out, "{number}"),
        Value::Float(float) if float.is_finite() => write!(out, "{float}"),
        Value::Float(_) => write!(out, "null"),
        Value::Flag(flag) => write!(out, "{flag}"),
    };
}

/// Appends `text` so that it can stand in a JSON string, and so that neither a terminal nor an
/// editor takes any of it for a line break, a command or a change of direction.
pub(crate) fn escape(out: &mut String, text: &str) {
    if text.bytes().all(is_plain) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_deceptive(c) => {
                // Writing to a `String` cannot fail; all deceptive characters are below U+10000.
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
}

/// Whether the byte stands for itself in a JSON string.
const fn is_plain(byte: u8) -> bool {
    matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\'
}

/// Control characters (C0, DEL, C1), line and paragraph separators, and everything invisible that
/// changes the direction or the joining of text.
const fn is_deceptive(c: char) -> bool {
    matches!(c,
        '\0'..='\u{1f}'
        | '\u{7f}'..='\u{9f}'
        | '\u{61c}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{catalogue, field};

    #[test]
    fn the_line_has_its_keys_in_order() {
        let id: RequestId = "019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44".parse().unwrap();
        let mut event = Event::new(&catalogue::LIMIT_REQUEST_REFUSED)
            .text(field::REASON, "rate-limited")
            .request(id)
            .number(field::STATUS, 429)
            .float(field::DURATION_MS, 1.5)
            .float("odd", f64::NAN)
            .flag("kept", true);
        let at = "2026-01-02T03:04:05.6789Z".parse().unwrap();
        event.seal(at, &crate::Redactor::new());
        assert_eq!(
            event.to_json(),
            concat!(
                r#"{"at":"2026-01-02T03:04:05.678Z","event.name":"limit.request.refused","#,
                r#""event.code":"excess_rate_limit_exceeded","severity":"medium","#,
                r#""request_id":"019a9f2e-3c41-7d10-9a52-0c8e5e3b7f44","reason":"rate-limited","#,
                r#""http.response.status_code":429,"event.duration_ms":1.5,"odd":null,"kept":true}"#
            )
        );
    }

    #[test]
    fn whole_seconds_keep_their_digits_and_no_request_has_no_id() {
        let event = Event::new(&catalogue::PROCESS_SERVICE_STARTED);
        assert!(event.to_json().starts_with(r#"{"at":"1970-01-01T00:00:00.000Z","#));
        assert!(!event.to_json().contains("request_id"));
    }

    #[test]
    fn deceptive_characters_are_escaped() {
        let mut out = String::new();
        escape(&mut out, "a\r\n\u{1b}[2J\u{7f}\u{85}\u{2028}\u{202e}\"\\ä");
        assert_eq!(out, r#"a\r\n\u001b[2J\u007f\u0085\u2028\u202e\"\\ä"#);
    }

    proptest! {
        #[test]
        fn any_text_survives_and_none_breaks_the_line(text in any::<String>()) {
            let event = Event::new(&catalogue::HYGIENE_REQUEST_REFUSED)
                .text(field::EVIDENCE, text.clone());
            let line = event.to_json();
            prop_assert!(!line.chars().any(is_deceptive));
            let back: serde_json::Value = serde_json::from_str(&line).unwrap();
            prop_assert_eq!(back[field::EVIDENCE].as_str(), Some(text.as_str()));
        }
    }
}

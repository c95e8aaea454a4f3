//! XML: the text of the document, and its attributes. Nothing outside the document is ever read.

use std::borrow::Cow;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::attributes::Attributes;
use quick_xml::events::{BytesRef, Event};

use super::BodyLimits;

/// What a document holds.
#[derive(Debug, Default)]
pub(crate) struct Document {
    /// All text, in its order.
    pub(crate) text: Vec<u8>,
    /// Names and values of all attributes.
    pub(crate) attributes: Vec<(Vec<u8>, Vec<u8>)>,
    /// How many attributes were met, broken ones too.
    attributes_read: usize,
    /// What makes it no XML. What was read before stays.
    pub(crate) error: Option<String>,
}

/// Reads a document.
pub(crate) fn read(body: &[u8], limits: BodyLimits) -> Document {
    let mut document = Document::default();
    let text = decode(body);
    let mut reader = Reader::from_str(&text);
    let mut depth = 0_usize;
    let mut elements = 0_usize;
    loop {
        let event = match reader.read_event() {
            Ok(event) => event,
            Err(error) => {
                document.error = Some(error.to_string());
                return document;
            }
        };
        match event {
            Event::Start(start) => {
                depth += 1;
                elements += 1;
                document.attributes(start.attributes(), limits);
            }
            Event::Empty(start) => {
                elements += 1;
                document.attributes(start.attributes(), limits);
            }
            Event::End(_) => depth = depth.saturating_sub(1),
            Event::Text(text) => document.text.extend_from_slice(text.as_bytes()),
            Event::CData(text) => document.text.extend_from_slice(text.as_bytes()),
            Event::GeneralRef(reference) => document.reference(&reference),
            Event::Eof => break,
            Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
        }
        if depth > limits.depth {
            document.error = Some(format!("nested deeper than {}", limits.depth));
            return document;
        }
    }
    if document.error.is_none() && (depth > 0 || elements == 0) {
        document.error = Some("the document is not complete".to_owned());
    }
    document
}

/// The document as text: UTF-16 when it begins with that byte order mark, else UTF-8 with what is
/// invalid replaced.
fn decode(body: &[u8]) -> Cow<'_, str> {
    let units = |bytes: &[u8], read: fn([u8; 2]) -> u16| {
        let pairs = bytes.chunks_exact(2).filter_map(|pair| pair.try_into().ok());
        Cow::Owned(String::from_utf16_lossy(&pairs.map(read).collect::<Vec<u16>>()))
    };
    match body {
        [0xff, 0xfe, rest @ ..] => units(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => units(rest, u16::from_be_bytes),
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest),
        _ => String::from_utf8_lossy(body),
    }
}

impl Document {
    /// Reads the attributes of an element. Each is compared with those before, so broken ones count too.
    fn attributes(&mut self, attributes: Attributes<'_>, limits: BodyLimits) {
        for attribute in attributes {
            self.attributes_read += 1;
            match attribute {
                _ if self.attributes_read > limits.values => return,
                Ok(attribute) => {
                    let name = attribute.key.as_ref().as_bytes().to_vec();
                    self.attributes.push((name, attribute_value(attribute.value.as_bytes())));
                }
                Err(error) => self.error = Some(error.to_string()),
            }
        }
    }

    fn reference(&mut self, reference: &BytesRef<'_>) {
        self.text.extend(resolve(reference.as_bytes()));
    }
}

/// What a reference stands for; one that nothing is known of stays as it is.
fn resolve(reference: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(reference);
    let number = text.strip_prefix('#').and_then(|number| match number.strip_prefix(['x', 'X']) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None => number.parse().ok(),
    });
    if let Some(character) = number.and_then(char::from_u32) {
        return character.to_string().into_bytes();
    }
    match resolve_predefined_entity(&text) {
        Some(known) => known.as_bytes().to_vec(),
        None => format!("&{text};").into_bytes(),
    }
}

/// The value of an attribute: references resolved, white space as spaces (XML 1.0, section 3.3.3).
fn attribute_value(value: &[u8]) -> Vec<u8> {
    let spaced: Vec<u8> = value
        .iter()
        .enumerate()
        // A line end of two bytes is one.
        .filter(|(at, byte)| **byte != b'\r' || value.get(at + 1) != Some(&b'\n'))
        .map(|(_, byte)| if matches!(byte, b'\t' | b'\r' | b'\n') { b' ' } else { *byte })
        .collect();
    let mut out = Vec::new();
    let mut rest = spaced.as_slice();
    while let Some(start) = memchr::memchr(b'&', rest) {
        let (before, from) = rest.split_at(start);
        out.extend_from_slice(before);
        match memchr::memchr(b';', from) {
            Some(end) => {
                out.extend(resolve(from.get(1..end).unwrap_or_default()));
                rest = from.get(end + 1..).unwrap_or_default();
            }
            None => {
                rest = from;
                break;
            }
        }
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BodyLimits = BodyLimits { depth: 3, values: 100, files: 1 };

    #[test]
    fn text_and_attributes_are_read() {
        let document = read(
            b"<?xml version=\"1.0\"?><a x='1&lt;2'>t&amp;<b y=\"z\"/><![CDATA[<c>]]>&#65;</a>",
            LIMITS,
        );
        assert_eq!(document.text, b"t&<c>A");
        assert_eq!(
            document.attributes,
            [(b"x".to_vec(), b"1<2".to_vec()), (b"y".to_vec(), b"z".to_vec())]
        );
        assert_eq!(document.error, None);
    }

    #[test]
    fn white_space_in_attributes_is_spaces() {
        let document = read(b"<a b='x\r\ny\tz\n&#10;'/>", LIMITS);
        assert_eq!(document.attributes, [(b"b".to_vec(), b"x y z \n".to_vec())]);
    }

    #[test]
    fn broken_attributes_count_among_those_that_are_read() {
        let limits = BodyLimits { values: 3, ..LIMITS };
        let document = read(b"<a b='1' b='2' b='3' c='4'/>", limits);
        assert_eq!(document.attributes, [(b"b".to_vec(), b"1".to_vec())]);
        assert!(document.error.is_some());
    }

    #[test]
    fn what_is_no_document_is_said() {
        for text in ["<a>", "<a></b>", "", "plain", "<a><b><c><d></d></c></b></a>"] {
            assert!(read(text.as_bytes(), LIMITS).error.is_some(), "{text}");
        }
    }
}

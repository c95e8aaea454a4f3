//! JSON as flat values: `{"a":{"b":[1]}}` is `json.a.b.array_0` = `1`.

use std::borrow::Cow;
use std::io::Write as _;

use super::BodyLimits;

/// A container that is open.
enum Level {
    /// An object; the length of the path before its current key.
    Object(usize),
    /// An array; the length of the path before its index, and the index.
    Array(usize, usize),
}

/// Walks a document and hands over every value with its path. `false` from `take` ends the walk
/// without an error.
///
/// # Errors
/// What makes it no JSON, or that it nests too deep. Values before that have been handed over.
pub(crate) fn flatten(
    text: &[u8],
    limits: BodyLimits,
    take: &mut dyn FnMut(&[u8], &[u8]) -> bool,
) -> Result<(), String> {
    let mut reader = Reader { text, position: 0 };
    let mut path = b"json".to_vec();
    let mut levels: Vec<Level> = Vec::new();
    loop {
        // A value begins here.
        reader.space();
        match reader.peek() {
            Some(open @ (b'{' | b'[')) => {
                if levels.len() >= limits.depth {
                    return Err(format!("nested deeper than {}", limits.depth));
                }
                reader.position += 1;
                reader.space();
                if reader.enter(open, &mut path, &mut levels)? {
                    continue;
                }
            }
            _ => {
                let value = reader.scalar()?;
                if !take(&path, &value) {
                    return Ok(());
                }
            }
        }
        if !reader.after_value(&mut path, &mut levels)? {
            return Ok(());
        }
    }
}

struct Reader<'a> {
    text: &'a [u8],
    position: usize,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.get(self.position).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.position += 1;
        }
    }

    fn unexpected<T>(&self) -> Result<T, String> {
        match self.peek() {
            Some(byte) => {
                Err(format!("unexpected `{}` at byte {}", byte.escape_ascii(), self.position))
            }
            None => Err("the document ends too early".to_owned()),
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), String> {
        if self.peek() != Some(byte) {
            return self.unexpected();
        }
        self.position += 1;
        Ok(())
    }

    /// Opens a container; `false` when it is empty and closed again.
    fn enter(
        &mut self,
        open: u8,
        path: &mut Vec<u8>,
        levels: &mut Vec<Level>,
    ) -> Result<bool, String> {
        let close = if open == b'{' { b'}' } else { b']' };
        if self.peek() == Some(close) {
            self.position += 1;
            return Ok(false);
        }
        let length = path.len();
        if open == b'{' {
            levels.push(Level::Object(length));
            self.key(path)?;
        } else {
            levels.push(Level::Array(length, 0));
            path.extend_from_slice(b".array_0");
        }
        Ok(true)
    }

    fn key(&mut self, path: &mut Vec<u8>) -> Result<(), String> {
        self.space();
        let key = self.string()?;
        path.push(b'.');
        path.extend_from_slice(&key);
        self.space();
        self.expect(b':')
    }

    /// Closes what ends here and moves to the next value; `false` at the end of the document.
    fn after_value(&mut self, path: &mut Vec<u8>, levels: &mut Vec<Level>) -> Result<bool, String> {
        loop {
            self.space();
            let Some(level) = levels.last_mut() else {
                return if self.peek().is_none() { Ok(false) } else { self.unexpected() };
            };
            let (close, length) = match level {
                Level::Object(length) => (b'}', *length),
                Level::Array(length, _) => (b']', *length),
            };
            path.truncate(length);
            match self.peek() {
                Some(b',') => {
                    self.position += 1;
                    match level {
                        Level::Object(_) => self.key(path)?,
                        Level::Array(_, index) => {
                            *index += 1;
                            // Writing to memory cannot fail.
                            let _ = write!(path, ".array_{index}");
                        }
                    }
                    return Ok(true);
                }
                Some(byte) if byte == close => {
                    self.position += 1;
                    levels.pop();
                }
                _ => return self.unexpected(),
            }
        }
    }

    fn scalar(&mut self) -> Result<Cow<'a, [u8]>, String> {
        match self.peek() {
            Some(b'"') => self.string(),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Result<Cow<'a, [u8]>, String> {
        let words: [(&[u8], &'static [u8]); 3] =
            [(b"true", b"true"), (b"false", b"false"), (b"null", b"")];
        let rest = self.text.get(self.position..).unwrap_or_default();
        match words.iter().find(|(word, _)| rest.starts_with(word)) {
            Some((word, value)) => {
                self.position += word.len();
                Ok(Cow::Borrowed(value))
            }
            None => self.unexpected(),
        }
    }

    /// A number as it is written.
    fn number(&mut self) -> Result<Cow<'a, [u8]>, String> {
        let start = self.position;
        if self.peek() == Some(b'-') {
            self.position += 1;
        }
        if self.peek() == Some(b'0') {
            self.position += 1;
        } else {
            self.digits()?;
        }
        if self.peek() == Some(b'.') {
            self.position += 1;
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.position += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.position += 1;
            }
            self.digits()?;
        }
        Ok(Cow::Borrowed(self.text.get(start..self.position).unwrap_or_default()))
    }

    fn digits(&mut self) -> Result<(), String> {
        let start = self.position;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.position += 1;
        }
        if self.position == start { self.unexpected() } else { Ok(()) }
    }

    fn string(&mut self) -> Result<Cow<'a, [u8]>, String> {
        self.expect(b'"')?;
        let mut value = Cow::Borrowed(self.plain());
        loop {
            match self.peek() {
                Some(b'"') => {
                    self.position += 1;
                    return Ok(value);
                }
                Some(b'\\') => self.escape(value.to_mut())?,
                _ => return self.unexpected(),
            }
            let more = self.plain();
            value.to_mut().extend_from_slice(more);
        }
    }

    /// What stands in a string up to its end, or to what is not for itself.
    fn plain(&mut self) -> &'a [u8] {
        let rest = self.text.get(self.position..).unwrap_or_default();
        let ends = |byte: &u8| matches!(byte, b'"' | b'\\' | 0..0x20);
        let length = rest.iter().position(ends).unwrap_or(rest.len());
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    fn escape(&mut self, value: &mut Vec<u8>) -> Result<(), String> {
        self.position += 1;
        let plain = match self.peek() {
            Some(byte @ (b'"' | b'\\' | b'/')) => byte,
            Some(b'b') => 0x08,
            Some(b'f') => 0x0c,
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b't') => b'\t',
            Some(b'u') => return self.unicode(value),
            _ => return self.unexpected(),
        };
        self.position += 1;
        value.push(plain);
        Ok(())
    }

    fn unicode(&mut self, value: &mut Vec<u8>) -> Result<(), String> {
        let first = self.code_unit()?;
        let mut character = char::from_u32(first);
        if (0xd800..0xdc00).contains(&first)
            && self.text.get(self.position..).is_some_and(|rest| rest.starts_with(b"\\u"))
        {
            self.position += 1;
            let second = self.code_unit()?;
            let combined =
                0x10000 + ((first - 0xd800) << 10) + (second.wrapping_sub(0xdc00) & 0x3ff);
            character =
                (0xdc00..0xe000).contains(&second).then(|| char::from_u32(combined)).flatten();
        }
        let mut buffer = [0; 4];
        // A lone surrogate is what yajl makes of it: a question mark.
        value.extend_from_slice(character.unwrap_or('?').encode_utf8(&mut buffer).as_bytes());
        Ok(())
    }

    /// Four hexadecimal digits after the `u` at the position.
    fn code_unit(&mut self) -> Result<u32, String> {
        self.position += 1;
        let digits = self.text.get(self.position..self.position + 4).unwrap_or_default();
        if digits.len() < 4 || !digits.iter().all(u8::is_ascii_hexdigit) {
            return self.unexpected();
        }
        self.position += 4;
        Ok(digits
            .iter()
            .fold(0, |code, digit| code << 4 | char::from(*digit).to_digit(16).unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: BodyLimits = BodyLimits { depth: 4, values: 100, files: 1 };

    fn flat(text: &str) -> Result<Vec<(String, String)>, String> {
        let mut values = Vec::new();
        let text_of = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        flatten(text.as_bytes(), LIMITS, &mut |name, value| {
            values.push((text_of(name), text_of(value)));
            true
        })?;
        Ok(values)
    }

    #[test]
    fn values_come_with_their_paths() {
        let values = flat(r#" {"a":{"b":[1,{"c":null},-2.5e3]},"d":"x\n\u00e9\ud83d\ude00","e":{},"f":[],"g":true} "#).unwrap();
        let pairs: Vec<(&str, &str)> =
            values.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let expected = [
            ("json.a.b.array_0", "1"),
            ("json.a.b.array_1.c", ""),
            ("json.a.b.array_2", "-2.5e3"),
            ("json.d", "x\né😀"),
            ("json.g", "true"),
        ];
        assert_eq!(pairs, expected);
    }

    #[test]
    fn what_is_no_json_is_said() {
        for text in [
            "{",
            "[1,]",
            "{\"a\" 1}",
            "01",
            "\"\u{1}\"",
            "[1] 2",
            "tru",
            "\"\\x\"",
            "[[[[[1]]]]]",
            "{\"a\":1,}",
        ] {
            assert!(flat(text).is_err(), "{text}");
        }
    }
}

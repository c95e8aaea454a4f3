//! A directive's words, quoted as Apache quotes them: `"` or `'` around a word, and inside it a
//! backslash before that quote. Any other backslash stays, for it belongs to a pattern.

use super::problem::Fault;

/// One word and where its text begins in the logical line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    pub(crate) text: String,
    pub(crate) offset: usize,
}

/// Splits a logical line into words.
///
/// # Errors
/// A quote that is not closed, with the offset of the quote.
pub(crate) fn split(line: &str) -> Result<Vec<Word>, (usize, Fault)> {
    let mut words = Vec::new();
    let mut offset = 0;
    loop {
        let rest = line.get(offset..).unwrap_or_default();
        let trimmed = rest.trim_start();
        offset += rest.len() - trimmed.len();
        let Some(first) = trimmed.chars().next() else { return Ok(words) };
        let quote = (first == '"' || first == '\'').then_some(first);
        let (word, used) = match quote {
            Some(quote) => quoted(trimmed, quote).ok_or_else(|| (offset, not_closed(quote)))?,
            None => bare(trimmed),
        };
        words.push(Word { text: word, offset: offset + usize::from(quote.is_some()) });
        offset += used;
    }
}

fn not_closed(quote: char) -> Fault {
    Fault::new(format!("the quote `{quote}` is not closed"))
        .hint("close it; a quote inside the quotes needs a backslash before it")
}

fn bare(text: &str) -> (String, usize) {
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    (text.get(..end).unwrap_or_default().to_owned(), end)
}

fn quoted(text: &str, quote: char) -> Option<(String, usize)> {
    let mut word = String::new();
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((index, character)) = characters.next() {
        if character == quote {
            return Some((word, index + quote.len_utf8()));
        }
        let next = characters.peek().map(|(_, next)| *next);
        match (character, next) {
            ('\\', Some(next)) if next == quote => {}
            // A pair stays a pair, so that a pattern may end in an escaped backslash.
            ('\\', Some('\\')) => word.push(character),
            _ => {
                word.push(character);
                continue;
            }
        }
        word.extend(characters.next().map(|(_, next)| next));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_and_unquoted() {
        let words = split(r#"SecRule ARGS "@rx \d\"x" 'a b'"#).unwrap();
        let texts: Vec<&str> = words.iter().map(|word| word.text.as_str()).collect();
        assert_eq!(texts, ["SecRule", "ARGS", r#"@rx \d"x"#, "a b"]);
        assert_eq!(words[2].offset, 14);
    }

    #[test]
    fn open_quote_is_named_with_its_place() {
        let (offset, fault) = split("SecRule \"abc").unwrap_err();
        assert_eq!(offset, 8);
        assert_eq!(fault.message, "the quote `\"` is not closed");
    }
}

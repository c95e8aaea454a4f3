//! `@beginsWith`, `@contains`, `@containsWord`, `@endsWith`, `@streq`, `@strmatch`, `@within`.

/// How a value and a text are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Relation {
    /// `@beginsWith`
    BeginsWith,
    /// `@contains` and `@strmatch`
    Contains,
    /// `@containsWord`
    ContainsWord,
    /// `@endsWith`
    EndsWith,
    /// `@streq`
    Equals,
    /// `@within`: the value is in the argument
    Within,
}

impl Relation {
    /// Whether `value` stands in this relation to `argument`, byte for byte.
    pub(super) fn holds(self, value: &[u8], argument: &[u8]) -> bool {
        match self {
            Self::BeginsWith => value.starts_with(argument),
            Self::Contains => contains(value, argument),
            Self::ContainsWord => contains_word(value, argument),
            Self::EndsWith => value.ends_with(argument),
            Self::Equals => value == argument,
            Self::Within => contains(argument, value),
        }
    }
}

/// Where `text` is no longer than this, finding a part costs less than preparing to.
const SHORT_BYTES: usize = 64;

fn contains(text: &[u8], part: &[u8]) -> bool {
    match part {
        [] => true,
        [first, ..] if text.len() <= SHORT_BYTES => memchr::memchr_iter(*first, text)
            .any(|start| text.get(start..).is_some_and(|rest| rest.starts_with(part))),
        _ => memchr::memmem::find(text, part).is_some(),
    }
}

/// Whether `word` stands in `text` with no letter, digit or underscore beside it.
fn contains_word(text: &[u8], word: &[u8]) -> bool {
    if word.is_empty() {
        return true;
    }
    let is_part =
        |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    memchr::memmem::find_iter(text, word).any(|start| {
        let before = start.checked_sub(1).and_then(|index| text.get(index));
        !is_part(before) && !is_part(text.get(start + word.len()))
    })
}

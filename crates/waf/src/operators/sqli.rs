//! `@detectSQLi`: what libinjection's `libinjection_is_sqli` does, context by context, so that what it
//! costs is known: signs that fold into each other are read to the end of a value, however long.

use std::borrow::Cow;

use libinjectionrs::{SqliFlags, SqliState};

use super::Captures;

/// What one token costs beside its bytes, as work is counted.
const TOKEN_COST: u64 = 64;

/// Tokens after which no further context is tried; what is left of the work budget goes with it.
const TOKENS: usize = 50_000;

const NONE_ANSI: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_ANSI];
const NONE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_MYSQL];
const SINGLE_ANSI: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_ANSI];
const SINGLE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_MYSQL];
const DOUBLE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_DOUBLE, SqliFlags::FLAG_SQL_MYSQL];

/// Whether libinjection takes `value` for an injection; its fingerprint is captured.
pub(super) fn detect(value: &[u8], captures: &mut Captures) -> bool {
    let value = &*with_large_into(value);
    let mut reading = Reading { value, tokens: 0 };
    let fingerprint = reading.first_match();
    captures.work = captures.work.saturating_add(reading.work());
    if let Some(fingerprint) = &fingerprint {
        captures.text(fingerprint.as_bytes());
    }
    fingerprint.is_some()
}

/// A value, and how many tokens have been read of it.
struct Reading<'v> {
    value: &'v [u8],
    tokens: usize,
}

impl Reading<'_> {
    /// The fingerprint in the first context in which the value is an injection.
    fn first_match(&mut self) -> Option<String> {
        if self.value.is_empty() {
            return None;
        }
        self.as_mysql_too(NONE_ANSI, NONE_MYSQL)
            .or_else(|| {
                let has_quote = memchr::memchr(b'\'', self.value).is_some();
                has_quote.then(|| self.as_mysql_too(SINGLE_ANSI, SINGLE_MYSQL)).flatten()
            })
            .or_else(|| {
                let has_quote = memchr::memchr(b'"', self.value).is_some();
                has_quote.then(|| self.read(DOUBLE_MYSQL).0).flatten()
            })
    }

    /// Comments of one dialect alone are a reason to read the value as the other.
    fn as_mysql_too(&mut self, ansi: &[SqliFlags], mysql: &[SqliFlags]) -> Option<String> {
        let (found, has_comments) = self.read(ansi);
        found.or_else(|| has_comments.then(|| self.read(mysql).0).flatten())
    }

    /// The fingerprint when the value is an injection in this context, and whether it has comments that
    /// dialects read differently.
    fn read(&mut self, flags: &[SqliFlags]) -> (Option<String>, bool) {
        if self.is_too_long() {
            return (None, false);
        }
        let flags = flags.iter().fold(SqliFlags::FLAG_NONE, |all, flag| all | *flag);
        let mut state = SqliState::new(self.value, flags);
        let found = state.is_sqli().then(|| state.fingerprint_string());
        self.tokens += state.stats_tokens;
        (found, state.stats_comment_ddx != 0 || state.stats_comment_hash != 0)
    }

    const fn is_too_long(&self) -> bool {
        self.tokens > TOKENS
    }

    const fn work(&self) -> u64 {
        TOKEN_COST.saturating_mul(self.tokens as u64)
    }
}

/// `INTO` in capitals: libinjection knows `INTO OUTFILE` in any case of letters, this reading of it in
/// capitals alone.
fn with_large_into(value: &[u8]) -> Cow<'_, [u8]> {
    let is_into = |word: &[u8]| word.eq_ignore_ascii_case(b"into");
    let mut value = Cow::Borrowed(value);
    let mut start = 0;
    while let Some(place) = value.get(start..).and_then(|rest| rest.windows(4).position(is_into)) {
        start += place + 4;
        if let Some(word) = value.to_mut().get_mut(start - 4..start) {
            word.make_ascii_uppercase();
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn contexts_one_by_one_are_what_libinjection_makes_of_them(
            text in "(['\"a1 ]|or|union|select|--|#|/\\*|=|,|\\(|into outfile|0x1|;){0,12}"
        ) {
            let text = with_large_into(text.as_bytes());
            let mut state = SqliState::new(&text, SqliFlags::FLAG_NONE);
            let expected = state.detect().then(|| state.fingerprint_string());
            let mut reading = Reading { value: &text, tokens: 0 };
            prop_assert_eq!(reading.first_match(), expected);
        }
    }

    #[test]
    fn signs_that_fold_are_counted_and_end_before_every_context_has_read_them() {
        let work = |text: &str| {
            let mut captures = Captures::default();
            detect(text.as_bytes(), &mut captures);
            captures.work
        };
        assert!(work("please leave it at the door, thanks") < 10 * TOKEN_COST);
        let long = "1+".repeat(100_000);
        assert!(work(&long) >= 100_000 * TOKEN_COST);
        assert!(work(&(long.clone() + "'\"#--a")) <= work(&long) * 11 / 10);
    }
}

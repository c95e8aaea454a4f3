//! `@detectSQLi`: what libinjection's `libinjection_is_sqli` does, context by context, so that what it
//! costs is known: signs that fold into each other are read to the end of a value, however long.

use std::borrow::Cow;

use libinjectionrs::{SqliFlags, SqliState};

use super::Captures;
use crate::transformations::ByteSet;

/// What one token costs beside its bytes, as work is counted: mostly, a search among the words of SQL.
const TOKEN_COST: u64 = 256;

/// Of a longer value a beginning of so many bytes is read first, then one of twice as many, and so on:
/// signs that fold into each other are read to the end, however long that takes, and nothing stops it.
const BEGINNING_BYTES: usize = 4096;

/// What libinjection ends a word at.
const DELIMITERS: ByteSet = ByteSet::of(b" []{}<>:\\?=@!#~+-*/&|^%(),';\t\n\x0b\x0c\r\"\xa0\x00");

/// How many bytes of words it may look at again: at every dot and backtick it looks at all of the word
/// before.
const AGAIN_LIMIT_BYTES: u64 = 16 << 20;

/// Bytes that are looked at again as fast as one byte otherwise.
const AGAIN: u64 = 8;

/// What it costs to look for the word before a dot or a backtick among the words of SQL.
const LOOKUP_COST: u64 = 64;

/// How a path into a JSON body begins; no word that libinjection knows does.
const JSON_PATH: &[u8] = b"json.";

const NONE_ANSI: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_ANSI];
const NONE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_NONE, SqliFlags::FLAG_SQL_MYSQL];
const SINGLE_ANSI: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_ANSI];
const SINGLE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_SINGLE, SqliFlags::FLAG_SQL_MYSQL];
const DOUBLE_MYSQL: &[SqliFlags] = &[SqliFlags::FLAG_QUOTE_DOUBLE, SqliFlags::FLAG_SQL_MYSQL];

/// Whether libinjection takes `value` for an injection; its fingerprint is captured.
pub(super) fn detect(value: &[u8], captures: &mut Captures) -> bool {
    let again = looked_at_again(value);
    if again.last().is_some_and(|all| all.bytes > AGAIN_LIMIT_BYTES) {
        captures.work = u64::MAX / 2;
        return false;
    }
    let value = &*with_large_into(value);
    let mut reading = Reading::new(value, &again, captures.allowance);
    let fingerprint = reading.first_match();
    captures.work = captures.work.saturating_add(reading.work());
    if let Some(fingerprint) = &fingerprint {
        captures.text(fingerprint.as_bytes());
    }
    fingerprint.is_some()
}

/// Whether a value is surely one token to libinjection, and so no injection: a word, a number, the path
/// of a value in a JSON body.
pub(super) fn is_one_word(value: &[u8]) -> bool {
    let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    match value {
        [b'0'..=b'9', ..] => {
            let is_digits = |part: &[u8]| !part.is_empty() && part.iter().all(u8::is_ascii_digit);
            let mut parts = value.splitn(2, |byte| *byte == b'.');
            parts.all(is_digits)
        }
        [b'a'..=b'z' | b'A'..=b'Z' | b'_', ..] => {
            let is_path = value.starts_with(JSON_PATH);
            value.iter().all(|byte| is_word(byte) || (is_path && *byte == b'.'))
        }
        _ => false,
    }
}

/// What libinjection may look at again, word by word.
#[derive(Debug, Clone, Copy, Default)]
struct Again {
    bytes: u64,
    lookups: u64,
    /// The work that one word may cause at most.
    worst: u64,
}

impl Again {
    /// What reading so many tokens may have cost.
    const fn work(&self, tokens: u64) -> u64 {
        let all = again_cost(self.bytes, self.lookups);
        let read = self.worst.saturating_mul(tokens);
        if read < all { read } else { all }
    }
}

const fn again_cost(bytes: u64, lookups: u64) -> u64 {
    (bytes / AGAIN).saturating_add(lookups.saturating_mul(LOOKUP_COST))
}

/// What libinjection may look at again in each of the beginnings that are read, and last in all of the
/// value.
fn looked_at_again(value: &[u8]) -> Vec<Again> {
    let (mut all, mut word) = (Again::default(), Again::default());
    let mut beginnings = Vec::new();
    let mut next = BEGINNING_BYTES;
    // Where the word of the sign before began, and that sign.
    let (mut start, mut before) = (0, 0);
    for position in memchr::memchr2_iter(b'.', b'`', value) {
        while next <= position {
            beginnings.push(all);
            next *= 2;
        }
        let between = value.get(before..position).unwrap_or_default();
        if let Some(delimiter) = between.iter().rposition(|byte| DELIMITERS.has(*byte)) {
            (start, word) = (before + delimiter + 1, Again::default());
        }
        before = position;
        let length = (position - start) as u64;
        word.bytes = word.bytes.saturating_add(length);
        word.lookups += 1;
        all.bytes = all.bytes.saturating_add(length);
        all.lookups += 1;
        all.worst = all.worst.max(again_cost(word.bytes, word.lookups));
    }
    while next < value.len() {
        beginnings.push(all);
        next *= 2;
    }
    beginnings.push(all);
    beginnings
}

/// What stands between tokens, and what is one by itself.
const SPACES: ByteSet = ByteSet::of(b" \t\n\x0b\x0c\r\x00\xa0");
const SIGNS: ByteSet = ByteSet::of(b"[]{}<>:\\?=@!#~+-*/&|^%(),';\".`");

/// About how many tokens libinjection reads at most: every sign is one, and so is every word and every
/// number; words end at dots too.
fn tokens_at_most(value: &[u8]) -> u64 {
    let (mut count, mut before) = (0_u64, 0);
    for &byte in value {
        // No branches: in many texts they could not be foreseen.
        let is_sign = SIGNS.has(byte);
        let of_word = 1 + u8::from(byte.is_ascii_digit()) + 2 * u8::from(is_sign);
        let kind = of_word * u8::from(!SPACES.has(byte));
        count += u64::from(is_sign | ((kind != 0) & (kind != before)));
        before = kind;
    }
    count
}

/// What reading so many tokens costs.
const fn cost(tokens: u64, again: &Again) -> u64 {
    TOKEN_COST.saturating_mul(tokens).saturating_add(again.work(tokens))
}

/// A value, and what reading it has cost.
struct Reading<'v> {
    value: &'v [u8],
    /// About how many tokens it has.
    has: u64,
    /// What may be looked at again in each beginning, and last in all of it.
    again: &'v [Again],
    spent: u64,
    /// How much may be spent.
    most: u64,
    is_given_up: bool,
}

impl<'v> Reading<'v> {
    fn new(value: &'v [u8], again: &'v [Again], allowance: u64) -> Self {
        let has = tokens_at_most(value);
        Self { value, has, again, spent: 0, most: allowance, is_given_up: false }
    }

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
        let flags = flags.iter().fold(SqliFlags::FLAG_NONE, |all, flag| all | *flag);
        let Some((whole, beginnings)) = self.again.split_last() else { return (None, false) };
        // Nothing has to be tried where there is enough for all that there may be.
        let is_affordable = cost(self.has, whole) <= self.most.saturating_sub(self.spent);
        let beginnings = if is_affordable { &[] } else { beginnings };
        let mut length = BEGINNING_BYTES;
        for again in beginnings {
            let Some(beginning) = self.value.get(..length).filter(|_| !self.is_given_up) else {
                break;
            };
            let mut state = SqliState::new(beginning, flags);
            state.fold_tokens();
            let before = self.spent;
            self.spend(state.stats_tokens, again);
            // The next one may take as much again and as much more, of a long word four times as much.
            let next = (self.spent - before).saturating_mul(4);
            self.is_given_up |= self.spent.saturating_add(next) > self.most;
            length *= 2;
        }
        if self.is_given_up {
            return (None, false);
        }
        let mut state = SqliState::new(self.value, flags);
        let found = state.is_sqli().then(|| state.fingerprint_string());
        self.spend(state.stats_tokens, whole);
        (found, state.stats_comment_ddx != 0 || state.stats_comment_hash != 0)
    }

    const fn spend(&mut self, tokens: usize, again: &Again) {
        self.spent = self.spent.saturating_add(cost(tokens as u64, again));
        self.is_given_up |= self.spent > self.most;
    }

    /// What it all cost; more than there is where it was given up.
    const fn work(&self) -> u64 {
        if self.is_given_up { u64::MAX / 2 } else { self.spent }
    }
}

/// `INTO` in capitals: libinjection knows `INTO OUTFILE` in any case of letters, this reading of it in
/// capitals alone.
fn with_large_into(value: &[u8]) -> Cow<'_, [u8]> {
    let mut large = Cow::Borrowed(value);
    for last in memchr::memchr2_iter(b't', b'T', value) {
        let Some(place) = last.checked_sub(2).map(|start| start..last + 2) else { continue };
        let is_into = |word: &[u8]| word.eq_ignore_ascii_case(b"into");
        if value.get(place.clone()).is_some_and(is_into)
            && let Some(word) = large.to_mut().get_mut(place)
        {
            word.make_ascii_uppercase();
        }
    }
    large
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
            let again = looked_at_again(&text);
            let mut reading = Reading::new(&text, &again, u64::MAX);
            prop_assert_eq!(reading.first_match(), expected);
        }
    }

    proptest! {
        #[test]
        fn one_word_is_no_injection(
            value in "json\\.([a-z_]{1,6}[0-9.]{0,2}|select\\.|union|or\\.|array_[0-9]{1,3}\\.|0x1|sys\\.|1e5){0,6}|[A-Za-z_][A-Za-z0-9_]{0,40}|[0-9]{1,20}(\\.[0-9]{1,20})?|(select|union|or|e|x|b|n|u|q|0x|sleep|waitfor)_?[0-9]{0,3}"
        ) {
            if is_one_word(value.as_bytes()) {
                let mut state = SqliState::new(value.as_bytes(), SqliFlags::FLAG_NONE);
                prop_assert!(!state.detect(), "{value}");
            }
        }
    }

    fn work_within(text: &str, allowance: u64) -> u64 {
        let mut captures = Captures { allowance, ..Captures::default() };
        detect(text.as_bytes(), &mut captures);
        captures.work
    }

    fn work(text: &str) -> u64 {
        work_within(text, u64::MAX)
    }

    #[test]
    fn long_words_of_many_dots_end_in_a_spent_budget() {
        for unit in ["a.", "a`", "1a.b.", "or.ab."] {
            assert!(work(&unit.repeat(100_000)) >= u64::MAX / 2, "{unit}");
            assert!(work(&unit.repeat(500)) < 1_000_000, "{unit}");
        }
        let prose = "see www.example.com. It says more, e.g. what it costs. ".repeat(20_000);
        assert!(work(&prose) < 100_000, "{}", work(&prose));
    }

    #[test]
    fn looking_again_at_words_with_dots_is_counted() {
        let long_word = "dump.".repeat(2_400) + &"var=`cut crs312``dig 34test`".repeat(2_000);
        assert!(work(&long_word) > 2_000_000, "{}", work(&long_word));
        let short_words = "a.b.c.d.e.f.g.h,".repeat(100);
        assert!(work(&short_words) > 100 * TOKEN_COST + 700 * LOOKUP_COST);
    }

    #[test]
    fn signs_that_fold_are_counted_and_given_up_before_they_cost_more_than_there_is() {
        assert!(work("please leave it at the door, thanks") < 10 * TOKEN_COST);
        let long = "1+".repeat(100_000);
        assert!(work(&long) >= 100_000 * TOKEN_COST);
        assert!(work(&long) < 500_000 * TOKEN_COST, "beginnings cost as much again at most");
        for unit in ["1+", "/g", "</root>", "args=egs=e", "a,b "] {
            let long = unit.repeat(100_000 / unit.len());
            let again = looked_at_again(long.as_bytes());
            let mut reading = Reading::new(long.as_bytes(), &again, 8_000_000);
            let found = reading.first_match();
            if reading.is_given_up {
                assert_eq!((found, reading.work()), (None, u64::MAX / 2), "{unit}");
            }
            assert!(reading.spent <= reading.most, "{unit}: {}", reading.spent);
        }
        let prose = "please leave it at the door, thanks. ".repeat(30_000);
        assert!(work(&prose) < 100 * 9 * TOKEN_COST, "{}", work(&prose));
    }
}

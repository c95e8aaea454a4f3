//! `@rx`: a regular expression over bytes, in linear time.

use std::sync::Arc;

use regex::bytes::{Regex, RegexBuilder};

use super::capture::Captures;
use super::counting::Counting;
use super::pcre;
use crate::seclang::problem::Fault;

/// How large one compiled pattern may be.
const PROGRAM_LIMIT_BYTES: usize = 10 << 20;

/// How much one pattern's lazily built automaton may take for each thread that uses it.
const AUTOMATON_LIMIT_BYTES: usize = 1 << 20;

/// What a byte of a match costs in which groups are found, as work is counted, and one of a match longer
/// than `SHORT_BYTES`: not every engine that finds groups takes a long one.
const GROUPS_COST: u64 = 24;
const LONG_GROUPS_COST: u64 = 64;
const SHORT_BYTES: usize = 2048;

/// A compiled pattern. `.` matches every byte, `$` only the end, classes are ASCII.
#[derive(Debug, Clone)]
pub(crate) struct Rx {
    pattern: Regex,
    /// What says whether a long text is too much for the pattern. `None`: none is.
    counting: Option<Arc<Counting>>,
    /// The pattern as the `regex` crate reads it.
    pub(crate) translated: Box<str>,
}

impl Rx {
    /// Compiles a pattern written for PCRE.
    pub(crate) fn compile(pattern: &str) -> Result<Self, Fault> {
        let translated = pcre::translate(pattern)?;
        let compiled = RegexBuilder::new(&translated)
            .unicode(false)
            .dot_matches_new_line(true)
            .size_limit(PROGRAM_LIMIT_BYTES)
            .dfa_size_limit(AUTOMATON_LIMIT_BYTES)
            .build()
            .map_err(|error| pcre::not_compiled(pattern, &error.to_string()))?;
        let counting = Counting::of(&translated).map(Arc::new);
        Ok(Self { pattern: compiled, counting, translated: translated.into() })
    }

    /// The first match with its groups. Where it begins is looked for backwards, and to find its groups
    /// takes many times what finding it does: that is counted, and given up where it is more than there is.
    pub(super) fn capture(&self, value: &[u8], captures: &mut Captures) -> bool {
        if value.len() > SHORT_BYTES
            && let Some(counting) = &self.counting
            && !counting.may_match(value, captures)
        {
            return false;
        }
        let Some(found) = self.pattern.find(value) else { return false };
        let cost = match self.pattern.captures_len() {
            1 => 1,
            _ if found.len() > SHORT_BYTES => LONG_GROUPS_COST,
            _ => GROUPS_COST,
        };
        if !captures.spend(cost * found.len() as u64) {
            return false;
        }
        if self.pattern.captures_len() == 1 {
            captures.span(0, found.range());
            return true;
        }
        // Nothing of the value before the match is looked at again.
        let Some(found) = self.pattern.captures_at(value, found.start()) else { return false };
        for (index, group) in found.iter().enumerate().take(Captures::LIMIT) {
            if let Some(group) = group {
                captures.span(index, group.range());
            }
        }
        true
    }

    /// The matches one after another, without overlap.
    pub(super) fn matches<'a>(&'a self, value: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        self.pattern.find_iter(value).map(|found| found.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rustix::time::{ClockId, clock_gettime};

    use super::*;

    fn cpu_time() -> Duration {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
    }

    fn least_time(look: impl Fn() -> bool) -> Duration {
        let once = |_| {
            let begun = cpu_time();
            std::hint::black_box(look());
            cpu_time().saturating_sub(begun)
        };
        (0..5).map(once).min().unwrap_or_default()
    }

    #[test]
    fn a_literal_inside_that_stands_everywhere_costs_no_more_than_looking() {
        let words: Vec<String> = (0..300).map(|n| format!("(?:&&\\s*)?{n}[a-z]*x{n}")).collect();
        let pattern = format!("(?i).\\|(?:\\s*|b[\"')]*)(?:{})", words.join("|"));
        let rx = Rx::compile(&pattern).unwrap_or_else(|fault| panic!("{fault:?}"));
        let table = "| a | b | c |\n|---|---|---|\n".repeat(3_000);
        let look = || rx.capture(table.as_bytes(), &mut Captures::default());
        assert!(!look());
        let looked = least_time(look);
        let scanned = least_time(|| table.bytes().rev().any(|byte| byte == b'~'));
        let bound = scanned.max(Duration::from_micros(20)) * 200;
        assert!(looked < bound, "{looked:?}, beside {scanned:?} for each byte once");
    }

    #[test]
    fn finding_where_and_groups_is_counted_and_given_up_where_it_costs_too_much() {
        let found_by = |pattern: &str, length: usize, allowance: u64| {
            let rx = Rx::compile(pattern).unwrap_or_else(|fault| panic!("{fault:?}"));
            let mut captures = Captures { allowance, ..Captures::default() };
            let value = format!("{}'or", "x".repeat(length));
            let is_match = rx.capture(value.as_bytes(), &mut captures);
            (is_match, captures.work, captures.groups.len())
        };
        let found = |length, allowance| found_by("^([^']*)'[a-z]+", length, allowance);
        assert_eq!(found(1_000, 100_000), (true, 24 * 1_003, 2));
        assert_eq!(found(1_000, 24_000), (false, u64::MAX / 2, 0));
        assert_eq!(found(100_000, 10_000_000), (true, 64 * 100_003, 2));
        assert_eq!(found(100_000, 6_000_000), (false, u64::MAX / 2, 0));
        assert_eq!(found_by("^[^']*'[a-z]+", 1_000, 100_000), (true, 1_003, 1));
    }
}

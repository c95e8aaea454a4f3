//! `@rx`: a regular expression over bytes, in linear time.

use regex::bytes::{Regex, RegexBuilder};

use super::capture::Captures;
use super::pcre;
use crate::seclang::problem::Fault;

/// How large one compiled pattern may be.
const PROGRAM_LIMIT_BYTES: usize = 10 << 20;

/// How much one pattern's lazily built automaton may take for each thread that uses it.
const AUTOMATON_LIMIT_BYTES: usize = 1 << 20;

/// Where a match is longer, finding its groups is counted.
const SHORT_BYTES: usize = 2048;

/// What a byte of a match costs in which groups are found, as work is counted.
const GROUPS_COST: u64 = 64;

/// A compiled pattern. `.` matches every byte, `$` only the end, classes are ASCII.
#[derive(Debug, Clone)]
pub(crate) struct Rx {
    pattern: Regex,
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
        Ok(Self { pattern: compiled, translated: translated.into() })
    }

    /// Whether the pattern matches, without saying where.
    pub(crate) fn is_match(&self, value: &[u8]) -> bool {
        // Where a pattern with a literal inside meets that everywhere, `Regex::is_match` goes over to
        // the slowest engine there is, and this to the lazy automaton.
        self.pattern.shortest_match(value).is_some()
    }

    /// The first match with its groups. To find groups in a long match takes many times what finding
    /// the match does: that is counted, and given up where it is more than there is.
    pub(super) fn capture(&self, value: &[u8], captures: &mut Captures) -> bool {
        if self.pattern.captures_len() == 1 || value.len() > SHORT_BYTES {
            let Some(found) = self.pattern.find(value) else { return false };
            if self.pattern.captures_len() == 1 {
                captures.span(0, found.range());
                return true;
            }
            if found.len() > SHORT_BYTES {
                let cost = GROUPS_COST.saturating_mul(found.len() as u64);
                if cost > captures.allowance {
                    captures.work = u64::MAX / 2;
                    return false;
                }
                captures.work = captures.work.saturating_add(cost);
            }
        }
        let Some(found) = self.pattern.captures(value) else { return false };
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
        assert!(!rx.is_match(table.as_bytes()));
        let looked = least_time(|| rx.is_match(table.as_bytes()));
        let scanned = least_time(|| table.bytes().rev().any(|byte| byte == b'~'));
        let bound = scanned.max(Duration::from_micros(20)) * 200;
        assert!(looked < bound, "{looked:?}, beside {scanned:?} for each byte once");
    }

    #[test]
    fn groups_of_a_long_match_are_counted_and_given_up_where_they_cost_too_much() {
        let rx = Rx::compile("^([^']*)'[a-z]+").unwrap_or_else(|fault| panic!("{fault:?}"));
        let found = |length: usize, allowance: u64| {
            let mut captures = Captures { allowance, ..Captures::default() };
            let value = format!("{}'or", "x".repeat(length));
            let is_match = rx.capture(value.as_bytes(), &mut captures);
            (is_match, captures.work, captures.groups.len())
        };
        assert_eq!(found(1_000, 0), (true, 0, 2));
        assert_eq!(found(100_000, 10_000_000), (true, 64 * 100_003, 2));
        assert_eq!(found(100_000, 6_000_000), (false, u64::MAX / 2, 0));
    }
}

//! Patterns that count what stands between two words, as `select.{1,100}?from` does. While such a pattern
//! runs over a text, a state of its automaton says of each place near by whether the count began there:
//! a text in which the first word stands everywhere, at no even distance, has as many states as bytes. The
//! `regex` crate then goes over to an engine a hundred times as slow. Here the automaton is built first, as
//! far as a text needs it, so that it is known what the text costs, the same each time.

use std::fmt::{Debug, Formatter, Result};
use std::sync::{Mutex, PoisonError};

use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson;
use regex_automata::util::syntax;
use regex_automata::{Input, MatchErrorKind};
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Hir, HirKind};

use super::capture::Captures;

/// From this count on, repetitions make many states.
const COUNT: u32 = 16;

/// How much an automaton may take before it is asked whether it is worth its while.
const AUTOMATON_LIMIT_BYTES: usize = 1 << 20;

/// How many bytes of a text a state has to serve then.
const BYTES_A_STATE: usize = 64;

/// Bytes of an automaton that are built for one unit of work.
const BUILT: u64 = 2;

/// What a byte of a text costs, as work is counted, where no automaton is worth its while.
const WITHOUT_COST: u64 = 96;

/// The same of a text as far as a match ends in it: where it begins is looked for backwards, by another
/// automaton that counts.
const BACKWARDS_COST: u64 = 16;

/// How many caches are kept for later texts, and how large they may be.
const CACHES: usize = 4;
const CACHE_BYTES: usize = 128 << 10;

/// The automaton of a pattern that counts.
pub(super) struct Counting {
    automaton: DFA,
    caches: Mutex<Vec<Cache>>,
}

impl Counting {
    /// The automaton of a pattern. `None`: it counts nothing, or not far.
    pub(super) fn of(pattern: &str) -> Option<Self> {
        let syntax = syntax::Config::new().unicode(false).utf8(false).dot_matches_new_line(true);
        let mut parser =
            ParserBuilder::new().unicode(false).utf8(false).dot_matches_new_line(true).build();
        if !parser.parse(pattern).is_ok_and(|pattern| counts(&pattern)) {
            return None;
        }
        let limits = DFA::config()
            .cache_capacity(AUTOMATON_LIMIT_BYTES)
            .skip_cache_capacity_check(true)
            .minimum_cache_clear_count(Some(0))
            .minimum_bytes_per_state(Some(BYTES_A_STATE));
        let automaton = DFA::builder()
            .configure(limits)
            .syntax(syntax)
            .thompson(thompson::Config::new().utf8(false))
            .build(pattern)
            .ok()?;
        Some(Self { automaton, caches: Mutex::default() })
    }

    /// Whether the pattern may match `value`; what that costs is counted, and what looking at it again will.
    pub(super) fn may_match(&self, value: &[u8], captures: &mut Captures) -> bool {
        let known = self.caches.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut cache = known.unwrap_or_else(|| self.automaton.create_cache());
        // What earlier texts built would make the same text cost less.
        cache.reset(&self.automaton);
        let before = cache.memory_usage();
        let found = self.automaton.try_search_fwd(&mut cache, &Input::new(value).earliest(true));
        let built = cache.memory_usage().saturating_sub(before) as u64 / BUILT;
        self.keep(cache);
        match found {
            Ok(None) => {
                captures.spend(built);
                false
            }
            Ok(Some(end)) => {
                let backwards = BACKWARDS_COST.saturating_mul(end.offset() as u64);
                captures.spend(built.saturating_add(backwards))
            }
            Err(error) => {
                let is_given_up = matches!(error.kind(), MatchErrorKind::GaveUp { .. });
                let cost = if is_given_up { WITHOUT_COST } else { 1 };
                captures.spend(built.saturating_add(cost.saturating_mul(value.len() as u64)))
            }
        }
    }

    fn keep(&self, cache: Cache) {
        let mut caches = self.caches.lock().unwrap_or_else(PoisonError::into_inner);
        if caches.len() < CACHES && cache.memory_usage() <= CACHE_BYTES {
            caches.push(cache);
        }
    }
}

impl Debug for Counting {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> Result {
        formatter.debug_struct("Counting").finish_non_exhaustive()
    }
}

/// Whether a pattern counts far.
fn counts(pattern: &Hir) -> bool {
    match pattern.kind() {
        HirKind::Repetition(repetition) => {
            repetition.max.is_some_and(|most| most >= COUNT)
                || repetition.min >= COUNT
                || counts(&repetition.sub)
        }
        HirKind::Capture(capture) => counts(&capture.sub),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().any(counts),
        HirKind::Empty | HirKind::Literal(_) | HirKind::Class(_) | HirKind::Look(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATTERN: &str =
        "(?i)\\b(?:select\\b.{1,100}?\\bfrom|group\\b.*?\\bby\\b.{1,100}?\\bhaving)";

    fn look(text: &str) -> (bool, u64) {
        let counting = Counting::of(PATTERN).unwrap_or_else(|| panic!("it counts"));
        let ask = || {
            let mut captures = Captures::default();
            (counting.may_match(text.as_bytes(), &mut captures), captures.work)
        };
        let first = ask();
        let _other = counting.may_match(uneven(50_000).as_bytes(), &mut Captures::default());
        let again = ask();
        assert_eq!(first.0, again.0, "{}", text.get(..60).unwrap_or(text));
        assert!(first.1.abs_diff(again.1) <= first.1 / 16, "{} then {}", first.1, again.1);
        again
    }

    /// The word that begins the count at no even distance.
    fn uneven(bytes: usize) -> String {
        let (mut text, mut state) = (String::new(), 1_u32);
        while text.len() < bytes {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let part = ["select ", "sel", "ect ", "s ", "se lect ", "x select "];
            text.push_str(part.get(state as usize >> 16 & 7).unwrap_or(&"select+"));
        }
        text
    }

    #[test]
    fn patterns_that_count_far_are_known() {
        assert!(Counting::of("a.{1,100}b").is_some());
        assert!(Counting::of("(?:x|(a{16}))").is_some());
        assert!(Counting::of("a.{1,9}b.*c+").is_none());
    }

    #[test]
    fn what_counts_from_everywhere_costs_what_the_slow_engine_does() {
        let (may_match, work) = look(&uneven(50_000));
        assert!(may_match, "it is not known");
        assert!(work > 50_000 * WITHOUT_COST, "{work}");
        let mut captures = Captures { allowance: 1_000_000, ..Captures::default() };
        let counting = Counting::of(PATTERN).unwrap_or_else(|| panic!("it counts"));
        assert!(!counting.may_match(uneven(50_000).as_bytes(), &mut captures));
        assert_eq!(captures.work, u64::MAX / 2);
    }

    #[test]
    fn no_large_cache_is_kept() {
        let counting = Counting::of(PATTERN).unwrap_or_else(|| panic!("it counts"));
        counting.may_match(uneven(50_000).as_bytes(), &mut Captures::default());
        let kept = || counting.caches.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert_eq!(kept(), 0);
        counting.may_match(b"a text", &mut Captures::default());
        assert_eq!(kept(), 1);
    }

    #[test]
    fn other_texts_cost_little() {
        let prose = "Please select one of the figures of the quarter, by Monday. ".repeat(1_500);
        let (may_match, work) = look(&prose);
        assert!(!may_match);
        assert!(work < prose.len() as u64, "{work}");
        let (may_match, work) = look("SELECT a, b FROM c");
        assert!(may_match);
        assert!(work < 20_000, "{work}");
    }
}

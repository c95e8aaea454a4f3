//! `@rx`: a regular expression over bytes, in linear time.

use regex::bytes::{Regex, RegexBuilder};

use super::capture::Captures;
use super::pcre;
use crate::seclang::problem::Fault;

/// How large one compiled pattern may be.
const PROGRAM_LIMIT_BYTES: usize = 10 << 20;

/// How much one pattern's lazily built automaton may take for each thread that uses it.
const AUTOMATON_LIMIT_BYTES: usize = 1 << 20;

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
        self.pattern.is_match(value)
    }

    /// The first match with its groups.
    pub(super) fn capture(&self, value: &[u8], captures: &mut Captures) -> bool {
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

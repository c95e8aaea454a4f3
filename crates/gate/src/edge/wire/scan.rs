//! The filter as a state machine over bytes, without any I/O: which of them may pass.

use super::Rules;
use super::framing::{Body, Progress};
use super::head::{HeadEnd, find_head_end, inspect_head};
use super::violation::{Fault, Kind, Violation};

/// Where in the stream the next byte stands, and how many heads have passed.
#[derive(Debug, Default)]
pub(super) struct Scanner {
    body: Option<Body>,
    /// Where the search for the end of an open head goes on, counted from its start.
    resume: usize,
    has_skipped_line: bool,
    heads: u64,
}

/// What became of a piece of the stream.
#[derive(Debug)]
pub(super) struct Scan {
    /// So many bytes may pass.
    pub(super) pass: usize,
    /// What stands behind them.
    pub(super) next: Next,
}

/// What stands behind the bytes that may pass.
#[derive(Debug)]
pub(super) enum Next {
    /// Nothing: all bytes may pass.
    More,
    /// The start of a head, to be held until the rest of it arrives.
    Open,
    /// An empty line before a head, to be dropped.
    EmptyLine,
    /// Bytes that must wait: the last head asks to leave HTTP.
    Pause,
    /// A head to refuse.
    Refuse(Violation),
    /// A break in the framing of a body.
    Break(Violation),
}

impl Scanner {
    /// Takes the next piece of the stream into account. After [`Next::Open`] and
    /// [`Next::EmptyLine`] the bytes not passed (and not dropped) must come again, with more
    /// behind them.
    pub(super) fn scan(&mut self, bytes: &[u8], rules: &Rules) -> Scan {
        let mut pass = 0_usize;
        loop {
            let rest = bytes.get(pass..).unwrap_or_default();
            if rest.is_empty() {
                return Scan { pass, next: Next::More };
            }
            let (taken, next) = match self.body {
                Some(body) => self.scan_body(body, rest),
                None => self.scan_head(rest, rules),
            };
            pass = pass.saturating_add(taken);
            if let Some(next) = next {
                return Scan { pass, next };
            }
        }
    }

    /// How many heads have passed so far.
    pub(super) const fn heads(&self) -> u64 {
        self.heads
    }

    /// Whether the next byte belongs to a head.
    pub(super) const fn is_at_head(&self) -> bool {
        self.body.is_none()
    }

    fn scan_body(&mut self, mut body: Body, rest: &[u8]) -> (usize, Option<Next>) {
        match body.advance(rest) {
            Progress::More => {
                self.body = Some(body);
                (rest.len(), None)
            }
            Progress::Done(taken) => {
                self.body = None;
                (taken, None)
            }
            Progress::Broken(at, kind) => {
                let around = rest.get(at..).unwrap_or_default();
                let violation = Fault::at_byte(kind, around).report(&[]);
                (at, Some(Next::Break(violation)))
            }
        }
    }

    fn scan_head(&mut self, rest: &[u8], rules: &Rules) -> (usize, Option<Next>) {
        match find_head_end(rest, self.resume, rules.head_limit) {
            Ok(HeadEnd::Open(resume)) => {
                self.resume = resume;
                (0, Some(Next::Open))
            }
            Ok(HeadEnd::EmptyLine) if !self.has_skipped_line => {
                self.resume = 0;
                self.has_skipped_line = true;
                (0, Some(Next::EmptyLine))
            }
            Ok(HeadEnd::EmptyLine) => (0, Some(refuse(Kind::LeadingLines, rest))),
            Ok(HeadEnd::At(end)) => self.scan_complete(rest.get(..end).unwrap_or(rest), rules),
            Err(kind) => (0, Some(refuse(kind, rest))),
        }
    }

    fn scan_complete(&mut self, head: &[u8], rules: &Rules) -> (usize, Option<Next>) {
        match inspect_head(head, rules) {
            Ok(facts) => {
                self.resume = 0;
                self.has_skipped_line = false;
                self.heads = self.heads.saturating_add(1);
                self.body = facts.body;
                (head.len(), facts.leaves_http.then_some(Next::Pause))
            }
            Err(violation) => (0, Some(Next::Refuse(violation))),
        }
    }
}

fn refuse(kind: Kind, head: &[u8]) -> Next {
    // All that is known of the place is the head it is in.
    Next::Refuse(Fault::new(kind, &[]).report(head))
}

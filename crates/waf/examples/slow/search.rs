//! The search: texts that took long are changed further.

use std::cmp::Reverse;
use std::time::Duration;

use mantlet_waf::ftw::Request;
use rustix::time::{ClockId, clock_gettime};

use super::request::{PLACES, Piece, request};

/// How many of the slowest of each place are kept and changed.
const KEPT: usize = 12;

/// How often what seems slow is measured again: the first times may build automata or lose their core.
const AGAIN: usize = 3;
const SEEMS_SLOW: Duration = Duration::from_millis(4);

/// How one look at a request ended.
#[derive(Debug, Clone)]
pub(crate) struct Look {
    /// The work that was counted.
    pub(crate) work: u64,
    /// `pass`, or what ended it.
    pub(crate) end: String,
}

/// What looks at requests.
pub(crate) trait Subject {
    /// Looks at one request.
    fn look(&self, request: &Request) -> Look;
}

/// A request that was measured.
#[derive(Debug)]
pub(crate) struct Measured {
    pub(crate) time: Duration,
    pub(crate) look: Look,
    pub(crate) place: usize,
    pub(crate) piece: Piece,
}

impl Measured {
    /// What is sought: much time, or much time for each unit of work that was counted (picoseconds, for
    /// requests that took long enough to tell).
    pub(crate) fn cost(&self, by_unit: bool) -> u128 {
        match by_unit {
            false => self.time.as_nanos(),
            true if self.time < SEEMS_SLOW / 2 => 0,
            true => self.time.as_nanos() * 1_000 / u128::from(self.look.work.max(1)),
        }
    }
}

/// How to search.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Terms {
    pub(crate) seconds: u64,
    pub(crate) seed: u64,
    /// Whether work is sought that was not counted, in place of time.
    pub(crate) by_unit: bool,
}

/// Choices that are the same in every run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Choices(pub(crate) u64);

impl Choices {
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % bound.max(1)
    }

    fn of<'a>(&mut self, pieces: &'a [Vec<u8>]) -> &'a [u8] {
        pieces.get(self.below(pieces.len())).map(Vec::as_slice).unwrap_or_default()
    }
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Searches for as long as it is told, and gives the number of requests with the slowest of them.
pub(crate) fn search(
    subject: &dyn Subject,
    texts: &[Vec<u8>],
    Terms { seconds, seed, by_unit }: Terms,
) -> (usize, Vec<Measured>) {
    let cost = |measured: &Measured| Reverse(measured.cost(by_unit));
    let mut choices = Choices(seed);
    let mut slowest: Vec<Vec<Measured>> = PLACES.iter().map(|_| Vec::new()).collect();
    let end = cpu_time() + Duration::from_secs(seconds);
    let mut count = 0;
    while cpu_time() < end {
        let place = choices.below(PLACES.len());
        let Some(list) = slowest.get_mut(place) else { continue };
        let known = list.get(choices.below(list.len())).filter(|_| count % 3 != 0);
        let piece = match known {
            Some(known) => changed(&known.piece, texts, &mut choices),
            None => fresh(texts, &mut choices),
        };
        count += 1;
        let is_known = |known: &Measured| known.piece == piece;
        if !list.iter().any(is_known) {
            list.push(measure(subject, place, piece));
            list.sort_by_key(cost);
            list.truncate(KEPT);
        }
    }
    let mut all: Vec<Measured> = slowest.into_iter().flatten().collect();
    all.sort_by_key(cost);
    (count, all)
}

pub(crate) fn measure(subject: &dyn Subject, place: usize, mut piece: Piece) -> Measured {
    let run = |piece: &Piece| {
        let request = request(place, piece);
        let start = cpu_time();
        let look = subject.look(&request);
        (cpu_time() - start, look)
    };
    let (mut time, mut look) = run(&piece);
    for _ in 0..AGAIN {
        if time > SEEMS_SLOW {
            // What is mixed is slow where it is new.
            if let Some(Choices(number)) = &mut piece.mixed {
                *number += 1;
            }
            let (again, its) = run(&piece);
            if again < time {
                (time, look) = (again, its);
            }
        }
    }
    Measured { time, look, place, piece }
}

fn fresh(texts: &[Vec<u8>], choices: &mut Choices) -> Piece {
    let text = |choices: &mut Choices, one_in: usize| {
        if choices.below(one_in) == 0 { choices.of(texts).to_vec() } else { Vec::new() }
    };
    let unit = short(choices.of(texts), choices);
    let (head, closing) = (text(choices, 6), text(choices, 8));
    let mixed = (choices.below(4) == 0).then_some(Choices(choices.0));
    Piece { head, unit, closing, mixed }
}

/// A text, or a few bytes of it: what is slow is mostly short and many times repeated.
fn short(text: &[u8], choices: &mut Choices) -> Vec<u8> {
    let (start, length) = match choices.below(3) {
        0 => (0, text.len()),
        1 => (0, 1 + choices.below(12)),
        _ => (choices.below(text.len()), 1 + choices.below(12)),
    };
    text.iter().copied().skip(start).take(length).collect()
}

fn changed(piece: &Piece, texts: &[Vec<u8>], choices: &mut Choices) -> Piece {
    let mut changed = piece.clone();
    let part = match choices.below(8) {
        0 => &mut changed.head,
        1 => &mut changed.closing,
        _ => &mut changed.unit,
    };
    let at = choices.below(part.len() + 1);
    match choices.below(7) {
        0 => part.truncate(at),
        1 => drop(part.drain(..at)),
        2 => part.extend(short(choices.of(texts), choices)),
        3 => {
            let more = short(choices.of(texts), choices);
            drop(part.splice(at..at, more));
        }
        4 => part.insert(at, u8::try_from(choices.below(256)).unwrap_or_default()),
        5 => part.extend_from_within(at..),
        _ => {
            if let Some(byte) = part.get_mut(at) {
                *byte = u8::try_from(32 + choices.below(95)).unwrap_or_default();
            }
        }
    }
    part.truncate(2_000);
    changed
}

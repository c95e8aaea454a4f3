//! Inputs of fuzz targets: those that are kept under `corpora/fuzz`, and others made of them.
//!
//! `cargo xtask fuzz` runs the same tests for longer: it says so in the environment.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use mantlet_types::Rng as _;

use crate::{SeededRng, root};

/// How many inputs are made where nobody says for how long.
const USUAL: usize = 300;
/// The fewest inputs that a target must have.
const FEWEST: usize = 12;
/// Longest input that is made, in bytes.
const LONGEST: usize = 64 * 1024;
/// How long one input may take, on a busy machine and without optimisation.
const SLOW: Duration = Duration::from_secs(5);
/// Most inputs that others are made of.
const POOL: usize = 512;

/// Values at which parsers change their mind.
const TURNS: [u8; 18] = [
    0, 1, 9, b'\n', b'\r', b' ', b'"', b'%', b'/', b':', b'0', b'9', 0x7e, 0x7f, 0x80, 0xc0, 0xfe,
    0xff,
];

/// Runs every kept input of `target`, then others made of them, each time the same ones.
///
/// # Panics
/// When `run` does, with the file that makes it; and when an input takes longer than 5 s.
pub fn fuzz(target: &str, run: impl Fn(&[u8])) {
    let only = std::env::var("MANTLET_FUZZ_TARGET").ok();
    if only.is_some_and(|only| only != target) {
        return;
    }
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u64>().ok());
    let seconds = number("MANTLET_FUZZ_SECONDS").map(Duration::from_secs);
    let mut maker = Maker::new(target, number("MANTLET_FUZZ_SEED").unwrap_or(1));
    for input in maker.pool.clone() {
        attempt(target, &run, &input);
    }
    let (begun, mut made) = (Instant::now(), 0);
    while seconds.map_or(made < USUAL, |seconds| begun.elapsed() < seconds) {
        attempt(target, &run, &maker.make());
        made += 1;
    }
    eprintln!("{target}: {made} inputs in {:?}", begun.elapsed());
}

fn attempt(target: &str, run: &impl Fn(&[u8]), input: &[u8]) {
    let begun = Instant::now();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(input)));
    let taken = begun.elapsed();
    let wrong = match outcome {
        Err(_) => "panics".to_owned(),
        Ok(()) if taken > SLOW => format!("takes {taken:?}"),
        Ok(()) => return,
    };
    let file = folder(target).join(format!("found-{:016x}", fingerprint(input)));
    fs::write(&file, input).unwrap();
    panic!("{} {wrong}", file.display());
}

fn folder(target: &str) -> PathBuf {
    root().join("corpora/fuzz").join(target)
}

/// A name for an input: FNV-1a.
fn fingerprint(input: &[u8]) -> u64 {
    input.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// Makes inputs of others.
struct Maker {
    pool: Vec<Vec<u8>>,
    kept: usize,
    rng: SeededRng,
}

impl Maker {
    fn new(target: &str, seed: u64) -> Self {
        let entries = fs::read_dir(folder(target)).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort();
        assert!(files.len() >= FEWEST, "{target} has only {} inputs", files.len());
        let pool: Vec<_> = files.into_iter().map(|file| fs::read(file).unwrap()).collect();
        Self { kept: pool.len(), pool, rng: SeededRng::new(seed) }
    }

    /// A number below `limit`; 0 where that is 0.
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 8];
        self.rng.fill(&mut bytes);
        usize::try_from(u64::from_le_bytes(bytes)).unwrap().checked_rem(limit).unwrap_or(0)
    }

    fn make(&mut self) -> Vec<u8> {
        let mut input = self.pool[self.below(self.pool.len())].clone();
        for _ in 0..=self.below(4) {
            self.change(&mut input);
        }
        input.truncate(LONGEST);
        // What was made is changed further now and then; what is kept stays.
        if self.below(8) == 0 {
            if self.pool.len() < POOL {
                self.pool.push(input.clone());
            } else {
                let place = self.kept + self.below(POOL - self.kept);
                self.pool[place].clone_from(&input);
            }
        }
        input
    }

    fn change(&self, input: &mut Vec<u8>) {
        let at = self.below(input.len() + 1);
        let end = at + self.below((input.len() - at).min(64) + 1);
        match self.below(7) {
            0 if at < input.len() => input[at] ^= 1 << self.below(8),
            1 if at < input.len() => input[at] = TURNS[self.below(TURNS.len())],
            2 => input.insert(at, TURNS[self.below(TURNS.len())]),
            3 => drop(input.drain(at..end)),
            4 => {
                let part = input[at..end].to_vec();
                let times = 1 + self.below(if self.below(16) == 0 { 400 } else { 4 });
                input.splice(at..at, part.repeat(times));
            }
            5 => {
                let other = &self.pool[self.below(self.pool.len())];
                let from = self.below(other.len() + 1);
                let to = from + self.below((other.len() - from).min(200) + 1);
                input.splice(at..end, other[from..to].iter().copied());
            }
            _ => input.truncate(at),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn the_same_inputs_are_made_each_time_and_they_differ() {
        let made = || {
            let mut maker = Maker::new("path", 7);
            (0..200).map(|_| maker.make()).collect::<Vec<_>>()
        };
        let (mut one, other) = (made(), made());
        assert_eq!(one, other);
        one.sort();
        one.dedup();
        assert!(one.len() > 150, "{}", one.len());
    }

    #[test]
    fn every_kept_input_comes_first() {
        let seen = Mutex::new(Vec::new());
        fuzz("path", |input| seen.lock().unwrap().push(input.to_vec()));
        let kept = Maker::new("path", 1).pool;
        let seen = seen.into_inner().unwrap();
        assert_eq!(seen[..kept.len()], kept[..]);
        assert!(seen.len() > kept.len());
    }
}

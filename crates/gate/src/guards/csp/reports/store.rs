//! Counting what was reported.

use std::collections::BTreeMap;
use std::fmt::{self, Debug};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_event::Metrics;
use mantlet_types::{Clock, Monotonic, Timestamp};

use super::parse::parse;
use super::{Format, Observation, ReportsError, file};

/// Most different things that are kept; a new one then takes the place of the rarest.
const CAPACITY: usize = 1000;
/// Most pages that are kept as examples of one thing.
const EXAMPLES: usize = 3;
/// Reports a second that are taken in the long run, of all clients together.
const RATE: u32 = 20;
/// Reports that are taken at once.
const BURST: u32 = 200;

/// Everything that was reported to one process; on disk when it has a file.
pub struct Reports {
    clock: Arc<dyn Clock>,
    metrics: Metrics,
    path: Option<PathBuf>,
    state: Mutex<State>,
}

impl Debug for Reports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reports").field("path", &self.path).finish_non_exhaustive()
    }
}

#[derive(Debug)]
struct State {
    known: BTreeMap<(String, String), Known>,
    /// Reports that may still come at once.
    room: f64,
    refilled: Monotonic,
    is_changed: bool,
}

/// One thing that a policy blocks or would block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The directive, as in `script-src-elem`.
    pub directive: String,
    /// What it is about: see [`Observation::source`].
    pub source: String,
    /// How often it was reported or seen.
    pub count: u64,
    /// When it was reported or seen last.
    pub last: Timestamp,
    /// Paths of pages with it.
    pub documents: Vec<String>,
    /// The beginning of the script or style; empty when it is not known.
    pub sample: String,
}

/// Why a report was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    /// Too many come.
    TooMany,
    /// It is none.
    Malformed,
}

impl Reports {
    /// Reports that live as long as the process.
    #[must_use]
    pub fn in_memory(clock: Arc<dyn Clock>, metrics: Metrics) -> Self {
        Self::new(clock, metrics, None, BTreeMap::new())
    }

    /// The reports kept in `path`; none when there is no such file.
    ///
    /// # Errors
    /// [`ReportsError`] when the file exists and holds something else.
    pub fn open(
        path: PathBuf,
        clock: Arc<dyn Clock>,
        metrics: Metrics,
    ) -> Result<Self, ReportsError> {
        let known = Self::load(&path)?.into_iter().take(CAPACITY);
        let known = known.map(|one| ((one.directive.clone(), one.source.clone()), one));
        let known = known.collect();
        Ok(Self::new(clock, metrics, Some(path), known))
    }

    /// What a file of reports holds; nothing when there is no such file.
    ///
    /// # Errors
    /// [`ReportsError`] when the file exists and holds something else.
    pub fn load(path: &std::path::Path) -> Result<Vec<Known>, ReportsError> {
        file::load(path)
    }

    fn new(
        clock: Arc<dyn Clock>,
        metrics: Metrics,
        path: Option<PathBuf>,
        known: BTreeMap<(String, String), Known>,
    ) -> Self {
        let refilled = clock.monotonic();
        let state = State { known, room: f64::from(BURST), refilled, is_changed: false };
        Self { clock, metrics, path, state: Mutex::new(state) }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the body of a report about pages of `host`.
    ///
    /// # Errors
    /// [`Rejected`] when too many come, or it is none.
    pub fn take(&self, format: Format, body: &[u8], host: &str) -> Result<(), Rejected> {
        if !self.lock().has_room(self.clock.monotonic()) {
            self.metrics.limit_reached("csp.reports.rate");
            return Err(Rejected::TooMany);
        }
        let observations = parse(format, body, host).ok_or(Rejected::Malformed)?;
        observations.into_iter().for_each(|observation| self.note(observation));
        Ok(())
    }

    /// Counts one observation.
    pub(in super::super) fn note(&self, observation: Observation) {
        let now = self.clock.now();
        let mut state = self.lock();
        if state.note(observation, now) {
            self.metrics.limit_reached("csp.reports.capacity");
        }
    }

    /// Everything that is known, in the order of directives and sources.
    #[must_use]
    pub fn known(&self) -> Vec<Known> {
        self.lock().known.values().cloned().collect()
    }

    /// Writes what is new to the file. Blocks; does nothing when there is nothing new.
    ///
    /// # Errors
    /// When the file cannot be written; the next call tries again.
    pub fn save(&self) -> std::io::Result<()> {
        let Some(path) = &self.path else { return Ok(()) };
        let mut state = self.lock();
        if !std::mem::take(&mut state.is_changed) {
            return Ok(());
        }
        let known: Vec<Known> = state.known.values().cloned().collect();
        drop(state);
        file::save(path, &known).inspect_err(|_| self.lock().is_changed = true)
    }
}

impl State {
    /// Whether one more report may come now.
    fn has_room(&mut self, now: Monotonic) -> bool {
        let passed: Duration = now.since(self.refilled);
        self.refilled = now;
        let more = passed.as_secs_f64() * f64::from(RATE);
        self.room = (self.room + more).min(f64::from(BURST));
        let has_room = self.room >= 1.0;
        if has_room {
            self.room -= 1.0;
        }
        has_room
    }

    /// Counts an observation; says whether another thing had to go for it.
    fn note(&mut self, observation: Observation, now: Timestamp) -> bool {
        let Observation { directive, source, document, sample } = observation;
        let key = (directive, source);
        self.is_changed = true;
        let is_new = !self.known.contains_key(&key);
        let is_full = is_new && self.known.len() >= CAPACITY;
        if is_full {
            self.forget_the_rarest();
        }
        let (directive, source) = key.clone();
        let known = self.known.entry(key).or_insert_with(|| Known {
            directive,
            source,
            count: 0,
            last: now,
            documents: Vec::new(),
            sample: String::new(),
        });
        known.count = known.count.saturating_add(1);
        known.last = now;
        if known.documents.len() < EXAMPLES && !known.documents.contains(&document) {
            known.documents.push(document);
        }
        if known.sample.is_empty() {
            known.sample = sample;
        }
        is_full
    }

    fn forget_the_rarest(&mut self) {
        let rarest = self.known.iter().min_by_key(|(_, known)| (known.count, known.last));
        if let Some(key) = rarest.map(|(key, _)| key.clone()) {
            self.known.remove(&key);
        }
    }
}

//! Requests that are sent twice and done once (`Idempotency-Key`).
//!
//! Answers are kept in memory alone, for they hold secrets that are shown once: a restart forgets
//! them, and a request that is sent again after it is done again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mantlet_crypto::sha256;
use mantlet_event::{Metrics, reasons};
use mantlet_types::Monotonic;

use super::problem::Problem;
use super::reply::Reply;

/// How long an answer is kept.
const KEEP: Duration = Duration::from_secs(3600);
/// The most answers that are kept, of all programs.
const MOST: usize = 10_000;
/// The most bytes that they may take.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// What keeping one takes beside its texts.
const OVERHEAD: usize = 256;

type Name = [u8; 32];
/// What a call came to.
pub(super) type Came = Result<Reply, Problem>;

/// Requests that were answered, or are being answered.
#[derive(Debug)]
pub(super) struct Repeats {
    kept: Mutex<Kept>,
    metrics: Metrics,
}

#[derive(Debug, Default)]
struct Kept {
    entries: HashMap<Name, Entry>,
    /// Answers, oldest first.
    order: VecDeque<(Name, Monotonic)>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    /// What was asked.
    asked: [u8; 32],
    /// `None` while it is being answered.
    came: Option<Came>,
}

/// What becomes of a request with a key.
#[derive(Debug)]
pub(super) enum Begun {
    /// It is to be answered, and the answer to be told to this.
    New(Running),
    /// It was answered before.
    Again(Came),
}

/// A request that is being answered. Dropped without an answer, it can be sent again.
#[derive(Debug)]
pub(super) struct Running {
    repeats: Arc<Repeats>,
    name: Name,
    is_done: bool,
}

impl Repeats {
    pub(super) fn new(metrics: Metrics) -> Self {
        Self { kept: Mutex::default(), metrics }
    }

    /// Begins a request of `owner` with `key`; `asked` says what it asks.
    ///
    /// # Errors
    /// A [`Problem`] when it is being answered, when the key was used for another request, and when
    /// no more can be kept.
    pub(super) fn begin(
        self: &Arc<Self>,
        (owner, key): (&[u8; 16], &str),
        asked: [u8; 32],
        now: Monotonic,
    ) -> Result<Begun, Problem> {
        let name = sha256(&[owner, key.as_bytes()].concat());
        let mut kept = self.lock();
        kept.forget_old(now);
        match kept.entries.get(&name) {
            Some(entry) if entry.asked != asked => {
                return Err(Problem::new(&reasons::API_KEY_REUSED));
            }
            Some(Entry { came: None, .. }) => return Err(Problem::new(&reasons::API_IN_FLIGHT)),
            Some(Entry { came: Some(came), .. }) => return Ok(Begun::Again(came.clone())),
            None => {}
        }
        if kept.entries.len() >= MOST && !kept.forget_oldest() {
            self.metrics.limit_reached("admin.api.idempotency");
            return Err(Problem::new(&reasons::API_BUSY));
        }
        kept.entries.insert(name, Entry { asked, came: None });
        Ok(Begun::New(Running { repeats: Arc::clone(self), name, is_done: false }))
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running {
    /// Keeps the answer; one that says that nothing was done is not kept.
    pub(super) fn finish(mut self, came: &Came, now: Monotonic) {
        if came.as_ref().is_err_and(Problem::is_passing) {
            return;
        }
        self.is_done = true;
        let repeats = Arc::clone(&self.repeats);
        let mut kept = repeats.lock();
        if let Some(entry) = kept.entries.get_mut(&self.name) {
            entry.came = Some(came.clone());
            kept.bytes = kept.bytes.saturating_add(size(came));
            kept.order.push_back((self.name, now));
        }
        let mut is_full = false;
        while kept.bytes > MOST_BYTES && kept.forget_oldest() {
            is_full = true;
        }
        if is_full {
            repeats.metrics.limit_reached("admin.api.idempotency");
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.is_done {
            self.repeats.lock().entries.remove(&self.name);
        }
    }
}

impl Kept {
    fn forget_old(&mut self, now: Monotonic) {
        while self.order.front().is_some_and(|(_, since)| now.since(*since) >= KEEP) {
            self.forget_oldest();
        }
    }

    /// Forgets the oldest answer; `false` when there is none.
    fn forget_oldest(&mut self) -> bool {
        let Some((name, _)) = self.order.pop_front() else { return false };
        let came = self.entries.remove(&name).and_then(|entry| entry.came);
        self.bytes = self.bytes.saturating_sub(came.as_ref().map_or(0, size));
        true
    }
}

fn size(came: &Came) -> usize {
    let texts = match came {
        Ok(reply) => reply.size(),
        Err(problem) => problem.size(),
    };
    texts.saturating_add(OVERHEAD)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const OWNER: [u8; 16] = [1; 16];

    fn at(secs: u64) -> Monotonic {
        Monotonic::from_origin(Duration::from_secs(secs))
    }

    fn repeats() -> Arc<Repeats> {
        Arc::new(Repeats::new(Metrics::new()))
    }

    fn running(begun: Result<Begun, Problem>) -> Running {
        match begun {
            Ok(Begun::New(running)) => running,
            other => panic!("{other:?}"),
        }
    }

    fn problem(begun: Result<Begun, Problem>) -> &'static str {
        begun.unwrap_err().reason.code
    }

    #[test]
    fn the_same_request_is_answered_as_before() {
        let repeats = repeats();
        let first = running(repeats.begin((&OWNER, "one"), [1; 32], at(0)));
        assert_eq!(problem(repeats.begin((&OWNER, "one"), [1; 32], at(0))), "api-in-flight");
        assert_eq!(
            problem(repeats.begin((&OWNER, "one"), [2; 32], at(0))),
            "api-idempotency-key-reused"
        );
        // Another program's key is another key.
        drop(running(repeats.begin((&[2; 16], "one"), [2; 32], at(0))));
        let came = Ok(Reply::new(201, &json!({ "key": "x" })));
        first.finish(&came, at(1));
        let again = repeats.begin((&OWNER, "one"), [1; 32], at(3600));
        assert!(matches!(again, Ok(Begun::Again(again)) if again == came));
        assert_eq!(
            problem(repeats.begin((&OWNER, "one"), [2; 32], at(3600))),
            "api-idempotency-key-reused"
        );
        drop(running(repeats.begin((&OWNER, "one"), [2; 32], at(3601))));
    }

    #[test]
    fn what_was_not_done_can_be_sent_again() {
        let repeats = repeats();
        drop(running(repeats.begin((&OWNER, "one"), [1; 32], at(0))));
        let busy = Err(Problem::new(&reasons::API_BUSY));
        running(repeats.begin((&OWNER, "one"), [1; 32], at(0))).finish(&busy, at(0));
        let refused = Err(Problem::not_found());
        running(repeats.begin((&OWNER, "one"), [1; 32], at(0))).finish(&refused, at(0));
        assert!(matches!(repeats.begin((&OWNER, "one"), [1; 32], at(0)), Ok(Begun::Again(_))));
    }

    #[test]
    fn only_so_many_answers_are_kept_and_the_oldest_go_first() {
        let repeats = repeats();
        let large = json!({ "text": "x".repeat(1024 * 1024) });
        for number in 0..40 {
            let key = format!("{number}");
            let running = running(repeats.begin((&OWNER, &key), [1; 32], at(number)));
            running.finish(&Ok(Reply::new(201, &large)), at(number));
        }
        assert!(repeats.lock().bytes <= MOST_BYTES);
        assert!(matches!(repeats.begin((&OWNER, "39"), [1; 32], at(40)), Ok(Begun::Again(_))));
        drop(running(repeats.begin((&OWNER, "0"), [1; 32], at(40))));
        // All of them running: there is no room for another.
        let many: Vec<Running> = (0..MOST)
            .map_while(|number| {
                let key = format!("many {number}");
                match repeats.begin((&OWNER, &key), [1; 32], at(41)) {
                    Ok(Begun::New(running)) => Some(running),
                    _ => None,
                }
            })
            .collect();
        assert_eq!(many.len(), MOST);
        assert_eq!(problem(repeats.begin((&OWNER, "more"), [1; 32], at(41))), "api-busy");
    }
}

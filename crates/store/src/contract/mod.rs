//! What every implementation of the repositories has to do, as tests: each part takes a repository
//! that is empty, and panics where it does not keep its word. Times are exact to the nanosecond, and
//! of two callers at once only one succeeds where the trait says so.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

pub mod accounts;
pub mod api_keys;
pub mod approvals;
pub mod factors;
pub mod links;
pub mod passkeys;
pub mod password_links;
pub mod refresh;
pub mod revocations;
pub mod sessions;

use std::time::Duration;

use futures_util::future::join_all;
use mantlet_identity::store::{StoreError, Stored};
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;

/// How many callers come at once.
const CROWD: usize = 32;

/// A moment of this test, `seconds` after a time that is no whole millisecond.
fn at(seconds: u64) -> Timestamp {
    let start: Timestamp = "2026-11-22T12:00:00.123456789Z".parse().unwrap();
    start.checked_add(Duration::from_secs(seconds)).unwrap()
}

/// A user whose id needs care in every layer below.
fn user(name: &str) -> UserId {
    UserId::parse(&format!("{name}'\";--%_ünï")).unwrap()
}

fn trace(seconds: u64, why: &str) -> Trace {
    Trace::new(at(seconds), &user("admin"), why)
}

/// How many of the answers of a crowd are `true`.
async fn winners(answers: impl Iterator<Item = Stored<'_, bool>>) -> usize {
    let answers = join_all(answers).await;
    answers.into_iter().filter(|answer| *answer.as_ref().unwrap()).count()
}

/// How many of a crowd were let in; the others must have been refused with `refusal`.
async fn admitted(answers: impl Iterator<Item = Stored<'_, ()>>, refusal: &StoreError) -> usize {
    let answers = join_all(answers).await;
    let refused = answers.iter().filter_map(|answer| answer.as_ref().err());
    assert!(refused.into_iter().all(|error| error == refusal), "{answers:?}");
    answers.iter().filter(|answer| answer.is_ok()).count()
}

//! What ended must be noticed: at once here, within a second elsewhere, never too late in silence.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "tests may fail loudly")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{now, user};
use mantlet_identity::memory::MemoryRevocations;
use mantlet_identity::revocation::{
    Ended, RevocationIndex, RevocationStore, Revocations, Standing, What,
};
use mantlet_testkit::FakeClock;
use mantlet_types::{Clock, Timestamp};

const SECOND: Duration = Duration::from_secs(1);

struct Node {
    revocations: Revocations,
    index: Arc<RevocationIndex>,
    clock: FakeClock,
}

/// A process on a shared store.
fn node(store: &Arc<MemoryRevocations>, clock: &FakeClock, capacity: usize) -> Node {
    let index = Arc::new(RevocationIndex::new(capacity, Some(SECOND)));
    let revocations = Revocations::new(store.clone(), index.clone(), Vec::new(), clock.shared());
    Node { revocations, index, clock: clock.clone() }
}

impl Node {
    fn standing(&self, session: u8) -> Standing {
        self.standing_since(session, self.clock.now())
    }

    fn standing_since(&self, session: u8, issued: Timestamp) -> Standing {
        let now = (self.clock.now(), self.clock.monotonic());
        self.index.standing(Some(What::Session(&[session; 32])), Some(&user("alice")), issued, now)
    }

    fn end(&self, session: u8) {
        let until = self.clock.now() + Duration::from_secs(3600);
        let ended = Ended::one(What::Session(&[session; 32]), until);
        now(self.revocations.end(ended, &user("admin"), "test")).unwrap();
    }

    fn refresh(&self) {
        now(self.revocations.refresh()).unwrap();
    }
}

#[test]
fn what_one_process_ends_another_knows_after_its_next_look() {
    let (store, clock) = (Arc::new(MemoryRevocations::default()), FakeClock::new());
    let (here, there) = (node(&store, &clock, 100), node(&store, &clock, 100));
    here.refresh();
    there.refresh();
    here.end(1);
    assert_eq!(here.standing(1), Standing::Ended, "at once");
    assert_eq!(there.standing(1), Standing::InForce);
    clock.advance(Duration::from_millis(500));
    there.refresh();
    assert_eq!(there.standing(1), Standing::Ended);
    assert_eq!(there.standing(2), Standing::InForce);
}

#[test]
fn an_index_that_has_not_looked_for_a_second_does_not_vouch_for_anything() {
    let (store, clock) = (Arc::new(MemoryRevocations::default()), FakeClock::new());
    let node = node(&store, &clock, 100);
    assert_eq!(node.standing(1), Standing::Unsure, "never looked");
    node.refresh();
    node.end(2);
    clock.advance(SECOND);
    assert_eq!(node.standing(1), Standing::InForce);
    clock.advance(Duration::from_millis(1));
    assert_eq!(node.standing(1), Standing::Unsure);
    assert_eq!(node.standing(2), Standing::Ended, "what ended stays ended");
    node.refresh();
    assert_eq!(node.standing(1), Standing::InForce);
}

#[test]
fn ending_a_user_ends_what_was_issued_up_to_then() {
    let (store, clock) = (Arc::new(MemoryRevocations::default()), FakeClock::new());
    let node = node(&store, &clock, 100);
    node.refresh();
    let before = clock.now();
    clock.advance(Duration::from_millis(1));
    let until = clock.now() + Duration::from_secs(3600);
    now(node.revocations.end_user(&user("alice"), until, &user("admin"), "test")).unwrap();
    assert_eq!(node.standing_since(1, before), Standing::Ended);
    assert_eq!(node.standing_since(1, clock.now()), Standing::Ended);
    let later = clock.now() + Duration::from_millis(1);
    assert_eq!(node.standing_since(1, later), Standing::InForce);
}

#[test]
fn an_index_that_is_full_forgets_what_has_passed_and_admits_what_it_cannot_hold() {
    let (store, clock) = (Arc::new(MemoryRevocations::default()), FakeClock::new());
    let node = node(&store, &clock, 2);
    node.refresh();
    node.end(1);
    node.end(2);
    assert_eq!((node.standing(3), node.index.overflows()), (Standing::InForce, 0));
    node.end(3);
    assert_eq!((node.standing(3), node.index.overflows()), (Standing::AskStore, 1));
    let until = node.clock.now() + Duration::from_secs(60);
    now(node.revocations.end_user(&user("bob"), until, &user("admin"), "")).unwrap();
    assert_eq!((node.index.len(), node.index.overflows()), (3, 1), "users have room of their own");
    assert_eq!(node.standing(1), Standing::Ended);
    clock.advance(Duration::from_secs(3600));
    node.refresh();
    assert_eq!(node.standing(4), Standing::InForce, "all of it has passed");
    node.end(5);
    let kept = node.index.len();
    assert_eq!((node.standing(5), kept), (Standing::Ended, 2), "what has passed made room");
}

#[test]
fn a_long_list_is_read_whole_and_a_passed_entry_is_removed() {
    let (store, clock) = (Arc::new(MemoryRevocations::default()), FakeClock::new());
    let here = node(&store, &clock, 100_000);
    for number in 0..2500_u32 {
        let id = number.to_string();
        let until = clock.now() + Duration::from_secs(60);
        let ended = Ended::one(What::Token { issuer: "i", id: &id }, until);
        now(here.revocations.end(ended, &user("admin"), "")).unwrap();
    }
    let there = node(&store, &clock, 100_000);
    there.refresh();
    assert_eq!(there.index.len(), 2500);
    clock.advance(Duration::from_secs(61));
    assert_eq!(now(store.remove_expired(clock.now(), 1000)), Ok(1000), "a part at a time");
    assert_eq!(now(store.remove_expired(clock.now(), usize::MAX)), Ok(1500));
    here.end(1);
    there.refresh();
    assert_eq!(there.standing(1), Standing::Ended, "revisions go on");
}

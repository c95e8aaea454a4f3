//! The contract of the list of ends.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use futures_util::future::join_all;
use mantlet_identity::revocation::{Ended, RevocationEntry, RevocationStore};

use super::{CROWD, at, trace, user};

/// More than one batch of whatever an implementation removes at once.
const MANY: usize = 1_200;

/// Every part, one after the other.
pub async fn holds(store: &dyn RevocationStore) {
    keeps_the_order_in_which_ends_became_known(store).await;
    never_gives_a_revision_again(store).await;
    removes_a_part_at_a_time(store).await;
}

async fn keeps_the_order_in_which_ends_became_known(store: &dyn RevocationStore) {
    assert_eq!(store.since(0, 10).await, Ok(Vec::new()));
    let one = Ended::One { mark: [7; 16], until: at(10) };
    let all = Ended::User { user: user("alice"), not_before: at(3), until: at(20) };
    store.add(one.clone(), trace(1, "first")).await.unwrap();
    store.add(all.clone(), trace(0, "second")).await.unwrap();
    let entries = store.since(0, 10).await.unwrap();
    let expected = [
        RevocationEntry { revision: 1, ended: one, trace: trace(1, "first") },
        RevocationEntry { revision: 2, ended: all, trace: trace(0, "second") },
    ];
    assert_eq!(entries, expected);
    assert_eq!(store.since(0, 1).await.unwrap(), expected[..1]);
    assert_eq!(store.since(1, 10).await.unwrap(), expected[1..]);
    assert_eq!(store.since(u64::MAX, 10).await, Ok(Vec::new()));
}

async fn never_gives_a_revision_again(store: &dyn RevocationStore) {
    assert_eq!(store.remove_expired(at(15), 10).await, Ok(1));
    assert_eq!(store.remove_expired(at(25), 10).await, Ok(1));
    assert_eq!(store.since(0, 10).await, Ok(Vec::new()));
    let ends = (0..CROWD)
        .map(|_| store.add(Ended::One { mark: [1; 16], until: at(30) }, trace(1, "crowd")));
    assert!(join_all(ends).await.iter().all(Result::is_ok));
    let entries = store.since(0, 100).await.unwrap();
    let revisions: Vec<u64> = entries.iter().map(|entry| entry.revision).collect();
    assert_eq!(revisions, (3..3 + CROWD as u64).collect::<Vec<_>>());
}

async fn removes_a_part_at_a_time(store: &dyn RevocationStore) {
    store.remove_expired(at(40), usize::MAX).await.unwrap();
    let end = |until| store.add(Ended::One { mark: [2; 16], until: at(until) }, trace(1, ""));
    let ends = (0..MANY).map(|_| end(50));
    assert!(join_all(ends).await.iter().all(Result::is_ok));
    end(70).await.unwrap();
    assert_eq!(store.remove_expired(at(60), MANY - 1).await, Ok(MANY - 1));
    assert_eq!(store.remove_expired(at(60), MANY).await, Ok(1));
    assert_eq!(store.since(0, 10).await.unwrap().len(), 1);
}

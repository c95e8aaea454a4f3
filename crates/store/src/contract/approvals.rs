//! The contract of approvals.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use std::time::Duration;

use futures_util::future::join_all;
use mantlet_identity::UserId;
use mantlet_identity::approval::{Approval, ApprovalStore, NewApproval};
use mantlet_identity::store::StoreError;

use super::{CROWD, at, trace, user, winners};

fn approval(user: &UserId, from: u64, until: u64) -> NewApproval {
    NewApproval {
        user: user.clone(),
        resource: "project:7'\"--".to_owned(),
        may_write: from.is_multiple_of(2),
        given: trace(from, "for the study"),
        until: at(until),
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn ApprovalStore) {
    counts_from_its_beginning_to_its_end(store).await;
    is_withdrawn_once(store).await;
    lets_in_as_many_as_may_be(store).await;
    removes_what_ended_long_ago(store).await;
}

async fn counts_from_its_beginning_to_its_end(store: &dyn ApprovalStore) {
    let alice = user("alice");
    let one = approval(&alice, 2, 10);
    assert_eq!(store.add(one.clone(), 10).await, Ok(1));
    let kept = vec![Approval { number: 1, what: one, withdrawn: None }];
    for (second, is_in_force) in [(1, false), (2, true), (9, true), (10, false)] {
        let found = store.in_force(&alice, at(second)).await.unwrap();
        assert_eq!(found, if is_in_force { kept.clone() } else { Vec::new() }, "{second}");
    }
    assert_eq!(store.in_force(&user("bob"), at(3)).await, Ok(Vec::new()));
    assert_eq!(store.list(0, 10).await, Ok(kept));
    assert_eq!(store.list(1, 10).await, Ok(Vec::new()));
    assert_eq!(store.list(u64::MAX, 10).await, Ok(Vec::new()));
}

async fn is_withdrawn_once(store: &dyn ApprovalStore) {
    let carol = user("carol");
    let number = store.add(approval(&carol, 1, 10), 10).await.unwrap();
    let crowd = (0..CROWD).map(|_| store.withdraw(number, trace(3, "left")));
    assert_eq!(winners(crowd).await, 1);
    assert_eq!(store.in_force(&carol, at(4)).await, Ok(Vec::new()));
    let kept = store.list(number - 1, 1).await.unwrap();
    assert_eq!(kept.first().unwrap().withdrawn, Some(trace(3, "left")));
    assert_eq!(store.withdraw(999, trace(3, "")).await, Ok(false));
}

async fn lets_in_as_many_as_may_be(store: &dyn ApprovalStore) {
    let dave = user("dave");
    store.add(approval(&dave, 0, 1), 1).await.unwrap();
    let crowd = (0..CROWD).map(|_| store.add(approval(&dave, 1, 5), 3));
    let answers = join_all(crowd).await;
    let refused = answers.iter().filter(|answer| **answer == Err(StoreError::Full(3))).count();
    assert_eq!(refused, CROWD - 3, "{answers:?}");
    assert_eq!(store.in_force(&dave, at(2)).await.unwrap().len(), 3);
}

async fn removes_what_ended_long_ago(store: &dyn ApprovalStore) {
    let last = store.list(0, 1000).await.unwrap().last().unwrap().number;
    let then = at(0).checked_add(Duration::from_secs(100)).unwrap();
    let erin = user("erin");
    store.add(approval(&erin, 1, 200), 1).await.unwrap();
    assert_eq!(store.remove_ended(then, 2).await, Ok(2));
    while store.remove_ended(then, 2).await.unwrap() > 0 {}
    let left = store.list(0, 1000).await.unwrap();
    assert_eq!(left.len(), 1);
    assert!(left.first().unwrap().number > last);
}

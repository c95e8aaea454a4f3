//! The contract of families of refresh tokens.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use mantlet_crypto::KeyId;
use mantlet_identity::UserId;
use mantlet_identity::refresh::{Family, FamilyId, RefreshStore};
use mantlet_identity::store::StoreError;

use super::{CROWD, admitted, at, trace, user, winners};

fn id(number: usize) -> FamilyId {
    FamilyId::parse(&format!("fam{number:09}")).unwrap()
}

fn family(number: usize, user: &UserId) -> Family {
    Family {
        id: id(number),
        user: user.clone(),
        client: "app \"of\" Alice's".to_owned(),
        scopes: Some(vec!["b".to_owned(), "a".to_owned()]),
        key: KeyId(2),
        salt: [8; 16],
        created: at(0),
        expires: at(100),
        generation: 0,
        rotated: at(1),
        revoked: None,
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn RefreshStore) {
    is_found_by_id_and_user(store).await;
    counts_the_families_that_live(store).await;
    advances_once_from_each_generation(store).await;
    removes_what_ended_a_few_at_a_time(store).await;
}

async fn is_found_by_id_and_user(store: &dyn RefreshStore) {
    let alice = user("alice");
    let later = Family { created: at(5), revoked: Some(trace(6, "x")), ..family(1, &alice) };
    let earlier = Family { scopes: None, ..family(2, &alice) };
    for family in [&later, &earlier] {
        store.add(family.clone(), 10).await.unwrap();
        assert_eq!(store.lookup(family.id).await.unwrap().as_ref(), Some(family));
    }
    assert_eq!(store.list(&alice).await, Ok(vec![earlier.clone(), later]), "oldest first");
    assert_eq!(store.add(earlier, 10).await, Err(StoreError::Conflict));
    assert_eq!(store.lookup(id(3)).await, Ok(None));
    assert_eq!(store.list(&user("nobody")).await, Ok(Vec::new()));
}

async fn counts_the_families_that_live(store: &dyn RefreshStore) {
    let bob = user("bob");
    let expired = Family { expires: at(0), ..family(10, &bob) };
    let revoked = Family { revoked: Some(trace(0, "")), ..family(11, &bob) };
    for family in [expired, revoked, family(12, &bob)] {
        store.add(family, 1).await.unwrap();
    }
    assert_eq!(store.add(family(13, &bob), 1).await, Err(StoreError::Full(1)));
    assert_eq!(store.lookup(id(13)).await, Ok(None));
    let crowd = (0..CROWD).map(|number| store.add(family(100 + number, &user("crowd")), 3));
    assert_eq!(admitted(crowd, &StoreError::Full(3)).await, 3);
}

async fn advances_once_from_each_generation(store: &dyn RefreshStore) {
    store.add(family(20, &user("carol")), 10).await.unwrap();
    let crowd = (0..CROWD).map(|_| store.advance(id(20), 0, at(7)));
    assert_eq!(winners(crowd).await, 1);
    let advanced = store.lookup(id(20)).await.unwrap().unwrap();
    assert_eq!((advanced.generation, advanced.rotated), (1, at(7)));
    assert!(!store.advance(id(99), 0, at(7)).await.unwrap());
    let crowd = (0..CROWD).map(|_| store.revoke(id(20), trace(8, "reuse")));
    assert_eq!(winners(crowd).await, 1);
    assert!(!store.advance(id(20), 1, at(9)).await.unwrap(), "revoked");
    assert!(!store.revoke(id(99), trace(8, "")).await.unwrap());
    let revoked = store.lookup(id(20)).await.unwrap().unwrap();
    assert_eq!((revoked.generation, revoked.revoked), (1, Some(trace(8, "reuse"))));
}

async fn removes_what_ended_a_few_at_a_time(store: &dyn RefreshStore) {
    store.remove_expired(at(50), usize::MAX).await.unwrap();
    let dave = user("dave");
    for number in 30..35 {
        store.add(Family { expires: at(10), ..family(number, &dave) }, 10).await.unwrap();
    }
    store.add(family(35, &dave), 10).await.unwrap();
    assert_eq!(store.remove_expired(at(10), 10).await, Ok(0), "not before its end");
    for expected in [2, 2, 1, 0] {
        assert_eq!(store.remove_expired(at(11), 2).await, Ok(expected));
    }
    let left: Vec<FamilyId> = store.list(&dave).await.unwrap().iter().map(|it| it.id).collect();
    assert_eq!(left, [id(35)]);
}

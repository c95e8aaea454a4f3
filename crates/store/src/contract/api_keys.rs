//! The contract of API keys.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use std::sync::Arc;
use std::time::Duration;

use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::UserId;
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, ApiKeyStore, Scopes, SecretVersion};
use mantlet_identity::store::StoreError;

use super::{CROWD, admitted, at, trace, user, winners};

fn id(number: usize) -> ApiKeyId {
    ApiKeyId::parse(&format!("key{number:09}")).unwrap()
}

fn version(number: u32) -> SecretVersion {
    let tag = [u8::try_from(number).unwrap(); TAG_SIZE];
    SecretVersion { number, key: KeyId(7), tag, created: at(0), until: None }
}

fn record(number: usize, owner: &UserId) -> ApiKeyRecord {
    ApiKeyRecord {
        id: id(number),
        environment: "live".to_owned(),
        owner: owner.clone(),
        label: "nightly \u{1f980} 'job'".to_owned(),
        scopes: Scopes::new(["read:all", "write"]).unwrap(),
        networks: vec!["10.0.0.0/8".parse().unwrap(), "2001:db8::/32".parse().unwrap()],
        issued_by: user("admin"),
        created: at(0),
        expires: at(100),
        versions: vec![version(1)],
        revision: 0,
        last_used: None,
        revoked: None,
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn ApiKeyStore) {
    is_found_by_id_and_owner(store).await;
    counts_the_keys_in_force(store).await;
    lets_one_rotation_of_two_succeed(store).await;
    revokes_once_and_for_good(store).await;
}

async fn is_found_by_id_and_owner(store: &dyn ApiKeyStore) {
    let owner = user("alice");
    let until = Some(at(50));
    let versions = vec![SecretVersion { until, ..version(1) }, version(2)];
    let whole = ApiKeyRecord { versions, last_used: Some(at(3)), revision: 9, ..record(1, &owner) };
    let bare = ApiKeyRecord {
        scopes: Scopes::default(),
        networks: Vec::new(),
        versions: Vec::new(),
        revoked: Some(trace(2, "it's over")),
        ..record(2, &owner)
    };
    for record in [&whole, &bare] {
        store.add(record.clone(), 10).await.unwrap();
        assert_eq!(store.lookup(record.id).await.unwrap().as_deref(), Some(record));
    }
    let listed = store.list(&owner).await.unwrap();
    assert_eq!(listed, [Arc::new(whole.clone()), Arc::new(bare)], "oldest first");
    assert_eq!(store.add(whole, 10).await, Err(StoreError::Conflict));
    assert_eq!(store.lookup(id(3)).await, Ok(None));
    assert_eq!(store.list(&user("nobody")).await, Ok(Vec::new()));
}

async fn counts_the_keys_in_force(store: &dyn ApiKeyStore) {
    let owner = user("bob");
    let expired = ApiKeyRecord { expires: at(0), ..record(10, &owner) };
    let revoked = ApiKeyRecord { revoked: Some(trace(0, "")), ..record(11, &owner) };
    for record in [expired, revoked, record(12, &owner), record(13, &owner)] {
        store.add(record, 2).await.unwrap();
    }
    assert_eq!(store.add(record(14, &owner), 2).await, Err(StoreError::Full(2)));
    assert_eq!(store.lookup(id(14)).await, Ok(None), "nothing is left of a key that was refused");
    assert_eq!(store.add(record(12, &owner), 2).await, Err(StoreError::Conflict));
    let later = ApiKeyRecord { created: at(100), expires: at(200), ..record(15, &owner) };
    assert_eq!(store.add(later, 1).await, Ok(()), "those before have expired by then");
    let crowd = (0..CROWD).map(|number| store.add(record(100 + number, &user("crowd")), 3));
    assert_eq!(admitted(crowd, &StoreError::Full(3)).await, 3);
    assert_eq!(store.list(&user("crowd")).await.unwrap().len(), 3);
}

async fn lets_one_rotation_of_two_succeed(store: &dyn ApiKeyStore) {
    let owner = user("carol");
    store.add(record(20, &owner), 10).await.unwrap();
    let next = vec![version(1), version(2)];
    assert!(store.replace_versions(id(20), 0, next.clone()).await.unwrap());
    assert!(!store.replace_versions(id(20), 0, vec![version(3)]).await.unwrap());
    assert!(!store.replace_versions(id(99), 0, vec![version(3)]).await.unwrap());
    let rotated = store.lookup(id(20)).await.unwrap().unwrap();
    assert_eq!((&rotated.versions, rotated.revision), (&next, 1));
    let crowd = (0..CROWD).map(|_| store.replace_versions(id(20), 1, vec![version(9)]));
    assert_eq!(winners(crowd).await, 1);
    assert_eq!(store.lookup(id(20)).await.unwrap().unwrap().revision, 2);
}

async fn revokes_once_and_for_good(store: &dyn ApiKeyStore) {
    let owner = user("dave");
    store.add(record(30, &owner), 10).await.unwrap();
    store.touch(id(30), at(5)).await.unwrap();
    store.touch(id(30), at(4)).await.unwrap();
    store.touch(id(99), at(4)).await.unwrap();
    assert_eq!(store.lookup(id(30)).await.unwrap().unwrap().last_used, Some(at(5)));
    let crowd = (0..CROWD).map(|_| store.revoke(id(30), trace(6, "leaked")));
    assert_eq!(winners(crowd).await, 1);
    assert!(!store.revoke(id(30), trace(7, "again")).await.unwrap());
    assert!(!store.revoke(id(99), trace(7, "again")).await.unwrap());
    store.touch(id(30), at(8)).await.unwrap();
    assert!(!store.replace_versions(id(30), 0, vec![version(2)]).await.unwrap());
    let revoked = store.lookup(id(30)).await.unwrap().unwrap();
    assert_eq!(revoked.revoked, Some(trace(6, "leaked")), "the first trace stays");
    assert_eq!((revoked.last_used, revoked.versions.len()), (Some(at(5)), 1));
    assert!(!revoked.is_in_force(at(6) - Duration::from_secs(1)));
}

//! The contract of passkeys.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use mantlet_identity::UserId;
use mantlet_identity::passkey::{Passkey, PasskeyId, PasskeyLabel, PasskeyStore};
use mantlet_identity::store::StoreError;

use super::{CROWD, admitted, at, user, winners};

/// More than anybody has here.
const MANY: usize = 100;

fn id(number: u8) -> PasskeyId {
    PasskeyId::of(&[0, number, 0xff]).unwrap()
}

fn passkey(number: u8, user: &UserId) -> Passkey {
    Passkey {
        id: id(number),
        user: user.clone(),
        handle: [7; 32],
        host: "example.org".to_owned(),
        label: PasskeyLabel::parse("Täschli's \"key\"").unwrap(),
        key: vec![0xa5, 0, 0xff],
        counter: 3,
        is_shared: true,
        created: at(1),
        last_used: None,
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn PasskeyStore) {
    keeps_what_was_added(store).await;
    lets_in_as_many_as_may_be(store).await;
    counts_upwards_only(store).await;
    changes_what_is_of_its_user_only(store).await;
}

async fn keeps_what_was_added(store: &dyn PasskeyStore) {
    let (alice, bob) = (user("alice"), user("bob"));
    assert_eq!(store.find(&id(1)).await, Ok(None));
    for number in [2, 1] {
        store.add(passkey(number, &alice), MANY).await.unwrap();
    }
    assert_eq!(store.find(&id(1)).await, Ok(Some(passkey(1, &alice))));
    assert_eq!(store.list(&alice).await, Ok(vec![passkey(2, &alice), passkey(1, &alice)]));
    assert_eq!(store.add(passkey(1, &bob), MANY).await, Err(StoreError::Conflict));
    assert_eq!(store.list(&bob).await, Ok(Vec::new()));
}

async fn lets_in_as_many_as_may_be(store: &dyn PasskeyStore) {
    let carol = user("carol");
    let crowd = (100..132).map(|number| store.add(passkey(number, &carol), 3));
    assert_eq!(admitted(crowd, &StoreError::Full(3)).await, 3);
    assert_eq!(store.list(&carol).await.unwrap().len(), 3);
}

async fn counts_upwards_only(store: &dyn PasskeyStore) {
    let dave = user("dave");
    store.add(passkey(10, &dave), MANY).await.unwrap();
    store.add(Passkey { counter: 0, ..passkey(11, &dave) }, MANY).await.unwrap();
    for counter in [0, 2, 3] {
        assert!(!store.note_use(&id(10), counter, at(5)).await.unwrap(), "{counter}");
    }
    let ten = id(10);
    let crowd = (0..CROWD).map(|_| store.note_use(&ten, 4, at(6)));
    assert_eq!(winners(crowd).await, 1);
    let used = Passkey { counter: 4, last_used: Some(at(6)), ..passkey(10, &dave) };
    assert_eq!(store.find(&id(10)).await, Ok(Some(used)));
    for _ in 0..2 {
        assert!(store.note_use(&id(11), 0, at(7)).await.unwrap(), "one that does not count");
    }
    assert!(store.note_use(&id(11), u32::MAX, at(7)).await.unwrap());
    assert!(!store.note_use(&id(11), 0, at(8)).await.unwrap(), "it has counted before");
    assert!(!store.note_use(&id(99), 1, at(8)).await.unwrap());
}

async fn changes_what_is_of_its_user_only(store: &dyn PasskeyStore) {
    let (erin, frank) = (user("erin"), user("frank"));
    for (number, user) in [(20, &erin), (21, &erin), (22, &frank)] {
        store.add(passkey(number, user), MANY).await.unwrap();
    }
    let label = PasskeyLabel::parse("new").unwrap();
    assert!(!store.rename(&frank, &id(20), label.clone()).await.unwrap());
    assert!(store.rename(&erin, &id(20), label.clone()).await.unwrap());
    assert_eq!(store.find(&id(20)).await.unwrap().unwrap().label, label);
    assert!(!store.remove(&frank, &id(20)).await.unwrap());
    assert!(store.remove(&erin, &id(20)).await.unwrap());
    assert!(!store.remove(&erin, &id(20)).await.unwrap());
    assert_eq!(store.remove_all(&erin).await, Ok(1));
    assert_eq!(store.find(&id(21)).await, Ok(None));
    assert!(store.find(&id(22)).await.unwrap().is_some());
}

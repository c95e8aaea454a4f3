//! The contract of second factors.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::factor::{FactorStore, TotpRecord};

use super::{CROWD, user, winners};

fn clock(sealed: &[u8]) -> TotpRecord {
    TotpRecord { key: KeyId(3), sealed: sealed.to_vec(), is_confirmed: false, used: None }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn FactorStore) {
    uses_a_step_once(store).await;
    keeps_a_confirmed_clock(store).await;
    uses_a_recovery_code_once(store).await;
    removes_all_of_one_user(store).await;
}

async fn uses_a_step_once(store: &dyn FactorStore) {
    let alice = user("alice");
    assert_eq!(store.totp(&alice).await, Ok(None));
    assert!(!store.use_step(&alice, b"one", 5).await.unwrap());
    assert!(store.set_totp(&alice, clock(b"one")).await.unwrap());
    assert_eq!(store.totp(&alice).await, Ok(Some(clock(b"one"))));
    assert!(!store.use_step(&alice, b"two", 5).await.unwrap(), "another secret by now");
    let crowd = (0..CROWD).map(|_| store.use_step(&alice, b"one", 5));
    assert_eq!(winners(crowd).await, 1);
    assert!(!store.use_step(&alice, b"one", 4).await.unwrap());
    let confirmed = TotpRecord { is_confirmed: true, used: Some(5), ..clock(b"one") };
    assert_eq!(store.totp(&alice).await, Ok(Some(confirmed)));
    assert!(store.use_step(&alice, b"one", 6).await.unwrap());
}

async fn keeps_a_confirmed_clock(store: &dyn FactorStore) {
    let bob = user("bob");
    assert!(store.set_totp(&bob, clock(b"one")).await.unwrap());
    assert!(store.set_totp(&bob, clock(b"two")).await.unwrap(), "the first guards nothing yet");
    assert!(store.use_step(&bob, b"two", 1).await.unwrap());
    assert!(!store.set_totp(&bob, clock(b"three")).await.unwrap());
    assert_eq!(store.totp(&bob).await.unwrap().unwrap().sealed, b"two");
}

async fn uses_a_recovery_code_once(store: &dyn FactorStore) {
    let carol = user("carol");
    assert_eq!(store.recovery(&carol).await, Ok(None));
    assert!(!store.use_recovery(&carol, [1; TAG_SIZE]).await.unwrap());
    let codes = |from: u8| (from..from + 3).map(|byte| [byte; TAG_SIZE]).collect::<Vec<_>>();
    store.set_recovery(&carol, KeyId(4), codes(1)).await.unwrap();
    assert_eq!(store.recovery(&carol).await, Ok(Some((KeyId(4), 3))));
    assert!(!store.use_recovery(&carol, [9; TAG_SIZE]).await.unwrap());
    assert!(!store.use_recovery(&user("dave"), [1; TAG_SIZE]).await.unwrap());
    let crowd = (0..CROWD).map(|_| store.use_recovery(&carol, [1; TAG_SIZE]));
    assert_eq!(winners(crowd).await, 1);
    assert_eq!(store.recovery(&carol).await, Ok(Some((KeyId(4), 2))));
    store.set_recovery(&carol, KeyId(5), codes(11)).await.unwrap();
    assert_eq!(store.recovery(&carol).await, Ok(Some((KeyId(5), 3))));
    assert!(!store.use_recovery(&carol, [2; TAG_SIZE]).await.unwrap(), "replaced");
}

async fn removes_all_of_one_user(store: &dyn FactorStore) {
    let (erin, frank) = (user("erin"), user("frank"));
    for user in [&erin, &frank] {
        store.set_totp(user, clock(b"one")).await.unwrap();
        store.set_recovery(user, KeyId(4), vec![[1; TAG_SIZE]]).await.unwrap();
    }
    store.remove_all(&erin).await.unwrap();
    store.remove_all(&erin).await.unwrap();
    assert_eq!((store.totp(&erin).await, store.recovery(&erin).await), (Ok(None), Ok(None)));
    assert!(!store.use_recovery(&erin, [1; TAG_SIZE]).await.unwrap());
    assert_eq!(store.recovery(&frank).await, Ok(Some((KeyId(4), 1))));
}

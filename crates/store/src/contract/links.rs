//! The contract of links to providers.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use mantlet_identity::UserId;
use mantlet_identity::provider::{Link, LinkStore};
use mantlet_identity::store::StoreError;

use super::{CROWD, admitted, at, user};

const ISSUER: &str = "https://id.example.org/";
/// More than anybody has here.
const MANY: usize = 100;

fn link(subject: &str, user: &UserId) -> Link {
    Link {
        issuer: ISSUER.to_owned(),
        subject: subject.to_owned(),
        user: user.clone(),
        is_made: subject.len() > 1,
        created: at(1),
    }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn LinkStore) {
    links_a_subject_once(store).await;
    lets_in_as_many_as_may_be(store).await;
    removes_what_is_of_its_user_only(store).await;
}

async fn links_a_subject_once(store: &dyn LinkStore) {
    let (alice, bob) = (user("alice"), user("bob"));
    assert_eq!(store.find(ISSUER, "1").await, Ok(None));
    let crowd = (0..CROWD).map(|_| store.add(link("1", &alice), MANY));
    assert_eq!(admitted(crowd, &StoreError::Conflict).await, 1);
    assert_eq!(store.add(link("1", &bob), MANY).await, Err(StoreError::Conflict));
    assert_eq!(store.find(ISSUER, "1").await, Ok(Some(link("1", &alice))));
    assert_eq!(store.find("https://id.example.org", "1").await, Ok(None), "another issuer");
    let elsewhere = Link { issuer: "https://other.org".to_owned(), ..link("1", &bob) };
    store.add(elsewhere.clone(), MANY).await.unwrap();
    store.add(link("23", &alice), MANY).await.unwrap();
    assert_eq!(store.list(&alice).await, Ok(vec![link("1", &alice), link("23", &alice)]));
    assert_eq!(store.list(&bob).await, Ok(vec![elsewhere]));
}

async fn lets_in_as_many_as_may_be(store: &dyn LinkStore) {
    let carol = user("carol");
    let crowd = (0..CROWD).map(|number| store.add(link(&format!("c{number}"), &carol), 3));
    assert_eq!(admitted(crowd, &StoreError::Full(3)).await, 3);
}

async fn removes_what_is_of_its_user_only(store: &dyn LinkStore) {
    let (erin, frank) = (user("erin"), user("frank"));
    for (subject, user) in [("e1", &erin), ("e2", &erin), ("f1", &frank)] {
        store.add(link(subject, user), MANY).await.unwrap();
    }
    assert!(!store.remove(&frank, ISSUER, "e1").await.unwrap());
    assert!(!store.remove(&erin, "https://other.org", "e1").await.unwrap());
    assert!(store.remove(&erin, ISSUER, "e1").await.unwrap());
    assert!(!store.remove(&erin, ISSUER, "e1").await.unwrap());
    assert_eq!(store.remove_all(&erin).await, Ok(1));
    assert_eq!(store.find(ISSUER, "e2").await, Ok(None));
    assert!(store.find(ISSUER, "f1").await.unwrap().is_some());
}

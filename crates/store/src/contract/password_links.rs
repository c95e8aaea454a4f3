//! The contract of links.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use futures_util::future::join_all;
use mantlet_identity::UserId;
use mantlet_identity::password_link::{EmailAddress, Link, LinkHash, LinkKind, PasswordLinkStore};
use mantlet_identity::store::StoreError;

use super::{CROWD, at, user};

fn link(number: u8, user: &UserId, from: u64, until: u64) -> Link {
    let kind = if number.is_multiple_of(2) { LinkKind::Reset } else { LinkKind::Invite };
    let hash = LinkHash([number; 32]);
    Link { hash, user: user.clone(), kind, created: at(from), expires: at(until) }
}

/// Every part, one after the other.
pub async fn holds(store: &dyn PasswordLinkStore) {
    is_taken_once_before_its_end(store).await;
    keeps_the_youngest(store).await;
    knows_where_letters_go(store).await;
}

async fn is_taken_once_before_its_end(store: &dyn PasswordLinkStore) {
    let alice = user("alice");
    for number in [1, 2] {
        store.add(link(number, &alice, 0, 10), 9).await.unwrap();
    }
    let (one, hash) = (link(1, &alice, 0, 10), LinkHash([1; 32]));
    assert_eq!(store.add(one.clone(), 9).await, Err(StoreError::Conflict));
    assert_eq!(store.lookup(hash, at(9)).await, Ok(Some(one.clone())));
    assert_eq!(store.lookup(hash, at(10)).await, Ok(None));
    assert_eq!(store.take(hash, at(10)).await, Ok(None), "over");
    let crowd = join_all((0..CROWD).map(|_| store.take(hash, at(9)))).await;
    let taken: Vec<Link> = crowd.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [one]);
    assert_eq!(store.lookup(hash, at(1)).await, Ok(None));
    assert_eq!(store.remove_all(&alice).await, Ok(1));
    assert_eq!(store.lookup(LinkHash([2; 32]), at(1)).await, Ok(None));
}

async fn keeps_the_youngest(store: &dyn PasswordLinkStore) {
    let (bob, carol) = (user("bob"), user("carol"));
    store.add(link(100, &carol, 0, 50), 1).await.unwrap();
    for number in 10..15 {
        store.add(link(number, &bob, u64::from(number), 50), 3).await.unwrap();
    }
    for (number, is_left) in [(10, false), (11, false), (12, true), (14, true), (100, true)] {
        let found = store.lookup(LinkHash([number; 32]), at(20)).await.unwrap();
        assert_eq!(found.is_some(), is_left, "{number}");
    }
    assert_eq!(store.remove_expired(at(49), 9).await, Ok(0));
    assert_eq!(store.remove_expired(at(50), 3).await, Ok(3));
    assert_eq!(store.remove_expired(at(50), 3).await, Ok(1));
}

async fn knows_where_letters_go(store: &dyn PasswordLinkStore) {
    let (dave, email) = (user("dave"), |text: &str| EmailAddress::parse(text).unwrap());
    assert_eq!(store.email(&dave).await, Ok(None));
    for address in ["d@example.org", "dave@example.org"] {
        store.set_email(&dave, Some(email(address))).await.unwrap();
        assert_eq!(store.email(&dave).await, Ok(Some(email(address))));
    }
    store.set_email(&dave, None).await.unwrap();
    assert_eq!(store.email(&dave).await, Ok(None));
}

//! The contract of sessions.
#![expect(clippy::unwrap_used, reason = "a broken word ends the test that runs this")]

use std::time::Duration;

use futures_util::future::join_all;
use mantlet_identity::UserId;
use mantlet_identity::session::{Session, SessionHandle, SessionHash, SessionStore};
use mantlet_identity::store::StoreError;

use super::{CROWD, at, trace, user, winners};

fn hash(number: u8) -> SessionHash {
    SessionHash([number; 32])
}

fn handle(number: u8) -> SessionHandle {
    SessionHandle::parse(&format!("session{number:05}")).unwrap()
}

fn session(number: u8, user: &UserId) -> Session {
    Session {
        hash: hash(number),
        handle: handle(number),
        user: user.clone(),
        created: at(0),
        renewed: at(1),
        last_seen: at(2),
        expires: at(1000),
        has_second_factor: true,
        methods: vec!["pwd".to_owned(), "otp".to_owned()],
        address: "2001:db8::7".parse().unwrap(),
        agent: "Mozilla/5.0 'n' \"all\" \u{1f98a}".to_owned(),
        ended: None,
    }
}

async fn add(store: &dyn SessionStore, session: Session) {
    assert_eq!(store.add(session, 100, trace(9, "surplus")).await, Ok(Vec::new()));
}

/// Every part, one after the other.
pub async fn holds(store: &dyn SessionStore) {
    is_found_by_its_hash(store).await;
    ends_the_one_used_least_recently(store).await;
    is_replaced_where_it_runs(store).await;
    is_listed_and_ended_by_its_user(store).await;
    is_touched_where_it_runs(store).await;
    removes_what_is_over_a_few_at_a_time(store).await;
}

async fn is_found_by_its_hash(store: &dyn SessionStore) {
    let alice = user("alice");
    let ended =
        Session { ended: Some(trace(3, "left")), has_second_factor: false, ..session(2, &alice) };
    for session in [session(1, &alice), ended] {
        add(store, session.clone()).await;
        assert_eq!(store.lookup(session.hash).await, Ok(Some(session)));
    }
    let again = store.add(session(1, &alice), 1, trace(9, "surplus")).await;
    assert_eq!(again, Err(StoreError::Conflict));
    let first = store.lookup(hash(1)).await.unwrap().unwrap();
    assert_eq!(first.ended, None, "what was refused ends nothing");
    assert_eq!(store.lookup(hash(3)).await, Ok(None));
}

async fn ends_the_one_used_least_recently(store: &dyn SessionStore) {
    let bob = user("bob");
    for (number, seen) in [(10, 30), (11, 10), (12, 20)] {
        add(store, Session { last_seen: at(seen), ..session(number, &bob) }).await;
    }
    let ended = store.add(session(13, &bob), 3, trace(9, "surplus")).await.unwrap();
    let surplus =
        Session { last_seen: at(10), ended: Some(trace(9, "surplus")), ..session(11, &bob) };
    assert_eq!(ended, [surplus]);
    let ended = store.add(session(14, &bob), 1, trace(9, "surplus")).await.unwrap();
    assert_eq!(ended.len(), 3, "down to the limit, however many there were");
    let crowd = (0..CROWD).map(|number| {
        let number = 100 + u8::try_from(number).unwrap();
        store.add(session(number, &user("crowd")), 3, trace(9, "surplus"))
    });
    let ended: usize = join_all(crowd).await.into_iter().map(|ended| ended.unwrap().len()).sum();
    assert_eq!(ended, CROWD - 3);
    assert_eq!(store.list(&user("crowd"), at(5)).await.unwrap().len(), 3);
}

async fn is_replaced_where_it_runs(store: &dyn SessionStore) {
    let carol = user("carol");
    add(store, session(20, &carol)).await;
    let renewed = Session { renewed: at(5), ..session(21, &carol) };
    assert!(store.replace(hash(20), renewed.clone()).await.unwrap());
    assert_eq!(store.lookup(hash(20)).await, Ok(None));
    assert_eq!(store.lookup(hash(21)).await, Ok(Some(renewed)));
    assert!(!store.replace(hash(20), session(22, &carol)).await.unwrap());
    assert_eq!(store.lookup(hash(22)).await, Ok(None));
    let crowd = (0..CROWD).map(|number| {
        let number = 150 + u8::try_from(number).unwrap();
        store.replace(hash(21), session(number, &carol))
    });
    assert_eq!(winners(crowd).await, 1);
    store.end_all(&carol, None, trace(6, "")).await.unwrap();
    let ended = (150..182).find(|number| *number > 0).map(hash).unwrap();
    assert!(!store.replace(ended, session(23, &carol)).await.unwrap(), "ended");
}

async fn is_listed_and_ended_by_its_user(store: &dyn SessionStore) {
    let (dave, erin) = (user("dave"), user("erin"));
    for (number, seen) in [(30, 10), (31, 30), (32, 20)] {
        add(store, Session { last_seen: at(seen), ..session(number, &dave) }).await;
    }
    add(store, Session { expires: at(40), ..session(33, &dave) }).await;
    add(store, session(34, &erin)).await;
    let listed = async |now| {
        let listed = store.list(&dave, at(now)).await.unwrap();
        listed.iter().map(|session| session.hash).collect::<Vec<_>>()
    };
    assert_eq!(listed(40).await, [hash(31), hash(32), hash(30)], "the one used last first");
    assert_eq!(listed(39).await.len(), 4);
    assert_eq!(store.end(&erin, handle(30), trace(5, "")).await, Ok(None), "not hers");
    let ended = store.end(&dave, handle(30), trace(5, "out")).await.unwrap().unwrap();
    assert_eq!((ended.hash, ended.ended), (hash(30), Some(trace(5, "out"))));
    assert_eq!(store.end(&dave, handle(30), trace(6, "")).await, Ok(None), "ended already");
    let mut ended = store.end_all(&dave, Some(hash(32)), trace(7, "all")).await.unwrap();
    ended.sort_by_key(|session| session.hash);
    assert_eq!(ended.iter().map(|it| it.hash).collect::<Vec<_>>(), [hash(31), hash(33)]);
    assert_eq!(listed(10).await, [hash(32)]);
    assert_eq!(store.end_all(&dave, None, trace(8, "")).await.unwrap().len(), 1);
    let first = store.lookup(hash(31)).await.unwrap().unwrap();
    assert_eq!(first.ended, Some(trace(7, "all")), "the first trace stays");
    assert_eq!(store.lookup(hash(34)).await.unwrap().unwrap().ended, None);
}

async fn is_touched_where_it_runs(store: &dyn SessionStore) {
    let frank = user("frank");
    add(store, session(40, &frank)).await;
    for (seconds, expected) in [(5, 5), (4, 5), (6, 6)] {
        store.touch(hash(40), at(seconds)).await.unwrap();
        assert_eq!(store.lookup(hash(40)).await.unwrap().unwrap().last_seen, at(expected));
    }
    store.end_all(&frank, None, trace(7, "")).await.unwrap();
    store.touch(hash(40), at(8)).await.unwrap();
    store.touch(hash(99), at(8)).await.unwrap();
    assert_eq!(store.lookup(hash(40)).await.unwrap().unwrap().last_seen, at(6));
}

async fn removes_what_is_over_a_few_at_a_time(store: &dyn SessionStore) {
    let (idle, grace) = (Duration::from_secs(500), user("grace"));
    store.remove_expired(at(1000), idle, usize::MAX).await.unwrap();
    for number in 50..53 {
        add(store, Session { expires: at(2000), last_seen: at(1900), ..session(number, &grace) })
            .await;
    }
    for number in 53..55 {
        add(store, Session { expires: at(3000), last_seen: at(1600), ..session(number, &grace) })
            .await;
    }
    add(store, Session { expires: at(3000), last_seen: at(1900), ..session(55, &grace) }).await;
    assert_eq!(store.remove_expired(at(1999), idle, 10).await, Ok(0));
    for expected in [2, 1, 0] {
        assert_eq!(store.remove_expired(at(2099), idle, 2).await, Ok(expected));
    }
    assert_eq!(store.remove_expired(at(2100), idle, 10).await, Ok(2), "unused for so long");
    let left = store.list(&grace, at(2100)).await.unwrap();
    assert_eq!(left.iter().map(|it| it.hash).collect::<Vec<_>>(), [hash(55)]);
}

//! SQLite gives the answers that memory gives, whatever is asked in whatever order.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

mod common;

use std::time::Duration;

use common::Folder;
use mantlet_identity::session::{Session, SessionHandle, SessionHash, SessionStore};
use mantlet_identity::store::StoreError;
use mantlet_identity::{Trace, UserId};
use mantlet_store::Store;
use mantlet_types::Timestamp;
use proptest::collection::vec;
use proptest::prelude::*;

/// What is asked: few sessions of few users, so that questions meet.
#[derive(Debug, Clone)]
enum Ask {
    Add { session: u8, user: u8, most: usize },
    Replace { old: u8, new: u8, user: u8 },
    End { session: u8, user: u8 },
    EndAll { user: u8, keep: Option<u8> },
    Touch { session: u8 },
    List { user: u8 },
    Lookup { session: u8 },
    Clean { idle: u64 },
}

fn ask() -> impl Strategy<Value = Ask> {
    let (session, user) = (|| 0..12_u8, || 0..3_u8);
    prop_oneof![
        4 => (session(), user(), 0..4_usize)
            .prop_map(|(session, user, most)| Ask::Add { session, user, most }),
        2 => (session(), session(), user())
            // Onto itself or another that is there, memory overwrites: ids are random, it never happens.
            .prop_filter("another", |(old, new, _)| old != new)
            .prop_map(|(old, new, user)| Ask::Replace { old, new: new + 100, user }),
        2 => (session(), user()).prop_map(|(session, user)| Ask::End { session, user }),
        1 => (user(), prop::option::of(session()))
            .prop_map(|(user, keep)| Ask::EndAll { user, keep }),
        2 => session().prop_map(|session| Ask::Touch { session }),
        2 => user().prop_map(|user| Ask::List { user }),
        2 => session().prop_map(|session| Ask::Lookup { session }),
        1 => (0..400_u64).prop_map(|idle| Ask::Clean { idle }),
    ]
}

/// Moments that are all different: nothing is decided by a tie.
fn at(step: usize) -> Timestamp {
    Timestamp::UNIX_EPOCH + Duration::from_secs(10 * u64::try_from(step).unwrap())
}

fn user(number: u8) -> UserId {
    UserId::parse(&format!("user-{number}")).unwrap()
}

fn session(number: u8, whose: u8, step: usize) -> Session {
    Session {
        hash: SessionHash([number; 32]),
        handle: SessionHandle::parse(&format!("{number:012}")).unwrap(),
        user: user(whose),
        created: at(step),
        renewed: at(step),
        last_seen: at(step),
        expires: at(step + usize::from(number)),
        has_second_factor: number.is_multiple_of(2),
        methods: vec!["pwd".to_owned()],
        address: "192.0.2.1".parse().unwrap(),
        agent: String::new(),
        ended: None,
    }
}

/// The answer as text, the same for both however they order what has no order.
async fn answer(store: &dyn SessionStore, ask: &Ask, step: usize) -> String {
    let hash = |number: u8| SessionHash([number; 32]);
    let trace = Trace::new(at(step), &user(0), "asked");
    let sorted = |ended: Result<Vec<Session>, StoreError>| {
        ended.map(|mut ended| {
            ended.sort_by_key(|session| session.hash);
            ended
        })
    };
    match ask.clone() {
        Ask::Add { session: number, user, most } => {
            let added = store.add(session(number, user, step), most, trace).await;
            format!("{:?}", sorted(added))
        }
        Ask::Replace { old, new, user } => {
            // Each new id once: they are random, and never meet another.
            let fresh = SessionHash([old, new].repeat(16).try_into().unwrap());
            let session = Session { hash: fresh, ..session(new, user, step) };
            if store.lookup(fresh).await.unwrap().is_some() {
                return "taken".to_owned();
            }
            format!("{:?}", store.replace(hash(old), session).await)
        }
        Ask::End { session: number, user: whose } => {
            let handle = session(number, whose, step).handle;
            format!("{:?}", store.end(&user(whose), handle, trace).await)
        }
        Ask::EndAll { user: whose, keep } => {
            format!("{:?}", sorted(store.end_all(&user(whose), keep.map(hash), trace).await))
        }
        Ask::Touch { session } => format!("{:?}", store.touch(hash(session), at(step)).await),
        Ask::List { user: whose } => format!("{:?}", store.list(&user(whose), at(step)).await),
        Ask::Lookup { session } => format!("{:?}", store.lookup(hash(session)).await),
        Ask::Clean { idle } => {
            let idle = Duration::from_secs(idle);
            format!("{:?}", store.remove_expired(at(step), idle, usize::MAX).await)
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn sessions_in_sqlite_are_sessions_in_memory(asked in vec(ask(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let compared: Result<(), TestCaseError> = runtime.block_on(async {
            let folder = Folder::new();
            let store = Store::open(&folder.options()).await.unwrap();
            let sqlite = store.repositories().sessions;
            let memory = mantlet_identity::memory::repositories().sessions;
            for (step, ask) in asked.iter().enumerate() {
                let expected = answer(&*memory, ask, step).await;
                prop_assert_eq!(answer(&*sqlite, ask, step).await, expected, "{:?}", ask);
            }
            Ok(())
        });
        compared?;
    }
}

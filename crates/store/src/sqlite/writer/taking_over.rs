//! What a server that still serves notices of the one that takes over from it and changes the schema.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use mantlet_crypto::Key;
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::store::StoreError;
use mantlet_types::{Clock, SystemClock, SystemRng, Timestamp};
use sqlx::{Connection as _, Executor as _};

use crate::sqlite::connect::BUSY;
use crate::sqlite::migrations::ALL;
use crate::sqlite::{Database, FileKey, Place};

fn account(name: &str) -> Account {
    Account {
        id: UserId::parse(name).unwrap(),
        name: AccountName::parse(name).unwrap(),
        password: None,
        roles: Vec::new(),
        is_active: true,
        has_second_factor: false,
        created: Timestamp::UNIX_EPOCH,
        last_signin: None,
        not_before: None,
    }
}

fn place(folder: &tempfile::TempDir) -> Place {
    Place {
        path: folder.path().join("store.db"),
        key: FileKey::of(&Key::generate(&SystemRng)),
        max_bytes: 1 << 30,
        cache_bytes: 1 << 20,
    }
}

/// Another process changes the schema for so long, while this one writes and reads.
async fn change_schema_beside(wait: Duration, holds: Duration) -> Result<bool, StoreError> {
    let folder = tempfile::tempdir().unwrap();
    let (place, clock) = (place(&folder), Arc::new(SystemClock::new()));
    place.create(ALL, clock.now()).await.unwrap();
    let database = Arc::new(Database::open(&place, 1, wait, clock.clone()).await.unwrap());
    let accounts = database.repositories().accounts;
    accounts.add(account("ada")).await.unwrap();
    let ada = UserId::parse("ada").unwrap();

    let mut other = place.connect_to_write().await.unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    other.execute("ALTER TABLE account ADD COLUMN more TEXT").await.unwrap();
    let changing = async {
        let start = clock.monotonic();
        while clock.monotonic().since(start) < holds {
            // Whoever reads never waits for it.
            assert!(accounts.standing(&ada).await.unwrap().is_some());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        other.execute("COMMIT").await.unwrap();
        other.close().await.unwrap();
    };
    let (written, ()) = join(accounts.note_signin(&ada, Timestamp::UNIX_EPOCH), changing).await;
    assert!(accounts.lookup(&ada).await.unwrap().is_some(), "the new schema is read");
    database.close().await;
    written
}

#[tokio::test]
async fn writers_wait_for_it_as_long_as_they_may_and_readers_do_not() {
    let holds = BUSY + Duration::from_millis(500);
    let written = change_schema_beside(Duration::from_secs(60), holds).await;
    assert_eq!(written, Ok(true), "it waited");
    let written = change_schema_beside(Duration::from_millis(300), holds).await;
    assert!(matches!(written, Err(StoreError::Unavailable(_))), "and no longer: {written:?}");
}

//! What a server that still serves notices of the one that takes over from it and changes the schema.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join;
use mantlet_crypto::Key;
use mantlet_identity::UserId;
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::store::StoreError;
use mantlet_types::{Clock, SystemClock, SystemRng, Timestamp};
use sqlx::{Connection as _, Executor as _, query};

use crate::sqlite::connect::BUSY;
use crate::sqlite::migrations::{ALL, Migration};
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
        max_bytes: 8 << 30,
        cache_bytes: 64 << 20,
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

/// How many rows the table has; with a million the test below is a measurement
/// (`docs/benchmarks/store.md`).
const MANY: i64 = 20_000;

const FILL: &str = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    INSERT INTO session (hash, handle, user, created, renewed, last_seen, expires,
        has_second_factor, address, agent)
    SELECT randomblob(32), printf('%012d', i), 'user-' || (i / 10), i, i, i, i, 0, '192.0.2.7',
        'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' FROM n";

/// What migrations do to a large table.
const KINDS: [(&str, &str); 3] = [
    ("a column", "ALTER TABLE session ADD COLUMN note TEXT"),
    ("an index", "CREATE INDEX session_by_handle ON session (handle)"),
    ("every row", "UPDATE session SET note = handle"),
];

/// The longest that `act` takes, again and again until `is_over`.
async fn longest<T>(
    clock: &dyn Clock,
    is_over: &std::cell::Cell<bool>,
    act: impl AsyncFn() -> T,
) -> Duration {
    let mut longest = Duration::ZERO;
    while !is_over.get() {
        let start = clock.monotonic();
        act().await;
        longest = longest.max(clock.monotonic().since(start));
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    longest
}

#[tokio::test]
async fn a_large_table_is_changed_and_whoever_reads_or_writes_meanwhile_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let (place, clock) = (place(&folder), Arc::new(SystemClock::new()));
    place.create(ALL, clock.now()).await.unwrap();
    let mut filling = place.connect_to_write().await.unwrap();
    filling.execute(query(FILL).bind(MANY)).await.unwrap();
    filling.close().await.unwrap();
    let wait = Duration::from_secs(600);
    let database = Arc::new(Database::open(&place, 4, wait, clock.clone()).await.unwrap());
    let accounts = database.repositories().accounts;
    let (ada, snapshot) = (account("ada"), folder.path().join("before"));
    accounts.add(ada.clone()).await.unwrap();
    let mut all = ALL.to_vec();
    for (name, sql) in KINDS {
        let number = u32::try_from(all.len()).unwrap() + 1;
        all.push(Migration { number, name, sql });
        let is_over = std::cell::Cell::new(false);
        let changing = async {
            let start = clock.monotonic();
            place.migrate(&all, clock.now(), Some(&snapshot)).await.unwrap();
            is_over.set(true);
            clock.monotonic().since(start)
        };
        let writing = longest(&*clock, &is_over, async || {
            accounts.note_signin(&ada.id, Timestamp::UNIX_EPOCH).await.unwrap()
        });
        let reading =
            longest(&*clock, &is_over, async || accounts.standing(&ada.id).await.unwrap());
        let (took, (wrote, read)) = join(changing, join(writing, reading)).await;
        let size = std::fs::metadata(&place.path).unwrap().len() >> 20;
        eprintln!("{name}: {took:?}, longest write {wrote:?}, longest read {read:?}, {size} MiB");
    }
    database.close().await;
}

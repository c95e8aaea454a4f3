//! Opening a store, as an operator meets it on good and on bad days.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use common::{Folder, account, root_key};
use mantlet_crypto::RingError;
use mantlet_store::{Notice, OpenError, Options, RootSource, Store};

async fn refusal(options: &Options) -> OpenError {
    let error = Store::open(options).await.expect_err("nothing may open here");
    assert!(!error.hint().is_empty());
    error
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn a_new_folder_gets_an_empty_store_that_is_closed_to_others() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let made = store.notices().iter().any(|notice| matches!(notice, Notice::Created { .. }));
    let beside = store.notices().iter().any(|notice| matches!(notice, Notice::KeyBeside { .. }));
    assert!(made && beside, "{:?}", store.notices());
    store.repositories().accounts.add(account("alice")).await.unwrap();
    for file in ["store.db", "store.db-wal", "store.db-shm", "keys/ring.json", "keys/root.key"] {
        assert_eq!(mode(&folder.path().join(file)), 0o600, "{file}");
    }
    assert_eq!(mode(&folder.path().join("keys")), 0o700);
}

#[tokio::test]
async fn what_was_written_is_there_after_a_restart_and_nowhere_in_plain() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    store.repositories().accounts.add(account("alice-in-chains")).await.unwrap();
    let log = fs::read(folder.path().join("store.db-wal")).unwrap();
    store.close().await;
    assert!(!folder.path().join("store.db-wal").exists(), "closing leaves one file");
    let file = fs::read(folder.database()).unwrap();
    for bytes in [log, file] {
        let has = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!has("alice-in-chains") && !has("CREATE TABLE") && !has("SQLite format"));
    }
    let store = Store::open(&folder.options()).await.unwrap();
    let found = store.repositories().accounts.find(&account("alice-in-chains").name).await;
    assert_eq!(found, Ok(Some(account("alice-in-chains"))));
    assert!(!store.notices().iter().any(|notice| matches!(notice, Notice::Created { .. })));
}

#[tokio::test]
async fn every_way_of_giving_the_root_key_opens_the_same_store() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    store.close().await;
    let path = folder.path().join("keys/root.key");
    let text = fs::read_to_string(&path).unwrap();
    let elsewhere = Folder::new();
    let moved = elsewhere.path().join("root.key");
    fs::rename(&path, &moved).unwrap();
    for root in [RootSource::File(moved), RootSource::Key(root_key(&text))] {
        let store = Store::open(&Options { root, ..folder.options() }).await.unwrap();
        assert_eq!(store.notices(), [], "the key lies elsewhere now");
        store.close().await;
    }
}

#[tokio::test]
async fn a_passphrase_opens_its_own_store_alone() {
    let folder = Folder::new();
    let with = |text: &str| {
        let root = RootSource::Passphrase(root_key(text));
        Options { root, ..folder.options() }
    };
    let right = "correct horse battery staple";
    Store::open(&with(right)).await.unwrap().close().await;
    Store::open(&with(right)).await.unwrap().close().await;
    let wrong = refusal(&with("incorrect horse battery staple")).await;
    assert!(matches!(wrong, OpenError::Ring(RingError::WrongRoot { .. })), "{wrong}");
    fs::remove_file(folder.path().join("keys/root.salt")).unwrap();
    let no_salt = refusal(&with(right)).await;
    assert!(matches!(no_salt, OpenError::NoSalt { .. }), "{no_salt}");
}

#[tokio::test]
async fn etsm_d22_no_key_is_invented_for_data_that_exists() {
    let folder = Folder::new();
    Store::open(&folder.options()).await.unwrap().close().await;
    let (root, ring) = (folder.path().join("keys/root.key"), folder.path().join("keys/ring.json"));
    let kept = fs::read(&ring).unwrap();
    fs::remove_file(&ring).unwrap();
    let error = refusal(&folder.options()).await;
    assert!(matches!(error, OpenError::Ring(RingError::Missing { .. })), "{error}");
    fs::write(&ring, kept).unwrap();
    fs::remove_file(&root).unwrap();
    let error = refusal(&folder.options()).await;
    assert!(matches!(error, OpenError::NoRootKey { .. }), "{error}");
    assert!(!root.exists(), "made no key");
}

#[tokio::test]
async fn a_wrong_key_is_told_from_damage() {
    let (folder, other) = (Folder::new(), Folder::new());
    for folder in [&folder, &other] {
        Store::open(&folder.options()).await.unwrap().close().await;
    }
    let foreign = RootSource::File(other.path().join("keys/root.key"));
    let error = refusal(&Options { root: foreign, ..folder.options() }).await;
    assert!(matches!(error, OpenError::Ring(RingError::WrongRoot { .. })), "{error}");

    let own = fs::read(folder.database()).unwrap();
    fs::copy(other.database(), folder.database()).unwrap();
    let error = refusal(&folder.options()).await;
    assert!(matches!(error, OpenError::WrongKey { .. }), "{error}");

    for (at, what) in [(20, "first page"), (4096 * 2 + 100, "another page")] {
        let mut damaged = own.clone();
        damaged[at] ^= 1;
        fs::write(folder.database(), &damaged).unwrap();
        let error = refusal(&folder.options()).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{what}: {error}");
    }
    for cut in [0, 15, 4096 * 3 + 7] {
        fs::write(folder.database(), &own[..cut]).unwrap();
        let error = refusal(&folder.options()).await;
        assert!(matches!(error, OpenError::Damaged { .. }), "{cut}: {error}");
    }
    fs::write(folder.database(), [b"SQLite format 3\0" as &[u8], &[0; 4080]].concat()).unwrap();
    let error = refusal(&folder.options()).await;
    assert!(matches!(error, OpenError::NotEncrypted { .. }), "{error}");

    fs::write(folder.database(), own).unwrap();
    Store::open(&folder.options()).await.unwrap();
}

#[tokio::test]
async fn a_store_that_is_gone_is_not_replaced_by_an_empty_one() {
    let folder = Folder::new();
    Store::open(&folder.options()).await.unwrap().close().await;
    fs::remove_file(folder.database()).unwrap();
    let error = refusal(&folder.options()).await;
    assert!(matches!(error, OpenError::Lost { .. }), "{error}");
    assert!(!folder.database().exists());
}

#[tokio::test]
async fn what_a_crash_left_of_making_the_store_is_no_obstacle() {
    // The key is made, and the database half written: nothing says that it is complete.
    let folder = Folder::new();
    Store::open(&folder.options()).await.unwrap().keys().ensure(&["totp"]).unwrap();
    let other = Folder::new();
    fs::create_dir(other.path().join("keys")).unwrap();
    fs::copy(folder.path().join("keys/root.key"), other.path().join("keys/root.key")).unwrap();
    fs::write(other.path().join("store.db.new"), [7; 9000]).unwrap();
    fs::write(other.path().join("store.db.new-wal"), [7; 9000]).unwrap();
    Store::open(&other.options()).await.unwrap().close().await;

    // The database is complete and its key active, but it does not have its name yet.
    fs::rename(other.database(), other.path().join("store.db.new")).unwrap();
    let store = Store::open(&other.options()).await.unwrap();
    let completed = store.notices().iter().any(|it| matches!(it, Notice::Completed { .. }));
    assert!(completed, "{:?}", store.notices());
}

#[tokio::test]
async fn keys_for_other_purposes_are_made_once() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let ring = store.keys().ensure(&["totp", "api-key"]).unwrap();
    let first = ring.active("totp").unwrap().0;
    store.close().await;
    let store = Store::open(&folder.options()).await.unwrap();
    assert_eq!(store.keys().ensure(&["totp"]).unwrap().active("totp").unwrap().0, first);
    assert_eq!(store.keys().ring().keys().count(), 3);
}

#[tokio::test]
async fn a_closed_store_says_so() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let accounts = store.repositories().accounts;
    store.close().await;
    let read = accounts.lookup(&account("alice").id).await.unwrap_err().to_string();
    let written = accounts.add(account("alice")).await.unwrap_err().to_string();
    assert!(read.contains("closed") && written.contains("closed"), "{read} {written}");
}

//! Backups and other keys, as an operator uses them, and as somebody changes them who should not.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests: what is wrong must end the test"
)]

mod common;

use std::fs;
use std::path::Path;

use common::{Folder, account, root_key};
use mantlet_store::backup::{self, BackupError, Replacing};
use mantlet_store::{OpenError, Options, RootSource, Store, rekey};

/// The names of those of `names` that have an account.
async fn present(options: &Options, names: &[&str]) -> Vec<String> {
    let store = Store::open(options).await.unwrap();
    let accounts = store.repositories().accounts;
    let mut present = Vec::new();
    for name in names {
        let found = accounts.find(&account(name).name).await.unwrap();
        present.extend(found.map(|account| account.name.as_str().to_owned()));
    }
    store.close().await;
    present
}

async fn add(options: &Options, name: &str) {
    let store = Store::open(options).await.unwrap();
    store.repositories().accounts.add(account(name)).await.unwrap();
    store.close().await;
}

/// A store with `alice`, and a backup of it.
async fn backed_up(folder: &Folder) -> std::path::PathBuf {
    let store = Store::open(&folder.options()).await.unwrap();
    store.repositories().accounts.add(account("alice")).await.unwrap();
    let to = folder.path().join("backup");
    let manifest = store.backup(&to).await.unwrap();
    assert_eq!((manifest.schema, manifest.key.as_str()), (6, "k1"));
    store.close().await;
    to
}

#[tokio::test]
async fn a_backup_of_a_store_in_use_is_one_moment_of_it() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let accounts = store.repositories().accounts;
    let to = folder.path().join("backup");
    let write = async {
        for number in 0..200 {
            accounts.add(account(&format!("user-{number:03}"))).await.unwrap();
        }
    };
    let (made, ()) = tokio::join!(store.backup(&to), write);
    made.unwrap();
    store.close().await;
    let manifest = backup::verify(&folder.options(), &to).await.unwrap();
    assert!(manifest.bytes() > 4096);
    backup::restore(&folder.options(), &to, Replacing::WhatIsThere).await.unwrap();
    let store = Store::open(&folder.options()).await.unwrap();
    let accounts = store.repositories().accounts;
    let mut gone = false;
    for number in 0..200 {
        let found = accounts.find(&account(&format!("user-{number:03}")).name).await.unwrap();
        gone |= found.is_none();
        assert_eq!(found.is_none(), gone, "nothing later without what was earlier");
    }
}

#[tokio::test]
async fn a_backup_restores_on_another_machine_with_the_root_key_alone() {
    let (folder, other) = (Folder::new(), Folder::new());
    let from = backed_up(&folder).await;
    let listed: Vec<_> = fs::read_dir(&from).unwrap().map(|it| it.unwrap().file_name()).collect();
    assert!(!listed.iter().any(|name| name.to_string_lossy().contains("root.key")), "{listed:?}");
    let error = backup::restore(&other.options(), &from, Replacing::Nothing).await.unwrap_err();
    assert!(matches!(error, BackupError::Store(OpenError::NoRootKey { .. })), "{error}");
    fs::create_dir_all(other.path().join("keys")).unwrap();
    fs::copy(folder.path().join("keys/root.key"), other.path().join("keys/root.key")).unwrap();
    backup::restore(&other.options(), &from, Replacing::Nothing).await.unwrap();
    assert_eq!(present(&other.options(), &["alice"]).await, ["alice"]);
}

#[tokio::test]
async fn a_backup_under_a_passphrase_restores_with_it() {
    let (folder, other) = (Folder::new(), Folder::new());
    let root = RootSource::Passphrase(root_key("correct horse battery staple"));
    let (options, elsewhere) =
        (Options { root: root.clone(), ..folder.options() }, Options { root, ..other.options() });
    add(&options, "alice").await;
    let store = Store::open(&options).await.unwrap();
    let to = folder.path().join("backup");
    store.backup(&to).await.unwrap();
    backup::restore(&elsewhere, &to, Replacing::Nothing).await.unwrap();
    assert_eq!(present(&elsewhere, &["alice"]).await, ["alice"]);
}

#[tokio::test]
async fn nothing_is_overwritten_without_being_asked() {
    let folder = Folder::new();
    let from = backed_up(&folder).await;
    add(&folder.options(), "bob").await;
    let error = backup::restore(&folder.options(), &from, Replacing::Nothing).await.unwrap_err();
    assert!(matches!(error, BackupError::StoreExists { .. }), "{error}");
    assert_eq!(present(&folder.options(), &["alice", "bob"]).await, ["alice", "bob"]);
    let store = Store::open(&folder.options()).await.unwrap();
    let error = store.backup(&from).await.unwrap_err();
    assert!(matches!(error, BackupError::Exists { .. }), "{error}");
    store.close().await;

    let restored = backup::restore(&folder.options(), &from, Replacing::WhatIsThere).await;
    let aside = restored.unwrap().1.expect("what was there is kept");
    assert_eq!(present(&folder.options(), &["alice", "bob"]).await, ["alice"]);
    fs::copy(aside.join("store.db"), folder.database()).unwrap();
    assert_eq!(present(&folder.options(), &["alice", "bob"]).await, ["alice", "bob"]);
}

#[tokio::test]
async fn a_backup_that_was_changed_is_told_and_changes_nothing() {
    let folder = Folder::new();
    let from = backed_up(&folder).await;
    add(&folder.options(), "bob").await;
    let pristine = folder.path().join("pristine");
    copy_folder(&from, &pristine);
    for name in ["store.db", "ring.json", "manifest.json", "manifest.tag"] {
        let path = from.join(name);
        let bytes = fs::read(&path).unwrap();
        for at in [0, bytes.len() / 2, bytes.len() - 2] {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            fs::write(&path, changed).unwrap();
            refused(&folder, &from, &format!("{name} at {at}")).await;
        }
        fs::write(&path, &bytes[..bytes.len() - 1]).unwrap();
        refused(&folder, &from, &format!("{name} cut off")).await;
        fs::remove_file(&path).unwrap();
        refused(&folder, &from, &format!("{name} missing")).await;
        fs::copy(pristine.join(name), &path).unwrap();
    }
    backup::verify(&folder.options(), &from).await.unwrap();
    assert_eq!(present(&folder.options(), &["alice", "bob"]).await, ["alice", "bob"]);
}

async fn refused(folder: &Folder, from: &Path, what: &str) {
    let error = backup::verify(&folder.options(), from).await.expect_err(what);
    assert!(!error.hint().is_empty());
    let restored = backup::restore(&folder.options(), from, Replacing::WhatIsThere).await;
    assert!(restored.is_err(), "{what}");
    assert!(!folder.path().join("store.db.restored").exists(), "{what} leaves nothing behind");
}

fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

#[tokio::test]
async fn a_backup_of_somebody_else_is_refused() {
    let (folder, other) = (Folder::new(), Folder::new());
    let from = backed_up(&other).await;
    add(&folder.options(), "bob").await;
    let error = backup::verify(&folder.options(), &from).await.unwrap_err();
    assert!(matches!(error, BackupError::Foreign { .. }), "{error}");
}

#[tokio::test]
async fn a_new_key_encrypts_everything_anew() {
    let folder = Folder::new();
    let from = backed_up(&folder).await;
    let before = fs::read(folder.database()).unwrap();
    let key = rekey(&folder.options()).await.unwrap();
    let after = fs::read(folder.database()).unwrap();
    assert_ne!(before[..16], after[..16], "another key begins with another salt");
    let store = Store::open(&folder.options()).await.unwrap();
    assert_eq!(store.key(), key);
    store.close().await;
    assert_eq!(rekey(&folder.options()).await.unwrap().0, key.0 + 1);
    assert_eq!(present(&folder.options(), &["alice"]).await, ["alice"]);
    // The backup has its own ring, with the key of its time.
    add(&folder.options(), "bob").await;
    backup::restore(&folder.options(), &from, Replacing::WhatIsThere).await.unwrap();
    assert_eq!(present(&folder.options(), &["alice", "bob"]).await, ["alice"]);
}

#[tokio::test]
async fn a_change_of_the_key_can_be_cut_off_anywhere() {
    let folder = Folder::new();
    add(&folder.options(), "alice").await;
    let (ring, next) = (folder.path().join("keys/ring.json"), folder.path().join("store.db.new"));
    let (old_ring, old) = (fs::read(&ring).unwrap(), fs::read(folder.database()).unwrap());
    rekey(&folder.options()).await.unwrap();
    let (new_ring, new) = (fs::read(&ring).unwrap(), fs::read(folder.database()).unwrap());

    // Half of the copy is written: the old key holds, and the rest is swept away.
    fs::write(&ring, &old_ring).unwrap();
    fs::write(folder.database(), &old).unwrap();
    fs::write(&next, &new[..5000]).unwrap();
    assert_eq!(present(&folder.options(), &["alice"]).await, ["alice"]);
    assert!(!next.exists());

    // The key is active, and the file does not have its name yet: the start completes it.
    fs::write(&ring, new_ring).unwrap();
    fs::write(&next, &new).unwrap();
    assert_eq!(present(&folder.options(), &["alice"]).await, ["alice"]);
    assert_eq!(fs::read(folder.database()).unwrap()[..16], new[..16]);
    assert!(!next.exists());
}

#[tokio::test]
async fn maintenance_makes_no_store_where_there_is_none() {
    let folder = Folder::new();
    let error = rekey(&folder.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoStore { .. }), "{error}");
    let error = mantlet_store::try_migrations(&folder.options()).await.unwrap_err();
    assert!(matches!(error, OpenError::NoStore { .. }), "{error}");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

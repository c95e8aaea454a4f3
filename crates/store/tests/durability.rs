//! What was acknowledged is there, whatever becomes of the process and the disk.
//!
//! The functions called `child_…` are what the tests start as processes of their own; in a run of all
//! tests they have nothing to do.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

mod common;

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{Folder, account};
use futures_util::future::join_all;
use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::UserId;
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, Scopes, SecretVersion};
use mantlet_identity::store::{Repositories, StoreError};
use mantlet_store::{Options, RekeyError, RootSource, Store, rekey};
use mantlet_types::{Rng as _, SystemClock, SystemRng, Timestamp};

/// A file that says that the current folder is one of these tests: the children act on it.
const MARK: &str = "this-is-a-test";

/// How many processes are killed.
const ROUNDS: usize = 16;

/// How many acts of a child wait at once, so that they share transactions.
const TOGETHER: usize = 16;

/// Starts this binary anew with one of the tests below that are children, in `folder`.
fn start(child: &str, folder: &Folder, shell: &str) -> Child {
    std::fs::write(folder.path().join(MARK), "").unwrap();
    let own = std::env::current_exe().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} exec \"$0\" \"$@\"")]).arg(own);
    command.args(["--exact", child, "--nocapture"]);
    command.current_dir(folder.path()).stdout(Stdio::piped()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// The words after `acknowledged` in the whole lines that a process wrote.
fn acknowledged(child: &mut Child) -> Vec<String> {
    let output = BufReader::new(child.stdout.take().unwrap());
    let lines = output.split(b'\n').map_while(Result::ok);
    let lines = lines.filter_map(|line| String::from_utf8(line).ok());
    lines.filter_map(|line| Some(line.strip_prefix("acknowledged ")?.to_owned())).collect()
}

fn acknowledge(what: &str) {
    let mut output = std::io::stdout().lock();
    writeln!(output, "acknowledged {what}").unwrap();
    output.flush().unwrap();
}

/// The options of a child; `None` when somebody runs it who is not one of these tests.
fn options_of_child() -> Option<Options> {
    let here = Path::new(".");
    let clock = Arc::new(SystemClock::new());
    let options = Options::new(here, RootSource::Beside, clock, Arc::new(SystemRng));
    here.join(MARK).exists().then_some(options)
}

fn key_id() -> ApiKeyId {
    ApiKeyId::parse("rotatedalong").unwrap()
}

/// Revision `r` has the secrets `r` and `r + 1`.
fn secrets(revision: u32) -> Vec<SecretVersion> {
    let secret = |number| {
        let (key, tag) = (KeyId(1), [7; TAG_SIZE]);
        SecretVersion { number, key, tag, created: Timestamp::UNIX_EPOCH, until: None }
    };
    vec![secret(revision), secret(revision + 1)]
}

fn key() -> ApiKeyRecord {
    let owner = UserId::parse("owner").unwrap();
    ApiKeyRecord {
        id: key_id(),
        environment: "live".to_owned(),
        issued_by: owner.clone(),
        owner,
        label: String::new(),
        scopes: Scopes::default(),
        networks: Vec::new(),
        created: Timestamp::UNIX_EPOCH,
        expires: Timestamp::MAX,
        versions: secrets(0),
        revision: 0,
        last_used: None,
        revoked: None,
    }
}

async fn add(repositories: &Repositories, name: String) -> Result<(), StoreError> {
    repositories.accounts.add(account(&name)).await?;
    acknowledge(&name);
    Ok(())
}

#[tokio::test]
async fn child_writes_until_it_is_killed() {
    let Some(options) = options_of_child() else { return };
    let store = Store::open(&options).await.unwrap();
    let repositories = store.repositories();
    let _ = repositories.api_keys.add(key(), 1).await;
    let mut revision = repositories.api_keys.lookup(key_id()).await.unwrap().unwrap().revision;
    let run = std::process::id();
    for number in 0_usize.. {
        let names = (0..TOGETHER).map(|part| format!("user-{run}-{number}-{part}"));
        let added = join_all(names.map(|name| add(&repositories, name)));
        let next = secrets(revision + 1);
        let rotated = repositories.api_keys.replace_versions(key_id(), revision, next);
        let (added, rotated) = tokio::join!(added, rotated);
        assert!(added.iter().all(Result::is_ok) && rotated.unwrap());
        revision += 1;
        acknowledge(&format!("revision {revision}"));
    }
}

async fn check(repositories: &Repositories, acknowledged: &[String]) {
    let mut at_least = 0;
    for what in acknowledged {
        match what.strip_prefix("revision ") {
            Some(revision) => at_least = revision.parse::<u32>().unwrap(),
            None => {
                let found = repositories.accounts.find(&account(what).name).await.unwrap();
                assert!(found.is_some(), "`{what}` was acknowledged and is lost");
            }
        }
    }
    if let Some(key) = repositories.api_keys.lookup(key_id()).await.unwrap() {
        assert!(key.revision >= at_least, "revision {at_least} is lost");
        assert_eq!(key.versions, secrets(key.revision), "a rotation is half applied");
    } else {
        assert_eq!(at_least, 0, "the key is lost");
    }
}

#[tokio::test]
async fn what_was_acknowledged_survives_kill_9_at_any_moment() {
    let folder = Folder::new();
    let mut all = Vec::new();
    for round in 0..ROUNDS {
        let mut child = start("child_writes_until_it_is_killed", &folder, "");
        let mut random = [0; 2];
        SystemRng.fill(&mut random);
        // Some die while they open the store, most while they write.
        let delay = u64::from(u16::from_le_bytes(random)) % 400;
        std::thread::sleep(Duration::from_millis(delay));
        child.kill().unwrap();
        all.extend(acknowledged(&mut child));
        child.wait().unwrap();
        let store = Store::open(&folder.options()).await.expect("the file opens");
        check(&store.repositories(), &all).await;
        store.close().await;
        if round % 4 == 3 {
            rekey(&folder.options()).await.unwrap();
        }
    }
    // On a machine that is too slow for any of them to write, one more gets the time it needs.
    if all.is_empty() {
        let mut child = start("child_writes_until_it_is_killed", &folder, "");
        std::thread::sleep(Duration::from_secs(10));
        child.kill().unwrap();
        all.extend(acknowledged(&mut child));
        child.wait().unwrap();
    }
    assert!(!all.is_empty(), "nothing was written at all");
    let store = Store::open(&folder.options()).await.unwrap();
    check(&store.repositories(), &all).await;
}

#[tokio::test]
async fn child_changes_the_key_until_it_is_killed() {
    let Some(options) = options_of_child() else { return };
    loop {
        let id = rekey(&options).await.unwrap();
        acknowledge(&id.to_string());
    }
}

#[tokio::test]
async fn a_change_of_the_key_survives_kill_9_at_any_moment() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    store.repositories().accounts.add(account("alice")).await.unwrap();
    store.close().await;
    for _ in 0..ROUNDS {
        let mut child = start("child_changes_the_key_until_it_is_killed", &folder, "");
        let mut random = [0; 2];
        SystemRng.fill(&mut random);
        std::thread::sleep(Duration::from_millis(u64::from(u16::from_le_bytes(random)) % 250));
        child.kill().unwrap();
        let last = acknowledged(&mut child).pop();
        child.wait().unwrap();
        let store = Store::open(&folder.options()).await.expect("the file opens");
        let found = store.repositories().accounts.find(&account("alice").name).await;
        assert_eq!(found, Ok(Some(account("alice"))));
        if let Some(last) = last {
            let last: u32 = last.trim_start_matches('k').parse().unwrap();
            assert!(store.key().0 >= last, "an older key than the one acknowledged");
        }
        store.close().await;
    }
}

/// Changes the key of a store that is written to meanwhile.
#[tokio::test]
async fn child_changes_the_key_of_a_store_in_use_until_it_is_killed() {
    let Some(options) = options_of_child() else { return };
    let store = Store::open(&options).await.unwrap();
    let repositories = store.repositories();
    let run = std::process::id();
    let writing = async {
        for number in 0_u32.. {
            add(&repositories, format!("user-{run}-{number}")).await.unwrap();
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    let rekeying = async {
        loop {
            acknowledge(&store.rekey().await.unwrap().to_string());
        }
    };
    tokio::join!(writing, rekeying);
}

#[tokio::test]
async fn a_change_of_the_key_beside_writers_survives_kill_9_at_any_moment() {
    let folder = Folder::new();
    Store::open(&folder.options()).await.unwrap().close().await;
    let (mut names, mut changes) = (Vec::new(), 0);
    for round in 0..=ROUNDS {
        let mut child =
            start("child_changes_the_key_of_a_store_in_use_until_it_is_killed", &folder, "");
        let mut random = [0; 2];
        SystemRng.fill(&mut random);
        // On a machine that is too slow for the others, the last one gets the time it needs.
        let patience = if round == ROUNDS && changes == 0 { 10_000 } else { 800 };
        let delay = u64::from(u16::from_le_bytes(random)) % patience;
        std::thread::sleep(Duration::from_millis(delay.max(patience / 2)));
        child.kill().unwrap();
        let (keys, added): (Vec<_>, Vec<_>) =
            acknowledged(&mut child).into_iter().partition(|word| word.starts_with('k'));
        child.wait().unwrap();
        changes += keys.len();
        names.extend(added);
        let store = Store::open(&folder.options()).await.expect("the file opens");
        check(&store.repositories(), &names).await;
        if let Some(last) = keys.last() {
            let last: u32 = last.trim_start_matches('k').parse().unwrap();
            assert!(store.key().0 >= last, "an older key than the one acknowledged");
        }
        store.close().await;
    }
    assert!(changes > 0 && !names.is_empty(), "{changes} changes, {} accounts", names.len());
}

#[tokio::test]
async fn child_has_the_store_open() {
    let Some(options) = options_of_child() else { return };
    let store = Store::open(&options).await.unwrap();
    add(&store.repositories(), "of-another-process".to_owned()).await.unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn the_key_is_not_changed_under_another_process() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let (repositories, key) = (store.repositories(), store.key());
    add(&repositories, "before".to_owned()).await.unwrap();
    let mut child = start("child_has_the_store_open", &folder, "");
    let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(output.any(|line| line.unwrap().starts_with("acknowledged")));
    let refused = store.rekey().await.unwrap_err();
    assert!(matches!(refused, RekeyError::InUse), "{refused}");
    assert_eq!(store.key(), key);
    assert!(!folder.path().join("store.db.new").exists());
    add(&repositories, "meanwhile".to_owned()).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(store.rekey().await.unwrap().0 > key.0);
    let all = ["before", "of-another-process", "meanwhile"].map(str::to_owned);
    check(&repositories, &all).await;
}

#[tokio::test]
async fn a_key_is_changed_beside_readers_and_writers_that_notice_a_pause_at_most() {
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let repositories = store.repositories();
    add(&repositories, "first".to_owned()).await.unwrap();
    let is_over = std::cell::Cell::new(false);
    let reading = async {
        while !is_over.get() {
            check(&repositories, &["first".to_owned()]).await;
            tokio::task::yield_now().await;
        }
    };
    let writing = async {
        let mut names = Vec::new();
        while !is_over.get() {
            let name = format!("user-{}", names.len());
            add(&repositories, name.clone()).await.unwrap();
            names.push(name);
        }
        names
    };
    let rekeying = async {
        let before = std::fs::read(folder.database()).unwrap();
        for _ in 0..3 {
            let key = store.rekey().await.unwrap();
            assert_eq!(store.key(), key);
        }
        let after = std::fs::read(folder.database()).unwrap();
        assert_ne!(before[..16], after[..16], "another key begins with another salt");
        let backup = store.backup(&folder.path().join("kept")).await.unwrap();
        assert!(backup.bytes() > 0);
        is_over.set(true);
    };
    let ((), names, ()) = tokio::join!(reading, writing, rekeying);
    assert!(names.len() > 3, "{}", names.len());
    store.close().await;
    let store = Store::open(&folder.options()).await.unwrap();
    check(&store.repositories(), &names).await;
}

#[tokio::test]
async fn writers_are_not_held_up_for_longer_than_they_may() {
    let folder = Folder::new();
    let options = Options { wait: Duration::from_millis(20), ..folder.options() };
    let store = Store::open(&folder.options()).await.unwrap();
    for number in 0..200 {
        store.repositories().accounts.add(account(&format!("user-{number}"))).await.unwrap();
    }
    store.close().await;
    let store = Store::open(&options).await.unwrap();
    let (repositories, key) = (store.repositories(), store.key());
    let is_over = std::cell::Cell::new(false);
    let writing = async {
        for number in 0_u32.. {
            if is_over.get() {
                return;
            }
            let name = account(&format!("new-{number}"));
            // What takes longer than that is refused; it may be there all the same.
            let _ = repositories.accounts.add(name).await;
        }
    };
    let rekeying = async {
        let refused = store.rekey().await.unwrap_err();
        is_over.set(true);
        refused
    };
    let ((), refused) = tokio::join!(writing, rekeying);
    assert!(matches!(refused, RekeyError::Busy { .. } | RekeyError::Store(_)), "{refused}");
    assert_eq!(store.key(), key);
    store.close().await;
    let store = Store::open(&folder.options()).await.unwrap();
    assert_eq!(store.key(), key);
}

/// Adds accounts until one is refused, and gives the refusal.
async fn fill(repositories: &Repositories) -> StoreError {
    for number in 0_u32.. {
        let mut big = account(&format!("user-{number}"));
        big.roles = vec!["x".repeat(1000)];
        let name = big.name.as_str().to_owned();
        match repositories.accounts.add(big).await {
            Ok(()) => acknowledge(&name),
            Err(error) => return error,
        }
    }
    StoreError::Conflict
}

#[tokio::test]
async fn a_store_that_is_full_says_so_reads_on_and_takes_more_when_there_is_room() {
    let folder = Folder::new();
    let small = Options { max_bytes: 400 << 10, ..folder.options() };
    let store = Store::open(&small).await.unwrap();
    let repositories = store.repositories();
    let error = fill(&repositories).await;
    assert!(error.to_string().contains("full"), "{error}");
    let first = account("user-0");
    assert!(repositories.accounts.find(&first.name).await.unwrap().is_some());
    let touched = repositories.accounts.note_signin(&first.id, Timestamp::UNIX_EPOCH).await;
    assert_eq!(touched, Ok(true), "what needs no room is still written");
    store.close().await;
    let store = Store::open(&folder.options()).await.unwrap();
    store.repositories().accounts.add(account("one-more")).await.unwrap();
}

#[tokio::test]
async fn child_fills_its_disk() {
    let Some(options) = options_of_child() else { return };
    let store = Store::open(&options).await.unwrap();
    let repositories = store.repositories();
    let error = fill(&repositories).await;
    assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    assert!(repositories.accounts.find(&account("user-0").name).await.unwrap().is_some());
    acknowledge(&format!("refusal {error}"));
}

#[tokio::test]
async fn a_disk_that_is_full_costs_nothing_that_was_acknowledged() {
    let folder = Folder::new();
    Store::open(&folder.options()).await.unwrap().close().await;
    // No file may grow beyond 500 KiB (`ulimit` counts in blocks of 512 bytes), and writing more is
    // an error in place of a signal.
    let mut child = start("child_fills_its_disk", &folder, "trap '' XFSZ; ulimit -f 1000;");
    let all = acknowledged(&mut child);
    assert!(child.wait().unwrap().success());
    let (refusal, added) = all.split_last().expect("it wrote something");
    assert!(refusal.starts_with("refusal") && refusal.contains("disk"), "{refusal}");
    assert!(added.len() > 20);
    let store = Store::open(&folder.options()).await.expect("no repair is needed");
    check(&store.repositories(), added).await;
    store.repositories().accounts.add(account("one-more")).await.unwrap();
}

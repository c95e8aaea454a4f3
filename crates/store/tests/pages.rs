//! How much of the file is read to find one record, counted in pages: the same on every machine.
//! This is a binary with one test because the system counts for the process as a whole.
#![expect(clippy::unwrap_used, reason = "tests: what is wrong must end the test")]

mod common;
#[path = "common/many.rs"]
mod many;

use std::path::Path;

use common::Folder;
use mantlet_identity::store::Repositories;
use mantlet_store::Store;
use mantlet_types::Timestamp;
use many::{PER_ACCOUNT, account, fill, hash, key_id, pages_read, user};

/// Sessions and keys of a small store, and of a large one.
const SIZES: [usize; 2] = [500, 10_000];

/// How many records are looked up of each kind.
const SAMPLES: usize = 20;

/// Pages of the longest way: the first page, and down the trees of an index and of a table, or of the
/// two tables of keys. A walk over the large store would be hundreds.
const MOST: u64 = 12;

/// By how many pages a look-up may grow where there is twenty times as much: a level of each tree.
const MORE: u64 = 4;

/// Looks one record of each kind up: the pages that a session, a key and an account took.
async fn look_up(repositories: &Repositories, number: usize) -> [u64; 3] {
    let Repositories { accounts, api_keys, sessions, .. } = repositories;
    let start = pages_read();
    sessions.lookup(hash(number)).await.unwrap().unwrap();
    let session = pages_read();
    api_keys.lookup(key_id(number)).await.unwrap().unwrap();
    let key = pages_read();
    accounts.find(&account(number / PER_ACCOUNT).name).await.unwrap().unwrap();
    [session - start, key - session, pages_read() - key]
}

/// The most pages of `count` look-ups, each after a write: readers forget what they know then.
async fn most_after_a_write(repositories: &Repositories, count: usize) -> [u64; 3] {
    let mut most = [0; 3];
    for sample in 0..SAMPLES {
        repositories.accounts.note_signin(&user(0), Timestamp::UNIX_EPOCH).await.unwrap();
        let taken = look_up(repositories, sample * 7_919 % count).await;
        most.iter_mut().zip(taken).for_each(|(most, taken)| *most = taken.max(*most));
    }
    most
}

#[tokio::test]
async fn a_lookup_reads_a_few_pages_however_many_records_there_are_and_none_again() {
    if !Path::new("/proc/self/io").exists() {
        return mantlet_testkit::left_out(
            "store pages",
            "the system does not count what a process reads",
        );
    }
    let folder = Folder::new();
    let store = Store::open(&folder.options()).await.unwrap();
    let repositories = store.repositories();
    let mut before = [MOST; 3];
    let mut from = 0;
    for size in SIZES {
        fill(&repositories, from..size).await;
        let most = most_after_a_write(&repositories, size).await;
        println!("{size}: {most:?}");
        for (most, before) in most.into_iter().zip(before) {
            assert!((1..=MOST).contains(&most) && most <= before + MORE, "{size}: {most} pages");
        }
        look_up(&repositories, 1).await;
        assert_eq!(look_up(&repositories, 1).await, [0; 3], "{size}: what is known is read again");
        (from, before) = (size, most);
    }
    store.close().await;
}

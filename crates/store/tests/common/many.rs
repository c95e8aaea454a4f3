//! Many accounts, sessions and keys, and how much of the file it takes to find one.

use std::ops::Range;
use std::time::Duration;

use futures_util::future::try_join_all;
use mantlet_crypto::{KeyId, TAG_SIZE};
use mantlet_identity::account::{Account, AccountName};
use mantlet_identity::api_key::{ApiKeyId, ApiKeyRecord, Scopes, SecretVersion};
use mantlet_identity::session::{Session, SessionHandle, SessionHash};
use mantlet_identity::store::{Repositories, StoreError};
use mantlet_identity::{Trace, UserId};
use mantlet_types::Timestamp;

/// Sessions and keys of each account.
pub(crate) const PER_ACCOUNT: usize = 10;

/// How many acts wait at once while the store is filled.
const TOGETHER: usize = 256;

/// Bytes of a page of the file.
const PAGE_BYTES: u64 = 4096;

pub(crate) fn user(number: usize) -> UserId {
    UserId::parse(&format!("user-{number}")).unwrap()
}

pub(crate) fn hash(number: usize) -> SessionHash {
    let number = u64::try_from(number).unwrap();
    SessionHash(mantlet_crypto::sha256(&number.to_le_bytes()))
}

pub(crate) fn key_id(number: usize) -> ApiKeyId {
    ApiKeyId::parse(&format!("k{number:011}")).unwrap()
}

pub(crate) fn account(number: usize) -> Account {
    Account {
        id: user(number),
        name: AccountName::parse(&format!("name-{number}")).unwrap(),
        password: None,
        roles: vec!["reader".to_owned()],
        is_active: true,
        has_second_factor: false,
        created: Timestamp::UNIX_EPOCH,
        last_signin: None,
        not_before: None,
    }
}

pub(crate) fn session(number: usize) -> Session {
    let start = Timestamp::UNIX_EPOCH;
    let seen = start + Duration::from_millis(u64::try_from(number).unwrap());
    Session {
        hash: hash(number),
        handle: SessionHandle::parse(&format!("{number:012}")).unwrap(),
        user: user(number / PER_ACCOUNT),
        created: start,
        renewed: start,
        last_seen: seen,
        expires: Timestamp::MAX,
        has_second_factor: false,
        methods: vec!["pwd".to_owned(), "otp".to_owned()],
        address: "192.0.2.7".parse().unwrap(),
        agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0".to_owned(),
        ended: None,
    }
}

fn key(number: usize) -> ApiKeyRecord {
    let (start, tag) = (Timestamp::UNIX_EPOCH, [7; TAG_SIZE]);
    let version = SecretVersion { number: 1, key: KeyId(1), tag, created: start, until: None };
    ApiKeyRecord {
        id: key_id(number),
        environment: "live".to_owned(),
        owner: user(number / PER_ACCOUNT),
        label: "nightly import".to_owned(),
        scopes: Scopes::new(["read:all", "write:own"]).unwrap(),
        networks: Vec::new(),
        issued_by: user(number / PER_ACCOUNT),
        created: start,
        expires: Timestamp::MAX,
        versions: vec![version],
        revision: 0,
        last_used: None,
        revoked: None,
    }
}

/// Does `act` for each number, many at once.
async fn each(range: Range<usize>, act: impl AsyncFn(usize) -> Result<(), StoreError>) {
    let mut from = range.start;
    while from < range.end {
        let to = (from + TOGETHER).min(range.end);
        try_join_all((from..to).map(|at| act(at))).await.unwrap();
        from = to;
    }
}

/// Adds sessions and keys of these numbers, and the accounts that they belong to.
pub(crate) async fn fill(repositories: &Repositories, range: Range<usize>) {
    let Repositories { accounts, api_keys, sessions, .. } = repositories;
    let trace = Trace::new(Timestamp::UNIX_EPOCH, &user(0), "");
    let owners = range.start / PER_ACCOUNT..range.end / PER_ACCOUNT;
    each(owners, async |at| accounts.add(account(at)).await).await;
    each(range.clone(), async |at| api_keys.add(key(at), 100).await).await;
    let add = async |at| sessions.add(session(at), 100, trace.clone()).await.map(drop);
    each(range, add).await;
}

/// Pages that this process has read so far; 0 where the system does not say.
pub(crate) fn pages_read() -> u64 {
    let text = std::fs::read_to_string("/proc/self/io").unwrap_or_default();
    let bytes = text.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse::<u64>().ok());
    bytes.unwrap_or_default() / PAGE_BYTES
}
